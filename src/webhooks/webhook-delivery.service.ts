import type { EventType } from '../events/event-type.js';
import { scopeOfPayload } from '../events/event-type.js';
import type { Actor } from '../platform/actor.js';
import { prepared, type Database, type Tx } from '../platform/database.js';
import { notFound } from '../platform/errors.js';
import { idFloor, isId, newId } from '../platform/id.js';
import type { OutcomeKind } from '../platform/outbound-attempt.js';
import type { Page, PageRequest } from '../platform/page.js';
import type { Signals } from '../platform/signals.js';
import { requireFeature } from '../workspaces/plans.js';
import { lockDeliveryOrder } from './delivery-order.js';
import { skipping } from './open-deliveries.js';
import type { DeliveryStatus, WebhookAttempt, WebhookDelivery } from './webhook-delivery.entity.js';
import { endpointChanged } from './webhook-endpoint.service.js';

/** Topic of `Signals`: the subjects are workspaces of which something was erased. */
export const payloadsErased = 'webhook-payloads-erased';

export interface WebhookDeliveryFilter {
  endpointId?: string | null;
  status?: readonly DeliveryStatus[] | null;
  eventType?: readonly EventType[] | null;
  createdAt?: { gte?: Date | null; lt?: Date | null } | null;
  /** In the event's text, the answers and the errors. */
  search?: string | null;
}

interface Row {
  parentId: string;
  id: string;
  endpointId: string;
  eventId: string;
  status: DeliveryStatus;
  attemptCount: number;
  nextAttemptAt: Date | null;
}

type Under = 'workspace' | 'endpoint' | 'event';

const isFinal = (status: DeliveryStatus) => ['delivered', 'exhausted', 'skipped'].includes(status);

const openStatus = `
  case when e.status = 'paused' then 'held' when d.attempting_since is not null then 'delivering'
    when d.attempts = 0 then 'pending' else 'retrying' end
`;
/** When the endpoint as a whole may be sent to again. */
const opensAt = `
  greatest(s.gate_until, case when s.probing or s.consecutive_fails >= 3 then s.probe_at end)
`;
const nextAttemptAt = `
  case when e.status = 'active' and greatest(d.due_at, ${opensAt}) > now() then greatest(d.due_at, ${opensAt}) end
`;

/**
 * Deliveries of a workspace, of each of some endpoints or of each of some events. Open and finished ones lie apart,
 * and both are indexed by endpoint: from each the newest few are read, and the newest of those are the page.
 * `$1` is the workspace, `$2` the parents (the workspace itself for the first form), `$3` the cursor, `$4` the limit.
 */
class DeliveryQuery {
  readonly values: unknown[] = [];
  private readonly open: string[] = [];
  private readonly finished: string[] = [];
  private readonly endpoints: string[] = [];
  private readonly statuses: readonly DeliveryStatus[] | null;
  private readonly needsEvent: boolean;

  constructor(
    private readonly under: Under,
    filter: WebhookDeliveryFilter,
  ) {
    const value = (given: unknown) => `$${this.values.push(given) + 4}`;
    this.statuses = filter.status ?? null;
    const { gte, lt } = filter.createdAt ?? {};
    if (filter.endpointId != null) this.endpoints.push(`e.id = ${value(filter.endpointId)}`);
    // Ids tell the time they were made at.
    if (gte != null) this.both('$id >=', value(idFloor(gte)));
    if (lt != null) this.both('$id <', value(idFloor(lt)));
    if (filter.eventType != null) this.both('event.type = any', `(${value(filter.eventType)}::text[])`);
    if (filter.search != null) {
      const pattern = value(anywhere(filter.search));
      const inBytes = value(anywhere(escaped(filter.search)));
      const told = (a: string) =>
        `${a}.error ilike ${pattern} or encode(${a}.response_body, 'escape') ilike ${inBytes}`;
      const toldBefore = `exists (
        select from webhook_attempts a where a.endpoint_id = d.endpoint_id and a.delivery_id = $id and (${told('a')})
      )`;
      const inEvent = `event.body ilike ${pattern} or ${value(filter.search)} in (event.id, $id)`;
      this.open.push(`(${inEvent} or d.attempts > 0 and ${toldBefore})`);
      this.finished.push(`(${inEvent} or ${told('d')} or d.number > 1 and ${toldBefore})`);
    }
    this.needsEvent = filter.eventType != null || filter.search != null;
  }

  page(direction: PageRequest['direction']): string {
    const [compare, way] = direction === 'older' ? ['<', 'desc'] : ['>', 'asc'];
    const branches = this.branches((id) => `and ${id} ${compare} $3 order by ${id} ${way} limit $4`);
    return `
      select * from (
        select parent.id as "parentId", d.*, row_number() over (partition by parent.id order by d.id ${way}) as place
        from ${this.tables} cross join lateral (${branches}) d
      ) ranked where place <= $4 order by "parentId", place
    `;
  }

