import pg, { type ClientConfig, type PoolConfig } from 'pg';
import { InternalClient, socketOf } from './driver-internals.js';

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
const answerMsMax = 3_000;
const lookMs = 1_000;

interface Bound {
  /** PostgreSQL ends a statement that takes longer; a connection that is silent for a while more is taken for lost. */
  statementMsMax?: number;
}
export type DatabaseClientConfig = ClientConfig & Bound;

/** Every connection to the database is one of these: those of pools, pipelined ones, and those that listen or hold a lock. */
export class DatabaseClient extends InternalClient {
  private readonly statementMsMax: number | undefined;
  /** While a caller waits, the server may be silent for so long. */
  silentMsMax: number;
  private bytesHeard = 0;
  private silentLooks = 0;

  constructor(config: DatabaseClientConfig = {}) {
    super(config);
    this.statementMsMax = config.statementMsMax;
    this.silentMsMax = config.statementMsMax === undefined ? Infinity : config.statementMsMax + answerMsMax;
    connected.add(this);
    this.once('end', () => connected.delete(this));
    watch ??= setInterval(lookAtAll, lookMs).unref();
  }

  override getStartupConf(): Record<string, string> {
    const bound: object = this.statementMsMax === undefined ? {} : { statement_timeout: String(this.statementMsMax) };
    return { ...super.getStartupConf(), ...reliedOn, ...bound };
  }

  /** Ends a connection whose server has been silent for too long: a network or a server may hang without an error. */
  look(): void {
    const stream = socketOf(this);
    const waits = this._ending || this._getActiveQuery() !== null || this._sentQueryQueue.length > 0;
    const isSilent = waits && stream.bytesRead === this.bytesHeard && !stream.isPaused();
    this.bytesHeard = stream.bytesRead;
    // Looks are counted, not seconds: a process that was asleep must not take its own sleep for the server's silence.
    this.silentLooks = isSilent ? this.silentLooks + 1 : 0;
    if (this.silentLooks * lookMs <= this.silentMsMax) return;
    stream.destroy(Object.assign(new Error('PostgreSQL does not answer'), { code: 'ETIMEDOUT' }));
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
