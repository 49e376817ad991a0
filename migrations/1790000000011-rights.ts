import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Rights1790000000011 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- What a replay may send: the types that its endpoint listened to when it was started. Null: as the endpoint says.
      alter table webhook_replays add column types text[];
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table webhook_replays drop column types');
  }
}
