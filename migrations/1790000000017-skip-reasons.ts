import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Why a delivery was skipped; what was skipped before has none. */
export class SkipReasons1790000000017 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table webhook_attempts add column skip_reason text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table webhook_attempts drop column skip_reason');
  }
}
