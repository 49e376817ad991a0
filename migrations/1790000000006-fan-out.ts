import type { MigrationInterface, QueryRunner } from 'typeorm';

export class FanOut1790000000006 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Grows with whatever is done under the lock of the row: a statement that sees another turn than it locks began
      -- before that.
      alter table webhook_fan_out add column turn bigint not null default 0;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table webhook_fan_out drop column turn');
  }
}
