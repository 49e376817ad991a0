import type { Writable } from 'node:stream';
import type { Client, ClientConfig, QueryConfig, QueryResult, QueryResultRow } from 'pg';
import { DatabaseClient } from './database-client.js';
import { planByIndex } from './plan-by-index.js';
import { runQuery } from './run-query.js';

/** More would gather less: what one turn of the event loop asks for goes to these. */
const connectionsMax = 2;

/**
 * Connections for statements that are over in a moment. None waits for the one before: what one turn of the event loop
 * asks for leaves in one packet and comes back in few, where a connection each would cost a system call to send, one to
 * receive and two processes to wake. Reading one submission went from 0.62 to 0.9 of a bare server by it (`bench/rest`).
 */
export class SharedConnections {
  private readonly connections: readonly LastingConnection[];

  constructor(options: () => ClientConfig) {
    this.connections = Array.from({ length: connectionsMax }, () => new LastingConnection(options));
  }

  /** On the connection with the fewest statements under way, so that what takes long after all holds up few. */
  async query<Row extends QueryResultRow>(statement: QueryConfig): Promise<QueryResult<Row>> {
    const [first, ...others] = this.connections as [LastingConnection, ...LastingConnection[]];
    return await others.reduce((best, next) => (next.underWay < best.underWay ? next : best), first).query(statement);
  }

  async close(): Promise<void> {
    await Promise.all(this.connections.map(async (connection) => await connection.close()));
  }
}

/** What waits for an answer this many looks in a row, while none comes, waits in vain: a network may swallow in silence. */
const silentLooksMax = 3;

/** For prepared statements that go by an index. One that is lost is opened again by the next who asks. */
export class LastingConnection {
  underWay = 0;
  /** Looks without an answer between them. Counted, as a process that slept must not take its own sleep for silence. */
  private silentLooks = 0;
  private client: Promise<Client> | null = null;
  private closed = false;

  constructor(
    private readonly options: () => ClientConfig,
    private readonly prepare: (client: Client) => Promise<unknown> = planByIndex,
    private readonly lookMs = 5_000,
  ) {}

  async query<Row extends QueryResultRow>(statement: QueryConfig): Promise<QueryResult<Row>> {
    this.underWay += 1;
    let opening: Promise<Client> | null = null;
    try {
      opening = this.client ??= this.open();
      const client = await opening;
      // The first leaves at once, what comes while it is under way is gathered: as Nagle has it (RFC 896).
      if (this.underWay > 1) gather(client);
      return await runQuery<Row>(client, statement);
    } catch (error) {
      // PostgreSQL says that it ends the connection a moment before it does.
      if (isShutdown(error) && this.client === opening) this.client = null;
      throw error;
    } finally {
      this.answered();
    }
  }

  /**
   * A transaction of one statement. `onRows` is told what it came to while the commit is under way, which takes longest:
   * for who may act on what can still be lost. All leaves at once: were this process to stop in between, its locks would
   * be kept from everybody.
   * @throws then it was not committed, or nobody knows
   */
  async transaction<Row extends QueryResultRow>(statement: QueryConfig, onRows: (rows: Row[]) => void): Promise<Row[]> {
    this.underWay += 1;
    try {
      const client = await (this.client ??= this.open());
      const { stream } = connectionOf(client);
      stream.cork();
      const begun = runQuery(client, { text: 'begin' });
      const answered = runQuery<Row>(client, statement);
      const committed = runQuery(client, { text: 'commit' });
      stream.uncork();
      const ended = Promise.allSettled([begun, committed]);
      try {
        const { rows } = await answered;
        onRows(rows);
        await committed;
        return rows;
      } finally {
        // After a statement that failed, the commit is a rollback.
        await ended;
      }
    } finally {
      this.answered();
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    const client = await this.client?.catch(() => null);
    this.underWay += 1;
    await client?.end();
  }

  private answered(): void {
    this.underWay -= 1;
    this.silentLooks = 0;
  }

  private look(client: Client): void {
    this.silentLooks = this.underWay === 0 ? 0 : this.silentLooks + 1;
    if (this.silentLooks < silentLooksMax) return;
    const silence = Object.assign(new Error('PostgreSQL does not answer'), { code: 'ETIMEDOUT' });
    connectionOf(client).stream.destroy(silence);
  }

  private async ready(client: Client): Promise<Client> {
    await client.connect();
    await this.prepare(client);
    return client;
  }

  private open(): Promise<Client> {
    if (this.closed) throw new Error('The connections to the database are closed');
    const client = new DatabaseClient(this.options());
    const looking = setInterval(() => this.look(client), this.lookMs).unref();
    const opening = this.ready(client);
    const lost = () => {
      clearInterval(looking);
      if (this.client === opening) this.client = null;
    };
    client.on('error', lost).on('end', lost);
    opening.catch(lost);
    return opening;
  }
}

/** Class 57P: whoever gets it is disconnected. */
const isShutdown = (thrown: unknown) => String((thrown as { code?: unknown } | null)?.code).startsWith('57P');

/** Until what else came in with it has been read too. */
function gather(client: Client): void {
  const { stream } = connectionOf(client);
  if (stream.writableCorked > 0) return;
  stream.cork();
  setImmediate(() => stream.uncork());
}

const connectionOf = (client: Client) => (client as unknown as { connection: { stream: Writable } }).connection;
