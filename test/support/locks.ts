import type { ClientBase } from 'pg';
import { Tx } from '../../src/platform/postgres/database.js';

/** A transaction that holds a lock. */
export type Holder = ClientBase | Tx;

/**
 * Transactions that commit together give up after 50 ms of waiting for a lock, and give back all that they hold before they
 * try again, alone at last: whoever has waited for this long keeps what it holds until it has what it waits for.
 */
export const forGoodMs = 300;

const selectWaiters = `
  with recursive waits as (
    select pid, waitstart, pg_blocking_pids(pid) as of from pg_locks where not granted
  ), in_line as (
    select pid, waitstart from waits where pg_backend_pid() = any (of)
    union select w.pid, w.waitstart from waits w join in_line l on l.pid = any (w.of)
  )
  select distinct pid from in_line where waitstart <= clock_timestamp() - $1 * interval '1 ms'
`;

/** How many transactions wait for a lock of the holder's, or for one that waits for it, each for so long at least. */
export async function waitersFor(holder: Holder, sinceMs = 0): Promise<number> {
  const asked = [selectWaiters, [sinceMs]] as const;
  if (holder instanceof Tx) return (await holder.manager.query<object[]>(asked[0], [...asked[1]])).length;
  return (await holder.query(asked[0], [...asked[1]])).rows.length;
}

/** Until a transaction waits for a lock that the holder has. */
export async function someoneWaits(holder: Holder, sinceMs = 0): Promise<void> {
  while ((await waitersFor(holder, sinceMs)) === 0) await new Promise((resolve) => setTimeout(resolve, 2));
}
