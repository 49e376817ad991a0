import type { Database } from '../../platform/postgres/database.js';
import { prepared } from '../../platform/postgres/statement.js';
import type { EventTexts } from './event-text-cache.js';
import { queuedBytesMax, type Loaded } from './endpoint-queue.js';
import { skipDeliveries } from '../store/skip-deliveries.js';
import { opensAt } from '../policy/endpoint-health.js';
import { bitOf, type Place } from '../store/packed-deliveries.js';
import { liveWorkers } from './worker-lease.js';

const orphansMax = 1_000;

// Locked rows are skipped: whoever holds them is about to change who owns what, and there is a next time.
const takeFree = prepared<{ id: string }>(`
  with free as (
    select s.endpoint_id from webhook_endpoint_states s
    join webhook_endpoints e on e.id = s.endpoint_id and e.status = 'active' and e.deleted_at is null
    where s.endpoint_id = any($2) and s.owner is null
    for no key update of s skip locked
  )
  update webhook_endpoint_states s set owner = $1 from free where s.endpoint_id = free.endpoint_id
  returning s.endpoint_id as id
`);

/** Steps from endpoint to endpoint in the index: however many rows one of them has parked, it costs one step. */
const endpointsIn = (table: string) => `
  (select endpoint_id from ${table} order by endpoint_id limit 1)
  union all
  select (select d.endpoint_id from ${table} d where d.endpoint_id > step.endpoint_id order by d.endpoint_id limit 1)
`;
export const takeOrphans = prepared<{ id: string }>(`
  with recursive fresh as (
    ${endpointsIn('webhook_runs')} from fresh step where step.endpoint_id is not null
  ), retried as (
    ${endpointsIn('webhook_retries')} from retried step where step.endpoint_id is not null
  ), waiting as (
    select endpoint_id from fresh where endpoint_id is not null
    union
    select endpoint_id from retried r where exists (
      select from webhook_retries d where d.endpoint_id = r.endpoint_id and d.due_at <= $2
    )
  ), live as (${liveWorkers}), orphans as (
    select s.endpoint_id from waiting
    join webhook_endpoint_states s using (endpoint_id)
    join webhook_endpoints e on e.id = s.endpoint_id
    where e.status = 'active' and coalesce(${opensAt} <= $2, true)
      and (s.owner is null or s.owner not in (select id from live) or (s.owner = $1 and s.endpoint_id <> all ($3)))
    limit ${orphansMax}
    for no key update of s skip locked
  )
  update webhook_endpoint_states s set owner = $1 from orphans where s.endpoint_id = orphans.endpoint_id
  returning s.endpoint_id as id
`);
const inherit = prepared<{ id: string }>(
  'update webhook_endpoint_states set owner = $1 where owner = $2 and endpoint_id = any($3) returning endpoint_id as id',
);
const giveBack = prepared<{ id: string }>(
  'update webhook_endpoint_states set owner = null where owner = $1 and endpoint_id = any($2)',
);
/** Whole runs, of each lane those in which the first that it wants are. */
export const readFresh = prepared<Run>(`
  select lane.endpoint_id as "endpointId", run.last_id as "lastId", array_to_string(run.ids, ' ') as ids,
    array_to_string(run.event_ids, ' ') as "eventIds", run.open, run.asked_at as "askedAt",
    run.before + cardinality(run.ids) >= lane.wanted as "isEnough"
  from unnest($1::text[], $2::text[], $3::int[]) as lane (endpoint_id, cursor, wanted)
  cross join lateral (
    select r.*, sum(cardinality(r.ids)) over (order by r.last_id) - cardinality(r.ids) as before from (
      select * from webhook_runs r
      where r.endpoint_id = lane.endpoint_id and r.last_id > lane.cursor
      order by r.last_id limit lane.wanted
    ) r
  ) run
  where run.before < lane.wanted
  order by lane.endpoint_id, run.last_id
`);
export const readDue = prepared<{ endpointId: string; id: string; eventId: string; attempts: number; dueAt: Date }>(`
  select lane.endpoint_id as "endpointId", d.id, d.event_id as "eventId", d.attempts, d.due_at as "dueAt"
  from unnest($1::text[], $2::int[]) as lane (endpoint_id, wanted)
  cross join lateral (
    select d.id, d.event_id, d.attempts, d.due_at from webhook_retries d
    where d.endpoint_id = lane.endpoint_id
    order by d.due_at limit lane.wanted
  ) d
`);
const readRetriedInOrder = prepared<{
  endpointId: string;
  id: string;
  eventId: string;
  attempts: number;
  dueAt: Date;
}>(`
  select lane.endpoint_id as "endpointId", d.id, d.event_id as "eventId", d.attempts, d.due_at as "dueAt"
  from unnest($1::text[], $2::int[]) as lane (endpoint_id, wanted)
  cross join lateral (
    select d.id, d.event_id, d.attempts, d.due_at from webhook_retries d
    where d.endpoint_id = lane.endpoint_id
    order by d.id limit lane.wanted
  ) d
`);

