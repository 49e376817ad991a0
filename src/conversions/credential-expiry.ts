import { dayMs, now } from '../platform/clock.js';
import type { Database } from '../platform/postgres/database.js';
import type { Queue } from '../platform/postgres/jobs.js';
import { prepared } from '../platform/postgres/statement.js';
import { tellOfExpiring, type NewNotice } from '../workspaces/notice.service.js';
import { platformNamed } from './platforms/platforms.js';

export const destinationsQueue: Queue = { name: 'conversion-destinations' };
/** Hourly, so that "in three days" is true to the hour. */
export const destinationsCron = '29 * * * *';

interface ExpiringCredential {
  id: string;
  workspaceId: string;
  intakeBotId: string;
  platform: string;
  botName: string;
  expiresAt: Date;
}

// Leaves out destinations that somebody changes just now until the next time: that may be another credential.
const markExpiring = prepared<ExpiringCredential>(`
  with expiring as (
    select d.id from conversion_destinations d join workspaces w on w.id = d.workspace_id
    where d.deleted_at is null and d.credential_expires_at > $1
      and d.credential_expires_at <= $1 + make_interval(days => $2)
      and (d.expiry_told_days is null or d.expiry_told_days > $2) and w.archived_at is null
    order by d.credential_expires_at limit $3 for no key update of d skip locked
  )
  update conversion_destinations d set expiry_told_days = $2
  from expiring, intake_bots b where d.id = expiring.id and b.id = d.intake_bot_id
  returning d.id, d.workspace_id as "workspaceId", d.intake_bot_id as "intakeBotId", d.platform,
    b.name as "botName", d.credential_expires_at as "expiresAt"
`);

export async function tellOfExpiringCredentials({ database }: { database: Database }, at = now()): Promise<void> {
  await tellOfExpiring(database, markExpiring, noticeOf, at);
}

function noticeOf(expiring: ExpiringCredential, at: Date): NewNotice {
  const { id, workspaceId, intakeBotId, platform, botName, expiresAt } = expiring;
  const daysLeft = Math.ceil((expiresAt.getTime() - at.getTime()) / dayMs);
  const { title } = platformNamed(platform);
  const time = expiresAt.toISOString();
  const text =
    `The access token by which conversions of the bot "${botName}" go to ${title} ends in ${daysLeft} ` +
    `${daysLeft === 1 ? 'day' : 'days'}, on ${time.slice(0, 10)}. Make a new one there and give it in the bot's ` +
    'Marketing & Attribution before: then nothing is held.';
  const params = { destination_id: id, intake_bot_id: intakeBotId, platform, expires_at: time };
  return { workspaceId, kind: 'conversion_credential_expiring', text, params };
}
