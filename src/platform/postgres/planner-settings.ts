import type { ClientBase } from 'pg';

/**
 * A statement that was planned while its table was small, or empty, would go on reading all of it as long as the
 * connection lives, however much has come since. What has an index goes by it from the first day.
 */
export async function planByIndex(client: ClientBase): Promise<void> {
  // Before 18, PostgreSQL prices a scan that has no other way so high that it compiles each such statement first.
  await client.query('set enable_seqscan = off; set jit = off');
}

/**
 * And alike for any values. With the values at hand, PostgreSQL takes what it never counted for a few rows, and rather
 * reads and sorts them all than follow the index to the first that are asked for.
 */
export async function planOnce(client: ClientBase): Promise<void> {
  await planByIndex(client);
  await client.query('set plan_cache_mode = force_generic_plan');
}
