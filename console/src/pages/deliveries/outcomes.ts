import type { WebhookAttemptOutcome } from '../../gql/graphql';

export interface Outcome {
  outcome: WebhookAttemptOutcome;
  responseStatus: number | null;
}

/** What an endpoint did with an attempt, to go on from its name: "answered 503". */
export function whatItDid({ outcome, responseStatus }: Outcome): string {
  const words: Readonly<Record<WebhookAttemptOutcome, string>> = {
    SUCCESS: `answered ${responseStatus ?? ''}`,
    HTTP_ERROR: `answered ${responseStatus ?? ''}`,
    TIMEOUT: responseStatus === null ? 'did not answer in time' : `answered ${responseStatus} and did not end in time`,
    DNS: 'has a name that does not resolve',
    TLS: 'offers no trustworthy TLS connection',
    CONNECTION: 'could not be reached',
    REFUSED: 'leads to where webhooks are not sent',
  };
  return words[outcome].trimEnd();
}

/** What an attempt without an HTTP answer came to, in two words or three. */
export const outcomes: Readonly<Record<WebhookAttemptOutcome, string>> = {
  SUCCESS: 'Arrived',
  HTTP_ERROR: 'Refused',
  TIMEOUT: 'Timed out',
  DNS: 'Name not found',
  TLS: 'No safe TLS',
  CONNECTION: 'Connection failed',
  REFUSED: 'Address not allowed',
};

/** All outcomes but success. */
export const failures: WebhookAttemptOutcome[] = ['HTTP_ERROR', 'TIMEOUT', 'DNS', 'TLS', 'CONNECTION', 'REFUSED'];
