import type { AuditService } from '../../audit/audit.service.js';
import { GrowingDelay } from '../../platform/async/growing-delay.js';
import type { Database } from '../../platform/postgres/database.js';
import type { Jobs, NewJob } from '../../platform/postgres/jobs.js';
import { isConnectionLoss } from '../../platform/errors.js';
import { errorFields, type Log } from '../../platform/log.js';
import { lockEndpoints, pauseFailing, warnOfFailing } from '../endpoints/pausing.js';
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

const batchMax = 256;
const batchWanted = 128;
const collectMs = 5;
const retryDelayMsMax = 2_000;
const failuresMax = 20;

/** What an attempt came to, for its delivery and its endpoint. */
export interface Result extends AttemptResult {
  queue: EndpointQueue;
  delivery: Delivery;
  pause: 'failures' | 'gone' | null;
  /** The count of failures in a row that Owners and Admins are to be warned of. */
  warning: number | null;
}

export interface RecordingWorker {
  /** Null while it has no lease: nothing can be stored then. */
  id: () => number | null;
  /** `revision` is the endpoint's; null: the endpoint is no longer this worker's, and nothing was stored. */
  onStored: (result: Result, revision: number | null) => void;
  onPaused: (endpointId: string) => void;
}

/**
 * Stores what attempts came to, in batches: as soon as 128 wait, or within 5 ms, one batch at a time. What cannot be
 * stored is kept and tried again; a delivery whose result is lost is sent once more.
 */
export class AttemptRecorder {
  private waiting: Result[] = [];
  private slow: DeliveryKey[] = [];
  private timer: NodeJS.Timeout | null = null;
  private storing: Promise<void> | null = null;
  private stopped = false;

  constructor(
    private readonly database: Database,
    private readonly jobs: Jobs,
    private readonly audit: AuditService,
    private readonly log: Log,
    private readonly worker: RecordingWorker,
  ) {}

  /** How many results are not yet stored. */
  get size(): number {
    return this.waiting.length;
  }

  add(result: Result): void {
    this.waiting.push(result);
    if (this.storing !== null) return;
    if (this.waiting.length >= batchWanted) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), collectMs);
  }

  /** Stores everything that waits. */
  async drain(): Promise<void> {
    while (this.waiting.length > 0 && !this.stopped) {
      this.flush();
      await this.storing;
    }
  }

  stop(): void {
    this.stopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
  }

  /** Shows that these attempts are under way: before the next batch, never beside one, since both change the rows. */
  mark(slow: readonly DeliveryKey[]): void {
    this.slow.push(...slow);
    if (slow.length > 0) this.flush();
  }

  private flush(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.storing ??= this.storeAll().finally(() => {
      this.storing = null;
      if (this.waiting.length > 0 && !this.stopped) this.timer ??= setTimeout(() => this.flush(), collectMs);
    });
  }

  private async storeAll(): Promise<void> {
    const delay = new GrowingDelay(20, retryDelayMsMax);
    let size = batchMax;
    let failures = 0;
    while ((this.waiting.length > 0 || this.slow.length > 0) && !this.stopped) {
      const batch = this.waiting.slice(0, size);
      const workerId = this.worker.id();
      try {
        if (workerId === null) throw new Error('the worker has no lease');
        const slow = this.slow.splice(0);
        if (slow.length > 0) await markAttempting(this.database, workerId, slow);
        const stored = batch.length === 0 ? new Map<string, number>() : await this.store(workerId, batch);
        this.waiting.splice(0, batch.length);
        delay.reset();
        size = batchMax;
        failures = 0;
        for (const result of batch) this.worker.onStored(result, stored.get(result.endpointId) ?? null);
        if (this.waiting.length < batchWanted && this.slow.length === 0) return;
      } catch (error) {
        if (workerId !== null)
          this.log.warn({ error: errorFields(error) }, 'results of webhook attempts are not stored yet');
        await delay.wait();
        if (workerId === null || isConnectionLoss(error)) continue;
        // One that can never be stored must not keep the others from it.
        size = Math.max(1, batch.length >> 1);
        failures += 1;
        if (batch.length > 1 || failures < failuresMax) continue;
        const [hopeless] = this.waiting.splice(0, 1);
        failures = 0;
        if (hopeless !== undefined) this.worker.onStored(hopeless, null);
      }
    }
  }

  /** With what must commit together with it: pauses, notices, and the jobs that wake endpoints up. */
  private async store(workerId: number, batch: readonly Result[]): Promise<Map<string, number>> {
    const pausing = batch.filter(({ pause }) => pause !== null);
    return await this.database.transaction(async (tx) => {
      // In the order in which everyone locks them: the endpoint, then its state.
      if (pausing.length > 0) await lockEndpoints(tx, pausing);
      const stored = await storeAttempts(tx, workerId, endpointResultsOf(batch), batch);
      const ours = batch.filter(({ endpointId }) => stored.has(endpointId));
      const paused = await pauseFailing(tx, this.audit, ours);
      for (const id of paused) tx.afterCommit(() => this.worker.onPaused(id));
      await warnOfFailing(tx, ours);
      await this.jobs.enqueue(tx, wakeUpQueue, wakeUpsOf(batch));
      return stored;
    });
  }
}

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
