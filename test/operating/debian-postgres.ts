import { execFile, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, existsSync } from 'node:fs';
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { freePort } from '../support/process.js';

const installed = '/usr/lib/postgresql';

export interface DebianPostgres {
  /** Of the server's own database, with the password. */
  url: string;
  /** Where `pg_dump` is that is as old as the server. */
  bin: string;
  stop: () => Promise<void>;
}

/** A server of Debian's package, as an operator has one: whoever has `pg_dump` for a server has its version. */
export async function startDebianPostgres(): Promise<DebianPostgres> {
  const versions = existsSync(installed) ? readdirSync(installed).toSorted() : [];
  const version = versions.findLast((one) => existsSync(join(installed, one, 'bin/postgres')));
  if (version === undefined) throw new Error('This test needs PostgreSQL of a package: apt-get install postgresql');
  const bin = join(installed, version, 'bin');
  const directory = await mkdtemp(join(tmpdir(), 'iozen-debian-'));
  // PostgreSQL refuses to run as root; the package has made this account.
  const ids = process.getuid?.() === 0 ? accountOf('postgres') : null;
  const as = ids === null ? {} : ids;
  if (ids !== null) await chown(directory, ids.uid, ids.gid);
  const password = randomBytes(12).toString('hex');
  const passwordFile = join(directory, 'password');
  await writeFile(passwordFile, password);
  await chmod(passwordFile, 0o644);
  const data = join(directory, 'data');
  const making = ['-D', data, '-U', 'iozen', '-A', 'scram-sha-256', '--pwfile', passwordFile, '-E', 'UTF8', '-N'];
  await promisify(execFile)(join(bin, 'initdb'), [...making, '--locale=C.UTF-8'], { ...as, cwd: '/' });
  const port = await freePort();
  const settings = { port, listen_addresses: '127.0.0.1', unix_socket_directories: '', fsync: 'off' };
  const words = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = spawn(join(bin, 'postgres'), ['-D', data, ...words], { ...as, cwd: '/', stdio: 'ignore' });
  const url = `postgres://iozen:${password}@127.0.0.1:${port}/postgres?sslmode=disable`;
  for (let tries = 0; ; tries += 1) {
    const client = new pg.Client(url);
    const failed = await client.connect().then(
      () => null,
      (error: unknown) => error,
    );
    await client.end().catch(() => undefined);
    if (failed === null) break;
    if (tries === 100 || server.exitCode !== null) throw failed;
    await wait(100);
  }
  return {
    url,
    bin,
    stop: async () => {
      server.kill('SIGINT');
      if (server.exitCode === null) await once(server, 'exit');
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export function accountOf(name: string): { uid: number; gid: number } {
  const idOf = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }));
  return { uid: idOf('-u'), gid: idOf('-g') };
}
