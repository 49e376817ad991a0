import { systemOf, type AuditService } from '../../audit/audit.service.js';
import type { Plan } from '../../platform/actor.js';
import { now } from '../../platform/clock.js';
import { nextMoment } from '../../platform/id.js';
import type { Database, Tx } from '../../platform/postgres/database.js';
import { prepared } from '../../platform/postgres/statement.js';
import { addNotices } from '../../workspaces/notice.service.js';
import { plans } from '../../workspaces/plans.js';
import { lockStates, makeDeliveriesDue } from '../store/open-deliveries.js';
import type { WebhookEndpoint } from './endpoint.entity.js';

/**
 * How endpoints are paused and resumed: by hand, by failures or a 410, and by the workspace, whose plan lacks webhooks or
 * which is archived. A paused endpoint's deliveries are held because it is paused; no row of them says so.
 */

/** By hand, and for good: a plan that comes back does not resume it. */
export function pausedByHand(before: WebhookEndpoint): WebhookEndpoint {
  if (before.status === 'paused' && before.pauseReason !== 'plan') return before;
  const pausedAt = before.pausedAt ?? nextMoment(before.updatedAt).at;
  return { ...before, status: 'paused', pauseReason: 'manual', pausedAt };
}

export function resumedByHand(tx: Tx, before: WebhookEndpoint): WebhookEndpoint {
  startAnew(tx, [before.id]);
  return { ...before, status: 'active', pauseReason: null, pausedAt: null, consecutiveFails: 0 };
}

/** What its former address answered, or answers late, says nothing of the new one, which is as good as any new endpoint. */
export function movedByHand(tx: Tx, after: WebhookEndpoint): WebhookEndpoint {
  // A paused one begins anew when it is resumed.
  if (after.status === 'paused') return after;
  startAnew(tx, [after.id], { halfOpen: false });
  return { ...after, consecutiveFails: 0 };
}

const resetStates = prepared(`
  update webhook_endpoint_states
  set revision = revision + 1, consecutive_fails = 0, half_open = $2, probe_at = null, not_before = null
  where endpoint_id = any($1)
`);

/** What is resumed, or moved, begins another revision: no failures, and all that failed before is due. */
function startAnew(tx: Tx, endpointIds: readonly string[], { halfOpen = true } = {}): void {
  lockStates(tx, endpointIds);
  tx.write(resetStates, [endpointIds, halfOpen]);
  makeDeliveriesDue(tx, endpointIds);
}

export interface FailingResult {
  endpointId: string;
  queue: { snapshot: { revision: number } };
  endedAt: number;
  pause: 'failures' | 'gone' | null;
  warning: number | null;
}

/** An endpoint that was paused or resumed. */
export interface ChangedEndpoint {
  id: string;
  workspaceId: string;
}

const lockMany = prepared('select from webhook_endpoints where id = any($1) order by id for no key update');
const pauseMany = prepared<ChangedEndpoint & { url: string }>(`
  update webhook_endpoints e
  set status = 'paused', pause_reason = p.reason, paused_at = $3, updated_at = greatest($3, e.updated_at)
  from unnest($1::text[], $2::text[], $4::int[]) as p (id, reason, revision)
  join webhook_endpoint_states s on s.endpoint_id = p.id and s.revision = p.revision
  where e.id = p.id and e.status = 'active' and e.deleted_at is null
  returning e.id, e.workspace_id as "workspaceId", e.url
`);

export async function lockEndpoints(tx: Tx, results: readonly FailingResult[]): Promise<void> {
  await tx.query(lockMany, [results.map(({ endpointId }) => endpointId)]);
}

