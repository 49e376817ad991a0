import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Answers may be stored for longer than the events to which they are. */
export class AttemptEventTypes1790000000012 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table webhook_attempts add column event_type text');
    // Attempts are kept for 30 days and events for 62: of younger ones the event is there as long as the attempt is.
    // Those of older ones are few, and found by their index.
    const monthAgo = `evt_c${(Date.now() - 30 * 86_400_000).toString(36)}`;
    await runner.query(
      `update webhook_attempts a set event_type = e.type from events e
       where a.event_id < $1 and e.id = a.event_id and e.id < $1`,
      [monthAgo],
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table webhook_attempts drop column event_type');
  }
}
