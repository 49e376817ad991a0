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

/** The request of one attempt: the frozen event, or what the endpoint selects of it, signed. `now` is in Unix milliseconds. */
export function requestOf(
  { headers: customHeaders, payloadQuery, secrets }: Recipient,
  event: Omit<EventText, 'happenedAt'>,
  attempt: { deliveryId: string; number: number; now: number },
): DeliveryRequest {
  const body = payloadQuery === null ? event.body : selectPayload(payloadQuery, event.type, event.body);
  const timestampSeconds = Math.floor(attempt.now / 1_000);
  const timestamp = String(timestampSeconds);
  const headers = {
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
    ...signaturesOf({ eventId: event.id, timestampSeconds, body }, secrets, attempt.now),
  };
  return { headers, body };
}
