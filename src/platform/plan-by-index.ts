import type { ClientBase } from 'pg';

/**
 * A statement that was planned while its table was small, or empty, would go on reading all of it as long as the
 * connection lives, however much has come since. What has an index goes by it from the first day.
 */
export async function planByIndex(client: ClientBase): Promise<void> {
  await client.query('set enable_seqscan = off');
}
