import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Where a submission came from, and what its person consented to. */
export class Attribution1790000000024 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table submissions add column attribution json');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table submissions drop column attribution');
  }
}
