import { systemOf, type AuditService } from '../../audit/audit.service.js';
import { now } from '../../platform/clock.js';
import type { Database, Tx } from '../../platform/postgres/database.js';
import { prepared } from '../../platform/postgres/statement.js';
import type { Jobs, NewJob } from '../../platform/postgres/jobs.js';
import { isConnectionLoss } from '../../platform/errors.js';
import { errorFields, type Log } from '../../platform/log.js';
import type { Committing } from './fan-out.js';
import { addNotices } from '../../workspaces/notice.service.js';
import { lockStates } from '../store/skip-deliveries.js';
import {
  markSlow,
  slowValuesOf,
  storeAny,
  storeFirstAndLast,
  valuesOf,
  type Fenced,
  type Result,
  type SlowAttempt,
} from '../store/attempt-statements.js';

/** One job per commit, endpoint and second in which one of its deliveries is due again. */
export const wakeUpQueue = 'webhook-wake-up';

export interface RetryWakeUp {
  endpointId: string;
}

/** Retries sooner than this are awaited in memory; the job is for those whose lane may be given back before. */
export const wakeUpByJobMs = 15_000;

const batchMax = 256;
const batchWanted = 128;
const collectMs = 5;
const retryDelayMsMax = 2_000;
const failuresMax = 20;

const lockEndpoints = prepared('select from webhook_endpoints where id = any($1) order by id for no key update');
const pauseEndpoints = prepared<{ id: string; workspaceId: string; url: string }>(`
  update webhook_endpoints e
  set status = 'paused', pause_reason = p.reason, paused_at = p.at, updated_at = greatest(p.at, e.updated_at)
  from unnest($1::text[], $2::text[], $3::timestamptz[], $4::int[]) as p (id, reason, at, revision)
  join webhook_endpoint_states s on s.endpoint_id = p.id and s.revision = p.revision
  where e.id = p.id and e.status = 'active' and e.deleted_at is null
  returning e.id, e.workspace_id as "workspaceId", e.url
`);
const urlsOf = prepared<{ id: string; workspaceId: string; url: string }>(
  'select id, workspace_id as "workspaceId", url from webhook_endpoints where id = any($1)',
);
/**
 * Stores what attempts came to, in batches: as soon as 128 wait, or within 5 ms, one batch at a time. What
 * cannot be stored is kept and tried again; a delivery whose result is lost is sent once more.
 */
export class Results {
  private waiting: Result[] = [];
  private slow: SlowAttempt[] = [];
  private timer: NodeJS.Timeout | null = null;
  private storing: Promise<void> | null = null;
  private stopped = false;

