import { expect } from 'chai';
import { Agent, modern, rawMcp } from '../support/agent.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf } from '../support/client.js';
import { createBot, createSubmission, operator } from '../support/factories.js';
import { Receiver } from '../support/receiver.js';

describe('a replay that an agent asks for', function () {
  this.timeout(60_000);
  let server: TestServer;
  let tenant: Tenant;
  let receiver: Receiver;
  let args: { endpoint_id: string; since: string; only: string };
  let bot: Awaited<ReturnType<typeof createBot>>;

  before(async () => {
    server = await startServer();
    receiver = await Receiver.start();
  });
  after(async () => {
    await server.stop();
    await receiver.stop();
  });
  beforeEach(async () => {
    tenant = await createTenant(server.app);
    bot = await createBot(server.app, tenant.workspaceId);
    const { rest } = clientOf(server.url, tenant.key);
    const made = await rest('POST', '/webhooks', { url: receiver.url, events: ['submission.completed'] });
    args = { endpoint_id: made.body.data.webhook.id, since: '2026-01-01T00:00:00Z', only: 'ALL' };
    const arrived = receiver.received.length + 2;
    await createSubmission(server.app, bot);
    await createSubmission(server.app, bot);
    await receiver.arrived(arrived);
  });

  const replays = async () => {
    const { graphql } = clientOf(server.url, tenant.key);
    const { body } = await graphql('{ replays { nodes { id dryRun } } }');
    return body.data.replays.nodes.filter(({ dryRun }: { dryRun: boolean }) => !dryRun).length as number;
  };
  const secondKey = async () => {
    const { workspaceId } = tenant;
    const input = {
      name: 'Another',
      scopes: ['manage:webhooks', 'read:submissions'],
      allowedCidrs: [],
      documentsOnly: false,
    };
    return await server.app.database.transaction(async (tx) => {
      return (await server.app.apiKeys.insert(tx, workspaceId, input as never)).secret;
    });
  };

  it('only counts at first, then sends what its person has agreed to', async () => {
    let asked = 0;
    const person = () => {
      asked += 1;
      return { action: 'accept' as const, content: { send: true } };
    };
    const agent = await Agent.connect(server.url, tenant.key, { person });
    const counted = await agent.call('replay_webhooks', args);
    expect(counted).to.include({ state: 'counted', count: 2, only: 'ALL' }).and.not.have.property('replay_id');
    expect([asked, await replays()]).to.deep.equal([0, 0]);
    const arrived = receiver.received.length + 2;
    const started = await agent.call('replay_webhooks', { ...args, dry_run: false });
    expect(started.state).to.equal('started');
    expect([asked, await replays()]).to.deep.equal([1, 1]);
    await receiver.arrived(arrived);
    await agent.close();
  });

  it('sends nothing when its person declines', async () => {
    for (const person of [
      () => ({ action: 'decline' as const }),
      () => ({ action: 'accept' as const, content: { send: false } }),
    ]) {
      const agent = await Agent.connect(server.url, tenant.key, { person });
      const answer = await agent.call('replay_webhooks', { ...args, dry_run: false });
      expect(answer).to.include({ state: 'declined', count: 2 });
      await agent.close();
    }
    expect(await replays()).to.equal(0);
  });

  it('needs the count that this key was told, where the client cannot ask', async () => {
    const agent = await Agent.connect(server.url, tenant.key);
    const confirmed = (confirm?: unknown) => ({ ...args, dry_run: false, ...(confirm !== undefined && { confirm }) });
    const unasked = await agent.refusal('replay_webhooks', confirmed());
    expect(unasked).to.include({ code: 'confirmation_stale', count: 2 });
    const wrong = await agent.refusal('replay_webhooks', confirmed(7));
    expect(wrong).to.include({ code: 'confirmation_stale', count: 2 });
    const other = await Agent.connect(server.url, await secondKey());
    // The other key was told nothing: a refusal tells it, and from then on it may confirm.
    expect((await other.refusal('replay_webhooks', confirmed(2))).code).to.equal('confirmation_stale');
    await createSubmission(server.app, bot);
    await receiver.arrived(receiver.received.length + 1).catch(() => undefined);
    expect(await replays()).to.equal(0);
    // What came since is not part of what was agreed to.
    const started = await agent.call('replay_webhooks', confirmed('2'));
    const done = await agent.call('get_replay', { replay_id: started.replay_id, wait_seconds: 20 });
    expect(done).to.include({ status: 'DONE', done: 2 });
    await Promise.all([agent.close(), other.close()]);
  });

  it("tells the count anew for an old, a forged, and another key's question", async () => {
    const asking = (params: object) => {
      const { body, headers } = modern('tools/call', { name: 'replay_webhooks', ...params });
      const meta = (body as { params: { _meta: Record<string, unknown> } }).params._meta;
      meta['io.modelcontextprotocol/clientCapabilities'] = { elicitation: { form: {} } };
      return { body, headers };
    };
    const ask = async (key: string, params: object) => {
      const { body, headers } = asking({ arguments: { ...args, dry_run: false }, ...params });
      return (await rawMcp(server.url, key, body, headers)).json.result;
    };
    const question = await ask(tenant.key, {});
    expect(question.resultType).to.equal('input_required');
    expect(question.inputRequests.send.params.message).to.include('2 events');
    const inputResponses = { send: { action: 'accept', content: { send: true } } };
    const { requestState } = question;
    const expectStale = (result: { isError: boolean; content: { text: string }[] }) => {
      expect(result.isError).to.equal(true);
      expect(JSON.parse(result.content[0]?.text ?? '').error).to.include({ code: 'confirmation_stale', count: 2 });
    };
    expectStale(await ask(await secondKey(), { requestState, inputResponses }));
    expectStale(await ask(tenant.key, { requestState: `${requestState.slice(0, -4)}AAAA`, inputResponses }));
    expectStale(await ask(tenant.key, { requestState: 'made up', inputResponses }));
    const others = { ...args, dry_run: false, since: '2026-02-01T00:00:00Z' };
    expectStale(await ask(tenant.key, { requestState, inputResponses, arguments: others }));
    expect(await replays()).to.equal(0);
    const started = await ask(tenant.key, { requestState, inputResponses });
    expect(started.structuredContent.state).to.equal('started');
    expectStale(await ask(tenant.key, { requestState, inputResponses }));
    expect(await replays()).to.equal(1);
  });

  it('begins once for each confirmation, though the same call is made again when it is done', async () => {
    const isDone = async (agent: Agent, id: string) =>
      expect(await agent.call('get_replay', { replay_id: id, wait_seconds: 20 })).to.include({ status: 'DONE' });
    const agent = await Agent.connect(server.url, tenant.key);
    const { count } = await agent.call('replay_webhooks', args);
    const confirmed = { ...args, dry_run: false, confirm: count };
    const started = await agent.call('replay_webhooks', confirmed);
    await isDone(agent, started.replay_id);
    const again = await agent.refusal('replay_webhooks', confirmed);
    expect(again).to.include({ code: 'confirmation_stale', count: 2 });
    expect(await replays()).to.equal(1);
    // The refusal told the count anew, which the person may agree to.
    await isDone(agent, (await agent.call('replay_webhooks', confirmed)).replay_id);
    expect(await replays()).to.equal(2);
    await agent.close();
  });

  it('is one for all calls under an idempotency key', async () => {
    const agent = await Agent.connect(server.url, tenant.key);
    const { count } = await agent.call('replay_webhooks', args);
    const asked = { ...args, dry_run: false, confirm: count, idempotency_key: 'once' };
    const first = await agent.call('replay_webhooks', asked);
    const again = await agent.call('replay_webhooks', asked);
    expect(again).to.deep.equal(first);
    const { confirm: _, ...unconfirmed } = asked;
    expect(await agent.call('replay_webhooks', unconfirmed)).to.deep.equal(first);
    expect(await replays()).to.equal(1);
    const other = await agent.refusal('replay_webhooks', { ...asked, only: 'FAILED' });
    expect(other).to.include({ code: 'idempotency_conflict' });
    expect(await agent.refusal('replay_webhooks', { ...asked, idempotency_key: '' })).to.include({
      code: 'validation_failed',
    });
    await agent.close();
  });

  it('is followed until the key is revoked, and not a second longer', async () => {
    const agent = await Agent.connect(server.url, tenant.key);
    const { count } = await agent.call('replay_webhooks', { ...args, rate_per_second: 1 });
    const slow = { ...args, rate_per_second: 1, dry_run: false, confirm: count };
    for (let more = 0; more < 8; more += 1) await createSubmission(server.app, bot);
    const told = await agent.call('replay_webhooks', { ...args, rate_per_second: 1 });
    const { replay_id: id } = await agent.call('replay_webhooks', { ...slow, confirm: told.count });
    const key = (await agent.call('get_workspace')).key.id;
    const call = modern('tools/call', { name: 'get_replay', arguments: { replay_id: id, wait_seconds: 30 } });
    const { _meta } = (call.body as { params: { _meta: Record<string, unknown> } }).params;
    let endedAt = 0;
    const following = async (progressToken: string | null) => {
      if (progressToken !== null) _meta['progressToken'] = progressToken;
      const answer = await rawMcp(server.url, tenant.key, call.body, call.headers);
      endedAt = performance.now();
      return answer;
    };
    const whole = following(null);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const streamed = following('p');
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    const revokedAt = performance.now();
    await server.app.apiKeys.revoke(await operator(server.app, tenant.workspaceId), key);
    const [one, other] = await Promise.all([whole, streamed]);
    expect(endedAt - revokedAt).to.be.lessThan(1_000);
    expect([one.status, one.json.error.data.code]).to.deep.equal([401, 'authentication_required']);
    expect(other.text).to.include('notifications/progress').and.to.include('authentication_required');
    expect((await rawMcp(server.url, tenant.key, call.body, call.headers)).status).to.equal(401);
    await agent.close();
  });
});
