import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Workers tell each other how much they have to do. */
export class SharedLoad1790000000026 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- How many of its endpoints have more waiting than it has begun; null: of a release that does not tell.
      alter table webhook_workers add column behind integer;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table webhook_workers drop column behind');
  }
}
