import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Telling ad platforms of completed submissions: where to, what became of each, and origins of drafts for a day. */
export class Conversions1790000000023 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table conversion_destinations (
        id text collate "C" primary key,
        workspace_id text collate "C" not null references workspaces on delete cascade,
        intake_bot_id text collate "C" not null references intake_bots on delete cascade,
        platform text not null,
        status text not null check (status in ('ACTIVE', 'PAUSED')),
        pause_reason text check (pause_reason in ('AUTH_BROKEN', 'CONFIG_BROKEN', 'MANUAL', 'PLAN')),
        -- The ids of the account, as the platform's input names them.
        settings json not null,
        -- Sealed, as one JSON object; blank once the destination is deleted.
        credential text not null,
        credential_last_four text,
        credential_set_at timestamptz(3) not null,
        credential_expires_at timestamptz(3),
        expiry_told_days smallint,
        event_name text not null,
        -- {"amount", "currency"} or {"field", "currency"}.
        value json,
        -- {"<canonical field>": "<field of the bot>"}.
        mapping json not null,
        default_country text,
        consent_mode text not null check (consent_mode in ('REQUIRED', 'NOT_REQUIRED')),
        test_code text,
        last_sent_at timestamptz(3),
        -- Connection tests of the last minute.
        tested_at timestamptz[] not null default '{}',
        -- Kept as long as conversions name it.
        deleted_at timestamptz(3),
        created_at timestamptz(3) not null,
        updated_at timestamptz(3) not null,
        check ((status = 'PAUSED') = (pause_reason is not null))
      );
      create unique index conversion_destinations_bot on conversion_destinations (intake_bot_id, platform)
        where deleted_at is null;
      create index conversion_destinations_workspace on conversion_destinations (workspace_id, id);
      create index conversion_destinations_expiring on conversion_destinations (credential_expires_at)
        where credential_expires_at is not null and deleted_at is null;

      create table conversions (
        id text collate "C" primary key,
        workspace_id text collate "C" not null,
        destination_id text collate "C" not null references conversion_destinations on delete cascade,
        intake_bot_id text collate "C" not null,
        -- The log outlives the submission.
        submission_id text collate "C" not null,
        platform text not null,
        event_id text not null,
        event_name text not null,
        occurred_at timestamptz(3) not null,
        status text not null check (
          status in ('PENDING', 'SENDING', 'ACCEPTED', 'DELIVERED', 'REJECTED', 'SKIPPED', 'EXPIRED', 'HELD')
        ),
        -- What the last answer meant.
        verdict text,
        reason text,
        -- Sealed; null once nothing more of it may be sent.
        snapshot text,
        -- Names of what was left out of what was sent.
        dropped text[] not null default '{}',
        -- By which the platform is asked what became of it.
        reference text,
        -- [{"at", "status", "code", "message", "traceId", "ms"}], the last 100.
        attempts json not null default '[]',
        -- Of one that is being sent: when another process may take it, as this one has died.
        next_attempt_at timestamptz(3),
        -- It is not tried again later than this.
        retry_until timestamptz(3) not null,
        -- When the platform took it, to say later what became of it.
        accepted_at timestamptz(3),
        created_at timestamptz(3) not null,
        updated_at timestamptz(3) not null,
        ended_at timestamptz(3)
      ) with (fillfactor = 70);
      create unique index conversions_once on conversions (submission_id, destination_id);
      create index conversions_workspace on conversions (workspace_id, id);
      create index conversions_destination on conversions (destination_id, id);
      create index conversions_bot on conversions (intake_bot_id, id);
      create index conversions_held on conversions (destination_id, id) where status = 'HELD';
      create index conversions_due on conversions (next_attempt_at) where status in ('PENDING', 'SENDING', 'ACCEPTED');
      create index conversions_sealed on conversions (platform, occurred_at)
        where status in ('HELD', 'REJECTED') and snapshot is not null;
      create index conversions_ended on conversions (ended_at) where ended_at is not null;

      -- The ip and user agent of the person of a draft, sealed, for 24 hours at most.
      create table conversion_origins (
        submission_id text collate "C" primary key,
        workspace_id text collate "C" not null,
        sealed text not null,
        created_at timestamptz(3) not null
      );
      create index conversion_origins_created on conversion_origins (created_at);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table conversion_origins, conversions, conversion_destinations');
  }
}
