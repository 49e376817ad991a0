import { prepared, unprepared } from '../../platform/postgres/statement.js';
import type { Database, Tx } from '../../platform/postgres/database.js';
import type { SkipReason } from './delivery-status.js';

/**
 * Open deliveries: a row for each that has not ended. A pending one has no attempts and no `due_at`, one that failed has
 * both; `attempting` marks one whose attempt has been under way for a moment. That a delivery is held is derived from
 * its endpoint's status. When it ends its row goes, and its last attempt says how. No other folder names this table.
 *
 * Two rules. Whoever changes or ends open deliveries locks the endpoint's state first (`lockStates`), so that what is
 * decided under the lock is still so at the commit. And a row is looked up by its index (`openAt`), never joined: a
 * plan made while the table was small would go through all that has been parked since (docs/decisions/011).
 */

/** In SQL: makes deliveries; `source` has `endpoint_id`, `id` and `event_id`. */
export const insertOpen = (source: string, askedAt = 'null::timestamptz') => `
  insert into webhook_open_deliveries (endpoint_id, id, event_id, asked_at)
  select endpoint_id, id, event_id, ${askedAt} from ${source}
`;

/** In SQL: the row of a delivery, and the `spot` where it lies. */
export const openAt = (endpointId: string, id: string) => `(
  select d.*, d.ctid as spot from webhook_open_deliveries d
  where d.endpoint_id = ${endpointId} and d.id = ${id} limit 1
)`;

/** In SQL: whether this event has an open delivery to this endpoint. */
export const isOpen = (endpointId: string, eventId: string) => `
  exists (select from webhook_open_deliveries d where d.endpoint_id = ${endpointId} and d.event_id = ${eventId})
`;

/** In SQL: whether an endpoint has one that was made before this id. */
export const hasOlder = (endpointId: string, id: string) => `
  exists (select from webhook_open_deliveries d where d.endpoint_id = ${endpointId} and d.id < ${id})
`;

const lockSome = prepared(
  'select from webhook_endpoint_states where endpoint_id = any ($1) order by endpoint_id for no key update',
);

/** Waits for the lock under which open deliveries of these endpoints change: what follows sees them as they are. */
export function lockStates(tx: Tx, endpointIds: readonly string[]): void {
  tx.write(lockSome, [[...new Set(endpointIds)]]);
}

/** When deliveries are skipped, and why: whoever skips has to say. */
export interface Skip {
  at: Date;
  reason: SkipReason;
}

/** Ends on purpose, and on record, those that lie at these spots; `$1` is the moment, `$2` the reason. */
const skipping = (spots: string, told = 'count(*)::int as skipped, max(delivery_id collate "C") as last') => `
  with gone as (
    delete from webhook_open_deliveries where ctid = any (array(${spots}))
    returning id, endpoint_id, event_id, attempts, last_outcome, last_status
  ), kept as (
    insert into webhook_attempts (delivery_id, endpoint_id, event_id, at, number, ended, skip_reason, last_outcome, response_status)
    select id, endpoint_id, event_id, $1::timestamptz, attempts, 'skipped', $2, last_outcome, last_status from gone
    returning endpoint_id, delivery_id
  )
  select ${told} from kept
`;
const skipSome = prepared(
  skipping(`select d.spot from unnest($3::text[], $4::text[]) w (endpoint_id, id)
    cross join lateral ${openAt('w.endpoint_id', 'w.id')} d`),
);
/** In one transaction, which takes some 10 ms: nobody may wait for its locks for longer than 100. */
export const skippedAtOnceMax = 500;
// PostgreSQL takes what it never counted for a few rows, and would read and sort all of them for the first.
const followIndex = prepared('set local enable_sort = off');
const skipFirst = prepared<{ skipped: number; last: string | null }>(
  skipping(`select d.ctid from webhook_open_deliveries d
    where d.endpoint_id = $3 and d.id > $4 and d.id < $5 order by d.id limit ${skippedAtOnceMax}`),
);
const lockIdle = prepared<{ id: string }>(`
  select id from webhook_endpoints
  where id = $1 and (deleted_at is not null or status = 'paused' and paused_at < coalesce($2, 'infinity'::timestamptz))
  for no key update
`);
const deletedWithOpen = prepared<{ id: string }>(`
  select e.id from webhook_endpoints e where e.deleted_at is not null
    and exists (select from webhook_open_deliveries d where d.endpoint_id = e.id)
`);

/** The oldest open deliveries of an endpoint, at most `skippedAtOnceMax`. Returns how many. */
export async function skipOldest(tx: Tx, endpointId: string, skip: Skip): Promise<number> {
  const row = await skipRange(tx, endpointId, skip, '', '~');
  return row?.skipped ?? 0;
}

async function skipRange(tx: Tx, endpointId: string, { at, reason }: Skip, after: string, before: string) {
  tx.write(followIndex);
  lockStates(tx, [endpointId]);
  const [row] = await tx.query(skipFirst, [at, reason, endpointId, after, before]);
  return row;
}

/**
 * All of an endpoint's deliveries with an id below `idBefore`, a transaction for each range of ids, as long as nothing
 * is sent to the endpoint: it is deleted, or paused, since before `pausedBefore` if that is given. Returns how many.
 */
