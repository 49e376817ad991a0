/**
 * One file because open and finished deliveries lie in different tables, and whoever asks about deliveries has to ask
 * both.
 */
import type { AuditService } from '../../audit/audit.service.js';
import { eventTypes, requirePayloads, type EventType } from '../../events/event-type.js';
import { isBeingErased, type ErasedElsewhere, type ErasedEvents } from '../../events/event-erasure.service.js';
import type { Actor, Confirm } from '../../platform/actor.js';
import { now } from '../../platform/clock.js';
import type { Database, Tx } from '../../platform/postgres/database.js';
import { heavy, pipelined, prepared, unprepared, type Statement } from '../../platform/postgres/statement.js';
import { invalid, notFound } from '../../platform/errors.js';
import { isId } from '../../platform/id.js';
import { pageOf, type Page } from '../../platform/postgres/keyset-page.js';
import type { PageRequest } from '../../platform/page-request.js';
import type { Notifications } from '../../platform/postgres/notifications.js';
import type { StoredRows } from '../../platform/postgres/stored-rows.js';
import { requireFeature, requireStorage } from '../../workspaces/plans.js';
import { attemptsLeft } from '../policy/retry.js';
import { countErasure, endOfDeliveries, floorSince, lockDeliveryOrder } from '../store/delivery-order-lock.js';
import { deliveriesInLook, DeliveryQuery, type Under, type WebhookDeliveryFilter } from '../store/delivery-query.js';
import {
  deliveriesById,
  deliveriesOfEndpoints,
  deliveriesOpenOrEndedSince,
  type DeliveryRow,
} from '../store/delivery-rows.js';
import type { DeliveryStatus } from '../store/delivery-status.js';
import {
  findOpenOf,
  insertOpen,
  lockStatesOf,
  ofWorkspace,
  skipDeliveries,
  skipFound,
  skipOpenSince,
  skippedAtOnceMax,
  type DeliveryKey,
} from '../store/open-deliveries.js';
import type { AttemptHeaders, WebhookAttempt, WebhookDelivery, WebhookTimings } from './delivery.entity.js';
import { responseHeaders } from './shown-headers.js';
import { deliveriesMade, deliveryUpdated, endpointChanged, payloadsErased, updated } from '../topics.js';

/** The attempts of one delivery: the first, and one for each delay of the longest retry schedule. */
const attemptsReadMax = 51;

const hasAnswer = (a: string) =>
  `(${a}.response_body is not null or ${a}.error is not null or ${a}.response_headers is not null)`;
const blank = 'response_body = null, error = null, response_headers = null';
const selecting = (order: string, limit: number) =>
  prepared<AttemptRow>(`
  select a.delivery_id as "deliveryId", a.endpoint_id as "endpointId", a.event_id as "eventId",
    coalesce(a.request_version, 0) as "requestVersion", a.number, a.at, a.outcome, a.response_status as "responseStatus",
    case when $4 and not erased.yes then a.response_body end as answer,
    case when $5 and not erased.yes then a.response_headers end as head, case when not erased.yes then a.error end as error, a.address, a.dns_ms as "dnsMs", a.connect_ms as "connectMs",
    a.tls_ms as "tlsMs", a.first_byte_ms as "firstByteMs", a.total_ms as "totalMs", coalesce(a.event_type, event.type) as "eventType"
  from unnest($2::text[], $3::text[]) as wanted (endpoint_id, delivery_id)
  join webhook_endpoints e on e.id = wanted.endpoint_id and e.workspace_id = $1
  cross join lateral (
    select * from webhook_attempts a
    where a.endpoint_id = wanted.endpoint_id and a.delivery_id = wanted.delivery_id and a.outcome is not null
    order by ${order} limit ${limit}
  ) a
  left join events event on event.id = a.event_id
  cross join lateral (select ${isBeingErased('a.event_id', 'event.subject_id')} as yes) erased
  order by a.delivery_id, a.number, a.at
`);
const selectAttempts = selecting('a.number, a.at', attemptsReadMax);
const selectLastAttempts = selecting('a.number desc, a.at desc', 1);
const selectType = pipelined<{ type: EventType }>('select type from events where id = $1 and workspace_id = $2');
const insertAgain = prepared(`
  with made as (select $1 as id, $2 as endpoint_id, $3 as event_id) ${insertOpen('made', 'now()')}
`);
const endpointIsThere = prepared(
  'select from webhook_endpoints where id = $1 and workspace_id = $2 and deleted_at is null',
);
const blankAnswers = prepared<{ count: number }>(`
  with blanked as (
    update webhook_attempts a set ${blank} where a.event_id = any ($1) and ${hasAnswer('a')}
    returning 1
  )
  select count(*)::int as count from blanked
`);
const blankAnswersOf = prepared(`
  update webhook_attempts a set ${blank} from json_to_recordset($1) w ("endpointId" text, id text)
  where a.endpoint_id = w."endpointId" and a.delivery_id = w.id and ${hasAnswer('a')}
`);
// `is true` keeps PostgreSQL from looking for each event.
const blankAnswersSince = prepared(`
  update webhook_attempts d set ${blank}
  where ${ofWorkspace('$1')} and d.delivery_id >= $3 and (d.event_id = any ($2)) is true and ${hasAnswer('d')}
`);

