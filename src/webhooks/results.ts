import { systemOf, type AuditService } from '../audit/audit.service.js';
import { prepared, type Database, type Statement, type Tx } from '../platform/database.js';
import type { Jobs, NewJob } from '../platform/jobs.js';
import { isConnectionLoss } from '../platform/errors.js';
import { isoTime } from '../platform/iso-time.js';
import { story, type Log } from '../platform/log.js';
import type { Outcome } from '../platform/outbound-attempt.js';
import type { Delivery, Lane } from './lane.js';
import { tell } from './notices.js';
import type { Next } from './verdict.js';

/** One job per endpoint and second in which one of its deliveries is due again. */
export const wakeUpQueue = 'webhook-wake-up';

export interface WakeUp {
  endpointId: string;
}

/** Retries sooner than this are awaited in memory; the job is for those whose lane may be given back before. */
export const wakeUpByJobMs = 15_000;

/** What one attempt came to; stored soon after. */
export interface Result {
  lane: Lane;
  delivery: Delivery;
  /** Unix milliseconds. */
  startedAt: number;
  endedAt: number;
  outcome: Outcome;
  next: Next;
  pause: 'failures' | 'gone' | null;
  warning: number | null;
}

const batchMax = 256;
const batchWanted = 64;
const collectMs = 5;
const retryDelayMsMax = 2_000;
const failuresMax = 20;

/**
 * The state rows are updated first: only those that are still ours count, and their row locks keep them ours until the
 * commit. $1 is the worker; $2–$9 are one entry per endpoint, the rest one per attempt.
 */
const fenced = `
  fenced as (
    update webhook_endpoint_states s set
      consecutive_fails = case when s.revision = e.revision then e.fails else s.consecutive_fails end,
      probing = case when s.revision = e.revision then e.probing else s.probing end,
      probe_at = case when s.revision = e.revision then e.probe_at else s.probe_at end,
      gate_until = case when s.revision = e.revision then e.gate_until else s.gate_until end,
      last_delivery_at = e.last_at,
      last_delivery_ok = e.last_ok
    from unnest($2::text[], $3::int[], $4::int[], $5::bool[], $6::timestamptz[], $7::timestamptz[],
      $8::timestamptz[], $9::bool[])
      as e (endpoint_id, revision, fails, probing, probe_at, gate_until, last_at, last_ok)
    where s.endpoint_id = e.endpoint_id and s.owner = $1
    returning s.endpoint_id, s.revision
  )
`;
const facts = `delivery_id, endpoint_id, event_id, at, number, outcome, response_status, total_ms,
  first_byte_ms, dns_ms, connect_ms, tls_ms, address, error`;
const attemptColumns = `${facts}, response_body`;
const attempts = `
  attempt as (
    select a.* from unnest($10::text[], $11::text[], $12::text[], $13::timestamptz[], $14::int2[], $15::text[],
      $16::int2[], $17::int[], $18::int[], $19::int[], $20::int[], $21::int[], $22::text[], $23::text[], $24::bytea[],
      $25::text[], $26::timestamptz[])
      as a (${attemptColumns}, ended, due_at)
    join fenced using (endpoint_id)
  )
`;
/**
 * What ended its delivery says so; the rest is looked through only where there is any. Of a delivery that was ended
 * while it was in flight, perhaps because someone is erased, no answer is kept.
 */
