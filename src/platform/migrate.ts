import type { DataSource } from 'typeorm';

/** Any process may migrate; the others wait. The number is ours alone in this database. */
const migrationLock = 7_104_930_211;

/** Brings the database up to date, one process at a time. Returns the names of what was applied. */
export async function migrate(source: DataSource): Promise<string[]> {
  const runner = source.createQueryRunner();
  try {
    await runner.query('select pg_advisory_lock($1)', [migrationLock]);
    const applied = await source.runMigrations({ transaction: 'each' });
    return applied.map(({ name }) => name);
  } finally {
    await runner.query('select pg_advisory_unlock($1)', [migrationLock]).catch(() => undefined);
    await runner.release();
  }
}
