import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { App } from '../../../src/app.js';
import { readConfig } from '../../../src/platform/config.js';
import { createLog } from '../../../src/platform/log.js';
import { scopes } from '../../../src/platform/actor.js';
import { plans } from '../../../src/workspaces/plans.js';
import { createTenant } from '../app.js';
import { createDestination } from '../conversions.js';
import { createBot, createSubmission, operator } from '../factories.js';

/** What the worst of neighbours own: made once, large enough to hurt. */
export interface Hostile {
  workspaceId: string;
  /** Each with a budget of its own, so that every way finds one that is whole. */
  keys: readonly string[];
  members: readonly { email: string; password: string }[];
  botId: string;
  /** Its fields have the dearest patterns that may be saved. */
  patternBotId: string;
  submissionId: string;
  contactIds: readonly string[];
  recordId: string;
  endpointId: string;
}

/** What the quiet workspace needs. */
export interface Quiet {
  key: string;
  owner: { email: string; password: string };
  botId: string;
}

export interface World {
  hostile: Hostile;
  quiet: Quiet;
}

export interface Size {
  /** Finished deliveries with an event and an answer each. */
  deliveries: number;
  /** Submissions of nearly 1 MB. */
  large: number;
  contacts: number;
  /** Keys, and as many Members. */
  credentials: number;
}

export const settingsFor = (databaseUrl: string, platformsUrl: string) => ({
  PORT: '0',
  DATABASE_URL: databaseUrl,
  SECRETS_KEY: randomBytes(32).toString('base64'),
  WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8',
  // Strangers and people come from addresses of their own.
  TRUSTED_PROXIES: '127.0.0.0/8',
  CONVERSIONS_META_URL: platformsUrl,
  CONVERSIONS_TIKTOK_URL: platformsUrl,
});

/** Two workspaces: the hostile one as large as its plan lets it be, and the quiet one, whose events go to `receiverUrl`. */
export async function makeWorld(env: Record<string, string>, size: Size, receiverUrl: string): Promise<World> {
  const app = await App.open(readConfig(env), createLog('silent'));
  try {
    const [theirs, ours] = [await createTenant(app), await createTenant(app)];
    const quietBot = await createBot(app, ours.workspaceId);
    await app.webhookEndpoints.create(await operator(app, ours.workspaceId), () => ({
      url: `${receiverUrl}/quiet`,
      events: ['submission.completed'],
    }));
    const hostile = await makeHostile(app, theirs, size, `${receiverUrl}/slow`);
    return { hostile, quiet: { key: ours.key, owner: ours.owner, botId: quietBot.id } };
  } finally {
    await app.stop();
  }
}

