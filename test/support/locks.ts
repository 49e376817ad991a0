import type { Client } from 'pg';

/** Until a transaction of the same database waits for a lock, such as one that this client holds. */
export async function someoneWaits(client: Client): Promise<void> {
  for (;;) {
    const { rowCount } = await client.query(
      "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    );
    if (rowCount !== 0) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
