/**
 * One file because starting, taking over, sharing and stopping a server are one protocol between processes: each step
 * relies on what the others do in theirs.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, open, readdir, readFile, readlink, realpath, rm, stat } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errorCode } from '../errors.js';
import { keptSecret } from '../secret-file.js';
import { DatabaseClient } from '../postgres/database-client.js';
import { claimAt, hold, isOnlyOurs } from './claim.js';
import { database, openCluster, passwordFile, run, surroundings, user } from './cluster.js';
import type { Cluster } from './cluster.js';

/** A PostgreSQL server of our own for one DATA_DIR. It outlives a killed process, and the next one takes it over. */
export interface EmbeddedPostgres {
  /** `postgres://` with the password and `?sslmode=disable`, on a port of 127.0.0.1 that it keeps until `stop`. */
  readonly url: string;
  /** True for the one caller that made the cluster. It may be killed before it fills it: ask the tables what is there. */
  readonly created: boolean;
  /**
   * Stops the server once nobody else uses it, else leaves it to them. The caller has closed its own connections.
   * @throws Error when the server does not stop within 60 s
   */
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  dataDir: string;
  log?: Note;
  /** Whether a server that ends before `stop` is started again, on its port. */
  keepsRunning?: boolean;
  /** For tests: they replace ours, when this call is the one that starts the server. */
  settings?: Readonly<Record<string, string>>;
}

export type Note = (message: string, level?: 'info' | 'warn') => void;

/** @throws Error whose message says what to do and ends with what the server logged */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { log = () => {}, settings = {}, keepsRunning = false } = options;
  const path = resolve(options.dataDir);
  try {
    await mkdir(path, { recursive: true });
    const dataDir = await realpath(path);
    const password = await keptSecret(passwordFile(dataDir), () => randomBytes(24).toString('hex'));
    const cluster = await openCluster(dataDir, settings['fsync'] !== 'off', log);
    const server = { ...cluster, password, settings: { ...ourSettings, ...settings }, logFile: logFile(dataDir) };
    const use = new Use(server, await serve(server, log), log);
    if (keepsRunning) use.watch();
    let stopped: Promise<void> | undefined;
    return {
      url: urlOf(server, use.port, database),
      created: cluster.created,
      stop: () => (stopped ??= use.end()),
    };
  } catch (thrown) {
    throw explained(thrown, path);
  }
}

interface Server extends Cluster {
  password: string;
  settings: Readonly<Record<string, string>>;
  logFile: string;
}

interface Postmaster {
  pid: number;
  /** 0 when it says none, or another cluster's. */
  port: number;
  state: 'ready' | 'busy' | 'gone';
}

const ourSettings = {
  listen_addresses: '127.0.0.1',
  // A socket would need a directory that both users reach, in a path of at most 107 bytes.
  unix_socket_directories: '',
  max_connections: '100',
  // Parallel queries would take every core of a small machine, and their memory from a container's 64 MB of /dev/shm.
  max_parallel_workers_per_gather: '0',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // Failed statements go to whoever sent them; in the log they would only spread the data they quote.
  log_min_messages: 'log',
  log_checkpoints: 'off',
};

const logFile = (dataDir: string) => join(dataDir, 'postgres.log');
const logBytesMax = 8 * 1024 * 1024;
const pollMs = 25;
// Backends that outlive a killed postmaster hold on to its memory until they notice.
const conflictMsMax = 15_000;
const conflictPollMs = 100;
// Between making its lock file and writing into it a server does nothing else.
const fillingMsMax = 1_000;
const recoveryMsMax = 300_000;
const revivalPauseMs = 5_000;
const stopMsMax = 60_000;

function urlOf({ password }: Server, port: number, name: string): string {
  // PGSSLMODE in the environment may mean other servers: this one has no TLS.
  return `postgres://${user}:${password}@127.0.0.1:${port}/${name}?sslmode=disable`;
}

/** The port on which a lost server has to be again, and whether anybody still wants it there. */
interface Back {
  port: number;
  signal: AbortSignal;
}

interface Held {
  claim: DatabaseClient;
  pid: number;
  port: number;
}

/** The use that one process makes of the server. */
class Use {
  private readonly ending = new AbortController();
  private revival: Promise<void> | null = null;

  constructor(
    private readonly server: Server,
    private held: Held,
    private readonly log: Note,
  ) {}

