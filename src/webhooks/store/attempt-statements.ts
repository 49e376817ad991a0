import { prepared } from '../../platform/postgres/statement.js';
import { isoTime } from '../../platform/postgres/timestamps.js';
import type { Outcome } from '../../platform/outbound/attempt.js';
import type { Delivery, Lane } from '../engine/endpoint-queue.js';
import { bitOf, retryAt, runAt } from './packed-deliveries.js';
import type { Next } from '../policy/retry.js';

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

/** One that is still under way. */
export interface SlowAttempt {
  endpointId: string;
  delivery: Delivery;
}

/**
 * The state rows are updated first: only those that are still ours count, and their row locks keep them ours until the
 * commit. $1 is the worker; $2–$9 are one entry per endpoint, $10–$12 one per run, the rest one per attempt.
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
    where s.endpoint_id = e.endpoint_id and s.endpoint_id = any ($2::text[]) and s.owner = $1
    returning s.endpoint_id, s.revision, s.skips
  )
`;
/** Of the runs, what is open of it, and where the row lies; as it is found by `runAt`. */
const found = (which: string) => `
  found as materialized (
    select m.last_id, m.settled, m.settled & r.open as were_open, r.open & ~m.settled as left_open, r.spot
    from unnest($10::text[], $11::text[], $12::int[]) m (endpoint_id, last_id, settled)
    join fenced using (endpoint_id)
    cross join lateral ${runAt('m.endpoint_id', 'm.last_id')} r
    where r.last_id = m.last_id and ${which}
  ), emptied as (
    delete from webhook_runs r using found where r.ctid = found.spot and found.left_open = 0
  ), thinned as (
    update webhook_runs r set open = found.left_open from found where r.ctid = found.spot and found.left_open <> 0
  )
`;
const wasOpenInRun = 'exists (select from found where found.last_id = a.run and found.were_open & a.bit <> 0)';
const facts = `delivery_id, endpoint_id, event_id, event_type, at, number, outcome, response_status, total_ms,
  first_byte_ms, dns_ms, connect_ms, tls_ms, address, error`;
const attempts = `
  attempt as (
    select a.* from unnest($13::text[], $14::text[], $15::text[], $16::text[], $17::timestamptz[], $18::int2[],
      $19::text[], $20::int2[], $21::int[], $22::int[], $23::int[], $24::int[], $25::int[], $26::text[], $27::text[],
      $28::bytea[], $29::text[], $30::timestamptz[], $31::text[], $32::int[])
      as a (${facts}, response_body, ended, due_at, run, bit)
    join fenced using (endpoint_id)
  )
`;
/**
 * What ended its delivery says so. Of a delivery that was ended while it was in flight, perhaps because someone is
 * erased, no answer is kept.
 */
const kept = (wasOpen: string, which = 'true') => `
  kept as (
    insert into webhook_attempts (${facts}, response_body, ended)
    select ${facts}, case when ${wasOpen} then response_body end, case when ${wasOpen} then ended end
    from attempt a where ${which}
  )
`;
export interface Fenced {
  id: string;
  revision: number;
  /** False: what was seen is older than what someone did under the endpoint's lock since. Nothing was stored. */
  isCurrent: boolean;
}
/**
 * The common case, first attempts that end their delivery: its bit goes, its attempt comes. A statement sees what was
 * committed when it began, but locks the states as they are now: where the two differ in their skips, someone ended
 * deliveries in between.
 */
