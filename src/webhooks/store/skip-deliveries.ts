import { now } from '../../platform/clock.js';
import type { Database, Tx } from '../../platform/postgres/database.js';
import { prepared } from '../../platform/postgres/statement.js';
import { openOf, retryAt, runAt } from './packed-deliveries.js';

/**
 * Ends deliveries on purpose and on record. `runs` gives the rows `r` of `webhook_runs` in which to look, `retries` the
 * rows of `webhook_retries`; of both those that `which` tells of a `d`, which has an `id` and an `event_id`. `$1` is the
 * moment. For who has called `lockStates` for their endpoints, so that nobody else moves those rows.
 */
export const skipping = (runs: string, retries: string, which = 'true') => `
  with chosen as materialized (
    select r.spot, r.endpoint_id, r.open, d.id, d.event_id, d.bit
    from (${runs}) r cross join lateral (${openOf('r')}) d where ${which}
  ), rest as materialized (
    select spot, open & ~bit_or(bit) as open from chosen group by spot, open
  ), emptied as (
    delete from webhook_runs r using rest where r.ctid = rest.spot and rest.open = 0
  ), thinned as (
    update webhook_runs r set open = rest.open from rest where r.ctid = rest.spot and rest.open <> 0
  ), gone as (
    delete from webhook_retries where ctid = any (array(select d.spot from (${retries}) d where ${which}))
    returning id, endpoint_id, event_id, attempts
  ), counted as (
    update webhook_endpoint_states set skips = skips + 1
    where endpoint_id = any (array(select endpoint_id from chosen union select endpoint_id from gone))
  ), kept as (
    insert into webhook_attempts (delivery_id, endpoint_id, event_id, at, number, ended)
    select id, endpoint_id, event_id, $1::timestamptz, 0, 'skipped' from chosen
    union all
    select id, endpoint_id, event_id, $1::timestamptz, attempts, 'skipped' from gone
    returning 1
  )
  select count(*)::int as skipped from kept
`;

/** What `skipping` looks in, of these `d`. */
export const runsWhere = (which: string) =>
  `select d.ctid as spot, d.endpoint_id, d.ids, d.event_ids, d.open from webhook_runs d where ${which}`;
export const retriesWhere = (which: string) =>
  `select d.ctid as spot, d.id, d.event_id from webhook_retries d where ${which}`;

const skipAll = prepared(skipping(runsWhere('d.endpoint_id = $2'), retriesWhere('d.endpoint_id = $2')));

// `is true` keeps what is wanted from becoming a join.
const wanted = 'unnest($2::text[], $3::text[]) w (endpoint_id, id)';
export const skipSome = prepared(
  skipping(
    `select distinct r.spot, w.endpoint_id, r.ids, r.event_ids, r.open from ${wanted}
     cross join lateral ${runAt('w.endpoint_id', 'w.id')} r`,
    `select d.* from ${wanted} cross join lateral ${retryAt('w.endpoint_id', 'w.id')} d`,
    '(d.id in (select unnest($3::text[]))) is true',
  ),
);

const lockSome = prepared(
  'select from webhook_endpoint_states where endpoint_id = any ($1) order by endpoint_id for no key update',
);

/** Waits for the lock under which anything that these endpoints have open is moved: what follows sees it as it is. */
export function lockStates(tx: Tx, endpointIds: readonly string[]): void {
  tx.write(lockSome, [[...new Set(endpointIds)]]);
}

/** Every open delivery of an endpoint. */
export async function skipOpenDeliveries(tx: Tx, endpointId: string, at: Date): Promise<void> {
  lockStates(tx, [endpointId]);
  await tx.query(skipAll, [at, endpointId]);
}

export async function skipDeliveries(
  database: Database,
  deliveries: readonly { endpointId: string; id: string }[],
): Promise<void> {
  const endpointIds = deliveries.map(({ endpointId }) => endpointId);
  await database.transaction(async (tx) => {
    lockStates(tx, endpointIds);
    await tx.query(skipSome, [now(), endpointIds, deliveries.map(({ id }) => id)]);
  });
}
