import { expect } from 'chai';
import { request as httpRequest } from 'node:http';
import { newApiKeyText } from '../../src/api-keys/api-key-text.js';
import { scopes } from '../../src/platform/actor.js';
import { newId } from '../../src/platform/id.js';
import { plans } from '../../src/workspaces/plans.js';
import { agentOf, requestOf, revisions, type Agent, type McpAnswer, type Told } from '../support/agent-by-hand.js';
import { createWorld, keyOf, type World } from '../support/agent-world.js';
import { createTenant, startServer, type TestServer } from '../support/app.js';
import { clientOf } from '../support/client.js';
import { createBot, operator } from '../support/factories.js';
import { memberOf } from '../support/people.js';
import { Receiver } from '../support/receiver.js';

/** What each thing that a client may get wrong is answered with. */
describe('what agents get for bad input', () => {
  let server: TestServer;
  let receiver: Receiver;
  let world: World;
  let agent: Agent;
  let old: Agent;

  before(async () => {
    server = await startServer();
    receiver = await Receiver.start();
    world = await createWorld(server, receiver);
    agent = agentOf(server.url, world.tenant.key);
    old = agentOf(server.url, world.tenant.key, { era: 'legacy' });
  });
  after(async () => {
    await server?.stop();
    await receiver?.stop();
  });

  const rpc = ({ status, body }: McpAnswer) => ({ status, code: body.error?.code as number });
  const refused = ({ isError, text }: Told) => {
    expect(isError, text).to.equal(true);
    return JSON.parse(text).error;
  };
  const asked = (method: string, params: object = {}) => requestOf('modern', method, params);

  describe('in the key', () => {
    const withKey = async (authorization: string | null, more: Record<string, string> = {}) => {
      const { body, headers } = asked('tools/list');
      const sent = { ...headers, ...more, ...(authorization !== null && { Authorization: authorization }) };
      return await agentOf(server.url).post(body, sent);
    };

    for (const [name, given, why] of [
      ['none', null, /missing/],
      ['another scheme', 'Basic aW96ZW46aW96ZW4=', /malformed/],
      ['half a header', 'Bearer', /malformed/],
      ['a wrong checksum', 'Bearer iozen_live_00000000000000000000000000000000', /malformed/],
      ['an unknown key', `Bearer ${newApiKeyText()}`, /unknown/],
    ] as const) {
      it(`answers 401 as JSON, with how a key is shown and without a word of OAuth, for ${name}`, async () => {
        const { status, headers, body } = await withKey(given);
        expect(status).to.equal(401);
        expect(headers.get('content-type')).to.match(/^application\/json/);
        expect(headers.get('www-authenticate')).to.equal('Bearer realm="iozen"');
        expect(JSON.stringify(body))
          .to.match(why)
          .and.not.match(/oauth|resource_metadata/i);
      });
    }

    it('answers alike for a key that is revoked, that has expired, and that never was', async () => {
      const unlike = (key: string) => async () => {
        const { status, body } = await withKey(`Bearer ${key}`);
        delete body.error.data.request_id;
        return { status, body };
      };
      const revoked = await keyOf(server, world.tenant.workspaceId, scopes);
      await keyOf(server, world.tenant.workspaceId, scopes);
      const expired = await keyOf(server, world.tenant.workspaceId, scopes, {
        expiresAt: new Date(Date.now() - 1_000),
      });
      const [never, one, other] = await Promise.all(
        [newApiKeyText(), revoked, expired].map(async (key) => await unlike(key)()),
      );
      expect(one).to.deep.equal(never);
      expect(other).to.deep.equal(never);
    });

    it('answers 401 to an address that the key may not be used from', async () => {
      const key = await keyOf(server, world.tenant.workspaceId, scopes, { allowedCidrs: ['203.0.113.0/24'] });
      expect((await withKey(`Bearer ${key}`)).status).to.equal(401);
    });

    it("answers 401 to a person's session", async () => {
      const { cookie } = await memberOf(server.app, world.tenant, 'OWNER');
      expect((await withKey(null, { Cookie: cookie ?? '' })).status).to.equal(401);
    });

    it('answers 401, saying why, where Owners let no agents in, and nothing changes at the other doors', async () => {
      const closed = await createTenant(server.app);
      const owner = await operator(server.app, closed.workspaceId);
      const agentThere = agentOf(server.url, closed.key);
      expect((await agentThere.ask('tools/list')).status).to.equal(200);
      const switched = async (agentsMayConnect: boolean) => {
        await server.app.workspaces.update(owner, () => ({ agentsMayConnect }));
      };
      await switched(false);
      const refusedThere = await agentThere.ask('tools/list');
      expect(refusedThere.status).to.equal(401);
      expect(JSON.stringify(refusedThere.body)).to.match(/agents/i);
      expect((await clientOf(server.url, closed.key).rest('GET', '/me')).status).to.equal(200);
      await switched(true);
      expect((await agentThere.ask('tools/list')).status).to.equal(200);
    });

    it('lists no tool to a key for trusted documents alone, and says so to its calls', async () => {
      const key = await keyOf(server, world.tenant.workspaceId, scopes, { documentsOnly: true });
      const narrow = agentOf(server.url, key);
      expect(await narrow.list()).to.deep.equal([]);
      expect(refused(await narrow.call('get_workspace')).message).to.match(/trusted documents/);
    });
  });

  describe('in the address', () => {
    it('answers 403 to a foreign Origin, in JSON-RPC without an id, and lets in our own and none', async () => {
      const { body, headers } = asked('tools/list');
      const from = async (Origin: string) => await agent.post(body, { ...headers, Origin });
      for (const origin of ['https://evil.example', 'null', 'http://localhost:1', `${server.url}.evil.example`]) {
        const answer = await from(origin);
        expect({ status: answer.status, id: answer.body.id, version: answer.body.jsonrpc }, origin).to.deep.equal({
          status: 403,
          id: null,
          version: '2.0',
        });
        expect(answer.body.error, origin).to.be.an('object');
      }
      expect((await from(server.url)).status).to.equal(200);
      expect((await agent.post(body, headers)).status).to.equal(200);
    });

    it('takes POST alone, with a key and without', async () => {
      for (const key of [world.tenant.key, undefined]) {
        for (const method of ['GET', 'DELETE', 'HEAD', 'PUT', 'PATCH']) {
          const headers = { Accept: 'text/event-stream', ...(key !== undefined && { Authorization: `Bearer ${key}` }) };
          const answer = await fetch(`${server.url}/mcp`, { method, headers });
          await answer.text();
          expect({ status: answer.status, allow: answer.headers.get('allow') }, method).to.deep.equal({
            status: 405,
            allow: 'POST',
          });
        }
      }
    });

    it('knows nothing of OAuth: 404 in the JSON envelope', async () => {
      for (const path of [
        'oauth-protected-resource',
        'oauth-protected-resource/mcp',
        'oauth-authorization-server',
        'oauth-authorization-server/mcp',
        'openid-configuration',
        'openid-configuration/mcp',
      ]) {
        const answer = await fetch(`${server.url}/.well-known/${path}`);
        expect(answer.status, path).to.equal(404);
        const told = (await answer.json()) as { success: boolean; error: { code: string } };
        expect([told.success, told.error.code], path).to.deep.equal([false, 'resource_not_found']);
      }
      for (const path of ['/mcp/.well-known/openid-configuration', '/register', '/authorize', '/token']) {
        expect((await fetch(`${server.url}${path}`, { method: 'POST' })).status, path).to.equal(404);
      }
    });
  });

  describe('in the message', () => {
    it('answers 400 with -32700 for what is no JSON, and with -32600 for what is no request', async () => {
      const { headers } = asked('tools/list');
      for (const text of ['', 'nonsense', '{"jsonrpc":', '\u0000', '{"a":1}}']) {
        expect(rpc(await agent.post(text, headers)), text).to.deep.equal({ status: 400, code: -32700 });
      }
      const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
      for (const body of [
        [list],
        [],
        'text',
        7,
        null,
        true,
        { jsonrpc: '2.0', id: 1 },
        { ...list, method: 5 },
        { id: 1 },
      ]) {
        const text = JSON.stringify(body);
        expect(rpc(await agent.post(text, headers)), text).to.deep.equal({ status: 400, code: -32600 });
      }
    });

    it('answers 415 for another content type, and 406 where neither JSON nor a stream is read', async () => {
      const { body, headers } = asked('tools/list');
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=utf-16']) {
        expect((await agent.post(body, { ...headers, 'Content-Type': type })).status, type).to.equal(415);
      }
      expect((await agent.post(body, { ...headers, Accept: 'text/html' })).status).to.equal(406);
      for (const accept of ['application/json', 'text/event-stream', '*/*', 'application/json;q=0.5, text/html']) {
        expect((await agent.post(body, { ...headers, Accept: accept })).status, accept).to.equal(200);
      }
    });

    it('answers 413 beyond 256 KiB, announced or not, and takes what is as large as that', async () => {
      const { body, headers } = asked('tools/call', { name: 'get_workspace', arguments: {} });
      const sized = (bytes: number) => {
        const short = JSON.stringify(body);
        return short.replace('{', `{${' '.repeat(bytes - Buffer.byteLength(short))}`);
      };
      expect((await agent.post(sized(262_144), headers)).status).to.equal(200);
      expect((await agent.post(sized(262_145), headers)).status).to.equal(413);
      const streamed = await new Promise<number>((resolve, reject) => {
        const sent = { ...headers, Authorization: `Bearer ${world.tenant.key}`, 'Content-Type': 'application/json' };
        const outgoing = httpRequest(`${server.url}/mcp`, { method: 'POST', headers: sent }, (answer) => {
          answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
        });
        outgoing.on('error', reject);
        for (let sends = 0; sends < 5; sends += 1) outgoing.write(' '.repeat(65_536));
        outgoing.end('{}');
      });
      expect(streamed).to.equal(413);
    });

    it('answers 400: -32602 without the required _meta, -32020 where a header says otherwise, -32022 for a version that nobody speaks', async () => {
      const whole = asked('tools/list');
      const send = async (meta: object, headers: Record<string, string> = {}) => {
        const body = { ...whole.body, params: { _meta: meta } };
        return await agent.post(body, { ...whole.headers, ...headers });
      };
      const meta = (whole.body.params as unknown as { _meta: Record<string, unknown> })._meta;
      const version = 'io.modelcontextprotocol/protocolVersion';
      const capabilities = 'io.modelcontextprotocol/clientCapabilities';
      expect(rpc(await send({ [version]: revisions.modern }))).to.deep.equal({ status: 400, code: -32602 });
      expect(rpc(await send({ [capabilities]: {} }))).to.deep.equal({ status: 400, code: -32602 });
      expect((await send({ [version]: revisions.modern, [capabilities]: {} })).status).to.equal(200);
      expect(rpc(await send(meta, { 'Mcp-Method': 'tools/call' }))).to.deep.equal({ status: 400, code: -32020 });
      expect(rpc(await send(meta, { 'MCP-Protocol-Version': revisions.legacy }))).to.deep.equal({
        status: 400,
        code: -32020,
      });
      const named = asked('tools/call', { name: 'get_workspace', arguments: {} });
      const other = { ...named.headers, 'Mcp-Name': 'replay_webhooks' };
      expect(rpc(await agent.post(named.body, other))).to.deep.equal({ status: 400, code: -32020 });
      const future = await send({ ...meta, [version]: '2099-01-01' }, { 'MCP-Protocol-Version': '2099-01-01' });
      expect(rpc(future)).to.deep.equal({ status: 400, code: -32022 });
      expect(future.body.error.data.supported).to.include(revisions.modern);
    });

    it('answers an unknown method with -32601: by 404 today, by 200 in the era before', async () => {
      expect(rpc(await agent.ask('tools/destroy'))).to.deep.equal({ status: 404, code: -32601 });
      expect(rpc(await old.ask('tools/destroy'))).to.deep.equal({ status: 200, code: -32601 });
    });

    it('takes notifications with 202 and no body, and refuses a cursor that it never gave with -32602', async () => {
      const { status, body } = await old.post({ jsonrpc: '2.0', method: 'notifications/initialized' });
      expect([status, body]).to.deep.equal([202, '']);
      for (const method of ['tools/list', 'resources/list', 'prompts/list']) {
        expect((await agent.ask(method, { cursor: 'mine' })).body.error?.code, method).to.equal(-32602);
      }
    });
  });

  describe('in a call', () => {
    it('names the tools near an unknown one', async () => {
      const { error } = await agent.call('list_submissions');
      expect(error?.code).to.equal(-32602);
      expect(error?.message)
        .to.match(/unknown tool/i)
        .and.include('search_submissions');
      expect(error?.message).not.to.include('get_replay');
      for (const name of ['__proto__', 'constructor', 'toString', '', 'x'.repeat(500)]) {
        expect((await agent.call(name)).error?.code, name).to.equal(-32602);
      }
    });

    it('tells of a tool that the key has not the scope for, naming the scope', async () => {
      const narrow = agentOf(server.url, await keyOf(server, world.tenant.workspaceId, ['read:contacts']));
      const error = refused(await narrow.call('search_submissions'));
      expect(error).to.include({ code: 'insufficient_scopes' });
      expect(JSON.stringify(error)).to.include('read:submissions');
    });

    it('tells all that is wrong with the arguments, by path, with what is allowed', async () => {
      const error = refused(
        await agent.call('search_submissions', { intake_bot_id: 5, status: ['DONE'], limit: 5_000, nonsense: 1 }),
      );
      expect(error.code).to.equal('validation_failed');
      const paths = error.issues.map(({ path }: { path: string }) => path);
      expect(paths).to.include.members(['intake_bot_id', 'limit', 'nonsense']);
      const status = error.issues.find(({ path }: { path: string }) => path.startsWith('status'));
      expect(status.message)
        .to.match(/COMPLETED/)
        .and.match(/IN_PROGRESS/);
      for (const args of [[], 'text', 7]) {
        const { body } = await agent.ask('tools/call', { name: 'get_workspace', arguments: args });
        expect(body.error?.code ?? body.result?.isError, JSON.stringify(args)).to.be.oneOf([-32602, true]);
      }
    });

    it('tells in the spelling of REST what is wrong outside of the arguments, too', async () => {
      const bot = await createBot(server.app, world.tenant.workspaceId, { status: 'PAUSED' });
      const error = refused(await agent.call('create_submission', { intake_bot_id: bot.id, data: {} }));
      expect(error.message).to.match(/^(intake_bot\.status must be ACTIVE|The input has)/);
      expect(error.issues.map(({ path }: { path: string }) => path)).to.include('intake_bot.status');
    });

    it('takes the spelling of the other door silently', async () => {
      const { isError, text, data } = await agent.call('get_submission', { submissionId: world.submissionId });
      expect(isError, text).to.equal(false);
      expect(JSON.stringify(data)).to.include(world.submissionId);
    });

    it('answers alike for an id that is missing, foreign, malformed or of another kind, and says where ids come from', async () => {
      const other = await createTenant(server.app);
      const stranger = agentOf(server.url, other.key);
      for (const [tool, name, id, from] of [
        ['get_intake_bots', 'intake_bot_id', world.botId, 'get_intake_bots'],
        ['get_submission', 'submission_id', world.submissionId, 'search_submissions'],
        ['get_webhook_endpoints', 'endpoint_id', world.endpointId, 'get_webhook_endpoints'],
        ['get_delivery', 'delivery_id', world.deliveryId, 'search_deliveries'],
        ['get_replay', 'replay_id', world.replayId, 'replay_webhooks'],
        ['redeliver_webhook', 'delivery_id', world.deliveryId, 'search_deliveries'],
        ['send_test_event', 'endpoint_id', world.endpointId, 'get_webhook_endpoints'],
      ] as const) {
        const errors = [
          refused(await stranger.call(tool, { [name]: id })),
          ...(await Promise.all(
            [newId('message'), 'nonsense', `${id}x`, '%00'].map(async (given) =>
              refused(await agent.call(tool, { [name]: given })),
            ),
          )),
        ];
        for (const error of errors) {
          delete error.request_id;
          expect(error, tool).to.deep.equal(errors[0]);
        }
        expect(errors[0].code, tool).to.equal('resource_not_found');
        expect(JSON.stringify(errors[0]), tool).to.include(from).and.not.include(id);
      }
    });

    it('tells a workspace of the FREE plan, and one that is archived, as results', async () => {
      const free = await createTenant(server.app, 'PRO');
      await server.app.workspaces.change(free.workspaceId, { plan: 'FREE' });
      const archived = await createTenant(server.app);
      await server.app.workspaces.change(archived.workspaceId, { archived: true });
      for (const [{ key }, code] of [
        [free, 'feature_not_available'],
        [archived, 'workspace_archived'],
      ] as const) {
        for (const era of ['modern', 'legacy'] as const) {
          const told = await agentOf(server.url, key, { era }).call('search_submissions');
          expect(refused(told).code).to.equal(code);
        }
      }
    });

    it('tells a used-up budget as the result of a call, with when to come again, and as 429 otherwise', async () => {
      const poor = await createTenant(server.app, 'PRO');
      const spender = agentOf(server.url, poor.key);
      const { requestsPerMinute } = plans.PRO;
      for (let points = 0; points < requestsPerMinute; points += 1) {
        const { headers } = await spender.ask('tools/list');
        expect(headers.get('x-ratelimit-remaining')).to.equal(String(requestsPerMinute - points - 1));
      }
      const told = await spender.call('get_workspace');
      const error = refused(told);
      expect(error.code).to.equal('rate_limit_exceeded');
      expect(error.message).to.match(/\d+ s/);
      expect(Number(told.headers.get('retry-after'))).to.be.within(1, 60);
      expect(told.headers.get('x-ratelimit-remaining')).to.equal('0');
      expect(told.headers.get('ratelimit')).to.match(/r=0/);
      const listed = await spender.ask('tools/list');
      expect(listed.status).to.equal(429);
      expect(Number(listed.headers.get('retry-after'))).to.be.within(1, 60);
    });

    it('refuses an idempotency key that came with other arguments, and answers the same ones again', async () => {
      const args = { intake_bot_id: world.botId, data: { full_name: 'Once', email: 'once@example.com' } };
      const first = await agent.call('create_submission', { ...args, idempotency_key: 'same' });
      expect(first.isError, first.text).to.equal(false);
      const again = await agent.call('create_submission', { ...args, idempotency_key: 'same' });
      expect(again.data).to.deep.equal(first.data);
      const { rows } = await server.app.database.pool.query(
        `select id from submissions where data->>'email' = 'once@example.com'`,
      );
      expect(rows.length).to.equal(1);
      const other = { ...args, data: { full_name: 'Twice', email: 'twice@example.com' }, idempotency_key: 'same' };
      expect(refused(await agent.call('create_submission', other)).code).to.equal('idempotency_conflict');
      const malformed = refused(await agent.call('create_submission', { ...args, idempotency_key: '' }));
      expect(malformed.code).to.equal('validation_failed');
    });

    it('tells of a fault of ours by the id of the request, and nothing else', async () => {
      const broken = await startServer({ role: 'api' });
      try {
        const tenant = await createTenant(broken.app);
        await broken.app.database.pool.query('alter table contacts rename to elsewhere');
        const told = await agentOf(broken.url, tenant.key).call('search_contacts', {});
        const error = refused(told);
        expect(error.code).to.equal('internal_error');
        expect(error.request_id).to.equal(told.headers.get('x-request-id'));
        expect(told.text).not.to.match(/contacts|relation|select|42P01/i);
      } finally {
        await broken.stop();
      }
    });
  });

  describe('in a confirmation', () => {
    const range = () => ({
      endpoint_id: world.endpointId,
      since: new Date(Date.now() - 3_600_000).toISOString(),
      only: 'ALL',
    });
    const replays = async () => {
      const { rows } = await server.app.database.pool.query('select id from webhook_replays where not dry_run');
      return rows.length;
    };

    it('starts nothing without one, nor with one that is stale, forged or for something else, and tells the count', async () => {
      const before = await replays();
      const counted = await agent.call('replay_webhooks', range());
      expect(counted.isError, counted.text).to.equal(false);
      expect(counted.data.count).to.be.a('number');
      expect(counted.data).not.to.have.property('replay_id');
      const { count } = counted.data as { count: number };
      for (const confirm of [count + 1, String(count + 1), '0', 999_999_999, -1]) {
        const error = refused(await agent.call('replay_webhooks', { ...range(), dry_run: false, confirm }));
        expect(error.code, String(confirm)).to.equal('confirmation_stale');
        expect(error.message, String(confirm)).to.match(new RegExp(`\\b${count} events? now`));
      }
      for (const confirm of ['yes', '', `${count}.5`, [], {}]) {
        const error = refused(await agent.call('replay_webhooks', { ...range(), dry_run: false, confirm }));
        expect(error.code, JSON.stringify(confirm)).to.equal('validation_failed');
      }
      const without = await agent.call('replay_webhooks', { ...range(), dry_run: false });
      expect(without.isError, without.text).to.equal(true);
      expect(without.text).to.include(String(count));
      expect(await replays()).to.equal(before);
    });
  });
});
