import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Ids are text in the C collation: they sort by time of creation, whatever the database's locale.
 * Times have milliseconds, as JavaScript's: a Date read and written back is the same moment.
 */
export class Domain1790000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table workspaces (
        id text collate "C" primary key,
        name text not null,
        plan text not null check (plan in ('FREE', 'PRO', 'BUSINESS')),
        archived_at timestamptz(3),
        created_at timestamptz(3) not null,
        updated_at timestamptz(3) not null
      );

      -- One narrow row a month, so that counting a submission rewrites nothing else.
      create table workspace_usage (
        workspace_id text collate "C" not null references workspaces on delete cascade,
        month date not null,
        submissions integer not null,
        allowed integer not null,
        primary key (workspace_id, month),
        constraint workspace_usage_allowed check (submissions <= allowed)
      ) with (fillfactor = 50);

      create table users (
        id text collate "C" primary key,
        workspace_id text collate "C" not null references workspaces on delete cascade,
        email text not null constraint users_email unique,
        name text not null,
        password_hash text not null,
        role text not null check (role in ('OWNER', 'ADMIN', 'MEMBER')),
        created_at timestamptz(3) not null,
        updated_at timestamptz(3) not null
      );
      create index users_workspace on users (workspace_id, id);

      create table api_keys (
        id text collate "C" primary key,
        workspace_id text collate "C" not null references workspaces on delete cascade,
        name text not null,
        hash bytea not null constraint api_keys_hash unique,
        hint text not null,
        scopes text[] not null,
        allowed_cidrs text[] not null default '{}',
        documents_only boolean not null default false,
        expires_at timestamptz(3),
        revoked_at timestamptz(3),
        last_used_at timestamptz(3),
        created_at timestamptz(3) not null
      );
      create index api_keys_workspace on api_keys (workspace_id, id);

      create table intake_bots (
        id text collate "C" primary key,
        workspace_id text collate "C" not null references workspaces on delete cascade,
        name text not null,
        description text,
        status text not null check (status in ('DRAFT', 'ACTIVE', 'PAUSED', 'ARCHIVED')),
        schema json not null,
        schema_version integer not null,
        record_type text,
        created_at timestamptz(3) not null,
        updated_at timestamptz(3) not null
      );
      create index intake_bots_workspace on intake_bots (workspace_id, id);

      -- Beside the bot, so that a submission does not rewrite the bot's wide row.
      create table intake_bot_totals (
        intake_bot_id text collate "C" primary key references intake_bots on delete cascade,
        submissions integer not null
      ) with (fillfactor = 50);

      create table contacts (
        id text collate "C" primary key,
        workspace_id text collate "C" not null references workspaces on delete cascade,
        email text,
        phone text,
        first_name text,
        last_name text,
        tags text[] not null default '{}',
        custom_fields json not null default '{}',
        created_at timestamptz(3) not null,
        updated_at timestamptz(3) not null
      );
      create index contacts_workspace on contacts (workspace_id, id);
      create unique index contacts_email on contacts (workspace_id, email) where email is not null;
      create unique index contacts_phone on contacts (workspace_id, phone) where phone is not null;

      create table submissions (
        id text collate "C" primary key,
        workspace_id text collate "C" not null references workspaces on delete cascade,
        intake_bot_id text collate "C" not null references intake_bots on delete cascade,
        contact_id text collate "C" references contacts on delete set null,
        data json not null,
        status text not null check (status in ('IN_PROGRESS', 'COMPLETED')),
        ai_summary text,
        is_test boolean not null,
        file_count integer not null,
        schema_version integer not null,
        created_at timestamptz(3) not null,
        updated_at timestamptz(3) not null
      );
      create index submissions_workspace on submissions (workspace_id, id);
      create index submissions_intake_bot on submissions (intake_bot_id, id);
      create index submissions_contact on submissions (contact_id, id) where contact_id is not null;

      create table submission_messages (
        id text collate "C" primary key,
        submission_id text collate "C" not null references submissions on delete cascade,
        role text not null check (role in ('assistant', 'user')),
        content text not null,
        created_at timestamptz(3) not null
      );
      create index submission_messages_submission on submission_messages (submission_id, id);

      create table records (
        id text collate "C" primary key,
        workspace_id text collate "C" not null references workspaces on delete cascade,
        record_type text not null,
        data json not null,
        submission_id text collate "C" references submissions on delete set null,
        created_at timestamptz(3) not null,
        updated_at timestamptz(3) not null
      );
      create index records_workspace on records (workspace_id, id);
      create unique index records_submission on records (submission_id) where submission_id is not null;

      create table record_contacts (
        record_id text collate "C" not null references records on delete cascade,
        contact_id text collate "C" not null references contacts on delete cascade,
        role text not null,
        primary key (record_id, contact_id, role)
      );
      create index record_contacts_contact on record_contacts (contact_id, record_id);

      -- Partitioned by id, which is by time: an old partition is dropped whole.
      create table events (
        id text collate "C" primary key,
        workspace_id text collate "C" not null,
        type text not null,
        subject_id text collate "C" not null,
        body text not null,
        created_at timestamptz(3) not null
      ) partition by range (id);
      create table events_default partition of events default;
      create index events_workspace on events (workspace_id, id);
      create index events_subject on events (subject_id, id);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table events, record_contacts, records, submission_messages, submissions, contacts, intake_bot_totals,
        intake_bots, api_keys, users, workspace_usage, workspaces
    `);
  }
}
