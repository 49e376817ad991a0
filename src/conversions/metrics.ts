import type { Counter } from 'prom-client';
import type { Database } from '../platform/postgres/database.js';
import { prepared } from '../platform/postgres/statement.js';
import type { Metrics } from '../platform/metrics.js';
import { outsideAccounts } from '../platform/work/work-account.js';
import type { ConversionStatus } from './conversion.entity.js';
import type { ConversionVerdictKind } from './platforms/platform.js';

const oldestDue = prepared<{ seconds: number }>(`
  select greatest(0, extract(epoch from now() - min(next_attempt_at)))::float8 as seconds
  from conversions where status in ('PENDING', 'SENDING', 'ACCEPTED')
`);

/** Labels are closed lists, never a tenant's. */
export class ConversionMetrics {
  private readonly conversions: Counter<'platform' | 'verdict'>;

  constructor(metrics: Metrics, database: Database) {
    this.conversions = metrics.counter({
      name: 'iozen_conversions_total',
      help: 'Tries of conversions by what the platform answered, and those that ended without a try.',
      labelNames: ['platform', 'verdict'],
    });
    metrics.gauge({
      name: 'iozen_conversions_oldest_due_seconds',
      help: 'How long the oldest conversion that nothing but us holds back has been waiting.',
      async collect() {
        const rows = await outsideAccounts(async () => await database.query(oldestDue)).catch(() => null);
        if (rows === null) this.remove();
        else this.set(rows[0]?.seconds ?? 0);
      },
    });
  }

  tried(platform: string, verdict: ConversionVerdictKind | ConversionStatus): void {
    this.conversions.inc({ platform, verdict });
  }
}
