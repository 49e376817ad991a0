import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Replays are counted by a worker, range by range: until then `total` and `reached` say how far it came. */
export class CountedReplays1790000000016 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table webhook_replays add column counted boolean not null default true');
    await runner.query('alter table webhook_replays alter column counted drop default');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table webhook_replays drop column counted');
  }
}
