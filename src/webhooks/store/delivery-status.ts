import { enumType, type ValueOf } from '../../platform/graphql/enum-type.js';
import { stateSendsNotBefore } from '../policy/endpoint-health.js';

export const DeliveryStatusEnum = enumType(
  'WebhookDeliveryStatus',
  'Where a delivery stands; delivered, exhausted and skipped are final.',
  {
    PENDING: ['pending', 'Waits for its first attempt.'],
    DELIVERING: ['delivering', 'An attempt has been under way for more than a moment.'],
    DELIVERED: ['delivered', 'Answered with 2xx.'],
    RETRYING: ['retrying', 'Failed, and waits for its next attempt.'],
    HELD: ['held', 'Its endpoint is paused.'],
    EXHAUSTED: ['exhausted', 'Its attempts are used up.'],
    SKIPPED: [
      'skipped',
      'Ended without being sent again: dropped by a resume, held for 30 days, its endpoint deleted, or its person ' +
        'erased. An attempt that was under way may have arrived.',
    ],
  },
);
export type DeliveryStatus = ValueOf<typeof DeliveryStatusEnum>;

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
