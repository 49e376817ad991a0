import { expect } from 'chai';
import { placing } from '../../src/events/event.service.js';
import { newId } from '../../src/platform/id.js';
import { createTenant, type Tenant } from '../support/app.js';
import { clientOf, type Client } from '../support/client.js';
import { createBot, createSubmission } from '../support/factories.js';
import { memberOf } from '../support/people.js';
import { startTappedServer, type TappedServer } from '../support/wiretap.js';

describe('graphql links', () => {
  let server: TappedServer;
  let client: Client;
  let tenant: Tenant;
  let workspaceId: string;

  before(async () => {
    // A worker would ask the database now and then.
    server = await startTappedServer({ role: 'api' });
    tenant = await createTenant(server.app);
    ({ workspaceId } = tenant);
    client = clientOf(server.url, tenant.key);
    for (let bot = 0; bot < 3; bot += 1) {
      const created = await createBot(server.app, workspaceId, { record_type: 'lead' });
      for (let person = 0; person < 4; person += 1) {
        const data = { full_name: `Person ${person}`, email: `p${person}@example.com` };
        await createSubmission(server.app, created, { data });
      }
    }
    const endpoint = { url: 'http://127.0.0.1:9/', events: ['submission.completed'] };
    const { id } = (await client.rest('POST', '/webhooks', endpoint)).body.data.webhook;
    await server.app.database.pool.query(
      `insert into webhook_attempts (delivery_id, endpoint_id, event_id, at, number, ended, outcome, total_ms)
       select substr(id, 5), $1, id, now(), 1, 'exhausted', 'timeout', 1 from events where workspace_id = $2`,
      [id, workspaceId],
    );
  });

  after(async () => await server.stop());

  const documents: [what: string, paths: number, query: string][] = [
    ['a list', 1, '{ submissions(first: 50) { nodes { id data } } }'],
    ['a list and its total', 2, '{ submissions { totalCount nodes { id } } }'],
    ['links to one', 3, '{ submissions { nodes { id intakeBot { name } contact { email } } } }'],
    ['lists under each', 2, '{ intakeBots { nodes { submissions(first: 2) { nodes { id } } } } }'],
    [
      'lists and totals under each',
      3,
      '{ intakeBots { nodes { submissions(first: 2) { totalCount nodes { id } } } } }',
    ],
    [
      'three levels and back',
      6,
      `{ intakeBots(first: 5) { nodes { submissions(first: 10) { nodes {
        contact { submissions(first: 3) { nodes { id intakeBot { id } } } records(first: 5) { nodes { id } } }
      } } } } }`,
    ],
    [
      'conversations, events and payloads',
      4,
      '{ submissions { nodes { messages { nodes { content } } events { nodes { type payload } } } } }',
    ],
    [
      'deliveries and their last attempts',
      2,
      '{ webhookDeliveries { nodes { id lastAttempt { outcome timings { dnsMs } } } } }',
    ],
    ['deliveries and what was sent', 2, '{ webhookDeliveries { nodes { requestBody } } }'],
    ['people behind records', 2, '{ records { nodes { contacts { role contact { email } } } } }'],
  ];
  for (const [what, paths, query] of documents) {
    it(`asks the database once for each path, however many parents: ${what}`, async () => {
      let body: unknown;
      const texts = await server.tap.statementsOf(async () => ({ body } = await client.graphql(query)));
      expect(JSON.stringify(body)).to.not.include('"errors"');
      expect(texts.filter((text) => !/from api_keys|rate/.test(text))).to.have.length.at.most(paths);
    });
  }

  it('gives each parent its own page', async () => {
    const query = `query ($first: Int) { intakeBots { nodes { id submissions(first: $first) {
      totalCount pageInfo { hasNextPage endCursor } nodes { id intakeBotId } } } } }`;
    const { body } = await client.graphql(query, { first: 3 });
    for (const bot of body.data.intakeBots.nodes) {
      const { nodes, pageInfo, totalCount } = bot.submissions;
      expect(totalCount).to.equal(4);
      expect(nodes.map(({ intakeBotId }: { intakeBotId: string }) => intakeBotId)).to.deep.equal([
        bot.id,
        bot.id,
        bot.id,
      ]);
      expect(pageInfo).to.deep.equal({ hasNextPage: true, endCursor: nodes[2].id });
      const ids = nodes.map(({ id }: { id: string }) => id);
      expect(ids).to.deep.equal(ids.toSorted().toReversed());
    }
  });

  it('pages both ways without gap or repetition', async () => {
    const all = (await client.graphql('{ submissions(first: 100) { nodes { id } } }')).body.data.submissions.nodes;
    const older = [];
    for (let after: string | null = null, more = true; more;) {
      const query =
        'query ($after: String) { submissions(first: 5, after: $after) { pageInfo { hasNextPage endCursor } nodes { id } } }';
      const page: { nodes: object[]; pageInfo: { hasNextPage: boolean; endCursor: string } } = (
        await client.graphql(query, { after })
      ).body.data.submissions;
      older.push(...page.nodes);
      ({ hasNextPage: more, endCursor: after } = page.pageInfo);
    }
    expect(older).to.deep.equal(all);
    const last = (await client.graphql('{ submissions(last: 5) { nodes { id } pageInfo { hasPreviousPage } } }')).body
      .data;
    expect(last.submissions.nodes).to.deep.equal(all.slice(-5));
    expect(last.submissions.pageInfo.hasPreviousPage).to.equal(true);
  });

  it('finds the record that was made of a submission, and of no other', async () => {
    const { body } = await client.graphql('{ submissions(first: 2) { nodes { id } } }');
    for (const { id } of body.data.submissions.nodes as { id: string }[]) {
      const found = await client.graphql(
        'query ($id: ID) { records(filter: { submissionId: $id }) { totalCount nodes { submissionId } } }',
        { id },
      );
      expect(found.body.data.records).to.deep.equal({ totalCount: 1, nodes: [{ submissionId: id }] });
    }
    const none = await client.graphql('{ records(filter: { submissionId: "none" }) { totalCount } }');
    expect(none.body.data.records.totalCount).to.equal(0);
  });

  it('finds anything by its id alone, and gives null alone for what is not there', async () => {
    const { body } = await client.graphql(`{ submissions(first: 1) { nodes { id contact { id } intakeBot { id } } } }`);
    const [{ id, contact, intakeBot }] = body.data.submissions.nodes;
    const other = await createTenant(server.app);
    const foreign = await createBot(server.app, other.workspaceId);
    const found = await client.graphql(
      'query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Contact { email } } node(id: "nothing") { id } }',
      { ids: [id, contact.id, intakeBot.id, foreign.id, 'nonsense'] },
    );
    expect(found.body.errors).to.equal(undefined);
    expect(found.body.data.node).to.equal(null);
    expect(found.body.data.nodes.map((node: { __typename: string } | null) => node?.__typename ?? null)).to.deep.equal([
      'Submission',
      'Contact',
      'IntakeBot',
      null,
      null,
    ]);
  });

  it('refuses in its place alone what may not be shown, and gives the rest, compiled or not', async () => {
    const { key } = await createTenantKey(['read:submissions']);
    const { body } = await client.graphql('{ submissions(first: 1) { nodes { id contact { id } } } }');
    const [{ id, contact }] = body.data.submissions.nodes;
    for (let time = 0; time < 3; time += 1) {
      const found = await clientOf(server.url, key).graphql(
        'query ($ids: [ID!]!) { nodes(ids: $ids) { id } viewer { role } }',
        { ids: [contact.id, id] },
      );
      expect(found.body.data).to.deep.equal({ nodes: [null, { id }], viewer: { role: null } });
      const [{ path, extensions }, ...others] = found.body.errors;
      expect({ path, code: extensions.code, others }).to.deep.equal({
        path: ['nodes', 0],
        code: 'insufficient_scopes',
        others: [],
      });
    }
  });

  it('finds a thing of every type that has an id, for who may see it', async () => {
    const owner = await memberOf(server.app, tenant, 'OWNER');
    const ask = async (query: string, variables = {}) => (await owner.graphql(query, variables)).body.data;
    await ask('mutation { inviteMember(input: { email: "invited@example.com" }) { link } }');
    await server.app.database.manager.query(
      `insert into notices (id, workspace_id, kind, text, params, created_at) values ($1, $2, 'test', 'Test', '{}', now())`,
      [newId('notice'), tenant.workspaceId],
    );
    const seen = await ask(`{
      workspace { id notices { nodes { id } } } invitations { nodes { id } } auditLog(first: 1) { nodes { id } }
      apiKeys(first: 1) { nodes { id } } members { nodes { id } }
    }`);
    const ids = [...JSON.stringify(seen).matchAll(/"id":"(\w+)"/g)].map(([, id]) => id);
    const { nodes } = await ask('query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }', { ids });
    expect(nodes.map(({ id }: { id: string }) => id)).to.deep.equal(ids);
    expect(nodes.map(({ __typename: type }: { __typename: string }) => type)).to.include.members([
      'Workspace',
      'Notice',
      'Invitation',
      'AuditEntry',
      'ApiKey',
      'User',
    ]);
  });

  it('checks the scope of what a link leads to, and gives the rest', async () => {
    const { key } = await createTenantKey(['read:submissions']);
    const { status, body } = await clientOf(server.url, key).graphql(
      '{ submissions(first: 1) { nodes { id contact { email } } } }',
    );
    expect(status).to.equal(200);
    expect(body.data.submissions.nodes[0].contact).to.equal(null);
    expect(body.errors[0]).to.deep.include({ path: ['submissions', 'nodes', 0, 'contact'] });
    expect(body.errors[0].extensions).to.deep.equal({
      code: 'insufficient_scopes',
      details: { required: ['read:contacts'], granted: ['read:submissions'] },
    });
  });

  async function createTenantKey(scopes: ('read:submissions' | 'manage:webhooks')[]): Promise<{ key: string }> {
    const input = { name: 'Narrow', scopes, allowedCidrs: [], documentsOnly: false };
    const { secret } = await server.app.database.transaction((tx) => server.app.apiKeys.insert(tx, workspaceId, input));
    return { key: secret };
  }

  it('shows what an event says to those only who may read the object inside', async () => {
    await placed();
    const { key } = await createTenantKey(['manage:webhooks']);
    const query = '{ events(first: 1, filter: {type: ["submission.completed"]}) { nodes { id type payload } } }';
    const mine = (await client.graphql(query)).body;
    expect(mine.data.events.nodes[0].payload.data.submission.data.email).to.be.a('string');
    const narrow = (await clientOf(server.url, key).graphql(query)).body;
    expect(narrow.data.events.nodes[0]).to.deep.include({ type: 'submission.completed', payload: null });
    expect(narrow.errors[0].extensions.code).to.equal('insufficient_scopes');
  });

  /** As fan-out does. */
  async function placed(): Promise<void> {
    await server.app.database.pool.query(placing('events'));
  }
});
