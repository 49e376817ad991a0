import type { EventText } from '../engine/event-text-cache.js';
import { selectPayload } from './payload-query.js';
import { signaturesOf } from './signature.js';
import type { Subscriber } from '../endpoints/endpoint-snapshot.js';

export interface DeliveryRequest {
  headers: Record<string, string>;
  body: Buffer;
}

/** What is posted: the frozen event, or what the endpoint selects of it, signed for this attempt. `now` in Unix ms. */
export function requestOf(
  subscriber: Pick<Subscriber, 'headers' | 'payloadQuery' | 'secrets'>,
  event: Omit<EventText, 'happenedAt'>,
  attempt: { deliveryId: string; number: number; now: number },
): DeliveryRequest {
  const { payloadQuery, secrets } = subscriber;
  const body = payloadQuery === null ? event.body : selectPayload(payloadQuery, event.type, event.body);
  const timestampSeconds = Math.floor(attempt.now / 1_000);
  const timestamp = String(timestampSeconds);
  const headers = {
    ...subscriber.headers,
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
