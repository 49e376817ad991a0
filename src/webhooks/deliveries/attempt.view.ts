import { isoTime } from '../../platform/postgres/timestamps.js';
import type { WebhookAttempt } from './delivery.entity.js';

/** An attempt over REST. */
export const attemptView = ({ at, outcome, responseStatus, answer, error, address, timings }: WebhookAttempt) => ({
  at: isoTime(at),
  outcome,
  response_status: responseStatus,
  response_body: answer === null ? null : answer.toString('utf8'),
  error,
  address,
  timings: {
    dns_ms: timings.dnsMs,
    connect_ms: timings.connectMs,
    tls_ms: timings.tlsMs,
    first_byte_ms: timings.firstByteMs,
    total_ms: timings.totalMs,
  },
});
