/**
 * What the soak stands on: a PostgreSQL on a small disk of its own, or one that was named; processes as a supervisor keeps
 * them, the first of each role never touched, so that its memory can be watched, and the second there to be killed; and
 * a name server. What this machine does not allow is left out and named in the account.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import { appendFile, chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { WebSocket } from 'ws';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/platform/embedded-postgres/server.js';
import { ended, freePort, launch } from '../support/process.js';

const main = resolve(import.meta.dirname, '../../src/main.js');
const wrongClock = resolve(import.meta.dirname, '../support/wrong-clock.js');

export interface GroundOptions {
  /** null: a PostgreSQL of our own. */
  databaseUrl: string | null;
  minutes: number;
}

export class Ground {
  readonly leftOut: { fault: string; why: string }[] = [];
  readonly secretsKey = process.env['SECRETS_KEY'] ?? randomBytes(32).toString('base64');
  readonly names: NameServer | null;
  private postgres: EmbeddedPostgres | null = null;

  private constructor(
    readonly directory: string,
    /** Where the cluster is, when it is ours. */
    private readonly disk: { path: string; isSmall: boolean; settings: Record<string, string> } | null,
    readonly databaseUrl: string,
    names: NameServer | null,
    private readonly resolvConf: string,
  ) {
    this.names = names;
  }

  static async open({ databaseUrl, minutes }: GroundOptions): Promise<Ground> {
    const directory = await mkdtemp(join(tmpdir(), 'iozen-soak-'));
    // PostgreSQL's account has to reach its cluster.
    await chmod(directory, 0o755);
    const names = await NameServer.start();
    const resolvConf = join(directory, 'resolv.conf');
    await writeFile(resolvConf, `nameserver ${nameServerAddress}\noptions timeout:5 attempts:1\n`);
    const mayName = names !== null && succeeds('unshare', ['-m', 'mount', '--bind', resolvConf, '/etc/resolv.conf']);
    if (databaseUrl !== null) {
      return new Ground(directory, null, databaseUrl, mayName ? names : null, resolvConf).without(
        'Where the database is given, its disk, its processes and its connections are left alone.',
      );
    }
    const path = join(directory, 'disk');
    await mkdir(path, { mode: 0o755 });
    const size = `size=${Math.ceil(1_024 + minutes * 64)}m,mode=755`;
    const isSmall = process.platform === 'linux' && succeeds('mount', ['-t', 'tmpfs', '-o', size, 'iozen-soak', path]);
    // On one port, also after a stop in good order.
    const settings = { ...manyConnections, port: String(await freePort()) };
    const postgres = await startEmbeddedPostgres({ dataDir: path, settings });
    const disk = { path, isSmall, settings };
    const ground = new Ground(directory, disk, postgres.url, mayName ? names : null, resolvConf);
    ground.postgres = postgres;
    if (!isSmall) ground.leftOut.push({ fault: 'disk full', why: 'no small disk could be mounted here' });
    if (!mayName) ground.leftOut.push({ fault: 'slow DNS', why: 'no name server of our own could be used here' });
    if (!mayName) names?.stop();
    return ground;
  }

  private without(why: string): this {
    for (const fault of ['disk full', 'PostgreSQL killed', 'PostgreSQL restarted', 'no connection left'])
      this.leftOut.push({ fault, why });
    return this;
  }

  get hasOwnDatabase(): boolean {
    return this.disk !== null;
  }

  get hasSmallDisk(): boolean {
    return this.disk?.isSmall === true;
  }

  async query<Row extends object = object>(text: string, url = this.databaseUrl): Promise<Row[]> {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
    client.on('error', () => {});
    await client.connect();
    try {
      return (await client.query<Row>(text)).rows;
    } finally {
      await client.end().catch(() => {});
    }
  }

  /** Runs the `iozen` command beside the servers. */
  // oxlint-disable-next-line typescript/no-explicit-any -- each command has an answer of its own.
  async iozen(...words: string[]): Promise<any> {
    const { code, stdout, stderr } = await ended(
      launch([...words, '--json'], { DATABASE_URL: this.databaseUrl, SECRETS_KEY: this.secretsKey }),
    );
    if (code !== 0) throw new Error(`iozen ${words.join(' ')} ended with ${code}: ${stderr}`);
    return JSON.parse(stdout);
  }

  async server(name: string, role: 'api' | 'worker', env: Record<string, string>): Promise<Server> {
    const own = { DATABASE_URL: this.databaseUrl, SECRETS_KEY: this.secretsKey, PORT: String(await freePort()) };
    const log = join(this.directory, `${name}.log`);
    return new Server(name, role, { ...env, ...own }, log, this.names === null ? null : this.resolvConf);
  }

  private async postmaster(): Promise<number> {
    const file = join(this.disk?.path ?? '', 'postgres', 'postmaster.pid');
    const pid = Number((await readFile(file, 'utf8').catch(() => '')).split('\n')[0]);
    return pid > 0 && isAlive(pid) ? pid : 0;
  }