  counts(): string {
    return `
      select parent.id, count(d.id)::int as count from ${this.tables}
      cross join lateral (${this.branches(() => 'and $3::text is null and $4::int is null')}) d group by parent.id
    `;
  }

  private get tables(): string {
    const which = this.under === 'endpoint' ? ['e.id = parent.id'] : [];
    const conditions = ['e.workspace_id = $1', ...which, ...this.endpoints].join(' and ');
    return `unnest($2::text[]) as parent (id) join webhook_endpoints e on ${conditions}
      join webhook_endpoint_states s on s.endpoint_id = e.id`;
  }

  private both(comparison: string, value: string): void {
    this.open.push(`${comparison} ${value}`);
    this.finished.push(`${comparison} ${value}`);
  }

  private branches(end: (id: string) => string): string {
    const event = this.needsEvent ? 'join events event on event.id = d.event_id' : '';
    const own = this.under === 'event' ? ['d.event_id = parent.id'] : [];
    const where = (id: string, conditions: string[]) =>
      ['d.endpoint_id = e.id', ...own, ...conditions].join(' and ').replaceAll('$id', id);
    const openOnes = (which: string, statuses: readonly DeliveryStatus[]) => {
      const wanted = this.statuses?.filter((status) => statuses.includes(status));
      if (wanted?.length === 0) return [];
      const status = wanted === undefined ? [] : [`${openStatus} in (${wanted.map((one) => `'${one}'`).join(', ')})`];
      return [
        `(select d.id, d.endpoint_id as "endpointId", d.event_id as "eventId", ${openStatus} as status,
          d.attempts::int as "attemptCount", ${nextAttemptAt} as "nextAttemptAt"
        from webhook_deliveries d ${event} where ${where('d.id', [which, ...status, ...this.open])} ${end('d.id')})`,
      ];
    };
    const finals = this.statuses?.filter(isFinal);
    const final =
      finals === undefined ? 'd.ended is not null' : `d.ended in (${finals.map((one) => `'${one}'`).join(', ')})`;
    const finished =
      finals?.length === 0
        ? []
        : [
            `(select d.delivery_id as id, d.endpoint_id as "endpointId", d.event_id as "eventId", d.ended as status,
              d.number::int as "attemptCount", null::timestamptz as "nextAttemptAt"
            from webhook_attempts d ${event} where ${where('d.delivery_id', [final, ...this.finished])}
            ${end('d.delivery_id')})`,
          ];
    const branches = [
      ...openOnes('d.attempts = 0', ['pending', 'delivering', 'held']),
      ...openOnes('d.attempts > 0', ['retrying', 'delivering', 'held']),
      ...finished,
    ];
    const nothing = `(select null as id, null as "endpointId", null as "eventId", null as status,
      0 as "attemptCount", null::timestamptz as "nextAttemptAt" where $3::text = '' and $4::int = 0 and false)`;
    return branches.length === 0 ? nothing : branches.join('\nunion all\n');
  }
}

const selectMany = prepared<Omit<Row, 'parentId'>>(`
  select d.* from unnest($2::text[]) as wanted (id)
  join webhook_endpoints e on e.workspace_id = $1
  join webhook_endpoint_states s on s.endpoint_id = e.id
  cross join lateral (
    select d.id, d.endpoint_id as "endpointId", d.event_id as "eventId", ${openStatus} as status,
      d.attempts::int as "attemptCount", ${nextAttemptAt} as "nextAttemptAt"
    from webhook_deliveries d where d.endpoint_id = e.id and d.id = wanted.id and d.attempts = 0
    union all
    select d.id, d.endpoint_id, d.event_id, ${openStatus}, d.attempts::int, ${nextAttemptAt}
    from webhook_deliveries d where d.endpoint_id = e.id and d.id = wanted.id and d.attempts > 0
    union all
    select d.delivery_id, d.endpoint_id, d.event_id, d.ended, d.number::int, null
    from webhook_attempts d where d.endpoint_id = e.id and d.delivery_id = wanted.id and d.ended is not null
  ) d
`);
const selectAttempts = prepared<AttemptRow>(`
  select a.delivery_id as "deliveryId", a.number, a.at, a.outcome, a.response_status as "responseStatus",
    a.response_body as answer, a.error, a.address, a.dns_ms as "dnsMs", a.connect_ms as "connectMs",
    a.tls_ms as "tlsMs", a.first_byte_ms as "firstByteMs", a.total_ms as "totalMs", event.type as "eventType"
  from unnest($2::text[], $3::text[]) as wanted (endpoint_id, delivery_id)
  join webhook_endpoints e on e.id = wanted.endpoint_id and e.workspace_id = $1
  join webhook_attempts a on a.endpoint_id = wanted.endpoint_id and a.delivery_id = wanted.delivery_id
  left join events event on event.id = a.event_id
  where a.outcome is not null
  order by a.delivery_id, a.number, a.at
`);
const insertAgain = prepared(
  'insert into webhook_deliveries (id, endpoint_id, event_id, due_at) values ($1, $2, $3, now())',
);
const endpointIsThere = prepared(
  'select from webhook_endpoints where id = $1 and workspace_id = $2 and deleted_at is null',
);
const ofErased = 'd.endpoint_id in (select id from webhook_endpoints where workspace_id = $2) and d.event_id = any($3)';
const skipErased = prepared(skipping(ofErased));
const blankAnswers = prepared(`
  update webhook_attempts set response_body = null, error = null
  where event_id = any ($1) and (response_body is not null or error is not null)
`);

