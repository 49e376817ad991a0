import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How many days before a key expires its workspace was last told so: each of these days is told of once. */
export class ExpiringKeys1790000000022 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table api_keys add column expiry_told_days smallint;
      create index api_keys_expiring on api_keys (expires_at) where expires_at is not null and revoked_at is null;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop index api_keys_expiring;
      alter table api_keys drop column expiry_told_days;
    `);
  }
}
