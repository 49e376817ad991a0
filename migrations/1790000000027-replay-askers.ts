import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who asked for a replay: a count that an agent was told can be agreed to under the same key alone. */
export class ReplayAskers1790000000027 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table webhook_replays add column asked_by text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table webhook_replays drop column asked_by');
  }
}
