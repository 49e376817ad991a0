import type { Outcome } from '../../platform/outbound/attempt.js';
import { recordset, type Columns } from '../../platform/postgres/recordset.js';
import { isOf, prepared } from '../../platform/postgres/statement.js';
import { isoTime } from '../../platform/postgres/timestamps.js';
import { stepCount, stepOf } from '../policy/duration-scale.js';

/**
 * What attempts of an endpoint came to, counted a quarter-hour as they are stored, in the statement that stores them.
 * Whoever asks is answered from these few rows, never from the attempts, of which there may be millions.
 */
export const quarterHourMs = 900_000;

/** The attempts of an endpoint that ended in one quarter-hour. */
interface QuarterCounts {
  endpointId: string;
  quarterMs: number;
  delivered: number;
  failed: number;
  /** By step of the scale of durations, up to the last that has any. */
  durations: number[];
}

export const quarterColumns: Columns<QuarterCounts> = {
  endpoint_id: ['word', (c) => c.endpointId],
  at: ['timestamptz', (c) => isoTime(new Date(c.quarterMs))],
  delivered: ['int', (c) => c.delivered],
  failed: ['int', (c) => c.failed],
  // Arrays of several lengths are no parameter of `unnest`, so each comes as its text.
  durations: ['text', (c) => `{${c.durations.join(',')}}`],
};

export function countedByQuarter(
  attempts: readonly { endpointId: string; endedAt: number; outcome: Pick<Outcome, 'outcome' | 'timings'> }[],
): QuarterCounts[] {
  const quarters = new Map<string, QuarterCounts>();
  for (const { endpointId, endedAt, outcome } of attempts) {
    const quarterMs = Math.floor(endedAt / quarterHourMs) * quarterHourMs;
    const key = `${endpointId} ${quarterMs}`;
    const counts = quarters.get(key) ?? { endpointId, quarterMs, delivered: 0, failed: 0, durations: [] };
    quarters.set(key, counts);
    counts[outcome.outcome === 'success' ? 'delivered' : 'failed'] += 1;
    const step = stepOf(outcome.timings.totalMs);
    while (counts.durations.length <= step) counts.durations.push(0);
    counts.durations[step] = (counts.durations[step] ?? 0) + 1;
  }
  return [...quarters.values()];
}

/** In SQL: adds counts, which begin at the parameter `$first`, of endpoints that `ours` names. */
export const addCounts = (first: number, ours: string) => `
  insert into webhook_endpoint_stats as kept (endpoint_id, at, delivered, failed, durations)
  select endpoint_id, at, delivered, failed, durations::integer[]
  from ${recordset(quarterColumns, 'counted', first)} join ${ours} using (endpoint_id)
  on conflict (endpoint_id, at) do update set
    delivered = kept.delivered + excluded.delivered,
    failed = kept.failed + excluded.failed,
    durations = array(
      select coalesce(before, 0) + coalesce(more, 0)
      from unnest(kept.durations, excluded.durations) with ordinality as added (before, more, step) order by step
    )
`;

/** A stretch of time in which attempts of an endpoint ended. */
export interface StatsRow {
  endpointId: string;
  /** Its number, from 0 on. */
  bucket: number;
  delivered: number;
  failed: number;
  /** By step of the scale; null for one that no attempt reached. */
  durations: (number | null)[];
}

const sumsOfSteps = Array.from({ length: stepCount }, (_, step) => `sum(s.durations[${step + 1}])`).join(', ');

/** `$1` is the workspace, `$2` the endpoints, `$3` the time from and `$4` up to which, `$5` the seconds of a bucket. */
export const selectStats = prepared<StatsRow>(`
  select e.id as "endpointId", floor(extract(epoch from s.at - $3::timestamptz) / $5::int)::int as bucket,
    sum(s.delivered)::float8 as delivered, sum(s.failed)::float8 as failed,
    -- Of each step by its name: to take the arrays apart and put the sums together takes ten times as long.
    array[${sumsOfSteps}]::float8[] as durations
  from webhook_endpoints e cross join lateral (
    select * from webhook_endpoint_stats s where s.endpoint_id = e.id and s.at >= $3 and s.at < $4
  ) s
  where e.id = any ($2) and ${isOf('e', '$1')} group by 1, 2
`);