/** A page of a search, which may end before it is full. */
export interface SearchedPage extends Page<WebhookDelivery> {
  /** The last delivery that the search looked at, where its time was over before it reached the end. */
  lookedTo: string | null;
}

type LookedAt = DeliveryRow & { isFound: boolean | null; isLast: boolean };

/** After so long a search begins no further part. */
const searchMsMax = 600;
const searchCharactersMax = 200;

type AttemptRow = Omit<WebhookAttempt, 'timings'> & WebhookTimings;

export const storedAttempts: StoredRows = {
  table: 'webhook_attempts',
  bytes: '150 + coalesce(pg_column_size(t.response_body), 0) + coalesce(pg_column_size(t.response_headers), 0)',
  owner: 'endpoint_id',
  through: { table: 'webhook_endpoints', owner: 'workspace_id' },
};

/** What of attempts is large and need not be read. */
interface Large {
  answers: boolean;
  heads: boolean;
}
const everything: Large = { answers: true, heads: true };

export class WebhookDeliveryService {
  constructor(
    private readonly database: Database,
    private readonly notifications: Notifications,
    private readonly audit: AuditService,
    private readonly confirm: Confirm,
    private readonly settings: { retryDelaysMs: readonly number[] },
  ) {}

  /** A page of deliveries. A search looks back as far as it comes in a moment, and says how far that was. */
  async list(actor: Actor, filter: WebhookDeliveryFilter, page: PageRequest): Promise<SearchedPage> {
    this.require(actor, filter);
    const query = new DeliveryQuery('workspace', filter);
    if (query.searches && !query.isVoid) return await this.searched(query, actor, page);
    const pages = await this.pages('workspace', actor, filter, [actor.workspaceId], page);
    return { ...(pages.get(actor.workspaceId) ?? { rows: [], hasMore: false }), lookedTo: null };
  }

  /** The number of deliveries; of a search, as far as it comes in a moment. */
  async count(actor: Actor, filter: WebhookDeliveryFilter): Promise<number> {
    this.require(actor, filter);
    const query = new DeliveryQuery('workspace', filter);
    if (query.searches && !query.isVoid) return await this.countSearched(query, actor);
    return (await this.counts('workspace', actor, filter, [actor.workspaceId])).get(actor.workspaceId) ?? 0;
  }

  /** A page of the deliveries of each of these endpoints, or events. */
  async pagesOf(
    under: Under,
    actor: Actor,
    ids: readonly string[],
    page: PageRequest,
  ): Promise<Map<string, Page<WebhookDelivery>>> {
    actor.require('manage:webhooks');
    return await this.pages(under, actor, {}, ids, page);
  }

  /** How many deliveries each of these has; with `status`, how many in one of these states. */
  async countsOf(
    under: Under,
    actor: Actor,
    ids: readonly string[],
    status?: readonly DeliveryStatus[],
  ): Promise<Map<string, number>> {
    actor.require('manage:webhooks');
    return await this.counts(under, actor, status === undefined ? {} : { status }, ids);
  }

  async get(actor: Actor, id: string): Promise<WebhookDelivery> {
    actor.require('manage:webhooks');
    const [delivery] = isId(id, 'webhookDelivery') ? await this.getMany(actor, [id]) : [];
    if (delivery === undefined) throw notFound('webhook_delivery');
    return delivery;
  }

