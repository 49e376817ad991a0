import { graphql } from '../../graphql';
import type { DeliveryRowFragment } from '../../gql/graphql';
import type { StatusKind } from '../../ui/Status';

export type DeliveryRow = DeliveryRowFragment;

/** What a list shows of a delivery. */
export const DeliveryRowFields = graphql(`
  fragment DeliveryRow on WebhookDelivery {
    id
    status
    attemptCount
    createdAt
    nextAttemptAt
    endedAt
    skipReason
    lastAttempt {
      outcome
      responseStatus
      timings {
        totalMs
      }
    }
    event {
      id
      type
      createdAt
    }
    endpoint {
      id
      url
    }
  }
`);

export const statuses: Readonly<Record<DeliveryRow['status'], readonly [kind: StatusKind, word: string]>> = {
  DELIVERED: ['good', 'Delivered'],
  DELIVERING: ['wait', 'Sending'],
  PENDING: ['wait', 'Waiting'],
  RETRYING: ['wait', 'Retrying'],
  HELD: ['still', 'Held'],
  EXHAUSTED: ['bad', 'Failed'],
  SKIPPED: ['still', 'Skipped'],
};

/** Why a delivery ended without being sent, in a few words. */
export const skipReasons: Readonly<Record<NonNullable<DeliveryRow['skipReason']>, string>> = {
  DROPPED: 'dropped when its endpoint was resumed',
  ENDPOINT_DELETED: 'its endpoint was deleted',
  EVENT_GONE: 'its event is no longer kept',
  HELD_TOO_LONG: 'held for 30 days',
  PERSON_ERASED: 'the person was erased',
};
