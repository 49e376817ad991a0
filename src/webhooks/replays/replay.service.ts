/** One file because a start, each step and the end of a replay all go by the same place in the same list of events. */
import type { AuditService } from '../../audit/audit.service.js';
import { requirePayloads } from '../../events/event-type.js';
import type { Actor, Confirm } from '../../platform/actor.js';
import { isUniqueViolation, type Database, type Tx } from '../../platform/postgres/database.js';
import { byIds, heavy, pipelined, prepared, unprepared, type Statement } from '../../platform/postgres/statement.js';
import { conflict, invalid, notFound } from '../../platform/errors.js';
import { endMillisecond, idFloor, isId, newId } from '../../platform/id.js';
import { Conditions, countRows, readPage, type List, type Page } from '../../platform/postgres/keyset-page.js';
import type { PageRequest } from '../../platform/page-request.js';
import type { Notifications } from '../../platform/postgres/notifications.js';
import type { Unread } from '../../platform/validate.js';
import { requireFeature, requireStorage } from '../../workspaces/plans.js';
import { lockDeliveryOrder } from '../store/delivery-order-lock.js';
import { attemptsKeptDays } from '../store/retention.js';
import { insertOpen, isOpen } from '../store/open-deliveries.js';
import type { Replay, ReplayOnly } from './replay.entity.js';
import { replayRateMax, type StartReplay } from './replay.input.js';
import type { WebhookEndpointService } from '../endpoints/endpoint.service.js';
import { deliveriesDue, deliveriesMade, replayProgressed } from '../topics.js';

const columns = `r.id, r.endpoint_id as "endpointId", r.status, r.selection as "only", r.since, r.until,
  r.rate_per_second as "ratePerSecond", r.dry_run as "dryRun", r.counted, r.done, r.created_at as "createdAt",
  case when r.counted or r.dry_run then r.total end as total`;

const has = (ended: string) => `
  exists (
    select from webhook_attempts a
    where a.event_id = event.id and a.endpoint_id = e.id and a.ended = '${ended}'
  )
`;
// In SQL: whether attempts of the event are still kept; an older event may well have been delivered.
const isOnRecord = `
  (event.created_at > now() - interval '${attemptsKeptDays} days' or exists (
    select from webhook_attempts a where a.event_id = event.id and a.endpoint_id = e.id
  ))
`;
const isOpenHere = isOpen('$1', 'event.id');
const which: Record<ReplayOnly, string> = {
  ALL: 'true',
  FAILED: `${has('exhausted')} and not ${has('delivered')} and not ${isOpenHere}`,
  MISSED: `event.created_at >= e.created_at and ${isOnRecord} and not ${has('delivered')} and not ${isOpenHere}`,
};

/** What one statement looks at: a fraction of a second's work, whatever there is to find. */
const lookedAtOnce = 5_000;
/** `$1` is the endpoint; the events behind `$2` and before `$3`, of which `$4` are the types that the replay may send. */
const looked = (only: ReplayOnly, matching: string) => `
  with looked as materialized (
    select event.id, event.type, event.created_at from webhook_endpoints e
    join events event on event.workspace_id = e.workspace_id
    where e.id = $1 and e.deleted_at is null and event.id > $2 and event.id < $3
    order by event.id limit ${lookedAtOnce}
  )
  select (select max(id) from looked having count(*) = ${lookedAtOnce}) as "lookedTo", ${matching}
    select event.id from looked event join webhook_endpoints e on e.id = $1
      and event.type = any (e.events) and event.type = any (coalesce($4, e.events))
    where ${which[only]}
  `;
const counting = (only: ReplayOnly) =>
  heavy(unprepared<Range & { count: number }>(`${looked(only, '(select count(*)::int from (')}) matching) as count`));
const reading = (only: ReplayOnly) =>
  unprepared<Range & { ids: string[] }>(`${looked(only, 'array(')} order by event.id limit $5) as ids`);
const countEvents = { ALL: counting('ALL'), FAILED: counting('FAILED'), MISSED: counting('MISSED') };
export const readEvents = { ALL: reading('ALL'), FAILED: reading('FAILED'), MISSED: reading('MISSED') };

interface Range {
  /** The last event that was looked at; null when there is none behind it. */
  lookedTo: string | null;
}

