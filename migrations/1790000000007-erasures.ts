import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Erasures1790000000007 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- How often events were blanked: a worker that sees another number than before forgets the texts it knows.
      alter table webhook_fan_out add column erasures bigint not null default 0;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table webhook_fan_out drop column erasures');
  }
}
