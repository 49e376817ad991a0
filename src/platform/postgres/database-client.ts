import pg, { type ClientConfig, type PoolConfig } from 'pg';
import { within } from '../async/deadline.js';
import { ConnectPace } from './connect-pace.js';
import { InternalClient, socketOf, type InternalQuery } from './driver-internals.js';

/**
 * Settings that our parsers and statements rely on. They go into the startup packet, so that they win over whatever the
 * server, the database, the role or `options` of DATABASE_URL say.
 */
const reliedOn = {
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  bytea_output: 'hex',
  extra_float_digits: '1',
  standard_conforming_strings: 'on',
  array_nulls: 'on',
  default_transaction_isolation: 'read committed',
  default_transaction_read_only: 'off',
};

/** PostgreSQL answers within this after a statement's time limit, at which it ends the statement, unless it is gone. */
export const answerMsMax = 3_000;
const lookMs = 1_000;

interface Bound {
  /** PostgreSQL ends a statement that takes longer; a connection that is silent for a while more is taken for lost. */
  statementMsMax?: number;
  /** Whether a standby will do: the connection is for reads that may be a moment old. */
  mayBeStandby?: boolean;
}
export type DatabaseClientConfig = ClientConfig & Bound;

/**
 * Every connection to the database is one of these: those of pools, pipelined ones, and those that listen or hold a lock.
 *
 * A failover shows to it in three ways, which all count as the loss of the connection: a server that says it is a standby,
 * a write that is refused because the server only reads (25006), and a commit whose wait for a standby somebody cancelled:
 * the commit is done on this server, but may be unknown to the next primary.
 */
export class DatabaseClient extends InternalClient {
  private readonly statementMsMax: number | undefined;
  /** While a caller waits, the server may be silent for so long. */
  silentMsMax: number;
  private bytesHeard = 0;
  private silentLooks = 0;
  /** Why the connection is not used, though it was opened. */
  private refusal: Error | null = null;
  private readonly pace: ConnectPace;

  constructor(private readonly config: DatabaseClientConfig = {}) {
    super(config);
    this.statementMsMax = config.statementMsMax;
    this.silentMsMax = config.statementMsMax === undefined ? Infinity : config.statementMsMax + answerMsMax;
    this.pace = paceOf(placeOf(this));
    const { connection } = this;
    connection.on('parameterStatus', ({ parameterName, parameterValue }: Record<string, string>) => {
      if (parameterName === 'in_hot_standby' && parameterValue === 'on' && config.mayBeStandby !== true) {
        this.drop((this.refusal = lost('PostgreSQL is a standby here', onlyReads)));
      }
    });
    connection.on('errorMessage', ({ code }: { code?: string }) => {
      if (code === onlyReads && config.mayBeStandby !== true) this.drop(lost('PostgreSQL only reads here', onlyReads));
    });
    connection.on('notice', ({ routine }: { routine?: string }) => {
      const query = this._getActiveQuery() as InternalQuery | null;
      if (routine !== 'SyncRepWaitForLSN' || query === null) return;
      query._canceledDueToError = lost(
        'the wait for a standby was cancelled, so that the commit may not last',
        unknown,
      );
    });
    connected.add(this);
    this.once('end', () => connected.delete(this));
    watch ??= setInterval(lookAtAll, lookMs).unref();
  }

  override getStartupConf(): Record<string, string> {
    const bound: object = this.statementMsMax === undefined ? {} : { statement_timeout: String(this.statementMsMax) };
    return { ...super.getStartupConf(), ...reliedOn, ...bound };
  }

  override _connect(callback: (error?: Error | null) => void): void {
    const { refusal } = this.pace;
    if (refusal !== null) {
      connected.delete(this);
      return process.nextTick(callback, refusal);
    }
    const startedAt = performance.now();
    super._connect((failure) => {
      // What a server says of itself comes in one packet with its readiness.
      const error = failure ?? this.refusal;
      if (error) this.pace.failed(startedAt, error);
      else this.pace.succeeded();
      callback(error);
    });
  }

  /**
   * Ends a connection whose server has been silent for too long: a network or a server may hang without an error. Where
   * PostgreSQL says that it waits for a standby, the connection lives: it would only be replaced by another that waits.
   */
  look(): void {
    const stream = socketOf(this);
    const waits = this._ending || this._getActiveQuery() !== null || this._sentQueryQueue.length > 0;
    const isSilent = waits && stream.bytesRead === this.bytesHeard && !stream.isPaused();
    this.bytesHeard = stream.bytesRead;
    // Looks are counted, not seconds: a process that was asleep must not take its own sleep for the server's silence.
    this.silentLooks = isSilent ? this.silentLooks + 1 : 0;
    const silentMs = this.silentLooks * lookMs;
    if (silentMs > this.silentMsMax) this.drop(lost('PostgreSQL does not answer', 'ETIMEDOUT'));
    else if (silentMs > this.silentMsMax - answerMsMax) void this.excuse();
  }

  /** Asks PostgreSQL, by another connection, whether this one waits for a standby, and begins to count anew if so. */
  private async excuse(): Promise<void> {
    const waiting = await waitingForStandby(this.config, placeOf(this));
    if (this.processID !== null && waiting.has(this.processID)) this.silentLooks = 0;
  }

  private drop(why: Error): void {
    socketOf(this).destroy(why);
  }
}

/** PostgreSQL's code for a write where there may be none. */
const onlyReads = '25006';
/** The standard's code for a commit of which nobody knows whether it is one. */
const unknown = '08007';

const lost = (why: string, code: string) => Object.assign(new Error(why), { code });

/** For whoever has waited long enough for a commit. @throws what counts as a lost connection: nobody knows what came of it */
export function failUnknown(): never {
  throw lost('the commit takes too long, and whether it comes about is unknown', unknown);
}

const placeOf = ({ host, port, user, database }: DatabaseClient) => `${user}@${host}:${port}/${database}`;

const paces = new Map<string, ConnectPace>();

function paceOf(place: string): ConnectPace {
  const pace = paces.get(place) ?? new ConnectPace();
  paces.set(place, pace);
  return pace;
}

const asked = new Map<string, Promise<Set<number>>>();

/** The backends of a server that wait for a standby; none where the server does not say. One asks for all at a time. */
async function waitingForStandby(config: DatabaseClientConfig, place: string): Promise<Set<number>> {
  const asking = asked.get(place) ?? askWhoWaits(config).finally(() => asked.delete(place));
  asked.set(place, asking);
  return await asking;
}

async function askWhoWaits(config: DatabaseClientConfig): Promise<Set<number>> {
  const client = new DatabaseClient({ ...config, connectionTimeoutMillis: answerMsMax, statementMsMax: answerMsMax });
  client.on('error', () => {});
  try {
    await client.connect();
    const asking = client.query<{ pid: number }>("select pid from pg_stat_activity where wait_event = 'SyncRep'");
    const { rows } = await within(answerMsMax, asking);
    return new Set(rows.map(({ pid }) => pid));
  } catch {
    return new Set();
  } finally {
    void client.end().catch(() => {});
  }
}

const connected = new Set<DatabaseClient>();
let watch: NodeJS.Timeout | null = null;

function lookAtAll(): void {
  for (const client of connected) client.look();
}

/** A pool whose connections are `DatabaseClient`s, and which does not keep this process from ending. */
export function poolOf(config: PoolConfig & Bound): pg.Pool {
  const pool = new pg.Pool({ ...config, Client: DatabaseClient, allowExitOnIdle: true });
  // A connection that nobody used was lost: the pool opens another for the next caller.
  pool.on('error', () => undefined);
  return pool;
}
