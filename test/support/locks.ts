import type { ClientBase } from 'pg';

/** Until a transaction of the same database waits for a lock, such as one that this client holds. */
export async function someoneWaits(client: ClientBase): Promise<void> {
  for (;;) {
    // Or the client's own transaction would keep seeing those who were connected when it first looked.
    await client.query('select pg_stat_clear_snapshot()');
    const { rowCount } = await client.query(
      "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    );
    if (rowCount !== 0) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
