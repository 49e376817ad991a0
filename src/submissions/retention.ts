import type { IntakeBotService } from '../intake-bots/intake-bot.service.js';
import type { Plan } from '../platform/actor.js';
import { dayMs, nowMs } from '../platform/clock.js';
import type { Database } from '../platform/postgres/database.js';
import { prepared } from '../platform/postgres/statement.js';
import { idFloor } from '../platform/id.js';
import type { Queue } from '../platform/postgres/jobs.js';
import type { Log } from '../platform/log.js';
import { plans } from '../workspaces/plans.js';
import type { SubmissionService } from './submission.service.js';

/** So few that a batch holds its locks for milliseconds. */
const batchRows = 200;

export const retentionQueue: Queue = { name: 'submission-retention', expireInSeconds: 3_000 };
/** Hourly, so that no run has much to do. */
export const retentionCron = '23 * * * *';

// Ids begin with their time, so that the submissions older than a moment are one range of an index.
const selectWorkspaces = prepared<{ id: string }>(`
  select w.id from workspaces w
  where w.plan = $1 and exists (select from submissions s where s.workspace_id = w.id and s.id < $2)
`);
const deleteBatch = prepared<{ id: string; intakeBotId: string }>(`
  delete from submissions where id in (
    select s.id from submissions s where s.workspace_id = $1 and s.id < $2
    order by s.id limit $3 for update skip locked
  )
  returning id, intake_bot_id as "intakeBotId"
`);

interface Retaining {
  database: Database;
  intakeBots: IntakeBotService;
  submissions: SubmissionService;
  log: Log;
}

/** Deletes submissions that are older than the plan of their workspace keeps; contacts and records stay. */
export async function deleteOldSubmissions(
  { database, intakeBots, submissions, log }: Retaining,
  now = nowMs(),
): Promise<void> {
  for (const [plan, { submissionRetentionDays }] of Object.entries(plans) as [Plan, (typeof plans)[Plan]][]) {
    if (submissionRetentionDays === null) continue;
    const bound = idFloor(new Date(now - submissionRetentionDays * dayMs));
    for (const { id } of await database.query(selectWorkspaces, [plan, bound])) {
      let deleted = 0;
      let batch: number;
      do {
        batch = await database.transaction(async (tx) => {
          const rows = await tx.query(deleteBatch, [id, bound, batchRows]);
          const perBot = [...Map.groupBy(rows, ({ intakeBotId }) => intakeBotId)];
          // Counters are locked in one order everywhere, so that two processes never wait for each other.
          for (const [botId, gone] of perBot.toSorted(([one], [other]) => (one < other ? -1 : 1))) {
            intakeBots.addToTotal(tx, botId, -gone.length);
          }
          await submissions.ended(tx, rows);
          return rows.length;
        });
        deleted += batch;
      } while (batch === batchRows);
      log.info({ workspace: id, submissions: deleted }, 'submissions older than the plan keeps were deleted');
    }
  }
}
