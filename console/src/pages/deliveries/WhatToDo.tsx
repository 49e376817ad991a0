import type { WebhookAttemptOutcome } from '../../gql/graphql';
import type { Outcome } from './outcomes';

/** What to do about an attempt that failed, and the guide that has more. */
export function WhatToDo(attempt: Outcome) {
  const advice = adviceFor(attempt);
  if (advice === null) return null;
  return (
    <p>
      <b>What to do:</b> {advice}{' '}
      <a href="/docs/webhook-troubleshooting" target="_blank" rel="noreferrer">
        The guide has more
      </a>
    </p>
  );
}

/** In short, as the guide to trouble with webhooks says; null where only the answer itself can tell. */
function adviceFor({ outcome, responseStatus }: Outcome): string | null {
  const advice: Readonly<Record<WebhookAttemptOutcome, string | null>> = {
    SUCCESS: null,
    HTTP_ERROR: responseStatus === null ? null : adviceOn(responseStatus),
    TIMEOUT: 'Let it answer first, and do its work afterwards.',
    DNS: "Correct the name in the endpoint's URL, or wait until it is known everywhere.",
    TLS: 'Renew its certificate, send the whole chain, and see that it names the host.',
    CONNECTION: 'Start it, open its port, and let our addresses through its firewall.',
    REFUSED: 'Give the endpoint a public address.',
  };
  return advice[outcome];
}

function adviceOn(status: number): string | null {
  if (status >= 300 && status < 400) return 'Redirects are not followed: give the endpoint the address it leads to.';
  if (status === 400) return 'Look whether the signature is what it refuses: each endpoint has a secret of its own.';
  if (status === 401 || status === 403) {
    return 'Look whether the signature is what it refuses, or whether a sign-in or a firewall stands before it.';
  }
  if (status === 404 || status === 405) return "Correct the path in the endpoint's URL: nothing takes a POST there.";
  if (status === 413) return 'Let the receiver and its proxy take 2 MiB, or have less sent by a payload query.';
  if (status === 429) return "Limit how many are sent at once in the endpoint's settings.";
  return status >= 500 ? "Look into the receiver's own log, by the event's id." : null;
}
