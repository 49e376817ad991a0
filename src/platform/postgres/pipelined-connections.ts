import type { ClientBase, QueryConfig, QueryResult, QueryResultRow } from 'pg';
import { errorCode } from '../errors.js';
import type { DatabaseClient, DatabaseClientConfig } from './database-client.js';
import { socketOf } from './driver-internals.js';
import { openClient } from './reconnecting-client.js';
import { planByIndex } from './planner-settings.js';
import { Reading, runQuery } from './run-query.js';

/** Of a statement that was under way beside one that took too much: it is read again, elsewhere. */
export class Displaced extends Error {}

/** What a server has to meet for what is read next on the same connection to count. */
export interface Condition {
  /** @throws when the server does not meet it */
  check(client: ClientBase): Promise<void>;
}

/** With more connections each would gather less of what one turn of the event loop sends. */
const connectionsMax = 2;

/**
 * Connections for statements that are over in a moment. A statement does not wait for the answer to the one before: all
 * that one turn of the event loop sends leaves in one packet, and the answers come in few. A connection for each would
 * cost a system call to send, one to receive and two processes to wake. Reading one submission went from 0.62 to 0.9 of a
 * bare server by it (`bench/rest`).
 */
export class PipelinedConnections {
  private readonly connections: readonly LastingConnection[];

  constructor(options: () => DatabaseClientConfig) {
    this.connections = Array.from({ length: connectionsMax }, () => new LastingConnection(options));
  }

  /** @throws what `condition` throws where the server does not meet it; then nothing was read */
  query<Row extends QueryResultRow>(
    statement: QueryConfig | Reading,
    condition: Condition | null = null,
  ): Promise<QueryResult<Row>> {
    return this.idlest().query(statement, condition);
  }

  async check(condition: Condition): Promise<void> {
    await this.idlest().check(condition);
  }

  /** The connection with fewest statements under way, so that one which takes long after all holds up few. */
  private idlest(): LastingConnection {
    const [first, ...others] = this.connections as [LastingConnection, ...LastingConnection[]];
    return others.reduce((best, next) => (next.underWay < best.underWay ? next : best), first);
  }

  async close(): Promise<void> {
    await Promise.all(this.connections.map(async (connection) => await connection.close()));
  }
}

/** A connection for prepared statements that go by an index. When it is lost, the next statement opens it again. */
export class LastingConnection {
  underWay = 0;
  private client: Promise<DatabaseClient> | null = null;
  private ready: DatabaseClient | null = null;
  private closed = false;

  constructor(
    private readonly options: () => DatabaseClientConfig,
    private readonly prepare: (client: DatabaseClient) => Promise<unknown> = planByIndex,
  ) {}

  async query<Row extends QueryResultRow>(
    statement: QueryConfig | Reading,
    condition: Condition | null = null,
  ): Promise<QueryResult<Row>> {
    if (statement instanceof Reading) statement.shared = this;
    const result = await this.use((client) => readIf<Row>(client, condition, statement));
    // The end of its rows had come with them, before the connection was gone.
    if (statement instanceof Reading && statement.isDisplaced) throw tookTooMuch();
    return result;
  }

  async check(condition: Condition): Promise<void> {
    await this.use(async (client) => await condition.check(client));
  }

  /** For what takes longer, or is larger, than the others on it should wait for: they ask again, and it goes elsewhere. */
  displace(): void {
    if (this.ready !== null) socketOf(this.ready).destroy(tookTooMuch());
  }

  async close(): Promise<void> {
    this.closed = true;
    const client = await this.client?.catch(() => null);
    await client?.end();
  }

  private async use<T>(ask: (client: DatabaseClient) => Promise<T>): Promise<T> {
    this.underWay += 1;
    let opening: Promise<DatabaseClient> | null = null;
    try {
      opening = this.client ??= this.open();
      const client = await opening;
      // The first statement leaves at once; those that come while it is under way are gathered, as by Nagle (RFC 896).
      if (this.underWay > 1) gather(client);
      return await ask(client);
    } catch (error) {
      // PostgreSQL says that it ends the connection a moment before it does.
      if (isShutdown(error) && this.client === opening) this.client = null;
      throw error;
    } finally {
      this.underWay -= 1;
    }
  }

  private open(): Promise<DatabaseClient> {
    if (this.closed) throw new Error('The connections to the database are closed');
    const prepare = async (client: DatabaseClient) => {
      await this.prepare(client);
      this.ready = client;
      return client;
    };
    const lost = () => {
      if (this.client === opening) this.client = this.ready = null;
    };
    const opening = openClient(this.options(), prepare, lost);
    opening.catch(lost);
    return opening;
  }
}

/** Reads, on the condition that is given, if any. */
export function readIf<Row extends QueryResultRow>(
  client: ClientBase,
  condition: Condition | null,
  statement: QueryConfig | Reading,
): Promise<QueryResult<Row>> {
  return condition === null ? runQuery<Row>(client, statement) : readOn<Row>(client, condition, statement);
}

/** Sends both at once, so that the condition costs no round trip, and waits for both, whatever the condition comes to. */
async function readOn<Row extends QueryResultRow>(
  client: ClientBase,
  condition: Condition,
  statement: QueryConfig | Reading,
): Promise<QueryResult<Row>> {
  const [checked, answer] = await Promise.allSettled([condition.check(client), runQuery<Row>(client, statement)]);
  if (checked.status === 'rejected') throw checked.reason;
  if (answer.status === 'rejected') throw answer.reason;
  return answer.value;
}

const tookTooMuch = () => new Displaced('a statement took too much for a connection that all share');

/** Whether the error is of class 57P, after which PostgreSQL closes the connection. */
const isShutdown = (thrown: unknown) => errorCode(thrown).startsWith('57P');

/** Holds what is written back until the event loop has read everything that came in the same turn. */
function gather(client: DatabaseClient): void {
  const socket = socketOf(client);
  if (socket.writableCorked > 0) return;
  socket.cork();
  setImmediate(() => socket.uncork());
}
