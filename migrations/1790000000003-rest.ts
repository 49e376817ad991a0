import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Rest1790000000003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Kept for a day. The id is a digest of the caller and the key, the answer is sealed.
      create table idempotency_records (
        id bytea primary key,
        workspace_id text collate "C" not null,
        fingerprint bytea not null,
        answer text,
        subjects text[] not null,
        created_at timestamptz(3) not null
      );
      create index idempotency_records_created on idempotency_records (created_at);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table idempotency_records');
  }
}
