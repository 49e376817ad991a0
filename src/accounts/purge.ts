import { now } from '../platform/clock.js';
import type { Database } from '../platform/postgres/database.js';
import { prepared } from '../platform/postgres/statement.js';
import type { Queue } from '../platform/postgres/jobs.js';
import { sessionBounds } from './session.service.js';
import { deleteOldTries, windowSeconds } from './sign-in-tries.js';

export const accountPurgeQueue: Queue = { name: 'account-purge' };
/** Hourly, as failed sign-ins are many. What has ended opens no door until then either: every look-up checks its end. */
export const accountPurgeCron = '47 * * * *';

const deleteSessions = prepared('delete from sessions where last_used_at <= $1 or created_at <= $2');
const deleteInvitations = prepared('delete from invitations where expires_at <= $1');

/** Deletes the sessions, invitations and failed sign-ins that ended by themselves. */
export async function deleteEnded({ database }: { database: Database }): Promise<void> {
  await database.query(deleteSessions, sessionBounds());
  await database.query(deleteInvitations, [now()]);
  await database.query(deleteOldTries, [2 * windowSeconds * 1_000]);
}