interface AttemptRow {
  deliveryId: string;
  number: number;
  at: Date;
  outcome: OutcomeKind;
  responseStatus: number | null;
  answer: Buffer | null;
  error: string | null;
  address: string | null;
  dnsMs: number | null;
  connectMs: number | null;
  tlsMs: number | null;
  firstByteMs: number | null;
  totalMs: number;
  eventType: EventType | null;
}

export class WebhookDeliveryService {
  constructor(
    private readonly database: Database,
    private readonly signals: Signals,
  ) {}

  async list(actor: Actor, filter: WebhookDeliveryFilter, page: PageRequest): Promise<Page<WebhookDelivery>> {
    this.require(actor, filter);
    const pages = await this.pages('workspace', actor, filter, [actor.workspaceId], page);
    return pages.get(actor.workspaceId) ?? { rows: [], hasMore: false };
  }

  async count(actor: Actor, filter: WebhookDeliveryFilter): Promise<number> {
    this.require(actor, filter);
    return (await this.counts('workspace', actor, filter, [actor.workspaceId])).get(actor.workspaceId) ?? 0;
  }

  /** Of each of these endpoints. */
  async pagesOfEndpoints(
    actor: Actor,
    endpointIds: readonly string[],
    page: PageRequest,
  ): Promise<Map<string, Page<WebhookDelivery>>> {
    actor.require('manage:webhooks');
    return await this.pages('endpoint', actor, {}, endpointIds, page);
  }

  async countsOfEndpoints(actor: Actor, endpointIds: readonly string[]): Promise<Map<string, number>> {
    actor.require('manage:webhooks');
    return await this.counts('endpoint', actor, {}, endpointIds);
  }

  /** Deliveries that wait until their endpoint is resumed. */
  async heldCounts(actor: Actor, endpointIds: readonly string[]): Promise<Map<string, number>> {
    actor.require('manage:webhooks');
    return await this.counts('endpoint', actor, { status: ['held'] }, endpointIds);
  }

  /** Of each of these events. */
  async pagesOfEvents(
    actor: Actor,
    eventIds: readonly string[],
    page: PageRequest,
  ): Promise<Map<string, Page<WebhookDelivery>>> {
    actor.require('manage:webhooks');
    return await this.pages('event', actor, {}, eventIds, page);
  }

  async countsOfEvents(actor: Actor, eventIds: readonly string[]): Promise<Map<string, number>> {
    actor.require('manage:webhooks');
    return await this.counts('event', actor, {}, eventIds);
  }

  async get(actor: Actor, id: string): Promise<WebhookDelivery> {
    actor.require('manage:webhooks');
    const [delivery] = isId(id, 'webhookDelivery') ? await this.getMany(actor, [id]) : [];
    if (delivery === undefined) throw notFound('webhook_delivery');
    return delivery;
  }

  async getMany(actor: Actor, ids: readonly string[]): Promise<WebhookDelivery[]> {
    actor.require('manage:webhooks');
    const rows = await this.database.query(selectMany, [actor.workspaceId, ids]);
    return rows.map(deliveryOf);
  }

  /** The attempts of each of these deliveries, the first one first. */
  async attempts(
    actor: Actor,
    deliveries: readonly Pick<WebhookDelivery, 'id' | 'endpointId'>[],
  ): Promise<Map<string, WebhookAttempt[]>> {
    actor.require('manage:webhooks');
    const rows = await this.database.query(selectAttempts, [
      actor.workspaceId,
      deliveries.map(({ endpointId }) => endpointId),
      deliveries.map(({ id }) => id),
    ]);
    return Map.groupBy(rows.map(attemptOf), ({ deliveryId }) => deliveryId);
  }

