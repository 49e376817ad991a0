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

export const openStatuses: readonly DeliveryStatus[] = ['pending', 'delivering', 'retrying', 'held'];
export const endedStatuses: readonly DeliveryStatus[] = ['delivered', 'exhausted', 'skipped'];

/** In SQL, of an open delivery `d` to an endpoint `e`. */
export const openStatus = `
  case when e.status = 'paused' then 'held' when d.attempting then 'delivering'
    when d.attempts = 0 then 'pending' else 'retrying' end
`;
/** And when it is next attempted, where that is in the future; `s` is the endpoint's state. */
export const nextAttemptAt = `
  case when e.status = 'active' and greatest(d.due_at, ${stateSendsNotBefore}) > now()
    then greatest(d.due_at, ${stateSendsNotBefore}) end
`;
