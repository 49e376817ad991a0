import { setTimeout as sleep } from 'node:timers/promises';
import { eventsPlaced, placing, takingWaiting } from '../../events/event.service.js';
import type { Database } from '../../platform/postgres/database.js';
import { prepared } from '../../platform/postgres/statement.js';
import { SingleFlight } from '../../platform/async/single-flight.js';
import { followedMsMax, numberedIds, type NumberedIds } from '../../platform/id.js';
import { errorFields, type Log } from '../../platform/log.js';
import type { Notifications } from '../../platform/postgres/notifications.js';
import { EventText } from '../wire/event-text.js';
import type { EventTexts } from './event-text-cache.js';
import { insertRuns, MadeRun } from '../store/packed-deliveries.js';

/** Events taken at once: few first, so that the first is soon on its way, then more for as long as more wait. */
const batchMin = 50;
const batchMax = 400;
/** A larger text is read by who sends it: a batch of them would not fit. So is any while somebody is being erased. */
const handedBytesMax = 65_536;
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
  /** How many deliveries have a smaller number. */
  before: number;
  /** Ids of who listens, in the order of the deliveries' numbers, with a space between. */
  endpoints: string;
}

/**
 * All of it is one statement, so that a crash leaves all or nothing. The events no longer wait, they get their places,
 * and the deliveries come in runs. Events are taken in the order of their ids, as pg-boss cannot: its fetch goes by the
 * start of the transaction that inserted the job, and one that waited for a row's lock began before what it comes after.
 *
 * Whatever is looked up is looked up by its own index, row by row: a join would be planned by what the tables held when
 * it was, and its plan kept (`findingOpen`). Hence, too, the order where there is one row.
 *
 * The lock of `webhook_fan_out` makes it one at a time. A statement sees what was committed when it began, but locks the
 * row as it is now: where the two differ in their turn, someone deleted an endpoint or erased an event in between.
 *
 * `$1`: milliseconds of the ids, above all before, unless a clock that was wrong made those; `$2` and `$3`: what stands around a delivery's number in its id; `$4`:
 * how many events.
 * No row: another process holds the lock.
 */
export const fanOutWaiting = prepared<Row>(`
  with held as materialized (
    select turn, last_delivery_ms from webhook_fan_out for update skip locked
  ), current as materialized (
    select from held join webhook_fan_out seen on seen.turn = held.turn
    where held.last_delivery_ms < $1 or held.last_delivery_ms > $1 + ${followedMsMax}
  ), taken as (
    ${takingWaiting('$4', 'exists (select from current)')}
  ), happened as materialized (
    select e.id, e.workspace_id, e.type, e.created_at, e.body from taken
    cross join lateral (
      select * from events where id >= taken.event_id and id <= taken.event_id order by id limit 1
    ) e
  ), places as (
    ${placing('happened')}
  ), heard as materialized (
    select h.id, h.workspace_id, h.type, h.body, array(
      select e.id from webhook_endpoints e
      where e.workspace_id = h.workspace_id and h.type = any (e.events) and e.created_at <= h.created_at
        and e.deleted_at is null
      order by e.id
    ) as endpoints
    from happened h
  ), numbered as materialized (
    select *, sum(cardinality(endpoints)) over (order by id) - cardinality(endpoints) as before,
      row_number() over (order by id) - 1 as place
    from heard
  ), deliveries as (
    select $2 || lpad((n.before + e.number)::text, 6, '0') || $3 as id, e.id as endpoint_id, n.id as event_id, n.place
    from numbered n cross join lateral unnest(n.endpoints) with ordinality e (id, number)
  ), runs as (
    ${insertRuns('deliveries')}
  ), noted as (
    update webhook_fan_out set turn = turn + 1, last_delivery_ms = $1 where exists (select from taken)
  )
  select exists (select from current) as "isCurrent", held.last_delivery_ms as "lastDeliveryMs",
    n.id, n.workspace_id as "workspaceId", n.type,
    case when octet_length(n.body) <= ${handedBytesMax} and not exists (select from erasing_subjects) then n.body end as body,
    n.before::int, array_to_string(n.endpoints, ' ') as endpoints
  from held left join numbered n on true
  order by n.id
`);

/** What fan-out made for one endpoint, in order. */
export interface Batch {
  endpointId: string;
  runs: MadeRun[];
}

/** The commit under way of all deliveries whose ids are not below `from`; over however it ends. */
export interface Committing {
  from: string;
  over: Promise<void>;
}

export interface FanOutListener {
  /**
   * These are made, and their commit is under way. They may be sent, so that none waits for a disk: should they be lost
   * in a crash, their events are fanned out again, and reach a subscriber twice. They can't be read yet, and what is
   * written of them waits for `committing`.
   */
  made: (batches: readonly Batch[]) => void;
  /** Told before `made`: others made deliveries since this one did, or its own last ones may not be there. */
  madeElsewhere: () => void;
  committed: (batches: readonly Batch[]) => void;
  /** Their commit failed, or nobody knows. */
  lost: (batches: readonly Batch[]) => void;
}