const selectMany = pipelined<Replay>(`select ${columns} from webhook_replays r where ${byIds('r')}`);
const insertOne = prepared(`
  insert into webhook_replays (id, workspace_id, endpoint_id, selection, since, until, rate_per_second, dry_run, status, total,
    counted, advanced_at, created_at, types, asked_by)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'epoch', $12, $13, $14)
`);
const selectLastCount = prepared<{ until: Date; at: Date }>(`
  select r.until, r.created_at as at from webhook_replays r
  where r.workspace_id = $1 and r.endpoint_id = $2 and r.asked_by = $3 and r.dry_run and r.selection = $4 and r.since = $5
    and r.until <= coalesce($6, r.until) and r.total = $7 and r.created_at > $8
  order by r.id desc limit 1
`);
const selectStarted = prepared(`
  select from webhook_replays r
  where r.workspace_id = $1 and r.endpoint_id = $2 and r.asked_by = $3 and not r.dry_run and r.selection = $4 and r.since = $5
    and r.created_at >= $6
  limit 1
`);
const forgetEnded = prepared(`
  delete from webhook_replays where id in (
    select r.id from webhook_replays r where r.workspace_id = $1 and r.status <> 'RUNNING' order by r.id desc offset $2
  )
`);
const cancelOne = prepared<{ id: string }>(`
  update webhook_replays set status = 'CANCELLED' where id = $1 and workspace_id = $2 and status = 'RUNNING' returning id
`);
const selectRunning = prepared<{ id: string; ratePerSecond: number; url: string }>(`
  select r.id, r.rate_per_second as "ratePerSecond", e.url
  from webhook_replays r join webhook_endpoints e on e.id = r.endpoint_id where r.status = 'RUNNING'
`);
const nextOne = prepared<RunningReplay>(`
  select ${columns}, r.workspace_id as "workspaceId", r.total as "countedSoFar", r.reached, r.types from webhook_replays r
  where r.status = 'RUNNING' and (r.advanced_at <= $1 or r.advanced_at > $1 + interval '1 minute')
  order by r.advanced_at limit 1 for update skip locked
`);
const insertDeliveries = prepared(`
  with made as (
    select $2 as endpoint_id, id, event_id from unnest($1::text[], $3::text[]) made (id, event_id)
    where exists (select from webhook_endpoints e where e.id = $2 and e.deleted_at is null)
  )
  ${insertOpen('made', 'now()')}
`);
// Once it is counted, the first of its deliveries are made at once.
const noteCount = prepared(`
  update webhook_replays
  set total = $2, counted = $3, reached = case when $3 then '' else $4 end,
    advanced_at = case when $3 then advanced_at else $5 end, status = case when $3 and $2 = 0 then 'DONE' else status end
  where id = $1
`);
const advanceOne = prepared(`
  update webhook_replays
  set done = done + $2, reached = $3, status = $4, total = greatest(total, done + $2), advanced_at = $5
  where id = $1
`);
const endOfDeleted = prepared(`
  update webhook_replays r set status = 'CANCELLED' from webhook_endpoints e
  where e.id = r.endpoint_id and e.deleted_at is not null and r.status = 'RUNNING'
`);

type RunningReplay = Replay & { workspaceId: string; countedSoFar: number; reached: string; types: string[] | null };

const advanceMs = 1_000;
/** A step looks at ranges for no longer, and a dry run before it answers with what it has. */
const stepMsMax = 500;
const dryRunMsMax = 5_000;
/** So many ended replays of a workspace are kept, the latest; older ones are deleted when another one starts. */
const endedKept = 1_000;

export class ReplayService {
  constructor(
    private readonly database: Database,
    private readonly endpoints: WebhookEndpointService,
    private readonly notifications: Notifications,
    private readonly audit: AuditService,
    private readonly confirm: Confirm,
  ) {}

  async list(actor: Actor, page: PageRequest): Promise<Page<Replay>> {
    actor.require('manage:webhooks');
    return await readPage<Replay>(this.database, listOf(actor), page);
  }

  async count(actor: Actor): Promise<number> {
    actor.require('manage:webhooks');
    return await countRows(this.database, listOf(actor));
  }

  async get(actor: Actor, id: string): Promise<Replay> {
    actor.require('manage:webhooks');
    const [replay] = isId(id, 'replay') ? await this.getMany(actor, [id]) : [];
    if (replay === undefined) throw notFound('replay');
    return replay;
  }

