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

interface Pause {
  status: string;
  /** Whether the endpoint itself, by what it answered, brought it about. */
  isItsOwn: boolean;
  /** After "it is paused since …". */
  why: string;
  /** After "it is paused", of a delivery. */
  whyHeld: string;
  /** When what is held is sent, of all and of one delivery. */
  ends: (plan: string) => string;
  endsFor: string;
  /** What to know before one resumes it. */
  beforeResume: string | null;
}

const byResuming = {
  ends: () => 'Resuming sends the oldest first.',
  endsFor: 'Resume it, and this is sent in its turn.',
  beforeResume: null,
};

/** Everything that pages say of a pause, by its reason. */
export const pauses: Readonly<Record<WebhookPauseReason, Pause>> = {
  FAILURES: {
    ...byResuming,
    status: 'Paused, failing',
    isItsOwn: true,
    why: ': ten failures in a row',
    whyHeld: ' after ten failures in a row',
    beforeResume: 'It paused after ten failures in a row, and pauses again where it goes on failing.',
  },
  GONE: {
    ...byResuming,
    status: 'Paused, 410 Gone',
    isItsOwn: true,
    why: ': it answered 410 Gone',
    whyHeld: ', since it answered 410 Gone',
  },
  MANUAL: { ...byResuming, status: 'Paused', isItsOwn: false, why: '', whyHeld: '' },
  PLAN: {
    status: 'Paused by the plan',
    isItsOwn: false,
    why: ', by the plan',
    whyHeld: ' by the plan',
    ends: (plan) => `${plan} has no webhooks: it goes on by itself once the plan has them.`,
    endsFor: 'Once the plan has webhooks, this is sent in its turn.',
    beforeResume: null,
  },
};

/** Why nothing can be sent, or registered to be sent, now; null where it can. */
export function whyNotSend({ role, workspace: { plan, limits } }: Viewer): string | null {
  if (!limits.webhooks)
    return `${planNames[plan]} has no webhooks. A plan with them, which the operator sets, delivers every event.`;
  return whyNotAdmin(role);
}