const kept = (isOpen: string) => `
  kept as (
    insert into webhook_attempts (${attemptColumns}, ended)
    select ${attemptColumns}, ended from gone
    union all
    select ${facts}, case when ${isOpen} then response_body end, null from attempt
    where (select count(*) from gone) < (select count(*) from attempt)
      and delivery_id not in (select delivery_id from gone)
  )
`;
interface Fenced {
  id: string;
  revision: number;
}
/** The common case, first attempts that end their delivery: one row goes, one row comes. */
const storeFirstAndLast = prepared<Fenced>(`
  with ${fenced}, ${attempts}, gone as (
    delete from webhook_deliveries d using attempt a
    where d.endpoint_id = a.endpoint_id and d.id = a.delivery_id and d.attempts = 0
    returning a.*
  ), ${kept('false')}
  select endpoint_id as id, revision from fenced
`);
const storeAny = prepared<Fenced>(`
  with ${fenced}, ${attempts}, gone_fresh as (
    delete from webhook_deliveries d using attempt a
    where d.endpoint_id = a.endpoint_id and d.id = a.delivery_id and d.attempts = 0 and a.number = 1
      and a.ended is not null
    returning a.*
  ), gone_retried as (
    delete from webhook_deliveries d using attempt a
    where d.endpoint_id = a.endpoint_id and d.id = a.delivery_id and d.attempts > 0 and a.number > 1
      and a.ended is not null
    returning a.*
  ), first_failed as (
    update webhook_deliveries d set attempts = 1, due_at = a.due_at, attempting_since = null from attempt a
    where d.endpoint_id = a.endpoint_id and d.id = a.delivery_id and d.attempts = 0 and a.number = 1
      and a.ended is null
    returning d.id
  ), failed_again as (
    update webhook_deliveries d set attempts = a.number, due_at = a.due_at, attempting_since = null from attempt a
    where d.endpoint_id = a.endpoint_id and d.id = a.delivery_id and d.attempts > 0 and a.number > 1
      and a.ended is null
    returning d.id
  ), gone as (
    select * from gone_fresh union all select * from gone_retried
  ), open as (
    select id from first_failed union all select id from failed_again
  ), ${kept('delivery_id in (select id from open)')}
  select endpoint_id as id, revision from fenced
`);
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
 * Stores what attempts came to, in batches: as soon as 64 wait, or within 5 ms, one batch at a time. What
 * cannot be stored is kept and tried again; a delivery whose result is lost is sent once more.
 */
