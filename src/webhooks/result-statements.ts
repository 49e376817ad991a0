import { prepared } from '../platform/database.js';
import { isoTime } from '../platform/iso-time.js';
import type { Outcome } from '../platform/outbound-attempt.js';
import type { Delivery, Lane } from './lane.js';
import { findingOpen } from './open-deliveries.js';
import type { Next } from './verdict.js';

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
  id: string;
  /** Unix milliseconds. */
  startedAt: number;
}

/**
 * The state rows are updated first: only those that are still ours count, and their row locks keep them ours until the
 * commit. $1 is the worker; $2–$10 are one entry per endpoint, the rest one per attempt.
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
      $8::timestamptz[], $9::bool[], $10::text[])
      as e (endpoint_id, revision, fails, probing, probe_at, gate_until, last_at, last_ok, ids)
    where s.endpoint_id = e.endpoint_id and s.endpoint_id = any ($2::text[]) and s.owner = $1
    returning s.endpoint_id, s.revision, string_to_array(e.ids, ' ') as ids
  )
`;
const facts = `delivery_id, endpoint_id, event_id, at, number, outcome, response_status, total_ms,
  first_byte_ms, dns_ms, connect_ms, tls_ms, address, error`;
const attempts = `
  attempt as (
    select a.* from unnest($11::text[], $12::text[], $13::text[], $14::timestamptz[], $15::int2[], $16::text[],
      $17::int2[], $18::int[], $19::int[], $20::int[], $21::int[], $22::int[], $23::text[], $24::text[], $25::bytea[],
      $26::text[], $27::timestamptz[])
      as a (${facts}, response_body, ended, due_at)
    join fenced using (endpoint_id)
  )
`;
/**
 * What ended its delivery says so. Of a delivery that was ended while it was in flight, perhaps because someone is
 * erased, no answer is kept.
 */
const kept = (wasOpen: string) => `
  kept as (
    insert into webhook_attempts (${facts}, response_body, ended)
    select ${facts}, case when ${wasOpen} then response_body end, case when ${wasOpen} then ended end from attempt
  )
`;
export interface Fenced {
  id: string;
  revision: number;
}
/**
 * The common case, first attempts that end their delivery: one row goes, one row comes. An endpoint's are neighbours in
 * the index, so one look finds them all. The bounds are for PostgreSQL before 17, which may filter by the ids.
 */
export const storeFirstAndLast = prepared<Fenced>(`
  with ${fenced}, ${attempts}, gone as (
    delete from webhook_deliveries where ctid = any (array(
      select d.spot from fenced f cross join lateral (
        select d.ctid as spot from webhook_deliveries d
        where d.endpoint_id = f.endpoint_id and d.attempts = 0 and d.id = any (f.ids)
          and d.id >= f.ids[1] and d.id <= f.ids[cardinality(f.ids)]
        offset 0
      ) d
    ))
    returning id
  ), ${kept('delivery_id in (select id from gone)')}
  select endpoint_id as id, revision from fenced
`);
export const storeAny = prepared<Fenced>(`
  with ${fenced}, ${attempts}, found as materialized (
    ${findingOpen('attempt', 'd.attempts = 0 and a.number = 1', 'a.number, a.ended, a.due_at')}
    union all
    ${findingOpen('attempt', 'd.attempts > 0 and a.number > 1', 'a.number, a.ended, a.due_at')}
  ), gone as (
    delete from webhook_deliveries d using found where d.ctid = found.spot and found.ended is not null
    returning d.id
  ), again as (
    update webhook_deliveries d set attempts = found.number, due_at = found.due_at, attempting_since = null
    from found where d.ctid = found.spot and found.ended is null
    returning d.id
  ), ${kept('delivery_id in (select id from gone union all select id from again)')}
  select endpoint_id as id, revision from fenced
`);
export const markSlow = prepared(`
  with slow as materialized (
    select * from unnest($1::text[], $2::text[], $3::timestamptz[]) as slow (endpoint_id, delivery_id, since)
  ), found as materialized (
    ${findingOpen('slow', 'd.attempts = 0', 'a.since')} union all ${findingOpen('slow', 'd.attempts > 0', 'a.since')}
  )
  update webhook_deliveries d set attempting_since = found.since from found where d.ctid = found.spot
`);

/** What `storeFirstAndLast` and `storeAny` are told of a batch. */
export function valuesOf(worker: number, batch: readonly Result[]): unknown[] {
  return [worker, ...endpointColumns(batch), ...attemptColumnsOf(batch)];
}

export function slowValuesOf(slow: readonly SlowAttempt[]): unknown[] {
  return [
    slow.map(({ endpointId }) => endpointId),
    slow.map(({ id }) => id),
    slow.map(({ startedAt }) => new Date(startedAt)),
  ];
}

/** $2–$10: the last result of each endpoint says how it stands. */
function endpointColumns(batch: readonly Result[]): (string | null)[] {
  const own = Map.groupBy(batch, ({ lane }) => lane.endpointId);
  const results = [...own.values()].flatMap((some) => some.slice(-1));
  return [
    plain(results, ({ lane }) => lane.endpointId),
    plain(results, ({ lane }) => lane.subscriber.revision),
    plain(results, ({ lane }) => lane.life.consecutiveFails),
    plain(results, ({ lane }) => lane.life.probing),
    plain(results, ({ lane }) => timestamp(lane.life.probeAt)),
    plain(results, ({ lane }) => timestamp(lane.life.gateUntil)),
    plain(results, ({ endedAt }) => timestamp(endedAt)),
    plain(results, ({ outcome }) => outcome.outcome === 'success'),
    plain(results, ({ lane }) => `"${sortedIds(own.get(lane.endpointId) ?? [])}"`),
  ];
}

/** $11–$27 */
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

const sortedIds = (results: readonly Result[]) =>
  results
    .map(({ delivery }) => delivery.id)
    .sort()
    .join(' ');

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