  async getMany(actor: Actor, ids: readonly string[]): Promise<WebhookDelivery[]> {
    actor.require('manage:webhooks');
    const rows = await this.database.query(deliveriesById, [actor.workspaceId, ids]);
    return rows.map((row) => this.deliveryOf(row));
  }

  /** Deliveries as they stand, by their endpoints and ids. */
  async getOfEndpoints(actor: Actor, keys: readonly DeliveryKey[]): Promise<WebhookDelivery[]> {
    actor.require('manage:webhooks');
    const endpointIds = keys.map(({ endpointId }) => endpointId);
    const ids = keys.map(({ id }) => id);
    const rows = await this.database.query(deliveriesOfEndpoints, [actor.workspaceId, endpointIds, ids]);
    return rows.map((row) => this.deliveryOf(row));
  }

  /** Deliveries with ids above `after`, at most so many and the oldest first: what is open, and what ended since. */
  async openOrEndedSince(
    actor: Actor,
    { endpointId, after, since }: { endpointId: string | null; after: string; since: Date },
    limit: number,
  ): Promise<WebhookDelivery[]> {
    actor.require('manage:webhooks');
    const values = [actor.workspaceId, endpointId, after, since, limit];
    const rows = await this.database.query(deliveriesOpenOrEndedSince, values);
    return rows.map((row) => this.deliveryOf(row));
  }

  /** Above the ids of all deliveries that there are, and below those that will be made. */
  async end(): Promise<string> {
    return await endOfDeliveries(this.database);
  }

  /**
   * The attempts of each of these deliveries, the first one first.
   * @param whole which of what may be large is read, too
   */
  async attempts(
    actor: Actor,
    deliveries: readonly Pick<WebhookDelivery, 'id' | 'endpointId'>[],
    whole: Large = everything,
  ): Promise<Map<string, WebhookAttempt[]>> {
    actor.require('manage:webhooks');
    const rows = await this.read(selectAttempts, actor, deliveries, whole);
    return Map.groupBy(rows, ({ deliveryId }) => deliveryId);
  }

  /** The last attempt of each of these deliveries that was attempted. */
  async lastAttempts(
    actor: Actor,
    deliveries: readonly Pick<WebhookDelivery, 'id' | 'endpointId'>[],
    whole: Large = everything,
  ): Promise<Map<string, WebhookAttempt>> {
    actor.require('manage:webhooks');
    const rows = await this.read(selectLastAttempts, actor, deliveries, whole);
    return new Map(rows.map((attempt) => [attempt.deliveryId, attempt]));
  }

  private async read(
    statement: Statement<AttemptRow>,
    actor: Actor,
    deliveries: readonly Pick<WebhookDelivery, 'id' | 'endpointId'>[],
    { answers, heads }: Large,
  ): Promise<WebhookAttempt[]> {
    const keys = [deliveries.map(({ endpointId }) => endpointId), deliveries.map(({ id }) => id)];
    return (await this.database.query(statement, [actor.workspaceId, ...keys, answers, heads])).map(attemptOf);
  }

  /** The endpoint's answer, for callers who may see what the endpoint was sent. */
  responseBody(actor: Actor, { answer, eventType }: Pick<WebhookAttempt, 'answer' | 'eventType'>): string | null {
    this.requireAnswer(actor, eventType);
    return answer === null ? null : answer.toString('utf8');
  }

  /** What is kept of the answer's headers, for the same callers. */
  responseHeaders(
    actor: Actor,
    { head, eventType }: Pick<WebhookAttempt, 'head' | 'eventType'>,
  ): AttemptHeaders | null {
    this.requireAnswer(actor, eventType);
    return head === null || head === '' ? null : responseHeaders(head);
  }

  private requireAnswer(actor: Actor, eventType: EventType | null): void {
    actor.require('manage:webhooks');
    // Where the type is not known, it may have been any.
    requirePayloads(actor, eventType === null ? eventTypes : [eventType]);
  }

