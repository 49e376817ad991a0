import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
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
  /** Looked up once each: hashing a label for every attempt costs more than counting it. */
  private readonly attemptsBy: Partial<Record<OutcomeKind, Counter.Internal>> = {};

  constructor({ registry }: Metrics, database: Database) {
    this.lag = known(registry, 'webhook_delivery_lag_seconds', (name) => {
      return new Histogram({
        name,
        help: 'From the event, or from the call that asked for it once more, to the start of the first attempt.',
        buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600],
        registers: [registry],
      });
    });
    this.attempts = known(registry, 'webhook_attempts_total', (name) => {
      return new Counter({
        name,
        help: 'Attempts, by what they came to.',
        labelNames: ['outcome'],
        registers: [registry],
      });
    });
    known(registry, 'webhook_oldest_due_seconds', (name) => {
      return new Gauge({
        name,
        help: 'How long the oldest event or delivery that nothing but us holds back has been waiting.',
        registers: [registry],
        async collect() {
          const seconds = await outsideAccounts(async () => await oldestDueSeconds(database)).catch(() => null);
          if (seconds === null) this.remove();
          else this.set(seconds);
        },
      });
    });
    known(registry, 'webhook_endpoints', (name) => {
      return new Gauge({
        name,
        help: 'Endpoints, by status.',
        labelNames: ['status'],
        registers: [registry],
        async collect() {
          const rows = await outsideAccounts(async () => await database.query(endpointsByStatus)).catch(() => null);
          if (rows === null) return this.reset();
          for (const status of Object.values(EndpointStatusEnum)) this.set({ status }, 0);
          for (const { status, count } of rows) this.set({ status }, count);
        },
      });
    });
  }

  attempted(outcome: OutcomeKind): void {
    (this.attemptsBy[outcome] ??= this.attempts.labels({ outcome })).inc();
  }

  firstAttempt({ event, askedAt }: Pick<Delivery, 'event' | 'askedAt'>, startedAt: number): void {
    this.lag.observe(Math.max(0, startedAt - (askedAt ?? event.happenedAt)) / 1_000);
  }
}

/** What `Outbound` calls when it refuses a URL, at save and at dial. */
export function countRefusals({ registry }: Metrics): (rule: RefusalRule) => void {
  const refused = known(registry, 'webhook_refused_total', (name) => {
    return new Counter({ name, help: 'URLs refused, by rule.', labelNames: ['rule'], registers: [registry] });
  });
  return (rule) => refused.inc({ rule });
}

function known<M>(registry: Registry, name: string, make: (name: string) => M): M {
  return (registry.getSingleMetric(name) as M | undefined) ?? make(name);
}
