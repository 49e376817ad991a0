import { dayMs, now } from '../platform/clock.js';
import type { Database } from '../platform/postgres/database.js';
import type { Queue } from '../platform/postgres/jobs.js';
import { prepared } from '../platform/postgres/statement.js';
import { tellOfExpiring, type NewNotice } from '../workspaces/notice.service.js';

export const expiryNoticesQueue: Queue = { name: 'api-key-expiry-notices' };
/** Hourly, so that "in three days" is true to the hour. */
export const expiryNoticesCron = '11 * * * *';

interface ExpiringKey {
  id: string;
  workspaceId: string;
  name: string;
  hint: string;
  expiresAt: Date;
}

// Leaves out keys that somebody changes just now until the next time: one that is being revoked needs no notice.
const markExpiring = prepared<ExpiringKey>(`
  with expiring as (
    select k.id from api_keys k join workspaces w on w.id = k.workspace_id
    where k.revoked_at is null and k.expires_at > $1 and k.expires_at <= $1 + make_interval(days => $2)
      and k.created_at < k.expires_at - make_interval(days => $2)
      and (k.expiry_told_days is null or k.expiry_told_days > $2) and w.archived_at is null
    order by k.expires_at limit $3 for no key update of k skip locked
  )
  update api_keys k set expiry_told_days = $2 from expiring where k.id = expiring.id
  returning k.id, k.workspace_id as "workspaceId", k.name, k.hint, k.expires_at as "expiresAt"
`);

/** Tells of each twice. A key that lives no longer than the days before its end was meant to end soon. */
export async function tellOfExpiringKeys({ database }: { database: Database }, at = now()): Promise<void> {
  await tellOfExpiring(database, markExpiring, noticeOf, at);
}

function noticeOf({ id, workspaceId, name, hint, expiresAt }: ExpiringKey, at: Date): NewNotice {
  const daysLeft = Math.ceil((expiresAt.getTime() - at.getTime()) / dayMs);
  const time = expiresAt.toISOString();
  const text =
    `The API key "${name}" (${hint}) expires in ${daysLeft} ${daysLeft === 1 ? 'day' : 'days'}, on ` +
    `${time.slice(0, 10)} at ${time.slice(11, 16)} UTC. Give its programs another key before: a rotation does not ` +
    'make it last longer.';
  return { workspaceId, kind: 'api_key_expiring', text, params: { api_key_id: id, name, expires_at: time } };
}
