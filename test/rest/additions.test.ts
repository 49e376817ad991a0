import { expect } from 'chai';
import type { Scope } from '../../src/platform/actor.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf, type Client } from '../support/client.js';
import { createBot } from '../support/factories.js';
import { Receiver } from '../support/receiver.js';
import { verifyWebhook } from '../../packages/webhooks/src/index.js';

/** What REST has for tools without code beside the published contract. */
describe('additions to REST', () => {
  let server: TestServer;
  let receiver: Receiver;
  let tenant: Tenant;
  let client: Client;
  let webhook: { id: string; secret: string };
  let botId: string;

  before(async () => {
    server = await startServer();
    receiver = await Receiver.start();
    tenant = await createTenant(server.app);
    client = clientOf(server.url, tenant.key);
    const sent = { url: receiver.url, events: ['submission.completed', 'contact.created'] };
    webhook = (await client.rest('POST', '/webhooks', sent)).body.data.webhook;
    botId = (await createBot(server.app, tenant.workspaceId)).id;
  });
  after(async () => {
    await server.stop();
    await receiver.stop();
  });

  const clientWith = async (granted: readonly Scope[]): Promise<Client> => {
    const { database, apiKeys } = server.app;
    const input = { name: 'Narrow', scopes: [...granted], allowedCidrs: [], documentsOnly: false };
    const { secret } = await database.transaction((tx) => apiKeys.insert(tx, tenant.workspaceId, input));
    return clientOf(server.url, secret);
  };

  it('GET /me tells any key who it is, and nothing that is secret', async () => {
    const { status, body } = await (await clientWith([])).rest('GET', '/me');
    expect(status).to.equal(200);
    const { me } = body.data;
    expect(me.workspace).to.deep.include({ id: tenant.workspaceId, plan: 'BUSINESS' });
    expect(me.key).to.deep.include({ name: 'Narrow', scopes: [], expires_at: null });
    expect(me.key.id).to.match(/^c[a-z0-9]{24}$/);
    expect((await client.rest('GET', '/me')).body.data.me.key.scopes).to.include('manage:webhooks');
    expect((await clientOf(server.url).rest('GET', '/me')).status).to.equal(401);
  });

  describe('GET /events', () => {
    before(async () => {
      const data = { full_name: 'Ada Lovelace', email: 'ada@example.com' };
      await client.rest('POST', `/intake-bots/${botId}/submissions`, { data });
      await receiver.arrived(2);
    });

    it('lists what webhooks were posted, newest first, by page', async () => {
      const { events, pagination } = (await client.rest('GET', '/events')).body.data;
      expect(pagination).to.deep.equal({ has_more: false, next_cursor: null });
      const posted = receiver.received.map(({ body }) => JSON.parse(body) as { id: string });
      expect(events).to.have.deep.members(posted);
      const first = (await client.rest('GET', '/events?limit=1')).body.data;
      expect(first.pagination).to.deep.equal({ has_more: true, next_cursor: events[0].id });
      const next = (await client.rest('GET', `/events?limit=1&cursor=${first.pagination.next_cursor}`)).body.data;
      expect([...first.events, ...next.events]).to.deep.equal(events);
    });

    it('lists those of one type, and names every issue of the query at once', async () => {
      const { events } = (await client.rest('GET', '/events?type=contact.created&other=1')).body.data;
      expect(events.map(({ type }: { type: string }) => type)).to.deep.equal(['contact.created']);
      const { status, body } = await client.rest('GET', '/events?type=nothing&limit=0&cursor=x');
      expect(status).to.equal(400);
      const issues = body.error.details.issues.map(({ path, code }: Record<string, string>) => `${path} ${code}`);
      expect(issues).to.have.members(['type not_an_option', 'limit out_of_range', 'cursor bad_format']);
    });

    it('lists only types whose read scope the key has', async () => {
      const narrow = await clientWith(['manage:webhooks', 'read:contacts']);
      const { events } = (await narrow.rest('GET', '/events')).body.data;
      expect(events.map(({ type }: { type: string }) => type)).to.deep.equal(['contact.created']);
      const { status, body } = await narrow.rest('GET', '/events?type=submission.completed');
      expect(status).to.equal(403);
      expect(body.error.details.required).to.deep.equal(['read:submissions']);
      const none = await clientWith(['manage:webhooks']);
      expect((await none.rest('GET', '/events')).body.data.events).to.deep.equal([]);
      expect((await (await clientWith(['read:contacts'])).rest('GET', '/events')).status).to.equal(403);
    });
  });

  describe('POST /webhooks/:id/test', () => {
    const test = async (body: object, by = client, headers = {}) =>
      await by.rest('POST', `/webhooks/${webhook.id}/test`, body, headers);

    it('posts a signed example at once, to a paused webhook too, and shows what came of it', async () => {
      receiver.answer = (response) => void response.writeHead(202).end('taken');
      await client.rest('PATCH', `/webhooks/${webhook.id}`, { status: 'paused' });
      const before = receiver.received.length;
      const { status, body } = await test({ type: 'contact.created' });
      expect(status).to.equal(200);
      const cameOfIt = { outcome: 'success', response_status: 202, response_body: 'taken', error: null };
      expect(body.data.attempt).to.deep.include({ ...cameOfIt, address: '127.0.0.1' });
      const { body: raw = '', headers = {} } = receiver.received[before] ?? {};
      expect(verifyWebhook(raw, headers, webhook.secret).type).to.equal('contact.created');
      await test({});
      const event = JSON.parse(receiver.received.at(-1)?.body ?? '');
      expect(event).to.deep.include({ type: 'submission.completed' });
      expect(event.data.submission.is_test).to.equal(true);
    });

    it('shows no answer to a key that may not read what the event tells of', async () => {
      const { body } = await test({ type: 'contact.created' }, await clientWith(['manage:webhooks']));
      expect(body.data.attempt).to.deep.include({ outcome: 'success', response_status: 202, response_body: null });
    });

    it('sends one for one idempotency key, and no second one while the first is still being answered', async () => {
      const before = receiver.received.length;
      const once = { 'Idempotency-Key': 'test' };
      let answer = () => {};
      receiver.answer = (response) => (answer = () => void response.end('late'));
      const first = test({}, client, once);
      await receiver.arrived(before + 1);
      const beside = await test({}, client, once);
      expect(beside.status).to.equal(409);
      expect(beside.body.error).to.deep.include({ code: 'idempotency_conflict', details: {} });
      expect(beside.headers.get('retry-after')).to.equal('1');
      answer();
      const { status, body } = await first;
      expect(status).to.equal(200);
      expect((await test({}, client, once)).body).to.deep.equal(body);
      expect(receiver.received.length).to.equal(before + 1);
      receiver.answer = (response) => void response.end();
    });

    it('sends ten a minute at most, and none of an unknown type', async () => {
      const wrong = await test({ type: 'nothing' });
      expect(wrong.body.error.details.issues[0]).to.include({ path: 'type', code: 'not_an_option' });
      for (let sent = 4; sent < 10; sent += 1) expect((await test({})).status).to.equal(200);
      const over = await test({});
      expect(over.status).to.equal(429);
      expect(over.body.error.code).to.equal('rate_limit_exceeded');
      expect(Number(over.headers.get('retry-after'))).to.be.within(1, 60);
    });
  });
});
