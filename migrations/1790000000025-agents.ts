import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whether agents may connect. The release before inserts workspaces without the column, and they get its default. */
export class Agents1790000000025 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table workspaces add column agents_may_connect boolean not null default true');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table workspaces drop column agents_may_connect');
  }
}
