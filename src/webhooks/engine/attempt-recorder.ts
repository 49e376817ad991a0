import type { AuditService } from '../../audit/audit.service.js';
import { Batches } from '../../platform/async/batches.js';
import type { Database } from '../../platform/postgres/database.js';
import type { Jobs, NewJob } from '../../platform/postgres/jobs.js';
import { isConnectionLoss } from '../../platform/errors.js';
import { errorFields, type Log } from '../../platform/log.js';
import { lockEndpoints, pauseFailing, warnOfFailing, type ChangedEndpoint } from '../endpoints/pausing.js';
import type { DeliveryKey } from '../store/open-deliveries.js';
import { markAttempting, storeAttempts, type AttemptResult, type EndpointResult } from '../store/store-attempts.js';
import type { Delivery, EndpointQueue } from './endpoint-queue.js';

/** One job per commit, endpoint and second in which one of its deliveries is due again. */
export const wakeUpQueue = 'webhook-wake-up';

export interface RetryWakeUp {
  endpointId: string;
}

/** Retries sooner than this are awaited in memory; the job is for endpoints that may be given back before. */
const wakeUpByJobMs = 15_000;

/** What an attempt came to, for its delivery and its endpoint. */
export interface Result extends AttemptResult {
  queue: EndpointQueue;
  delivery: Delivery;
  pause: 'failures' | 'gone' | null;
  /** The count of failures in a row that Owners and Admins are to be warned of. */
  warning: number | null;
}

/** A delivery whose attempt has been under way for a moment. */
export interface SlowDelivery extends DeliveryKey {
  workspaceId: string;
}

export interface RecordingWorker {
  /** Null while it has no lease: nothing can be stored then. */
  id: () => number | null;
  /** `revision` is the endpoint's; null: the endpoint is no longer this worker's, and nothing was stored. */
  onStored: (result: Result, revision: number | null) => void;
  /** The delivery is shown as one that is being attempted. */
  onMarked: (delivery: SlowDelivery) => void;
  onPaused: (endpoint: ChangedEndpoint) => void;
}

/** Stores what attempts came to, in batches. A delivery whose result is lost is sent once more. */
export class AttemptRecorder {
  private readonly batches = new Batches<Result, Map<string, number>>({
    store: async (batch) => await this.store(batch),
    stored: (batch, revisions) => {
      for (const result of batch) this.worker.onStored(result, revisions.get(result.endpointId) ?? null);
    },
    failed: (error) => {
      if (error instanceof NoLease) return false;
      this.log.warn({ error: errorFields(error) }, 'results of webhook attempts are not stored yet');
      return !isConnectionLoss(error);
    },
    givenUp: (result) => this.worker.onStored(result, null),
  });
  private slow: SlowDelivery[] = [];

  constructor(
    private readonly database: Database,
    private readonly jobs: Jobs,
    private readonly audit: AuditService,
    private readonly log: Log,
    private readonly worker: RecordingWorker,
  ) {}

  /** How many results are not yet stored. */
  get size(): number {
    return this.batches.size;
  }

  add(result: Result): void {
    this.batches.add(result);
  }

  /** Stores everything that waits. */
  async drain(): Promise<void> {
    await this.batches.drain();
  }

  stop(): void {
    this.batches.stop();
  }

  /** Shows that these attempts are under way: before the next batch, never beside one, since both change the rows. */
  mark(slow: readonly SlowDelivery[]): void {
    this.slow.push(...slow);
    if (slow.length > 0) this.batches.ask();
  }

  private async store(batch: readonly Result[]): Promise<Map<string, number>> {
    const workerId = this.worker.id();
    if (workerId === null) throw new NoLease();
    const slow = this.slow.splice(0);
    if (slow.length > 0) await markAttempting(this.database, workerId, slow);
    for (const delivery of slow) this.worker.onMarked(delivery);
    return batch.length === 0 ? new Map() : await this.storeAs(workerId, batch);
  }

  /** With what must commit together with it: pauses, notices, and the jobs that wake endpoints up. */
  private async storeAs(workerId: number, batch: readonly Result[]): Promise<Map<string, number>> {
    const pausing = batch.filter(({ pause }) => pause !== null);
    return await this.database.transaction(async (tx) => {
      // In the order in which everyone locks them: the endpoint, then its state.
      if (pausing.length > 0) await lockEndpoints(tx, pausing);
      const stored = await storeAttempts(tx, workerId, endpointResultsOf(batch), batch);
      const ours = batch.filter(({ endpointId }) => stored.has(endpointId));
      const paused = await pauseFailing(tx, this.audit, ours);
      for (const endpoint of paused) tx.afterCommit(() => this.worker.onPaused(endpoint));
      await warnOfFailing(tx, ours);
      await this.jobs.enqueue(tx, wakeUpQueue, wakeUpsOf(batch));
      return stored;
    });
  }
}

class NoLease extends Error {}

/** The last result of each endpoint says how it stands. */
function endpointResultsOf(batch: readonly Result[]): EndpointResult[] {
  const last = new Map(batch.map((result) => [result.endpointId, result]));
  return [...last.values()].map(({ endpointId, queue, endedAt, outcome }) => ({
    endpointId,
    revision: queue.snapshot.revision,
    health: queue.health,
    lastEndedAt: endedAt,
    lastSucceeded: outcome.outcome === 'success',
  }));
}

function wakeUpsOf(batch: readonly Result[]): NewJob[] {
  const jobs = new Map<string, NewJob>();
  for (const { endpointId, next, endedAt } of batch) {
    if (next.dueAt === null || next.dueAt - endedAt < wakeUpByJobMs) continue;
    const startAfter = new Date(Math.ceil(next.dueAt / 1_000) * 1_000);
    const data: RetryWakeUp = { endpointId };
    jobs.set(`${endpointId}@${startAfter.getTime()}`, { data, startAfter });
  }
  return [...jobs.values()];
}
