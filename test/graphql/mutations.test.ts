import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf, type Client } from '../support/client.js';
import { createBot, createSubmission } from '../support/factories.js';
import { codeOf, memberOf, type Person } from '../support/people.js';
import { Receiver } from '../support/receiver.js';

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
    const found = await member.graphql('{ contacts(filter: { phone: "+1 212 555 0123" }) { nodes { id } } }');
    expect(found.body.data.contacts.nodes).to.deep.equal([{ id: contact.id }]);
    const wrong = await newContact({ email: 'nobody' });
    expect(wrong.body.errors[0].extensions.details.issues).to.deep.equal([
      { path: 'email', message: 'must be an e-mail address', code: 'bad_format' },
    ]);
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
      'mutation ($data: JSONObject!) { createRecord(input: {recordType: "lead", data: $data}) { record { id recordType data } } }',
      { data: JSON.parse('{"a": 1, "b": 2, "__proto__": {"c": 3}}') },
    );
    const { record } = made.body.data.createRecord;
    const query = `mutation ($id: ID!, $contactId: ID!) {
      updateRecord(input: {id: $id, data: {a: null, c: 3}}) { record { data } }
      linkRecordContact(input: {recordId: $id, contactId: $contactId, role: "buyer"}) { record { contacts { role contact { id } } } }
    }`;
    const { body } = await owner.graphql(query, { id: record.id, contactId: contact.id });
    const kept = { ...JSON.parse('{"b": 2, "c": 3, "__proto__": {"c": 3}}') };
    expect(body.data.updateRecord.record.data).to.deep.equal(kept);
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
    // What it did not need to fill with is found as another address of it.
    expect(await idOf('dup@example.com')).to.equal(id);
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
});
