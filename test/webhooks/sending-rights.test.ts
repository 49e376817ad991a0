import { expect } from 'chai';
import type { EventType } from '../../src/events/event-type.js';
import { Actor, type Scope } from '../../src/platform/actor.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf, type Client } from '../support/client.js';
import { createBot, createSubmission } from '../support/factories.js';
import { codeOf } from '../support/people.js';
import { WebhookFixture } from './webhook-fixture.js';

const replay = 'mutation ($input: StartReplayInput!) { startReplay(input: $input) { replay { id total } } }';
const redeliver = 'mutation ($input: RedeliverInput!) { redeliver(input: $input) { webhookDelivery { id } } }';

describe('what is sent once more', () => {
  let server: TestServer;
  let tenant: Tenant;
  let owner: Client;

  before(async () => {
    server = await startServer();
    tenant = await createTenant(server.app);
    owner = clientOf(server.url, tenant.key);
  });

  after(async () => {
    await server.stop();
  });

  async function keyWith(...scopes: Scope[]): Promise<Client> {
    const input = { name: scopes.join(), scopes, allowedCidrs: [], documentsOnly: false };
    const made = await server.app.database.transaction(async (tx) =>
      server.app.apiKeys.insert(tx, tenant.workspaceId, input),
    );
    return clientOf(server.url, made.secret);
  }

  it('needs the read scopes of what is sent; registering an endpoint does not', async () => {
    await createSubmission(server.app, await createBot(server.app, tenant.workspaceId));
    const manager = await keyWith('manage:webhooks');
    const url = 'http://127.0.0.1:9/';
    const registered = await manager.rest('POST', '/webhooks', { url, events: ['submission.completed'] });
    expect(registered.status).to.equal(200);
    const endpointId: string = registered.body.data.webhook.id;
    await createSubmission(server.app, await createBot(server.app, tenant.workspaceId));
    let deliveryId: string | undefined;
    for (const endMs = performance.now() + 10_000; deliveryId === undefined && performance.now() < endMs;) {
      const { body } = await owner.graphql('{ webhookDeliveries { nodes { id } } }');
      deliveryId = body.data.webhookDeliveries.nodes[0]?.id;
    }
    const since = new Date(Date.now() - 60_000).toISOString();
    for (const dryRun of [true, false]) {
      const refused = await manager.graphql(replay, { input: { endpointId, since, dryRun } });
      expect(codeOf(refused)).to.equal('insufficient_scopes');
      expect(refused.body.errors[0].extensions.details.required).to.deep.equal(['read:submissions']);
    }
    expect(codeOf(await manager.graphql(redeliver, { input: { deliveryId } }))).to.equal('insufficient_scopes');
    const reader = await keyWith('manage:webhooks', 'read:submissions');
    const counted = await reader.graphql(replay, { input: { endpointId, since, dryRun: true } });
    expect(counted.body.data.startReplay.replay.total).to.equal(2);
    expect(codeOf(await reader.graphql(redeliver, { input: { deliveryId } }))).to.equal(null);
    // One type more, and the scope is not enough.
    await owner.rest('PATCH', `/webhooks/${endpointId}`, { events: ['submission.completed', 'contact.created'] });
    const more = await reader.graphql(replay, { input: { endpointId, since, dryRun: true } });
    expect(more.body.errors[0].extensions.details.required).to.deep.equal(['read:contacts']);
  });

  it('stays what it was at the start, whatever the endpoint comes to listen to', async () => {
    const fixture = await WebhookFixture.open();
    try {
      const operator = await fixture.workspace();
      const actor = new Actor('key', 'k', operator.workspace, { scopes: ['manage:webhooks', 'read:contacts'] });
      const { webhookEndpoint } = await fixture.endpoint(actor, 'http://127.0.0.1:9/');
      const wanted = await fixture.publish(operator, 2);
      await fixture.publish(operator, 2, 'submission.completed');
      const since = new Date(Date.now() - 60_000);
      const range = { since, only: 'ALL', ratePerSecond: 1, dryRun: false } as const;
      await fixture.replays.start(actor, webhookEndpoint.id, () => range);
      const events: EventType[] = ['submission.completed', 'contact.created'];
      await fixture.endpoints.update(actor, webhookEndpoint.id, () => ({ events }));
      for (let second = 1; second < 6; second += 1) {
        await fixture.replays.advance(new Date(Date.now() + second * 1_000));
      }
      const made = await fixture.rows<{ id: string }>('select event_id as id from webhook_open_deliveries order by id');
      expect(made.map(({ id }) => id)).to.deep.equal(wanted);
    } finally {
      await fixture.close();
    }
  });
});
