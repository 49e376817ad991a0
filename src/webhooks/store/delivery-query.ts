import { isBeingErased } from '../../events/event-erasure.service.js';
import type { EventType } from '../../events/event-type.js';
import { idFloor } from '../../platform/id.js';
import type { PageRequest } from '../../platform/page-request.js';
import { finishedRow, openRow } from './delivery-rows.js';
import { DeliveryStatusEnum, endedStatuses, openStatus, openStatuses, type DeliveryStatus } from './delivery-status.js';
import { ofWorkspace } from './open-deliveries.js';
import { onLastAttempt, type LastAttemptFilter } from './last-attempt.js';
import { SearchText } from '../../platform/text/search-text.js';

export interface WebhookDeliveryFilter extends LastAttemptFilter {
  endpointId?: string | null;
  status?: readonly DeliveryStatus[] | null;
  eventType?: readonly EventType[] | null;
  createdAt?: { gte?: Date | null; lt?: Date | null } | null;
  /** In the event's text, the answers and the errors. */
  search?: string | null;
}

/** What one statement looks through: much more than lists hold, and never what a few with large texts do. */
export const deliveriesInLook = { least: 250, most: 4_000 };
const charactersInLook = 16_777_216;

export type Under = 'workspace' | 'endpoint' | 'event';

/**
 * Deliveries of a workspace, of each of some endpoints or of each of some events. Open and finished ones lie apart,
 * and both are indexed by endpoint: from each the newest few are read, and the newest of those are the page. Those of
 * an event are few: finished ones are found by the event, and what is open is gone through once.
 * `$1` is the workspace, `$2` the parents (the workspace itself for the first form), `$3` the cursor, `$4` the limit.
 */
export class DeliveryQuery {
  readonly values: unknown[] = [];
  private readonly open: string[] = [];
  private readonly finished: string[] = [];
  private readonly endpoints: string[] = [];
  private readonly statuses: readonly DeliveryStatus[] | null;
  /** Whether a `d` of `looked` has the text. */
  private readonly search: string | null;

  constructor(
    private readonly under: Under,
    private readonly filter: WebhookDeliveryFilter,
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
    if (gte != null) this.onEach('$id >=', value(idFloor(gte)));
    if (lt != null) this.onEach('$id <', value(idFloor(lt)));
    const last = onLastAttempt(filter, value);
    this.open.push(...last.open);
    this.finished.push(...last.finished);
    if (filter.eventType != null) {
      // Looked up for each delivery that is looked at: a join would read all events for a page of deliveries.
      const typeOfEvent = '(select type from events where id = d.event_id)';
      const isOne = `= any (${value(filter.eventType)}::text[])`;
      this.open.push(`${typeOfEvent} ${isOne}`);
      this.finished.push(`coalesce(d.event_type, ${typeOfEvent}) ${isOne}`);
    }
    this.search =
      filter.search == null || filter.search === '' ? null : this.searching(new SearchText(filter.search), value);
  }

  /** Whether the caller's filter gave the text its form, of which there are thousands. */
  get isShaped(): boolean {
    return this.statuses !== null || this.values.length > 0;
  }

  /** Whether nothing can be found, and there is nothing to ask for. */
  get isVoid(): boolean {
    return this.statuses?.length === 0 || this.filter.outcome?.length === 0;
  }

  page(direction: PageRequest['direction']): string {
    const [compare, way] = direction === 'older' ? ['<', 'desc'] : ['>', 'asc'];
    const end = (id: string) => `and ${id} ${compare} $3 order by ${id} ${way} limit $4`;
    const branches = [this.openRows(end('d.id')), this.finishedRows(end('d.delivery_id'))];
    return `
      ${this.openOfEvents} select * from (
        select parent.id as "parentId", d.*, row_number() over (partition by parent.id order by d.id ${way}) as place
        from ${this.tables} cross join lateral (${branches.filter(isWanted).join(' union all ')}) d
      ) ranked where place <= $4 order by "parentId", place
    `;
  }

  /** Whether it looks into texts, which `look` and `lookCount` do, a part at a time. */
  get searches(): boolean {
    return this.search !== null;
  }

  /**
   * Of the next `$4` deliveries, or as many as have so much text, those that have the one searched for, and the last:
   * `isLast` says that there may be others behind it.
   */
  look(direction: PageRequest['direction']): string {
    return `select * from (${this.looked(direction)}) d where "isFound" or "isLast" order by place`;
  }

  /** How many of the same have it, and the last of them. */
  lookCount(direction: PageRequest['direction']): string {
    return `
      select count(*) filter (where "isFound")::int as count, max(id collate "C") filter (where "isLast") as last
      from (${this.looked(direction)}) d
    `;
  }

  /** The texts are read once it is known how many, so that they are never sorted. */
  private looked(direction: PageRequest['direction']): string {
    const eventOf = (columns: string) =>
      `left join lateral (select ${columns} from events where id = d."eventId" limit 1) event on true`;
    return `
      select d.*, ${this.search} as "isFound", d.place = $4 or d.characters >= ${charactersInLook} as "isLast"
      from (
        select d.*, sum(d.size) over (order by d.place) as characters from (
          select d.*, coalesce(octet_length(event.body), 0) + coalesce(octet_length(d.answer), 0) as size
          from (${this.page(direction)}) d ${eventOf('body')}
        ) d
      ) d ${eventOf('id, subject_id, body')}
      where d.characters - d.size < ${charactersInLook} offset 0
    `;
  }

