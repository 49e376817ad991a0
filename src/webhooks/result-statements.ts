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
    where s.endpoint_id = e.endpoint_id and s.endpoint_id = any ($2::text[]) and s.owner = $1
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
export interface Fenced {
  id: string;
  revision: number;
}
/** The common case, first attempts that end their delivery: one row goes, one row comes. */
export const storeFirstAndLast = prepared<Fenced>(`
  with ${fenced}, ${attempts}, found as materialized (
    ${findingOpen('attempt', 'd.attempts = 0')}
  ), gone as (
    delete from webhook_deliveries d using found where d.ctid = found.spot returning found.*
  ), ${kept('false')}
  select endpoint_id as id, revision from fenced
`);
export const storeAny = prepared<Fenced>(`
  with ${fenced}, ${attempts}, found as materialized (
    ${findingOpen('attempt', 'd.attempts = 0 and a.number = 1')}
    union all
    ${findingOpen('attempt', 'd.attempts > 0 and a.number > 1')}
  ), gone as (
    delete from webhook_deliveries d using found where d.ctid = found.spot and found.ended is not null
    returning found.*
  ), again as (
    update webhook_deliveries d set attempts = found.number, due_at = found.due_at, attempting_since = null
    from found where d.ctid = found.spot and found.ended is null
    returning d.id
  ), ${kept('delivery_id in (select id from again)')}
  select endpoint_id as id, revision from fenced
`);
export const markSlow = prepared(`
  with slow as materialized (
    select * from unnest($1::text[], $2::text[], $3::timestamptz[]) as slow (endpoint_id, delivery_id, since)
  ), found as materialized (
    ${findingOpen('slow', 'd.attempts = 0')} union all ${findingOpen('slow', 'd.attempts > 0')}
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

const timestamp = (ms: number | null) => (ms === null ? null : isoTime(new Date(ms)));