  /** PostgreSQL ends by this signal, stays away for a while, and is started again where it was. */
  async restartPostgres(signal: 'SIGKILL' | 'SIGINT', awayMs: number): Promise<void> {
    const pid = await this.postmaster();
    if (pid !== 0) process.kill(pid, signal);
    const deadline = Date.now() + 60_000;
    while (isAlive(pid) && Date.now() < deadline) await delay(20);
    await delay(awayMs);
    await this.startPostgres();
  }

  /** Starts PostgreSQL unless it runs, and waits until it lets somebody in. */
  async startPostgres(): Promise<void> {
    if (this.disk === null) return;
    for (const deadline = Date.now() + 60_000; ; await delay(200)) {
      try {
        if ((await this.postmaster()) === 0)
          this.postgres = await startEmbeddedPostgres({ dataDir: this.disk.path, settings: this.disk.settings });
        await this.query('select 1');
        return;
      } catch (error) {
        if (Date.now() > deadline) throw error;
      }
    }
  }

  /** Nothing more can be written to the disk, for so long. */
  async fillDisk(ms: number): Promise<void> {
    const ballast = join(this.disk?.path ?? '', 'ballast');
    const isFull = async (bytes: number) =>
      await appendFile(ballast, Buffer.alloc(bytes)).then(
        () => false,
        () => true,
      );
    try {
      while (!(await isFull(8 * 1_048_576)));
      for (const until = Date.now() + ms; Date.now() < until; await delay(50)) {
        // What PostgreSQL gives back meanwhile is taken, too.
        while (!(await isFull(4_096)));
        // It has segments of its log in store, and would live on those for minutes.
        await this.query('select pg_switch_wal()').catch(() => {});
      }
    } finally {
      await rm(ballast, { force: true });
    }
  }

  async close(keepLogs: boolean): Promise<void> {
    this.names?.stop();
    await this.postgres?.stop().catch(() => {});
    const pid = this.disk === null ? 0 : await this.postmaster();
    if (pid !== 0) {
      process.kill(pid, 'SIGQUIT');
      while (isAlive(pid)) await delay(20);
    }
    if (this.disk?.isSmall === true) succeeds('umount', ['-l', this.disk.path]);
    if (!keepLogs) await rm(this.directory, { recursive: true, force: true, maxRetries: 20 });
  }
}

/** Four processes may open 31 connections each, and outsiders come beside them. */
const manyConnections = { max_connections: '160' };

