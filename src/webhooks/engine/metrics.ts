import type { Counter, Histogram } from 'prom-client';
import type { RefusalRule } from '../../platform/outbound/address-guard.js';
import type { Database } from '../../platform/postgres/database.js';
import { prepared } from '../../platform/postgres/statement.js';
import type { Metrics } from '../../platform/metrics.js';
import type { OutcomeKind } from '../../platform/outbound/attempt.js';
import { outsideAccounts } from '../../platform/work/work-account.js';
import type { Delivery } from './endpoint-queue.js';
import { oldestDueSeconds } from '../store/read-open.js';
import { EndpointStatusEnum } from '../endpoints/endpoint.entity.js';

const endpointsByStatus = prepared<{ status: string; count: number }>(`
  select status, count(*)::int as count from webhook_endpoints where deleted_at is null group by status
`);

/**
 * Metrics of delivering; labels are closed lists, never a tenant's. While the database is away, what is read from it has
 * no sample, and the others are told all the same.
 */
export class WebhookMetrics {
  private readonly lag: Histogram;
  private readonly attempts: Counter<'outcome'>;

  constructor(metrics: Metrics, database: Database) {
    const read = async <T>(ask: () => Promise<T>) => await outsideAccounts(ask).catch(() => null);
    this.lag = metrics.histogram({
      name: 'iozen_webhook_delivery_lag_seconds',
      help: 'From the event, or from the call that asked for it once more, to the start of the first attempt.',
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600],
    });
    this.attempts = metrics.counter({
      name: 'iozen_webhook_attempts_total',
      help: 'Attempts, by what they came to.',
      labelNames: ['outcome'],
    });
    metrics.gauge({
      name: 'iozen_webhook_oldest_due_seconds',
      help: 'How long the oldest event or delivery that nothing but us holds back has been waiting.',
      async collect() {
        const seconds = await read(async () => await oldestDueSeconds(database));
        if (seconds === null) this.remove();
        else this.set(seconds);
      },
    });
    metrics.gauge({
      name: 'iozen_webhook_endpoints',
      help: 'Endpoints, by status.',
      labelNames: ['status'],
      async collect() {
        const rows = await read(async () => await database.query(endpointsByStatus));
        if (rows === null) return this.reset();
        for (const status of Object.values(EndpointStatusEnum)) this.set({ status }, 0);
        for (const { status, count } of rows) this.set({ status }, count);
      },
    });
  }

  attempted(outcome: OutcomeKind): void {
    this.attempts.inc({ outcome });
  }

  firstAttempt({ event, askedAt }: Pick<Delivery, 'event' | 'askedAt'>, startedAt: number): void {
    this.lag.observe(Math.max(0, startedAt - (askedAt ?? event.happenedAt)) / 1_000);
  }
}

/** What `Outbound` calls when it refuses a URL, at save and at dial. */
export function countRefusals(metrics: Metrics): (rule: RefusalRule) => void {
  const refused = metrics.counter({
    name: 'iozen_webhook_refused_total',
    help: 'URLs refused, by rule.',
    labelNames: ['rule'],
  });
  return (rule) => refused.inc({ rule });
}
