import { setTimeout as delay } from 'node:timers/promises';
import type { DatabaseClient } from '../postgres/database-client.js';
import { openClient } from '../postgres/reconnecting-client.js';
import { errorCode } from '../errors.js';

/*
 * Every process that uses the server holds a claim on it: an idle connection with a shared advisory lock. Whoever takes
 * the lock alone may stop the server, and a newcomer waits for the outcome, so nobody is handed a server that is about
 * to go. A killed process's claim ends with its connection.
 */
const claimKey = '7813540921';
const claimName = 'iozen claim';
const pollMs = 25;

/** @returns the claim, or the reason for which there is none yet: a server that is going away may be back in a moment */
export async function claimAt(connectionString: string): Promise<DatabaseClient | Error> {
  const config = {
    connectionString,
    application_name: claimName,
    connectionTimeoutMillis: 5000,
    query_timeout: 5000,
  };
  const lockShared = async (client: DatabaseClient) => {
    await client.query('select pg_advisory_lock_shared($1)', [claimKey]);
    hold(client, false);
    return client;
  };
  try {
    // Its holder listens to 'end' itself.
    return await openClient(config, lockShared, () => {});
  } catch (thrown) {
    if (errorCode(thrown) !== '28P01') return thrown as Error;
    throw new Error(
      'The running PostgreSQL refuses the password kept in DATA_DIR/postgres.password. Restore the file that belongs ' +
        'to this database, or remove DATA_DIR to start with an empty one.',
      { cause: thrown },
    );
  }
}

/** Whether the connection keeps this process alive: not while it only stands for it. */
export function hold(client: DatabaseClient, alive: boolean): void {
  const handle = client as DatabaseClient & { ref(): void; unref(): void };
  if (alive) handle.ref();
  else handle.unref();
}

/** Whether no other process uses the server; if so, the lock stays taken, and newcomers wait. */
export async function isOnlyOurs(claim: DatabaseClient): Promise<boolean> {
  const isTrue = async (condition: string, values: string[]) =>
    (await claim.query<{ answer: boolean }>(`select ${condition} as answer`, values)).rows[0]?.answer === true;
  await claim.query('select pg_advisory_unlock_shared($1)', [claimKey]);
  if (!(await isTrue('pg_try_advisory_lock($1)', [claimKey]))) return false;
  const othersConnected =
    "exists (select from pg_stat_activity where backend_type = 'client backend' and application_name <> $1)";
  // The backends of connections that were just closed take a moment to give up their locks.
  for (let wait = 0; wait < 500; wait += pollMs) {
    if (!(await isTrue(othersConnected, [claimName]))) return true;
    await delay(pollMs);
  }
  return false;
}
