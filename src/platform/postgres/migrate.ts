import { setTimeout as wait } from 'node:timers/promises';
import { MigrationExecutor, type DataSource, type Migration, type QueryRunner } from 'typeorm';
import { isLockedOut } from '../errors.js';
import type { DatabaseClient } from './database-client.js';

/** The advisory lock of migrating: one process migrates and others wait. Nothing else in the database uses the number. */
const migrationLock = 7_104_930_211;
/**
 * A change of a table waits for whoever uses the table, and everybody else then waits behind the change: so it gives up
 * after this, lets them through, and tries again.
 */
const lockMsMax = 1_000;
const lockTriesMax = 60;

/**
 * Brings the database up to date, one process at a time. Returns the names of what was applied.
 * @param onApplied is told how many migrations are applied, of how many that were not
 */
export async function migrate(
  source: DataSource,
  onApplied: (migrations: number, of: number) => void = () => undefined,
): Promise<string[]> {
  const runner = source.createQueryRunner();
  const client = (await runner.connect()) as DatabaseClient;
  const { silentMsMax } = client;
  try {
    // A change of a large table may take long, and so may waiting for another process's changes.
    client.silentMsMax = Infinity;
    await runner.query('set statement_timeout = 0');
    await runner.query('select pg_advisory_lock($1)', [migrationLock]);
    await runner.query(`set lock_timeout = ${lockMsMax}`);
    const executor = new CountingExecutor(source, runner);
    executor.transaction = 'each';
    const { length: pending } = await executor.getPendingMigrations();
    executor.onApplied = (applied) => onApplied(applied, pending);
    if (pending > 0) onApplied(0, pending);
    const before = new Set((await executor.getExecutedMigrations()).map(({ name }) => name));
    for (let tries = 1; ; tries += 1) {
      try {
        await executor.executePendingMigrations();
        break;
      } catch (error) {
        if (!isLockedOut(error) || tries === lockTriesMax) throw error;
        await wait(lockMsMax);
      }
    }
    const all = await executor.getExecutedMigrations();
    return all
      .toSorted((one, other) => one.timestamp - other.timestamp)
      .flatMap(({ name }) => (before.has(name) ? [] : [name]));
  } finally {
    await runner.query('select pg_advisory_unlock($1)', [migrationLock]).catch(() => undefined);
    await runner.query('reset statement_timeout; reset lock_timeout').catch(() => undefined);
    client.silentMsMax = silentMsMax;
    await runner.release();
  }
}

class CountingExecutor extends MigrationExecutor {
  onApplied: (migrations: number) => void = () => undefined;
  private applied = 0;

  protected override async insertExecutedMigration(runner: QueryRunner, migration: Migration): Promise<void> {
    await super.insertExecutedMigration(runner, migration);
    this.applied += 1;
    this.onApplied(this.applied);
  }
}
