import { firstWaiting } from '../../events/event.service.js';
import type { Database } from '../../platform/postgres/database.js';
import { prepared } from '../../platform/postgres/statement.js';
import { stateSendsNotBefore } from '../policy/endpoint-health.js';
import { leaseRuns, liveWorkers } from './live-workers.js';

/** What the engine reads of open deliveries: what is next for each endpoint, and which endpoints have something to do. */

export interface OpenDelivery {
  endpointId: string;
  id: string;
  eventId: string;
  attempts: number;
  dueAt: Date | null;
  askedAt: Date | null;
  /** What the event's text comes to; null where there is no such event. */
  eventBytes: number | null;
}

/** Of each endpoint `q`, the first rows `d`: which, and in what order. Each kind has an index of its own. */
const reading = (which: string, order: string) =>
  prepared<OpenDelivery>(`
    select q.endpoint_id as "endpointId", d.id, d.event_id as "eventId", d.attempts, d.due_at as "dueAt",
      d.asked_at as "askedAt", octet_length(event.body) as "eventBytes"
    from unnest($1::text[], $2::text[], $3::int[]) q (endpoint_id, after_id, wanted)
    cross join lateral (
      select * from webhook_open_deliveries d where d.endpoint_id = q.endpoint_id and ${which} order by ${order} limit q.wanted
    ) d
    left join lateral (select body from events where id = d.event_id limit 1) event on true
  `);
const readings = {
  /** Never attempted, in the order in which they were made. */
  pending: reading('d.attempts = 0 and d.id > q.after_id', 'd.id'),
  /** That failed before, the first due first. */
  failed: reading('d.due_at is not null', 'd.due_at'),
  /** Both, each in its place. */
  all: reading('d.id > q.after_id', 'd.id'),
};
export type OpenKind = keyof typeof readings;

export interface WantedOpen {
  endpointId: string;
  /** Not those up to this id, unless they failed before. */
  afterId: string;
  count: number;
}

export async function readOpen(
  database: Database,
  kind: OpenKind,
  wanted: readonly WantedOpen[],
): Promise<OpenDelivery[]> {
  if (wanted.length === 0) return [];
  return await database.query(readings[kind], [
    wanted.map(({ endpointId }) => endpointId),
    wanted.map(({ afterId }) => afterId),
    wanted.map(({ count }) => count),
  ]);
}

/**
 * Takes endpoints that have something to send and no living worker, by stepping from endpoint to endpoint in the index:
 * however many rows one of them has parked, it costs one step. `$1` is the worker, `$2` the moment, `$3` what the worker
 * knows to be its own. Rows that are locked are skipped: whoever locks them is about to change who owns them. An endpoint
 * that bounds how many it gets at once is taken only when its owner's lease has run out, too: the owner's session may have
 * ended with a failover, and its posts go on for as long as the lease.
 */
const orphansMax = 1_000;
const takeOrphans = prepared<{ id: string }>(`
  with recursive step as (
    (select endpoint_id from webhook_open_deliveries order by endpoint_id limit 1)
    union all
    select (
      select d.endpoint_id from webhook_open_deliveries d where d.endpoint_id > step.endpoint_id
      order by d.endpoint_id limit 1
    ) from step where step.endpoint_id is not null
  ), live as (${liveWorkers}), orphans as (
    select s.endpoint_id from step
    join webhook_endpoint_states s using (endpoint_id)
    join webhook_endpoints e on e.id = s.endpoint_id
    cross join lateral (
      (select from webhook_open_deliveries d where d.endpoint_id = s.endpoint_id and d.attempts = 0 limit 1)
      union all
      (select from webhook_open_deliveries d where d.endpoint_id = s.endpoint_id and d.due_at <= $2 limit 1)
      limit 1
    ) due
    where e.status = 'active' and coalesce(${stateSendsNotBefore} <= $2, true)
      and (s.owner is null or s.owner not in (select id from live) or (s.owner = $1 and s.endpoint_id <> all ($3)))
      and (e.max_concurrency is null or s.owner is null or s.owner = $1
        or not exists (select from webhook_workers w where w.id = s.owner and ${leaseRuns}))
    limit ${orphansMax}
    for no key update of s skip locked
  )
  update webhook_endpoint_states s set owner = $1 from orphans where s.endpoint_id = orphans.endpoint_id
  returning s.endpoint_id as id
`);

export async function takeOrphanedEndpoints(
  database: Database,
  workerId: number,
  now: number,
  known: readonly string[],
): Promise<string[]> {
  return (await database.query(takeOrphans, [workerId, new Date(now), known])).map(({ id }) => id);
}

// What is due again at `epoch` was resumed; a change of the endpoint is the latest that a resume can have been.
const oldestDue = prepared<{ seconds: number }>(`
  select coalesce(max(extract(epoch from now() - since)), 0)::float8 as seconds from (
    select greatest(open.wanted_at, e.updated_at, ${stateSendsNotBefore}) as since
    from webhook_endpoints e
    join webhook_endpoint_states s on s.endpoint_id = e.id
    cross join lateral (
      (select d.due_at as wanted_at from webhook_open_deliveries d
       where d.endpoint_id = e.id and d.due_at is not null order by d.due_at limit 1)
      union all
      (select coalesce(pending.asked_at, event.created_at) from (
         select * from webhook_open_deliveries d where d.endpoint_id = e.id and d.attempts = 0 order by d.id limit 1
       ) pending join events event on event.id = pending.event_id
       where e.max_concurrency is distinct from 1 or not exists (
         select from webhook_open_deliveries head
         where head.endpoint_id = e.id and head.id < pending.id and head.due_at > now()
       ))
    ) open
    where e.status = 'active' and e.deleted_at is null
    union all
    select event.created_at from (${firstWaiting}) first join events event on event.id = first.event_id
  ) due
  where since <= now()
`);

/** For how long the oldest event or delivery that nothing but us holds back has been waiting. */
export async function oldestDueSeconds(database: Database): Promise<number> {
  return (await database.query(oldestDue))[0]?.seconds ?? 0;
}