  /**
   * Sends the same event once more: a new delivery, with the event's id and bytes.
   * @throws insufficient_scopes when the key may not read what it would send
   */
  async redeliver(actor: Actor, id: string): Promise<WebhookDelivery> {
    actor.require('manage:webhooks');
    requireFeature(actor, 'webhooks');
    return await this.database.transaction(async (tx) => {
      const { endpointId, eventId } = await this.get(actor, id);
      const [event] = await this.database.query(selectType, [eventId, actor.workspaceId]);
      if (event === undefined) throw notFound('event', { cause: 'the event of the delivery is no longer kept' });
      requirePayloads(actor, [event.type]);
      requireStorage(actor);
      await this.confirm(tx, actor);
      // Recorded before the order lock is taken, for which all deliveries wait: recording may wait for the workspace's chain.
      const told = { endpoint_id: endpointId, event_id: eventId };
      await this.audit.record(tx, actor, 'webhook_delivery.redelivered', id, told);
      const order = await lockDeliveryOrder(tx);
      const endpoints = await tx.query(endpointIsThere, [endpointId, actor.workspaceId]);
      if (endpoints.length === 0) throw notFound('webhook', { cause: 'the endpoint of the delivery is deleted' });
      const [newOne = ''] = order.ids(1);
      tx.write(insertAgain, [newOne, endpointId, eventId]);
      order.release();
      tx.afterCommit(() => {
        this.notifications.send(endpointChanged, endpointId);
        this.notifications.send(deliveriesMade, actor.workspaceId);
      });
      const [made] = await tx.query(deliveriesById, [actor.workspaceId, [newOne]]);
      if (made === undefined) throw new Error('a delivery is not there after its insert');
      return this.deliveryOf(made);
    }, actor.guard);
  }

  /**
   * Ends what is open of these events, and blanks what subscribers answered to them. For `EventErasureService.onErase`.
   * Results of deliveries wait for the locks. So what is marked already is skipped in transactions of their own before;
   * what is not is only looked for then, and skipped at the very end.
   */
  async erase(tx: Tx, { workspaceId, eventIds: wanted, isFirst }: ErasedEvents): Promise<ErasedElsewhere> {
    const reason = 'person_erased';
    const found = await findOpenOf(tx, workspaceId, wanted, isFirst ? skippedAtOnceMax : null);
    const eventIds = wanted.filter((id) => id > found.leftTo);
    const tell = (skipped: readonly DeliveryKey[]) => {
      for (const delivery of skipped) this.notifications.send(deliveryUpdated, updated.one(workspaceId, delivery));
    };
    if (!isFirst) {
      await skipDeliveries(this.database, found.deliveries, { at: now(), reason });
      tell(found.deliveries);
    }
    if (found.deliveries.length > 0 || isFirst)
      tx.afterCommit(() => this.notifications.send(payloadsErased, workspaceId));
    const [blanked] = await tx.query(blankAnswers, [eventIds]);
    return {
      eventIds,
      answers: blanked?.count ?? 0,
      conclude: async (tx) => {
        lockStatesOf(tx, workspaceId);
        skipFound(tx, found.deliveries, { at: now(), reason });
        // Of what was stored since they were found.
        tx.write(blankAnswersOf, [JSON.stringify(found.deliveries)]);
        // Whoever makes deliveries of the events has made them, or will see that they are blank.
        await lockDeliveryOrder(tx);
        const asOf = floorSince(found.lastDeliveryMs);
        const others = await skipOpenSince(tx, workspaceId, eventIds, asOf, { at: now(), reason });
        tx.afterCommit(() => tell(isFirst ? [...found.deliveries, ...others] : others));
        tx.write(blankAnswersSince, [workspaceId, eventIds, asOf]);
        tx.write(countErasure, []);
      },
    };
  }

  /** A search looks into payloads and answers, so it takes the scopes that reading those takes. */
  private require(actor: Actor, filter: WebhookDeliveryFilter): void {
    actor.require('manage:webhooks');
    if (filter.search == null) return;
    requirePayloads(actor, eventTypes);
    if (filter.search.length > searchCharactersMax) {
      throw invalid('filter.search', 'too_long', `must have at most ${searchCharactersMax} characters`);
    }
  }

