import { expect } from 'chai';
import { createClient, type Client as StreamClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf, type Client } from '../support/client.js';
import { createBot, createSubmission } from '../support/factories.js';
import { Receiver } from '../support/receiver.js';

describe('webhooks over a live subscription', () => {
  let server: TestServer;
  let receiver: Receiver;
  let tenant: Tenant;
  let graphql: Client['graphql'];
  let streams: StreamClient;
  let endpointId: string;

  beforeEach(async () => {
    server = await startServer();
    receiver = await Receiver.start();
    tenant = await createTenant(server.app);
    ({ graphql } = clientOf(server.url, tenant.key));
    streams = createClient({
      url: `${server.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      connectionParams: { authorization: `Bearer ${tenant.key}` },
    });
    const { body } = await graphql(
      'mutation ($input: CreateWebhookEndpointInput!) { createWebhookEndpoint(input: $input) { webhookEndpoint { id } } }',
      { input: { url: receiver.url, events: ['submission.completed'] } },
    );
    endpointId = body.data.createWebhookEndpoint.webhookEndpoint.id;
  });
  afterEach(async () => {
    await streams.dispose();
    await server.stop();
    await receiver.stop();
  });

  const submit = async () => await createSubmission(server.app, await createBot(server.app, tenant.workspaceId));

  it('tells how deliveries of an endpoint go', async () => {
    const deliveries = streams.iterate({
      query: 'subscription ($id: ID!) { deliveryUpdated(endpointId: $id) { status event { id } } }',
      variables: { id: endpointId },
    });
    const told = deliveries.next();
    // It may come before the subscription is known: another follows.
    const submitting = setInterval(() => void submit(), 50);
    const { value } = await told.finally(() => clearInterval(submitting));
    const { status, event } = value.data.deliveryUpdated;
    expect(status).to.equal('DELIVERED');
    expect(receiver.received.map(({ headers }) => headers['webhook-id'])).to.include(event.id);
    await deliveries.return?.();
  });

  it('tells how a replay goes until it ends', async () => {
    await submit();
    const [first] = await receiver.arrived(1);
    const started = await graphql(
      'mutation ($input: StartReplayInput!) { startReplay(input: $input) { replay { id } } }',
      { input: { endpointId, since: new Date(Date.now() - 60_000).toISOString(), only: 'ALL' } },
    );
    expect(started.body).to.not.have.property('errors');
    const told: object[] = [];
    for await (const { data } of streams.iterate<{ replayProgressed: object }>({
      query: 'subscription ($id: ID!) { replayProgressed(id: $id) { status done total } }',
      variables: { id: started.body.data.startReplay.replay.id },
    })) {
      if (data) told.push(data.replayProgressed);
    }
    expect(told.at(-1)).to.deep.equal({ status: 'DONE', done: 1, total: 1 });
    const [, again] = await receiver.arrived(2);
    expect(again?.headers['webhook-id']).to.equal(first?.headers['webhook-id']);
  });
});
