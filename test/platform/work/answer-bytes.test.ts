import { expect } from 'chai';
import { get, type IncomingMessage } from 'node:http';
import { newId } from '../../../src/platform/id.js';
import { jsonPieces } from '../../../src/platform/text/json-pieces.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../../support/app.js';
import { createBot } from '../../support/factories.js';
import { startSmallProcess, type SmallProcess } from '../../support/small-process.js';

const answerBytesMax = 33_554_432;
const submissions = 60;
const healthMsMax = 1_000;

interface Called {
  status: number;
  bytes: number;
  body: Loose;
}
// oxlint-disable-next-line typescript/no-explicit-any -- a test reads whatever shape it expects.
type Loose = any;

describe('JSON that is written in pieces', () => {
  it('is what is written at once', async () => {
    const deep = Array.from({ length: 8 }).reduce<unknown>((inner) => ({ inner: [inner] }), 'x'.repeat(300_000));
    const none = Object.create(null) as object;
    const value = {
      at: new Date(0),
      gone: undefined,
      list: [1, null, undefined, [], {}, none],
      '"key"': 'é€\n😀',
      deep,
    };
    expect(Buffer.concat(await jsonPieces(value)).toString()).to.equal(JSON.stringify(value));
  });
});

describe('the bytes of an answer', function () {
  this.timeout(120_000);

  let server: TestServer;
  let small: SmallProcess;
  const tenants: { tenant: Tenant; botId: string }[] = [];

  before(async () => {
    server = await startServer({ role: 'api' });
    small = await startSmallProcess(server);
    for (let count = 0; count < 2; count += 1) {
      const tenant = await createTenant(server.app);
      const { id: botId } = await createBot(server.app, tenant.workspaceId);
      tenants.push({ tenant, botId });
      // With a letter beyond Latin-1, each character has two bytes in memory.
      await server.app.database.pool.query(
        `insert into submissions (id, workspace_id, intake_bot_id, data, status, is_test, file_count, schema_version,
           created_at, updated_at)
         select id, $1, $2, json_build_object('note', 'Ω' || repeat(id, 42000)), 'COMPLETED', true, 0, 1, now(), now()
         from unnest($3::text[]) id`,
        [tenant.workspaceId, botId, Array.from({ length: submissions }, () => newId('submission'))],
      );
      const contactId = newId('contact');
      await server.app.database.pool.query(
        `insert into contacts (id, workspace_id, email, custom_fields, created_at, updated_at)
         values ($1, $2, 'large@example.com', json_build_object('note', repeat('€', 85000)), now(), now())`,
        [contactId, tenant.workspaceId],
      );
      await server.app.database.pool.query(
        `with made as (
           insert into records (id, workspace_id, record_type, data, created_at, updated_at)
           select id, $1, 'lead', '{}', now(), now() from unnest($2::text[]) id returning id
         )
         insert into record_contacts (record_id, contact_id, role) select id, $3, 'lead' from made`,
        [tenant.workspaceId, Array.from({ length: submissions }, () => newId('record')), contactId],
      );
    }
  });
  after(async () => {
    await small.stop();
    await server.stop();
  });

  async function call(key: string, path: string, body?: object): Promise<Called> {
    const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
    const sent = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    const response = await fetch(small.url + path, { headers, ...sent });
    const text = await response.text();
    return { status: response.status, bytes: Buffer.byteLength(text), body: JSON.parse(text) };
  }

  const manyTimes = (fields: string, times = 20) =>
    `{ ${Array.from({ length: times }, (_, index) => `a${index}: ${fields}`).join(' ')} }`;

  function expectRefusal({ status, body }: Called): void {
    expect(status).to.equal(400);
    const [{ extensions }] = body.errors;
    expect(extensions.code).to.equal('query_too_costly');
    expect(extensions.details).to.include({ rule: 'answer', limit: answerBytesMax });
    expect(extensions.details.requested).to.be.above(answerBytesMax);
    expect(body.data ?? null).to.equal(null);
    expect(body.extensions.cost.points).to.be.above(0);
  }

  it('is bounded over REST: a list ends earlier, says that there is more, and goes on from there', async () => {
    const [{ tenant, botId }] = tenants as [(typeof tenants)[0]];
    const ids = new Set<string>();
    let pages = 0;
    for (let cursor: string | null = ''; cursor !== null; pages += 1) {
      const path = `/api/v1/intake-bots/${botId}/submissions?limit=100${cursor === '' ? '' : `&cursor=${cursor}`}`;
      const { status, bytes, body } = await call(tenant.key, path);
      expect(status).to.equal(200);
      expect(bytes).to.be.below(answerBytesMax + 1_000_000);
      const { submissions: listed, pagination } = body.data;
      expect(listed.length).to.be.at.least(1);
      for (const { id } of listed) ids.add(id);
      expect(pagination.has_more).to.equal(pagination.next_cursor !== null);
      cursor = pagination.next_cursor;
    }
    expect([ids.size, pages]).to.deep.equal([submissions, 2]);
    expect(await small.slowestHealthMs()).to.be.below(healthMsMax);
  });

  it('is bounded over GraphQL: an operation that reads more is refused', async () => {
    const [{ tenant }] = tenants as [(typeof tenants)[0]];
    expectRefusal(
      await call(tenant.key, '/graphql', { query: manyTimes('submissions(first: 60) { nodes { data } }') }),
    );
    expect(await small.slowestHealthMs()).to.be.below(healthMsMax);
  });

  it('is bounded by what it answers, though each row was read once', async () => {
    const [{ tenant }] = tenants as [(typeof tenants)[0]];
    const linked = 'records(first: 60) { nodes { contacts(first: 1) { contact { customFields } } } }';
    expect((await call(tenant.key, '/graphql', { query: manyTimes(linked, 1) })).status).to.equal(200);
    expectRefusal(await call(tenant.key, '/graphql', { query: manyTimes(linked, 5) }));
    expect(await small.slowestHealthMs()).to.be.below(healthMsMax);
  });

  it('is shared by all answers under way: a small process lives through many large ones, and answers others', async () => {
    const asked = tenants.flatMap(({ tenant, botId }) =>
      Array.from({ length: 9 }, async (_, index) =>
        index % 3 === 0
          ? await call(tenant.key, '/graphql', { query: manyTimes('submissions(first: 60) { nodes { data } }') })
          : await call(tenant.key, `/api/v1/intake-bots/${botId}/submissions?limit=100`),
      ),
    );
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    for (const status of statuses) expect(status).to.be.oneOf([200, 400, 429, 503]);
    expect(statuses).to.include(200);
    expect(await small.slowestHealthMs()).to.be.below(healthMsMax);
  });

  it('is refused with 429 while answers of the same workspace, that nobody reads, are what leaves no room', async () => {
    const [{ tenant, botId }] = tenants as [(typeof tenants)[0]];
    const path = `/api/v1/intake-bots/${botId}/submissions?limit=100`;
    // One of a workspace may always go on, so that it takes two to leave a third no room.
    const unread = await Promise.all([1, 2].map(async () => await holdUnread(tenant.key, path)));
    const { status, body } = await call(tenant.key, path);
    expect([status, body.error.code]).to.deep.equal([429, 'rate_limit_exceeded']);
    for (const answer of unread) answer.destroy();
  });

  /** An answer that has come so far as nobody reads it. */
  async function holdUnread(key: string, path: string): Promise<IncomingMessage> {
    return await new Promise((resolve, reject) => {
      get(small.url + path, { headers: { Authorization: `Bearer ${key}` }, agent: false }, resolve).on('error', reject);
    });
  }
});
