import { systemOf, type AuditService } from '../audit/audit.service.js';
import type { Plan } from '../platform/actor.js';
import { now } from '../platform/clock.js';
import type { Tx } from '../platform/postgres/database.js';
import { prepared } from '../platform/postgres/statement.js';
import { addNotices } from '../workspaces/notice.service.js';
import { plans } from '../workspaces/plans.js';
import type { ConversionDestination } from './destination.entity.js';
import type { ConversionVerdict } from './platforms/platform.js';
import { platformNamed } from './platforms/platforms.js';

/**
 * How destinations are paused and resumed: by hand, by a platform that refuses the credential or the account, and by the
 * workspace's plan.
 */

/** By hand, and for good: neither a plan that comes back nor a changed setting resumes it. */
export function pausedByHand(before: ConversionDestination): ConversionDestination {
  return before.pauseReason === 'MANUAL' ? before : { ...before, status: 'PAUSED', pauseReason: 'MANUAL' };
}

export function resumedByHand(before: ConversionDestination): ConversionDestination {
  return before.status === 'ACTIVE' ? before : { ...before, status: 'ACTIVE', pauseReason: null };
}

/** What somebody changed may be what was broken: a refused credential is mended by another one, or by another account. */
export function isMended(before: ConversionDestination, after: ConversionDestination): boolean {
  if (before.pauseReason === 'CONFIG_BROKEN') return true;
  if (before.pauseReason !== 'AUTH_BROKEN') return false;
  return after.sealedCredential !== before.sealedCredential || after.settings !== before.settings;
}

interface Changed {
  id: string;
  workspaceId: string;
  intakeBotId: string;
}

const pauseOne = prepared<Changed & { botName: string; platform: string }>(`
  update conversion_destinations d
  set status = 'PAUSED', pause_reason = $3, updated_at = greatest($4, d.updated_at)
  from intake_bots b
  where d.id = $1 and d.updated_at = $2 and d.status = 'ACTIVE' and d.deleted_at is null and b.id = d.intake_bot_id
  returning d.id, d.workspace_id as "workspaceId", d.intake_bot_id as "intakeBotId", d.platform, b.name as "botName"
`);

const told = {
  AUTH_BROKEN: 'it refuses the credential',
  CONFIG_BROKEN: 'it refuses the account or its settings',
} as const;

/**
 * Pauses a destination that a platform's answer shows to be broken, and tells Owners and Admins what to do: once, however
 * many conversions were under way. Who has changed it since it was read may have mended it, so then nothing is done.
 * @returns whether this call has paused it
 */
export async function pauseBroken(
  tx: Tx,
  audit: AuditService,
  { id, updatedAt }: Pick<ConversionDestination, 'id' | 'updatedAt'>,
  reason: keyof typeof told,
  { code, message }: Pick<ConversionVerdict, 'code' | 'message'>,
): Promise<boolean> {
  const at = now();
  const [paused] = await tx.query(pauseOne, [id, updatedAt, reason, at]);
  if (paused === undefined) return false;
  const { workspaceId, intakeBotId, platform, botName } = paused;
  const { title, ageDaysMax } = platformNamed(platform);
  const text =
    `Conversions of the bot "${botName}" to ${title} are paused: ${told[reason]}. ${title} says: ${message} ` +
    `Conversions are held for ${ageDaysMax} days after their submissions; mend it in the bot's Marketing & ` +
    'Attribution to send them.';
  const params = { destination_id: id, intake_bot_id: intakeBotId, platform, reason, code };
  addNotices(tx, [{ workspaceId, kind: 'conversion_destination_paused', text, params }], at);
  await audit.record(tx, systemOf(workspaceId), 'conversion_destination.paused', id, { reason, code });
  return true;
}

const sendingPlans = (Object.keys(plans) as Plan[]).filter((plan) => plans[plan].conversions);

const pauseOfWorkspaces = prepared<Changed>(`
  update conversion_destinations d
  set status = 'PAUSED', pause_reason = 'PLAN', updated_at = greatest($1, d.updated_at)
  from workspaces w
  where w.id = d.workspace_id and d.status = 'ACTIVE' and d.deleted_at is null
    and (w.archived_at is not null or w.plan <> all ($2)) and ($3::text[] is null or w.id = any ($3))
  returning d.id, d.workspace_id as "workspaceId", d.intake_bot_id as "intakeBotId"
`);
const resumeOfWorkspaces = prepared<Changed>(`
  update conversion_destinations d
  set status = 'ACTIVE', pause_reason = null, updated_at = greatest($1, d.updated_at)
  from workspaces w
  where w.id = d.workspace_id and d.pause_reason = 'PLAN' and d.deleted_at is null
    and w.archived_at is null and w.plan = any ($2) and ($3::text[] is null or w.id = any ($3))
  returning d.id, d.workspace_id as "workspaceId", d.intake_bot_id as "intakeBotId"
`);

/**
 * Pauses, for the reason `PLAN`, the destinations of workspaces that are archived or whose plan lacks conversions, and
 * resumes those paused for it alone where the workspace sends again. `workspaceIds` null: all. @returns those that it has
 * changed
 */
export async function pauseOrResumeOfWorkspaces(
  tx: Tx,
  audit: AuditService,
  workspaceIds: readonly string[] | null,
): Promise<{ paused: Changed[]; resumed: Changed[] }> {
  const at = now();
  const paused = await tx.query(pauseOfWorkspaces, [at, sendingPlans, workspaceIds]);
  const resumed = await tx.query(resumeOfWorkspaces, [at, sendingPlans, workspaceIds]);
  for (const { id, workspaceId } of paused) {
    await audit.record(tx, systemOf(workspaceId), 'conversion_destination.paused', id, { reason: 'PLAN' });
  }
  for (const { id, workspaceId } of resumed) {
    await audit.record(tx, systemOf(workspaceId), 'conversion_destination.resumed', id, { reason: 'PLAN' });
  }
  return { paused, resumed };
}
