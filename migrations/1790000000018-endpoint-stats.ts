import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the attempts of each quarter-hour came to, counted as they are stored: of earlier ones nothing is counted. */
export class EndpointStats1790000000018 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table webhook_endpoint_stats (
        endpoint_id text collate "C" not null,
        -- The quarter-hour in which the attempts ended.
        at timestamptz(3) not null,
        delivered integer not null,
        failed integer not null,
        -- How many attempts took as long as each step of the scale says, from the first step on.
        durations integer[] not null,
        primary key (endpoint_id, at)
      ) partition by range (at);
      create table webhook_endpoint_stats_default partition of webhook_endpoint_stats default
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table webhook_endpoint_stats');
  }
}
