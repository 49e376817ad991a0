import type { App } from '../../src/app.js';
import * as demo from '../../src/events/demo-set.view.js';
import { validate } from '../../src/platform/validate.js';
import { CreateSubmission } from '../../src/submissions/submission.input.js';
import { sealedFor } from '../../src/webhooks/endpoints/endpoint-snapshot.js';
import { RegisterWebhook } from '../../src/webhooks/endpoints/endpoint.input.js';
import { createTenant } from './app.js';
import { createBot, operator } from './factories.js';

/**
 * Makes the workspace that examples are of, to the last id and time: what is made in the ordinary way gets the ids of the
 * demo set afterwards, before any process has read it. @returns a key with all scopes
 */
export async function createDemoWorkspace(app: App): Promise<string> {
  const { workspaceId, key } = await createTenant(app);
  const actor = await operator(app, workspaceId);
  const { name, description, status } = demo.intakeBot;
  const bot = await createBot(app, workspaceId, {
    name,
    description,
    status,
    schema: demo.formFields,
    record_type: demo.record.record_type,
  });
  const sent = { data: demo.adasAnswers };
  const submission = await app.submissions.create(actor, bot.id, () => validate(CreateSubmission, sent, 'snake_case'));
  const messageIds: string[] = [];
  for (const { role, content } of demo.messages) {
    const said = { role: role as 'assistant' | 'user', content };
    messageIds.push((await app.submissions.addMessage(actor, submission.id, () => said)).id);
  }
  const webhooks = [];
  for (const { url, events, description: what } of [demo.oldWebhook, demo.webhook]) {
    const raw = { url, events, description: what };
    const made = await app.webhookEndpoints.create(actor, () => validate(RegisterWebhook, raw, 'snake_case'));
    webhooks.push(made.webhookEndpoint);
  }
  await app.webhookEndpoints.patch(actor, webhooks[0]?.id ?? '', () => ({ status: 'paused' }), null);
  const [record] = (await app.records.list(actor, {}, { limit: 1, cursor: null, direction: 'older' })).rows;
  const { rows } = await app.database.pool.query<{ id: string }>('select id from api_keys where workspace_id = $1', [
    workspaceId,
  ]);
  await rename(app, [
    [workspaceId, demo.workspace.id],
    [rows[0]?.id, demo.apiKey.id],
    [bot.id, demo.intakeBot.id],
    [submission.id, demo.submission.id],
    ...demo.messages.map(({ id }, index): Renamed => [messageIds[index], id]),
    [submission.contactId ?? undefined, demo.contact.id],
    [record?.id, demo.record.id],
    [webhooks[0]?.id, demo.oldWebhook.id],
    [webhooks[1]?.id, demo.webhook.id],
  ]);
  await date(app);
  return key;
}

type Renamed = [made: string | undefined, wanted: string];

/** Wherever a text of the database has the one id, it gets the other; only an owner of the database may. */
async function rename(app: App, ids: readonly Renamed[]): Promise<void> {
  if (ids.some(([made]) => made === undefined)) throw new Error('something was not made');
  const client = await app.database.pool.connect();
  try {
    await client.query("begin; set local session_replication_role = 'replica'");
    const { rows: columns } = await client.query<{ table: string; column: string }>(`
      select c.oid::regclass::text as table, quote_ident(a.attname) as column
      from pg_class c join pg_attribute a on a.attrelid = c.oid
      where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and a.atttypid = 'text'::regtype
        and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    `);
    for (const { table, column } of columns) {
      const renamed = ids.reduce((text, [made, wanted]) => `replace(${text}, '${made}', '${wanted}')`, column);
      await client.query(`
        update ${table} set ${column} = ${renamed} where ${column} ~ '${ids.map(([made]) => made).join('|')}'
      `);
    }
    await client.query('commit');
  } finally {
    client.release();
  }
}

async function date(app: App): Promise<void> {
  const { pool } = app.database;
  const dated = { intake_bots: demo.intakeBot, submissions: demo.submission, contacts: demo.contact };
  for (const [table, one] of Object.entries({ ...dated, records: demo.record, webhook_endpoints: demo.webhook })) {
    await pool.query(`update ${table} set created_at = $1, updated_at = $2`, [one.created_at, one.updated_at]);
  }
  for (const { id, created_at } of demo.messages) {
    await pool.query('update submission_messages set created_at = $2 where id = $1', [id, created_at]);
  }
  // A secret is sealed for the id of its webhook.
  for (const { id } of [demo.webhook, demo.oldWebhook]) {
    const sealed = app.secrets.seal(demo.webhookSecret, sealedFor(id));
    const secrets = JSON.stringify([{ sealed, expiresAt: null }]);
    await pool.query('update webhook_endpoints set secrets = $2 where id = $1', [id, secrets]);
  }
  const { last_delivery_at, last_delivery_ok } = demo.webhook;
  await pool.query('update webhook_endpoint_states set last_delivery_at = $1, last_delivery_ok = $2', [
    last_delivery_at,
    last_delivery_ok,
  ]);
  await pool.query('update workspaces set name = $2 where id = $1', [demo.workspace.id, demo.workspace.name]);
  await pool.query('update api_keys set name = $2 where id = $1', [demo.apiKey.id, demo.apiKey.name]);
}
