import { prepared } from '../../platform/postgres/statement.js';
import {
  finishedEnd,
  nextAttemptAt,
  openEnd,
  openStatus,
  type DeliveryStatus,
  type SkipReason,
} from './delivery-status.js';
import { openAt } from './open-deliveries.js';

/** One delivery of a page, open or finished. */
export interface DeliveryRow {
  parentId: string;
  id: string;
  endpointId: string;
  eventId: string;
  status: DeliveryStatus;
  attemptCount: number;
  nextAttemptAt: Date | null;
  skipReason: SkipReason | null;
  endedAt: Date | null;
}

/** In SQL, of an open delivery `d`, and of the attempt `d` that ended one; `e` is the endpoint, `s` its state. */
export const openRow = `d.id, d.endpoint_id as "endpointId", d.event_id as "eventId", ${openStatus} as status,
  d.attempts::int as "attemptCount", ${nextAttemptAt} as "nextAttemptAt", ${openEnd}`;
export const finishedRow = `d.delivery_id as id, d.endpoint_id as "endpointId", d.event_id as "eventId", d.ended as status,
  d.number::int as "attemptCount", null::timestamptz as "nextAttemptAt", ${finishedEnd}`;

/** In SQL: the delivery with this id to the endpoint `e`. */
const deliveryAt = (id: string) => `
  select ${openRow} from ${openAt('e.id', id)} d
  union all
  select ${finishedRow} from webhook_attempts d where d.endpoint_id = e.id and d.delivery_id = ${id} and d.ended is not null
`;

/** `$1` is the workspace, `$2` the ids. */
export const deliveriesById = prepared<Omit<DeliveryRow, 'parentId'>>(`
  select d.* from unnest($2::text[]) as wanted (id)
  join webhook_endpoints e on e.workspace_id = $1
  join webhook_endpoint_states s on s.endpoint_id = e.id
  cross join lateral (${deliveryAt('wanted.id')}) d
`);

/** `$1` is the workspace, `$2` the endpoints of the deliveries and `$3` their ids. */
export const deliveriesOfEndpoints = prepared<Omit<DeliveryRow, 'parentId'>>(`
  select d.* from unnest($2::text[], $3::text[]) as wanted (endpoint_id, id)
  join webhook_endpoints e on e.id = wanted.endpoint_id and e.workspace_id = $1
  join webhook_endpoint_states s on s.endpoint_id = e.id
  cross join lateral (${deliveryAt('wanted.id')}) d
`);

/**
 * The first few deliveries with ids above `$3` that are open, or ended in an attempt that began at `$4` or later: of the
 * workspace `$1`, or of its endpoint `$2` alone. Of attempts, only the partitions since then are looked at.
 */
export const deliveriesOpenOrEndedSince = prepared<Omit<DeliveryRow, 'parentId'>>(`
  select d.* from webhook_endpoints e
  join webhook_endpoint_states s on s.endpoint_id = e.id
  cross join lateral (
    (select ${openRow} from webhook_open_deliveries d where d.endpoint_id = e.id and d.id > $3 order by d.id limit $5)
    union all
    (select ${finishedRow} from webhook_attempts d
      where d.endpoint_id = e.id and d.delivery_id > $3 and d.ended is not null and d.at >= $4 order by d.delivery_id limit $5)
  ) d
  where e.workspace_id = $1 and ($2::text is null or e.id = $2) order by d.id limit $5
`);
