import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Graphql1790000000005 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- The order of fan-out, which is the order of the list of events: ids are made before their commit, so an event
      -- with a smaller id may appear after one with a greater; positions are given out one transaction at a time.
      create sequence event_positions_position;
      create table event_positions (
        event_id text collate "C" primary key,
        workspace_id text collate "C" not null,
        type text not null,
        position bigint not null default nextval('event_positions_position')
      );
      create index event_positions_workspace on event_positions (workspace_id, position);

      create table trusted_documents (
        workspace_id text collate "C" not null references workspaces on delete cascade,
        hash bytea not null,
        text text not null,
        created_at timestamptz(3) not null,
        primary key (workspace_id, hash)
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table trusted_documents, event_positions; drop sequence event_positions_position');
  }
}
