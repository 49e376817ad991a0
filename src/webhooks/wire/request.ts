import type { EventType } from '../../events/event-type.js';
import type { EventText } from './event-text.js';
import { selectPayload, type PayloadQuery } from './payload-query.js';
import { signaturesOf, type SigningSecret } from './signature.js';

/** What of an endpoint shapes the requests to it. */
export interface Recipient {
  /** Its custom headers. */
  readonly headers: Readonly<Record<string, string>>;
  /** null: it is sent whole events. */
  readonly payloadQuery: PayloadQuery | null;
  /** The newest first. */
  readonly secrets: readonly SigningSecret[];
}

export interface DeliveryRequest {
  headers: Record<string, string>;
  body: Buffer;
}

/** The request of an attempt, as it was sent or made again. */
export interface SentRequest extends DeliveryRequest {
  url: string;
  eventType: EventType;
  /** Names of headers that the endpoint's owner gave values. */
  customNames: readonly string[];
  /** Whether it is known to be what was sent. */
  exact: boolean;
}

interface Attempt {
  deliveryId: string;
  number: number;
  /** Unix milliseconds. */
  now: number;
  /** W3C's, where traces are sent: the receiver's spans join the event's trace. */
  traceparent?: string | null;
}

/** The request of one attempt: the frozen event, or what the endpoint selects of it, signed. */
export function requestOf(
  recipient: Recipient,
  event: Omit<EventText, 'happenedAt'>,
  attempt: Attempt,
): DeliveryRequest {
  const { headers, body } = unsignedRequestOf(recipient, event, attempt);
  const message = { eventId: event.id, timestampSeconds: secondsOf(attempt), body };
  return { headers: { ...headers, ...signaturesOf(message, recipient.secrets, attempt.now) }, body };
}

/** The same to an endpoint that has no secrets any more, since it was deleted. */
export function unsignedRequestOf(
  { headers: customHeaders, payloadQuery }: Omit<Recipient, 'secrets'>,
  event: Omit<EventText, 'happenedAt'>,
  attempt: Attempt,
): DeliveryRequest {
  const body = payloadQuery === null ? event.body : selectPayload(payloadQuery, event.type, event.body);
  const timestamp = String(secondsOf(attempt));
  const { traceparent = null } = attempt;
  const headers = {
    ...(traceparent !== null && { traceparent }),
    ...customHeaders,
    'Content-Type': 'application/json',
    'User-Agent': 'ioZen-Webhooks/1.0',
    'X-IoZen-Event-Type': event.type,
    'X-IoZen-Event-Id': event.id,
    'X-IoZen-Timestamp': timestamp,
    'X-IoZen-Delivery-Id': attempt.deliveryId,
    'X-IoZen-Attempt': String(attempt.number),
    'webhook-id': event.id,
    'webhook-timestamp': timestamp,
  };
  return { headers, body };
}

const secondsOf = ({ now }: Attempt) => Math.floor(now / 1_000);
