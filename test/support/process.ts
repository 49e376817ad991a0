import { spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** The compiled command, which the tests' own build made. */
const main = resolve(import.meta.dirname, '../../src/main.js');

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A data directory that a test's processes share. */
export async function temporaryDirectory(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'iozen-data-'));
  const remove = async () => {
    // As root the cluster may stand elsewhere, behind a link.
    const cluster = await realpath(join(path, 'postgres')).catch(() => null);
    await Promise.all([cluster, path].map(async (it) => it && (await rm(it, { recursive: true, force: true }))));
  };
  return { path, remove };
}

/** Runs the `iozen` command to its end; without the lines that say how far it is, of which a busy machine makes some. */
export async function iozen(words: string[], env: Record<string, string> = {}): Promise<Ended> {
  const all = await ended(launch(words, env));
  return { ...all, stderr: all.stderr.replace(/^.*: (still working|[\d,]+ of [\d,]+ \w+), \d+ s\n/gm, '') };
}

/** Its own process group, so that a test can end all of it at once. */
export function launch(words: string[], env: Record<string, string> = {}): ChildProcess {
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  return spawn(process.execPath, [main, ...words], {
    env: { PATH, NODE_COMPILE_CACHE, ...env },
    detached: true,
    stdio: 'pipe',
  });
}

export async function ended(child: ChildProcess): Promise<Ended> {
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise<number | null>((done) => child.once('close', done));
  return { code, stdout, stderr };
}

/** A server process once it says `ready`, with its URL and all it wrote before. */
export async function serving(
  child: ChildProcess,
): Promise<{ child: ChildProcess; url: string; output: () => string; ended: Promise<Ended> }> {
  let output = '';
  const end = ended(child);
  const url = await new Promise<string>((found, failed) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const ready = /"url":"([^"]+)".*"msg":"ready"/.exec(output);
      if (ready?.[1] !== undefined) found(ready[1]);
    });
    void end.then(({ code, stdout, stderr }) => failed(new Error(`ended with ${code}:\n${stdout}\n${stderr}`)));
  });
  return { child, url, output: () => output, ended: end };
}

/**
 * A port that was free a moment ago, for what cannot be told to choose one itself: below those that a system gives out, or a
 * test beside this one would be given it before it is used.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_768);
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
