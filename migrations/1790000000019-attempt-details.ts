import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What an attempt was made of and what it was told: see `WebhookAttempt` of the GraphQL schema. */
export class AttemptDetails1790000000019 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table webhook_attempts
        -- The endpoint's by which it was sent.
        add column request_version integer,
        -- As they came, a line each.
        add column response_headers text,
        -- Of a skipped delivery, which has no outcome itself: what its last attempt came to. Its status is beside it.
        add column last_outcome text;
      alter table webhook_endpoints
        -- How often anything was changed that shapes its requests, and how often that was when the body was changed last.
        add column request_version integer not null default 0,
        add column body_version integer not null default 0;
      -- Nobody knows what was changed before; of an endpoint that never was, nothing.
      update webhook_endpoints set request_version = 1, body_version = 1 where updated_at <> created_at;
      alter table webhook_open_deliveries
        -- What its last attempt came to.
        add column last_outcome text,
        add column last_status smallint;
      update webhook_open_deliveries d set (last_outcome, last_status) = (
        select a.outcome, a.response_status from webhook_attempts a
        where a.endpoint_id = d.endpoint_id and a.delivery_id = d.id and a.outcome is not null
        order by a.number desc limit 1
      ) where d.attempts > 0;
      update webhook_attempts d set (last_outcome, response_status) = (
        select a.outcome, a.response_status from webhook_attempts a
        where a.endpoint_id = d.endpoint_id and a.delivery_id = d.delivery_id and a.outcome is not null
        order by a.number desc limit 1
      ) where d.ended = 'skipped' and d.number > 0;
      -- Few end otherwise, and these are looked for.
      create index webhook_attempts_undelivered on webhook_attempts (endpoint_id, delivery_id) where ended <> 'delivered';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop index webhook_attempts_undelivered;
      alter table webhook_open_deliveries drop column last_outcome, drop column last_status;
      alter table webhook_endpoints drop column request_version, drop column body_version;
      alter table webhook_attempts drop column request_version, drop column response_headers, drop column last_outcome;
    `);
  }
}