async function makeHostile(
  app: App,
  { workspaceId }: { workspaceId: string },
  size: Size,
  slowUrl: string,
): Promise<Hostile> {
  const bot = await createBot(app, workspaceId, { record_type: 'lead' });
  const pattern = '(?:[\\pL\\pN ]{0,9}){0,99}x';
  const fields = Array.from({ length: 20 }, (_, n) => ({ name: `f${n}`, label: 'F', type: 'text', pattern }));
  const patternBot = await createBot(app, workspaceId, { schema: fields });
  const submission = await createSubmission(app, bot);
  // Whoever completes one has its conversions go to platforms that hang.
  const accounts = [
    { meta: { datasetId: '1234567890123456', accessToken: 'EAAB' } },
    { tiktok: { eventSourceId: 'C1234567890ABCDEF', accessToken: 'token' } },
  ];
  for (const account of accounts) await createDestination(app, bot, { ...account, consentMode: 'NOT_REQUIRED' });
  const actor = await operator(app, workspaceId);
  const endpoint = async (index: number) =>
    await app.webhookEndpoints.create(actor, () => ({
      url: `${slowUrl}/${index}`,
      events: ['submission.completed', 'submission.updated', 'contact.updated'],
    }));
  const { webhookEndpoint } = await endpoint(0);
  for (let index = 1; index < 20; index += 1) await endpoint(index);
  const members = Array.from({ length: size.credentials }, (_, n) => ({
    email: `member${n}.${workspaceId}@example.com`,
    password: 'a password of theirs',
  }));
  for (const member of members) {
    const account = { workspaceId, name: 'Member', role: 'MEMBER' as const, ...member };
    await app.database.transaction(async (tx) => app.accounts.create(tx, account));
  }
  const input = { name: 'Hostile', scopes: [...scopes], allowedCidrs: [], documentsOnly: false };
  const keys: string[] = [];
  plans.BUSINESS.apiKeys += size.credentials;
  for (let made = 0; made < size.credentials; made += 1) {
    const { secret } = await app.database.transaction(async (tx) => app.apiKeys.insert(tx, workspaceId, input));
    keys.push(secret);
  }
  plans.BUSINESS.apiKeys -= size.credentials;
  await fill(app.config.databaseUrl ?? '', size, {
    workspaceId,
    botId: bot.id,
    endpointId: webhookEndpoint.id,
    contactId: submission.contactId ?? '',
  });
  const rows = async (text: string) => (await app.database.pool.query<{ id: string }>(text)).rows.map(({ id }) => id);
  const contactIds = await rows(`select id from contacts where workspace_id = '${workspaceId}' order by id limit 500`);
  const [recordId = ''] = await rows(`select id from records where workspace_id = '${workspaceId}' limit 1`);
  return {
    workspaceId,
    keys,
    members,
    botId: bot.id,
    patternBotId: patternBot.id,
    submissionId: submission.id,
    contactIds,
    recordId,
    endpointId: webhookEndpoint.id,
  };
}

/** Written past every door: what a workspace may gather in months. */
async function fill(
  url: string,
  { deliveries, large, contacts }: Size,
  { workspaceId, botId, endpointId, contactId }: Record<'workspaceId' | 'botId' | 'endpointId' | 'contactId', string>,
): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const time = Date.now().toString(36).padStart(8, '0');
  const id = (kind: string, n = 'n') => `'c${time}${kind}' || lpad(${n}::text, 15, '0')`;
  try {
    await client.query(
      `insert into contacts (id, workspace_id, email, first_name, tags, custom_fields, created_at, updated_at)
       select ${id('p')}, $1, 'c' || n || '@example.com', 'C', array['t' || n % 7, 'all'],
         json_build_object('note', repeat('y', 2000)), now(), now()
       from generate_series(1, ${contacts}) n`,
      [workspaceId],
    );
    await client.query(
      `insert into submissions (id, workspace_id, intake_bot_id, contact_id, data, status, is_test, file_count,
         schema_version, created_at, updated_at)
       select ${id('s')}, $1, $2, $3,
         (select json_object_agg('field_' || k, repeat(chr(97 + k % 26), 9999)) from generate_series(1, 95) k),
         'COMPLETED', true, 0, 1, now(), now()
       from generate_series(1, ${large}) n`,
      [workspaceId, botId, contactId],
    );
    await client.query(
      `insert into events (id, workspace_id, type, subject_id, body, created_at)
       select 'evt_' || ${id('e')}, $1, 'submission.completed', 's', json_build_object('id', 'evt_' || n,
         'type', 'submission.completed', 'data', json_build_object('text', repeat(md5(n::text), 28)))::text, now()
       from generate_series(1, ${deliveries}) n`,
      [workspaceId],
    );
    await client.query(
      `insert into webhook_attempts (delivery_id, endpoint_id, event_id, at, number, ended, outcome, response_status,
         total_ms, response_body)
       select ${id('d')}, $1, 'evt_' || ${id('e')}, now(), 1, 'delivered', 'success', 200, 3,
         convert_to(repeat(md5(n::text), 8), 'UTF8')
       from generate_series(1, ${deliveries}) n`,
      [endpointId],
    );
    await client.query(
      `insert into record_contacts (record_id, contact_id, role)
       select r.id, c.id, 'r' || n from (select id from records where workspace_id = $1 limit 1) r,
         (select id from contacts where workspace_id = $1 order by id limit 1) c, generate_series(1, 100) n
       on conflict do nothing`,
      [workspaceId],
    );
    await client.query('analyze');
  } finally {
    await client.end();
  }
}
