import { stateSendsNotBefore } from '../policy/endpoint-health.js';

export const DeliveryStatusEnum = {
  PENDING: 'pending',
  DELIVERING: 'delivering',
  DELIVERED: 'delivered',
  RETRYING: 'retrying',
  HELD: 'held',
  EXHAUSTED: 'exhausted',
  SKIPPED: 'skipped',
} as const;
export type DeliveryStatus = (typeof DeliveryStatusEnum)[keyof typeof DeliveryStatusEnum];

/** What is open of a deleted endpoint counts as skipped, as it soon will be (`skipOfDeleted`). */
export const openStatuses: readonly DeliveryStatus[] = ['pending', 'delivering', 'retrying', 'held', 'skipped'];
export const endedStatuses: readonly DeliveryStatus[] = ['delivered', 'exhausted', 'skipped'];

/** In SQL, of an open delivery `d` to an endpoint `e`. */
export const openStatus = `
  case when e.deleted_at is not null then 'skipped' when e.status = 'paused' then 'held' when d.attempting then 'delivering'
    when d.attempts = 0 then 'pending' else 'retrying' end
`;
/** And when it is next attempted, where that is in the future; `s` is the endpoint's state. */
export const nextAttemptAt = `
  case when e.status = 'active' and e.deleted_at is null and greatest(d.due_at, ${stateSendsNotBefore}) > now()
    then greatest(d.due_at, ${stateSendsNotBefore}) end
`;