function succeeds(file: string, args: string[]): boolean {
  try {
    execFileSync(file, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** False for one that has ended and that nobody has reaped yet. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0) && !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

export interface MemorySample {
  /** Unix milliseconds. */
  at: number;
  residentBytes: number;
  /** What a full collection of garbage leaves, of V8's heap and of buffers. */
  liveBytes: number;
}

/** One process of the platform, started again by its supervisor whenever it ends. */
export class Server {
  readonly url: string;
  readonly memory: MemorySample[] = [];
  /** How often it ended although nobody had ended it, and nothing that it cannot do without was taken from it. */
  endedByItself = 0;
  mayEnd = false;
  private child: ChildProcess | null = null;
  private inspector = '';
  private isWanted = false;
  private isKilled = false;

  constructor(
    readonly name: string,
    readonly role: 'api' | 'worker',
    private readonly env: Record<string, string>,
    private readonly log: string,
    private readonly resolvConf: string | null,
  ) {
    this.url = `http://127.0.0.1:${env['PORT']}`;
  }

  /** @param aheadMs how far its machine's clock is ahead of the time */
  start(aheadMs = 0): void {
    this.isWanted = true;
    this.isKilled = false;
    const { PATH, NODE_COMPILE_CACHE } = process.env;
    const flags = ['--inspect=127.0.0.1:0', '--enable-source-maps', ...(aheadMs === 0 ? [] : ['--import', wrongClock])];
    const command = [process.execPath, ...flags, main, 'serve', '--role', this.role];
    const script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"';
    const namespace = ['unshare', '-m', 'sh', '-c', script];
    const [file = '', ...args] = this.resolvConf === null ? command : [...namespace, this.resolvConf, ...command];
    const child = spawn(file, args, {
      env: { PATH, NODE_COMPILE_CACHE, LOG_LEVEL: 'warn', CLOCK_AHEAD_MS: String(aheadMs), ...this.env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    const log = createWriteStream(this.log, { flags: 'a' });
    child.stdout.pipe(log, { end: false });
    child.stderr.on('data', (chunk: Buffer) => {
      log.write(chunk);
      this.inspector = /ws:\/\/\S+/.exec(chunk.toString())?.[0] ?? this.inspector;
    });
    child.on('exit', (code, signal) => {
      log.end(`ended with ${signal ?? code} at ${new Date().toISOString()}\n`);
      if (this.child !== child || !this.isWanted || this.isKilled) return;
      if (!this.mayEnd) this.endedByItself += 1;
      setTimeout(() => this.isWanted && this.child === child && this.start(aheadMs), 1_000);
    });
  }

  async ready(timeoutMs = 60_000): Promise<void> {
    for (const deadline = Date.now() + timeoutMs; ; await delay(50)) {
      const answer = await fetch(`${this.url}/readyz`).catch(() => null);
      await answer?.arrayBuffer().catch(() => {});
      if (answer?.status === 200) return;
      if (Date.now() > deadline) throw new Error(`${this.name} is not ready after ${timeoutMs} ms: see ${this.log}`);
    }
  }

  /** Ends it, with its whole group where it is not asked but killed. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const { child } = this;
    this.isKilled = true;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    process.kill(signal === 'SIGKILL' ? -(child.pid ?? 0) : (child.pid ?? 0), signal);
    await exit;
  }

  /** Nothing of it runs meanwhile, and nobody is told. */
  async hang(ms: number): Promise<void> {
    this.child?.kill('SIGSTOP');
    await delay(ms);
    this.child?.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    this.isWanted = false;
    const timer = setTimeout(() => void this.end('SIGKILL'), 30_000);
    await this.end('SIGTERM');
    clearTimeout(timer);
  }

  /** Measures what it holds after a full collection, as a debugger would. */
  async measure(): Promise<void> {
    const socket = new WebSocket(this.inspector);
    try {
      await once(socket, 'open');
      const call = async (id: number, method: string) => {
        socket.send(JSON.stringify({ id, method }));
        for (;;) {
          const [data] = (await once(socket, 'message')) as [Buffer];
          const answer = JSON.parse(data.toString()) as { id?: number; result?: Record<string, number> };
          if (answer.id === id) return answer.result ?? {};
        }
      };
      await call(1, 'HeapProfiler.collectGarbage');
      const { usedSize = 0, backingStorageSize = 0 } = await call(2, 'Runtime.getHeapUsage');
      const status = await readFile(`/proc/${this.child?.pid}/status`, 'utf8').catch(() => '');
      const residentBytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1_024;
      this.memory.push({ at: Date.now(), residentBytes, liveBytes: usedSize + backingStorageSize });
    } finally {
      socket.terminate();
    }
  }

  /** Lines of its log that tell of a mistake, by their message. */
  async errors(): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    for (const line of (await readFile(this.log, 'utf8').catch(() => '')).split('\n')) {
      if (!/"level":"(error|fatal)"/.test(line)) continue;
      const { msg = '', error } = JSON.parse(line) as { msg?: string; error?: { message?: string } };
      // Of the same mistake, whatever the queue, the port or the second.
      const what = `${msg}${error?.message === undefined ? '' : `: ${error.message}`}`
        .replace(/ \(Queue.*\)/, '')
        .replace(/\d+/g, 'N')
        .slice(0, 160);
      counts.set(what, (counts.get(what) ?? 0) + 1);
    }
    return counts;
  }
}

/** Not a name server's usual address, which the machine's own may have. */
const nameServerAddress = '127.53.53.53';
export const namedHost = 'hooks.soak-receiver.com';

/** Answers for one name, as slowly as it is told, and denies all others. */
class NameServer {
  /** null: it does not answer at all. */
  delayMs: number | null = 0;
  address = '127.0.0.1';

  private constructor(private readonly socket: Socket) {}

  static async start(): Promise<NameServer | null> {
    const socket = createSocket('udp4');
    const names = new NameServer(socket);
    socket.on('message', (query, { port, address }) => void names.answer(query, port, address));
    try {
      socket.bind(53, nameServerAddress);
      await once(socket, 'listening');
      socket.on('error', () => {});
      return names;
    } catch {
      return null;
    }
  }

  stop(): void {
    this.socket.close();
  }

  private async answer(query: Buffer, port: number, address: string): Promise<void> {
    const { delayMs } = this;
    if (delayMs === null) return;
    if (delayMs > 0) await delay(delayMs);
    const nameEnd = query.indexOf(0, 12) + 1;
    const isKnown = query.subarray(12, nameEnd).toString('latin1').includes('soak-receiver');
    const asksA = query.readUInt16BE(nameEnd) === 1;
    const head = Buffer.from(query.subarray(0, 12));
    head.writeUInt16BE(0x8180 | (isKnown ? 0 : 3), 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(isKnown && asksA ? 1 : 0, 6);
    head.writeUInt32BE(0, 8);
    const record = Buffer.from('c00c00010001000000000004', 'hex');
    const data = Buffer.from(this.address.split('.').map(Number));
    const records = isKnown && asksA ? [record, data] : [];
    try {
      this.socket.send(Buffer.concat([head, query.subarray(12, nameEnd + 4), ...records]), port, address);
    } catch {
      // It was stopped meanwhile.
    }
  }
}