/** Turns events into deliveries, as soon as they are committed. No lease, no expiry. */
export class FanOut {
  committing: Committing | null = null;
  private readonly flight = new SingleFlight(async () => await this.run());
  private stopped = false;
  private readonly connection;
  private lastMs = 0;
  /** Milliseconds of the ids it made last, and knows to be committed. */
  private committedMs = -1;
  /** Whether the last commit went well. After one that did not, nothing is sent ahead of one that may not either. */
  private commits = true;
  private batch = batchMin;

  constructor(
    database: Database,
    private readonly notifications: Notifications,
    private readonly texts: EventTexts,
    private readonly log: Log,
    private readonly listener: FanOutListener,
  ) {
    this.connection = database.connection();
  }

  start(): void {
    this.notifications.on('events', () => this.wake());
    this.wake();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.flight.idle();
    await this.connection.close();
  }

  get isRunning(): boolean {
    return this.flight.isRunning;
  }

  wake(): void {
    this.finish().catch((error: unknown) => {
      if (!this.stopped) this.log.warn({ error: errorFields(error) }, 'webhook fan-out failed and will be tried again');
    });
  }

  /** @throws unless everything that was committed before this call is fanned out now */
  async finish(): Promise<void> {
    await this.flight.run();
  }

  private async run(): Promise<void> {
    for (let isMore = true; isMore;) {
      if (this.stopped) throw new Error('fan-out stops');
      const events = await this.runOnce();
      const isFull = events === this.batch;
      this.batch = isFull ? Math.min(this.batch * 2, batchMax) : batchMin;
      // Whoever holds the lock may have looked before our events came.
      if (events === 'held elsewhere') await sleep(busyMs);
      isMore = isFull || typeof events === 'string';
    }
  }

  /** Returns how many events it took. */
  private async runOnce(): Promise<number | 'held elsewhere' | 'seen too early'> {
    const ids = numberedIds('webhookDelivery', this.lastMs);
    this.lastMs = ids.ms;
    const rows = await this.make(ids);
    const [head] = rows;
    if (head === undefined) return 'held elsewhere';
    if (!head.isCurrent) {
      this.lastMs = Math.max(this.lastMs, Number(head.lastDeliveryMs));
      return 'seen too early';
    }
    if (head.id === null) return 0;
    for (const workspaceId of new Set(rows.map(({ workspaceId }) => workspaceId))) {
      this.notifications.send(eventsPlaced, workspaceId);
    }
    return rows.length;
  }

  /** Tells of what it makes before it is committed, unless the last commit failed: then after. */
  private async make(ids: NumberedIds): Promise<readonly Row[]> {
    const { edition } = this.texts;
    const { name, text } = fanOutWaiting;
    const values = [ids.ms, ids.start, ids.end, this.batch];
    let made: readonly Batch[] = [];
    const commit = this.connection.transaction<Row>({ name, text, values }, (rows) => {
      made = this.batches(rows, ids, this.texts.edition === edition);
      if (hasEvents(rows) && Number(rows[0]?.lastDeliveryMs) !== this.committedMs) this.listener.madeElsewhere();
      if (!this.commits) return;
      this.committing = { from: ids.at(1), over: commit.then(noop, noop) };
      this.listener.made(made);
    });
    try {
      const rows = await commit;
      if (!this.commits) this.listener.made(made);
      this.listener.committed(made);
      if (hasEvents(rows)) this.committedMs = ids.ms;
      this.commits = true;
      return rows;
    } catch (error) {
      if (this.commits) this.listener.lost(made);
      this.commits = false;
      throw error;
    } finally {
      this.committing = null;
    }
  }

  /** `isFresh`: what was read has not been erased since. */
  private batches(rows: readonly Row[], ids: NumberedIds, isFresh: boolean): Batch[] {
    const batches = new Map<string, Batch>();
    for (const [place, { id, type, body, before, endpoints }] of rows.entries()) {
      if (id === null || endpoints === '') continue;
      const event = body === null || !isFresh ? null : new EventText({ id, type, body });
      for (const [index, endpointId] of endpoints.split(' ').entries()) {
        let batch = batches.get(endpointId);
        if (batch === undefined) batches.set(endpointId, (batch = { endpointId, runs: [] }));
        MadeRun.at(place, batch.runs, ids).add(before + index + 1, event);
      }
    }
    return [...batches.values()];
  }
}

const hasEvents = ([first]: readonly Row[]) => first !== undefined && first.id !== null;

const noop = () => {};