export async function skipInRanges(
  database: Database,
  endpointId: string,
  skip: Skip,
  idBefore = '~',
  pausedBefore: Date | null = null,
): Promise<number> {
  let skipped = 0;
  for (let last: string | null = ''; last !== null;) {
    const after: string = last;
    const range = await database.transaction(async (tx) => {
      const idle = await tx.query(lockIdle, [endpointId, pausedBefore]);
      return idle.length === 0 ? undefined : await skipRange(tx, endpointId, skip, after, idBefore);
    });
    const count = range?.skipped ?? 0;
    skipped += count;
    last = count === skippedAtOnceMax ? (range?.last ?? null) : null;
  }
  return skipped;
}

/** What was too much to be skipped in the transactions that deleted its endpoints. */
export async function skipOfDeleted(database: Database, at: Date): Promise<void> {
  for (const { id } of await database.query(deletedWithOpen))
    await skipInRanges(database, id, { at, reason: 'endpoint_deleted' });
}

export interface DeliveryKey {
  endpointId: string;
  id: string;
}

/** Those that are open still, in as many transactions as it takes. */
export async function skipDeliveries(
  database: Database,
  deliveries: readonly DeliveryKey[],
  skip: Skip,
): Promise<void> {
  for (let from = 0; from < deliveries.length; from += skippedAtOnceMax) {
    const some = deliveries.slice(from, from + skippedAtOnceMax);
    await database.transaction(async (tx) => {
      lockStates(
        tx,
        some.map(({ endpointId }) => endpointId),
      );
      skipFound(tx, some, skip);
    });
  }
}

/** Those that are open still. For whoever has locked the states of their endpoints. */
export function skipFound(tx: Tx, deliveries: readonly DeliveryKey[], { at, reason }: Skip): void {
  tx.write(skipSome, [at, reason, deliveries.map(({ endpointId }) => endpointId), deliveries.map(({ id }) => id)]);
}

// Long ago, whatever clock is asked.
const makeDue = prepared(`
  update webhook_open_deliveries set due_at = 'epoch' where endpoint_id = any ($1) and due_at is not null
`);

/** What failed before is due at once. For whoever has locked the states. */
export function makeDeliveriesDue(tx: Tx, endpointIds: readonly string[]): void {
  tx.write(makeDue, [endpointIds]);
}

/** In SQL: whether `d` goes to an endpoint of this workspace. */
export const ofWorkspace = (workspace: string) =>
  `d.endpoint_id = any (array(select id from webhook_endpoints where workspace_id = ${workspace}))`;
const lockStatesOfWorkspace = prepared(`
  select from webhook_endpoints e join webhook_endpoint_states s on s.endpoint_id = e.id
  where e.workspace_id = $1 order by e.id for no key update of s
`);

export interface FoundOpen {
  deliveries: DeliveryKey[];
  /** What is open of events up to this one is not among them; empty: of all it is. */
  leftTo: string;
  /** What is made later is not among them. */
  lastDeliveryMs: number;
}

const findOpen = unprepared<FoundOpen>(`
  with open as materialized (
    select d.endpoint_id, d.id, d.event_id from webhook_open_deliveries d where ${ofWorkspace('$1')} and d.event_id = any ($2)
  ), counted as (
    select event_id, count(*) as own, sum(count(*)) over (order by event_id desc) as upto from open group by event_id
  ), left_over as (
    select coalesce(max(event_id), '') as event_id from counted where upto > $3 and upto > own
  ), found as materialized (
    select * from open where event_id > (select event_id from left_over)
  )
  select (select coalesce(json_agg(json_build_object('endpointId', endpoint_id, 'id', id)), '[]') from found) as deliveries,
    (select event_id from left_over) as "leftTo", last_delivery_ms::float8 as "lastDeliveryMs"
  from webhook_fan_out
`);
const skipSince = unprepared<DeliveryKey>(
  skipping(
    `select d.ctid from webhook_open_deliveries d
    where ${ofWorkspace('$3')} and d.id >= $5 and d.event_id = any ($4)`,
    'endpoint_id as "endpointId", delivery_id as id',
  ),
);

/** What is open of these events; of the latest of them, where together it would be more than `max`. */
export async function findOpenOf(
  tx: Tx,
  workspaceId: string,
  eventIds: readonly string[],
  max: number | null,
): Promise<FoundOpen> {
  const [found] = await tx.query(findOpen, [workspaceId, eventIds, max]);
  if (found === undefined) throw new Error('webhook_fan_out has no row');
  return found;
}

/** As `lockStates`, of all endpoints of a workspace. */
export function lockStatesOf(tx: Tx, workspaceId: string): void {
  tx.write(lockStatesOfWorkspace, [workspaceId]);
}

/**
 * What was made of these events since, from this id on. For whoever has locked the states, and holds the lock of the
 * order. Returns which they were.
 */
export async function skipOpenSince(
  tx: Tx,
  workspaceId: string,
  eventIds: readonly string[],
  idFrom: string,
  { at, reason }: Skip,
): Promise<DeliveryKey[]> {
  return await tx.query(skipSince, [at, reason, workspaceId, eventIds, idFrom]);
}
