import { expect } from 'chai';
import { otherAddressesMax } from '../../src/contacts/contact.service.js';
import type { SharedIntakeBot } from '../../src/intake-bots/intake-bot.service.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf, type Client } from '../support/client.js';
import { createBot } from '../support/factories.js';
import { memberOf, type Person } from '../support/people.js';

const merging = `mutation ($input: MergeContactsInput!) { mergeContacts(input: $input) {
  contact { id email phone tags customFields otherAddresses }
} }`;
const creation = `mutation ($input: CreateContactInput!) { createContact(input: $input) { contact { id } } }`;
const change = `mutation ($input: UpdateContactInput!) { updateContact(input: $input) {
  contact { id email otherAddresses }
} }`;
const submission = `mutation ($input: CreateSubmissionInput!) { createSubmission(input: $input) {
  submission { contact { id } }
} }`;

describe('contacts that were merged', () => {
  let server: TestServer;
  let tenant: Tenant;
  let key: Client;
  let member: Person;
  let bot: SharedIntakeBot;
  /** The survivor, of `kept@` and +14155552671, and the duplicate, of `dropped@` and +14155552672. */
  let id: string;
  let duplicateId: string;

  before(async () => {
    server = await startServer({ role: 'api' });
  });
  beforeEach(async () => {
    tenant = await createTenant(server.app);
    key = clientOf(server.url, tenant.key);
    member = await memberOf(server.app, tenant, 'MEMBER');
    bot = await createBot(server.app, tenant.workspaceId);
    id = await contact({
      email: 'kept@example.com',
      phone: '+14155552671',
      tags: ['a', 'b'],
      customFields: { from: 'kept', own: 1 },
    });
    duplicateId = await contact({
      email: 'dropped@example.com',
      phone: '+14155552672',
      tags: ['b', 'c'],
      customFields: { from: 'dropped', more: 2 },
    });
  });
  after(async () => await server.stop());

  const contact = async (input: object) =>
    (await member.graphql(creation, { input })).body.data.createContact.contact.id as string;
  const merge = async (input: object = { id, duplicateId }) => await member.graphql(merging, { input });
  const update = async (input: object) => await member.graphql(change, { input });
  const found = async (filter: object) => {
    const query = 'query ($filter: ContactFilter) { contacts(filter: $filter) { totalCount nodes { id } } }';
    return (await member.graphql(query, { filter })).body.data.contacts.nodes.map((node: { id: string }) => node.id);
  };
  const submit = async (data: object) => {
    const input = { intakeBotId: bot.id, data: { full_name: 'Somebody', email: 'somebody@example.com', ...data } };
    return (await key.graphql(submission, { input })).body.data.createSubmission.submission.contact.id;
  };

  it('keep the addresses that are dropped, add up tags, and of custom fields prefer what the survivor has', async () => {
    const { body } = await merge();
    expect(body.data.mergeContacts.contact).to.deep.equal({
      id,
      email: 'kept@example.com',
      phone: '+14155552671',
      tags: ['a', 'b', 'c'],
      customFields: { from: 'kept', own: 1, more: 2 },
      otherAddresses: ['dropped@example.com', '+14155552672'],
    });
  });

  it('are found by them: in lists, by submissions, and when a contact is made or changed', async () => {
    await merge();
    expect(await found({ email: ' Dropped@Example.com' })).to.deep.equal([id]);
    expect(await found({ phone: '+1 415 555 2672' })).to.deep.equal([id]);
    expect(await submit({ email: 'dropped@example.com' })).to.equal(id);
    expect(await submit({ email: 'new@example.com', phone: '+14155552672' })).to.equal(id);
    const reasons = [
      await member.graphql(creation, { input: { email: 'dropped@example.com' } }),
      await member.graphql(creation, { input: { email: 'x@example.com', phone: '+14155552672' } }),
      await update({ id: await contact({ email: 'other@example.com' }), email: 'dropped@example.com' }),
    ].map(({ body }) => body.errors[0].extensions);
    const refused = { code: 'conflict', details: { reason: 'duplicate_contact' } };
    expect(reasons).to.deep.equal([refused, refused, refused]);
    expect(await found({})).to.have.length(2);
  });

  it('by e-mail before phone, also where the e-mail is another address', async () => {
    await merge();
    const other = await contact({ email: 'third@example.com', phone: '+14155552673' });
    expect(await submit({ email: 'dropped@example.com', phone: '+14155552673' })).to.equal(id);
    expect(await submit({ email: 'third@example.com', phone: '+14155552672' })).to.equal(other);
  });

  it('give another address up for their own when they are told so', async () => {
    await merge();
    const { body } = await update({ id, email: 'dropped@example.com' });
    expect(body.data.updateContact.contact).to.deep.equal({
      id,
      email: 'dropped@example.com',
      otherAddresses: ['+14155552672'],
    });
    // What it had instead is free.
    expect(await contact({ email: 'kept@example.com' })).to.be.a('string');
  });

  it('tell of it with `contact.updated`, and look over REST as ever', async () => {
    const shown = async () => (await key.rest('GET', `/contacts/${id}`)).body.data.contact;
    const before = await shown();
    await merge();
    const after = await shown();
    expect(Object.keys(after)).to.deep.equal(Object.keys(before));
    const { rows } = await server.app.database.pool.query<{ type: string; body: string }>(
      'select type, body from events where workspace_id = $1 order by id desc limit 1',
      [tenant.workspaceId],
    );
    expect(rows[0]?.type).to.equal('contact.updated');
    expect(JSON.parse(rows[0]?.body ?? '').data).to.deep.equal({ contact: after, changes: ['merged'] });

    // Also where nothing of the survivor changes.
    const third = await contact({ email: 'third@example.com' });
    await merge({ id, duplicateId: third });
    const { rows: last } = await server.app.database.pool.query<{ body: string }>(
      'select body from events where workspace_id = $1 order by id desc limit 1',
      [tenant.workspaceId],
    );
    expect(JSON.parse(last[0]?.body ?? '').data.changes).to.deep.equal(['merged']);
  });

  it('hand over what they have of earlier merges, to so many addresses and no further', async () => {
    await merge();
    const last = await contact({ email: 'last@example.com' });
    const { body } = await merge({ id: last, duplicateId: id });
    const all = ['dropped@example.com', 'kept@example.com', '+14155552672'];
    expect(body.data.mergeContacts.contact).to.include({ email: 'last@example.com', phone: '+14155552671' });
    expect(body.data.mergeContacts.contact.otherAddresses).to.deep.equal(all);
    await server.app.database.pool.query(
      `insert into contact_addresses select $1, 'email', n || '@many.example', $2 from generate_series(1, $3) n`,
      [tenant.workspaceId, last, otherAddressesMax - all.length],
    );
    const refused = await merge({ id: last, duplicateId: await contact({ email: 'one@example.com' }) });
    const { code, details } = refused.body.errors[0].extensions;
    expect([code, details.issues[0].path, details.issues[0].code]).to.deep.equal([
      'validation_failed',
      'duplicateId',
      'out_of_range',
    ]);
    expect(await found({ email: 'one@example.com' })).to.have.length(1);
  });
});