/** Those whose results say so, unless they were resumed since. Returns which. For whoever called `lockEndpoints`. */
export async function pauseFailing(
  tx: Tx,
  audit: AuditService,
  results: readonly FailingResult[],
): Promise<ChangedEndpoint[]> {
  const pausing = results.filter(({ pause }) => pause !== null);
  if (pausing.length === 0) return [];
  const paused = await tx.query(pauseMany, [
    pausing.map(({ endpointId }) => endpointId),
    pausing.map(({ pause }) => pause),
    // The clock by which endpoints are changed from elsewhere.
    now(),
    pausing.map(({ queue }) => queue.snapshot.revision),
  ]);
  const reasons = new Map(pausing.map(({ endpointId, pause }) => [endpointId, pause]));
  const notices = paused.map(({ id, workspaceId, url }) => {
    const reason = reasons.get(id) ?? 'failures';
    const why = reason === 'gone' ? 'it answered 410 Gone' : 'ten deliveries in a row failed';
    const text = `Webhooks to ${url} are paused: ${why}. Events are held for 30 days; resume it to deliver them.`;
    return { workspaceId, kind: 'webhook_paused' as const, text, params: { endpoint_id: id, reason } };
  });
  addNotices(tx, notices, new Date(pausing[0]?.endedAt ?? 0));
  for (const { id, workspaceId } of paused) {
    await audit.record(tx, systemOf(workspaceId), 'webhook_endpoint.paused', id, { reason: reasons.get(id) });
  }
  return paused;
}

const selectUrls = prepared<{ id: string; workspaceId: string; url: string }>(
  'select id, workspace_id as "workspaceId", url from webhook_endpoints where id = any($1)',
);

/** Owners and Admins hear of failures in a row before the pause. */
export async function warnOfFailing(tx: Tx, results: readonly FailingResult[]): Promise<void> {
  const warned = results.filter(({ warning }) => warning !== null);
  if (warned.length === 0) return;
  const endpoints = await tx.query(selectUrls, [warned.map(({ endpointId }) => endpointId)]);
  const notices = warned.flatMap(({ endpointId, warning }) => {
    const endpoint = endpoints.find(({ id }) => id === endpointId);
    if (endpoint === undefined) return [];
    const text = `${warning} deliveries in a row to ${endpoint.url} failed. After ten it is paused.`;
    const params = { endpoint_id: endpoint.id, consecutive_fails: warning };
    return [{ workspaceId: endpoint.workspaceId, kind: 'webhook_failing' as const, text, params }];
  });
  addNotices(tx, notices, new Date(warned[0]?.endedAt ?? 0));
}

const deliveringPlans = (Object.keys(plans) as Plan[]).filter((plan) => plans[plan].webhooks);

const pauseOfWorkspaces = prepared<ChangedEndpoint>(`
  update webhook_endpoints e
  set status = 'paused', pause_reason = 'plan', paused_at = $1, updated_at = greatest($1, e.updated_at)
  from workspaces w
  where w.id = e.workspace_id and e.status = 'active' and e.deleted_at is null
    and (w.archived_at is not null or w.plan <> all ($2)) and ($3::text[] is null or w.id = any ($3))
  returning e.id, e.workspace_id as "workspaceId"
`);
const resumeOfWorkspaces = prepared<ChangedEndpoint>(`
  update webhook_endpoints e
  set status = 'active', pause_reason = null, paused_at = null, updated_at = greatest($1, e.updated_at)
  from workspaces w
  where w.id = e.workspace_id and e.pause_reason = 'plan' and e.deleted_at is null
    and w.archived_at is null and w.plan = any ($2) and ($3::text[] is null or w.id = any ($3))
  returning e.id, e.workspace_id as "workspaceId"
`);

/**
 * Pauses, for the reason `plan`, the endpoints of workspaces that are archived or whose plan does not deliver, and resumes
 * those paused for it alone where the workspace delivers again. Returns the endpoints it changed. `workspaceIds` null: all.
 */
export async function followWorkspaces(
  database: Database,
  audit: AuditService,
  workspaceIds: readonly string[] | null,
  at: Date,
): Promise<ChangedEndpoint[]> {
  return await database.transaction(async (tx) => {
    const paused = await tx.query(pauseOfWorkspaces, [at, deliveringPlans, workspaceIds]);
    const resumed = await tx.query(resumeOfWorkspaces, [at, deliveringPlans, workspaceIds]);
    const resumedIds = resumed.map(({ id }) => id);
    if (resumedIds.length > 0) startAnew(tx, resumedIds);
    for (const { id, workspaceId } of paused) {
      await audit.record(tx, systemOf(workspaceId), 'webhook_endpoint.paused', id, { reason: 'plan' });
    }
    for (const { id, workspaceId } of resumed) {
      await audit.record(tx, systemOf(workspaceId), 'webhook_endpoint.resumed', id, { reason: 'plan' });
    }
    return [...paused, ...resumed];
  });
}
