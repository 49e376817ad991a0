import { prepared, unprepared } from '../../platform/postgres/statement.js';
import type { Database, Tx } from '../../platform/postgres/database.js';

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

/** Ends on purpose, and on record, those that lie at these spots; `$1` is the moment. */
const skipping = (spots: string) => `
  with gone as (
    delete from webhook_open_deliveries where ctid = any (array(${spots}))
    returning id, endpoint_id, event_id, attempts
  ), kept as (
    insert into webhook_attempts (delivery_id, endpoint_id, event_id, at, number, ended)
    select id, endpoint_id, event_id, $1::timestamptz, attempts, 'skipped' from gone
    returning delivery_id
  )
  select count(*)::int as skipped, max(delivery_id collate "C") as last from kept
`;
const skipSome = prepared(
  skipping(`select d.spot from unnest($2::text[], $3::text[]) w (endpoint_id, id)
    cross join lateral ${openAt('w.endpoint_id', 'w.id')} d`),
);
/** In one transaction, which takes some 20 ms for them: nobody may wait for its locks for longer than 100. */
export const skippedAtOnceMax = 1_000;
const skipFirst = prepared<{ skipped: number; last: string | null }>(
  skipping(`select d.ctid from webhook_open_deliveries d
    where d.endpoint_id = $2 and d.id > $3 and d.id < $4 order by d.id limit ${skippedAtOnceMax}`),
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
export async function skipOldest(tx: Tx, endpointId: string, at: Date): Promise<number> {
  lockStates(tx, [endpointId]);
  const [row] = await tx.query(skipFirst, [at, endpointId, '', '~']);
  return row?.skipped ?? 0;
}

/**
 * All of an endpoint's deliveries with an id below `idBefore`, a transaction for each range of ids, as long as nothing
 * is sent to the endpoint: it is deleted, or paused, since before `pausedBefore` if that is given. Returns how many.
 */
export async function skipInRanges(
  database: Database,
  endpointId: string,
  at: Date,
  idBefore = '~',
  pausedBefore: Date | null = null,
): Promise<number> {
  let skipped = 0;
  for (let last: string | null = ''; last !== null;) {
    const after: string = last;
    const range = await database.transaction(async (tx) => {
      if ((await tx.query(lockIdle, [endpointId, pausedBefore])).length === 0) return [];
      lockStates(tx, [endpointId]);
      return await tx.query(skipFirst, [at, endpointId, after, idBefore]);
    });
    const count = range[0]?.skipped ?? 0;
    skipped += count;
    last = count === skippedAtOnceMax ? (range[0]?.last ?? null) : null;
  }
  return skipped;
}

/** What was too much to be skipped in the transactions that deleted its endpoints. */
export async function skipOfDeleted(database: Database, at: Date): Promise<void> {
  for (const { id } of await database.query(deletedWithOpen)) await skipInRanges(database, id, at);
}

export interface DeliveryKey {
  endpointId: string;
  id: string;
}

export async function skipDeliveries(database: Database, deliveries: readonly DeliveryKey[], at: Date): Promise<void> {
  const endpointIds = deliveries.map(({ endpointId }) => endpointId);
  await database.transaction(async (tx) => {
    lockStates(tx, endpointIds);
    await tx.query(skipSome, [at, endpointIds, deliveries.map(({ id }) => id)]);
  });
}

// Long ago, whatever clock is asked.
const makeDue = prepared(`
  update webhook_open_deliveries set due_at = 'epoch' where endpoint_id = any ($1) and due_at is not null
`);

/** What failed before is due at once. For whoever has locked the states. */
export function makeDeliveriesDue(tx: Tx, endpointIds: readonly string[]): void {
  tx.write(makeDue, [endpointIds]);
}

const ofWorkspace = (workspace: string) =>
  `d.endpoint_id = any (array(select id from webhook_endpoints where workspace_id = ${workspace}))`;
const lockStatesOf = prepared(`
  select from webhook_endpoints e join webhook_endpoint_states s on s.endpoint_id = e.id
  where e.workspace_id = $1 order by e.id for no key update of s
`);
const findOfEvents = unprepared<{ endpointIds: string[]; ids: string[]; lastDeliveryMs: string }>(`
  with open as materialized (
    select d.endpoint_id, d.id from webhook_open_deliveries d where ${ofWorkspace('$1')} and d.event_id = any ($2)
  )
  select array(select endpoint_id from open order by id) as "endpointIds", array(select id from open order by id) as ids,
    last_delivery_ms as "lastDeliveryMs"
  from webhook_fan_out
`);
const skipOfEventsSince = unprepared(
  skipping(`select d.ctid from webhook_open_deliveries d
    where ${ofWorkspace('$2')} and d.id >= $4 and d.event_id = any ($3)`),
);

/**
 * Ends what is open of these events. Looks for it before the locks, since a workspace may have much open; what is made
 * after `lastDeliveryMs` is left for `skipDeliveriesOfSince`.
 */
export async function skipDeliveriesOf(
  tx: Tx,
  workspaceId: string,
  eventIds: readonly string[],
  at: Date,
): Promise<{ skipped: number; lastDeliveryMs: number }> {
  const [found] = await tx.query(findOfEvents, [workspaceId, eventIds]);
  if (found === undefined) throw new Error('webhook_fan_out has no row');
  tx.write(lockStatesOf, [workspaceId]);
  tx.write(skipSome, [at, found.endpointIds, found.ids]);
  return { skipped: found.ids.length, lastDeliveryMs: Number(found.lastDeliveryMs) };
}

/** And of those that were made since, from this id on. For whoever holds the lock under which deliveries are made. */
export async function skipDeliveriesOfSince(
  tx: Tx,
  workspaceId: string,
  eventIds: readonly string[],
  idFrom: string,
  at: Date,
): Promise<void> {
  await tx.query(skipOfEventsSince, [at, workspaceId, eventIds, idFrom]);
}
