import { expect } from 'chai';
import { Agent, request as httpRequest } from 'node:http';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf } from '../support/client.js';
import { createBot } from '../support/factories.js';

/** A request with everything wrong that a later step could find, so that the first refusal tells the order. */
describe('the order of refusals over REST', () => {
  let server: TestServer;
  let tenant: Tenant;
  let submissions: string;
  const agent = new Agent({ keepAlive: false });

  before(async () => {
    server = await startServer({ role: 'api' });
    tenant = await createTenant(server.app);
    const bot = await createBot(server.app, tenant.workspaceId);
    submissions = `/intake-bots/${bot.id}/submissions`;
  });
  after(async () => {
    agent.destroy();
    await server.stop();
  });

  const text = { 'Content-Type': 'text/plain' };
  const json = { 'Content-Type': 'application/json' };
  const keyWith = async (...scopes: ('read:contacts' | 'write:intake-bots')[]) =>
    (
      await server.app.database.transaction(
        async (tx) =>
          await server.app.apiKeys.insert(tx, tenant.workspaceId, {
            name: 'Narrow',
            scopes,
            allowedCidrs: [],
            documentsOnly: false,
          }),
      )
    ).secret;
  const codeAt = async (key: string | undefined, method: string, path: string, headers: object, body: string) => {
    const answer = await clientOf(server.url, key).rest(method, path, body, headers as Record<string, string>);
    return [answer.status, answer.body.error.code];
  };

  it('401 comes before everything', async () => {
    expect(await codeAt(undefined, 'PUT', '/nothing', text, '{')).to.deep.equal([401, 'authentication_required']);
  });

  it('archived comes before the plan, and both before the route', async () => {
    const other = await createTenant(server.app, 'PRO');
    await server.app.workspaces.change(other.workspaceId, { plan: 'FREE' });
    expect(await codeAt(other.key, 'PUT', '/nothing', text, '{')).to.deep.equal([403, 'feature_not_available']);
    await server.app.workspaces.change(other.workspaceId, { archived: true });
    expect(await codeAt(other.key, 'PUT', '/nothing', text, '{')).to.deep.equal([403, 'workspace_archived']);
  });

  it('429 comes before the route, and takes nothing', async () => {
    const { key } = await createTenant(server.app, 'PRO');
    for (let call = 0; call < 100; call += 1) await clientOf(server.url, key).rest('GET', '/nothing');
    expect(await codeAt(key, 'PUT', '/nothing', text, '{')).to.deep.equal([429, 'rate_limit_exceeded']);
  });

  it('tells whoever begins what to send, and where it is written', async () => {
    const messageAt = async (key: string | undefined, path: string, body: object) =>
      (await clientOf(server.url, key).rest('POST', path, body)).body.error;
    expect((await messageAt(undefined, '/me', {})).message).to.include('Authorization: Bearer iozen_live_');
    const guided = [(await messageAt(tenant.key, '/submissions', {})).message as string];
    for (const url of ['http://localhost:3000/hook', 'https://10.0.0.1/hook', 'https://intranet/hook']) {
      const { details } = await messageAt(tenant.key, '/webhooks', { url, events: ['contact.created'] });
      guided.push(details.issues[0].message);
    }
    for (const message of guided) {
      const [path = '', heading] = (/\/docs\/\S+/.exec(message)?.[0] ?? expect.fail(message)).split('#');
      const page = await fetch(server.url + path);
      expect(page.status, path).to.equal(200);
      if (heading !== undefined) expect(await page.text()).to.include(`id="${heading}"`);
    }
  });

  it('the route comes before the body', async () => {
    expect(await codeAt(tenant.key, 'POST', '/nothing', text, '{')).to.deep.equal([404, 'resource_not_found']);
    expect(await codeAt(tenant.key, 'PUT', submissions, text, '{')).to.deep.equal([405, 'method_not_allowed']);
  });

  it('the body comes before the scope: 415, then 413, then what is broken', async () => {
    const key = await keyWith('read:contacts');
    const large = 'x'.repeat(1_048_577);
    expect(await codeAt(key, 'POST', submissions, text, large)).to.deep.equal([415, 'unsupported_media_type']);
    expect(await codeAt(key, 'POST', submissions, json, large)).to.deep.equal([413, 'payload_too_large']);
    expect(await codeAt(key, 'POST', submissions, json, '{')).to.deep.equal([400, 'validation_failed']);
    expect(await codeAt(key, 'POST', submissions, json, '{}')).to.deep.equal([403, 'insufficient_scopes']);
  });

  it('the scope comes before the feature, the feature before what is there, that before what is right', async () => {
    const pro = await createTenant(server.app, 'PRO', ['read:contacts']);
    expect(await codeAt(pro.key, 'POST', '/webhooks', json, '{}')).to.deep.equal([403, 'insufficient_scopes']);
    const able = await createTenant(server.app, 'PRO');
    expect(await codeAt(able.key, 'POST', '/webhooks', json, '{}')).to.deep.equal([403, 'feature_not_available']);
    const nowhere = '/intake-bots/nothing/submissions';
    expect(await codeAt(tenant.key, 'POST', nowhere, json, '{}')).to.deep.equal([404, 'resource_not_found']);
    const page = await clientOf(server.url, tenant.key).rest('GET', `${nowhere}?limit=0`);
    expect(page.status).to.equal(404);
    expect(await codeAt(tenant.key, 'POST', submissions, json, '{}')).to.deep.equal([400, 'validation_failed']);
    const resume = '{"status":"active","x":1}';
    expect(await codeAt(able.key, 'PATCH', '/webhooks/nothing', json, resume)).to.deep.equal([
      403,
      'feature_not_available',
    ]);
  });

  it('what no answer could give back, and a bad Idempotency-Key, come as late as any bad value', async () => {
    const bad = '{"data":{"full_name":"\\u0000"}}';
    const key = await keyWith('read:contacts');
    const odd = { ...json, 'Idempotency-Key': 'caf\u00e9' };
    const nowhere = '/intake-bots/nothing/submissions';
    expect(await codeAt(key, 'POST', submissions, odd, bad)).to.deep.equal([403, 'insufficient_scopes']);
    expect(await codeAt(tenant.key, 'POST', nowhere, odd, bad)).to.deep.equal([404, 'resource_not_found']);
    const { body } = await clientOf(server.url, tenant.key).rest('POST', submissions, bad, odd);
    expect(body.error.details.issues.map((issue: { path: string }) => issue.path)).to.have.members([
      'Idempotency-Key',
      'data.full_name',
      'data.email',
    ]);
  });

  it('a bug of ours is 500 and tells nothing of itself', async () => {
    await server.app.database.pool.query('alter table contacts rename to elsewhere');
    try {
      const { status, body, headers } = await clientOf(server.url, tenant.key).rest('GET', '/contacts');
      expect(status).to.equal(500);
      expect(body).to.deep.equal({
        success: false,
        error: { code: 'internal_error', message: 'Something went wrong on our side.', details: {} },
      });
      expect(headers.get('x-request-id')).to.be.a('string');
      expect(headers.get('cache-control')).to.equal('no-store');
    } finally {
      await server.app.database.pool.query('alter table elsewhere rename to contacts');
    }
  });

  it('a caller who hangs up in the middle of a body does no harm', async () => {
    const sent = { ...json, Authorization: `Bearer ${tenant.key}`, 'Content-Length': '1000' };
    const outgoing = httpRequest(`${server.url}/api/v1${submissions}`, { method: 'POST', headers: sent, agent });
    const ended = new Promise((resolve) => outgoing.once('error', resolve));
    outgoing.write('{"data":');
    await new Promise((resolve) => outgoing.once('socket', (socket) => socket.once('connect', resolve)));
    outgoing.destroy();
    await ended;
    expect((await clientOf(server.url, tenant.key).rest('GET', '/intake-bots')).status).to.equal(200);
  });
});