  /** What the endpoint answered, for those who may see what it was sent. */
  responseBody(actor: Actor, { answer, eventType }: Pick<WebhookAttempt, 'answer' | 'eventType'>): string | null {
    actor.require('manage:webhooks');
    if (eventType !== null) actor.require(scopeOfPayload[eventType]);
    return answer === null ? null : answer.toString('utf8');
  }

  /** The same event once more: a new delivery, with the same id and bytes. */
  async redeliver(actor: Actor, id: string): Promise<WebhookDelivery> {
    actor.require('manage:webhooks');
    requireFeature(actor, 'webhooks');
    const { endpointId, eventId } = await this.get(actor, id);
    return await this.database.transaction(async (tx) => {
      const order = await lockDeliveryOrder(tx);
      const endpoints = await tx.query(endpointIsThere, [endpointId, actor.workspaceId]);
      if (endpoints.length === 0) throw notFound('webhook', { cause: 'the endpoint of the delivery is deleted' });
      const newOne = newId('webhookDelivery');
      tx.write(insertAgain, [newOne, endpointId, eventId]);
      order.release();
      tx.afterCommit(() => this.signals.send(endpointChanged, endpointId));
      const [delivery] = (await tx.query(selectMany, [actor.workspaceId, [newOne]])).map(deliveryOf);
      if (delivery === undefined) throw new Error('a delivery is not there after its insert');
      return delivery;
    }, actor.guard);
  }

  /** Ends what is open of these events, and blanks what subscribers answered to them. For `EventService.onErase`. */
  async erase(tx: Tx, { workspaceId, eventIds }: { workspaceId: string; eventIds: readonly string[] }): Promise<void> {
    if (eventIds.length === 0) return;
    // Whoever makes deliveries of them has made them, or will see that they are blank.
    await lockDeliveryOrder(tx);
    await tx.query(skipErased, [new Date(), workspaceId, eventIds]);
    await tx.query(blankAnswers, [eventIds]);
    tx.afterCommit(() => this.signals.send(payloadsErased, workspaceId));
  }

  /** A search looks into payloads and answers, so it needs what those need. */
  private require(actor: Actor, filter: WebhookDeliveryFilter): void {
    actor.require('manage:webhooks');
    if (filter.search != null) for (const scope of new Set(Object.values(scopeOfPayload))) actor.require(scope);
  }

  private async pages(
    under: Under,
    actor: Actor,
    filter: WebhookDeliveryFilter,
    parentIds: readonly string[],
    page: PageRequest,
  ): Promise<Map<string, Page<WebhookDelivery>>> {
    const query = new DeliveryQuery(under, filter);
    const cursor = page.cursor ?? (page.direction === 'older' ? '~' : '');
    const values = [actor.workspaceId, parentIds, cursor, page.limit + 1, ...query.values];
    const rows = await this.database.query(prepared<Row>(query.page(page.direction)), values);
    const pages = new Map<string, Page<WebhookDelivery>>();
    for (const [parentId, found] of Map.groupBy(rows, (row) => row.parentId)) {
      const kept = found.slice(0, page.limit).map(deliveryOf);
      pages.set(parentId, {
        rows: page.direction === 'newer' ? kept.toReversed() : kept,
        hasMore: found.length > page.limit,
      });
    }
    return pages;
  }

  private async counts(
    under: Under,
    actor: Actor,
    filter: WebhookDeliveryFilter,
    parentIds: readonly string[],
  ): Promise<Map<string, number>> {
    const query = new DeliveryQuery(under, filter);
    const values = [actor.workspaceId, parentIds, null, null, ...query.values];
    const rows = await this.database.query(prepared<{ id: string; count: number }>(query.counts()), values);
    return new Map(rows.map(({ id, count }) => [id, count]));
  }
}

const anywhere = (text: string) => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

/** As PostgreSQL's `encode(…, 'escape')` writes bytes, which need not be UTF-8. */
const escaped = (text: string) =>
  Buffer.from(text)
    .toString('latin1')
    .replace(/\\/g, '\\\\')
    .replace(/[\0\x80-\xff]/g, (byte) => `\\${byte.charCodeAt(0).toString(8).padStart(3, '0')}`);

const madeAt = (id: string) => new Date(parseInt(id.slice(1, 9), 36));

function deliveryOf({
  id,
  endpointId,
  eventId,
  status,
  attemptCount,
  nextAttemptAt,
}: Omit<Row, 'parentId'>): WebhookDelivery {
  return { id, endpointId, eventId, status, attemptCount, nextAttemptAt, createdAt: madeAt(id) };
}

function attemptOf({ dnsMs, connectMs, tlsMs, firstByteMs, totalMs, ...row }: AttemptRow): WebhookAttempt {
  return { ...row, timings: { dnsMs, connectMs, tlsMs, firstByteMs, totalMs } };
}
