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
      'Ended without being sent again, see `skipReason`. An attempt that was under way may have arrived.',
    ],
  },
);
export type DeliveryStatus = ValueOf<typeof DeliveryStatusEnum>;

/**
 * Where each is decided, under `src/webhooks`: DROPPED by `resume` of `endpoints/endpoint.service.ts`, HELD_TOO_LONG by the
 * daily chores of `engine/maintenance.ts`, ENDPOINT_DELETED by `delete` of `endpoints/endpoint.service.ts` (and `openEnd`
 * below, of what it has not reached yet), PERSON_ERASED by `erase` of `deliveries/delivery.service.ts`, EVENT_GONE by
 * `engine/due-deliveries.ts`, where the event of a due delivery is not found.
 */
export const SkipReasonEnum = enumType('WebhookSkipReason', 'Why a delivery was skipped.', {
  DROPPED: ['dropped', 'Its endpoint was resumed with `skipHeld`.'],
  HELD_TOO_LONG: ['held_too_long', 'Its endpoint was paused for 30 days.'],
  ENDPOINT_DELETED: ['endpoint_deleted', 'Its endpoint was deleted.'],
  PERSON_ERASED: ['person_erased', 'Its event spoke of a person who was erased.'],
  EVENT_GONE: ['event_gone', 'Its event was no longer kept.'],
});
export type SkipReason = ValueOf<typeof SkipReasonEnum>;

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
/** How an open delivery `d` to an endpoint `e` counts as ended. */
export const openEnd = `
  case when e.deleted_at is not null then '${SkipReasonEnum.ENDPOINT_DELETED}' end as "skipReason", e.deleted_at as "endedAt"
`;
/** How a delivery ended whose last row `d` of attempts says so. Skipped ones took no time. */
export const finishedEnd = `
  d.skip_reason as "skipReason", d.at + coalesce(d.total_ms, 0) * interval '1 millisecond' as "endedAt"
`;
