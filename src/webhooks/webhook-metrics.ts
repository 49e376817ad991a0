import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { RefusalRule } from '../platform/address-guard.js';
import { prepared, type Database } from '../platform/database.js';
import type { Metrics } from '../platform/metrics.js';
import type { OutcomeKind } from '../platform/outbound-attempt.js';

const oldestDue = prepared<{ seconds: number }>(`
  select coalesce(max(extract(epoch from now() - due)), 0)::float8 as seconds from webhook_endpoints e
  cross join lateral (
    (select least(now(), d.due_at) as due from webhook_deliveries d
     where d.endpoint_id = e.id and d.attempts > 0 order by d.due_at limit 1)
    union all
    (select ev.created_at from webhook_deliveries d join events ev on ev.id = d.event_id
     where d.endpoint_id = e.id and d.attempts = 0 order by d.id limit 1)
  ) open
  where e.status = 'active' and e.deleted_at is null
`);
const endpointsByStatus = prepared<{ status: string; count: number }>(`
  select status, count(*)::int as count from webhook_endpoints where deleted_at is null group by status
`);

/** Metrics of delivering; labels are closed lists, never a tenant's. */
export class WebhookMetrics {
  private readonly lag: Histogram;
  private readonly attempts: Counter<'outcome'>;

  constructor({ registry }: Metrics, database: Database) {
    this.lag = known(registry, 'webhook_delivery_lag_seconds', (name) => {
      return new Histogram({
        name,
        help: 'From the event to the start of its first attempt.',
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
        help: 'How long the oldest delivery that is due has been waiting, over all active endpoints.',
        registers: [registry],
        async collect() {
          const [row] = await database.query(oldestDue);
          this.set(row?.seconds ?? 0);
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
          this.reset();
          for (const { status, count } of await database.query(endpointsByStatus)) this.set({ status }, count);
        },
      });
    });
  }

  attempted(outcome: OutcomeKind): void {
    this.attempts.inc({ outcome });
  }

  /** `eventId` tells when it happened. */
  firstAttempt(eventId: string, startedAt: number): void {
    this.lag.observe(Math.max(0, startedAt - parseInt(eventId.slice(5, 13), 36)) / 1_000);
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
