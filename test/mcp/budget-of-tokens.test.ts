import { expect } from 'chai';
import { validate } from '../../src/platform/validate.js';
import { plans } from '../../src/workspaces/plans.js';
import { CreateContact } from '../../src/contacts/contact.input.js';
import { CreateSubmission } from '../../src/submissions/submission.input.js';
import { agentOf, type Agent, type Told } from '../support/agent-by-hand.js';
import { tokensMax, tokensOf } from '../support/told-to-agents.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf } from '../support/client.js';
import { createBot, createSubmission, operator } from '../support/factories.js';
import { Receiver } from '../support/receiver.js';

const texts = {
  letters: 'x'.repeat(10_000),
  'letters of three bytes': '漢'.repeat(10_000),
  'pairs of surrogates': '\u{1f600}'.repeat(5_000),
  'what JSON escapes': '"\\\n\t'.repeat(2_500),
};

/** The largest that there is, in each of these: what an agent is told has its size nevertheless. */
describe('the budget of tokens of what agents are told', function () {
  this.timeout(120_000);
  let server: TestServer;
  let receiver: Receiver;
  let tenant: Tenant;
  let agent: Agent;
  let botId: string;
  const fields = 30;
  let people = 0;
  const limit = plans.BUSINESS.requestsPerMinute;

  before(async () => {
    server = await startServer({ env: { WEBHOOK_RETRY_DELAYS: '1h,1h' } });
    receiver = await Receiver.start();
    receiver.answer = (response) => void response.writeHead(200).end('e'.repeat(100_000));
    tenant = await createTenant(server.app);
    plans.BUSINESS.requestsPerMinute = 1_000_000;
    agent = agentOf(server.url, tenant.key);
    const { app } = server;
    const owner = await operator(app, tenant.workspaceId);
    const { graphql } = clientOf(server.url, tenant.key);
    for (let endpoints = 0; endpoints < 25; endpoints += 1) {
      const input = {
        url: `${receiver.url}?${'q'.repeat(1_500)}=${endpoints}`,
        events: endpoints === 0 ? ['submission.completed'] : ['intake-bot.status-changed'],
        description: 'd'.repeat(500),
      };
      const { body } = await graphql(
        'mutation ($input: CreateWebhookEndpointInput!) { createWebhookEndpoint(input: $input) { webhookEndpoint { id } } }',
        { input },
      );
      if (body.errors !== undefined) throw new Error(JSON.stringify(body.errors));
    }
    const schema = [
      { name: 'email', label: 'E-mail', type: 'email', required: true },
      ...Array.from({ length: fields }, (_, index) => ({
        name: `field_${index}_${'n'.repeat(40)}`,
        label: 'L'.repeat(200),
        type: 'textarea',
        helper_text: 'H'.repeat(200),
      })),
    ];
    const bot = await createBot(app, tenant.workspaceId, {
      name: 'B'.repeat(200),
      description: 'D'.repeat(2_000),
      schema,
      record_type: 'lead',
    });
    botId = bot.id;
    for (const text of Object.values(texts)) {
      for (let made = 0; made < 6; made += 1) {
        // One of each has as many as it may, the others as many as take a page over its bound.
        const named = schema.slice(1, made === 0 ? undefined : 3);
        const data = {
          email: `a${++people}@example.com`,
          ...Object.fromEntries(named.map(({ name }) => [name, text])),
        };
        const { id } = await app.submissions.create(owner, bot.id, () =>
          validate(CreateSubmission, { data }, 'snake_case'),
        );
        const said = () => ({ role: 'user' as const, content: text });
        for (let messages = 0; messages < 3; messages += 1) await app.submissions.addMessage(owner, id, said);
        const contact = {
          email: `b${++people}@example.com`,
          firstName: text.slice(0, 100),
          lastName: text.slice(0, 100),
          tags: Array.from({ length: 20 }, (_, tag) => `${tag}${text.slice(0, 30)}`),
          customFields: Object.fromEntries(Array.from({ length: 50 }, (_, key) => [`key_${key}`, text.slice(0, 400)])),
        };
        await app.contacts.create(owner, () => validate(CreateContact, contact, 'camelCase'));
      }
    }
    const small = await createBot(app, tenant.workspaceId, { name: 'Small' });
    await createSubmission(app, small);
    await receiver.arrived(1, 30_000);
  });
  after(async () => {
    plans.BUSINESS.requestsPerMinute = limit;
    await server?.stop();
    await receiver?.stop();
  });

  /** `agentOf` fails where a result has more tokens than it may. */
  async function pages(tool: string, rows: string, args: object): Promise<Told[]> {
    const found: Told[] = [];
    for (let cursor: string | null = null; ;) {
      const page = await agent.call(tool, { ...args, ...(cursor !== null && { cursor }) });
      expect(page.isError, page.text).to.equal(false);
      found.push(page);
      expect(page.data[rows], `${tool} makes no way`).not.to.be.empty;
      cursor = page.data.next_cursor ?? null;
      if (cursor === null) return found;
    }
  }
  const idsIn = (found: Told[], rows: string) =>
    found.flatMap(({ data }) => data[rows].map(({ id }: { id: string }) => id)) as string[];

  it('is kept by a list whose rows are as large as they can be, and no row is left out on the way', async () => {
    const { graphql } = clientOf(server.url, tenant.key);
    const all = async (field: string) => {
      const { body } = await graphql(`{ ${field}(first: 100) { nodes { id } } }`);
      return (body.data[field].nodes as { id: string }[]).map(({ id }) => id);
    };
    for (const [tool, rows, field] of [
      ['get_intake_bots', 'intake_bots', 'intakeBots'],
      ['search_submissions', 'submissions', 'submissions'],
      ['search_contacts', 'contacts', 'contacts'],
      ['search_records', 'records', 'records'],
      ['get_webhook_endpoints', 'endpoints', 'webhookEndpoints'],
      ['search_deliveries', 'deliveries', 'webhookDeliveries'],
    ] as const) {
      for (const limit of [3, 20, 50]) {
        const found = await pages(tool, rows, { limit });
        expect(idsIn(found, rows), `${tool} by ${limit}`).to.deep.equal(await all(field));
      }
    }
  });

  it('is kept by one thing that is as large as it can be, and says how to read on', async () => {
    const submissions = idsIn(
      await pages('search_submissions', 'submissions', { intake_bot_id: botId }),
      'submissions',
    );
    for (const id of submissions) {
      const told = await agent.call('get_submission', { submission_id: id });
      expect(told.isError, told.text).to.equal(false);
      expect(JSON.stringify(told.data)).to.match(/cut: \d+ more characters|left_out/);
    }
    const bot = await agent.call('get_intake_bots', { intake_bot_id: botId });
    expect(bot.isError, bot.text).to.equal(false);
    expect(bot.data.intake_bots[0].schema.length).to.be.greaterThan(0);
    const contacts = idsIn(await pages('search_contacts', 'contacts', {}), 'contacts');
    for (const id of contacts) await agent.call('search_contacts', { contact_id: id });
    const deliveries = idsIn(await pages('search_deliveries', 'deliveries', {}), 'deliveries');
    for (const id of deliveries.slice(0, 10)) await agent.call('get_delivery', { delivery_id: id });
  });

  it('is kept by a page whose rows are too large together to be read at once: the cursor leads on', async () => {
    const wide = await createBot(server.app, tenant.workspaceId, { name: 'Wide' });
    for (let made = 0; made < 40; made += 1) await createSubmission(server.app, wide);
    const { pool } = server.app.database;
    const megabyte = { email: 'wide@example.com', full_name: 'w'.repeat(1_000_000) };
    await pool.query('update submissions set data = $2 where intake_bot_id = $1', [wide.id, megabyte]);
    const found = await pages('search_submissions', 'submissions', { intake_bot_id: wide.id, limit: 50 });
    expect(idsIn(found, 'submissions').length).to.equal(40);
    expect(found.length).to.be.greaterThan(1);
  });

  it('is kept by refusals, whatever was asked', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 5_000 }, (_, index) => [`nothing_${index}_${'y'.repeat(20)}`, 1]),
    );
    for (const args of [
      many,
      { status: Array.from({ length: 3_000 }, () => 'z'.repeat(40)) },
      { search: '漢'.repeat(60_000) },
    ]) {
      const told = await agent.call('search_deliveries', args);
      expect(told.isError).to.equal(true);
      expect(tokensOf(told.result)).to.be.at.most(tokensMax.result);
    }
    const told = await agent.call('create_submission', { intake_bot_id: botId, data: many });
    expect(told.isError).to.equal(true);
    expect(JSON.parse(told.text).error.issues.length).to.be.greaterThan(10);
  });

  it('is kept by small results without a cut', async () => {
    const { contacts } = (await agent.call('search_contacts', { limit: 1 })).data;
    const told = await agent.call('search_contacts', { contact_id: contacts[0].id });
    expect(JSON.stringify(told.data)).not.to.match(/cut:|left_out/);
  });
});