  constructor(
    private readonly database: Database,
    private readonly jobs: Jobs,
    private readonly audit: AuditService,
    private readonly log: Log,
    private readonly worker: {
      /** Null while it has none: nothing can be stored then. */
      id: () => number | null;
      /** What fan-out made and has not committed yet may be sent already, but not stored. */
      committing: () => Committing | null;
      /** `isOurs`: the endpoint was still this worker's; false: nothing was stored. `revision` is the endpoint's. */
      onStored: (result: Result, isOurs: boolean, revision: number) => void;
      onPaused: (endpointId: string) => void;
    },
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

  /**
   * For who looks on: attempts that take a moment are on record as under way. With the next batch, never beside one: both
   * move the rows.
   */
  mark(slow: readonly SlowAttempt[]): void {
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
    let delayMs = 20;
    let size = batchMax;
    let failures = 0;
    while ((this.waiting.length > 0 || this.slow.length > 0) && !this.stopped) {
      const batch = this.waiting.slice(0, size);
      await this.committed(batch);
      const worker = this.worker.id();
      try {
        if (worker === null) throw new Error('the worker has no seat');
        await this.markSlow(worker);
        const stored = await this.store(worker, batch);
        this.waiting.splice(0, batch.length);
        delayMs = 20;
        size = batchMax;
        failures = 0;
        for (const result of batch) {
          const revision = stored.get(result.lane.endpointId);
          this.worker.onStored(result, revision !== undefined, revision ?? 0);
        }
        if (this.waiting.length < batchWanted && this.slow.length === 0) return;
      } catch (error) {
        if (worker !== null)
          this.log.warn({ error: errorFields(error) }, 'results of webhook attempts are not stored yet');
        await new Promise((resolve) => setTimeout(resolve, delayMs));
        delayMs = Math.min(delayMs * 2, retryDelayMsMax);
        if (worker === null || isConnectionLoss(error)) continue;
        // One that can never be stored must not keep the others from it.
        size = Math.max(1, batch.length >> 1);
        failures += 1;
        if (batch.length > 1 || failures < failuresMax) continue;
        const [hopeless] = this.waiting.splice(0, 1);
        failures = 0;
        if (hopeless !== undefined) this.worker.onStored(hopeless, false, 0);
      }
    }
  }

  private async committed(batch: readonly Result[]): Promise<void> {
    const committing = this.worker.committing();
    if (committing !== null && batch.some(({ delivery }) => delivery.id >= committing.from)) await committing.over;
  }

  private async markSlow(worker: number): Promise<void> {
    const slow = this.slow.splice(0);
    if (slow.length === 0) return;
    await this.database.query(markSlow, slowValuesOf(worker, slow));
  }

  private async store(worker: number, batch: readonly Result[]): Promise<Map<string, number>> {
    if (batch.length === 0) return new Map();
    const simple = batch.every((result) => result.delivery.attempts === 0 && result.next.ended !== null);
    const values = valuesOf(worker, batch);
    let rows = simple && !batch.some(isNotable) ? await this.database.query(storeFirstAndLast, values) : null;
    if (rows === null || rows.some(({ isCurrent }) => !isCurrent)) rows = await this.storeWith(values, batch);
    return new Map(rows.map(({ id, revision }) => [id, revision]));
  }

  /** With what must commit together with it: pauses, notices, and the jobs that wake endpoints up. */
  private async storeWith(values: unknown[], batch: readonly Result[]): Promise<Fenced[]> {
    const notable = batch.filter(isNotable);
    return await this.database.transaction(async (tx) => {
      const pausing = notable.filter(({ pause }) => pause !== null);
      // In the order in which everyone locks them: the endpoint, then its state.
      if (pausing.length > 0) await tx.query(lockEndpoints, [pausing.map(({ lane }) => lane.endpointId)]);
      // Before the statement that moves rows begins, and sees them: who resumes the endpoint has moved them, or waits.
      lockStates(
        tx,
        batch.map(({ lane }) => lane.endpointId),
      );
      const rows = await tx.query(storeAny, values);
      const ours = new Set(rows.map(({ id }) => id));
      if (pausing.length > 0)
        await this.pause(
          tx,
          pausing.filter(({ lane }) => ours.has(lane.endpointId)),
        );
      const warned = notable.filter(({ lane, warning }) => warning !== null && ours.has(lane.endpointId));
      if (warned.length > 0) await this.warn(tx, warned);
      await this.jobs.enqueue(tx, wakeUpQueue, wakeUpsOf(batch));
      return rows;
    });
  }

  private async pause(tx: Tx, results: readonly Result[]): Promise<void> {
    const paused = await tx.query(pauseEndpoints, [
      results.map(({ lane }) => lane.endpointId),
      results.map(({ pause }) => pause),
      // The clock by which endpoints are changed from elsewhere.
      results.map(() => now()),
      results.map(({ lane }) => lane.subscriber.revision),
    ]);
    const reasons = new Map(results.map(({ lane, pause }) => [lane.endpointId, pause]));
    const told = paused.map(({ id, workspaceId, url }) => {
      const reason = reasons.get(id) ?? 'failures';
      const why = reason === 'gone' ? 'it answered 410 Gone' : 'ten deliveries in a row failed';
      const text = `Webhooks to ${url} are paused: ${why}. Events are held for 30 days; resume it to deliver them.`;
      return { workspaceId, kind: 'webhook_paused' as const, text, params: { endpoint_id: id, reason } };
    });
    addNotices(tx, told, new Date(results[0]?.endedAt ?? 0));
    for (const { id, workspaceId } of paused) {
      const details = { reason: reasons.get(id) };
      await this.audit.record(tx, systemOf(workspaceId), 'webhook_endpoint.paused', id, details);
    }
    for (const { id } of paused) tx.afterCommit(() => this.worker.onPaused(id));
  }

  private async warn(tx: Tx, results: readonly Result[]): Promise<void> {
    const endpoints = await tx.query(urlsOf, [results.map(({ lane }) => lane.endpointId)]);
    const told = results.flatMap(({ lane, warning }) => {
      const endpoint = endpoints.find(({ id }) => id === lane.endpointId);
      if (endpoint === undefined) return [];
      const text = `${warning} deliveries in a row to ${endpoint.url} failed. After ten it is paused.`;
      const params = { endpoint_id: endpoint.id, consecutive_fails: warning };
      return [{ workspaceId: endpoint.workspaceId, kind: 'webhook_failing' as const, text, params }];
    });
    addNotices(tx, told, new Date(results[0]?.endedAt ?? 0));
  }
}

const isNotable = ({ pause, warning }: Result) => pause !== null || warning !== null;

function wakeUpsOf(batch: readonly Result[]): NewJob[] {
  const jobs = new Map<string, NewJob>();
  for (const { lane, next, endedAt } of batch) {
    if (next.dueAt === null || next.dueAt - endedAt < wakeUpByJobMs) continue;
    const startAfter = new Date(Math.ceil(next.dueAt / 1_000) * 1_000);
    const data: RetryWakeUp = { endpointId: lane.endpointId };
    jobs.set(`${lane.endpointId}@${startAfter.getTime()}`, { data, startAfter });
  }
  return [...jobs.values()];
}
