import { isBeingErased } from '../events/event-erasure.service.js';
import type { EventType } from '../events/event-type.js';
import { idFloor } from '../platform/id.js';
import type { PageRequest } from '../platform/page.js';
import { opensAt } from './pause.js';
import { openOf, runAt, runMax } from './runs.js';
import { DeliveryStatusEnum, type DeliveryStatus } from './webhook-delivery.entity.js';

export interface WebhookDeliveryFilter {
  endpointId?: string | null;
  status?: readonly DeliveryStatus[] | null;
  eventType?: readonly EventType[] | null;
  createdAt?: { gte?: Date | null; lt?: Date | null } | null;
  /** In the event's text, the answers and the errors. */
  search?: string | null;
}

/** One delivery of a page, open or finished. */
export interface DeliveryRow {
  parentId: string;
  id: string;
  endpointId: string;
  eventId: string;
  status: DeliveryStatus;
  attemptCount: number;
  nextAttemptAt: Date | null;
}

export type Under = 'workspace' | 'endpoint' | 'event';

const statusOf = (isAttempting: string, otherwise: DeliveryStatus) => `
  case when e.status = 'paused' then 'held' when ${isAttempting} then 'delivering' else '${otherwise}' end
`;
const notBefore = (dueAt: string) => `
  case when e.status = 'active' and greatest(${dueAt}, ${opensAt}) > now() then greatest(${dueAt}, ${opensAt}) end
`;
const freshStatuses: readonly DeliveryStatus[] = ['pending', 'delivering', 'held'];
/** In SQL, of a delivery `d` of a run `r`. */
export const freshStatus = statusOf('r.attempting & d.bit <> 0', 'pending');
export const freshAttemptAt = notBefore('null');
/** Of a `d` of `webhook_retries`. */
export const retryStatus = statusOf('d.attempting', 'retrying');
export const retryAttemptAt = notBefore('d.due_at');

/**
 * Deliveries of a workspace, of each of some endpoints or of each of some events. Open and finished ones lie apart,
 * and both are indexed by endpoint: from each the newest few are read, and the newest of those are the page.
 * `$1` is the workspace, `$2` the parents (the workspace itself for the first form), `$3` the cursor, `$4` the limit.
 */
export class DeliveryQuery {
  readonly values: unknown[] = [];
  private readonly fresh: string[] = [];
  private readonly retried: string[] = [];
  private readonly finished: string[] = [];
  private readonly endpoints: string[] = [];
  private readonly statuses: readonly DeliveryStatus[] | null;
  private readonly needsEvent: boolean;

  constructor(
    private readonly under: Under,
    filter: WebhookDeliveryFilter,
  ) {
    const value = (given: unknown) => `$${this.values.push(given) + 4}`;
    // In our order and each once, so that the forms of a filter come to few statements.
    this.statuses =
      filter.status == null
        ? null
        : Object.values(DeliveryStatusEnum).filter((status) => filter.status?.includes(status));
    const { gte, lt } = filter.createdAt ?? {};
    if (filter.endpointId != null) this.endpoints.push(`e.id = ${value(filter.endpointId)}`);
    // Ids tell the time they were made at.
    if (gte != null) {
      const from = value(idFloor(gte));
      this.onEach('$id >=', from);
      this.fresh.push(`r.last_id >= ${from}`);
    }
    if (lt != null) {
      const to = value(idFloor(lt));
      this.onEach('$id <', to);
      this.fresh.push(upTo(to));
    }
    if (filter.eventType != null) this.onEach('event.type = any', `(${value(filter.eventType)}::text[])`);
    if (filter.search != null) {
      const pattern = value(anywhere(filter.search));
      const inBytes = value(anywhere(escaped(filter.search)));
      const told = (a: string) =>
        `${a}.error ilike ${pattern} or encode(${a}.response_body, 'escape') ilike ${inBytes}`;
      const toldBefore = `exists (
        select from webhook_attempts a where a.endpoint_id = d.endpoint_id and a.delivery_id = $id and (${told('a')})
      )`;
      const isId = `${value(filter.search)} in (event.id, $id)`;
      const inEvent = `event.body ilike ${pattern}`;
      const shown = `not ${isBeingErased('event.id', 'event.subject_id')}`;
      // Of one never attempted there is nothing told; the rest is for PostgreSQL to know the type of the value.
      this.fresh.push(`(${isId} or ${shown} and (${inEvent} or ${inBytes}::text is null))`);
      this.retried.push(`(${isId} or ${shown} and (${inEvent} or ${toldBefore}))`);
      this.finished.push(`(${isId} or ${shown} and (${inEvent} or ${told('d')} or d.number > 1 and ${toldBefore}))`);
    }
    this.needsEvent = filter.eventType != null || filter.search != null;
  }

  /** Whether the caller's filter gave the text its form, of which there are thousands. */
  get isShaped(): boolean {
    return this.statuses !== null || this.values.length > 0;
  }

  /** Whether nothing can be found, and there is nothing to ask for. */
  get isVoid(): boolean {
    return this.statuses?.length === 0;
  }