  async getMany(actor: Actor, ids: readonly string[]): Promise<Replay[]> {
    actor.require('manage:webhooks');
    return await this.database.query(selectMany, [ids, actor.workspaceId]);
  }

  /**
   * Starts a replay. It sends the types that the caller may read now, whatever the endpoint listens to later.
   * @throws conflict while another replay of the endpoint runs; insufficient_scopes for a type that the key may not read
   */
  async start(actor: Actor, endpointId: string, read: Unread<typeof StartReplay>): Promise<Replay> {
    actor.require('manage:webhooks');
    requireFeature(actor, 'webhooks');
    try {
      return await this.database.transaction(async (tx) => {
        const { events: types } = await this.endpoints.find(actor.workspaceId, endpointId);
        requirePayloads(actor, types);
        const { since, until, only, ratePerSecond, dryRun } = read();
        // A moment later than every event until now, to the millisecond.
        const at = endMillisecond();
        // The replay ends before this moment, so that it never reads deliveries that it has made itself.
        const end = until == null || until > at ? at : until;
        if (since >= end) throw invalid('since', 'out_of_range', 'must be earlier than until, and than now');
        if (!dryRun) requireStorage(actor);
        const id = newId('replay');
        // Others are counted by a worker, however long it takes.
        let total = 0;
        const of = [endpointId, floor(end), types];
        const lookedTo = dryRun
          ? await inRanges(tx, countEvents[only], of, floor(since), dryRunMsMax, ({ count }) => void (total += count))
          : floor(since);
        const [status, counted] = [dryRun ? 'DONE' : 'RUNNING', lookedTo === null];
        // Confirmed late in the transaction, as a revocation of the caller's credential waits from here to the commit.
        await this.confirm(tx, actor);
        tx.write(forgetEnded, [actor.workspaceId, endedKept]);
        await tx.query(insertOne, [
          id,
          actor.workspaceId,
          endpointId,
          only,
          since,
          end,
          ratePerSecond,
          dryRun,
          status,
          total,
          counted,
          at,
          types,
          actor.id,
        ]);
        const [replay] = await tx.query(selectMany, [[id], actor.workspaceId]);
        if (replay === undefined) throw new Error('a replay is not there after its insert');
        const told = { endpoint_id: endpointId, only, since, until: end, types };
        if (!dryRun) await this.audit.record(tx, actor, 'replay.started', id, told);
        return replay;
      }, actor.guard);
    } catch (error) {
      if (!isUniqueViolation(error, 'webhook_replays_running')) throw error;
      throw conflict('replay_running', 'Another replay of this endpoint is running.');
    }
  }

  /**
   * Until when the latest dry run since `after` counted that told this caller `total` of the same events, and when that was;
   * null without one.
   */
  async lastCount(
    actor: Actor,
    endpointId: string,
    {
      since,
      until,
      only,
      total,
      after,
    }: Pick<Replay, 'since' | 'only'> & { until: Date | null; total: number; after: Date },
  ): Promise<{ until: Date; at: Date } | null> {
    actor.require('manage:webhooks');
    const values = [actor.workspaceId, endpointId, actor.id, only, since, until, total, after];
    const [found] = await this.database.query(selectLastCount, values);
    return found ?? null;
  }

  /** Whether this caller has started a replay of the same events since `after`. */
  async hasStarted(
    actor: Actor,
    endpointId: string,
    { since, only, after }: Pick<Replay, 'since' | 'only'> & { after: Date },
  ): Promise<boolean> {
    actor.require('manage:webhooks');
    const values = [actor.workspaceId, endpointId, actor.id, only, since, after];
    return (await this.database.query(selectStarted, values)).length > 0;
  }

  /** Stops a replay; the deliveries that it has made stay. */
  async cancel(actor: Actor, id: string): Promise<Replay> {
    actor.require('manage:webhooks');
    return await this.database.transaction(async (tx) => {
      await this.get(actor, id);
      const cancelled = await tx.query(cancelOne, [id, actor.workspaceId]);
      if (cancelled.length > 0) await this.audit.record(tx, actor, 'replay.cancelled', id);
      tx.afterCommit(() => this.notifications.send(replayProgressed, id));
      const [replay] = await tx.query(selectMany, [[id], actor.workspaceId]);
      if (replay === undefined) throw notFound('replay');
      return replay;
    }, actor.guard);
  }

