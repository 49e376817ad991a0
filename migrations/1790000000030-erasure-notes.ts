import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whom an erasure erased, sealed under SECRETS_KEY: for a list that is kept outside of the database. */
export class ErasureNotes1790000000030 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table erasures add column sealed_note text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table erasures drop column sealed_note');
  }
}
