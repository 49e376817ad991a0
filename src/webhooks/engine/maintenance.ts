import type { EventService } from '../../events/event.service.js';
import { dayMs } from '../../platform/clock.js';
import type { Database, Tx } from '../../platform/postgres/database.js';
import { prepared } from '../../platform/postgres/statement.js';
import { idFloor } from '../../platform/id.js';
import type { Log } from '../../platform/log.js';
import type { Notifications } from '../../platform/postgres/notifications.js';
import { byEventId, byTime, keepPartitions, type DailyTable } from '../../platform/postgres/daily-partitions.js';
import { addNotices } from '../../workspaces/notice.service.js';
import { attemptsKeptDays, eventsOnRecord, openEvents, statsKeptDays } from '../store/retention.js';
import { deliveryUpdated, updated } from '../topics.js';
import { hasOlder, skipInRanges, skipOfDeleted } from '../store/open-deliveries.js';

export const maintenanceQueue = 'webhook-maintenance';
/** Daily, when few are awake. */
export const maintenanceCron = '17 3 * * *';

const heldDaysMax = 30;
const heldDaysBeforeNotice = 23;
// As long as what was held for 30 days and then attempted for the last time may be looked at.
const eventsKeptDays = heldDaysMax + attemptsKeptDays + 2;

const attempts: readonly DailyTable[] = [
  { name: 'webhook_attempts', floor: byTime, key: 'at', keepDays: attemptsKeptDays },
  { name: 'webhook_endpoint_stats', floor: byTime, key: 'at', keepDays: statsKeptDays },
];
const events: readonly DailyTable[] = [
  { name: 'events', floor: byEventId, key: 'id', keepDays: eventsKeptDays, wanted: openEvents },
  // As long as answers to them: an event that was replayed on its last day is gone before those.
  {
    name: 'event_subjects',
    floor: byEventId,
    key: 'event_id',
    keepDays: eventsKeptDays + attemptsKeptDays,
    wanted: eventsOnRecord,
  },
];

// Held since the later of its making, which its id tells, and the pause.
const heldTooLong = prepared<{ id: string; workspaceId: string }>(`
  select e.id, e.workspace_id as "workspaceId" from webhook_endpoints e
  where e.status = 'paused' and e.paused_at < $1 and e.deleted_at is null order by e.id
`);
const heldLong = prepared<{ id: string; workspaceId: string; url: string }>(`
  select e.id, e.workspace_id as "workspaceId", e.url from webhook_endpoints e
  where e.status = 'paused' and e.paused_at < $1 and e.deleted_at is null
    and ${hasOlder('e.id', '$2')}
    and not exists (
      select from notices n where n.workspace_id = e.workspace_id and n.kind = 'webhook_held'
        and n.params->>'endpoint_id' = e.id and n.created_at > e.paused_at
    )
  for no key update of e
`);
const removeDeleted = prepared('delete from webhook_endpoints where deleted_at < $1');

/** One of the things that are due once a day; each is done though another could not be. */
export type Chore = () => Promise<unknown>;

export interface ChoreParts {
  database: Database;
  eventLog: EventService;
  notifications: Notifications;
  log: Log;
}

/** Partitions, what was held too long, and endpoints that nothing names any more. */
export function chores({ database, eventLog, notifications, log }: ChoreParts, now: Date): Chore[] {
  const daysAgo = (days: number) => new Date(now.getTime() - days * dayMs);
  return [
    ...attempts.map((table) => async () => await keepPartitions(database, table, now, log)),
    async () => {
      const skipped = await skipHeldSince(database, notifications, now, daysAgo(heldDaysMax));
      if (skipped > 0) log.info({ deliveries: skipped }, 'deliveries held for 30 days were skipped');
    },
    async () => await skipOfDeleted(database, now),
    // After what was open of them was skipped.
    ...events.map((table) => async () => await keepPartitions(database, table, now, log)),
    async () => await eventLog.forgetPlacesBefore(`evt_${idFloor(daysAgo(eventsKeptDays))}`),
    async () => await database.transaction(async (tx) => await tellOfHeld(tx, now, daysAgo(heldDaysBeforeNotice))),
    async () => await database.query(removeDeleted, [daysAgo(attemptsKeptDays + 2)]),
  ];
}

async function skipHeldSince(
  database: Database,
  notifications: Notifications,
  now: Date,
  since: Date,
): Promise<number> {
  let skipped = 0;
  for (const { id, workspaceId } of await database.query(heldTooLong, [since])) {
    const skip = { at: now, reason: 'held_too_long' } as const;
    const count = await skipInRanges(database, id, skip, idFloor(since), since);
    if (count > 0) notifications.send(deliveryUpdated, updated.many(workspaceId, id, now));
    skipped += count;
  }
  return skipped;
}

async function tellOfHeld(tx: Tx, now: Date, since: Date): Promise<void> {
  const endpoints = await tx.query(heldLong, [since, idFloor(since)]);
  const notices = endpoints.map(({ id, workspaceId, url }) => ({
    workspaceId,
    kind: 'webhook_held' as const,
    text: `Events for ${url} have been held for ${heldDaysBeforeNotice} days. After ${heldDaysMax} they are skipped; resume it to deliver them.`,
    params: { endpoint_id: id },
  }));
  addNotices(tx, notices, now);
}
