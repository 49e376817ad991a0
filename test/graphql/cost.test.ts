import { expect } from 'chai';
import { newId } from '../../src/platform/id.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf, type Client } from '../support/client.js';
import { createBot, createSubmission, operator } from '../support/factories.js';
import { memberOf, type Person } from '../support/people.js';
import { startSmallProcess } from '../support/small-process.js';

describe('the cost of a graphql operation', () => {
  let server: TestServer;
  let tenant: Tenant;
  let client: Client;
  let owner: Person;

  before(async () => {
    server = await startServer({ role: 'api' });
    tenant = await createTenant(server.app);
    client = clientOf(server.url, tenant.key);
    owner = await memberOf(server.app, tenant, 'OWNER');
  });
  after(async () => await server.stop());

  /** What an operation would cost; nothing runs. */
  async function costOf(query: string, variables: object = {}): Promise<{ requested: number; points: number }> {
    const { body } = await owner.graphql(query, variables, { 'X-Cost-Only': 'true' });
    expect(body, query).to.not.have.property('errors');
    return body.extensions.cost;
  }

  /** Whether `with` costs so much more than `without`, for one object. */
  async function adds(more: number, without: string, with_: string): Promise<void> {
    const [before, after] = [await costOf(without), await costOf(with_)];
    expect(after.requested - before.requested, with_).to.equal(more);
  }

  it('is what the table says, for whole pages', async () => {
    const table: [query: string, requested: number][] = [
      ['{ intakeBots(first: 20) { nodes { id schema { name label type } } } }', 120],
      ['{ submissions(first: 100) { nodes { id data } } }', 300],
      ['{ submissions(first: 100) { nodes { id data contact { customFields } } } }', 600],
      ['{ contacts(first: 50) { nodes { email tags } } }', 300],
      [
        `{ webhookDeliveries(first: 100) { nodes { id event { payload }
          attempts { number outcome responseBody timings { totalMs } } } } }`,
        1_600,
      ],
    ];
    for (const [query, requested] of table) expect((await costOf(query)).requested, query).to.equal(requested);
  });

  it('charges a list that is read with its row, long values, counts and searches by what they are', async () => {
    await adds(5, '{ viewer { role } }', '{ viewer { role scopes } }');
    await adds(20, '{ viewer { role } }', '{ viewer { role sessions { id current } } }');
    await adds(0, '{ apiKeys { nodes { id } } }', '{ apiKeys { nodes { id createdBy { kind id name } } } }');
    await adds(5, '{ contact(id: "x") { id } }', '{ contact(id: "x") { tags } }');
    await adds(10, '{ intakeBot(id: "x") { id } }', '{ intakeBot(id: "x") { schema { options } } }');
    await adds(5, '{ webhookEndpoint(id: "x") { id } }', '{ webhookEndpoint(id: "x") { events } }');
    await adds(5, '{ webhookEndpoint(id: "x") { id } }', '{ webhookEndpoint(id: "x") { customHeaderNames } }');
    await adds(2, '{ viewer { role } }', '{ viewer { role } previewPayload(type: "contact.created") }');
    await adds(4, '{ eventTypes { type } }', '{ eventTypes { example schema } }');
    await adds(2, '{ contact(id: "x") { id } }', '{ contact(id: "x") { customFields } }');
    await adds(2, '{ event(id: "x") { id } }', '{ event(id: "x") { payload } }');
    await adds(2, '{ record(id: "x") { id } }', '{ record(id: "x") { data } }');
    await adds(6, '{ record(id: "x") { id } }', '{ record(id: "x") { data a: data b: data } }');
    await adds(2, '{ auditLog(first: 1) { nodes { id } } }', '{ auditLog(first: 1) { nodes { details } } }');
    await adds(
      20,
      '{ trustedDocuments(first: 10) { nodes { documentId } } }',
      '{ trustedDocuments(first: 10) { nodes { text } } }',
    );
    await adds(10, '{ contacts { nodes { id } } }', '{ contacts { totalCount nodes { id } } }');
    await adds(10, '{ contact(id: "x") { id } }', '{ contact(id: "x") { submissionCount } }');
    await adds(0, '{ intakeBot(id: "x") { id } }', '{ intakeBot(id: "x") { submissionCount } }');
    await adds(10, '{ webhookEndpoint(id: "x") { id } }', '{ webhookEndpoint(id: "x") { heldCount } }');
    const delivery = (fields: string) => `{ webhookDelivery(id: "x") { ${fields} } }`;
    await adds(2, delivery('id'), delivery('id requestBody'));
    await adds(1, delivery('id'), delivery('id attemptsLeft skipReason lastAttempt { outcome timings { totalMs } }'));
    const last = (fields: string) => delivery(`lastAttempt { number ${fields} }`);
    await adds(1, last(''), last('requestHeaders { exact headers { name value } }'));
    await adds(1, last(''), last('responseHeaders { exact headers { name value } }'));
    await adds(50, '{ viewer { role } }', '{ viewer { role } __schema { description } }');
    await adds(
      100,
      '{ viewer { role } }',
      '{ viewer { role } a: __type(name: "A") { name } b: __type(name: "B") { name } }',
    );
  });

  it('charges twelve stretches of statistics as one object, wherever their number stands', async () => {
    const stats = (argument: string) => `stats(since: "2026-11-01T00:00:00Z"${argument}) { at delivered failed p95Ms }`;
    const of = (argument: string) => `{ webhookEndpoint(id: "x") { ${stats(argument)} } }`;
    const table: [argument: string, requested: number][] = [
      ['', 2],
      [', buckets: 1', 1],
      [', buckets: 12', 1],
      [', buckets: 13', 2],
      [', buckets: 96', 8],
    ];
    for (const [argument, objects] of table) expect((await costOf(of(argument))).requested).to.equal(1 + objects);
    const varied = `query ($n: Int! = 36) { webhookEndpoint(id: "x") { ${stats(', buckets: $n')} } }`;
    expect((await costOf(varied)).requested).to.equal(1 + 3);
    expect((await costOf(varied, { n: 48 })).requested).to.equal(1 + 4);
    const list = `{ webhookEndpoints(first: 50) { nodes { id ${stats('')} } } }`;
    expect((await costOf(list)).requested).to.equal(150);
  });

  it('charges a search wherever its text stands, and takes one an operation', async () => {
    const list = (filter: string) => `webhookDeliveries(first: 1, filter: ${filter}) { nodes { id } }`;
    const asked: [query: string, variables?: object][] = [
      [`{ ${list('{search: "x"}')} }`],
      [`query ($s: String) { ${list('{search: $s}')} }`, { s: 'x' }],
      [`query ($s: String = "x") { ${list('{search: $s}')} }`],
      [`query ($f: WebhookDeliveryFilter) { ${list('$f')} }`, { f: { search: 'x' } }],
      [`query ($f: WebhookDeliveryFilter = {search: "x"}) { ${list('$f')} }`],
    ];
    for (const [query, variables] of asked) expect((await costOf(query, variables)).requested, query).to.equal(101);
    const without: [query: string, variables?: object][] = [
      [`{ ${list('{search: null}')} }`],
      [`query ($s: String = "x") { ${list('{search: $s}')} }`, { s: null }],
      [`query ($f: WebhookDeliveryFilter) { ${list('$f')} }`, { f: { status: ['PENDING'] } }],
      [`query ($f: WebhookDeliveryFilter) { ${list('$f')} }`],
    ];
    for (const [query, variables] of without) expect((await costOf(query, variables)).requested, query).to.equal(1);
    const two = `{ a: ${list('{search: "x"}')} b: ${list('{search: "y"}')} }`;
    expect((await client.graphql(two)).body.errors[0].extensions).to.deep.equal({
      code: 'query_too_costly',
      details: { rule: 'search', limit: 1, requested: 2 },
    });
  });

  it('multiplies links of records, wherever they stand: below others, in payloads, behind fragments and ids', async () => {
    const links = 'contacts { role contact { id } }';
    expect((await costOf(`{ record(id: "x") { ${links} } }`)).requested).to.equal(1 + 20 * 2);
    expect((await costOf('{ record(id: "x") { contacts(first: 1000) { role } } }')).requested).to.equal(101);
    const query = 'query ($n: Int) { record(id: "x") { contacts(first: $n) { role } } }';
    expect((await costOf(query, { n: 3 })).requested).to.equal(4);
    expect((await costOf(query, { n: null })).requested).to.equal(21);
    expect(
      (await costOf(`mutation { createRecord(input: {recordType: "x", data: {}}) { record { ${links} } } }`)).requested,
    ).to.equal(2 + 20 * 2);
    const nodes = `query ($ids: [ID!]!) { nodes(ids: $ids) { ...R } } fragment R on Node { ... on Record { ${links} } }`;
    expect((await costOf(nodes, { ids: ['a', 'b', 'c'] })).requested).to.equal(3 * (1 + 20 * 2));
  });

  it('lets a page of what one may hold be read and no more, also where rows were kept before there was a bound', async () => {
    const { app } = server;
    const actor = await operator(app, tenant.workspaceId);
    const record = await app.records.create(actor, () => ({ recordType: 'lead', data: {} }));
    const contact = await app.contacts.create(actor, () => ({
      email: 'linked@example.com',
      tags: [],
      customFields: {},
    }));
    await app.database.pool.query(
      `insert into record_contacts (record_id, contact_id, role)
       select $1, $2, 'role ' || n from generate_series(1, 150) n`,
      [record.id, contact.id],
    );
    const count = async (argument: string) => {
      const { body } = await client.graphql(`{ record(id: "${record.id}") { contacts${argument} { role } } }`);
      return body.data.record.contacts.length;
    };
    expect(await count('')).to.equal(20);
    expect(await count('(first: null)')).to.equal(20);
    expect(await count('(first: 7)')).to.equal(7);
    expect(await count('(first: 1000)')).to.equal(100);
    const { body } = await client.graphql(`{ record(id: "${record.id}") { contacts(first: 0) { role } } }`);
    expect(body.errors[0].extensions.details.issues[0]).to.include({ path: 'first', code: 'out_of_range' });
  });

  it('reads the first 51 attempts of a delivery, the most that a schedule comes to', async () => {
    const { app } = server;
    const bot = await createBot(app, tenant.workspaceId);
    await createSubmission(app, bot);
    const { rows } = await app.database.pool.query<{ id: string }>('select id from events where workspace_id = $1', [
      tenant.workspaceId,
    ]);
    const url = 'https://example.com/hook';
    const { webhookEndpoint } = await app.webhookEndpoints.create(await operator(app, tenant.workspaceId), () => ({
      url,
      events: ['submission.completed'],
    }));
    const delivery = newId('webhookDelivery');
    await app.database.pool.query(
      `insert into webhook_attempts (delivery_id, endpoint_id, event_id, at, number, outcome, total_ms, ended)
       select $1, $2, $3, now(), n, 'timeout', 1, case when n = 60 then 'exhausted' end from generate_series(1, 60) n`,
      [delivery, webhookEndpoint.id, rows[0]?.id],
    );
    const { body } = await client.graphql(`{ webhookDelivery(id: "${delivery}") { attempts { number } } }`);
    const numbers = (body.data.webhookDelivery.attempts as { number: number }[]).map(({ number }) => number);
    expect(numbers).to.deep.equal(Array.from({ length: 51 }, (_, index) => index + 1));
  });

  it('pages through trusted documents, each once', async () => {
    const texts = Array.from({ length: 7 }, (_, n) => `{ __typename } # ${n}`);
    for (const some of [texts.slice(0, 4), texts.slice(4)]) {
      const { body } = await owner.graphql(
        'mutation ($input: TrustDocumentsInput!) { trustDocuments(input: $input) { documentIds } }',
        { input: { documents: some } },
      );
      expect(body).to.not.have.property('errors');
    }
    const query = `query ($first: Int, $after: String, $last: Int, $before: String) {
      trustedDocuments(first: $first, after: $after, last: $last, before: $before) {
        totalCount nodes { text } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`;
    const page = async (variables: object) => (await owner.graphql(query, variables)).body.data.trustedDocuments;
    const textsOf = ({ nodes }: { nodes: { text: string }[] }) => nodes.map(({ text }) => text);
    const first = await page({ first: 3 });
    expect(first.totalCount).to.equal(7);
    const second = await page({ first: 3, after: first.pageInfo.endCursor });
    const third = await page({ first: 3, after: second.pageInfo.endCursor });
    expect(third.pageInfo.hasNextPage).to.equal(false);
    const all = [first, second, third].flatMap(textsOf);
    expect(all.toSorted()).to.deep.equal(texts);
    expect(new Set(all.slice(0, 3))).to.deep.equal(new Set(texts.slice(4)));
    expect(textsOf(await page({ last: 3, before: third.pageInfo.startCursor }))).to.deep.equal(textsOf(second));
    const { body } = await owner.graphql('{ trustedDocuments(after: "x") { nodes { text } } }');
    expect(body.errors[0].extensions.details.issues[0].path).to.equal('after');
  });

  it('takes 25 points for what verifies or makes a password, each time', async () => {
    const pointsOf = async (fields: string) => (await costOf(`mutation { ${fields} }`)).points;
    const signIn = 'signIn(input: {email: "a@example.com", password: "no"}) { viewer { role } }';
    const accept = 'acceptInvitation(input: {token: "x", name: "x", password: "x"}) { viewer { role } }';
    const change = 'changePassword(input: {currentPassword: "x", newPassword: "y"}) { viewer { role } }';
    for (const one of [signIn, accept, change]) expect(await pointsOf(one), one).to.equal(25);
    expect(await pointsOf(`a: ${signIn} b: ${signIn} ${accept}`)).to.equal(75);
    expect(await pointsOf('signOut { signedOut }')).to.equal(1);
  });

  it('takes a point for each document that is to be trusted', async () => {
    const query = 'mutation ($input: TrustDocumentsInput!) { trustDocuments(input: $input) { documentIds } }';
    expect((await costOf(query, { input: { documents: Array<string>(40).fill('{ __typename }') } })).points).to.equal(
      40,
    );
    const literal = 'mutation { trustDocuments(input: {documents: ["{ a }", "{ b }"]}) { documentIds } }';
    expect((await costOf(literal)).points).to.equal(2);
  });

  it('refuses long arguments where they are read for each object, and takes them where they are read once', async () => {
    const below = `query ($f: SubmissionFilter, $t: String) { intakeBots(first: 100) { nodes {
      submissions(first: 1, filter: $f) { nodes { contact { records(first: 1, filter: {recordType: $t}) { nodes { id } } } } }
    } } }`;
    const cases = [
      { f: { status: Array<string>(5_000).fill('COMPLETED') }, t: 'lead' },
      { f: {}, t: 'x'.repeat(500_000) },
    ];
    for (const variables of cases) {
      const { body } = await client.graphql(below, variables);
      expect(body.errors[0].extensions.details).to.include({ rule: 'arguments', limit: 4_096 });
    }
    expect((await costOf(below, { f: { status: ['COMPLETED'] }, t: 'lead' })).requested).to.equal(400);
    const { body } = await client.graphql(`{ records(filter: {recordType: "${'x'.repeat(50_000)}"}) { totalCount } }`);
    expect(body.data.records.totalCount).to.equal(0);
  });

  it('refuses a second look at the whole schema, and a subscription that is dear for each event', async () => {
    const twice = await client.graphql('{ a: __schema { description } b: __schema { description } }');
    expect(twice.body.errors[0].extensions.details).to.deep.equal({ rule: 'introspection', limit: 1, requested: 2 });
    const stranger = await clientOf(server.url).graphql(
      '{ a: __schema { description } ...B } fragment B on Query { b: __schema { description } }',
    );
    expect(stranger.body.errors[0].extensions.code).to.equal('query_too_costly');
    const answer = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${tenant.key}`,
        'Content-Type': 'application/json',
        Accept: 'text/event-stream',
      },
      body: JSON.stringify({
        query: 'subscription { eventOccurred { deliveries(first: 60) { nodes { attempts { number } } } } }',
      }),
    });
    const { errors } = (await answer.json()) as { errors: { extensions: { details: object } }[] };
    expect(errors[0]?.extensions.details).to.deep.equal({ rule: 'subscription', limit: 500, requested: 661 });
  });

  it('counts a variable as often as a literal holds it', async () => {
    const { cookie } = await memberOf(server.app, tenant, 'OWNER');
    const texts = Object.fromEntries(Array.from({ length: 90 }, (_, n) => [`t${n}`, 'x'.repeat(10_000)]));
    const ask = async (variables: object, lists: number, declared = '$v: JSONObject') => {
      const fields = Array.from({ length: lists }, (_, n) => `l${n}: [${'$v '.repeat(98)}]`).join(' ');
      const query = `mutation (${declared}) {
        createContact(input: {email: "${lists}@example.com", customFields: {${fields}}}) { contact { id } }
      }`;
      return (await clientOf(server.url).graphql(query, variables, { Cookie: cookie ?? '' })).body;
    };
    const details = (await ask({ v: texts }, 9)).errors[0].extensions.details;
    expect(details)
      .to.deep.include({ rule: 'variables', limit: 4_194_304 })
      .and.to.have.property('requested')
      .above(7e8);
    const literal = `$v: String = "${'x'.repeat(9_000)}"`;
    expect((await ask({}, 9, literal)).errors[0].extensions.details.rule).to.equal('variables');
    expect((await ask({ v: { a: 1 } }, 9)).errors).to.equal(undefined);
  });

  it('takes a short document alone for a subscription, as a stream keeps it for as long as it lasts', async () => {
    const client = clientOf(server.url, tenant.key);
    const detailsOf = async (query: string) => (await client.graphql(query)).body.errors[0].extensions.details;
    const subscription = 'subscription A { eventOccurred { id } }';
    const long = `${subscription} #${'x'.repeat(20_000)}`;
    expect(await detailsOf(long)).to.deep.equal({ rule: 'characters', limit: 16_384, requested: long.length });
    const other = '{ __typename }';
    const many = `${subscription} ${Array.from({ length: 120 }, (_, n) => `query Q${n} ${other}`).join(' ')}`;
    const named = async (operationName: string) =>
      (await (
        await fetch(`${server.url}/graphql`, {
          method: 'POST',
          headers: { Authorization: `Bearer ${tenant.key}`, 'Content-Type': 'application/json' },
          body: JSON.stringify({ query: many, operationName }),
        })
      ).json()) as { data?: object; errors?: { extensions: { details: object } }[] };
    expect((await named('A')).errors?.[0]?.extensions.details).to.include({ rule: 'tokens', limit: 500 });
    expect((await named('Q1')).data).to.deep.equal({ __typename: 'Query' });
  });

  it('keeps a small process well that is asked for links of links of links', async function () {
    this.timeout(60_000);
    const { app } = server;
    const other = await createTenant(app);
    const actor = await operator(app, other.workspaceId);
    const record = await app.records.create(actor, () => ({ recordType: 'lead', data: {} }));
    const contact = await app.contacts.create(actor, () => ({
      email: 'linked@example.com',
      tags: [],
      customFields: {},
    }));
    await app.database.pool.query(
      `insert into record_contacts (record_id, contact_id, role)
       select $1, $2, 'r' || n from generate_series(1, 200) n`,
      [record.id, contact.id],
    );
    const small = await startSmallProcess(server);
    try {
      const attacker = clientOf(small.url, other.key);
      const level = (inner: string) => `contacts { role contact { records(first: 1) { nodes { ${inner} } } } }`;
      for (const links of [
        level(level('contacts { role }')),
        level('contacts { role }').replaceAll('contacts', 'contacts(first: 100)'),
      ]) {
        const { body } = await attacker.graphql(`{ record(id: "${record.id}") { ${links} } }`);
        expect(body.errors[0].extensions.details).to.include({ rule: 'cost', limit: 5_000 });
      }
      const { status, body } = await attacker.graphql(`{ record(id: "${record.id}") { ${level(level('id'))} } }`);
      expect(status).to.equal(200);
      expect(body.extensions.cost.requested).to.be.greaterThan(1_000);
      expect(await small.slowestHealthMs()).to.be.lessThan(1_000);
    } finally {
      await small.stop();
    }
  });
});
