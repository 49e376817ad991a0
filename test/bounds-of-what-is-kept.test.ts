import { expect } from 'chai';
import { newId } from '../src/platform/id.js';
import { createTenant, startServer, type Tenant, type TestServer } from './support/app.js';
import { clientOf, type Answer, type Client } from './support/client.js';
import { createBot, createSubmission } from './support/factories.js';
import { memberOf, type Person } from './support/people.js';

const KiB = 1_024;
const MiB = 1_024 * KiB;

describe('what is kept', () => {
  let server: TestServer;
  let tenant: Tenant;
  let key: Client;
  let owner: Person;

  before(async () => {
    server = await startServer({ role: 'api' });
    tenant = await createTenant(server.app);
    key = clientOf(server.url, tenant.key);
    owner = await memberOf(server.app, tenant, 'OWNER');
  });
  after(async () => await server.stop());

  const mutate = async (name: string, input: object, selected: string, by: Pick<Client, 'graphql'> = owner) => {
    const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
    return await by.graphql(`mutation ($input: ${type}!) { ${name}(input: $input) { ${selected} } }`, { input });
  };
  /** `path code` of each issue, or the code with what it counts; of either door. */
  const refusalOf = ({ body }: Answer): string[] => {
    const { errors, error } = body as { errors?: [{ extensions: object }]; error?: object };
    const refused = (errors?.[0].extensions ?? error) as {
      code: string;
      details: { issues?: { path: string; code: string }[] };
    };
    if (refused === undefined) return [];
    if (refused.code !== 'validation_failed') return [`${refused.code} ${JSON.stringify(refused.details)}`];
    return (refused.details.issues ?? []).map(({ path, code }) => `${path} ${code}`);
  };
  const sql = async (text: string, values: unknown[]) => await server.app.database.pool.query(text, values);
  const text = (bytes: number) => 'x'.repeat(bytes);
  /** An object of `bytes` as JSON in texts of 10,000 characters. */
  const objectOf = (bytes: number, prefix = 'k'): Record<string, string> => {
    const object: Record<string, string> = {};
    for (let left = bytes - 1, index = 0; left > 0; index += 1) {
      const key = `${prefix}${String(index).padStart(3, '0')}`;
      const rest = left - key.length - 6;
      object[key] = text(Math.min(9_000, rest));
      left = rest - Math.min(9_000, rest);
      if (left < key.length + 6 && left > 0) {
        object[key] += text(left);
        left = 0;
      }
    }
    expect(Buffer.byteLength(JSON.stringify(object))).to.equal(bytes);
    return object;
  };
  const nested = (levels: number): object => (levels === 1 ? {} : { a: nested(levels - 1) });

  const kept = [
    {
      what: "a contact's custom fields",
      path: 'customFields',
      make: async (customFields: unknown) =>
        await mutate('createContact', { email: `${newId('contact')}@example.com`, customFields }, 'contact { id }'),
      change: async (id: string, customFields: unknown) =>
        await mutate('updateContact', { id, customFields }, 'contact { id }'),
      store: async (id: string, value: object) =>
        await sql('update contacts set custom_fields = $2 where id = $1', [id, JSON.stringify(value)]),
      idIn: (answer: Answer) =>
        (answer.body as { data: { createContact: { contact: { id: string } } } }).data.createContact.contact.id,
    },
    {
      what: "a record's data",
      path: 'data',
      make: async (data: unknown) => await mutate('createRecord', { recordType: 'lead', data }, 'record { id }'),
      change: async (id: string, data: unknown) => await mutate('updateRecord', { id, data }, 'record { id }'),
      store: async (id: string, value: object) =>
        await sql('update records set data = $2 where id = $1', [id, JSON.stringify(value)]),
      idIn: (answer: Answer) =>
        (answer.body as { data: { createRecord: { record: { id: string } } } }).data.createRecord.record.id,
    },
  ];
  for (const { what, path, make, change, store, idIn } of kept) {
    it(`of ${what} is at most 256 KiB, after a merge as well`, async () => {
      const id = idIn(await make(objectOf(256 * KiB)));
      expect(refusalOf(await make(objectOf(256 * KiB + 1)))).to.deep.equal([`${path} too_long`]);
      // As many bytes, but not as many characters.
      expect(refusalOf(await make({ ...objectOf(255 * KiB), u: 'é'.repeat(600) }))).to.deep.equal([`${path} too_long`]);
      expect(refusalOf(await change(id, { more: 1 }))).to.deep.equal([`${path} too_long`]);
      expect(refusalOf(await change(id, { k000: null, more: 1 }))).to.deep.equal([]);
    });

    it(`of ${what} has 200 keys, texts of 10,000 characters, lists of 100 entries and 8 levels`, async () => {
      const keys = (count: number) =>
        Object.fromEntries(Array.from({ length: count }, (_, index) => [`n${index}`, index]));
      const fine = { ...keys(196), t: '😀'.repeat(10_000), l: Array<number>(100).fill(1), o: keys(200), d: nested(7) };
      const id = idIn(await make(fine));
      const longKey = { [text(10_001)]: 1 };
      const cases: [object, string][] = [
        [{ t: text(10_001) }, `${path}.t`],
        [{ a: { b: ['x', text(10_001)] } }, `${path}.a.b.1`],
        [{ l: Array<number>(101).fill(1) }, `${path}.l`],
        [{ o: keys(201) }, `${path}.o`],
        [{ d: nested(8) }, `${path}.d.a.a.a.a.a.a.a`],
        [{ o: longKey }, `${path}.o.${text(100)}…`],
        [longKey, `${path}.${text(100)}…`],
      ];
      for (const [value, at] of cases) {
        expect(refusalOf(await make(value)), at).to.deep.equal([`${at} too_long`]);
        expect(refusalOf(await change(id, { n0: null, ...value })), at).to.deep.equal([`${at} too_long`]);
      }
      expect(refusalOf(await make(keys(201)))).to.deep.equal([`${path} too_long`]);
      expect(refusalOf(await change(id, { one: 1 }))).to.deep.equal([`${path} too_long`]);
      expect(refusalOf(await make({ t: text(10_001), l: Array<number>(101).fill(1) }))).to.deep.equal([
        `${path}.t too_long`,
        `${path}.l too_long`,
      ]);
    });

    it(`of ${what} is refused growth alone where it is larger already`, async () => {
      const id = idIn(await make({}));
      const list = Array.from({ length: 300 }, (_, index) => index);
      const large = { ...objectOf(400 * KiB), t: text(20_000), l: list, d: nested(12), rest: 1 };
      await store(id, large);
      const passes: object[] = [
        { rest: 2 },
        { t: large.t, l: list, d: nested(12) },
        { t: text(15_000), l: list.slice(1), d: nested(11) },
        { k000: 'x', k001: null },
      ];
      for (const patch of passes) expect(refusalOf(await change(id, patch))).to.deep.equal([]);
      const refused: [object, string[]][] = [
        [{ t: text(15_001), k010: null }, [`${path}.t too_long`]],
        [{ l: text(10_001), k012: null }, [`${path}.l too_long`]],
        [{ k002: text(9_001), k012: null }, []],
        [{ k002: text(9_002) }, [`${path} too_long`]],
        [{ k003: list, k011: null }, [`${path}.k003 too_long`]],
      ];
      for (const [patch, issues] of refused) expect(refusalOf(await change(id, patch))).to.deep.equal(issues);
      expect(refusalOf(await change(id, objectOf(30 * KiB, 'more')))).to.deep.equal([`${path} too_long`]);
    });
  }

  it('of a submission is at most 1 MiB after a merge, over both doors, unless it shrinks', async () => {
    const fields = Array.from({ length: 200 }, (_, index) => ({
      name: `k${String(index).padStart(3, '0')}`,
      type: 'text',
    }));
    const bot = await createBot(server.app, tenant.workspaceId, { schema: fields });
    const path = `/intake-bots/${bot.id}/submissions`;
    const { body } = await key.rest('POST', path, { data: objectOf(600 * KiB) });
    const { id } = body.data.submission;
    const rest = async (data: object) => refusalOf(await key.rest('PATCH', `${path}/${id}`, { data }));
    const graphql = async (data: object) =>
      refusalOf(await mutate('updateSubmission', { id, data }, 'submission { id }', key));
    const second = Object.fromEntries(
      Object.entries(objectOf(600 * KiB)).map(([name, value]) => [
        `k${String(Number(name.slice(1)) + 100).padStart(3, '0')}`,
        value,
      ]),
    );
    for (const change of [rest, graphql]) expect(await change(second)).to.deep.equal(['data too_long']);
    const large = objectOf(MiB + 20_000);
    await sql('update submissions set data = $2 where id = $1', [id, JSON.stringify(large)]);
    for (const change of [rest, graphql]) {
      expect(await change({ k199: 'x' })).to.deep.equal(['data too_long']);
      expect(await change({ k000: text(8_999 - (change === rest ? 0 : 1)) })).to.deep.equal([]);
    }
  });

  it('of a submission has 200 keys, however often its bot changes its fields', async () => {
    const fields = (prefix: string) =>
      Array.from({ length: 150 }, (_, index) => ({ name: `${prefix}${index}`, type: 'number' }));
    const answers = (prefix: string, count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`${prefix}${index}`, index]));
    const bot = await createBot(server.app, tenant.workspaceId, { schema: fields('a') });
    const path = `/intake-bots/${bot.id}`;
    const { id } = (await key.rest('POST', `${path}/submissions`, { data: answers('a', 150) })).body.data.submission;
    await key.rest('PATCH', path, { schema: fields('b') });
    const change = async (data: object) => refusalOf(await key.rest('PATCH', `${path}/submissions/${id}`, { data }));
    expect(await change(answers('b', 51))).to.deep.equal(['data too_long']);
    expect(await change(answers('b', 50))).to.deep.equal([]);
    expect(await change({ a0: null, b50: 1 })).to.deep.equal([]);
  });

  it('of an attribution is 1,000 characters a click id, 10,000 a text; what is longer is left out, over both doors', async () => {
    const bot = await createBot(server.app, tenant.workspaceId, { schema: [{ name: 'topic', type: 'text' }] });
    const fine = { gclid: text(1_000), referrer: '😀'.repeat(10_000) };
    const long = { gclid: text(1_001), referrer: '😀'.repeat(10_001), ip: text(1_000), user_agent: text(1_001) };
    const post = async (attribution: object) => {
      const { body } = await key.rest('POST', `/intake-bots/${bot.id}/submissions`, { data: {}, attribution });
      return `submission(id: "${body.data.submission.id}")`;
    };
    const shown = '{ attribution { gclid referrer dropped } }';
    const { body } = await key.graphql(`{ fine: ${await post(fine)} ${shown} long: ${await post(long)} ${shown} }`);
    const dropped = ['gclid', 'referrer', 'ip', 'userAgent'];
    expect(body.data.fine.attribution).to.deep.equal({ ...fine, dropped: [] });
    expect(body.data.long.attribution).to.deep.equal({ gclid: null, referrer: null, dropped });
    const { user_agent: userAgent, ...others } = long;
    const input = { intakeBotId: bot.id, data: {}, attribution: { ...others, userAgent } };
    const answer = await mutate('createSubmission', input, `submission ${shown}`, key);
    expect(answer.body['data']).to.deep.equal({
      createSubmission: { submission: { attribution: { gclid: null, referrer: null, dropped } } },
    });
  });

  it("of a bot's schema is at most 256 KiB, unless it shrinks", async () => {
    const schemaOf = (bytes: number) => {
      const items: { name: string; label: string; type: string; required: boolean; helper_text: string }[] = [];
      const size = () => Buffer.byteLength(JSON.stringify(items).replaceAll('helper_text', 'helperText'));
      while (size() < bytes) {
        items.push({ name: `f${items.length}`, label: 'L', type: 'text', required: false, helper_text: '' });
        const last = items.at(-1);
        if (last !== undefined) last.helper_text = text(Math.min(9_000, Math.max(0, bytes - size())));
      }
      return items;
    };
    const bot = await createBot(server.app, tenant.workspaceId);
    const change = async (schema: object) => refusalOf(await key.rest('PATCH', `/intake-bots/${bot.id}`, { schema }));
    const large = schemaOf(300 * KiB);
    expect(await change(large)).to.deep.equal(['schema too_long']);
    expect(await change([...large, { type: 'text' }]))
      .to.include('schema too_long')
      .and.include(`schema.${large.length}.name required`);
    const input = { name: 'B', schema: large.map(({ helper_text: helperText, ...item }) => ({ ...item, helperText })) };
    expect(refusalOf(await mutate('createIntakeBot', input, 'intakeBot { id }'))).to.deep.equal(['schema too_long']);
    expect(await change(schemaOf(200 * KiB))).to.deep.equal([]);
    await sql('update intake_bots set schema = $2 where id = $1', [bot.id, JSON.stringify(input.schema)]);
    expect(await change(schemaOf(301 * KiB))).to.deep.equal(['schema too_long']);
    expect(await change(schemaOf(299 * KiB))).to.deep.equal([]);
  });

  it('of the messages of a submission is 500, and 4 MiB together', async () => {
    const bot = await createBot(server.app, tenant.workspaceId);
    const insert = async (id: string, count: number, content: string) =>
      await sql(
        "insert into submission_messages select 'm' || $1 || n, $1, 'user', $3, now() from generate_series(1, $2) n",
        [id, count, content],
      );
    const add = async (submissionId: string, content: string) =>
      refusalOf(await mutate('addSubmissionMessage', { submissionId, role: 'USER', content }, 'message { id }', key));
    const many = await createSubmission(server.app, bot);
    await insert(many.id, 499, 'hello');
    const both = await Promise.all([add(many.id, 'the last'), add(many.id, 'one too many')]);
    expect(both.toSorted((a, b) => a.length - b.length)).to.deep.equal([
      [],
      ['plan_limit_exceeded {"resource":"messages","current":500,"max":500}'],
    ]);
    const large = await createSubmission(server.app, bot);
    // A line break is two bytes of JSON; each text has its quotes.
    await insert(large.id, 400, `${text(9_996)}\n`);
    expect(await add(large.id, text(4 * MiB - 400 * 10_000 - 2 - 190_000))).to.deep.equal([]);
    for (let round = 0; round < 19; round += 1) expect(await add(large.id, text(9_998))).to.deep.equal([]);
    expect(await add(large.id, 'x')).to.deep.equal(['content too_long']);
  });

  it('of the links of a record is 100, however many are made at once', async () => {
    const { record } = (await mutate('createRecord', { recordType: 'lead', data: {} }, 'record { id }')).body.data
      .createRecord;
    const { contact } = (await mutate('createContact', { email: 'linked@example.com' }, 'contact { id }')).body.data
      .createContact;
    await sql("insert into record_contacts select $1, $2, 'r' || n from generate_series(1, 98) n", [
      record.id,
      contact.id,
    ]);
    const link = async (role: string) =>
      refusalOf(
        await mutate('linkRecordContact', { recordId: record.id, contactId: contact.id, role }, 'record { id }'),
      );
    const answers = await Promise.all(['a', 'b', 'c'].map(link));
    expect(answers.flat()).to.deep.equal([
      'plan_limit_exceeded {"resource":"record_contacts","current":100,"max":100}',
    ]);
    expect(await link('r1')).to.deep.equal([]);
  });

  it('of the open invitations of a workspace is 100, of its people 1,000', async () => {
    const other = await createTenant(server.app);
    const person = await memberOf(server.app, other, 'OWNER');
    const invite = async (email: string) => refusalOf(await mutate('inviteMember', { email }, 'token', person));
    await sql(
      "insert into invitations select 'i' || $1 || n, $1, sha256(($1 || n)::bytea), n || '@example.com', 'MEMBER', $1, now(), now() + '1 day' from generate_series(1, 99) n",
      [other.workspaceId],
    );
    expect(await invite('100@example.com')).to.deep.equal([]);
    expect(await invite('101@example.com')).to.deep.equal([
      'plan_limit_exceeded {"resource":"invitations","current":100,"max":100}',
    ]);
    expect(await invite('100@example.com')).to.deep.equal([]);
    await sql("update invitations set expires_at = now() where workspace_id = $1 and email = '1@example.com'", [
      other.workspaceId,
    ]);
    expect(await invite('101@example.com')).to.deep.equal([]);
    await sql(
      "insert into users select 'u' || $1 || n, $1, $1 || n || '@example.com', 'U', 'x', 'MEMBER', now(), now() from generate_series(1, 999) n",
      [other.workspaceId],
    );
    expect(await invite('102@example.com')).to.deep.equal([
      'plan_limit_exceeded {"resource":"members","current":1000,"max":1000}',
    ]);
  });

  it('of trusted documents is 1,000 of 64 KiB each', async () => {
    const trust = async (...documents: string[]) =>
      refusalOf(await mutate('trustDocuments', { documents }, 'documentIds'));
    const sized = (bytes: number) => `{__typename}#${'é'.repeat((bytes - 13) >> 1)}${text((bytes - 13) % 2)}`;
    expect(await trust(sized(64 * KiB))).to.deep.equal([]);
    expect(await trust('{__typename}', sized(64 * KiB + 1))).to.deep.equal(['documents.1 too_long']);
    await sql(
      "insert into trusted_documents select $1, sha256(n::text::bytea), '{x}', now() from generate_series(1, 998) n",
      [tenant.workspaceId],
    );
    expect(await trust('{__typename}')).to.deep.equal([]);
    expect(await trust('{__typename}', '{viewer{role}}')).to.deep.equal([
      'plan_limit_exceeded {"resource":"trusted_documents","current":1000,"max":1000}',
    ]);
    expect(await trust('{__typename}')).to.deep.equal([]);
  });

  it('of the bots of a workspace is 10,000', async () => {
    const other = await createTenant(server.app);
    await sql(
      "insert into intake_bots select 'b' || $1 || n, $1, 'B', null, 'DRAFT', '[]', 1, null, now(), now() from generate_series(1, 10000) n",
      [other.workspaceId],
    );
    const client = clientOf(server.url, other.key);
    expect(
      refusalOf(await mutate('createIntakeBot', { name: 'B', schema: [] }, 'intakeBot { id }', client)),
    ).to.deep.equal(['plan_limit_exceeded {"resource":"intake_bots","current":10000,"max":10000}']);
  });

  it('of keys that ended and of replays that ended is the last 1,000', async () => {
    await sql(
      "insert into api_keys select 'c' || lpad(n::text, 24, '0'), $1, 'K', sha256(n::text::bytea), 'h', '{}', '{}', false, null, now(), null, now() from generate_series(1, 1005) n",
      [tenant.workspaceId],
    );
    await mutate('createApiKey', { name: 'New', scopes: ['read:records'] }, 'secret');
    const { body } = await owner.graphql('{ apiKeys(last: 3) { totalCount nodes { id } } }');
    expect(body.data.apiKeys.totalCount).to.equal(1_002);
    expect(body.data.apiKeys.nodes.at(-1).id).to.equal(`c${'6'.padStart(24, '0')}`);

    const made = await mutate(
      'createWebhookEndpoint',
      { url: 'http://127.0.0.1:9/', events: ['contact.created'] },
      'webhookEndpoint { id }',
    );
    const endpointId = made.body.data.createWebhookEndpoint.webhookEndpoint.id as string;
    await sql(
      "insert into webhook_replays (id, workspace_id, endpoint_id, selection, since, until, rate_per_second, dry_run, status, total, counted, advanced_at, created_at) select 'c' || lpad(n::text, 24, '0'), $1, $2, 'ALL', now(), now(), 1, true, 'DONE', 0, true, now(), now() from generate_series(1, 1005) n",
      [tenant.workspaceId, endpointId],
    );
    const since = new Date(Date.now() - 60_000).toISOString();
    const replay = await mutate('startReplay', { endpointId, since, dryRun: true }, 'replay { status }');
    expect(replay.body.data.startReplay.replay.status).to.equal('DONE');
    expect((await owner.graphql('{ replays { totalCount } }')).body.data.replays.totalCount).to.equal(1_001);
  });

  it('of tags is 100 of a contact, unless it has more and has no more after', async () => {
    const tags = (count: number) => Array.from({ length: count }, (_, index) => `t${index}`);
    const made = await mutate('createContact', { email: 'tagged@example.com', tags: tags(100) }, 'contact { id }');
    const { id } = made.body.data.createContact.contact;
    const change = async (input: object) =>
      refusalOf(await mutate('updateContact', { id, ...input }, 'contact { id }'));
    expect(await change({ tags: tags(101), email: 'nobody' })).to.have.members(['tags too_long', 'email bad_format']);
    await sql('update contacts set tags = $2 where id = $1', [id, tags(150)]);
    expect(await change({ tags: tags(151) })).to.deep.equal(['tags too_long']);
    expect(await change({ tags: tags(149) })).to.deep.equal([]);
    const more = { email: 'more@example.com', tags: tags(101) };
    expect(refusalOf(await mutate('createContact', more, 'contact { id }'))).to.deep.equal(['tags too_long']);
  });

  it('of two contacts that are one is held to the same bounds', async () => {
    const make = async (name: string, customFields: object, tags: string[]) =>
      (await mutate('createContact', { email: `${name}@example.com`, customFields, tags }, 'contact { id }')).body.data
        .createContact.contact.id as string;
    const tags = (prefix: string) => Array.from({ length: 60 }, (_, index) => `${prefix}${index}`);
    const id = await make('one', objectOf(150 * KiB, 'a'), tags('a'));
    const duplicateId = await make('two', objectOf(150 * KiB, 'b'), tags('b'));
    expect(refusalOf(await mutate('mergeContacts', { id, duplicateId }, 'contact { id }'))).to.deep.equal([
      'customFields too_long',
      'tags too_long',
    ]);
    const { body } = await owner.graphql('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', {
      ids: [id, duplicateId],
    });
    expect(body.data.nodes).to.deep.equal([{ id }, { id: duplicateId }]);
  });

  it('is refused with two thousand issues at most, however many there are', async () => {
    const bot = await createBot(server.app, tenant.workspaceId);
    const options = Array.from({ length: 100 }, () => 'same');
    const schema = Array.from({ length: 200 }, () => ({ name: 'same', label: 'Same', type: 'select', options }));
    const { status, body } = await key.rest('PATCH', `/intake-bots/${bot.id}`, { schema });
    expect(status).to.equal(400);
    expect(body.error.details.issues).to.have.length(2_000);
    expect(body.error.message).to.equal('The input has 19999 problems; see issues.');
  });
});
