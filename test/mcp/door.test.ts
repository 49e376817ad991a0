import { expect } from 'chai';
import pg from 'pg';
import { Agent, legacy, modern, rawMcp } from '../support/agent.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf } from '../support/client.js';
import { createBot, operator } from '../support/factories.js';

const page = 'https://agents.example.com';

describe('the door for agents', function () {
  this.timeout(60_000);
  let server: TestServer;
  let tenant: Tenant;

  before(async () => {
    server = await startServer({ env: { CORS_ORIGINS: page } });
    tenant = await createTenant(server.app);
  });
  after(async () => await server.stop());

  const ask = async (
    { body, headers }: { body: unknown; headers: Record<string, string> },
    more: Record<string, string> = {},
    key: string | null = tenant.key,
  ) => await rawMcp(server.url, key, body, { ...headers, ...more });
  const list = modern('tools/list');
  const call = (name: string, args: object = {}) => modern('tools/call', { name, arguments: args });

  it('takes POST alone, and no page of another origin', async () => {
    for (const method of ['GET', 'DELETE', 'PUT', 'HEAD']) {
      const refused = await rawMcp(server.url, tenant.key, null, {}, method);
      expect(refused.status, method).to.equal(405);
      expect(refused.headers.get('allow')).to.equal('POST');
    }
    const foreign = await ask(list, { Origin: 'https://evil.example.com' });
    expect(foreign.status).to.equal(403);
    expect(foreign.json).to.deep.include({ jsonrpc: '2.0', id: null });
    expect((await ask(list, { Origin: page })).status).to.equal(200);
    expect((await ask(list, { Origin: server.url })).status).to.equal(200);
    // The origin is looked at before the key.
    expect((await ask(list, { Origin: 'null' }, null)).status).to.equal(403);
  });

  it('says whether a key is missing, malformed or unknown, and offers no other way in', async () => {
    const revoked = await createTenant(server.app);
    const own = (await clientOf(server.url, revoked.key).rest('GET', '/me')).body.data.me.key.id;
    await server.app.apiKeys.revoke(await operator(server.app, revoked.workspaceId), own);
    const texts: Record<string, string> = {};
    const cases = { missing: null, malformed: 'iozen_live_short', unknown: revoked.key };
    for (const [why, key] of Object.entries(cases)) {
      const refused = await ask(list, {}, key);
      expect(refused.status).to.equal(401);
      expect(refused.headers.get('www-authenticate')).to.equal('Bearer realm="iozen"');
      expect(refused.json.error.data.code).to.equal('authentication_required');
      texts[why] = refused.json.error.data.error_description;
      expect(texts[why]).to.include(why);
    }
    const session = await ask(list, { Cookie: 'iozen_session=whatever' }, null);
    expect(session.json.error.data.error_description).to.equal(texts['missing']);
    for (const path of ['oauth-protected-resource', 'oauth-protected-resource/mcp', 'oauth-authorization-server']) {
      const none = await fetch(`${server.url}/.well-known/${path}`);
      expect(none.status).to.equal(404);
      expect(((await none.json()) as { success: boolean }).success).to.equal(false);
    }
  });

  it('takes one message of JSON a request, as large as 256 KiB', async () => {
    const { headers } = list;
    const answered = async (body: unknown, more: Record<string, string> = {}) => {
      const { status, json } = await ask({ body, headers }, more);
      return [status, json?.error?.code];
    };
    expect(await answered('{"jsonrpc": "2.0"')).to.deep.equal([400, -32700]);
    expect(await answered([list.body])).to.deep.equal([400, -32600]);
    expect(await answered('"a text"')).to.deep.equal([400, -32600]);
    expect(await answered({ jsonrpc: '2.0', id: 1 })).to.deep.equal([400, -32600]);
    expect(await answered({ ...list.body, id: {} })).to.deep.equal([400, -32600]);
    expect(await answered(list.body, { 'Content-Type': 'text/plain' })).to.deep.equal([415, -32000]);
    expect(await answered(list.body, { Accept: 'text/html' })).to.deep.equal([406, -32000]);
    expect(await answered({ ...list.body, filler: 'x'.repeat(262_144) })).to.deep.equal([413, -32000]);
    expect(await answered({ jsonrpc: '2.0', id: 1, method: 'tools/list' })).to.deep.equal([400, -32602]);
    expect(await answered(list.body, { 'Mcp-Method': 'tools/call' })).to.deep.equal([400, -32020]);
    const other = JSON.stringify(list.body).replace('2026-07-28', '2031-01-01');
    expect(await answered(other, { 'MCP-Protocol-Version': '2031-01-01' })).to.deep.equal([400, -32022]);
    const unknown = modern('tools/juggle');
    expect((await ask(unknown)).status).to.equal(404);
    expect((await ask(unknown)).json.error.code).to.equal(-32601);
    const old = await ask(legacy('tools/juggle'));
    expect([old.status, old.json.error.code]).to.deep.equal([200, -32601]);
    const notice = await ask({ body: { jsonrpc: '2.0', method: 'notifications/initialized' }, headers: {} });
    expect([notice.status, notice.text]).to.deep.equal([202, '']);
  });

  it('lists what the key may call, less what its client takes away, and refuses the rest', async () => {
    const reader = await createTenant(server.app, 'BUSINESS', ['read:submissions']);
    const agent = await Agent.connect(server.url, reader.key);
    expect(await agent.tools()).to.deep.equal(['get_workspace', 'search_submissions', 'get_submission']);
    const refused = await agent.refusal('search_contacts');
    expect(refused).to.deep.include({ code: 'insufficient_scopes', required: ['read:contacts'] });
    await agent.close();

    const names = async (headers: Record<string, string>, query = '') => {
      const one = await Agent.connect(server.url, tenant.key, { headers, query });
      const found = await one.tools();
      await one.close();
      return found;
    };
    const writing = ['create_submission', 'redeliver_webhook', 'replay_webhooks', 'send_test_event'];
    const all = await names({});
    expect(all).to.include.members(writing);
    const reading = all.filter((name) => !writing.includes(name));
    expect(await names({ 'X-MCP-Readonly': 'true' })).to.deep.equal(reading);
    expect(await names({}, '?read_only=true')).to.deep.equal(reading);
    const webhooks = await names({}, '?toolsets=webhooks');
    expect(webhooks).to.include.members(['get_workspace', 'get_delivery']).and.not.include('get_submission');
    expect(await names({}, '?toolsets=intake,webhooks')).to.deep.equal(all);
    expect(await names({}, '?toolsets=')).to.deep.equal(['get_workspace']);
    const bounded = await Agent.connect(server.url, tenant.key, { query: '?read_only=true' });
    let unknown = '';
    await bounded.result('create_submission').catch((error: Error) => (unknown = error.message));
    expect(unknown).to.include('Unknown tool');
    await bounded.close();
  });

  it('tells a model why a workspace lets nobody in: its plan, its end, its switch', async () => {
    const free = await createTenant(server.app);
    await server.app.workspaces.change(free.workspaceId, { plan: 'FREE' });
    const archived = await createTenant(server.app);
    await server.app.workspaces.change(archived.workspaceId, { archived: true });
    const limited = await createTenant(server.app, 'PRO');
    for (const [{ key }, tool, code] of [
      [free, 'get_workspace', 'feature_not_available'],
      [archived, 'get_workspace', 'workspace_archived'],
      [limited, 'send_test_event', 'feature_not_available'],
    ] as const) {
      const { status, json } = await ask(call(tool), {}, key);
      expect(status).to.equal(200);
      expect(json.result.isError).to.equal(true);
      expect(JSON.parse(json.result.content[0].text).error.code).to.equal(code);
    }
    expect((await ask(list, {}, free.key)).json.result.tools).to.deep.equal([]);
    const closed = await createTenant(server.app);
    expect((await ask(list, {}, closed.key)).status).to.equal(200);
    const owner = clientOf(server.url);
    const { headers } = await owner.graphql(
      'mutation ($input: SignInInput!) { signIn(input: $input) { viewer { workspace { id } } } }',
      { input: { email: closed.owner.email, password: closed.owner.password } },
    );
    const cookie = (headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    const switched = await owner.graphql(
      'mutation { updateWorkspace(input: { agentsMayConnect: false }) { workspace { agentsMayConnect } } }',
      {},
      { Cookie: cookie },
    );
    expect(switched.body.data.updateWorkspace.workspace.agentsMayConnect).to.equal(false);
    const refused = await ask(list, {}, closed.key);
    expect(refused.status).to.equal(401);
    expect(refused.json.error.data.error_description).to.include('Agents may not connect');
  });

  it('spends the points of the other doors, and tells a model when they are used up', async () => {
    const { key } = await createTenant(server.app, 'PRO');
    const { rest } = clientOf(server.url, key);
    const left = (headers: Headers) => Number(/r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1]);
    const before = left((await rest('GET', '/me')).headers);
    const first = await ask(call('get_workspace'), {}, key);
    expect(left(first.headers)).to.equal(before - 1);
    expect(first.json.result.structuredContent.points.remaining).to.equal(before - 1);
    expect(left((await rest('GET', '/me')).headers)).to.equal(before - 2);
    await Promise.all(Array.from({ length: 100 }, async () => await ask(list, {}, key)));
    const told = await ask(call('get_workspace'), {}, key);
    expect(told.status).to.equal(200);
    expect(told.json.result.isError).to.equal(true);
    expect(JSON.parse(told.json.result.content[0].text).error.code).to.equal('rate_limit_exceeded');
    expect(Number(told.headers.get('retry-after'))).to.be.greaterThan(0);
    expect(left(told.headers)).to.equal(0);
    const refused = await ask(list, {}, key);
    expect([refused.status, refused.json.error.data.code]).to.deep.equal([429, 'rate_limit_exceeded']);
    expect((await rest('GET', '/me')).status).to.equal(429);
  });

  it('answers a call alike, whether the library answers it or the door itself', async () => {
    const bot = await createBot(server.app, tenant.workspaceId);
    const calls: [string, object][] = [
      ['get_intake_bots', { intake_bot_id: bot.id }],
      ['search_submissions', { intake_bot_id: bot.id, limit: 0, colour: 'red' }],
      ['get_submission', { submission_id: bot.id }],
      ['juggle', {}],
    ];
    const normal = (text: string) => JSON.parse(text.replace(/(request_id[\\":]+)[0-9a-f-]{36}/g, '$1')) as object;
    for (const [name, args] of calls) {
      const direct = call(name, args);
      // What the door does not know goes to the library, which passes it over.
      const { params, ...rest } = direct.body as { params: object };
      const byLibrary = { ...direct, body: { ...rest, params: { ...params, unheardOf: true } } };
      const [one, other] = [await ask(direct), await ask(byLibrary)];
      expect(one.status, name).to.equal(other.status);
      expect(normal(one.text), name).to.deep.equal(normal(other.text));
    }
  });

  it('finds nothing of another workspace, and says where ids come from', async () => {
    const other = await createTenant(server.app);
    const bot = await createBot(server.app, other.workspaceId);
    const agent = await Agent.connect(server.url, tenant.key);
    const foreign = await agent.refusal('get_intake_bots', { intake_bot_id: bot.id });
    const missing = await agent.refusal('get_intake_bots', { intake_bot_id: 'nothing' });
    expect({ ...foreign, request_id: '' }).to.deep.equal({ ...missing, request_id: '' });
    expect(foreign.next).to.include('get_intake_bots');
    await agent.close();
  });

  it('takes arguments as GraphQL spells them, and names every wrong one', async () => {
    const bot = await createBot(server.app, tenant.workspaceId);
    const agent = await Agent.connect(server.url, tenant.key);
    const made = await agent.call('create_submission', {
      intakeBotId: bot.id,
      data: { full_name: 'Ada', email: 'ada@example.com' },
      isTest: true,
      status: 'completed',
    });
    const found = await agent.call('search_submissions', { intakeBotId: bot.id, isTest: true, status: 'COMPLETED' });
    expect(found.submissions.map(({ id }: { id: string }) => id)).to.deep.equal([made.submission.id]);
    const wrong = await agent.refusal('create_submission', {
      intake_bot_id: bot.id,
      data: { email: 'nobody', guests: 11, colour: 'red' },
      is_test: 'perhaps',
    });
    const { rest } = clientOf(server.url, tenant.key);
    const same = await rest('POST', `/intake-bots/${bot.id}/submissions`, {
      data: { email: 'nobody', guests: 11, colour: 'red' },
      is_test: 'perhaps',
    });
    expect(wrong.code).to.equal(same.body.error.code);
    expect(wrong.issues).to.have.deep.members(same.body.error.details.issues);
    await agent.close();
  });

  it('counts calls, and writes the changes in the audit log under the key', async () => {
    const bot = await createBot(server.app, tenant.workspaceId);
    const agent = await Agent.connect(server.url, tenant.key);
    const key = (await agent.call('get_workspace')).key.id;
    const client = clientOf(server.url, tenant.key);
    const made = await client.rest('POST', '/webhooks', { url: 'http://127.0.0.1:9/', events: ['contact.created'] });
    const endpoint = made.body.data.webhook.id;
    const args = { endpoint_id: endpoint, since: '2026-01-01T00:00:00Z', only: 'ALL' };
    await agent.call('create_submission', {
      intake_bot_id: bot.id,
      data: { full_name: 'Ada', email: 'audited@example.com' },
    });
    const counted = await agent.call('replay_webhooks', args);
    const { replay_id: id } = await agent.call('replay_webhooks', { ...args, dry_run: false, confirm: counted.count });
    const pool = new pg.Client({ connectionString: server.databaseUrl });
    await pool.connect();
    const { rows } = await pool.query('select * from audit_entries where action = $1', ['replay.started']);
    await pool.end();
    expect(JSON.stringify(rows)).to.include(id).and.to.include(key);
    const text = await server.app.metrics.registry.metrics();
    expect(text).to.match(/iozen_mcp_calls_total\{tool="replay_webhooks",outcome="ok"\} 2/);
    expect(text).to.match(/iozen_mcp_calls_total\{tool="unknown",outcome="unknown_tool"\}/);
    await agent.close();
  });

  it('has so short a list that every conversation can carry it', async () => {
    const agent = await Agent.connect(server.url, tenant.key);
    const { tools } = await agent.client.listTools();
    const tokens = (value: unknown) => Buffer.byteLength(JSON.stringify(value)) / 3.5;
    for (const tool of tools) {
      expect(tokens(tool), tool.name).to.be.at.most(600);
      expect(Object.keys(tool.annotations ?? {})).to.have.members([
        'readOnlyHint',
        'destructiveHint',
        'idempotentHint',
        'openWorldHint',
      ]);
      expect(tool.outputSchema?.type).to.equal('object');
    }
    expect(tokens(tools)).to.be.at.most(5_000);
    expect((agent.client.getInstructions() ?? '').split(/\s+/).length).to.be.within(50, 150);
    await agent.close();
  });
});
