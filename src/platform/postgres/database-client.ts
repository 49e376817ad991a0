import pg, { type ClientConfig, type PoolConfig } from 'pg';
import { InternalClient, socketOf } from './driver-internals.js';

/**
 * What our parsers and statements rely on. It stands in the startup packet, where it outdoes whatever the server, the
 * database, the role or `options` of DATABASE_URL are set to.
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

/** What PostgreSQL itself ends on time is answered by then, unless nobody is there. */
const answerMsMax = 3_000;
const lookMs = 1_000;

interface Bound {
  /** PostgreSQL ends a statement that takes longer, and what it hears nothing of for a while longer is taken for lost. */
  statementMsMax?: number;
}
export type DatabaseClientConfig = ClientConfig & Bound;

/** Every connection to the database is one of these: the pools', the shared ones, and those that listen or hold a lock. */
export class DatabaseClient extends InternalClient {
  private readonly statementMsMax: number | undefined;
  /** Without a word of the server to one who waits for it. */
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

  /** A network may swallow in silence, and a server hang: who waits for either hears of it here. */
  look(): void {
    const stream = socketOf(this);
    const waits = this._ending || this._getActiveQuery() !== null || this._sentQueryQueue.length > 0;
    const isSilent = waits && stream.bytesRead === this.bytesHeard && !stream.isPaused();
    this.bytesHeard = stream.bytesRead;
    // Counted, as a process that slept must not take its own sleep for silence.
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

/** Of a pool that keeps no more connections than this, and none that is not used for long. */
export function poolOf(config: PoolConfig & Bound): pg.Pool {
  const pool = new pg.Pool({ ...config, Client: DatabaseClient, allowExitOnIdle: true });
  // Of one that nobody used: the next who asks gets another.
  pool.on('error', () => undefined);
  return pool;
}