export class Results {
  private waiting: Result[] = [];
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
    while (this.waiting.length > 0 && !this.stopped) {
      const batch = this.waiting.slice(0, size);
      const worker = this.worker.id();
      try {
        if (worker === null) throw new Error('the worker has no seat');
        const stored = await this.store(worker, batch);
        this.waiting.splice(0, batch.length);
        delayMs = 20;
        size = batchMax;
        failures = 0;
        for (const result of batch) {
          const revision = stored.get(result.lane.endpointId);
          this.worker.onStored(result, revision !== undefined, revision ?? 0);
        }
        if (this.waiting.length < batchWanted) return;
      } catch (error) {
        if (worker !== null) this.log.warn({ error: story(error) }, 'results of webhook attempts are not stored yet');
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

  private async store(worker: number, batch: readonly Result[]): Promise<Map<string, number>> {
    const simple = batch.every(({ delivery, next }) => delivery.attempts === 0 && next.ended !== null);
    const statement = simple ? storeFirstAndLast : storeAny;
    const values = [worker, ...endpointColumns(batch), ...attemptColumnsOf(batch)];
    const wakeUps = wakeUpsOf(batch);
    const notable = batch.filter(({ pause, warning }) => pause !== null || warning !== null);
    const rows =
      wakeUps.length === 0 && notable.length === 0
        ? await this.database.query(statement, values)
        : await this.storeWith(statement, values, wakeUps, notable);
    return new Map(rows.map(({ id, revision }) => [id, revision]));
  }

  /** With what must commit together with it: pauses, notices, and the jobs that wake endpoints up. */
  private async storeWith(
    statement: Statement<Fenced>,
    values: unknown[],
    wakeUps: readonly NewJob[],
    notable: readonly Result[],
  ): Promise<Fenced[]> {
    return await this.database.transaction(async (tx) => {
      const pausing = notable.filter(({ pause }) => pause !== null);
      // In the order in which everyone locks them: the endpoint, then its state.
      if (pausing.length > 0) await tx.query(lockEndpoints, [pausing.map(({ lane }) => lane.endpointId)]);
      const rows = await tx.query(statement, values);
      const ours = new Set(rows.map(({ id }) => id));
      if (pausing.length > 0)
        await this.pause(
          tx,
          pausing.filter(({ lane }) => ours.has(lane.endpointId)),
        );
      const warned = notable.filter(({ lane, warning }) => warning !== null && ours.has(lane.endpointId));
      if (warned.length > 0) await this.warn(tx, warned);
      await this.jobs.enqueue(tx, wakeUpQueue, wakeUps);
      return rows;
    });
  }

  private async pause(tx: Tx, results: readonly Result[]): Promise<void> {
    const paused = await tx.query(pauseEndpoints, [
      results.map(({ lane }) => lane.endpointId),
      results.map(({ pause }) => pause),
      // The clock by which endpoints are changed from elsewhere.
      results.map(() => new Date()),
      results.map(({ lane }) => lane.subscriber.revision),
    ]);
    const reasons = new Map(results.map(({ lane, pause }) => [lane.endpointId, pause]));
    const told = paused.map(({ id, workspaceId, url }) => {
      const reason = reasons.get(id) ?? 'failures';
      const why = reason === 'gone' ? 'it answered 410 Gone' : 'ten deliveries in a row failed';
      const text = `Webhooks to ${url} are paused: ${why}. Events are held for 30 days; resume it to deliver them.`;
      return { workspaceId, kind: 'webhook_paused' as const, text, params: { endpoint_id: id, reason } };
    });
    tell(tx, told, new Date(results[0]?.endedAt ?? 0));
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
    tell(tx, told, new Date(results[0]?.endedAt ?? 0));
  }
}

/** $2–$9: the last result of each endpoint says how it stands. */
function endpointColumns(batch: readonly Result[]): (string | null)[] {
  const last = new Map<Lane, Result>();
  for (const result of batch) last.set(result.lane, result);
  const results = [...last.values()];
  return [
    plain(results, ({ lane }) => lane.endpointId),
    plain(results, ({ lane }) => lane.subscriber.revision),
    plain(results, ({ lane }) => lane.life.consecutiveFails),
    plain(results, ({ lane }) => lane.life.probing),
    plain(results, ({ lane }) => timestamp(lane.life.probeAt)),
    plain(results, ({ lane }) => timestamp(lane.life.gateUntil)),
    plain(results, ({ endedAt }) => timestamp(endedAt)),
    plain(results, ({ outcome }) => outcome.outcome === 'success'),
  ];
}

/** $10–$26 */
function attemptColumnsOf(batch: readonly Result[]): unknown[] {
  return [
    plain(batch, ({ delivery }) => delivery.id),
    plain(batch, ({ lane }) => lane.endpointId),
    plain(batch, ({ delivery }) => delivery.event.id),
    plain(batch, ({ startedAt }) => timestamp(startedAt)),
    plain(batch, ({ delivery }) => delivery.attempts + 1),
    plain(batch, ({ outcome }) => outcome.outcome),
    plain(batch, ({ outcome }) => outcome.status),
    plain(batch, ({ outcome }) => outcome.timings.totalMs),
    plain(batch, ({ outcome }) => outcome.timings.firstByteMs),
    plain(batch, ({ outcome }) => outcome.timings.dnsMs),
    plain(batch, ({ outcome }) => outcome.timings.connectMs),
    plain(batch, ({ outcome }) => outcome.timings.tlsMs),
    plain(batch, ({ outcome }) => outcome.address),
    quoted(batch, ({ outcome }) => outcome.error),
    quoted(batch, ({ outcome }) => (outcome.body.length === 0 ? null : outcome.body)),
    plain(batch, ({ next }) => next.ended),
    plain(batch, ({ next }) => timestamp(next.dueAt)),
  ];
}

/**
 * An array as PostgreSQL reads it, of values that need no quotes: escaping each is half of what it costs to send a
 * result. What is null throughout is not spelled out: `unnest` fills it up.
 */
function plain(batch: readonly Result[], valueOf: (result: Result) => string | number | boolean | null): string | null {
  let text = '';
  let isNull = true;
  for (const result of batch) {
    const value = valueOf(result);
    if (value !== null) isNull = false;
    text += `${text === '' ? '{' : ','}${value}`;
  }
  return isNull ? null : `${text}}`;
}

function quoted(batch: readonly Result[], valueOf: (result: Result) => string | Buffer | null): unknown[] | null {
  const column = batch.map(valueOf);
  return column.every((value) => value === null) ? null : column;
}

function wakeUpsOf(batch: readonly Result[]): NewJob[] {
  const jobs = new Map<string, NewJob>();
  for (const { lane, next, endedAt } of batch) {
    if (next.dueAt === null || next.dueAt - endedAt < wakeUpByJobMs) continue;
    const startAfter = new Date(Math.ceil(next.dueAt / 1_000) * 1_000);
    const singletonKey = `${lane.endpointId}@${startAfter.getTime() / 1_000}`;
    jobs.set(singletonKey, { data: { endpointId: lane.endpointId } satisfies WakeUp, startAfter, singletonKey });
  }
  return [...jobs.values()];
}

const timestamp = (ms: number | null) => (ms === null ? null : isoTime(new Date(ms)));
