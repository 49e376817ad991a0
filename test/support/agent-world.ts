import type { Scope } from '../../src/platform/actor.js';
import { customHeaderValue } from './told-to-agents.js';
import { createTenant, type Tenant, type TestServer } from './app.js';
import { clientOf } from './client.js';
import { createBot, createSubmission, operator } from './factories.js';
import type { Receiver } from './receiver.js';

/** A workspace where each tool finds something, with the ids of what it finds. */
export interface World {
  tenant: Tenant;
  botId: string;
  submissionId: string;
  contactId: string;
  recordId: string;
  endpointId: string;
  /** It was delivered. */
  deliveryId: string;
  /** A dry run that is over. */
  replayId: string;
}

/** @param receiver answers 200 */
export async function createWorld(server: TestServer, receiver: Receiver): Promise<World> {
  const { app } = server;
  const tenant = await createTenant(app);
  const owner = await operator(app, tenant.workspaceId);
  const { graphql } = clientOf(server.url, tenant.key);
  const ask = async (document: string, input: object) => {
    const { body } = await graphql(document, { input });
    if (body.errors !== undefined) throw new Error(JSON.stringify(body.errors));
    return body.data;
  };
  const { createWebhookEndpoint } = await ask(
    `mutation ($input: CreateWebhookEndpointInput!) { createWebhookEndpoint(input: $input) { webhookEndpoint { id } } }`,
    { url: receiver.url, events: ['submission.completed'], customHeaders: { 'X-Own': customHeaderValue } },
  );
  const endpointId = createWebhookEndpoint.webhookEndpoint.id as string;
  const bot = await createBot(app, tenant.workspaceId, { record_type: 'lead' });
  const submission = await createSubmission(app, bot);
  await app.submissions.addMessage(owner, submission.id, () => ({ role: 'user', content: 'Hi' }));
  const { rows } = await app.database.pool.query<{ id: string }>('select id from records where submission_id = $1', [
    submission.id,
  ]);
  const { startReplay } = await ask(
    'mutation ($input: StartReplayInput!) { startReplay(input: $input) { replay { id } } }',
    { endpointId, since: new Date(Date.now() - 3_600_000).toISOString(), dryRun: true, only: 'ALL' },
  );
  return {
    tenant,
    botId: bot.id,
    submissionId: submission.id,
    contactId: submission.contactId ?? '',
    recordId: rows[0]?.id ?? '',
    endpointId,
    deliveryId: await ended(server, tenant),
    replayId: startReplay.replay.id as string,
  };
}

/** The id of the workspace's latest delivery, once it is over. */
async function ended(server: TestServer, { key }: Tenant): Promise<string> {
  for (const endsAt = Date.now() + 20_000; ;) {
    const { body } = await clientOf(server.url, key).graphql('{ webhookDeliveries(first: 1) { nodes { id status } } }');
    const [delivery] = body.data.webhookDeliveries.nodes;
    if (delivery !== undefined && delivery.status === 'DELIVERED') return delivery.id as string;
    if (Date.now() > endsAt) throw new Error('nothing was delivered');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A key of the workspace; the one before it that this made is revoked, as a plan allows few. */
export async function keyOf(
  server: TestServer,
  workspaceId: string,
  scopes: readonly Scope[],
  more: object = {},
): Promise<string> {
  return await server.app.database.transaction(async (tx) => {
    await tx.manager.query(`update api_keys set revoked_at = now() where workspace_id = $1 and name = 'Used'`, [
      workspaceId,
    ]);
    const input = { name: 'Used', scopes: [...scopes], allowedCidrs: [], documentsOnly: false, ...more };
    return (await server.app.apiKeys.insert(tx, workspaceId, input)).secret;
  });
}

/** Arguments by which each tool finds what is there. */
export function argumentsIn(world: World): Record<string, object> {
  const { botId, submissionId, contactId, recordId, endpointId, deliveryId, replayId } = world;
  const since = new Date(Date.now() - 3_600_000).toISOString();
  return {
    get_workspace: {},
    get_intake_bots: { intake_bot_id: botId },
    search_submissions: { intake_bot_id: botId },
    get_submission: { submission_id: submissionId },
    create_submission: { intake_bot_id: botId, data: { full_name: 'New', email: 'new@example.com' } },
    search_contacts: { contact_id: contactId },
    search_records: { contact_id: contactId, record_id: recordId },
    get_webhook_endpoints: { endpoint_id: endpointId },
    search_deliveries: { endpoint_id: endpointId },
    get_delivery: { delivery_id: deliveryId },
    get_replay: { replay_id: replayId },
    redeliver_webhook: { delivery_id: deliveryId },
    send_test_event: { endpoint_id: endpointId },
    replay_webhooks: { endpoint_id: endpointId, since, only: 'FAILED' },
  };
}
