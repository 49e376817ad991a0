import type { Actor } from '../../platform/actor.js';
import { dayMs, nowMs } from '../../platform/clock.js';
import { invalid } from '../../platform/errors.js';
import type { Database } from '../../platform/postgres/database.js';
import { heavy } from '../../platform/postgres/statement.js';
import { percentileMs } from '../policy/duration-scale.js';
import { quarterHourMs, selectStats, type StatsRow } from '../store/endpoint-stats.js';
import { statsKeptDays } from '../store/retention.js';
import type { WebhookEndpointStats } from './endpoint-stats.view.js';

export const bucketsMax = 96;
/** Rows that are added up in some 50 ms: what may be more is heavy. */
const quartersAtOnce = 10_000;
/** The largest `Int` of GraphQL, which a month of an endpoint at a thousand attempts a second exceeds. */
const countMax = 2_147_483_647;

/** What attempts came to, by the quarter-hour: read from counts that were kept when the attempts were stored. */
export class EndpointStatsService {
  constructor(private readonly database: Database) {}

  /**
   * So many equal stretches of whole quarter-hours for each endpoint: the first begins with the quarter-hour of `since`,
   * and now is in one of them. They begin 30 days ago at the earliest, since earlier counts are no longer kept.
   */
  async stats(
    actor: Actor,
    endpointIds: readonly string[],
    since: Date,
    buckets: number,
  ): Promise<Map<string, WebhookEndpointStats[]>> {
    actor.require('manage:webhooks');
    if (buckets < 1 || buckets > bucketsMax)
      throw invalid('buckets', 'out_of_range', `must be a whole number from 1 to ${bucketsMax}`);
    const untilMs = nowMs();
    const sinceMs = Math.min(untilMs, Math.max(since.getTime(), untilMs - statsKeptDays * dayMs));
    const firstMs = Math.floor(sinceMs / quarterHourMs) * quarterHourMs;
    const bucketMs = quarterHourMs * (Math.floor((untilMs - firstMs) / (quarterHourMs * buckets)) + 1);
    const quarters = ((untilMs - firstMs) / quarterHourMs) * endpointIds.length;
    const rows = await this.database.query(quarters > quartersAtOnce ? heavy(selectStats) : selectStats, [
      actor.workspaceId,
      endpointIds,
      new Date(firstMs),
      new Date(firstMs + buckets * bucketMs),
      bucketMs / 1_000,
    ]);
    const found = new Map(rows.map((row) => [`${row.endpointId} ${row.bucket}`, row]));
    const starts = Array.from({ length: buckets }, (_, bucket) => new Date(firstMs + bucket * bucketMs));
    return new Map(
      endpointIds.map((id) => [id, starts.map((at, bucket) => statsOf(at, found.get(`${id} ${bucket}`)))]),
    );
  }
}

function statsOf(at: Date, row: StatsRow | undefined): WebhookEndpointStats {
  const { delivered, failed, durations } = row ?? { delivered: 0, failed: 0, durations: [] };
  return {
    at,
    delivered: Math.min(delivered, countMax),
    failed: Math.min(failed, countMax),
    p50Ms: percentileMs(durations, 0.5),
    p95Ms: percentileMs(durations, 0.95),
  };
}