export const storeFirstAndLast = prepared<Fenced>(`
  with ${fenced}, current as materialized (
    select not exists (
      select from fenced where skips <> (select s.skips from webhook_endpoint_states s where s.endpoint_id = fenced.endpoint_id)
    ) as yes
  ), ${attempts}, ${found('(select yes from current)')}, usual as materialized (
    select count(*) = cardinality($11::text[]) as yes from found where were_open = settled
  ), ${kept(`case when (select yes from usual) then true else ${wasOpenInRun} end`, '(select yes from current)')}
  select endpoint_id as id, revision, (select yes from current) as "isCurrent" from fenced
`);
/** For who has called `lockStates`. */
export const storeAny = prepared<Fenced>(`
  with ${fenced}, ${attempts}, ${found('true')}, retried as materialized (
    select a.ended, a.number, a.due_at, d.spot from attempt a
    cross join lateral ${retryAt('a.endpoint_id', 'a.delivery_id')} d
    where a.run is null and d.id = a.delivery_id
  ), gone as (
    delete from webhook_retries d using retried where d.ctid = retried.spot and retried.ended is not null
    returning d.id
  ), again as (
    update webhook_retries d set attempts = retried.number, due_at = retried.due_at, attempting = false
    from retried where d.ctid = retried.spot and retried.ended is null
    returning d.id
  ), failed as (
    insert into webhook_retries (id, endpoint_id, event_id, attempts, due_at)
    select delivery_id, endpoint_id, event_id, number, due_at from attempt a where ended is null and ${wasOpenInRun}
  ), ${kept(`(${wasOpenInRun} or delivery_id in (select id from gone union all select id from again))`)}
  select endpoint_id as id, revision, true as "isCurrent" from fenced
`);
/** `$2` and `$3` are one entry per retry, `$4` to `$6` one per run. */
export const markSlow = prepared(`
  with ours as materialized (
    select endpoint_id from webhook_endpoint_states
    where endpoint_id = any ($2::text[] || $4::text[]) and owner = $1 order by endpoint_id for no key update
  ), retried as (
    update webhook_retries set attempting = true where ctid = any (array(
      select d.spot from unnest($2::text[], $3::text[]) w (endpoint_id, id) join ours using (endpoint_id)
      cross join lateral ${retryAt('w.endpoint_id', 'w.id')} d
      where d.id = w.id
    ))
  ), found as materialized (
    select r.spot, w.bits from unnest($4::text[], $5::text[], $6::int[]) w (endpoint_id, last_id, bits)
    join ours using (endpoint_id)
    cross join lateral ${runAt('w.endpoint_id', 'w.last_id')} r
    where r.last_id = w.last_id
  )
  update webhook_runs r set attempting = attempting | found.bits from found where r.ctid = found.spot
`);

/** What `storeFirstAndLast` and `storeAny` are told of a batch. */
export function valuesOf(worker: number, batch: readonly Result[]): unknown[] {
  return [worker, ...endpointColumns(batch), ...runColumns(batch.map(onesOwn)), ...attemptColumnsOf(batch)];
}

export function slowValuesOf(worker: number, slow: readonly SlowAttempt[]): unknown[] {
  const retried = slow.filter(({ delivery }) => delivery.place === null);
  return [
    worker,
    retried.map(({ endpointId }) => endpointId),
    retried.map(({ delivery }) => delivery.id),
    ...runColumns(slow),
  ];
}

const onesOwn = ({ lane, delivery }: Result) => ({ endpointId: lane.endpointId, delivery });

/** $2–$9: the last result of each endpoint says how it stands. In the order in which everyone locks them. */
function endpointColumns(batch: readonly Result[]): (string | null)[] {
  const last = new Map(batch.map((result) => [result.lane.endpointId, result]));
  const results = [...last.values()].sort((a, b) => (a.lane.endpointId < b.lane.endpointId ? -1 : 1));
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

/** Which bits of which runs. */
function runColumns(deliveries: readonly SlowAttempt[]): [string[], string[], number[]] {
  const runs = new Map<string, { endpointId: string; bits: number }>();
  for (const { endpointId, delivery } of deliveries) {
    if (delivery.place === null) continue;
    const { lastId } = delivery.place.run;
    const run = runs.get(lastId);
    if (run === undefined) runs.set(lastId, { endpointId, bits: bitOf(delivery.place) });
    else run.bits |= bitOf(delivery.place);
  }
  const each = [...runs.values()];
  return [each.map(({ endpointId }) => endpointId), [...runs.keys()], each.map(({ bits }) => bits)];
}

/** $13–$32 */
function attemptColumnsOf(batch: readonly Result[]): unknown[] {
  return [
    plain(batch, ({ delivery }) => delivery.id),
    plain(batch, ({ lane }) => lane.endpointId),
    plain(batch, ({ delivery }) => delivery.event.id),
    plain(batch, ({ delivery }) => delivery.event.type),
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
    plain(batch, ({ delivery }) => delivery.place?.run.lastId ?? null),
    plain(batch, ({ delivery }) => (delivery.place === null ? null : bitOf(delivery.place))),
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

const timestamp = (ms: number | null) => (ms === null ? null : isoTime(new Date(ms)));
