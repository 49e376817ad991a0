import type { Socket } from 'node:net';
import type { ClientBase, Pool, QueryConfig, QueryResult, QueryResultRow } from 'pg';
import type { DatabaseClient } from './database-client.js';
import { InternalQuery, sendQuery, socketOf } from './driver-internals.js';
import { rateLimitExceeded, serviceUnavailable } from '../errors.js';
import type { Room } from '../work/answer-budget.js';
import { pauseForOthers } from '../work/pause-for-others.js';
import type { WorkAccount } from '../work/work-account.js';

const bytesAtOnce = 262_144;
const sharedBytesMax = 524_288;

/** A query whose rows are counted as they come, before objects are made of them. */
export class Reading extends InternalQuery {
  /** Bytes of all rows that came. */
  bytes = 0;
  /** Whether further rows were left out, because the answer would have become too large. */
  isCut = false;
  /** The connection, where it carries nothing else: it can be paused and closed. */
  client: DatabaseClient | null = null;
  /** The connection, where others share it: they must not wait for this query for long. */
  shared: { displace: () => void } | null = null;
  /** Whether it was too much for that one, and rows of it were dropped. */
  isDisplaced = false;
  /** How many of the bytes the request's account holds. */
  held = 0;
  private isPaused = false;
  private bytesAtPause = 0;

  constructor(
    { name, text, values }: QueryConfig,
    private readonly account: WorkAccount | null,
    /** Whether the rows are a page of a list, which may end early where the door says so. */
    private readonly isPage: boolean,
  ) {
    super(text, values);
    this.name = name;
  }

  override handleDataRow(message: { length: number }): void {
    const { account } = this;
    this.bytes += message.length;
    if (account !== null) {
      if (this.isCut || account.refusal !== null) return;
      if (this.shared !== null && this.bytes > sharedBytesMax) {
        this.isDisplaced = true;
        return this.shared.displace();
      }
      if (account.holds(message.length)) this.held += message.length;
      else if (!this.mayStay(account, message.length)) return;
      if (this.client !== null && !this.isPaused) {
        const room = account.room() ?? (this.bytes - this.bytesAtPause < bytesAtOnce ? null : this.pauseForOthers());
        if (room !== null) void this.pauseUntil(room, account, socketOf(this.client));
      }
    }
    super.handleDataRow(message);
  }

  /** The first row of a page is sent whatever its size: else its reader could never get beyond it. */
  private mayStay(account: WorkAccount, bytes: number): boolean {
    if (!this.isPage || !account.endsEarly) {
      account.refuseTooLarge(account.bytes + bytes);
      return false;
    }
    if (this._result.rows.length === 0) return true;
    this.isCut = true;
    // The caller goes on with the rows that came, and the connection is closed, so that PostgreSQL sends no more.
    if (this.client !== null) {
      this.callback(null, this._result);
      this.callback = () => {};
    }
    return false;
  }

  private async pauseForOthers(): Promise<Room> {
    this.bytesAtPause = this.bytes;
    await pauseForOthers();
    return 'room';
  }

  private async pauseUntil(coming: Promise<Room>, account: WorkAccount, socket: Socket) {
    this.isPaused = true;
    socket.pause();
    const room = await coming;
    this.isPaused = false;
    if (room === 'room') socket.resume();
    else if (room === 'own') account.refuse(rateLimitExceeded(1));
    else account.refuse(serviceUnavailable({ cause: 'the answers under way are too large together' }));
  }
}

/**
 * Does what `target.query({ name, text, values })` does, at less cost. pg copies such an object with the descriptor of
 * every property, which came to a fifth of the cost of sending it; a query object of pg's own is taken as it is. Nor does
 * pg assign a callback of its own to a query that comes with one: V8 allocates a function literal that is assigned to a
 * property as old from the start, and everything that the function sees is kept until the next full collection.
 */
export async function runQuery<Row extends QueryResultRow>(
  target: ClientBase | Pool,
  query: QueryConfig | Reading,
): Promise<QueryResult<Row>> {
  const sent = query instanceof Reading ? query : new InternalQuery(query.text, query.values);
  sent.name = query.name;
  try {
    return await new Promise<QueryResult<Row>>((resolve, reject) => {
      sendQuery(target, sent, (error, result) => {
        if (error) reject(error);
        else resolve(result);
      });
    });
  } catch (error) {
    // The stack of the caller says more than that of the socket on which the answer came.
    if (error instanceof Error) Error.captureStackTrace(error);
    throw error;
  }
}
