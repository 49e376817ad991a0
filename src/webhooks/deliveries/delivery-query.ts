import { isBeingErased } from '../../events/event-erasure.service.js';
import type { EventType } from '../../events/event-type.js';
import { idFloor } from '../../platform/id.js';
import type { PageRequest } from '../../platform/postgres/keyset-page.js';
import { opensAt } from '../policy/endpoint-health.js';
import { openOf, runAt, runMax } from '../store/packed-deliveries.js';
import { SearchText } from './search-text.js';
import { DeliveryStatusEnum, type DeliveryStatus } from './delivery.entity.js';

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

/** What one statement looks through: much more than lists hold, and never what a few with large texts do. */
export const deliveriesInLook = { least: 250, most: 4_000 };
const charactersInLook = 16_777_216;

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
  /** Whether a `d` of `looked` has the text. */
  private readonly search: string | null;

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
    this.search =
      filter.search == null || filter.search === '' ? null : this.searching(new SearchText(filter.search), value);
    this.needsEvent = filter.eventType != null;
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
        0 as "attemptCount", ${freshAttemptAt} as "nextAttemptAt"${this.told('null', 'null', 'false')}
      from webhook_runs r cross join lateral (${openOf('r')}) d ${this.joins}
      where ${this.where('r', 'd.id', [...status, ...this.fresh])} ${end})`
    );
  }

  private retriedRows(end: string): string | null {
    const status = this.having(retryStatus, ['retrying', 'delivering', 'held']);
    return (
      status &&
      `(select d.id, d.endpoint_id as "endpointId", d.event_id as "eventId", ${retryStatus} as status,
        d.attempts::int as "attemptCount", ${retryAttemptAt} as "nextAttemptAt"${this.told('null', 'null', 'true')}
      from webhook_retries d ${this.joins} where ${this.where('d', 'd.id', [...status, ...this.retried])} ${end})`
    );
  }

  private finishedRows(end: string): string | null {
    const ended = this.having('d.ended', ['delivered', 'exhausted', 'skipped']);
    return (
      ended &&
      `(select d.delivery_id as id, d.endpoint_id as "endpointId", d.event_id as "eventId", d.ended as status,
        d.number::int as "attemptCount", null::timestamptz as "nextAttemptAt"${this.told('d.error', 'd.response_body', 'd.number > 1')}
      from webhook_attempts d ${this.joins}
      where ${this.where('d', 'd.delivery_id', ['d.ended is not null', ...ended, ...this.finished])} ${end})`
    );
  }

  /** For a search: what its last attempt came to, where it has ended, and whether there were others. */
  private told(error: string, answer: string, before: string): string {
    return this.search === null ? '' : `, ${error}::text as error, ${answer}::bytea as answer, ${before} as before`;
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
