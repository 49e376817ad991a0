import type { Socket } from 'node:net';
import pg, { type ClientBase, type ClientConfig, type Pool, type PoolClient, type QueryResult } from 'pg';
import type { DataSource, QueryRunner } from 'typeorm';

/**
 * Everything that we use of pg and TypeORM though neither documents it. `test/platform/postgres/driver-internals.test.ts`
 * says of each what it has to do, so that a new version which does otherwise fails there and not in production.
 */

/** A connection of pg's, with what its types leave out. */
export interface InternalClient extends pg.Client {
  /** What the connection says when it opens, beside the encoding, which is UTF-8 always. */
  getStartupConf(): Record<string, string>;
  readonly processID: number | null;
  /** What `connect` does in either of its forms. */
  _connect(callback: (error?: Error | null) => void): void;
  /** Whether `end` was called. */
  readonly _ending: boolean;
  /** The query that PostgreSQL is answering. */
  _getActiveQuery(): object | null;
  /** The queries that were sent behind that one. */
  readonly _sentQueryQueue: object[];
}
export const InternalClient = pg.Client as unknown as new (config?: ClientConfig) => InternalClient;

export type QueryCallback = (error: Error | null | undefined, result: QueryResult) => void;

/** A query of pg's, with what its types leave out. */
export interface InternalQuery extends pg.Query {
  /** Of the statement that PostgreSQL keeps for the connection. */
  name: string | undefined;
  callback: QueryCallback;
  /** The answer so far. */
  readonly _result: QueryResult;
  /** The error that the query ends with, though PostgreSQL reports success. */
  _canceledDueToError: Error | false;
  /** Called with each row as it comes, before anything is made of the row. */
  handleDataRow(message: { length: number }): void;
}
export const InternalQuery = pg.Query as unknown as new (text: string, values: unknown[] | undefined) => InternalQuery;

/** Sends a query object as it is: pg sees that the object can submit itself, and copies nothing of it. */
export function sendQuery(target: ClientBase | Pool, query: pg.Query, callback: QueryCallback): void {
  interface Submitting {
    query(query: pg.Query, values: undefined, callback: QueryCallback): void;
  }
  (target as unknown as Submitting).query(query, undefined, callback);
}

/** The socket of a connection: corked, what is written leaves in one packet; paused or destroyed, PostgreSQL waits. */
export const socketOf = (client: ClientBase): Socket =>
  (client as unknown as InternalClient).connection.stream as Socket;

/**
 * A runner of TypeORM's on a connection of ours, which `open` gives it with the first statement. The runner believes
 * that it has begun a transaction, so that TypeORM begins none of its own.
 */
export function runnerOn(source: DataSource, open: () => Promise<PoolClient>): QueryRunner {
  const runner = source.createQueryRunner();
  const connect = async () => Object.assign(runner, { databaseConnection: await open() }).databaseConnection;
  return Object.assign(runner, { connect, isTransactionActive: true });
}
