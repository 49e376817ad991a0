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

      -- How long each audit chain is, once more: it only grows, so one put back to an older end is noticed.
      create table audit_lengths (
        workspace_id text collate "C" primary key references workspaces on delete cascade,
        length bigint not null
      );
      insert into audit_lengths (workspace_id, length) select workspace_id, length from audit_chains;

      -- One a day, signed, over the one before and the ends that chains came to since; the log has it too.
      create table audit_digests (
        day date primary key,
        workspaces integer not null,
        digest text not null
      );
      create table audit_heads (
        workspace_id text collate "C" not null,
        day date not null,
        length bigint not null,
        head text not null,
        primary key (workspace_id, day)
      );
      create index audit_heads_day on audit_heads (day, workspace_id);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table audit_heads, audit_digests, audit_lengths, api_key_changes, api_key_secrets;
      alter table webhook_replays drop column types;
    `);
  }
}
