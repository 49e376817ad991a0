import { eventsPlaced, placing } from '../events/event.service.js';
import { fanOutQueue } from '../events/publish.js';
import { prepared, type Database } from '../platform/database.js';
import { numberedIds, type NumberedIds } from '../platform/id.js';
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

interface Row {
  /** False: what was seen is older than what someone did under the lock since, or `$1` is. Nothing was done. */
  isCurrent: boolean;
  lastDeliveryMs: string;
  /** Null when no event waits. */
  id: string | null;
  workspaceId: string;
  type: string;
  body: string | null;
  /** Number of the first delivery; null when nobody listens. */
  first: number | null;
  /** Ids, in the order of the numbers, with a space between. */
  endpoints: string;
  /** Those that no worker delivers to, or null. */
  free: string | null;
}

/**
 * All of it is one statement, so that it costs one round trip and one flush, and a crash leaves all or nothing. The jobs
 * that came with the events go, the events get their places, the deliveries their rows. Jobs are taken in the order of
 * their ids, which is that of the events; pg-boss's own fetch goes by the start of the transaction that inserted the
 * job, and one that waited for a row's lock began before what it comes after.
 *
 * The lock of `webhook_fan_out` makes it one at a time. A statement sees what was committed when it began, but locks the
 * row as it is now: where the two differ in their turn, someone deleted an endpoint or erased an event in between.
 *
 * `$1`: milliseconds of the ids, above all before; `$2` and `$3`: what stands around a delivery's number in its id.
 * No row: another process holds the lock.
 */
export const fanOutWaiting = prepared<Row>(`
  with held as materialized (
    select turn, last_delivery_ms from webhook_fan_out for update skip locked
  ), current as materialized (
    select from held join webhook_fan_out seen on seen.turn = held.turn where held.last_delivery_ms < $1
  ), taken as (
    delete from pgboss.job
    where name = '${fanOutQueue}' and id = any (array(
      select id from pgboss.job where name = '${fanOutQueue}' and state < 'active' and exists (select from current)
      order by id limit ${batchMax} for update skip locked
    ))
    returning data->>'eventId' as event_id
  ), happened as materialized (
    select e.id, e.workspace_id, e.type, e.created_at, e.body from taken
    cross join lateral (select * from events where id = taken.event_id limit 1) e
  ), places as (
    ${placing('happened')}
  ), made as materialized (
    select row_number() over (order by h.id, e.id) as number, h.id as event_id, e.id as endpoint_id,
      e.status = 'active' and s.owner is null as is_free
    from happened h
    join webhook_endpoints e on e.workspace_id = h.workspace_id and h.type = any (e.events)
      and e.created_at <= h.created_at and e.deleted_at is null
    join webhook_endpoint_states s on s.endpoint_id = e.id
  ), deliveries as (
    insert into webhook_deliveries (id, endpoint_id, event_id)
    select $2 || lpad(number::text, 6, '0') || $3, endpoint_id, event_id from made order by number
  ), noted as (
    update webhook_fan_out set turn = turn + 1, last_delivery_ms = $1 where exists (select from taken)
  ), listening as (
    select event_id, min(number)::int as first, string_agg(endpoint_id, ' ' order by number) as endpoints,
      string_agg(endpoint_id, ' ') filter (where is_free) as free
    from made group by event_id
  )
  select exists (select from current) as "isCurrent", held.last_delivery_ms as "lastDeliveryMs",
    h.id, h.workspace_id as "workspaceId", h.type,
    case when octet_length(h.body) <= ${handedBytesMax} then h.body end as body,
    l.first, l.endpoints, l.free
  from held left join happened h on true left join listening l on l.event_id = h.id
  order by h.id
`);

/** What fan-out made for one endpoint, in order. */
export interface Batch {
  endpointId: string;
  deliveries: Offered[];
  /** Nobody delivers to it. */
  isFree: boolean;
}

/** Turns events into deliveries, as soon as they are committed. No lease, no expiry. */
export class FanOut {
  private running: Promise<void> | null = null;
  private again = false;
  private stopped = false;
  private poll: NodeJS.Timeout | null = null;
  private readonly connection;
  private lastMs = 0;

  constructor(
    database: Database,
    private readonly signals: Signals,
    private readonly texts: EventTexts,
    private readonly log: Log,
    /** What was committed, for who sends it. */
    private readonly hand: (batches: readonly Batch[]) => void,
  ) {
    this.connection = database.connection();
  }

  start(): void {
    this.signals.on('events', () => this.wake());
    this.poll = setInterval(() => this.wake(), pollMs);
    this.wake();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    if (this.poll !== null) clearInterval(this.poll);
    await this.running;
    await this.connection.close();
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
        if (events === 'seen too early' || events === batchMax) this.again = true;
        // Whoever holds the lock may have looked before our events came.
        if (events === 'held elsewhere') setTimeout(() => this.wake(), busyMs);
      } catch (error) {
        this.log.warn({ error: story(error) }, 'webhook fan-out failed and will be tried again');
      }
    }
  }

  /** Returns how many events it took. */
  private async runOnce(): Promise<number | 'held elsewhere' | 'seen too early'> {
    const ids = numberedIds('webhookDelivery', this.lastMs);
    this.lastMs = ids.ms;
    const edition = this.texts.edition;
    const { name, text } = fanOutWaiting;
    const { rows } = await this.connection.query<Row>({ name, text, values: [ids.ms, ids.start, ids.end] });
    const [head] = rows;
    if (head === undefined) return 'held elsewhere';
    if (!head.isCurrent) {
      this.lastMs = Math.max(this.lastMs, Number(head.lastDeliveryMs));
      return 'seen too early';
    }
    if (head.id === null) return 0;
    this.hand(this.batches(rows, ids, this.texts.edition === edition));
    for (const workspaceId of new Set(rows.map(({ workspaceId }) => workspaceId))) {
      this.signals.send(eventsPlaced, workspaceId);
    }
    return rows.length;
  }

  /** `isFresh`: what was read has not been erased since. */
  private batches(rows: readonly Row[], ids: NumberedIds, isFresh: boolean): Batch[] {
    const batches = new Map<string, Batch>();
    for (const { id, type, body, first, endpoints, free } of rows) {
      if (id === null || first === null) continue;
      const event = body === null || !isFresh ? null : this.texts.keep({ id, type, body });
      for (const [index, endpointId] of endpoints.split(' ').entries()) {
        let batch = batches.get(endpointId);
        if (batch === undefined) {
          batch = { endpointId, deliveries: [], isFree: free?.includes(endpointId) ?? false };
          batches.set(endpointId, batch);
        }
        batch.deliveries.push({ id: ids.at(first + index), eventId: id, event });
      }
    }
    return [...batches.values()];
  }
}
