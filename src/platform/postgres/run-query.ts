import type { Socket } from 'node:net';
import pg, { type ClientBase, type Pool, type QueryConfig, type QueryResult, type QueryResultRow } from 'pg';
import type { DatabaseClient } from './database-client.js';
import { InternalQuery, sendQuery, socketOf } from './driver-internals.js';
import { rateLimitExceeded, serviceUnavailable } from '../errors.js';
import type { Room } from '../work/answer-budget.js';
import { pauseForOthers } from '../work/pause-for-others.js';
import type { WorkAccount } from '../work/work-account.js';

const bytesAtOnce = 262_144;
const sharedBytesMax = 524_288;

/** A query whose rows are counted as they come, before anything is made of them. */
export class Reading extends InternalQuery {
  /** Of all that came. */
  bytes = 0;
  /** Whether there are rows behind those that it answers with: the answer would have become too large. */
  isCut = false;
  /** The connection that carries nothing else, and may be made to wait. */
  client: DatabaseClient | null = null;
  /** Or the one that it shares with others, who must not wait for it for long. */
  shared: { displace: () => void } | null = null;
  /** Whether it was too much for that one, and rows of it were dropped. */
  isDisplaced = false;
  /** Of `bytes` what its account holds. */
  held = 0;
  private isPaused = false;
  private bytesAtPause = 0;

  constructor(
    { name, text, values }: QueryConfig,
    private readonly account: WorkAccount | null,
    /** Whether a row less is a page less, where the door lets lists end early. */
    private readonly isPage: boolean,
  ) {
    super(text, values);
    Object.assign(this, { name });
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

  /** The first row of a list is sent whatever its size: else its reader would never get beyond it. */
  private mayStay(account: WorkAccount, bytes: number): boolean {
    if (!this.isPage || !account.endsEarly) {
      account.refuseTooLarge(account.bytes + bytes);
      return false;
    }
    if (this._result.rows.length === 0) return true;
    this.isCut = true;
    // Who asked goes on with what there is, and the connection is closed: PostgreSQL need not send the rest.
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
 * What `target.query({ name, text, values })` does, at less cost. Such an object pg copies with the descriptor of every
 * property, which came to a fifth of sending it; a query of its own it takes as it is. And where nobody gives it a
 * callback, it assigns one to the query: a function literal that is assigned to a property is old to V8 from the start,
 * and whatever it sees is kept until the next full collection.
 */
export async function runQuery<Row extends QueryResultRow>(
  target: ClientBase | Pool,
  query: QueryConfig | Reading,
): Promise<QueryResult<Row>> {
  const sent =
    query instanceof Reading ? query : Object.assign(new pg.Query(query.text, query.values), { name: query.name });
  try {
    return await new Promise<QueryResult<Row>>((resolve, reject) => {
      sendQuery(target, sent, (error, result) => {
        if (error) reject(error);
        else resolve(result);
      });
    });
  } catch (error) {
    // Who asked says more than the socket on which the answer came.
    if (error instanceof Error) Error.captureStackTrace(error);
    throw error;
  }
}
