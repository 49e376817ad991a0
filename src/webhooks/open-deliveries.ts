import { prepared, type Database, type Tx } from '../platform/database.js';

/**
 * `source`, aliased `a`, has `endpoint_id` and `delivery_id`: `columns` of it with the `spot` of what is still open, each
 * by one look into the index that `which` names by `d.attempts = 0` or `> 0`. A join would be planned by what the table
 * held at that moment, nothing perhaps, and go through all that is parked ever after; the order leaves one index to
 * choose.
 */
export const findingOpen = (source: string, which: string, columns: string) => `
  select ${columns}, d.spot from ${source} a cross join lateral (
    select d.id, d.ctid as spot from webhook_deliveries d
    where d.endpoint_id = a.endpoint_id and d.id >= a.delivery_id and ${which} order by d.id limit 1
  ) d where d.id = a.delivery_id
`;

/** Of any `d`. Every row has one of both, and an index for each: what names the endpoint and this reads no other's rows. */
export const indexed = '(d.attempts = 0 or d.attempts > 0)';

/** Ends open deliveries on purpose and on record; `which` picks them, `$1` is the moment. */
export const skipping = (which: string) => `
  with gone as (
    delete from webhook_deliveries d where ${which} returning d.id, d.endpoint_id, d.event_id, d.attempts
  ), kept as (
    insert into webhook_attempts (delivery_id, endpoint_id, event_id, at, number, ended)
    select id, endpoint_id, event_id, $1::timestamptz, attempts, 'skipped' from gone
    returning 1
  )
  select count(*)::int as skipped from kept
`;
const skipAll = prepared(skipping(`d.endpoint_id = $2 and ${indexed}`));
export const skipSome = prepared(skipping(`d.endpoint_id = any($2) and d.id = any($3) and ${indexed}`));

/** Every open delivery of an endpoint. */
export async function skipOpenDeliveries(tx: Tx, endpointId: string, at: Date): Promise<void> {
  await tx.query(skipAll, [at, endpointId]);
}

export async function skipDeliveries(
  database: Database,
  deliveries: readonly { endpointId: string; id: string }[],
): Promise<void> {
  const endpointIds = [...new Set(deliveries.map(({ endpointId }) => endpointId))];
  await database.query(skipSome, [new Date(), endpointIds, deliveries.map(({ id }) => id)]);
}
