import type { Database } from '../platform/postgres/database.js';
import type { Queue } from '../platform/postgres/jobs.js';
import { prepared } from '../platform/postgres/statement.js';

export const noticeRetentionQueue: Queue = { name: 'notice-retention' };
/** Daily, when few are awake. */
export const noticeRetentionCron = '7 3 * * *';

/**
 * Of one workspace, the latest ones, dismissed or not. Whoever looks whether something was told of already looks among
 * these: webhooks do for a `webhook_held`, and would tell again of an endpoint whose notice is gone.
 */
const noticesKept = 1_000;

const deleteOld = prepared(`
  delete from notices n using (select workspace_id from notices group by workspace_id having count(*) > $1) many
  where n.workspace_id = many.workspace_id and n.id < (
    select last.id from notices last where last.workspace_id = many.workspace_id order by last.id desc offset $1 - 1 limit 1
  )
`);

/** Deletes what a workspace has beyond its latest 1,000 notices. */
export async function forgetOldNotices({ database }: { database: Database }): Promise<void> {
  await database.query(deleteOld, [noticesKept]);
}
