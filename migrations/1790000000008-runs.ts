import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What was never attempted lies in runs, so that neither making a delivery nor ending it costs a row of its own. */
export class Runs1790000000008 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Deliveries never attempted, of one endpoint and made at once, in order: the first 24 at most, then the next.
      create table webhook_runs (
        endpoint_id text collate "C" not null,
        -- Of its last delivery, by which a run is found and named: no two of one endpoint overlap.
        last_id text collate "C" not null,
        ids text[] collate "C" not null,
        event_ids text[] collate "C" not null,
        -- A bit for each, the lowest for the first: whether it still waits for its first attempt to end.
        open integer not null,
        -- Whether that has taken longer than a moment already.
        attempting integer not null default 0,
        -- Of a redelivery or a replay.
        asked_at timestamptz(3)
      ) with (fillfactor = 75, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
      create unique index webhook_runs_last on webhook_runs (endpoint_id, last_id);

      -- Deliveries that wait for another attempt.
      create table webhook_retries (
        id text collate "C" not null,
        endpoint_id text collate "C" not null,
        event_id text collate "C" not null,
        attempts smallint not null,
        due_at timestamptz(3) not null,
        -- One that has taken longer than a moment is under way.
        attempting boolean not null default false
      ) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
      create unique index webhook_retries_id on webhook_retries (endpoint_id, id);
      create index webhook_retries_due on webhook_retries (endpoint_id, due_at);

      insert into webhook_runs (endpoint_id, last_id, ids, event_ids, open, attempting, asked_at)
      select endpoint_id, id, array[id], array[event_id], 1, (attempting_since is not null)::int, due_at
      from webhook_deliveries where attempts = 0;
      insert into webhook_retries (id, endpoint_id, event_id, attempts, due_at, attempting)
      select id, endpoint_id, event_id, attempts, due_at, attempting_since is not null
      from webhook_deliveries where attempts > 0;
      drop table webhook_deliveries;

      -- All that are open, for whoever only looks.
      create view webhook_deliveries as
      select d.id, r.endpoint_id, d.event_id, 0::smallint as attempts, r.asked_at as due_at,
        r.attempting >> (d.place - 1)::int & 1 = 1 as attempting
      from webhook_runs r cross join lateral unnest(r.ids, r.event_ids) with ordinality d (id, event_id, place)
      where r.open >> (d.place - 1)::int & 1 = 1
      union all
      select id, endpoint_id, event_id, attempts, due_at, attempting from webhook_retries;

      -- Grows whenever open deliveries are ended on purpose.
      alter table webhook_endpoint_states add column skips integer not null default 0;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table webhook_endpoint_states drop column skips;
      alter view webhook_deliveries rename to webhook_deliveries_open;
      create table webhook_deliveries (
        id text collate "C" not null,
        endpoint_id text collate "C" not null,
        event_id text collate "C" not null,
        attempts smallint not null default 0,
        due_at timestamptz(3),
        attempting_since timestamptz(3)
      ) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
      create unique index webhook_deliveries_fresh on webhook_deliveries (endpoint_id, id) where attempts = 0;
      create unique index webhook_deliveries_retried on webhook_deliveries (endpoint_id, id) where attempts > 0;
      create index webhook_deliveries_due on webhook_deliveries (endpoint_id, due_at) where attempts > 0;
      insert into webhook_deliveries
      select id, endpoint_id, event_id, attempts, due_at, case when attempting then now() end
      from webhook_deliveries_open;
      drop view webhook_deliveries_open;
      drop table webhook_runs, webhook_retries;
    `);
  }
}
