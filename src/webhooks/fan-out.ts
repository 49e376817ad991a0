import { placeEvents } from '../events/event.service.js';
import { fanOutQueue } from '../events/publish.js';
import { prepared, type Database, type Tx } from '../platform/database.js';
import { newId, nextMoment } from '../platform/id.js';
import { story, type Log } from '../platform/log.js';
import type { Signals } from '../platform/signals.js';
import type { EventTexts } from './event-texts.js';
import type { Offered } from './lane.js';

/** Topic of `Signals`: the subjects are endpoint ids. For their owner, in whatever process it is. */
export const deliveriesDue = 'webhook-deliveries-due';

const batchMax = 500;
/** A larger text is read by who sends it: a batch of them would not fit. */
const handedBytesMax = 65_536;
/** For events whose signal was lost in a crash. */
const pollMs = 1_000;
const busyMs = 10;

const lock = prepared<{ lastDeliveryMs: string }>(
  'select last_delivery_ms as "lastDeliveryMs" from webhook_fan_out for update',
);
const release = prepared('update webhook_fan_out set last_delivery_ms = $1 where last_delivery_ms < $1');
// In one statement with the lock, and in the order of the ids, which is that of the events; pg-boss's own fetch goes by
// the start of the transaction that inserted the job, and one that waited for a row's lock began before what it comes
// after. No row: another process holds the lock.
const lockAndTakeJobs = prepared<{ lastDeliveryMs: string; eventId: string | null }>(`
  with held as materialized (
    select last_delivery_ms from webhook_fan_out for update skip locked
  ), taken as (
    delete from pgboss.job
    where name = '${fanOutQueue}' and id = any (array(
      select id from pgboss.job where name = '${fanOutQueue}' and state < 'active' and exists (select from held)
      order by id limit ${batchMax} for update skip locked
    ))
    returning data->>'eventId' as event_id
  )
  select held.last_delivery_ms as "lastDeliveryMs", taken.event_id as "eventId" from held left join taken on true
`);
const selectEvents = prepared<{ id: string; workspaceId: string; type: string; body: string | null; createdAt: Date }>(`
  select id, workspace_id as "workspaceId", type, created_at as "createdAt",
    case when octet_length(body) <= ${handedBytesMax} then body end as body
  from events where id = any($1) order by id
`);
const selectListeners = prepared<Listener>(`
  select e.id, e.workspace_id as "workspaceId", e.events, e.created_at as "createdAt", s.owner,
    e.status = 'active' as active
  from webhook_endpoints e join webhook_endpoint_states s on s.endpoint_id = e.id
  where e.workspace_id in (select workspace_id from events where id = any($1)) and e.deleted_at is null
  order by e.id
`);
const insertDeliveries = prepared(`
  insert into webhook_deliveries (id, endpoint_id, event_id)
  select * from unnest($1::text[], $2::text[], $3::text[])
`);

interface Listener {
  id: string;
  workspaceId: string;
  events: string[];
  createdAt: Date;
  owner: number | null;
  active: boolean;
}

/**
 * Waits for the lock under which all deliveries are made, one process at a time: their ids grow in the order of their
 * commits, so that whoever reads on from the last one it knows misses none.
 */
export async function lockDeliveryOrder(tx: Tx): Promise<DeliveryOrder> {
  const [row] = await tx.query(lock);
  return orderAfter(tx, row?.lastDeliveryMs ?? '0');
}

interface DeliveryOrder {
  /** Once deliveries were made. */
  release: () => void;
}

/** Ids made from here on are younger than every delivery's, even where another machine's clock is ahead. */
function orderAfter(tx: Tx, lastDeliveryMs: string): DeliveryOrder {
  nextMoment(new Date(Number(lastDeliveryMs)));
  return { release: () => tx.write(release, [nextMoment().at.getTime()]) };
}

/** What fan-out made for one endpoint, in order. */
export interface Batch {
  endpointId: string;
  deliveries: Offered[];
  /** Nobody delivers to it. */
  isFree: boolean;
}

/**
 * Turns events into deliveries: the jobs that came with the events are removed and the deliveries inserted in one
 * transaction, so a crash anywhere leaves all of it or nothing. No lease, no expiry.
 */