  /**
   * For workers: takes every running replay one step further, by one second's deliveries at most. A step commits as a
   * whole, so that a crash repeats no delivery; over all processes a replay takes one step a second.
   */
  async advance(now: Date): Promise<void> {
    const running = await this.database.query(selectRunning);
    const rates = ratesOf(running);
    for (let more = running.length > 0; more;)
      more = await this.database.transaction(async (tx) => await this.step(tx, now, rates));
  }

  private async step(tx: Tx, now: Date, rates: ReadonlyMap<string, number>): Promise<boolean> {
    await tx.query(endOfDeleted);
    const [replay] = await tx.query(nextOne, [new Date(now.getTime() - advanceMs)]);
    if (replay === undefined) return false;
    const { id, workspaceId, endpointId, only, since, until, types } = replay;
    const from = replay.reached === '' ? floor(since) : replay.reached;
    const of = [endpointId, floor(until), types];
    if (!replay.counted) {
      let total = replay.countedSoFar;
      const add = ({ count }: { count: number }) => void (total += count);
      const lookedTo = await inRanges(tx, countEvents[only], of, from, stepMsMax, add);
      tx.write(noteCount, [id, total, lookedTo === null, lookedTo, now]);
      tx.afterCommit(() => this.notifications.send(replayProgressed, id));
      return true;
    }
    const rate = Math.floor((rates.get(id) ?? 1) + Math.random());
    const events: string[] = [];
    // Read before the order lock is taken, for which all deliveries wait: this looks through all that the endpoint holds.
    const lookedTo = await inRanges(tx, readEvents[only], [...of, rate], from, stepMsMax, ({ ids }) => {
      events.push(...ids.slice(0, rate - events.length));
      return events.length === rate;
    });
    const isAll = lookedTo === null && events.length < rate;
    const reached = (events.length === rate ? events.at(-1) : lookedTo) ?? from;
    const order = await lockDeliveryOrder(tx);
    tx.write(insertDeliveries, [order.ids(events.length), endpointId, events]);
    tx.write(advanceOne, [id, events.length, reached, isAll ? 'DONE' : 'RUNNING', now]);
    order.release();
    tx.afterCommit(() => {
      if (events.length > 0) {
        this.notifications.send(deliveriesDue, endpointId);
        this.notifications.send(deliveriesMade, workspaceId);
      }
      this.notifications.send(replayProgressed, id);
    });
    return true;
  }
}

/**
 * Asks for one range after the other, from behind `from`, until `take` says that it has enough or the time is over.
 * Returns the last event that was looked at; null when there is none behind it.
 */
async function inRanges<R extends Range>(
  tx: Tx,
  statement: Statement<R>,
  [endpointId, ...values]: readonly unknown[],
  from: string,
  msMax: number,
  take: (range: R) => boolean | void,
): Promise<string | null> {
  const endsAt = performance.now() + msMax;
  for (let lookedTo = from; ;) {
    const [range] = await tx.query(statement, [endpointId, lookedTo, ...values]);
    if (range === undefined) return null;
    const isEnough = take(range);
    if (range.lookedTo === null) return null;
    lookedTo = range.lookedTo;
    if (isEnough || performance.now() >= endsAt) return lookedTo;
  }
}

/** The deliveries a second of each replay: replays to one host share what one may make, where together they want more. */
function ratesOf(running: readonly { id: string; ratePerSecond: number; url: string }[]): Map<string, number> {
  const byHost = Map.groupBy(running, ({ url }) => new URL(url).hostname);
  return new Map(
    [...byHost.values()].flatMap((replays) => {
      const together = replays.reduce((sum, { ratePerSecond }) => sum + ratePerSecond, 0);
      const part = Math.min(1, replayRateMax / together);
      return replays.map(({ id, ratePerSecond }) => [id, ratePerSecond * part] as const);
    }),
  );
}

const floor = (at: Date) => `evt_${idFloor(at)}`;

function listOf(actor: Actor): List {
  const where = new Conditions().within('r.workspace_id = $?', actor.workspaceId);
  return { from: `${columns} from webhook_replays r`, id: 'r.id', where };
}
