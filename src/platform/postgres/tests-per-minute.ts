import { rateLimitExceeded } from '../errors.js';
import type { Database } from './database.js';
import { prepared } from './statement.js';
import { isInLast } from './time-range.js';

const testsPerMinuteMax = 10;

/** Counts the tests of something whose row has their moments in `tested_at`. @throws rate_limit_exceeded */
export function testsOf(table: string, key: string): (database: Database, id: string) => Promise<void> {
  const lastMinute = `array(select at from unnest(t.tested_at) as at where ${isInLast('1 minute', 'at')} order by at)`;
  const countOne = prepared<{ id: string }>(`
    update ${table} t set tested_at = ${lastMinute} || now()
    where t.${key} = $1 and cardinality(${lastMinute}) < $2
    returning t.${key} as id
  `);
  const oldest = prepared<{ freeInSeconds: number }>(`
    select ceil(extract(epoch from (${lastMinute})[1] + interval '1 minute' - now()))::int as "freeInSeconds"
    from ${table} t where t.${key} = $1
  `);
  return async (database, id) => {
    const counted = await database.query(countOne, [id, testsPerMinuteMax]);
    if (counted.length > 0) return;
    const [first] = await database.query(oldest, [id]);
    throw rateLimitExceeded(Math.max(1, first?.freeInSeconds ?? 60));
  };
}