  page(direction: PageRequest['direction']): string {
    const [compare, way] = direction === 'older' ? ['<', 'desc'] : ['>', 'asc'];
    // Runs are in order, and within each its deliveries are: no more are taken apart than the page asks for.
    const runs = direction === 'newer' ? 'r.last_id > $3' : upTo('$3');
    const end = (id: string) => `and ${id} ${compare} $3 order by ${id} ${way} limit $4`;
    const branches = [
      this.freshRows(`and d.id ${compare} $3 and ${runs} order by r.last_id ${way}, d.id ${way} limit $4`),
      this.retriedRows(end('d.id')),
      this.finishedRows(end('d.delivery_id')),
    ];
    return `
      select * from (
        select parent.id as "parentId", d.*, row_number() over (partition by parent.id order by d.id ${way}) as place
        from ${this.tables} cross join lateral (${branches.filter(isWanted).join(' union all ')}) d
      ) ranked where place <= $4 order by "parentId", place
    `;
  }

  counts(): string {
    const end = 'and $3::text is null and $4::int is null';
    const rowsOf = (branch: string | null) => branch && `select count(*) from (${branch}) d`;
    const counts = [
      this.countsWholeRuns ? this.freshCount(end) : rowsOf(this.freshRows(end)),
      rowsOf(this.retriedRows(end)),
      rowsOf(this.finishedRows(end)),
    ];
    const count = counts.filter(isWanted).map((one) => `(${one})`);
    return `select parent.id, sum(${count.join(' + ')})::int as count from ${this.tables} group by parent.id`;
  }

  private get tables(): string {
    const which = this.under === 'endpoint' ? ['e.id = parent.id'] : [];
    const conditions = ['e.workspace_id = $1', ...which, ...this.endpoints].join(' and ');
    return `unnest($2::text[]) as parent (id) join webhook_endpoints e on ${conditions}
      join webhook_endpoint_states s on s.endpoint_id = e.id`;
  }

  private onEach(comparison: string, value: string): void {
    this.fresh.push(`${comparison} ${value}`);
    this.retried.push(`${comparison} ${value}`);
    this.finished.push(`${comparison} ${value}`);
  }

  /** Whether it takes no more than their bits to count what was never attempted. */
  private get countsWholeRuns(): boolean {
    return this.under !== 'event' && this.fresh.length === 0;
  }

  private freshCount(end: string): string | null {
    const wanted = this.wanted(freshStatuses);
    if (wanted.length === 0) return null;
    const count = (status: DeliveryStatus, bits: string) =>
      wanted.includes(status) ? `bit_count((${bits})::bit(${runMax}))` : '0';
    return `
      select coalesce(sum(case when e.status = 'paused' then ${count('held', 'r.open')}
        else ${count('pending', 'r.open & ~r.attempting')} + ${count('delivering', 'r.open & r.attempting')} end), 0)
      from webhook_runs r where r.endpoint_id = e.id ${end}
    `;
  }

  /** These three are null where none of theirs is wanted. */
  private freshRows(end: string): string | null {
    const status = this.having(freshStatus, freshStatuses);
    return (
      status &&
      `(select d.id, e.id as "endpointId", d.event_id as "eventId", ${freshStatus} as status,
        0 as "attemptCount", ${freshAttemptAt} as "nextAttemptAt"
      from webhook_runs r cross join lateral (${openOf('r')}) d ${this.joins}
      where ${this.where('r', 'd.id', [...status, ...this.fresh])} ${end})`
    );
  }

  private retriedRows(end: string): string | null {
    const status = this.having(retryStatus, ['retrying', 'delivering', 'held']);
    return (
      status &&
      `(select d.id, d.endpoint_id as "endpointId", d.event_id as "eventId", ${retryStatus} as status,
        d.attempts::int as "attemptCount", ${retryAttemptAt} as "nextAttemptAt"
      from webhook_retries d ${this.joins} where ${this.where('d', 'd.id', [...status, ...this.retried])} ${end})`
    );
  }

  private finishedRows(end: string): string | null {
    const ended = this.having('d.ended', ['delivered', 'exhausted', 'skipped']);
    return (
      ended &&
      `(select d.delivery_id as id, d.endpoint_id as "endpointId", d.event_id as "eventId", d.ended as status,
        d.number::int as "attemptCount", null::timestamptz as "nextAttemptAt"
      from webhook_attempts d ${this.joins}
      where ${this.where('d', 'd.delivery_id', ['d.ended is not null', ...ended, ...this.finished])} ${end})`
    );
  }

  /** The condition that one's `status`, which is one of the `possible`, is wanted. */
  private having(status: string, possible: readonly DeliveryStatus[]): string[] | null {
    const wanted = this.wanted(possible);
    if (wanted.length === 0) return null;
    return this.statuses === null ? [] : [`${status} in (${wanted.map((one) => `'${one}'`).join(', ')})`];
  }

  private wanted(possible: readonly DeliveryStatus[]): DeliveryStatus[] {
    return possible.filter((one) => this.statuses?.includes(one) ?? true);
  }

  private get joins(): string {
    return this.needsEvent ? 'join events event on event.id = d.event_id' : '';
  }

  private where(table: string, id: string, conditions: readonly string[]): string {
    const own = this.under === 'event' ? ['d.event_id = parent.id'] : [];
    return [`${table}.endpoint_id = e.id`, ...own, ...conditions].join(' and ').replaceAll('$id', id);
  }
}

const isWanted = (branch: string | null) => branch !== null;

const upTo = (id: string) => `r.last_id <= coalesce((select up.last_id from ${runAt('e.id', id)} up), '~')`;

const anywhere = (text: string) => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

/** As PostgreSQL's `encode(…, 'escape')` writes bytes, which need not be UTF-8. */
const escaped = (text: string) =>
  Buffer.from(text)
    .toString('latin1')
    .replace(/\\/g, '\\\\')
    .replace(/[\0\x80-\xff]/g, (byte) => `\\${byte.charCodeAt(0).toString(8).padStart(3, '0')}`);
