import type { Pool } from 'pg';

/** Copies of an event and of the answers to it, all of the same moment. Returns the id of the first. */
export async function multiply(pool: Pool, eventId: string, count: number): Promise<string> {
  const copy = "left($1, 14) || lpad(n::text, 6, '0') || right($1, 9)";
  await pool.query(
    `insert into events select ${copy}, workspace_id, type, subject_id, replace(body, $1, ${copy}), created_at
     from events, generate_series(1, $2::int) n where id = $1`,
    [eventId, count],
  );
  await pool.query(
    `insert into event_subjects select ${copy}, subject_id from event_subjects, generate_series(1, $2::int) n
     where event_id = $1`,
    [eventId, count],
  );
  await pool.query(
    `insert into event_positions (event_id, workspace_id, type)
     select ${copy}, workspace_id, type from event_positions, generate_series(1, $2::int) n where event_id = $1`,
    [eventId, count],
  );
  await pool.query(
    `insert into webhook_attempts (delivery_id, endpoint_id, event_id, at, number, ended, outcome, response_body)
     select left(delivery_id, 10) || lpad(n::text, 6, '0') || right(delivery_id, 9), endpoint_id, ${copy}, at, number,
       ended, outcome, response_body
     from webhook_attempts, generate_series(1, $2::int) n where event_id = $1 and ended is not null`,
    [eventId, count],
  );
  return `${eventId.slice(0, 14)}000001${eventId.slice(-9)}`;
}
