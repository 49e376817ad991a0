import type { MigrationInterface, QueryRunner } from 'typeorm';
import { normalEmail } from '../src/platform/text/email-address.js';

export class StoredThings1790000000010 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // All of a table is looked at, once: by an index that would be a walk all over it.
    await runner.query('set local enable_seqscan = on');
    for (const table of ['contacts', 'users', 'invitations']) await putInOneForm(runner, table);
    // Last, since everybody waits for this table from here to the commit.
    await runner.query(`
      -- What the workspace stores in all, by the last hourly measure.
      alter table workspaces
        add column stored_bytes double precision not null default 0,
        add column stored_measured_at timestamptz(3);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    // The form that addresses had before is gone, and nothing needs it.
    await runner.query('alter table workspaces drop column stored_bytes, drop column stored_measured_at');
  }
}

/**
 * Addresses are found by their one form from now on. In ASCII they have it already; of the others, one whose form another
 * row has stays as it is: people can merge the two contacts, and its account is still found by the same letters.
 */
async function putInOneForm(runner: QueryRunner, table: string): Promise<void> {
  const rows = (await runner.query(
    `select id, email from ${table} where octet_length(email) <> char_length(email)`,
  )) as { id: string; email: string }[];
  for (const { id, email } of rows) {
    const normal = normalEmail(email);
    if (normal === email) continue;
    await runner.query('savepoint one_address');
    try {
      await runner.query(`update ${table} set email = $2 where id = $1`, [id, normal]);
    } catch (error) {
      if ((error as { code?: unknown }).code !== '23505') throw error;
      await runner.query('rollback to savepoint one_address');
    }
  }
}
