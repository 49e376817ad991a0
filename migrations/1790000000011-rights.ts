import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Rights1790000000011 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- What a replay may send: the types that its endpoint listened to when it was started. Null: as the endpoint says.
      alter table webhook_replays add column types text[];

      -- Secrets of keys from before the one that api_keys calls previous, as long as their own overlap said.
      create table api_key_secrets (
        hash bytea primary key,
        api_key_id text collate "C" not null references api_keys on delete cascade,
        until timestamptz(3) not null
      );
      create index api_key_secrets_key on api_key_secrets (api_key_id);

      -- When people made or rotated keys of a workspace, in the last hour.
      create table api_key_changes (
        workspace_id text collate "C" primary key references workspaces on delete cascade,
        at timestamptz(3)[] not null
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table api_key_changes, api_key_secrets;
      alter table webhook_replays drop column types;
    `);
  }
}
