import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { createTenant, startServer, type Tenant, type TestServer } from './support/app.js';
import { clientOf, type Client } from './support/client.js';
import { createBot, createSubmission } from './support/factories.js';
import { codeOf, memberOf, type Person } from './support/people.js';
import { Receiver } from './support/receiver.js';

const create = `mutation ($input: CreateSubmissionInput!) {
  createSubmission(input: $input) { submission { id status createdAt contact { email } intakeBot { name } } }
}`;

describe('graphql mutations', () => {
  let server: TestServer;
  let tenant: Tenant;
  let key: Client;
  let owner: Person;
  let member: Person;

  before(async () => {
    server = await startServer();
    tenant = await createTenant(server.app);
    key = clientOf(server.url, tenant.key);
    owner = await memberOf(server.app, tenant, 'OWNER');
    member = await memberOf(server.app, tenant, 'MEMBER');
  });

  after(async () => await server.stop());

  const newContact = async (input: object, by = member) => {
    const query = `mutation ($input: CreateContactInput!) { createContact(input: $input) {
      contact { id email phone firstName tags customFields submissionCount }
    } }`;
    return await by.graphql(query, { input });
  };

  it('take null for what may be left out as left out', async () => {
    const bot = await createBot(server.app, tenant.workspaceId);
    const data = { full_name: 'Null Island', email: 'null@example.com', topic: 'Sales' };
    const made = await key.graphql(create, { input: { intakeBotId: bot.id, data, status: null, isTest: null } });
    expect(made.body.errors).to.equal(undefined);
    expect(made.body.data.createSubmission.submission.status).to.equal('COMPLETED');
  });

  it('makes and changes contacts for people, and tells of it', async () => {
    const made = await newContact({ email: ' Grace@Example.com ', phone: '+1 212 555 0123', tags: ['a', 'a'] });
    const { contact } = made.body.data.createContact;
    expect(contact).to.deep.include({
      email: 'grace@example.com',
      phone: '+12125550123',
      tags: ['a'],
      submissionCount: 0,
    });
    const update = `mutation ($input: UpdateContactInput!) { updateContact(input: $input) { contact { firstName phone customFields } } }`;
    const input = { id: contact.id, firstName: 'Grace', phone: null, customFields: { rank: 'admiral' } };
    const changed = await member.graphql(update, { input });
    expect(changed.body.data.updateContact.contact).to.deep.equal({
      firstName: 'Grace',
      phone: null,
      customFields: { rank: 'admiral' },
    });
    await member.graphql(update, { input });
    const { rows } = await server.app.database.pool.query<{ type: string; body: string }>(
      'select type, body from events where subject_id = $1 order by id',
      [contact.id],
    );
    expect(rows.map(({ type }) => type)).to.deep.equal(['contact.created', 'contact.updated']);
    expect(JSON.parse(rows[1]?.body ?? '').data.changes).to.deep.equal(['phone', 'first_name', 'custom_fields']);
  });

  it('refuses a second contact with the same address, and what names nobody', async () => {
    await newContact({ email: 'twin@example.com' });
    const twin = await newContact({ email: 'TWIN@example.com' });
    expect(twin.body.errors[0].extensions).to.deep.equal({
      code: 'conflict',
      details: { reason: 'duplicate_contact' },
    });
    const nobody = await newContact({ firstName: 'Nobody' });
    expect(nobody.body.errors[0].extensions.details.issues[0]).to.deep.include({ path: 'email', code: 'required' });
    const wrong = await newContact({ email: 'no address', phone: 'no number' });
    const { issues } = wrong.body.errors[0].extensions.details;
    expect(issues.map(({ path, code }: { path: string; code: string }) => `${path} ${code}`)).to.have.members([
      'email bad_format',
      'phone bad_format',
    ]);
  });

  it('lets no key change contacts or records, and no Member records', async () => {
    const { body } = await key.graphql(
      'mutation { createContact(input: {email: "a@example.com"}) { contact { id } } }',
    );
    expect(body.errors[0].extensions.code).to.equal('insufficient_role');
    const record = 'mutation { createRecord(input: {recordType: "lead", data: {}}) { record { id } } }';
    expect((await key.graphql(record)).body.errors[0].extensions.code).to.equal('insufficient_role');
    expect((await member.graphql(record)).body.errors[0].extensions).to.deep.equal({
      code: 'insufficient_role',
      details: { required: 'ADMIN', granted: 'MEMBER' },
    });
  });

  it('makes, changes and links records', async () => {
    const { contact } = (await newContact({ email: 'linked@example.com' })).body.data.createContact;
    const made = await owner.graphql(
      'mutation { createRecord(input: {recordType: "lead", data: {a: 1, b: 2}}) { record { id recordType data } } }',
    );
    const { record } = made.body.data.createRecord;
    const query = `mutation ($id: ID!, $contactId: ID!) {
      updateRecord(input: {id: $id, data: {a: null, c: 3}}) { record { data } }
      linkRecordContact(input: {recordId: $id, contactId: $contactId, role: "buyer"}) { record { contacts { role contact { id } } } }
    }`;
    const { body } = await owner.graphql(query, { id: record.id, contactId: contact.id });
    expect(body.data.updateRecord.record.data).to.deep.equal({ b: 2, c: 3 });
    expect(body.data.linkRecordContact.record.contacts).to.deep.equal([{ role: 'buyer', contact: { id: contact.id } }]);
  });

  it('merges two contacts: what the duplicate has goes over, what the other has stays', async () => {
    const bot = await createBot(server.app, tenant.workspaceId, { record_type: 'lead' });
    await createSubmission(server.app, bot, { data: { full_name: 'Old Name', email: 'kept@example.com' } });
    await createSubmission(server.app, bot, {
      data: { full_name: 'New Person', email: 'dup@example.com', phone: '+12125550199' },
    });
    const find = 'query ($email: String) { contacts(filter: {email: $email}) { nodes { id } } }';
    const idOf = async (email: string) => (await member.graphql(find, { email })).body.data.contacts.nodes[0]?.id;
    const [id, duplicateId] = [await idOf('kept@example.com'), await idOf('dup@example.com')];
    const merge = `mutation ($input: MergeContactsInput!) { mergeContacts(input: $input) { contact {
      email phone firstName submissionCount submissions { totalCount } records { totalCount }
    } } }`;
    const { body } = await member.graphql(merge, { input: { id, duplicateId } });
    expect(body.data.mergeContacts.contact).to.deep.equal({
      email: 'kept@example.com',
      phone: '+12125550199',
      firstName: 'Old',
      submissionCount: 2,
      submissions: { totalCount: 2 },
      records: { totalCount: 2 },
    });
    expect(await idOf('dup@example.com')).to.equal(undefined);
  });

  it('erases a deleted contact from everything that is kept for delivery', async () => {
    const receiver = await Receiver.start();
    try {
      const name = 'Erasable';
      receiver.answer = (response) => void response.end(`thanks, ${name}`);
      const endpoint = { url: receiver.url, events: ['submission.completed', 'contact.created', 'contact.updated'] };
      const registered = await key.graphql(
        'mutation ($input: CreateWebhookEndpointInput!) { createWebhookEndpoint(input: $input) { webhookEndpoint { id } } }',
        { input: endpoint },
      );
      expect(registered.body).to.not.have.property('errors');
      const bot = await createBot(server.app, tenant.workspaceId);
      const data = { full_name: `${name} Person`, email: 'erase@example.com' };
      const idempotent = { 'Idempotency-Key': randomUUID() };
      const input = { intakeBotId: bot.id, data };
      const made = await key.graphql(create, { input }, idempotent);
      expect(made.body).to.not.have.property('errors');
      await receiver.arrived(2);
      await attempts(2);
      const { body } = await member.graphql('{ contacts(filter: {email: "erase@example.com"}) { nodes { id } } }');
      const erased = await member.graphql(
        'mutation ($id: ID!) { deleteContact(input: {id: $id}) { contact { id } } }',
        { id: body.data.contacts.nodes[0].id },
      );
      expect(erased.body).to.not.have.property('errors');
      const { pool } = server.app.database;
      const { rows: events } = await pool.query(`select body from events where body like '%erase@example.com%'`);
      expect(events).to.deep.equal([]);
      const { rows: answers } = await pool.query(
        `select 1 from webhook_attempts where encode(response_body, 'escape') like '%${name}%'`,
      );
      expect(answers).to.deep.equal([]);
      const again = await key.graphql(create, { input }, idempotent);
      expect(codeOf(again)).to.equal('idempotency_conflict');
    } finally {
      await receiver.stop();
    }
  });

  async function attempts(count: number): Promise<void> {
    const text = 'select count(*)::int as count from webhook_attempts';
    for (;;) {
      const { rows } = await server.app.database.pool.query<{ count: number }>(text);
      if ((rows[0]?.count ?? 0) >= count) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  describe('under an idempotency key', () => {
    it('run once, and give the same answer again to the same request', async () => {
      const bot = await createBot(server.app, tenant.workspaceId);
      const input = { intakeBotId: bot.id, data: { full_name: 'Once', email: 'once@example.com' } };
      const headers = { 'Idempotency-Key': randomUUID() };
      const answers = [await key.graphql(create, { input }, headers), await key.graphql(create, { input }, headers)];
      const [first, second] = answers;
      expect(first?.body.data.createSubmission.submission.contact.email).to.equal('once@example.com');
      expect(second?.body).to.deep.equal(first?.body);
      expect(answers.map(({ headers }) => headers.get('idempotency-replayed'))).to.deep.equal([null, 'true']);
      const { body } = await key.graphql('query ($id: ID!) { submissions(intakeBotId: $id) { totalCount } }', {
        id: bot.id,
      });
      expect(body.data.submissions.totalCount).to.equal(1);
    });

    it('refuse another request, and keep nothing that was refused', async () => {
      const bot = await createBot(server.app, tenant.workspaceId);
      const headers = { 'Idempotency-Key': randomUUID() };
      const wrong = { intakeBotId: bot.id, data: {} };
      expect(codeOf(await key.graphql(create, { input: wrong }, headers))).to.equal('validation_failed');
      const right = { intakeBotId: bot.id, data: { full_name: 'Right', email: 'right@example.com' } };
      expect(codeOf(await key.graphql(create, { input: right }, headers))).to.equal(null);
      const other = await key.graphql(create, { input: { ...right, isTest: true } }, headers);
      expect(other.status).to.equal(409);
      expect(other.body.errors[0].extensions).to.deep.equal({ code: 'idempotency_conflict', details: {} });
    });

    it('run once of many at the same instant', async () => {
      const bot = await createBot(server.app, tenant.workspaceId);
      const input = { intakeBotId: bot.id, data: { full_name: 'Race', email: 'race@example.com' } };
      const headers = { 'Idempotency-Key': randomUUID() };
      const answers = await Promise.all(Array.from({ length: 8 }, async () => key.graphql(create, { input }, headers)));
      const ids = answers.flatMap(({ body }) => body.data?.createSubmission?.submission.id ?? []);
      expect(new Set(ids).size).to.equal(1);
      for (const answer of answers) expect(codeOf(answer)).to.be.oneOf([null, 'idempotency_conflict']);
      const { body } = await key.graphql('query ($id: ID!) { submissions(intakeBotId: $id) { totalCount } }', {
        id: bot.id,
      });
      expect(body.data.submissions.totalCount).to.equal(1);
    });

    it('are authorised again', async () => {
      const bot = await createBot(server.app, tenant.workspaceId);
      const headers = { 'Idempotency-Key': randomUUID() };
      const input = {
        name: 'Short lived',
        scopes: ['write:intake-bots' as const],
        allowedCidrs: [],
        documentsOnly: false,
      };
      const { app } = server;
      const { secret, apiKey } = await app.database.transaction((tx) =>
        app.apiKeys.insert(tx, tenant.workspaceId, input),
      );
      const narrow = clientOf(server.url, secret);
      const asked = { input: { intakeBotId: bot.id, data: { full_name: 'A', email: 'again@example.com' } } };
      const text =
        'mutation ($input: CreateSubmissionInput!) { createSubmission(input: $input) { submission { id } } }';
      expect(codeOf(await narrow.graphql(text, asked, headers))).to.equal(null);
      await app.database.pool.query(`update api_keys set scopes = '{read:records}' where id = $1`, [apiKey.id]);
      app.signals.send('api-key-changed', apiKey.id);
      expect(codeOf(await narrow.graphql(text, asked, headers))).to.equal('insufficient_scopes');
    });

    it('have no key over sessions', async () => {
      const headers = { 'Idempotency-Key': randomUUID() };
      const signIn = 'mutation ($input: SignInInput!) { signIn(input: $input) { viewer { role } } }';
      const { email, password } = tenant.owner;
      const answers = [];
      for (let time = 0; time < 2; time += 1) {
        answers.push(await clientOf(server.url).graphql(signIn, { input: { email, password } }, headers));
      }
      const cookies = answers.map((answer) => answer.headers.getSetCookie()[0]);
      expect(new Set(cookies).size).to.equal(2);
    });
  });
});
