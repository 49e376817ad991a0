import { expect } from 'chai';
import { verifyWebhook } from '../../packages/webhooks/src/index.js';
import { newSecret } from '../../src/webhooks/wire/signature.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { createBot, createSubmission } from '../support/factories.js';
import { clientOf } from '../support/client.js';
import { iozen } from '../support/process.js';
import { Receiver } from '../support/receiver.js';
import { samples } from '../support/samples.js';

describe('what the iozen command does with an API key', () => {
  let server: TestServer;
  let tenant: Tenant;
  let receiver: Receiver;
  let endpointId: string;

  before(async () => {
    server = await startServer();
    tenant = await createTenant(server.app);
    receiver = await Receiver.start();
    const register =
      'mutation ($input: CreateWebhookEndpointInput!) { createWebhookEndpoint(input: $input) { webhookEndpoint { id } } }';
    const input = { url: `${receiver.url}/registered`, events: ['submission.completed'] };
    const { body } = await clientOf(server.url, tenant.key).graphql(register, { input });
    endpointId = body.data.createWebhookEndpoint.webhookEndpoint.id;
    const botId = await createBot(server.app, tenant.workspaceId);
    for (let n = 0; n < 3; n += 1) await createSubmission(server.app, botId);
    await receiver.arrived(3);
  });
  after(async () => {
    await receiver.stop();
    await server.stop();
  });

  const call = async (words: string[], env: Record<string, string> = {}) =>
    await iozen(words, { IOZEN_URL: server.url, IOZEN_API_KEY: tenant.key, ...env });
  const json = async (...words: string[]) => {
    const { code, stdout, stderr } = await call([...words, '--json']);
    expect(code, stderr).to.equal(0);
    expect(stdout.trim().split('\n'), 'one JSON object and nothing else').to.have.length(1);
    return JSON.parse(stdout);
  };

  it('lists events page by page, the last first', async () => {
    const first = await json('events', 'list', '--type', 'submission.completed', '--limit', '2');
    expect(first.events).to.have.length(2);
    expect(first.events[0]).to.have.keys('id', 'type', 'created_at');
    const rest = await json('events', 'list', '--type', 'submission.completed', '--after', first.next_cursor);
    expect(rest.next_cursor).to.equal(null);
    const ids = [...first.events, ...rest.events].map(({ id }: { id: string }) => id);
    expect(ids).to.have.length(3).and.deep.equal(ids.toSorted().toReversed());
    const { stdout } = await call(['events', 'list', '--limit', '2']);
    expect(stdout).to.match(/^\d{4}-.*evt_.*\n\d{4}-.*evt_.*\nThere are more: --after \S+\n$/);
  });

  it('lists deliveries by status, with what the receiver said last', async () => {
    for (const until = Date.now() + 10_000; Date.now() < until;) {
      if ((await json('deliveries', 'list', '--status', 'delivered')).deliveries.length === 3) break;
    }
    const { deliveries } = await json('deliveries', 'list', '--status', 'delivered', '--endpoint', endpointId);
    expect(deliveries).to.have.length(3);
    expect(deliveries[0]).to.deep.include({
      status: 'DELIVERED',
      endpoint_id: endpointId,
      attempts: 1,
      last_status: 200,
    });
    expect((await call(['deliveries', 'list', '--status', 'exhausted'])).stdout).to.equal('No deliveries.\n');
    expect((await call(['deliveries', 'list', '--status', 'lost'])).code).to.equal(2);
    expect((await call(['deliveries', 'list', '--limit', '101'])).code).to.equal(2);
  });

  it('says of a delivery that was skipped why it was', async () => {
    const client = clientOf(server.url, tenant.key);
    const { body: made } = await client.rest('POST', '/webhooks', {
      url: `${receiver.url}/skipped`,
      events: ['intake-bot.status-changed'],
    });
    const { id } = made.data.webhook;
    const change = async (mutation: string) => {
      const { body } = await client.graphql(`mutation { ${mutation} { __typename } }`);
      expect(body).to.not.have.property('errors');
    };
    await change(`pauseWebhookEndpoint(input: { id: "${id}" })`);
    const bot = await createBot(server.app, tenant.workspaceId, { status: 'DRAFT' });
    await change(`changeIntakeBotStatus(input: { id: "${bot.id}", status: ACTIVE })`);
    for (const until = Date.now() + 10_000; Date.now() < until;) {
      if ((await json('deliveries', 'list', '--status', 'held')).deliveries.length === 1) break;
    }
    await change(`resumeWebhookEndpoint(input: { id: "${id}", skipHeld: true })`);
    const words = ['deliveries', 'list', '--status', 'skipped', '--endpoint', id];
    const { deliveries } = await json(...words);
    expect(deliveries).to.have.length(1);
    expect(deliveries[0]).to.deep.include({ status: 'SKIPPED', attempts: 0, skip_reason: 'DROPPED' });
    expect((await call(words)).stdout).to.match(/\(0 attempts, DROPPED\)\n$/);
  });

  it('sends an event again, with the id and bytes that it had', async () => {
    const { events } = await json('events', 'list', '--limit', '1', '--type', 'submission.completed');
    const before = receiver.received.length;
    const { deliveries } = await json('events', 'resend', events[0].id);
    expect(deliveries).to.have.length(1);
    await receiver.arrived(before + 1);
    const [first, again] = receiver.received.filter(({ headers }) => headers['webhook-id'] === events[0].id);
    expect(again?.body).to.deep.equal(first?.body);
    const unknown = await call(['events', 'resend', 'evt_cexample0e000000example01']);
    expect(unknown).to.deep.include({ code: 1, stderr: 'No such event.\n' });
    expect((await call(['events', 'resend', 'evt'])).code).to.equal(2);
  });

  it('sends an example to an endpoint, or signed to a receiver here', async () => {
    const before = receiver.received.length;
    const sent = await json('trigger', 'submission.completed', '--endpoint', endpointId);
    expect(sent).to.deep.include({ outcome: 'SUCCESS', status: 200 });
    const secret = newSecret();
    const words = ['trigger', 'contact.created', '--forward-to', `${receiver.url}/local`];
    const here = await call(words, { IOZEN_WEBHOOK_SECRET: secret });
    expect(here.stdout).to.match(/^contact\.created {2}→ 200 \(\d+ ms\)\n$/);
    await receiver.arrived(before + 2);
    const { headers, body } = receiver.received.at(-1) ?? { headers: {}, body: '' };
    expect(verifyWebhook(body, headers, secret).type).to.equal('contact.created');
    receiver.answer = (response) => void response.writeHead(500).end();
    const refused = await call([...words, '--json'], { IOZEN_WEBHOOK_SECRET: secret });
    expect(JSON.parse(refused.stdout)).to.include({ status: 500 });
    const { code, stderr } = refused;
    const reason = 'The receiver did not take it: it answered 500, and success is 200 to 299.\n';
    expect({ code, stderr }).to.deep.equal({ code: 1, stderr: reason });
    expect((await call(['trigger', 'contact.created'])).stderr).to.include('One of --endpoint and --forward-to');
    expect((await call(['trigger', 'dance', '--endpoint', 'x'])).stderr).to.include('TYPE must be one of');
  });

  it('works as documented', async () => {
    receiver.answer = (response) => void response.end();
    const { events } = await json('events', 'list', '--limit', '1', '--type', 'submission.completed');
    const code = (await samples()).find(({ kind }) => kind === 'commands')?.code ?? '';
    const lines = code.trim().split('\n');
    expect(lines).to.have.length(5);
    for (const line of lines) {
      const [npx, locally, iozenWord, ...words] = line.split(' ');
      expect([npx, locally, iozenWord]).to.deep.equal(['npx', '--no-install', 'iozen']);
      const ours = words.map((word) =>
        word.startsWith('http://')
          ? receiver.url
          : word.startsWith('evt_')
            ? events[0].id
            : word.startsWith('c') && word.length === 25
              ? endpointId
              : word,
      );
      const { code: end, stderr } = await call(ours);
      expect(end, `${line}: ${stderr}`).to.equal(0);
    }
  });
});
