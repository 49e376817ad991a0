import { expect } from 'chai';
import { toolsOf } from '../../src/mcp/tools.js';
import { toolsets, type Tool } from '../../src/mcp/tool.js';
import { scopes, type Plan, type Scope } from '../../src/platform/actor.js';
import { newId } from '../../src/platform/id.js';
import { plans } from '../../src/workspaces/plans.js';
import { agentOf, type Told } from '../support/agent-by-hand.js';
import { tokensMax, tokensOf } from '../support/told-to-agents.js';
import { argumentsIn, createWorld, keyOf, type World } from '../support/agent-world.js';
import { createTenant, startServer, type TestServer } from '../support/app.js';
import { Receiver } from '../support/receiver.js';
import { startTappedServer, type TappedServer } from '../support/wiretap.js';

/** These send what events tell of: so they want the scope of that, too. A test event tells of nobody. */
const sends = new Set(['redeliver_webhook', 'replay_webhooks']);

/** Every tool against every way of being allowed, and of not being. */
describe('access to tools', function () {
  this.timeout(120_000);
  let server: TestServer;
  /** Works no jobs, so that what it asks of the database is what its callers asked of it. */
  let tapped: TappedServer;
  let receiver: Receiver;
  let world: World;
  let tools: Tool[];
  let given: Record<string, object>;
  const limit = plans.BUSINESS.requestsPerMinute;

  before(async () => {
    server = await startServer();
    tapped = await startTappedServer({ role: 'api', beside: server });
    receiver = await Receiver.start();
    world = await createWorld(server, receiver);
    given = argumentsIn(world);
    tools = toolsOf(server.app, '1');
    plans.BUSINESS.requestsPerMinute = 1_000_000;
  });
  after(async () => {
    plans.BUSINESS.requestsPerMinute = limit;
    await tapped?.stop();
    await server?.stop();
    await receiver?.stop();
  });

  const namesOf = (listed: readonly { name: string }[]) => listed.map(({ name }) => name);
  const codeIn = ({ isError, text, error }: Told): string | null => {
    if (error !== null) return String(error.code);
    if (!isError) return null;
    const found = JSON.parse(text) as { error: { code: string } };
    return found.error.code;
  };
  const call = async (tool: Tool, key: string, args = given[tool.name], options = {}) =>
    await agentOf(server.url, key, options).call(tool.name, args);

  it('has arguments here for every tool, and for no other', () => {
    expect(Object.keys(given)).to.have.members(namesOf(tools));
  });

  it('is as it was published: names, scopes and hints are an interface', () => {
    const [yes, no] = [true, false];
    const published = tools.map(({ name, scope, toolset, hints }) => [
      name,
      scope,
      toolset,
      hints.readOnlyHint,
      hints.destructiveHint,
      hints.idempotentHint,
      hints.openWorldHint,
    ]);
    expect(published).to.have.deep.members([
      ['get_workspace', null, null, yes, no, yes, no],
      ['get_intake_bots', 'read:intake-bots', 'intake', yes, no, yes, no],
      ['search_submissions', 'read:submissions', 'intake', yes, no, yes, no],
      ['get_submission', 'read:submissions', 'intake', yes, no, yes, no],
      ['create_submission', 'write:intake-bots', 'intake', no, no, yes, no],
      ['search_contacts', 'read:contacts', 'intake', yes, no, yes, no],
      ['search_records', 'read:records', 'intake', yes, no, yes, no],
      ['get_webhook_endpoints', 'manage:webhooks', 'webhooks', yes, no, yes, no],
      ['search_deliveries', 'manage:webhooks', 'webhooks', yes, no, yes, no],
      ['get_delivery', 'manage:webhooks', 'webhooks', yes, no, yes, no],
      ['get_replay', 'manage:webhooks', 'webhooks', yes, no, yes, no],
      ['redeliver_webhook', 'manage:webhooks', 'webhooks', no, no, no, yes],
      ['send_test_event', 'manage:webhooks', 'webhooks', no, no, no, yes],
      ['replay_webhooks', 'manage:webhooks', 'webhooks', no, yes, yes, yes],
    ]);
  });

  it('lists each tool with all four hints, a title, both schemas as objects, and not more than its tokens', async () => {
    const listed = await agentOf(server.url, world.tenant.key).list();
    for (const tool of listed) {
      expect(Object.keys(tool.annotations), tool.name).to.include.members(Object.keys(tools[0]?.hints ?? {}));
      expect(tool.title, tool.name).to.be.a('string');
      expect([tool.inputSchema.type, tool.outputSchema.type], tool.name).to.deep.equal(['object', 'object']);
      expect(tool.description, tool.name).not.to.match(/important|must|never|always/i);
      expect(tokensOf(tool), tool.name).to.be.at.most(tokensMax.tool);
    }
    expect(tokensOf({ tools: listed })).to.be.at.most(tokensMax.list);
  });

  it('lists the same tools in the same order each time, in both eras', async () => {
    const lists = await Promise.all(
      (['modern', 'legacy', 'modern'] as const).map(
        async (era) => await agentOf(server.url, world.tenant.key, { era }).list(),
      ),
    );
    expect(lists[1]).to.deep.equal(lists[0]);
    expect(lists[2]).to.deep.equal(lists[0]);
    expect(namesOf(lists[0] ?? [])).to.deep.equal(namesOf(tools));
  });

  const subsets: (readonly Scope[])[] = [
    [],
    ...scopes.map((scope) => [scope]),
    ...scopes.map((scope) => scopes.filter((one) => one !== scope)),
    scopes,
  ];
  for (const granted of subsets) {
    it(`lists and calls exactly what a key may with ${granted.join(', ') || 'no scope'}`, async () => {
      const key = await keyOf(server, world.tenant.workspaceId, granted);
      const may = ({ scope }: Tool) => scope === null || granted.includes(scope);
      expect(namesOf(await agentOf(server.url, key).list())).to.deep.equal(namesOf(tools.filter(may)));
      for (const tool of tools) {
        const told = await call(tool, key);
        const lacks = may(tool) && sends.has(tool.name) && !granted.includes('read:submissions');
        if (may(tool) && !lacks) expect(codeIn(told), `${tool.name}: ${told.text}`).to.equal(null);
        else {
          expect(codeIn(told), tool.name).to.equal('insufficient_scopes');
          expect(told.text, tool.name).to.include(lacks ? 'read:submissions' : tool.scope);
        }
      }
    });
  }

  it('leaves bodies out of a delivery for a key that may not read what events tell of', async () => {
    const key = await keyOf(server, world.tenant.workspaceId, ['manage:webhooks']);
    const told = await agentOf(server.url, key).call('get_delivery', given['get_delivery']);
    expect(JSON.stringify(told.result)).not.to.include('Ada').and.not.include('@example.com');
    const whole = await agentOf(server.url, world.tenant.key).call('get_delivery', given['get_delivery']);
    expect(JSON.stringify(whole.data)).to.include('Ada');
  });

  for (const plan of Object.keys(plans) as Plan[]) {
    it(`lists and calls exactly what the plan ${plan} has`, async () => {
      const tenant = await createTenant(server.app);
      await server.app.workspaces.change(tenant.workspaceId, { plan });
      const agent = agentOf(server.url, tenant.key);
      const has = ({ feature }: Tool) => plans[plan].api && (feature === null || plans[plan][feature]);
      expect(namesOf(await agent.list())).to.deep.equal(namesOf(tools.filter(has)));
      for (const tool of tools) {
        const code = codeIn(await agent.call(tool.name, given[tool.name]));
        if (!has(tool)) expect(code, tool.name).to.equal('feature_not_available');
        else expect(code, tool.name).to.be.oneOf([null, 'resource_not_found']);
      }
    });
  }

  it('lists nothing to an archived workspace, and tells it so', async () => {
    const tenant = await createTenant(server.app);
    await server.app.workspaces.change(tenant.workspaceId, { archived: true });
    const agent = agentOf(server.url, tenant.key);
    expect(await agent.list()).to.deep.equal([]);
    for (const tool of tools)
      expect(codeIn(await agent.call(tool.name, given[tool.name])), tool.name).to.equal('workspace_archived');
  });

  it('shows nothing of another workspace, whatever id it is asked for', async () => {
    const stranger = await createTenant(server.app);
    const ids = Object.values(world).filter((id): id is string => typeof id === 'string');
    for (const tool of tools) {
      const told = await call(tool, stranger.key);
      const named = Object.keys(given[tool.name] ?? {}).some((name) => name.endsWith('_id'));
      if (named && codeIn(told) === null) expect(rowsIn(told), `${tool.name}: ${told.text}`).to.equal(0);
      for (const id of ids) expect(JSON.stringify(told.result ?? {}), tool.name).not.to.include(id);
      // As it is for an id that nobody has.
      const made = Object.entries(given[tool.name] ?? {}).map(([name, value]) => [
        name,
        name.endsWith('_id') ? newId('message') : value,
      ]);
      const missing = await call(tool, stranger.key, Object.fromEntries(made));
      expect(codeIn(missing), tool.name).to.equal(codeIn(told));
    }
  });

  it('takes what writes away from a client that says so, in a header or in the address', async () => {
    const reading = namesOf(tools.filter(({ hints }) => hints.readOnlyHint));
    for (const options of [{ headers: { 'X-MCP-Readonly': 'true' } }, { search: '?read_only=true' }]) {
      const agent = agentOf(server.url, world.tenant.key, options);
      expect(namesOf(await agent.list())).to.deep.equal(reading);
      const before = await rowsWritten();
      for (const tool of tools.filter(({ hints }) => !hints.readOnlyHint)) {
        expect(codeIn(await agent.call(tool.name, given[tool.name])), tool.name).to.not.equal(null);
      }
      expect(await rowsWritten()).to.deep.equal(before);
    }
    for (const search of ['?read_only=false', '?read_only=']) {
      expect((await agentOf(server.url, world.tenant.key, { search }).list()).length, search).to.equal(tools.length);
    }
  });

  it('takes the tools of other sets away from a client that names sets', async () => {
    for (const named of [[], ...toolsets.map((one) => [one]), toolsets]) {
      const agent = agentOf(server.url, world.tenant.key, { search: `?toolsets=${named.join(',')}` });
      const within = tools.filter(({ toolset }) => toolset === null || (named as readonly string[]).includes(toolset));
      expect(namesOf(await agent.list()), named.join()).to.deep.equal(namesOf(within));
      const other = tools.find((tool) => !within.includes(tool));
      if (other !== undefined) expect(codeIn(await agent.call(other.name, given[other.name]))).to.equal('-32602');
    }
  });

  it('answers a call alike, whether it is plain or has something that the library of the protocol must look at', async () => {
    const agent = agentOf(server.url, world.tenant.key);
    const { replay_webhooks: replay } = given;
    const calls: [name: string, args: object | undefined, more?: object][] = [
      ...tools
        .filter(({ hints }) => hints.readOnlyHint)
        .map(({ name }): [string, object | undefined] => [name, given[name]]),
      ['search_submissions', { limit: 'x', nothing: 1 }],
      ['get_submission', { submission_id: 'nonsense' }],
      ['get_workspace', undefined],
      ['unknown', {}],
      ['replay_webhooks', { ...replay, dry_run: false }, { capabilities: { elicitation: {} } }],
      ['replay_webhooks', { ...replay, dry_run: false }, { capabilities: { elicitation: { form: {} }, roots: {} } }],
    ];
    for (const [name, args, more] of calls) {
      const params = { name, ...(args !== undefined && { arguments: args }) };
      const plain = await agent.ask('tools/call', params, more);
      const other = await agent.ask('tools/call', params, { ...more, meta: { 'example.com/other': 1 } });
      expect(masked(plain.body), name).to.deep.equal(masked(other.body));
      expect(plain.status, name).to.equal(other.status);
    }
  });

  /** Without what is another in each answer: its id, boundaries, sealed states, times, points. */
  function masked({ id: _id, ...body }: Record<string, unknown>): unknown {
    const text = JSON.stringify(body)
      .replaceAll(/untrusted-[0-9a-f]{32}/g, 'boundary')
      .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'uuid')
      .replaceAll(/"requestState":"[^"]+"/g, '"requestState":"state"')
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'time')
      .replaceAll(/\d+ of \d+ points/g, 'points')
      .replaceAll(/"remaining":\d+/g, '"remaining":0');
    return JSON.parse(text);
  }

  it('writes nothing by a tool that says it reads', async () => {
    for (const tool of tools.filter(({ hints }) => hints.readOnlyHint)) {
      const read = async () => await agentOf(tapped.url, world.tenant.key).call(tool.name, given[tool.name]);
      expect((await read()).isError, tool.name).to.equal(false);
      const statements = await tapped.tap.statementsOf(read);
      const writes = statements.filter((text) =>
        /\b(insert|update|delete|nextval)\b/i.test(text.replace(/for update/gi, '')),
      );
      // Which key was used, and of which points: what every request writes, whatever it asks.
      const own = writes.filter((text) => !/rate_limit|api_keys|last_used/i.test(text));
      expect(own.join('\n'), tool.name).to.equal('');
    }
  });

  const rowsIn = ({ data }: Told): number =>
    Object.values(data as Record<string, unknown>).reduce<number>(
      (sum, value) => sum + (Array.isArray(value) ? value.length : 0),
      0,
    );

  async function rowsWritten(): Promise<unknown> {
    const { rows } = await server.app.database.pool.query(`
      select (select count(*) from submissions)::int as submissions, (select count(*) from webhook_attempts)::int as attempts,
        (select count(*) from webhook_replays)::int as replays
    `);
    return rows[0];
  }
});
