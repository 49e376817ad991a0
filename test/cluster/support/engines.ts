/** One file because nginx, HAProxy, Patroni and etcd name each other's ports, and are started the same way. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { chown, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { freePort } from '../../support/process.js';
import { filledIn } from './example.js';

/** What an unprivileged user's PATH may lack. */
const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const packages = { etcd: 'etcd-server', patroni: 'patroni python3-etcd', haproxy: 'haproxy', nginx: 'nginx' };
const postgresql = '/usr/lib/postgresql';

export const nodeNames = ['pg1', 'pg2'] as const;
export type NodeName = (typeof nodeNames)[number];
export const otherNode = (name: NodeName): NodeName => (name === 'pg1' ? 'pg2' : 'pg1');

/** Debian's packages that the cluster needs and this machine lacks. */
export async function missingPackages(): Promise<string[]> {
  const isThere = (program: string) => path.split(':').some((directory) => existsSync(join(directory, program)));
  const missing = Object.entries(packages).flatMap(([program, name]) => (isThere(program) ? [] : [name]));
  return (await binDirectory()) === null ? ['postgresql', ...missing] : missing;
}

/** Of the newest PostgreSQL that Debian's packages have installed. */
async function binDirectory(): Promise<string | null> {
  const versions = await readdir(postgresql).catch(() => []);
  const complete = versions.filter((version) => existsSync(join(postgresql, version, 'bin/pg_rewind')));
  const newest = complete.toSorted((one, other) => Number(other) - Number(one))[0];
  return newest === undefined ? null : join(postgresql, newest, 'bin');
}

/** As whom the engines run: PostgreSQL refuses to run as root. */
async function unprivileged(): Promise<{ uid?: number; gid?: number }> {
  if (process.getuid?.() !== 0) return {};
  const line = (await readFile('/etc/passwd', 'utf8')).split('\n').find((line) => line.startsWith('postgres:')) ?? '';
  const [, , uid, gid] = line.split(':').map(Number);
  if (uid === undefined || gid === undefined) throw new Error('There is no user postgres to run as');
  return { uid, gid };
}

export interface Killed {
  /** Starts again what was killed, as its service would be. */
  restart: () => void;
}

/** What is killed of a node: its PostgreSQL, its Patroni, or both, as when the machine is lost. */
export type Part = 'PostgreSQL' | 'Patroni' | 'both';

/** etcd, two PostgreSQL under Patroni, HAProxy and nginx, on free ports of this machine. */
export class Engines {
  private readonly children = new Map<string, ChildProcess>();
  private readonly commands = new Map<string, { program: string; args: string[]; env: Record<string, string> }>();

  private constructor(
    private readonly directory: string,
    private readonly runAs: { uid?: number; gid?: number },
    private readonly ports: Record<string, number>,
    private readonly passwords: Record<'superuser' | 'replication' | 'rewind', string>,
  ) {}

