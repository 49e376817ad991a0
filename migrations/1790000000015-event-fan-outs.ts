import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What is to be fanned out stands in a table of ours, and pg-boss's job only says that there is something. */
export class EventFanOuts1790000000015 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Events for which no deliveries were made yet, in the order of their ids.
      create table event_fan_outs (
        event_id text collate "C" primary key
      ) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

      -- Until now each event had a job of its own, which was taken from pg-boss's table. There is none in a new database.
      do $$ begin
        if to_regclass('pgboss.job') is not null then
          insert into event_fan_outs (event_id)
          select distinct data ->> 'eventId' from pgboss.job
          where name = 'webhook-fan-out' and state < 'active' and data ? 'eventId';
        end if;
      end $$;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table event_fan_outs');
  }
}
