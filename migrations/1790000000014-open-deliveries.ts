import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A row for each open delivery, instead of up to 24 packed in a row with a bit each, and retries in a table beside. */
export class OpenDeliveries1790000000014 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table webhook_open_deliveries (
        endpoint_id text collate "C" not null,
        id text collate "C" not null,
        event_id text collate "C" not null,
        -- That have failed: none of a pending delivery.
        attempts smallint not null default 0,
        -- An attempt has been under way for longer than a moment.
        attempting boolean not null default false,
        -- When a delivery that failed may be tried again.
        due_at timestamptz(3),
        -- When somebody asked for it, of a redelivery or a replay.
        asked_at timestamptz(3),
        check ((attempts = 0) = (due_at is null))
      ) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);

      insert into webhook_open_deliveries (endpoint_id, id, event_id, attempts, attempting, due_at)
      select endpoint_id, id, event_id, attempts, attempting, due_at from webhook_retries;
      insert into webhook_open_deliveries (endpoint_id, id, event_id, attempting, asked_at)
      select r.endpoint_id, d.id, d.event_id, r.attempting >> (d.place - 1)::int & 1 = 1, r.asked_at
      from webhook_runs r cross join lateral unnest(r.ids, r.event_ids) with ordinality d (id, event_id, place)
      where r.open >> (d.place - 1)::int & 1 = 1;

      create unique index webhook_open_deliveries_id on webhook_open_deliveries (endpoint_id, id);
      -- So that neither pending ones nor those due are looked for among what is parked.
      create index webhook_open_deliveries_pending on webhook_open_deliveries (endpoint_id, id) where attempts = 0;
      create index webhook_open_deliveries_due on webhook_open_deliveries (endpoint_id, due_at)
      where due_at is not null;

      drop view webhook_deliveries;
      drop table webhook_runs, webhook_retries;

      alter table webhook_endpoint_states drop column skips;
      alter table webhook_endpoint_states rename column probing to half_open;
      alter table webhook_endpoint_states rename column gate_until to not_before;
      alter table webhook_fan_out rename column turn to version;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table webhook_endpoint_states rename column half_open to probing;
      alter table webhook_endpoint_states rename column not_before to gate_until;
      alter table webhook_fan_out rename column version to turn;
      alter table webhook_endpoint_states add column skips integer not null default 0;

      create table webhook_runs (
        endpoint_id text collate "C" not null,
        last_id text collate "C" not null,
        ids text[] collate "C" not null,
        event_ids text[] collate "C" not null,
        open integer not null,
        attempting integer not null default 0,
        asked_at timestamptz(3)
      ) with (fillfactor = 75, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
      create table webhook_retries (
        id text collate "C" not null,
        endpoint_id text collate "C" not null,
        event_id text collate "C" not null,
        attempts smallint not null,
        due_at timestamptz(3) not null,
        attempting boolean not null default false
      ) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);

      insert into webhook_runs (endpoint_id, last_id, ids, event_ids, open, attempting, asked_at)
      select endpoint_id, id, array[id], array[event_id], 1, attempting::int, asked_at
      from webhook_open_deliveries where attempts = 0;
      insert into webhook_retries (id, endpoint_id, event_id, attempts, due_at, attempting)
      select id, endpoint_id, event_id, attempts, due_at, attempting from webhook_open_deliveries where attempts > 0;
      drop table webhook_open_deliveries;

      create unique index webhook_runs_last on webhook_runs (endpoint_id, last_id);
      create unique index webhook_retries_id on webhook_retries (endpoint_id, id);
      create index webhook_retries_due on webhook_retries (endpoint_id, due_at);
      create view webhook_deliveries as
      select d.id, r.endpoint_id, d.event_id, 0::smallint as attempts, r.asked_at as due_at,
        r.attempting >> (d.place - 1)::int & 1 = 1 as attempting
      from webhook_runs r cross join lateral unnest(r.ids, r.event_ids) with ordinality d (id, event_id, place)
      where r.open >> (d.place - 1)::int & 1 = 1
      union all
      select id, endpoint_id, event_id, attempts, due_at, attempting from webhook_retries;
    `);
  }
}
