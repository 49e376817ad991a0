import type { EventType } from '../events/event-type.js';
import { idFloor } from '../platform/id.js';
import type { PageRequest } from '../platform/page.js';
import { opensAt } from './pause.js';
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

const isFinal = (status: DeliveryStatus) => ['delivered', 'exhausted', 'skipped'].includes(status);

export const openStatus = `
  case when e.status = 'paused' then 'held' when d.attempting_since is not null then 'delivering'
    when d.attempts = 0 then 'pending' else 'retrying' end
`;
export const nextAttemptAt = `
  case when e.status = 'active' and greatest(d.due_at, ${opensAt}) > now() then greatest(d.due_at, ${opensAt}) end
`;

/**
 * Deliveries of a workspace, of each of some endpoints or of each of some events. Open and finished ones lie apart,
 * and both are indexed by endpoint: from each the newest few are read, and the newest of those are the page.
 * `$1` is the workspace, `$2` the parents (the workspace itself for the first form), `$3` the cursor, `$4` the limit.
 */
export class DeliveryQuery {
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
    // In our order and each once, so that the forms of a filter come to few statements.
    this.statuses =
      filter.status == null
        ? null
        : Object.values(DeliveryStatusEnum).filter((status) => filter.status?.includes(status));
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

const anywhere = (text: string) => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

/** As PostgreSQL's `encode(…, 'escape')` writes bytes, which need not be UTF-8. */
const escaped = (text: string) =>
  Buffer.from(text)
    .toString('latin1')
    .replace(/\\/g, '\\\\')
    .replace(/[\0\x80-\xff]/g, (byte) => `\\${byte.charCodeAt(0).toString(8).padStart(3, '0')}`);