  get port(): number {
    return this.held.port;
  }

  /** Waits for the end of the claim: it ends when the server does, also when a crash of one backend ends all backends. */
  watch(): void {
    this.held.claim.once('end', () => {
      if (!this.ending.signal.aborted) this.revival = this.revive();
    });
  }

  async end(): Promise<void> {
    this.ending.abort();
    await this.revival;
    await release(this.held, this.server, this.log);
  }

  /** Starts the server again on its port, so that every process that shares the server finds it at the URL that it has. */
  private async revive(): Promise<void> {
    const { pid, port } = this.held;
    const { signal } = this.ending;
    this.log(`lost PostgreSQL (pid ${pid}, port ${port}), bringing it back`, 'warn');
    for (; !signal.aborted; await delay(revivalPauseMs, null, { signal }).catch(() => null)) {
      try {
        this.held = await serve(this.server, this.log, { port, signal });
        this.watch();
        return;
      } catch (thrown) {
        if (!signal.aborted) this.log((thrown as Error).message, 'warn');
      }
    }
  }
}

/** Takes over the running server, or starts one. PostgreSQL's own lock decides between several that start it at once. */
async function serve(server: Server, log: Note, back?: Back): Promise<Held> {
  const startedAt = performance.now();
  const within = (ms: number) => performance.now() - startedAt < ms;
  let news = 'took over the running';
  for (let silence = ''; ; await delay(pollMs)) {
    const postmaster = await readPostmaster(server);
    if (postmaster?.state !== 'ready') back?.signal.throwIfAborted();
    if (postmaster === null || postmaster.state === 'gone') {
      const failure = await launch(server, postmaster, back);
      if (failure === null) news = 'started';
      else if (!passes.test(failure) || !within(conflictMsMax)) {
        throw new Error(`PostgreSQL does not start. Its log is ${server.logFile} and ends with:\n${failure}`);
      } else if (isEmptyLock.test(failure) && !within(fillingMsMax)) await removeRemnant(server, log);
      else await delay(conflictPollMs);
      continue;
    }
    const { pid, port } = postmaster;
    if (postmaster.state === 'ready') {
      if (back !== undefined && back.port !== port) {
        throw new Error(`PostgreSQL (pid ${pid}) is on port ${port} now, not ${back.port}. Restart this process.`);
      }
      const claim = await claimAt(urlOf(server, port, 'postgres'));
      if (claim instanceof DatabaseClient) {
        log(`${news} PostgreSQL (pid ${pid}, port ${port})`);
        return { claim, pid, port };
      }
      silence = `\n${claim.message}`;
    }
    if (!within(postmaster.state === 'ready' ? conflictMsMax : recoveryMsMax)) {
      throw new Error(`PostgreSQL (pid ${pid}) does not let us in. Stop it and start again.${silence}`);
    }
  }
}

const isEmptyLock = /lock file ".*" is empty/;
// Failures that pass: another process starts the server, backends of a killed one are left, or the port was taken.
const passes = /lock file ".*" (already exists|is empty)|shared memory block .* is still in use|Address already in use/;

/** Removes an empty lock file, which a crash of the machine can leave: PostgreSQL would refuse to start beside it. */
async function removeRemnant({ directory }: Server, log: Note): Promise<void> {
  const file = join(directory, 'postmaster.pid');
  const found = await stat(file).catch(() => null);
  if (found?.size !== 0) return;
  // A running server has its directory as working directory. None that can be seen means that none runs.
  const all = await readdir('/proc').catch(() => []);
  const places = await Promise.all(all.filter(Number).map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => '')));
  if (places.includes(directory)) return delay(conflictPollMs);
  await rm(file, { force: true });
  log(`removed an empty ${file}, which a crash has left`, 'warn');
}

