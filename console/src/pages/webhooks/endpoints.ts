import { useMemo } from 'react';
import { graphql } from '../../graphql';
import type { EndpointStateFragment, WebhookPauseReason } from '../../gql/graphql';
import { whyNotAdmin, planNames, type Viewer } from '../../shell/viewer';
import { useNow } from '../../ui/Time';

export type EndpointState = EndpointStateFragment;

/** What tells how an endpoint does. */
export const EndpointStateFields = graphql(`
  fragment EndpointState on WebhookEndpoint {
    id
    url
    description
    status
    pauseReason
    pausedAt
    consecutiveFails
    heldCount
    lastDeliveryAt
    lastDeliveryOk
  }
`);
/** What its attempts came to in the last day, by the hour, and in all. */
export const LastDayFields = graphql(`
  fragment LastDay on WebhookEndpoint {
    stats(since: $since, buckets: 24) {
      at
      delivered
      failed
      p50Ms
      p95Ms
    }
    lastDay: stats(since: $since, buckets: 1) {
      delivered
      failed
      p50Ms
      p95Ms
    }
  }
`);

const hourMs = 3_600_000;

/** Where the last day begins, by whole hours of which the present one is the last. */
export function useLastDay(): string {
  const hour = Math.floor(useNow() / hourMs);
  return useMemo(() => new Date((hour - 23) * hourMs).toISOString(), [hour]);
}

/** After so many failures in a row an endpoint is paused. */
export const failuresMax = 10;
/** From so many on, people want to know. */
const failuresWorth = 3;

export const isTroubled = ({ status, pauseReason, heldCount, consecutiveFails }: EndpointState): boolean =>
  status === 'PAUSED' ? pauseReason !== 'MANUAL' || heldCount > 0 : consecutiveFails >= failuresWorth;

export const pausedBecause: Readonly<Record<WebhookPauseReason, string>> = {
  FAILURES: 'Paused, failing',
  GONE: 'Paused, 410 Gone',
  MANUAL: 'Paused',
  PLAN: 'Paused by the plan',
};

/** Why nothing can be sent, or registered to be sent, now; null where it can. */
export function whyNotSend({ role, workspace: { plan, limits } }: Viewer): string | null {
  if (!limits.webhooks)
    return `${planNames[plan]} has no webhooks. A plan with them, which the operator sets, delivers every event.`;
  return whyNotAdmin(role);
}
