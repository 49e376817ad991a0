import { nowMs } from '../../platform/clock.js';
import { errorFields, type Log } from '../../platform/log.js';
import type { Outcome } from '../../platform/outbound/attempt.js';
import type { Outbound } from '../../platform/outbound/outbound.js';
import { placeOfAttempt, placeOfEvent, traceparentOf, type Tracing } from '../../platform/tracing.js';
import { nextOf, verdictOn } from '../policy/retry.js';
import { requestOf, type DeliveryRequest } from '../wire/request.js';
import type { AttemptRecorder, Result } from './attempt-recorder.js';
import type { DeliveryAttempt, EndpointQueue } from './endpoint-queue.js';
import type { WebhookMetrics } from './metrics.js';

export interface DeliverParts {
  outbound: Pick<Outbound, 'post'>;
  recorder: AttemptRecorder;
  metrics: WebhookMetrics;
  log: Log;
  tracing: Tracing;
  settings: { retryDelaysMs: readonly number[] };
  /** Unix milliseconds. */
  now: () => number;
  random?: (() => number) | undefined;
}

/** One attempt, from its request to its result. @throws when nothing was sent; then nothing is known of it */
export async function deliver(parts: DeliverParts, queue: EndpointQueue, attempt: DeliveryAttempt): Promise<void> {
  const request = prepare(parts, attempt);
  const outcome = request === null ? unprepared : await post(parts, attempt, request);
  const result = decide(parts, queue, attempt, outcome);
  record(parts, result);
}

/** Null where we could not: that costs the delivery an attempt, so that it is neither lost nor tried without end. */
function prepare({ log, metrics, tracing }: DeliverParts, attempt: DeliveryAttempt): DeliveryRequest | null {
  const { delivery, number, startedAt } = attempt;
  if (number === 1) metrics.firstAttempt(delivery, startedAt);
  try {
    const { id: deliveryId, event } = delivery;
    const traceparent = tracing.isOn ? traceparentOf(placeOfAttempt(event.id, deliveryId, number)) : null;
    return requestOf(attempt.snapshot, event, { deliveryId, number, now: startedAt, traceparent });
  } catch (error) {
    log.error({ error: errorFields(error), delivery: delivery.id }, 'a webhook could not be prepared');
    return null;
  }
}

function post(
  { outbound }: DeliverParts,
  { snapshot, cutOff }: DeliveryAttempt,
  request: DeliveryRequest,
): Promise<Outcome> {
  return outbound.post(snapshot.url, request.headers, request.body, snapshot.workspaceId, cutOff?.signal);
}

/** What the answer means: for the endpoint, which may be paused by it, and for the delivery. */
function decide(parts: DeliverParts, queue: EndpointQueue, attempt: DeliveryAttempt, outcome: Outcome): Result {
  const { settings, random } = parts;
  const { delivery, number, startedAt } = attempt;
  const endedAt = parts.now();
  const said = verdictOn(outcome, endedAt);
  // Until when it was to be left alone, the endpoint said before it was resumed or moved.
  const verdict = queue.isStale(attempt) ? { ...said, retryAfterAt: null } : said;
  const { pause, warning } = queue.judge(attempt, verdict, endedAt, settings.retryDelaysMs, random);
  const next = nextOf(verdict, { number, endedAt, pauses: pause !== null }, settings.retryDelaysMs, random);
  queue.ended(attempt, next.ended === null);
  const { requestVersion } = attempt.snapshot;
  const { endpointId } = queue;
  return { endpointId, delivery, startedAt, endedAt, requestVersion, outcome, queue, next, pause, warning };
}

function record({ recorder, metrics, log, tracing }: DeliverParts, result: Result): void {
  recorder.add(result);
  const { endpointId, delivery } = result;
  const { outcome, status, timings } = result.outcome;
  const { totalMs } = timings;
  const attempt = delivery.attempts + 1;
  metrics.attempted(outcome);
  const facts = { delivery: delivery.id, endpoint: endpointId, event: delivery.event.id, attempt, outcome };
  log.info({ ...facts, status, totalMs }, 'webhook');
  if (!tracing.isOn) return;
  tracing.record({
    name: 'webhook attempt',
    kind: 'client',
    startedAtMs: nowMs() - totalMs,
    ms: totalMs,
    failed: outcome !== 'success',
    place: placeOfAttempt(delivery.event.id, delivery.id, attempt),
    parent: placeOfEvent(delivery.event.id),
    attributes: { ...facts, 'http.response.status_code': status ?? undefined },
  });
}

const unprepared: Outcome = {
  outcome: 'connection',
  status: null,
  retryAfter: null,
  head: '',
  body: Buffer.alloc(0),
  error: 'the request could not be prepared',
  address: null,
  timings: { dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: null, totalMs: 0 },
};
