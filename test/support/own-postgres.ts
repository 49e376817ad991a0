import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chown, cp, mkdtemp, open, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import {
  openCluster,
  passwordFile,
  run,
  serviceAccount,
  surroundings,
} from '../../src/platform/embedded-postgres/cluster.js';
import type { RunAs } from '../../src/platform/embedded-postgres/cluster.js';
import { freePort } from './process.js';

/** Where the binaries of another PostgreSQL are, on which the tests are to run: `/usr/lib/postgresql/15/bin`. */
export const otherBin = process.env['TEST_POSTGRES'];
const password = 'test';

interface Made {
  bin: string;
  runAs: RunAs;
  /** What holds all of it. */
  root: string;
  directory: string;
}

/** A PostgreSQL server of a test's own: of the embedded binaries, or of those that TEST_POSTGRES names. */
export class OwnPostgres {
  private child: ChildProcess | null = null;

  private constructor(
    private readonly made: Made,
    readonly port: number,
    private readonly settings: Readonly<Record<string, string>>,
  ) {}

  static async start(settings: Readonly<Record<string, string>> = {}): Promise<OwnPostgres> {
    const server = new OwnPostgres(await makeCluster(), await freePort(), { ...haste, ...settings });
    await server.launch();
    return server;
  }

  /** A primary and a standby that streams from it, whose name there is `standby`. */
  static async startPair(
    settings: Readonly<Record<string, string>> = {},
    ofStandby: Readonly<Record<string, string>> = {},
  ): Promise<{ primary: OwnPostgres; standby: OwnPostgres; stop: () => Promise<void> }> {
    const made = await makeCluster();
    // A copy of a cluster that no server has run on yet is what a base backup is later, and needs no pg_basebackup.
    const directory = join(made.root, 'standby');
    await cp(made.directory, directory, { recursive: true, preserveTimestamps: true });
    await writeFile(join(directory, 'standby.signal'), '');
    if (made.runAs.uid !== undefined) await run('chown', ['-R', `${made.runAs.uid}:${made.runAs.gid}`, directory], {});
    const primary = new OwnPostgres(made, await freePort(), { ...haste, ...settings });
    await primary.launch();
    const upstream = `host=127.0.0.1 port=${primary.port} user=iozen password=${password} application_name=standby`;
    const standby = new OwnPostgres({ ...made, directory }, await freePort(), {
      ...haste,
      ...settings,
      synchronous_standby_names: '',
      primary_conninfo: upstream,
      hot_standby: 'on',
      ...ofStandby,
    });
    await standby.launch();
    const stop = async () => {
      await standby.stop();
      await primary.stop();
    };
    return { primary, standby, stop };
  }

  url(database = 'postgres'): string {
    return `postgres://iozen:${password}@127.0.0.1:${this.port}/${database}?sslmode=disable`;
  }

  async query<Row extends object>(text: string, values: unknown[] = [], database = 'postgres'): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.url(database) });
    client.on('error', () => {});
    await client.connect();
    try {
      return (await client.query<Row>(text, values)).rows;
    } finally {
      await client.end();
    }
  }

  async launch(): Promise<void> {
    const { bin, runAs, directory, root } = this.made;
    const settings = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      port: String(this.port),
      ...this.settings,
    };
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    await using log = await open(join(root, 'postgres.log'), 'a');
    const child = spawn(join(bin, 'postgres'), ['-D', directory, ...args], {
      ...surroundings,
      ...runAs,
      stdio: ['ignore', log.fd, log.fd],
    });
    this.child = child;
    child.unref();
    for (;;) {
      if (child.exitCode !== null) throw new Error(await readFile(join(root, 'postgres.log'), 'utf8'));
      if (await this.query('select 1').catch(() => null)) return;
      await delay(25);
    }
  }

  /** Ends the server, as a crash does unless it is to stop in good order. */
  async end(signal: 'SIGQUIT' | 'SIGINT' = 'SIGQUIT'): Promise<void> {
    const { child } = this;
    this.child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    child.ref();
    child.kill(signal);
    await once(child, 'exit');
  }

  async stop(): Promise<void> {
    await this.end();
    // After a crash its processes may outlive it for a moment, and still write.
    await rm(this.made.root, { recursive: true, force: true, maxRetries: 20 });
  }
}

/** As fast as it goes: it forgets on power loss. */
const haste = { fsync: 'off', full_page_writes: 'off' };

async function makeCluster(): Promise<Made> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'iozen-own-')));
  await writeFile(passwordFile(root), password, { mode: 0o644 });
  if (otherBin === undefined) {
    const { bin, runAs, directory } = await openCluster(root, false, () => {});
    return { bin, runAs, root, directory };
  }
  const runAs = process.getuid?.() === 0 ? await serviceAccount() : {};
  if (runAs.uid !== undefined) await chown(root, runAs.uid, runAs.gid ?? 0);
  const directory = join(root, 'postgres');
  const login = ['-U', 'iozen', `--pwfile=${passwordFile(root)}`, '--auth=scram-sha-256'];
  const locale = ['--encoding=UTF8', '--locale=C.UTF-8'];
  await run(join(otherBin, 'initdb'), ['-D', directory, ...login, ...locale, '--no-sync'], runAs);
  return { bin: otherBin, runAs, root, directory };
}
