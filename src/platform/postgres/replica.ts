import { setTimeout as wait } from 'node:timers/promises';
import type { ClientBase, QueryResultRow } from 'pg';
import { within } from '../async/deadline.js';
import { errorCode, Failure, isConnectionLoss } from '../errors.js';
import { socketOf } from './driver-internals.js';
import type { PipelinedConnections } from './pipelined-connections.js';
import { pipelined } from './statement.js';
import { runQuery } from './run-query.js';

/** What became of reads that a replica might have answered; all but the first were answered by the primary. */
export type ReplicaOutcome = 'served' | 'late' | 'conflict' | 'lost' | 'failed' | 'resting';

/** For so long a read waits for the replica to catch up. */
const catchUpMsMax = 25;
const lookAgainMs = 2;
/** A replica that does not say within this how far it is hangs. */
const answerMsMax = 250;
/** After a failure all is read from the primary for a while, which doubles from failure to failure. */
const restMs = 1_000;
const restMsMax = 10_000;
/** After a failover a replica may still follow the former primary, and be as far as the new one in another history. */
const otherTimelineRestMs = 60_000;

// Whatever was told to be committed is flushed, unless `synchronous_commit` is off.
const selectPosition = pipelined<Position>(`
  select (case when current_setting('synchronous_commit') = 'off' then pg_current_wal_insert_lsn()
    else pg_current_wal_flush_lsn() end)::text as lsn, left(pg_walfile_name(pg_current_wal_lsn()), 8) as timeline
`);
// Of a replica that was promoted nobody knows whether it is the primary that the others write to.
const isCaughtUp = pipelined<{ yes: boolean }>(
  'select pg_is_in_recovery() and pg_last_wal_replay_lsn() >= $1::pg_lsn as yes',
);

interface Position {
  lsn: string;
  timeline: string;
}

/** What a replica has to have for an answer of its to count: everything up to a position of the primary's log. */
class CaughtUp {
  constructor(private readonly lsn: string) {}

  /**
   * Asks the server of the connection; what is sent on the connection next sees at least as much as the server has by then.
   * @throws Behind
   */
  async check(client: ClientBase): Promise<void> {
    const { name, text } = isCaughtUp;
    const asking = runQuery<{ yes: boolean } & QueryResultRow>(client, { name, text, values: [this.lsn] });
    const { rows } = await within(answerMsMax, asking, () => {
      const error = Object.assign(new Error('the replica does not answer'), { code: 'ETIMEDOUT' });
      socketOf(client).destroy(error);
      throw error;
    });
    if (rows[0]?.yes !== true) throw new Behind();
  }
}

/** The replica has not replayed yet what the read must see. */
class Behind extends Error {}

/**
 * Reads of a replica, each of which shows everything that anybody was told before the read began: by whichever process,
 * connection or key it was written. A read first asks the primary how far its log is (one statement for all reads of one
 * turn of the event loop), and counts only if the replica has replayed as much. Nobody has to remember who wrote what.
 */
export class Replica {
  readonly reads: Record<ReplicaOutcome, number> = { served: 0, late: 0, conflict: 0, lost: 0, failed: 0, resting: 0 };
  private asking: Promise<Position> | null = null;
  private timeline: string | null = null;
  private failures = 0;
  private restsSince = -Infinity;
  private restsUntil = -Infinity;
  private isTold = false;

  constructor(
    private readonly primary: PipelinedConnections,
    private readonly shared: PipelinedConnections,
    /** Is told when the replica is left aside, with the reason, and (null) when it serves again. */
    private readonly tell: (why: unknown) => void,
  ) {}

  /**
   * @param attempt reads from the replica, where that has caught up
   * @returns null where the primary is to be asked instead
   * @throws Failure of the request itself
   */
  async read<Rows>(attempt: (condition: CaughtUp) => Promise<Rows>): Promise<Rows | null> {
    const startedAt = performance.now();
    if (startedAt < this.restsUntil) return this.leaveAside('resting');
    const condition = await this.condition();
    if (condition === null) return this.leaveAside('resting');
    try {
      const rows = await this.whenCaughtUp(attempt, condition);
      this.reads.served += 1;
      this.goOn();
      return rows;
    } catch (error) {
      if (error instanceof Failure) throw error;
      const outcome = outcomeOf(error);
      // A conflict is with one query: the next has another snapshot.
      if (outcome !== 'conflict') this.rest(startedAt, error);
      return this.leaveAside(outcome);
    }
  }

  private async whenCaughtUp<Rows>(
    attempt: (condition: CaughtUp) => Promise<Rows>,
    condition: CaughtUp,
  ): Promise<Rows> {
    for (let endsAt = Infinity; ;) {
      try {
        return await attempt(condition);
      } catch (error) {
        if (!(error instanceof Behind)) throw error;
      }
      endsAt = Math.min(endsAt, performance.now() + catchUpMsMax);
      await this.catchUp(condition, endsAt);
    }
  }

  /** @throws Behind where it takes too long */
  private async catchUp(condition: CaughtUp, endsAt: number): Promise<void> {
    for (;;) {
      if (performance.now() > endsAt) throw new Behind();
      await wait(lookAgainMs);
      try {
        return await this.shared.check(condition);
      } catch (error) {
        if (!(error instanceof Behind)) throw error;
      }
    }
  }

  /** Null where the primary does not say, or has changed. */
  private async condition(): Promise<CaughtUp | null> {
    const position = await (this.asking ??= this.askPrimary()).catch(() => null);
    if (position === null) return null;
    const isOther = this.timeline !== null && this.timeline !== position.timeline;
    this.timeline = position.timeline;
    if (isOther) {
      this.restsSince = performance.now();
      this.restsUntil = this.restsSince + otherTimelineRestMs;
      return null;
    }
    return performance.now() < this.restsUntil ? null : new CaughtUp(position.lsn);
  }

  /** Sent once all who ask in this turn of the event loop have done so: what was told before they began is in the answer. */
  private async askPrimary(): Promise<Position> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.asking = null;
    const { name, text } = selectPosition;
    const { rows } = await this.primary.query<Position & QueryResultRow>({ name, text });
    const [position] = rows;
    if (position === undefined) throw new Error('the primary does not say how far it is');
    return position;
  }

  private leaveAside(outcome: ReplicaOutcome): null {
    this.reads[outcome] += 1;
    return null;
  }

  /** @param startedAt when the read began: those that fail together count once */
  private rest(startedAt: number, why: unknown): void {
    if (startedAt < this.restsSince) return;
    this.restsSince = performance.now();
    this.restsUntil = this.restsSince + Math.min(restMs * 2 ** this.failures, restMsMax);
    this.failures += 1;
    if (!this.isTold) this.tell(why);
    this.isTold = true;
  }

  private goOn(): void {
    this.failures = 0;
    if (this.isTold) this.tell(null);
    this.isTold = false;
  }
}

function outcomeOf(error: unknown): Exclude<ReplicaOutcome, 'served' | 'resting'> {
  if (error instanceof Behind) return 'late';
  // What replay needs to remove, a query may still see: PostgreSQL ends the query.
  if (/^40(001|P01)$/.test(errorCode(error))) return 'conflict';
  return isConnectionLoss(error) ? 'lost' : 'failed';
}
