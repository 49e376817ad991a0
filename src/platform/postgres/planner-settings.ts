import type { ClientBase } from 'pg';

/**
 * Makes plans go by an index wherever there is one. Otherwise a statement that was planned while its table was small, or
 * empty, would go on reading the whole table for as long as the connection lives, however much has come since.
 *
 * And by the one that leads to few rows: a page anywhere costs as much as the next one, as in memory or on a disk without
 * heads. With PostgreSQL's own price, four times as much, the rows of a bot, which lie apart, are dear: it reads and sorts
 * all of them for a page of its list, or looks for them among the newest rows of all workspaces, which are together, and
 * goes on and on for a bot that has had none for long. With pages that cost nothing it reads all contacts of a workspace
 * rather than look up three addresses.
 */
export async function planByIndex(client: ClientBase): Promise<void> {
  // Before 18, PostgreSQL prices a scan that has no other way so high that it compiles each such statement first.
  await client.query('set enable_seqscan = off; set jit = off; set random_page_cost = 1');
}

/**
 * Makes plans the same for all values, too. Knowing the values, PostgreSQL takes a table that it has never counted for a
 * few rows, and reads and sorts them all rather than follow an index to the first ones that are asked for.
 */
export async function planOnce(client: ClientBase): Promise<void> {
  await planByIndex(client);
  await client.query('set plan_cache_mode = force_generic_plan');
}
