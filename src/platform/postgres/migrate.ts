import { MigrationExecutor, type DataSource } from 'typeorm';
import type { DatabaseClient } from './database-client.js';

/** The advisory lock of migrating: one process migrates and others wait. Nothing else in the database uses the number. */
const migrationLock = 7_104_930_211;

/** Brings the database up to date, one process at a time. Returns the names of what was applied. */
export async function migrate(source: DataSource): Promise<string[]> {
  const runner = source.createQueryRunner();
  const client = (await runner.connect()) as DatabaseClient;
  const { silentMsMax } = client;
  try {
    // A change of a large table may take long, and so may waiting for another process's changes.
    client.silentMsMax = Infinity;
    await runner.query('set statement_timeout = 0');
    await runner.query('select pg_advisory_lock($1)', [migrationLock]);
    const executor = new MigrationExecutor(source, runner);
    executor.transaction = 'each';
    const applied = await executor.executePendingMigrations();
    return applied.map(({ name }) => name);
  } finally {
    await runner.query('select pg_advisory_unlock($1)', [migrationLock]).catch(() => undefined);
    await runner.query('reset statement_timeout').catch(() => undefined);
    client.silentMsMax = silentMsMax;
    await runner.release();
  }
}