  private searching(text: SearchText, value: (given: unknown) => string): string {
    const part = value(text.plainPart);
    const [inText, inBytes] = text.isPlain ? [null, null] : [value(text.inText), value(text.inBytes)];
    // Few texts have the part, which is found in a fraction of the time.
    const has = (column: string, pattern: string | null) => {
      const hasPart = `${column} collate "C" ilike ${part}`;
      return pattern === null ? hasPart : `${hasPart} and ${column} collate "C" ~ ${pattern}`;
    };
    const told = (a: string, answer: string) =>
      `(${has(`${a}.error`, inText)} or ${has(`encode(${a}.${answer}, 'escape')`, inBytes)})`;
    const toldBefore = `exists (
      select from webhook_attempts a
      where a.endpoint_id = d."endpointId" and a.delivery_id = d.id and ${told('a', 'response_body')}
    )`;
    const isShown = `not ${isBeingErased('event.id', 'event.subject_id')}`;
    return `(${value(text.typed)} in (d."eventId", d.id)
      or (${has('event.body', inText)} or ${told('d', 'answer')} or d.before and ${toldBefore}) and event.id is not null and ${isShown})`;
  }

  counts(): string {
    const end = 'and $3::text is null and $4::int is null';
    const rowsOf = (branch: string | null) => branch && `select count(*) from (${branch}) d`;
    const counts = [rowsOf(this.openRows(end)), rowsOf(this.finishedRows(end))];
    const count = counts.filter(isWanted).map((one) => `(${one})`);
    return `${this.openOfEvents}
      select parent.id, sum(${count.join(' + ')})::int as count from ${this.tables} group by parent.id`;
  }

  private get tables(): string {
    if (this.under === 'event') return 'unnest($2::text[]) as parent (id)';
    const which = this.under === 'endpoint' ? ['e.id = parent.id'] : [];
    const conditions = ['e.workspace_id = $1', ...which, ...this.endpoints].join(' and ');
    return `unnest($2::text[]) as parent (id) join webhook_endpoints e on ${conditions}
      join webhook_endpoint_states s on s.endpoint_id = e.id`;
  }

  /** There is no index by the event: a write of each delivery would be too much for what asks of few. */
  private get openOfEvents(): string {
    if (this.under !== 'event') return '';
    return `with open_of_events as materialized (
      select d.* from webhook_open_deliveries d where ${ofWorkspace('$1')} and d.event_id = any ($2)
    )`;
  }

  /** The rows `d` of one parent; of an event with their endpoint. */
  private source(table: 'webhook_open_deliveries' | 'webhook_attempts'): string {
    if (this.under !== 'event') return `${table} d`;
    const ofEvent = table === 'webhook_attempts' ? table : 'open_of_events';
    // Without "offset 0" PostgreSQL would go by the endpoint, through all of its deliveries, where most have few.
    return `(select * from ${ofEvent} where event_id = parent.id offset 0) d
      join webhook_endpoints e on e.id = d.endpoint_id and e.workspace_id = $1
      join webhook_endpoint_states s on s.endpoint_id = e.id`;
  }

  private onEach(comparison: string, value: string): void {
    this.open.push(`${comparison} ${value}`);
    this.finished.push(`${comparison} ${value}`);
  }

  /** These two are null where none of theirs is wanted. */
  private openRows(end: string): string | null {
    const status = this.having(openStatus, openStatuses);
    // Nothing is read of an endpoint that holds nothing, where only what is held is wanted.
    if (this.statuses?.every((one) => one === 'held')) status?.push("e.status = 'paused'");
    return (
      status &&
      `(select ${openRow}${this.told('null', 'null', 'd.attempts > 0')}
      from ${this.source('webhook_open_deliveries')} where ${this.where('d.id', [...status, ...this.open])} ${end})`
    );
  }

  private finishedRows(end: string): string | null {
    const ended = this.having('d.ended', endedStatuses);
    return (
      ended &&
      `(select ${finishedRow}${this.told('d.error', 'd.response_body', 'd.number > case when d.outcome is null then 0 else 1 end')}
      from ${this.source('webhook_attempts')}
      where ${this.where('d.delivery_id', ['d.ended is not null', ...ended, ...this.finished])} ${end})`
    );
  }

  /** For a search: what its last attempt came to, where it has ended, and whether there were others. */
  private told(error: string, answer: string, before: string): string {
    return this.search === null ? '' : `, ${error}::text as error, ${answer}::bytea as answer, ${before} as before`;
  }

  /** The condition that one's `status`, which is one of the `possible`, is wanted. */
  private having(status: string, possible: readonly DeliveryStatus[]): string[] | null {
    if (this.statuses === null) return [];
    const wanted = possible.filter((one) => this.statuses?.includes(one));
    return wanted.length === 0 ? null : [`${status} in (${wanted.map((one) => `'${one}'`).join(', ')})`];
  }

  private where(id: string, conditions: readonly string[]): string {
    return ['d.endpoint_id = e.id', ...conditions].join(' and ').replaceAll('$id', id);
  }
}

const isWanted = (branch: string | null) => branch !== null;
