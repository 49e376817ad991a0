import pg, { type ClientConfig } from 'pg';

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

interface Starting extends pg.Client {
  /** What pg says when it connects, beside the encoding, which is UTF-8 always. */
  getStartupConf(): Record<string, string>;
}

const Client = pg.Client as unknown as new (config?: ClientConfig) => Starting;

/** Every connection to the database is one of these: the pools', the shared ones, and those that listen or hold a lock. */
export class DatabaseClient extends Client {
  override getStartupConf(): Record<string, string> {
    return { ...super.getStartupConf(), ...reliedOn };
  }
}
