import type { Database, Tx } from '../../platform/postgres/database.js';
import { recordset, recordsetValues, type Columns } from '../../platform/postgres/recordset.js';
import { prepared } from '../../platform/postgres/statement.js';
import { isoTime } from '../../platform/postgres/timestamps.js';
import type { Outcome } from '../../platform/outbound/attempt.js';
import type { EndpointHealth } from '../policy/endpoint-health.js';
import type { Next } from '../policy/retry.js';
import { addCounts, countedByQuarter, quarterColumns } from './endpoint-stats.js';
import { lockStates, openAt, type DeliveryKey } from './open-deliveries.js';

/** What one attempt came to. Times are Unix milliseconds. */
export interface AttemptResult {
  endpointId: string;
  delivery: { id: string; event: { id: string; type: string }; attempts: number };
  startedAt: number;
  endedAt: number;
  /** The endpoint's, by which it was sent. */
  requestVersion: number;
  outcome: Outcome;
  next: Next;
}

/** How an endpoint stands after its last attempt. */
export interface EndpointResult {
  endpointId: string;
  /** Whose health it is: a resume begins another revision, and what came before says nothing of that. */
  revision: number;
  health: EndpointHealth;
  lastEndedAt: number;
  lastSucceeded: boolean;
}

const endpointColumns: Columns<EndpointResult> = {
  endpoint_id: ['word', (e) => e.endpointId],
  revision: ['int', (e) => e.revision],
  fails: ['int', (e) => e.health.consecutiveFails],
  half_open: ['bool', (e) => e.health.halfOpen],
  probe_at: ['timestamptz', (e) => timestamp(e.health.probeAt)],
  not_before: ['timestamptz', (e) => timestamp(e.health.notBefore)],
  last_at: ['timestamptz', (e) => timestamp(e.lastEndedAt)],
  last_ok: ['bool', (e) => e.lastSucceeded],
};

/** As the table of attempts has them, and what becomes of the delivery. */
const factColumns: Columns<AttemptResult> = {
  delivery_id: ['word', (a) => a.delivery.id],
  endpoint_id: ['word', (a) => a.endpointId],
  event_id: ['word', (a) => a.delivery.event.id],
  event_type: ['word', (a) => a.delivery.event.type],
  at: ['timestamptz', (a) => timestamp(a.startedAt)],
  number: ['int2', (a) => a.delivery.attempts + 1],
  outcome: ['word', (a) => a.outcome.outcome],
  response_status: ['int2', (a) => a.outcome.status],
  total_ms: ['int', (a) => a.outcome.timings.totalMs],
  first_byte_ms: ['int', (a) => a.outcome.timings.firstByteMs],
  dns_ms: ['int', (a) => a.outcome.timings.dnsMs],
  connect_ms: ['int', (a) => a.outcome.timings.connectMs],
  tls_ms: ['int', (a) => a.outcome.timings.tlsMs],
  address: ['text', (a) => a.outcome.address],
  error: ['text', (a) => a.outcome.error],
  request_version: ['int', (a) => a.requestVersion],
};
const attemptColumns: Columns<AttemptResult> = {
  ...factColumns,
  response_headers: ['text', (a) => (a.outcome.head === '' ? null : a.outcome.head)],
  response_body: ['bytea', (a) => (a.outcome.body.length === 0 ? null : a.outcome.body)],
  ended: ['word', (a) => a.next.ended],
  due_at: ['timestamptz', (a) => timestamp(a.next.dueAt)],
};

const firstAttemptColumn = 2 + Object.keys(endpointColumns).length;
const firstCountColumn = firstAttemptColumn + Object.keys(attemptColumns).length;
const facts = Object.keys(factColumns).join(', ');

/**
 * Only what is still this worker's is stored, `$1`; the row locks of the states keep it so until the commit. The attempt
 * that ends its delivery says so. Of a delivery that was ended while its attempt was under way, perhaps because somebody
 * is erased, no answer is kept.
 */
const store = prepared<{ id: string; revision: number }>(`
  with ours as (
    update webhook_endpoint_states s set
      consecutive_fails = case when s.revision = e.revision then e.fails else s.consecutive_fails end,
      half_open = case when s.revision = e.revision then e.half_open else s.half_open end,
      probe_at = case when s.revision = e.revision then e.probe_at else s.probe_at end,
      not_before = case when s.revision = e.revision then e.not_before else s.not_before end,
      last_delivery_at = e.last_at,
      last_delivery_ok = e.last_ok
    from ${recordset(endpointColumns, 'e', 2)}
    where s.endpoint_id = e.endpoint_id and s.endpoint_id = any ($2::text[]) and s.owner = $1
    returning s.endpoint_id, s.revision
  ), attempt as materialized (
    select a.*, d.spot from ${recordset(attemptColumns, 'a', firstAttemptColumn)} join ours using (endpoint_id)
    left join lateral ${openAt('a.endpoint_id', 'a.delivery_id')} d on true
  ), gone as (
    delete from webhook_open_deliveries d using attempt a where d.ctid = a.spot and a.ended is not null
  ), failed as (
    update webhook_open_deliveries d set attempts = a.number, due_at = a.due_at, attempting = false,
      last_outcome = a.outcome, last_status = a.response_status
    from attempt a where d.ctid = a.spot and a.ended is null
  ), kept as (
    insert into webhook_attempts (${facts}, response_headers, response_body, ended)
    select ${facts}, case when spot is not null then response_headers end,
      case when spot is not null then response_body end, case when spot is not null then ended end
    from attempt
  ), counted as (
    ${addCounts(firstCountColumn, 'ours')}
  )
  select endpoint_id as id, revision from ours
`);

/**
 * Stores results under the locks of the endpoints' states: one batch at a time sees what others ended meanwhile. Returns
 * the revision of each endpoint that is still this worker's; of the others nothing was stored.
 */
export async function storeAttempts(
  tx: Tx,
  workerId: number,
  endpoints: readonly EndpointResult[],
  attempts: readonly AttemptResult[],
): Promise<Map<string, number>> {
  lockStates(
    tx,
    endpoints.map(({ endpointId }) => endpointId),
  );
  const rows = await tx.query(store, [
    workerId,
    ...recordsetValues(endpointColumns, endpoints),
    ...recordsetValues(attemptColumns, attempts),
    ...recordsetValues(quarterColumns, countedByQuarter(attempts)),
  ]);
  return new Map(rows.map(({ id, revision }) => [id, revision]));
}

const mark = prepared(`
  with ours as materialized (
    select endpoint_id from webhook_endpoint_states
    where endpoint_id = any ($2::text[]) and owner = $1 order by endpoint_id for no key update
  )
  update webhook_open_deliveries set attempting = true where ctid = any (array(
    select d.spot from unnest($2::text[], $3::text[]) w (endpoint_id, id) join ours using (endpoint_id)
    cross join lateral ${openAt('w.endpoint_id', 'w.id')} d
  ))
`);

/** Shows that an attempt is under way, to whoever looks at the delivery. */
export async function markAttempting(
  database: Database,
  workerId: number,
  deliveries: readonly DeliveryKey[],
): Promise<void> {
  const endpointIds = deliveries.map(({ endpointId }) => endpointId);
  await database.query(mark, [workerId, endpointIds, deliveries.map(({ id }) => id)]);
}

const timestamp = (ms: number | null) => (ms === null ? null : isoTime(new Date(ms)));