/** Reads postmaster.pid and checks that its process is the server: after a reboot the number may be another program's. */
async function readPostmaster({ directory }: Server): Promise<Postmaster | null> {
  const lines = (await readFile(join(directory, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  const [pid, port] = [Number(lines[0]), Number(lines[3]) || 0];
  if (!Number.isInteger(pid) || pid <= 0) return null;
  // In a copied DATA_DIR the file names the original's server.
  if (lines[1] !== directory) return { pid, port: 0, state: 'gone' };
  if (!(await isRunning(pid))) return { pid, port, state: 'gone' };
  return { pid, port, state: lines[7]?.trim() === 'ready' ? 'ready' : 'busy' };
}

/** Whether the process is a running PostgreSQL; false for a zombie, and for another program with that number. */
async function isRunning(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (thrown) {
    if (errorCode(thrown) === 'ESRCH') return false;
  }
  const status = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined);
  return status === undefined || /^\d+ \(postgres\) [^ZX]/.test(status);
}

/**
 * Starts a server, on the port of the dead one if there was one, where other processes look for it. Where another program
 * has that port by now, PostgreSQL removes the dead one's lock file, and the next launch chooses another port.
 * @returns null when the server is ready, what it logged when it ended instead
 */
async function launch(server: Server, dead: Postmaster | null, back?: Back): Promise<string | null> {
  const { bin, directory, runAs, settings } = server;
  const port = back?.port ?? (dead?.port || (await freePort()));
  await using output = await open(server.logFile, 'a', 0o600);
  if ((await output.stat()).size > logBytesMax) await output.truncate();
  const { size } = await output.stat();
  const args = Object.entries({ port: String(port), ...settings }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  const child = spawn(join(bin, 'postgres'), ['-D', directory, ...args], {
    ...surroundings,
    ...runAs,
    // PostgreSQL would wait for the stranger that now has the number in postmaster.pid; its grandparent's it ignores.
    env: { ...surroundings.env, ...(dead === null ? {} : { PG_GRANDPARENT_PID: String(dead.pid) }) },
    // A session and a file of its own: it neither dies nor blocks with the process that started it.
    detached: true,
    stdio: ['ignore', output.fd, output.fd],
  });
  child.unref();
  await once(child, 'spawn');
  while (child.exitCode === null && child.signalCode === null) {
    const postmaster = await readPostmaster(server);
    if (postmaster?.pid === child.pid && postmaster?.state === 'ready') return null;
    if (back?.signal.aborted) child.kill('SIGINT');
    await delay(pollMs);
  }
  const logged = (await readFile(server.logFile)).subarray(size).toString();
  return logged.trim().split('\n').slice(-12).join('\n');
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

async function release({ claim, pid }: Held, { bin, runAs }: Server, log: Note) {
  hold(claim, true);
  // A claim that fails here means that the server has ended.
  if (await isOnlyOurs(claim).catch(() => false)) {
    // The server's account sends the signal: a number out of its files must not let root end any other process.
    // `pg_ctl stop` would go on to wait for the server that somebody starts right after this one.
    await run(join(bin, 'pg_ctl'), ['kill', 'INT', String(pid)], runAs).catch(async (thrown) => {
      if (await isRunning(pid)) throw thrown;
    });
    const deadlineAt = performance.now() + stopMsMax;
    while (await isRunning(pid)) {
      if (performance.now() > deadlineAt)
        throw new Error(`PostgreSQL (pid ${pid}) has not stopped within ${stopMsMax} ms.`);
      await delay(pollMs);
    }
    log('stopped PostgreSQL');
  }
  await claim.end();
}

const isFull = /ENOSPC|No space left on device|wrote only \d+ of \d+ bytes/;
const mayNot = /^(EACCES|EPERM|EROFS):/;

/** The error of a start; where DATA_DIR is the cause, as a sentence that says what to do. */
export function explainedStart(thrown: unknown, dataDir: string): unknown {
  const isOurs = thrown instanceof Error && (isFull.test(thrown.message) || mayNot.test(thrown.message));
  return isOurs ? explained(thrown, dataDir) : thrown;
}

function explained(thrown: unknown, dataDir: string): Error {
  const { message } = thrown as Error;
  if (message.startsWith('The disk is full')) return thrown as Error;
  if (isFull.test(message)) {
    return new Error(`The disk is full: free 200 MB or more for DATA_DIR (${dataDir}) and start again.\n${message}`);
  }
  if (/could not look up effective user ID/.test(message)) {
    return new Error(
      'PostgreSQL needs a user with a name. Start as a user whom /etc/passwd lists, or set DATABASE_URL to a ' +
        `PostgreSQL 15 or later.\n${message}`,
    );
  }
  if (mayNot.test(message) || /^(ENOTDIR|EEXIST|ENOENT):/.test(message)) {
    return new Error(
      `The embedded PostgreSQL cannot use DATA_DIR (${dataDir}). Let this user write there, or set another DATA_DIR.\n` +
        message,
    );
  }
  return new Error(message);
}