interface Run {
  endpointId: string;
  lastId: string;
  /** Of the deliveries, in order, with a space between. */
  ids: string;
  eventIds: string;
  /** A bit for each. */
  open: number;
  askedAt: Date | null;
  /** Whether the lane has what it wants, and there may be more. */
  isEnough: boolean;
}

/** A row of the table, before its event's text is read. */
interface Found {
  endpointId: string;
  id: string;
  eventId: string;
}

interface Fresh extends Found {
  place: Place;
  askedAt: Date | null;
}

export interface Want {
  endpointId: string;
  inOrder: boolean;
  cursor: string;
  fresh: number;
  retries: number;
}

/** Which endpoints are this worker's, and what they have to deliver. The lane is the claim: no row is marked. */
export class Claims {
  constructor(
    private readonly database: Database,
    private readonly texts: EventTexts,
  ) {}

  async takeFree(owner: number, endpointIds: readonly string[]): Promise<string[]> {
    return (await this.database.query(takeFree, [owner, endpointIds])).map(({ id }) => id);
  }

  /** Endpoints with something due that no living worker delivers to; `known` are those this worker has a lane for. */
  async takeOrphans(owner: number, now: number, known: readonly string[]): Promise<string[]> {
    return (await this.database.query(takeOrphans, [owner, new Date(now), known])).map(({ id }) => id);
  }

  /** What this worker had under its former id, unless another has taken it since. */
  async inherit(owner: number, former: number, endpointIds: readonly string[]): Promise<string[]> {
    return (await this.database.query(inherit, [owner, former, endpointIds])).map(({ id }) => id);
  }

  async giveBack(owner: number, endpointIds: readonly string[]): Promise<void> {
    if (endpointIds.length > 0) await this.database.query(giveBack, [owner, endpointIds]);
  }

  async load(wants: readonly Want[]): Promise<Map<string, Loaded>> {
    const freshWants = wants.filter(({ fresh }) => fresh > 0);
    const dueWants = wants.filter(({ retries, inOrder }) => retries > 0 && !inOrder);
    const orderedWants = wants.filter(({ retries, inOrder }) => retries > 0 && inOrder);
    const ids = (some: readonly Want[]) => some.map(({ endpointId }) => endpointId);
    const numbers = (some: readonly Want[]) => some.map(({ retries }) => retries);
    const [fresh, due, ordered] = await Promise.all([
      freshWants.length === 0
        ? []
        : this.database.query(readFresh, [
            ids(freshWants),
            freshWants.map(({ cursor }) => cursor),
            freshWants.map(({ fresh }) => fresh),
          ]),
      dueWants.length === 0 ? [] : this.database.query(readDue, [ids(dueWants), numbers(dueWants)]),
      orderedWants.length === 0
        ? []
        : this.database.query(readRetriedInOrder, [ids(orderedWants), numbers(orderedWants)]),
    ]);
    return await this.withTexts(wants, fresh, [...due, ...ordered]);
  }