  /** All but nginx, until there is a primary with its standby in step. */
  static async start(directory: string): Promise<Engines> {
    const names = [
      'etcd1',
      'etcd2',
      'etcd3',
      'peer1',
      'peer2',
      'peer3',
      'pg1',
      'pg2',
      'rest1',
      'rest2',
      'haproxy',
      'nginx',
    ];
    const ports = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await freePort()] as const)));
    const passwords = { superuser: 'super', replication: 'replicates', rewind: 'rewinds' };
    const engines = new Engines(directory, await unprivileged(), ports, passwords);
    try {
      await engines.startEtcd();
      await engines.startHaproxy();
      for (const name of nodeNames) await engines.startPatroni(name);
      await engines.untilInStep();
      return engines;
    } catch (error) {
      await engines.stop();
      throw error;
    }
  }

  /** The way to the primary, as HAProxy finds it. */
  databaseUrl(user: string, password: string, database: string): string {
    return `postgres://${user}:${password}@127.0.0.1:${this.port('haproxy')}/${database}?sslmode=disable`;
  }

  /** For roles and databases, and for looking at what goes on. */
  async asSuperuser<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = new pg.Client(this.databaseUrl('postgres', this.passwords.superuser, 'postgres'));
    client.on('error', () => {});
    try {
      await client.connect();
      return await work(client);
    } finally {
      await client.end().catch(() => {});
    }
  }

  /** In front of the API processes on these ports. @returns its address */
  async startNginx(apiPorts: readonly [number, number]): Promise<string> {
    const directory = await this.makeDirectory('nginx');
    const site = await filledIn('nginx.conf', {
      '10.0.0.31:4000': `127.0.0.1:${apiPorts[0]}`,
      '10.0.0.32:4000': `127.0.0.1:${apiPorts[1]}`,
      'listen 443 ssl': `listen 127.0.0.1:${this.port('nginx')} ssl`,
      'api.example.com': 'localhost',
      '/etc/ssl/iozen/fullchain.pem': join(this.directory, 'certificate.pem'),
      '/etc/ssl/iozen/privkey.pem': join(this.directory, 'key.pem'),
    });
    await writeFile(join(directory, 'site.conf'), site);
    // What Debian's own nginx.conf says around it, for a user who may not write to /var/lib/nginx.
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (of) => `${of}_temp_path ${directory}/${of};`,
    );
    const main = `daemon off; pid ${directory}/nginx.pid; error_log stderr; worker_processes 2; events {}
      http { access_log off; ${temporary.join(' ')} include ${directory}/site.conf; }`;
    await writeFile(join(directory, 'nginx.conf'), main);
    if (this.runAs.uid !== undefined) await chown(join(this.directory, 'key.pem'), this.runAs.uid, this.runAs.gid ?? 0);
    await this.run('nginx', ['-t', '-q', '-e', 'stderr', '-c', join(directory, 'nginx.conf')]);
    this.launch('nginx', 'nginx', ['-e', 'stderr', '-c', join(directory, 'nginx.conf')]);
    return `https://localhost:${this.port('nginx')}`;
  }

  /** The node whose Patroni says that it is the primary; null while none does. */
  async primary(): Promise<NodeName | null> {
    for (const name of nodeNames) if ((await this.ask(name, '/primary')) === 200) return name;
    return null;
  }

  async isPrimary(name: NodeName): Promise<boolean> {
    return (await this.ask(name, '/primary')) === 200;
  }

  /** Once a standby has all that the primary answers, so that it may follow it, and HAProxy leads to the primary. */
  async untilInStep(): Promise<NodeName> {
    for (const deadlineMs = performance.now() + 90_000; performance.now() < deadlineMs; await wait(100)) {
      const primary = await this.primary();
      if (primary === null || (await this.ask(otherNode(primary), '/synchronous')) !== 200) continue;
      const { rows } = await this.asSuperuser(async (client) =>
        client.query("select from pg_stat_replication where sync_state = 'sync'"),
      ).catch(() => ({ rows: [] }));
      if (rows.length === 1) return primary;
    }
    throw new Error('The standby does not come into step with the primary');
  }

  /** With -9. What PostgreSQL's postmaster leaves behind ends by itself. */
  async kill(name: NodeName, part: Part): Promise<Killed> {
    const pidFile = await readFile(join(this.directory, name, 'data/postmaster.pid'), 'utf8');
    if (part !== 'PostgreSQL') this.children.get(name)?.kill('SIGKILL');
    if (part !== 'Patroni') process.kill(parseInt(pidFile), 'SIGKILL');
    const restart = () => {
      if (part !== 'PostgreSQL') this.relaunch(name);
    };
    return { restart };
  }

  async stop(): Promise<void> {
    // nginx and HAProxy first, and etcd last: a Patroni that loses it takes its time.
    for (const name of ['nginx', 'haproxy', ...nodeNames, 'etcd1', 'etcd2', 'etcd3']) await this.end(name);
  }

  private async startEtcd(): Promise<void> {
    for (const member of [1, 2, 3]) {
      const name = `etcd${member}`;
      const directory = await this.makeDirectory(name);
      const of = (each: number) => ({
        client: `http://127.0.0.1:${this.port(`etcd${each}`)}`,
        peer: `http://127.0.0.1:${this.port(`peer${each}`)}`,
      });
      const text = await filledIn('etcd.env', {
        'ETCD_NAME=etcd1': `ETCD_NAME=${name}`,
        '/var/lib/etcd/iozen': join(directory, 'data'),
        'URLS=http://10.0.0.11:2379': `URLS=${of(member).client}`,
        'URLS=http://10.0.0.11:2380': `URLS=${of(member).peer}`,
        'etcd1=http://10.0.0.11:2380': `etcd1=${of(1).peer}`,
        'etcd2=http://10.0.0.12:2380': `etcd2=${of(2).peer}`,
        'etcd3=http://10.0.0.13:2380': `etcd3=${of(3).peer}`,
      });
      const lines = text.split('\n').filter((line) => line.startsWith('ETCD_'));
      const env = Object.fromEntries(
        lines.map((line) => [line.split('=', 1)[0] ?? '', line.slice(line.indexOf('=') + 1)]),
      );
      this.launch(name, 'etcd', [], env);
    }
  }

  private async startHaproxy(): Promise<void> {
    const directory = await this.makeDirectory('haproxy');
    const text = await filledIn('haproxy.cfg', {
      'bind 127.0.0.1:5432': `bind 127.0.0.1:${this.port('haproxy')}`,
      '10.0.0.11:5432 check port 8008': `127.0.0.1:${this.port('pg1')} check port ${this.port('rest1')}`,
      '10.0.0.12:5432 check port 8008': `127.0.0.1:${this.port('pg2')} check port ${this.port('rest2')}`,
    });
    await writeFile(join(directory, 'haproxy.cfg'), text);
    await this.run('haproxy', ['-c', '-q', '-f', join(directory, 'haproxy.cfg')]);
    this.launch('haproxy', 'haproxy', ['-db', '-f', join(directory, 'haproxy.cfg')]);
  }

  private async startPatroni(name: NodeName): Promise<void> {
    const directory = await this.makeDirectory(name);
    const own = { pg: this.port(name), rest: this.port(name === 'pg1' ? 'rest1' : 'rest2') };
    const members = [1, 2, 3].map((member) => `127.0.0.1:${this.port(`etcd${member}`)}`);
    const text = await filledIn('patroni.yml', {
      'name: pg1': `name: ${name}`,
      '10.0.0.11:8008': `127.0.0.1:${own.rest}`,
      '10.0.0.11:5432': `127.0.0.1:${own.pg}`,
      '10.0.0.11:2379,10.0.0.12:2379,10.0.0.13:2379': members.join(','),
      '10.0.0.0/24': '127.0.0.0/8',
      'fill-in-superuser': this.passwords.superuser,
      'fill-in-replication': this.passwords.replication,
      'fill-in-rewind': this.passwords.rewind,
      '/usr/lib/postgresql/15/bin': (await binDirectory()) ?? '',
      '/var/lib/postgresql/15/iozen': join(directory, 'data'),
      '/var/lib/postgresql/patroni.pgpass': join(directory, 'pgpass'),
      '/var/run/postgresql': directory,
    });
    await writeFile(join(directory, 'patroni.yml'), text);
    this.launch(name, 'patroni', [join(directory, 'patroni.yml')]);
  }

  private async makeDirectory(name: string): Promise<string> {
    const directory = join(this.directory, name);
    await mkdir(directory, { mode: 0o700 });
    const { uid, gid } = this.runAs;
    if (uid !== undefined) await chown(directory, uid, gid ?? 0);
    return directory;
  }

  private async run(program: string, args: string[]): Promise<void> {
    await promisify(execFile)(program, args, { ...this.runAs, env: { PATH: path }, cwd: '/' });
  }

  private launch(name: string, program: string, args: string[], env: Record<string, string> = {}): void {
    this.commands.set(name, { program, args, env });
    this.relaunch(name);
  }

  /** What it says goes to a file beside its directory. */
  private relaunch(name: string): void {
    const command = this.commands.get(name);
    if (command === undefined) throw new Error(`${name} was never started`);
    const log = openSync(join(this.directory, `${name}.log`), 'a');
    const env = { PATH: path, LC_ALL: 'C.UTF-8', ...command.env };
    const child = spawn(command.program, command.args, { ...this.runAs, env, cwd: '/', stdio: ['ignore', log, log] });
    closeSync(log);
    this.children.set(name, child);
  }

  private async end(name: string): Promise<void> {
    const child = this.children.get(name);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const hard = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await exited;
    clearTimeout(hard);
  }

  private async ask(name: NodeName, what: string): Promise<number | null> {
    const url = `http://127.0.0.1:${this.port(name === 'pg1' ? 'rest1' : 'rest2')}${what}`;
    return await fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
      async (answer) => {
        await answer.arrayBuffer();
        return answer.status;
      },
      () => null,
    );
  }

  private port(name: string): number {
    return this.ports[name] ?? 0;
  }
}
