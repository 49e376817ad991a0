import { placing, takingWaiting } from '../../events/event.service.js';
import { followedMsMax } from '../../platform/id.js';
import { prepared } from '../../platform/postgres/statement.js';
import { insertOpen } from './open-deliveries.js';

export interface FannedOut {
  /** False: what was seen is older than what someone did under the lock since, or `$1` is. Nothing was done. */
  isCurrent: boolean;
  lastDeliveryMs: string;
  events: number;
  /** Whose events these were, and to which endpoints deliveries of them were made. */
  workspaceIds: string[];
  endpointIds: string[];
}

/**
 * Makes the deliveries of waiting events, all in one statement, so that a crash leaves all or nothing: the events no
 * longer wait, they get their places, and each endpoint that listens gets its delivery. Events are taken in the order
 * of their ids, as pg-boss cannot: its fetch goes by the start of the transaction that inserted the job, and one that
 * waited for a row's lock began before what it comes after.
 *
 * Whatever is looked up is looked up by its own index, row by row: a join would be planned by what the tables held when
 * it was, and its plan kept (docs/decisions/011). Hence, too, the order where there is one row.
 *
 * The lock of `webhook_fan_out` makes it one at a time. A statement sees what was committed when it began, but locks the
 * row as it is now: where the two differ in their `version`, someone deleted an endpoint or erased an event in between.
 *
 * `$1`: milliseconds of the ids, above all before, unless a clock that was wrong made those; `$2` and `$3`: what stands
 * around a delivery's number in its id; `$4`: how many events. No row: another process holds the lock.
 */
export const fanOutWaiting = prepared<FannedOut>(`
  with held as materialized (
    select version, last_delivery_ms from webhook_fan_out for update skip locked
  ), current as materialized (
    select from held join webhook_fan_out seen on seen.version = held.version
    where held.last_delivery_ms < $1 or held.last_delivery_ms > $1 + ${followedMsMax}
  ), taken as (
    ${takingWaiting('$4', 'exists (select from current)')}
  ), happened as materialized (
    select e.id, e.workspace_id, e.type, e.created_at from taken
    cross join lateral (
      select * from events where id >= taken.event_id and id <= taken.event_id order by id limit 1
    ) e
  ), places as (
    ${placing('happened')}
  ), heard as materialized (
    select h.id as event_id, l.id as endpoint_id, row_number() over (order by h.id, l.id) as number
    from happened h cross join lateral (
      select e.id from webhook_endpoints e
      where e.workspace_id = h.workspace_id and h.type = any (e.events) and e.created_at <= h.created_at
        and e.deleted_at is null
    ) l
  ), deliveries as (
    select endpoint_id, $2 || lpad(number::text, 6, '0') || $3 as id, event_id from heard order by number
  ), made as (
    ${insertOpen('deliveries')}
  ), noted as (
    update webhook_fan_out set version = version + 1, last_delivery_ms = $1 where exists (select from taken)
  )
  select exists (select from current) as "isCurrent", held.last_delivery_ms as "lastDeliveryMs",
    (select count(*)::int from taken) as events,
    array(select distinct workspace_id from happened) as "workspaceIds",
    array(select distinct endpoint_id from heard) as "endpointIds"
  from held
`);
