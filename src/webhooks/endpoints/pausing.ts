import { systemOf, type AuditService } from '../../audit/audit.service.js';
import type { Plan } from '../../platform/actor.js';
import type { Database } from '../../platform/postgres/database.js';
import { prepared } from '../../platform/postgres/statement.js';
import { plans } from '../../workspaces/plans.js';
import { startAnew } from './start-anew.js';

const delivering = (Object.keys(plans) as Plan[]).filter((plan) => plans[plan].webhooks);

interface Changed {
  id: string;
  workspaceId: string;
}

const pause = prepared<Changed>(`
  update webhook_endpoints e
  set status = 'paused', pause_reason = 'plan', paused_at = $1, updated_at = greatest($1, e.updated_at)
  from workspaces w
  where w.id = e.workspace_id and e.status = 'active' and e.deleted_at is null
    and (w.archived_at is not null or w.plan <> all ($2)) and ($3::text[] is null or w.id = any ($3))
  returning e.id, e.workspace_id as "workspaceId"
`);
const resume = prepared<Changed>(`
  update webhook_endpoints e
  set status = 'active', pause_reason = null, paused_at = null, updated_at = greatest($1, e.updated_at)
  from workspaces w
  where w.id = e.workspace_id and e.pause_reason = 'plan' and e.deleted_at is null
    and w.archived_at is null and w.plan = any ($2) and ($3::text[] is null or w.id = any ($3))
  returning e.id, e.workspace_id as "workspaceId"
`);

/**
 * Pauses the endpoints of workspaces whose plan does not deliver, and resumes those it alone had paused. Returns the
 * endpoints it changed. `workspaceIds` null: all.
 */
export async function followPlans(
  database: Database,
  audit: AuditService,
  workspaceIds: readonly string[] | null,
  at: Date,
): Promise<string[]> {
  return await database.transaction(async (tx) => {
    const paused = await tx.query(pause, [at, delivering, workspaceIds]);
    const resumed = await tx.query(resume, [at, delivering, workspaceIds]);
    const idsOf = (changed: readonly Changed[]) => changed.map(({ id }) => id);
    if (resumed.length > 0) startAnew(tx, idsOf(resumed));
    for (const { id, workspaceId } of paused) {
      await audit.record(tx, systemOf(workspaceId), 'webhook_endpoint.paused', id, { reason: 'plan' });
    }
    for (const { id, workspaceId } of resumed) {
      await audit.record(tx, systemOf(workspaceId), 'webhook_endpoint.resumed', id, { reason: 'plan' });
    }
    return [...idsOf(paused), ...idsOf(resumed)];
  });
}
