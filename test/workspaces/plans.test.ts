import { expect } from 'chai';
import { monthOf } from '../../src/workspaces/workspace.service.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf, type Answer } from '../support/client.js';
import { createBot, createSubmission } from '../support/factories.js';
import { codeOf, memberOf } from '../support/people.js';

const restCode = ({ body }: Answer<{ success: boolean; error?: { code: string } }>) => body.error?.code ?? null;

describe('plans', () => {
  let server: TestServer;

  before(async () => {
    server = await startServer({ role: 'api' });
  });

  after(async () => {
    await server.stop();
  });

  it('give a Pro key 100 requests in 60 seconds, over both doors: of 130 at once exactly 100 pass', async () => {
    const pro = await createTenant(server.app, 'PRO');
    const client = clientOf(server.url, pro.key);
    const answers = await Promise.all([
      ...Array.from({ length: 65 }, async () => restCode(await client.rest('GET', '/intake-bots'))),
      ...Array.from({ length: 65 }, async () => codeOf(await client.graphql('{ viewer { scopes } }'))),
    ]);
    expect(answers.filter((code) => code === null)).to.have.length(100);
    expect(answers.filter((code) => code === 'rate_limit_exceeded')).to.have.length(30);
  });

  it('tell a key how its budget stands, over both doors', async () => {
    const { key } = await createTenant(server.app, 'PRO');
    const client = clientOf(server.url, key);
    expect((await client.rest('GET', '/intake-bots')).headers.get('x-ratelimit-remaining')).to.equal('99');
    const { rateLimit } = (await client.graphql('{ rateLimit { limit remaining resetAt } }')).body.data;
    expect(rateLimit).to.include({ limit: 100, remaining: 98 });
    expect(Date.parse(rateLimit.resetAt) - Date.now()).to.be.within(55_000, 60_200);
  });

  it('take effect at once when they change', async () => {
    const tenant = await createTenant(server.app, 'PRO');
    const client = clientOf(server.url, tenant.key);
    const limitNow = async () => (await client.rest('GET', '/intake-bots')).headers.get('x-ratelimit-limit');
    expect(await limitNow()).to.equal('100');
    await server.app.workspaces.change(tenant.workspaceId, { plan: 'BUSINESS' });
    expect(await limitNow()).to.equal('500');
    await server.app.workspaces.change(tenant.workspaceId, { plan: 'FREE' });
    const refused = await client.rest('GET', '/intake-bots');
    expect(refused.body.error).to.deep.include({ code: 'feature_not_available', details: { feature: 'api' } });
    expect(codeOf(await client.graphql('{ viewer { scopes } }'))).to.equal('feature_not_available');
    await server.app.workspaces.change(tenant.workspaceId, { plan: 'PRO' });
    expect(await limitNow()).to.equal('100');
  });

  it('leave a Free workspace to its people', async () => {
    const free = await createTenant(server.app, 'FREE');
    const owner = await memberOf(server.app, free, 'OWNER');
    const answer = await owner.graphql(
      '{ workspace { plan limits { api requestsPerMinute apiKeys webhookEndpoints } } }',
    );
    expect(answer.body.data.workspace).to.deep.equal({
      plan: 'FREE',
      limits: { api: false, requestsPerMinute: 0, apiKeys: 0, webhookEndpoints: 0 },
    });
    const key = await owner.graphql(
      'mutation { createApiKey(input: { name: "x", scopes: ["read:contacts"] }) { secret } }',
    );
    expect(key.body.errors[0].extensions).to.deep.include({
      code: 'plan_limit_exceeded',
      details: { resource: 'api_keys', current: 0, max: 0 },
    });
  });

  it('close an archived workspace to its keys and its people', async () => {
    const tenant = await createTenant(server.app);
    const owner = await memberOf(server.app, tenant, 'OWNER');
    const bot = await createBot(server.app, tenant.workspaceId);
    await server.app.workspaces.change(tenant.workspaceId, { archived: true });
    const client = clientOf(server.url, tenant.key);
    expect(restCode(await client.rest('GET', `/intake-bots/${bot.id}`))).to.equal('workspace_archived');
    expect(codeOf(await client.graphql('{ viewer { scopes } }'))).to.equal('workspace_archived');
    expect(codeOf(await owner.graphql('{ viewer { role } }'))).to.equal('workspace_archived');
  });

  describe('count submissions', () => {
    let tenant: Tenant;
    let botId: string;
    const input = { data: { full_name: 'Ada Lovelace', email: 'ada@example.com' } };
    const create = async (raw: object = {}) =>
      clientOf(server.url, tenant.key).rest('POST', `/intake-bots/${botId}/submissions`, { ...input, ...raw });

    beforeEach(async () => {
      tenant = await createTenant(server.app, 'PRO');
      const bot = await createBot(server.app, tenant.workspaceId);
      botId = bot.id;
      await createSubmission(server.app, bot);
      await server.app.database.manager.query(
        'update workspace_usage set submissions = 4995 where workspace_id = $1 and month = $2',
        [tenant.workspaceId, monthOf(new Date())],
      );
    });

    it('exactly, however many come at once', async () => {
      const answers = await Promise.all(Array.from({ length: 40 }, async () => create()));
      expect(answers.filter(({ status }) => status === 200)).to.have.length(5);
      const refused = answers.filter(({ status }) => status === 429);
      expect(refused).to.have.length(35);
      expect(refused[0]?.body.error).to.deep.include({
        code: 'plan_limit_exceeded',
        details: { resource: 'submissions', current: 5_000, max: 5_000 },
      });
      const usage = await (
        await memberOf(server.app, tenant, 'OWNER')
      ).graphql('{ workspace { limits { submissionsPerMonth } usage { submissionsThisMonth apiKeys } } }');
      expect(usage.body.data.workspace).to.deep.equal({
        limits: { submissionsPerMonth: 5_000 },
        usage: { submissionsThisMonth: 5_000, apiKeys: 1 },
      });
    });

    it('but no test ones', async () => {
      const tests = await Promise.all(Array.from({ length: 10 }, async () => create({ is_test: true })));
      expect(tests.map(({ status }) => status)).to.deep.equal(Array<number>(10).fill(200));
      expect(await server.app.workspaces.submissionsThisMonth(tenant.workspaceId)).to.equal(4_995);
    });

    it('by the plan of the moment', async () => {
      await Promise.all(Array.from({ length: 5 }, async () => create()));
      expect((await create()).status).to.equal(429);
      await server.app.workspaces.change(tenant.workspaceId, { plan: 'BUSINESS' });
      expect((await create()).status).to.equal(200);
      await server.app.workspaces.change(tenant.workspaceId, { plan: 'PRO' });
      expect((await create()).status).to.equal(429);
    });
  });
});