export class FanOut {
  private running: Promise<void> | null = null;
  private again = false;
  private stopped = false;
  private poll: NodeJS.Timeout | null = null;

  constructor(
    private readonly database: Database,
    private readonly signals: Signals,
    private readonly texts: EventTexts,
    private readonly log: Log,
    private readonly worker: {
      /** In the transaction: the free ones among them become this worker's, if it has its seat. */
      take: (tx: Tx, endpointIds: readonly string[]) => Promise<string[]>;
      /** After the commit. Returns the endpoints that are not this worker's. */
      hand: (batches: readonly Batch[], taken: readonly string[]) => string[];
    },
  ) {}

  start(): void {
    this.signals.on('events', () => this.wake());
    this.poll = setInterval(() => this.wake(), pollMs);
    this.wake();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    if (this.poll !== null) clearInterval(this.poll);
    await this.running;
  }

  get isRunning(): boolean {
    return this.running !== null;
  }

  wake(): void {
    if (this.stopped) return;
    this.again = true;
    this.running ??= this.run().finally(() => (this.running = null));
  }

  private async run(): Promise<void> {
    while (this.again && !this.stopped) {
      this.again = false;
      try {
        const events = await this.runOnce();
        if (events === batchMax) this.again = true;
        // Whoever holds the lock may have looked before our events came.
        if (events === null) setTimeout(() => this.wake(), busyMs);
      } catch (error) {
        this.log.warn({ error: story(error) }, 'webhook fan-out failed and will be tried again');
      }
    }
  }

  /** Returns how many events it took; null when another process is at it. */
  private async runOnce(): Promise<number | null> {
    let batches: Batch[] = [];
    let taken: string[] = [];
    const count = await this.database.transaction(async (tx) => {
      batches = [];
      taken = [];
      const jobs = await tx.query(lockAndTakeJobs);
      const [held] = jobs;
      if (held === undefined) return null;
      const eventIds = jobs.flatMap(({ eventId }) => eventId ?? []);
      if (eventIds.length === 0) return 0;
      const order = orderAfter(tx, held.lastDeliveryMs);
      batches = await this.insert(tx, eventIds);
      const free = batches.filter(({ isFree }) => isFree).map(({ endpointId }) => endpointId);
      if (free.length > 0) taken = await this.worker.take(tx, free);
      if (batches.length > 0) order.release();
      return eventIds.length;
    });
    const elsewhere = this.worker.hand(batches, taken);
    for (const endpointId of elsewhere) this.signals.send(deliveriesDue, endpointId);
    return count;
  }

  private async insert(tx: Tx, eventIds: readonly string[]): Promise<Batch[]> {
    const [events, listeners] = await Promise.all([
      tx.query(selectEvents, [eventIds]),
      tx.query(selectListeners, [eventIds]),
      placeEvents(tx, this.signals, eventIds),
    ]);
    const byWorkspace = Map.groupBy(listeners, ({ workspaceId }) => workspaceId);
    const batches = new Map<string, Batch>();
    for (const event of events) {
      const listening = (byWorkspace.get(event.workspaceId) ?? []).filter(
        ({ events, createdAt }) => events.includes(event.type) && createdAt <= event.createdAt,
      );
      if (listening.length === 0) continue;
      const { id, type, body } = event;
      const text = body === null ? null : this.texts.keep({ id, type, body });
      for (const { id: endpointId, owner, active } of listening) {
        const batch = batches.get(endpointId) ?? { endpointId, deliveries: [], isFree: active && owner === null };
        batch.deliveries.push({ id: newId('webhookDelivery'), eventId: id, event: text });
        batches.set(endpointId, batch);
      }
    }
    const made = [...batches.values()];
    if (made.length > 0) {
      tx.write(insertDeliveries, [
        made.flatMap(({ deliveries }) => deliveries.map(({ id }) => id)),
        made.flatMap(({ endpointId, deliveries }) => deliveries.map(() => endpointId)),
        made.flatMap(({ deliveries }) => deliveries.map(({ eventId }) => eventId)),
      ]);
    }
    return made;
  }
}
