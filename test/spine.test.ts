import { expect } from 'chai';
import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { createTenant, startServer, type Tenant, type TestServer } from './support/app.js';
import { clientOf, type Client } from './support/client.js';
import { createBot } from './support/factories.js';
import { Receiver, type Received } from './support/receiver.js';
import type { SharedIntakeBot } from '../src/intake-bots/intake-bot.service.js';

describe('a submission goes in, a signed webhook comes out', () => {
  let server: TestServer;
  let tenant: Tenant;
  let client: Client;
  let bot: SharedIntakeBot;
  let receiver: Receiver;

  before(async () => {
    server = await startServer();
  });
  beforeEach(async () => {
    tenant = await createTenant(server.app);
    client = clientOf(server.url, tenant.key);
    bot = await createBot(server.app, tenant.workspaceId);
    receiver = await Receiver.start();
  });
  afterEach(async () => await receiver.stop());
  after(async () => await server.stop());

  const register = async () => {
    const events = ['submission.completed', 'contact.created'];
    const { status, body } = await client.rest('POST', '/webhooks', { url: receiver.url, events });
    expect(status, JSON.stringify(body)).to.equal(200);
    return body.data.webhook as { id: string; secret: string };
  };
  const typesOf = (received: Received[]) => received.map(({ body }) => JSON.parse(body).type);

  /** As a subscriber of ten lines does it. */
  function verify({ headers, body }: Received, secret: string): void {
    const expected = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
    expect(headers['x-iozen-signature']).to.equal(expected);
    expect(new Webhook(secret).verify(body, headers as Record<string, string>)).to.deep.equal(JSON.parse(body));
    expect(headers['webhook-id']).to.equal(JSON.parse(body).id);
    expect(headers['x-iozen-event-type']).to.equal(JSON.parse(body).type);
  }

  it('through REST, with the contact’s event before it, both verifiable both ways', async () => {
    const { secret } = await register();
    const data = { full_name: 'Ada Lovelace', email: 'ada@example.com' };
    const made = await client.rest('POST', `/intake-bots/${bot.id}/submissions`, { data });
    const received = await receiver.arrived(2);
    expect(typesOf(received)).to.have.members(['contact.created', 'submission.completed']);
    for (const request of received) verify(request, secret);
    const { body } = received.find(
      ({ headers }) => headers['x-iozen-event-type'] === 'submission.completed',
    ) as Received;
    const { id } = made.body.data.submission;
    const shown = await client.rest('GET', `/intake-bots/${bot.id}/submissions/${id}`);
    const { messages, ...submission } = shown.body.data.submission;
    expect(messages).to.deep.equal([]);
    expect(JSON.parse(body).data).to.deep.equal({ submission });
  });

  it('through GraphQL', async () => {
    const { secret } = await register();
    const { body } = await client.graphql(
      `mutation ($input: CreateSubmissionInput!) { createSubmission(input: $input) { submission { id status contact { email } } } }`,
      { input: { intakeBotId: bot.id, data: { full_name: 'Grace Hopper', email: 'Grace@Example.com' } } },
    );
    expect(body.errors).to.equal(undefined);
    expect(body.data.createSubmission.submission).to.deep.include({
      status: 'COMPLETED',
      contact: { email: 'grace@example.com' },
    });
    const received = await receiver.arrived(2);
    expect(typesOf(received)).to.have.members(['contact.created', 'submission.completed']);
    for (const request of received) verify(request, secret);
  });

  it('shows each delivery and its attempts over GraphQL', async () => {
    await register();
    await client.rest('POST', `/intake-bots/${bot.id}/submissions`, {
      data: { full_name: 'Alan', email: 'alan@example.com' },
    });
    await receiver.arrived(2);
    const query = `{ webhookEndpoints { nodes { status deliveries { nodes { status event { type }
      attempts { number outcome responseStatus } } } } } }`;
    let nodes: { status: string; attempts: object[] }[] = [];
    for (const until = Date.now() + 5_000; Date.now() < until;) {
      const { body } = await client.graphql(query);
      expect(body.errors).to.equal(undefined);
      ({ nodes } = body.data.webhookEndpoints.nodes[0].deliveries);
      if (nodes.length === 2 && nodes.every(({ status }) => status === 'DELIVERED')) break;
    }
    expect(nodes.map(({ status }) => status)).to.deep.equal(['DELIVERED', 'DELIVERED']);
    expect(nodes[0]?.attempts).to.have.length(1);
  });

  it('refuses a private target at registration', async () => {
    const events = ['submission.completed'];
    const { status, body } = await client.rest('POST', '/webhooks', { url: 'https://10.0.0.1/hook', events });
    expect(status).to.equal(400);
    expect(body.error.details.issues[0]).to.include({ path: 'url', code: 'not_allowed' });
  });
});