  /** As many of each lane's as fit; at least one, however long it is. */
  private async withTexts(
    wants: readonly Want[],
    runs: readonly Run[],
    retried: readonly (Found & { attempts: number; dueAt: Date })[],
  ): Promise<Map<string, Loaded>> {
    const cursors = new Map(wants.map(({ endpointId, cursor }) => [endpointId, cursor]));
    const fresh = runs.flatMap((run) => openIn(run, cursors.get(run.endpointId) ?? ''));
    const all = [...fresh, ...retried];
    const eventIds = new Set(all.map(({ eventId }) => eventId));
    const sizes = await this.texts.sizes(eventIds);
    // Events outlive what is due of them, so this is for rows that someone restored or tampered with.
    const lost = sizes.size === eventIds.size ? [] : all.filter(({ eventId }) => !sizes.has(eventId));
    if (lost.length > 0) await skipDeliveries(this.database, lost);
    const room = new Map<string, number>();
    const fits = ({ endpointId, eventId }: Found) => {
      const left = room.get(endpointId) ?? queuedBytesMax;
      room.set(endpointId, left - (sizes.get(eventId) ?? 0));
      return left > 0;
    };
    const chosen = new Set(all.filter((found) => sizes.has(found.eventId) && fits(found)));
    const texts = await this.texts.read(new Set([...chosen].map(({ eventId }) => eventId)));

    const lastRuns = new Map(runs.map((run) => [run.endpointId, run]));
    const freshByLane = Map.groupBy(fresh, ({ endpointId }) => endpointId);
    const retriedByLane = Map.groupBy(retried, ({ endpointId }) => endpointId);
    const loaded = new Map<string, Loaded>();
    for (const { endpointId, retries: retriesWanted, inOrder } of wants) {
      const lastRun = lastRuns.get(endpointId);
      const own = freshByLane.get(endpointId) ?? [];
      const isAll = own.every((found) => chosen.has(found));
      const ownRetried = retriedByLane.get(endpointId) ?? [];
      const firstLeft = ownRetried.find((found) => !chosen.has(found) && !lost.includes(found)) ?? null;
      const more = firstLeft ?? (ownRetried.length >= retriesWanted ? (ownRetried.at(-1) ?? null) : null);
      loaded.set(endpointId, {
        fresh: own.flatMap((found) => {
          const event = chosen.has(found) ? texts.get(found.eventId) : undefined;
          const askedAt = found.askedAt?.getTime() ?? null;
          const { id, place } = found;
          return event === undefined ? [] : [{ id, event, attempts: 0, place, dueAt: null, askedAt }];
        }),
        hasMoreFresh: !isAll || (lastRun?.isEnough ?? false),
        cursor: (isAll ? lastRun?.lastId : own.findLast((found) => chosen.has(found))?.id) ?? '',
        retries: ownRetried.flatMap((found) => {
          const event = chosen.has(found) ? texts.get(found.eventId) : undefined;
          const { id, attempts, dueAt } = found;
          return event === undefined
            ? []
            : [{ id, event, attempts, place: null, dueAt: dueAt.getTime(), askedAt: null }];
        }),
        nextRetryAt: more === null ? null : inOrder ? Infinity : more.dueAt.getTime(),
      });
    }
    return loaded;
  }
}

/** Those behind the cursor. */
function openIn({ endpointId, lastId, ids, eventIds, open, askedAt }: Run, cursor: string): Fresh[] {
  const events = eventIds.split(' ');
  const run = { lastId };
  return ids.split(' ').flatMap((id, index) => {
    const place = { run, index };
    if (id <= cursor || (open & bitOf(place)) === 0) return [];
    return [{ endpointId, id, eventId: events[index] ?? '', place, askedAt }];
  });
}
