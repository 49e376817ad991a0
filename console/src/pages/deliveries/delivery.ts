import { graphql } from '../../graphql';
import type { DeliveryDetailFragment } from '../../gql/graphql';
import { paths } from '../../paths';
import { pauses, whyNotSend } from '../webhooks/endpoints';
import type { Viewer } from '../../shell/viewer';
// What the fragment here spreads is known once its file is imported.
import './deliveries';

export type Delivery = DeliveryDetailFragment;
export type Attempt = Delivery['attempts'][number];

export const DeliveryDetailFields = graphql(`
  fragment DeliveryDetail on WebhookDelivery {
    ...DeliveryRow
    attemptsLeft
    requestBody
    attempts {
      number
      at
      outcome
      responseStatus
      responseBody
      requestHeaders {
        exact
        headers {
          name
          value
        }
      }
      responseHeaders {
        exact
        headers {
          name
          value
        }
      }
      error
      address
      timings {
        dnsMs
        connectMs
        tlsMs
        firstByteMs
        totalMs
      }
    }
    endpoint {
      id
      url
      status
      pauseReason
    }
    event {
      id
      type
      createdAt
      payload
      deliveries(first: 10) {
        nodes {
          id
          status
          createdAt
          endpoint {
            id
            url
          }
        }
        pageInfo {
          hasNextPage
        }
      }
    }
  }
`);

export const DeliveryById = graphql(`
  query DeliveryById($id: ID!) {
    webhookDelivery(id: $id) {
      ...DeliveryDetail
    }
  }
`);

/** Whether nothing more happens to it. */
export const isOver = ({ status }: Pick<Delivery, 'status'>): boolean =>
  status === 'DELIVERED' || status === 'EXHAUSTED' || status === 'SKIPPED';

/** How it can be sent once more: at once, after a question, or not now and why. */
export function redelivery(
  { status, skipReason, event, endpoint }: Pick<Delivery, 'status' | 'skipReason' | 'event' | 'endpoint'>,
  viewer: Viewer,
): { how: 'at once' | 'after a question'; why: null } | { how: 'not'; why: string } {
  const no = (why: string) => ({ how: 'not', why }) as const;
  if (event === null) return no('It has aged out: its event is no longer kept, so there is nothing to send.');
  if (skipReason === 'PERSON_ERASED') return no('The person it spoke of was erased: there is nothing to send.');
  if (endpoint === null || skipReason === 'ENDPOINT_DELETED') return no('Its endpoint was deleted.');
  if (status === 'PENDING' || status === 'DELIVERING') return no('It is being sent already.');
  if (status === 'HELD') return no(`Its endpoint is paused. ${pauses[endpoint.pauseReason ?? 'MANUAL'].endsFor}`);
  const refused = whyNotSend(viewer);
  if (refused !== null) return no(refused);
  return { how: status === 'DELIVERED' ? 'after a question' : 'at once', why: null };
}

export interface Subject {
  name: string;
  to: string;
}

/** The objects that an event tells of, with their pages. */
export function subjectsOf(payload: unknown): Subject[] {
  const { submission, contact, intake_bot: bot } = objectIn(objectIn(payload)['data']);
  const { id: submissionId, intake_bot_id: botOf } = objectIn(submission);
  const found: [string, unknown, (id: string) => string][] = [
    ['Submission', submissionId, paths.submission],
    ['Contact', objectIn(contact)['id'], paths.contact],
    ['Bot', objectIn(bot)['id'] ?? botOf, paths.bot],
  ];
  return found.flatMap(([name, id, to]) => (typeof id === 'string' && anId.test(id) ? [{ name, to: to(id) }] : []));
}

const anId = /^c[a-z0-9]{24}$/;

const objectIn = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
