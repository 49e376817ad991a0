import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Open deliveries are few and hot; what is finished is many and cold, and an old day of it is dropped whole. */
export class Webhooks1790000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table webhook_endpoints (
        id text collate "C" primary key,
        workspace_id text collate "C" not null references workspaces on delete cascade,
        url text not null,
        events text[] not null,
        description text,
        status text not null check (status in ('active', 'paused')),
        pause_reason text check (pause_reason in ('failures', 'gone', 'manual', 'plan')),
        paused_at timestamptz(3),
        -- [{"sealed", "expiresAt"}], newest first; the newest never expires.
        secrets json not null,
        -- Sealed, as one JSON object.
        custom_headers text,
        payload_query text,
        max_concurrency integer check (max_concurrency >= 1),
        -- Kept as long as deliveries name it.
        deleted_at timestamptz(3),
        created_at timestamptz(3) not null,
        updated_at timestamptz(3) not null,
        check ((status = 'paused') = (pause_reason is not null and paused_at is not null))
      );
      create index webhook_endpoints_workspace on webhook_endpoints (workspace_id, id);

      -- Rewritten with every batch of results, so it is narrow and nothing that changes is indexed.
      create table webhook_endpoint_states (
        endpoint_id text collate "C" primary key references webhook_endpoints on delete cascade,
        -- The worker that delivers to it; free when no such worker lives.
        owner integer,
        -- Grows with every resume, which starts the count anew: results of attempts before it change nothing of that.
        revision integer not null default 0,
        consecutive_fails integer not null default 0,
        -- One delivery at a time until one succeeds.
        probing boolean not null default false,
        probe_at timestamptz(3),
        gate_until timestamptz(3),
        last_delivery_at timestamptz(3),
        last_delivery_ok boolean,
        -- Test events of the last minute.
        tested_at timestamptz[] not null default '{}'
      ) with (fillfactor = 50);

      -- Alive: its lease runs and its session holds the advisory lock of its id.
      create table webhook_workers (
        id integer generated always as identity (cycle) primary key,
        leased_until timestamptz not null
      ) with (fillfactor = 50);

      -- Its lock makes fan-out one at a time, and so the order of deliveries total.
      create table webhook_fan_out (
        singleton boolean primary key default true check (singleton),
        last_delivery_ms bigint not null
      ) with (fillfactor = 50);
      insert into webhook_fan_out (last_delivery_ms) values (0);

      -- Open ones only; they are held while their endpoint is paused. No row is rewritten before its first failure.
      -- Every row is in the index of those not yet attempted, or in the two of those that wait for another attempt.
      create table webhook_deliveries (
        id text collate "C" not null,
        endpoint_id text collate "C" not null,
        event_id text collate "C" not null,
        attempts smallint not null default 0,
        -- Null: at once.
        due_at timestamptz(3),
        -- Of an attempt that has taken longer than a moment already.
        attempting_since timestamptz(3)
      ) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
      create unique index webhook_deliveries_fresh on webhook_deliveries (endpoint_id, id) where attempts = 0;
      create unique index webhook_deliveries_retried on webhook_deliveries (endpoint_id, id) where attempts > 0;
      create index webhook_deliveries_due on webhook_deliveries (endpoint_id, due_at) where attempts > 0;

      -- What was attempted. The row that ended its delivery says so: a delivery that succeeds at once is one row.
      create table webhook_attempts (
        delivery_id text collate "C" not null,
        endpoint_id text collate "C" not null,
        event_id text collate "C" not null,
        at timestamptz(3) not null,
        number smallint not null,
        -- How the delivery ended with this.
        ended text check (ended in ('delivered', 'exhausted', 'skipped')),
        -- Null: nothing was attempted, the delivery was skipped.
        outcome text,
        response_status smallint,
        total_ms integer,
        first_byte_ms integer,
        dns_ms integer,
        connect_ms integer,
        tls_ms integer,
        address text,
        error text,
        response_body bytea
      ) partition by range (at);
      create table webhook_attempts_default partition of webhook_attempts default;
      create index webhook_attempts_delivery on webhook_attempts (endpoint_id, delivery_id);
      create index webhook_attempts_event on webhook_attempts (event_id);

      create table webhook_replays (
        id text collate "C" primary key,
        workspace_id text collate "C" not null references workspaces on delete cascade,
        endpoint_id text collate "C" not null references webhook_endpoints on delete cascade,
        selection text not null check (selection in ('ALL', 'FAILED', 'MISSED')),
        since timestamptz(3) not null,
        until timestamptz(3) not null,
        rate_per_second integer not null check (rate_per_second between 1 and 100),
        dry_run boolean not null,
        status text not null check (status in ('RUNNING', 'DONE', 'CANCELLED')),
        total integer not null,
        done integer not null default 0,
        -- The last event it made a delivery of.
        reached text collate "C" not null default '',
        advanced_at timestamptz(3) not null,
        created_at timestamptz(3) not null
      );
      create index webhook_replays_workspace on webhook_replays (workspace_id, id);
      create unique index webhook_replays_running on webhook_replays (endpoint_id) where status = 'RUNNING';

      -- What Owners and Admins should know.
      create table notices (
        id text collate "C" primary key,
        workspace_id text collate "C" not null references workspaces on delete cascade,
        kind text not null,
        text text not null,
        params json not null,
        created_at timestamptz(3) not null,
        dismissed_at timestamptz(3)
      );
      create index notices_workspace on notices (workspace_id, id) where dismissed_at is null;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table notices, webhook_replays, webhook_attempts, webhook_deliveries, webhook_fan_out, webhook_workers,
        webhook_endpoint_states, webhook_endpoints
    `);
  }
}
