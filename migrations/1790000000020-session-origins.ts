import type { MigrationInterface, QueryRunner } from 'typeorm';

/** From where a session was begun, for the person who looks at theirs; sessions begun before this do not say. */
export class SessionOrigins1790000000020 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table sessions add column address text, add column user_agent text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table sessions drop column address, drop column user_agent');
  }
}