  private async searched(query: DeliveryQuery, actor: Actor, page: PageRequest): Promise<SearchedPage> {
    const { direction, limit } = page;
    const statement = heavy(unprepared<LookedAt>(query.look(direction)));
    const found: WebhookDelivery[] = [];
    const last = await this.lookOn(query, actor, page, async (values) => {
      const looked = await this.database.query(statement, values);
      found.push(...looked.filter(({ isFound }) => isFound).map((row) => this.deliveryOf(row)));
      return found.length > limit ? null : (looked.find(({ isLast }) => isLast)?.id ?? null);
    });
    const { rows, hasMore } = pageOf(found, page);
    return { rows, hasMore: hasMore || last !== null, lookedTo: last };
  }

  private async countSearched(query: DeliveryQuery, actor: Actor): Promise<number> {
    const statement = heavy(unprepared<{ count: number; last: string | null }>(query.lookCount('older')));
    let count = 0;
    await this.lookOn(query, actor, { cursor: null, direction: 'older' }, async (values) => {
      const [looked] = await this.database.query(statement, values);
      count += looked?.count ?? 0;
      return looked?.last ?? null;
    });
    return count;
  }

  /**
   * Calls `look` for one part of the deliveries after the other, each behind the last delivery that `look` returned, until
   * `look` returns null or the time is over. @returns the last delivery, where the end was not reached
   */
  private async lookOn(
    query: DeliveryQuery,
    actor: Actor,
    { cursor, direction }: Pick<PageRequest, 'cursor' | 'direction'>,
    look: (values: unknown[]) => Promise<string | null>,
  ): Promise<string | null> {
    const endsAt = performance.now() + searchMsMax;
    let last = cursor ?? (direction === 'older' ? '~' : '');
    // The first part is small: a text that is frequent is found among few deliveries.
    for (let many = deliveriesInLook.least; ; many = Math.min(4 * many, deliveriesInLook.most)) {
      const values = [actor.workspaceId, [actor.workspaceId], last, many, ...query.values];
      const next = await look(values);
      if (next === null) return null;
      last = next;
      if (performance.now() >= endsAt) return last;
    }
  }

  private async pages(
    under: Under,
    actor: Actor,
    filter: WebhookDeliveryFilter,
    parentIds: readonly string[],
    page: PageRequest,
  ): Promise<Map<string, Page<WebhookDelivery>>> {
    const query = new DeliveryQuery(under, filter);
    if (query.isVoid) return new Map();
    const cursor = page.cursor ?? (page.direction === 'older' ? '~' : '');
    const values = [actor.workspaceId, parentIds, cursor, page.limit + 1, ...query.values];
    const text = query.page(page.direction);
    const statement = query.isShaped ? heavy(unprepared<DeliveryRow>(text)) : prepared<DeliveryRow>(text);
    const rows = await this.database.query(statement, values);
    const grouped = Map.groupBy(rows, ({ parentId }) => parentId);
    const deliveriesOf = (found: DeliveryRow[]) => found.map((row) => this.deliveryOf(row));
    return new Map([...grouped].map(([parentId, found]) => [parentId, pageOf(deliveriesOf(found), page)]));
  }

  private async counts(
    under: Under,
    actor: Actor,
    filter: WebhookDeliveryFilter,
    parentIds: readonly string[],
  ): Promise<Map<string, number>> {
    const query = new DeliveryQuery(under, filter);
    if (query.isVoid) return new Map();
    const values = [actor.workspaceId, parentIds, null, null, ...query.values];
    type Count = { id: string; count: number };
    const statement = query.isShaped ? unprepared<Count> : prepared<Count>;
    const rows = await this.database.query(heavy(statement(query.counts())), values);
    return new Map(rows.map(({ id, count }) => [id, count]));
  }

  private deliveryOf(row: Omit<DeliveryRow, 'parentId'>): WebhookDelivery {
    const { id, endpointId, eventId, status, attemptCount, nextAttemptAt, skipReason, endedAt } = row;
    const left = endedAt === null ? attemptsLeft(this.settings.retryDelaysMs, attemptCount) : 0;
    const counts = { attemptCount, attemptsLeft: left };
    return { id, endpointId, eventId, status, ...counts, nextAttemptAt, skipReason, endedAt, createdAt: madeAt(id) };
  }
}

export const madeAt = (id: string) => new Date(parseInt(id.slice(1, 9), 36));

function attemptOf({ dnsMs, connectMs, tlsMs, firstByteMs, totalMs, ...row }: AttemptRow): WebhookAttempt {
  return { ...row, timings: { dnsMs, connectMs, tlsMs, firstByteMs, totalMs } };
}
