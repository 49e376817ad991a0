import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { erasureQueue } from '../../src/contacts/erasure.service.js';
import { idFloor, newId } from '../../src/platform/id.js';
import { createLog } from '../../src/platform/log.js';
import { deleteOldSubmissions } from '../../src/submissions/retention.js';
import type { SharedIntakeBot } from '../../src/intake-bots/intake-bot.service.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf, type Client } from '../support/client.js';
import { until } from '../support/embedded-postgres.js';
import { createBot } from '../support/factories.js';
import { jobsOn } from '../support/jobs.js';
import { multiply } from '../support/many-events.js';
import { codeOf, memberOf, type Person } from '../support/people.js';
import { Receiver } from '../support/receiver.js';
import { placesOf } from '../support/secrets-left.js';

const counts = 'counts { events attempts submissions messages records idempotencyRecords }';
const deletion = `mutation ($input: DeleteContactInput!) { deleteContact(input: $input) {
  contact { id email firstName tags customFields } erasure { id status ${counts} createdAt finishedAt }
} }`;
const creation = `mutation ($input: CreateSubmissionInput!) { createSubmission(input: $input) {
  submission { id data contact { id } }
} }`;
const change = `mutation ($input: UpdateSubmissionInput!) { updateSubmission(input: $input) { submission { id data } } }`;
const contactCreation = `mutation ($input: CreateContactInput!) { createContact(input: $input) {
  contact { id email customFields }
} }`;
const merging = `mutation ($input: MergeContactsInput!) { mergeContacts(input: $input) {
  contact { id email otherAddresses }
} }`;
const payloads = '{ events(first: 100) { nodes { id type payload deliveries { nodes { id status } } } } }';

/** How many events each deed publishes: where it publishes one more, only this follows. */
const published = {
  /** submission.completed */
  submission: 1,
  /** submission.updated */
  change: 1,
  /** contact.created, also of whom a submission names first */
  contact: 1,
  /** contact.updated, of what is merged into as well */
  contactChange: 1,
};
const ofNewcomer = published.submission + published.contact;

describe('erasing a person', () => {
  let server: TestServer;
  let tenant: Tenant;
  let key: Client;
  let owner: Person;
  let bot: SharedIntakeBot;
  let secret: string;

  before(async () => {
    server = await startServer();
  });
  beforeEach(async () => {
    tenant = await createTenant(server.app);
    key = clientOf(server.url, tenant.key);
    owner = await memberOf(server.app, tenant, 'OWNER');
    bot = await createBot(server.app, tenant.workspaceId, { record_type: 'lead' });
    secret = `secret${randomUUID().replaceAll('-', '')}`;
  });
  after(async () => await server.stop());

  const keyed = () => ({ 'Idempotency-Key': randomUUID() });

  async function done(by: Person | Client, query: string, input: object, headers: Record<string, string> = {}) {
    const answer = await by.graphql(query, { input }, headers);
    expect(answer.body.errors, JSON.stringify(answer.body.errors)).to.equal(undefined);
    return answer.body.data;
  }
  const submit = async (data: object, more: object = {}, headers: Record<string, string> = {}) =>
    (await done(key, creation, { intakeBotId: bot.id, data, ...more }, headers)).createSubmission.submission;
  const erase = async (id: string, eraseSubmissions = false) =>
    (await done(owner, deletion, { id, eraseSubmissions })).deleteContact.erasure;

  /** Until so many deliveries stand so, over all endpoints. */
  async function settled(wanted: Record<string, number>) {
    for (const until = Date.now() + 10_000; ;) {
      const { body } = await key.graphql('{ webhookDeliveries(first: 100) { nodes { status } } }');
      const statuses = body.data.webhookDeliveries.nodes.map(({ status }: { status: string }) => status);
      const found = Object.fromEntries(
        Object.keys(wanted).map((status) => [status, statuses.filter((one: string) => one === status).length]),
      );
      if (JSON.stringify(found) === JSON.stringify(wanted)) return;
      if (Date.now() > until) throw new Error(`${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async function endpoint(url: string, events = ['submission.completed', 'submission.updated', 'contact.created']) {
    const { body } = await key.rest('POST', '/webhooks', { url, events });
    return body.data.webhook.id as string;
  }

  describe('who is everywhere', () => {
    let receiver: Receiver;
    let contactId: string;

    /** Somebody whose secret stands wherever a person's data can. */
    async function everywhere(): Promise<void> {
      receiver = await Receiver.start();
      receiver.answer = (response, { path, body }) => {
        response.statusCode = path === '/fails' ? 500 : 200;
        response.end(`you sent ${body}`);
      };
      const url = receiver.url.replace('/hook', '');
      await endpoint(`${url}/takes`);
      await endpoint(`${url}/fails`);
      const paused = await endpoint(`${url}/held`);
      await key.rest('PATCH', `/webhooks/${paused}`, { status: 'paused' });

      const email = `${secret}@example.com`;
      const data = { full_name: `${secret} Person`, email };
      const landing = `https://example.com/demo?name=${secret}`;
      const whole = await submit(data, { attribution: { landingPage: landing, gclid: secret } }, keyed());
      contactId = whole.contact.id;
      await key.rest('POST', `/intake-bots/${bot.id}/submissions`, { data }, keyed());
      await done(key, change, { id: whole.id, data: { full_name: `${secret} Changed` } }, keyed());
      const say = `mutation ($input: AddSubmissionMessageInput!) { addSubmissionMessage(input: $input) { message { id } } }`;
      await done(key, say, { submissionId: whole.id, role: 'USER', content: `I am ${secret}` }, keyed());

      // Drafts that nobody is linked to, one of which is gone.
      for (const isGone of [false, true]) {
        const more = { status: 'IN_PROGRESS', attribution: { referrer: landing } };
        const draft = await submit({ full_name: secret }, more, keyed());
        await done(key, change, { id: draft.id, data: { full_name: `${secret} Draft` } });
        await done(key, change, { id: draft.id, data: { email } }, keyed());
        await done(key, say, { submissionId: draft.id, role: 'USER', content: `Not yet, ${secret}` }, keyed());
        if (isGone) await done(key, removal, { id: draft.id }, keyed());
      }
      const gone = await submit(data);
      await done(key, removal, { id: gone.id }, keyed());

      // A duplicate, and a duplicate of that, each with an address and a submission of its own.
      const duplicates: string[] = [];
      for (const name of ['work', 'home']) {
        const input = { email: `${name}.${email}`, customFields: { note: secret }, tags: [secret.slice(0, 50)] };
        duplicates.push((await done(owner, contactCreation, input, keyed())).createContact.contact.id);
        await submit({ full_name: secret, email: input.email }, {}, keyed());
      }
      const [work, home] = duplicates;
      await done(owner, merging, { id: work, duplicateId: home }, keyed());
      await done(owner, merging, { id: contactId, duplicateId: work }, keyed());

      const make = 'mutation ($input: CreateRecordInput!) { createRecord(input: $input) { record { id data } } }';
      const link = `mutation ($input: LinkRecordContactInput!) { linkRecordContact(input: $input) { record { id data } } }`;
      const { record } = (await done(owner, make, { recordType: 'note', data: { about: secret } }, keyed()))
        .createRecord;
      await done(owner, link, { recordId: record.id, contactId, role: 'subject' }, keyed());
      const fill = 'mutation ($input: UpdateContactInput!) { updateContact(input: $input) { contact { id } } }';
      await done(owner, fill, { id: contactId, customFields: { diary: { today: [secret] } } }, keyed());

      // What endpoints hear of: a person with two submissions, one of which changes, two drafts that change twice, a
      // submission that is gone, and two duplicates with a submission each.
      const events = ofNewcomer + published.submission + 5 * published.change + published.submission + 2 * ofNewcomer;
      await settled({ DELIVERED: events, HELD: events });
      const { body } = await key.graphql('{ webhookDeliveries(first: 100) { nodes { id status } } }');
      const delivered = body.data.webhookDeliveries.nodes.find(
        ({ status }: { status: string }) => status === 'DELIVERED',
      );
      const again = 'mutation ($input: RedeliverInput!) { redeliver(input: $input) { webhookDelivery { id } } }';
      await done(key, again, { deliveryId: delivered.id });
      await settled({ DELIVERED: events + 1 });
    }
    const removal = `mutation ($input: DeleteSubmissionInput!) { deleteSubmission(input: $input) { submission { id data } } }`;

    afterEach(async () => await receiver.stop());

    it('with all submissions leaves nothing of it in any column of any table, nor sealed', async () => {
      await everywhere();
      const before = await placesOf(server.app, secret);
      const tables = 'contacts contact_addresses events idempotency submissions submission_messages records sealed';
      expect(Object.keys(before)).to.include.members(
        [...tables.split(' '), 'webhook_attempts'].filter((name) => name !== 'idempotency'),
      );
      const headers = keyed();
      const input = { id: contactId, eraseSubmissions: true };
      const { erasure, contact } = (await done(owner, deletion, input, headers)).deleteContact;
      expect(contact.email).to.equal(`${secret}@example.com`);
      expect(await placesOf(server.app, secret)).to.deep.equal({});
      expect(erasure).to.deep.include({ status: 'DONE' });
      // 3 contacts created, 5 changes of them; 5 submissions completed, one changed, and 2 drafts twice each.
      const { contact: made, contactChange, submission, change: changed } = published;
      expect(erasure.counts).to.include({ submissions: 5, messages: 2, records: 6 });
      expect(erasure.counts.events).to.equal(3 * made + 5 * contactChange + 5 * submission + 5 * changed);
      expect(erasure.counts.idempotencyRecords).to.be.at.least(before['sealed'] ?? 0);
      expect(erasure.counts.attempts).to.be.at.least(14);

      const { body } = await key.graphql('{ webhookDeliveries(first: 100) { nodes { status } } }');
      const statuses = body.data.webhookDeliveries.nodes.map(({ status }: { status: string }) => status);
      expect([...new Set(statuses)]).to.have.members(['DELIVERED', 'SKIPPED']);

      // The deletion's own answer does not give it back either, and is the same deletion.
      const again = await owner.graphql(deletion, { input }, headers);
      expect(again.headers.get('idempotency-replayed')).to.equal('true');
      expect(again.body.data.deleteContact).to.deep.equal({
        contact: { id: contactId, email: null, firstName: null, tags: [], customFields: {} },
        erasure,
      });
    });

    it('without the submissions leaves those, their messages and records, and nothing else', async () => {
      await everywhere();
      const { status, counts: erased } = await erase(contactId);
      expect(status).to.equal('DONE');
      expect(erased).to.include({ submissions: 0, messages: 0, records: 0 });
      const left = await placesOf(server.app, secret);
      expect(Object.keys(left)).to.have.members(['submissions', 'submission_messages', 'records', 'sealed']);
      // Of the record that was made by hand, before it said whom it is about: it stays, and so does that answer.
      expect(left['sealed']).to.equal(1);
      const { body } = await key.graphql('{ submissions(first: 10) { nodes { contact { id } } } }');
      const nobody = { contact: null };
      expect(body.data.submissions.nodes).to.deep.equal([nobody, nobody, nobody, nobody, nobody]);

      // What is kept is found once more, should the person come back and want it gone.
      const { contact } = await submit({ full_name: 'Back', email: `${secret}@example.com` });
      await erase(contact.id, true);
      expect(Object.keys(await placesOf(server.app, secret))).to.have.members(['records', 'sealed']);
    });

    it('what is sent or shown afterwards is blank: payloads, answers, search, redeliveries and replays', async () => {
      await everywhere();
      const { body: before } = await key.graphql(
        '{ webhookDeliveries(first: 1, filter: {status: [DELIVERED]}) { nodes { id } } }',
      );
      await erase(contactId);
      const shown = await key.graphql(`{
        events(first: 100) { nodes { payload } }
        webhookDeliveries(first: 100) { nodes { event { payload } attempts { responseBody error } } }
      }`);
      expect(shown.body.errors).to.equal(undefined);
      expect(JSON.stringify(shown.body)).not.to.include(secret);
      const search = 'query ($text: String) { webhookDeliveries(filter: {search: $text}) { nodes { id } } }';
      const found = await key.graphql(search, { text: secret });
      expect(found.body.data.webhookDeliveries.nodes).to.deep.equal([]);

      receiver.received.length = 0;
      const again = 'mutation ($input: RedeliverInput!) { redeliver(input: $input) { webhookDelivery { id } } }';
      await done(key, again, { deliveryId: before.data.webhookDeliveries.nodes[0].id });
      const [redelivered] = await receiver.arrived(1);
      expect(JSON.parse(redelivered?.body ?? '').data).to.deep.equal({});
    });
  });

  it('reaches the events of a submission that was deleted, by hand or as too old', async () => {
    const email = `${secret}@example.com`;
    const one = await submit({ full_name: secret, email });
    const two = await submit({ full_name: secret, email });
    await key.graphql('mutation ($id: ID!) { deleteSubmission(input: {id: $id}) { submission { id } } }', {
      id: one.id,
    });
    const old = idFloor(new Date(Date.now() - 400 * 86_400_000)) + two.id.slice(9);
    const { pool } = server.app.database;
    await pool.query('update records set submission_id = null where submission_id = $1', [two.id]);
    await pool.query('update submissions set id = $2 where id = $1', [two.id, old]);
    await server.app.workspaces.change(tenant.workspaceId, { plan: 'PRO' });
    await deleteOldSubmissions({ ...server.app, log: createLog('silent') });
    const { rows } = await pool.query('select from submissions where workspace_id = $1', [tenant.workspaceId]);
    expect(rows).to.have.length(0);
    expect((await erase(one.contact.id, true)).counts).to.deep.include({
      events: ofNewcomer + published.submission,
      submissions: 0,
    });
    expect(await placesOf(server.app, secret)).to.deep.equal({});
  });

  it('reaches what was said of a merged duplicate, however many merges ago, and kept answers of it', async () => {
    const headers = [keyed(), keyed(), keyed()];
    const ids: string[] = [];
    for (const [index, one] of headers.entries()) {
      const input = { email: `${index}.${secret}@example.com`, customFields: { ssn: secret } };
      ids.push((await done(owner, contactCreation, input, one)).createContact.contact.id);
    }
    const [a, b, c] = ids;
    await done(owner, merging, { id: b, duplicateId: a });
    await done(owner, merging, { id: c, duplicateId: b });
    // An event is listed once it is fanned out, which happens a moment later.
    const list = 'query ($id: ID) { events(filter: {subjectId: $id}) { nodes { type } } }';
    const listed = async () => (await key.graphql(list, { id: c })).body.data.events.nodes.length;
    await until(async () => (await listed()) === 3 * published.contact + 2 * published.contactChange);
    await erase(c ?? '');
    expect(await placesOf(server.app, secret)).to.deep.equal({});
    const input = { email: `0.${secret}@example.com`, customFields: { ssn: secret } };
    expect(codeOf(await owner.graphql(contactCreation, { input }, headers[0]))).to.equal('idempotency_conflict');
  });

  it('reaches answers to events that are no longer kept themselves', async () => {
    const { contact } = await submit({ full_name: secret, email: `${secret}@example.com` });
    const receiver = await Receiver.start();
    const endpointId = await endpoint(receiver.url);
    await receiver.stop();
    const { pool } = server.app.database;
    const { rows } = await pool.query<{ id: string }>('delete from events where workspace_id = $1 returning id', [
      tenant.workspaceId,
    ]);
    for (const { id } of rows) {
      await pool.query(
        `insert into webhook_attempts (delivery_id, endpoint_id, event_id, at, number, ended, outcome, response_body)
         values ($1, $2, $3, now(), 1, 'delivered', 'success', convert_to($4, 'UTF8'))`,
        [newId('webhookDelivery'), endpointId, id, secret],
      );
    }
    const { counts: erased } = await erase(contact.id, true);
    expect(erased).to.include({ events: 0, attempts: rows.length });
    expect(await placesOf(server.app, secret)).to.deep.equal({});
  });

  it('blanks what names the person by a phone number, though the submission is linked to another', async () => {
    const phone = '+14155552671';
    const { contact } = (await done(owner, contactCreation, { phone, firstName: secret })).createContact;
    const other = await submit({ full_name: 'Other', email: 'other@example.com' });
    const shared = await submit({ full_name: 'Other', email: 'other@example.com', phone });
    expect(shared.contact.id).to.equal(other.contact.id);
    await erase(contact.id);
    const { body } = await key.graphql(payloads);
    const texts = body.data.events.nodes.map(({ payload }: { payload: object }) => JSON.stringify(payload));
    expect(texts.filter((text: string) => text.includes(phone))).to.deep.equal([]);
    // And nothing else of that other person.
    expect(texts.filter((text: string) => text.includes('other@example.com'))).to.have.length(ofNewcomer);
  });

  it('is done at once up to 10,000 events', async () => {
    const { contact } = await submit({ full_name: secret, email: `${secret}@example.com` });
    const { pool } = server.app.database;
    const { rows } = await pool.query<{ id: string }>('select id from events where subject_id = $1', [contact.id]);
    await multiply(pool, rows[0]?.id ?? '', 10_000 - ofNewcomer);
    expect(await erase(contact.id, true)).to.deep.include({
      status: 'DONE',
      counts: { events: 10_000, attempts: 0, submissions: 1, messages: 0, records: 1, idempotencyRecords: 0 },
    });
  });

  it('is told of for 90 days, and carried on by the clock should its job be lost', async () => {
    const { contact } = await submit({ full_name: secret, email: `${secret}@example.com` });
    const { id } = await erase(contact.id);
    const { pool } = server.app.database;
    const age = async (days: number) => {
      await pool.query(`update erasures set finished_at = now() - interval '1 day' * $2 where id = $1`, [id, days]);
      await server.app.erasures.forgetOld();
      const { body } = await owner.graphql('query ($id: ID!) { node(id: $id) { id } }', { id });
      return body.data.node;
    };
    expect(await age(89)).to.deep.equal({ id });
    expect(await age(91)).to.equal(null);
    const schedules = await jobsOn(pool).getSchedules(erasureQueue.name);
    expect(schedules.map(({ cron }) => cron)).to.deep.equal(['*/5 * * * *']);
  });

  it('hides records that go with a person as long as the erasure runs, and none that is about others too', async () => {
    const one = await submit({ full_name: 'One', email: `one.${secret}@example.com` });
    const two = await submit({ full_name: 'Two', email: `two.${secret}@example.com` });
    const make = `mutation { createRecord(input: {recordType: "both", data: {}}) { record { id } } }`;
    const link = 'mutation ($input: LinkRecordContactInput!) { linkRecordContact(input: $input) { record { id } } }';
    const recordId = (await owner.graphql(make)).body.data.createRecord.record.id;
    for (const { contact } of [one, two]) await done(owner, link, { recordId, contactId: contact.id, role: 'x' });
    const types = async () =>
      (await key.graphql('{ records { nodes { recordType } } }')).body.data.records.nodes.map(
        ({ recordType }: { recordType: string }) => recordType,
      );
    expect(await types()).to.deep.equal(['both', 'lead', 'lead']);
    const { pool } = server.app.database;
    const erasure = newId('erasure');
    await pool.query(
      `insert into erasures (id, workspace_id, contact_id, with_submissions, status, created_at, stepped_at)
       values ($1, $2, $3, true, 'RUNNING', now(), now())`,
      [erasure, tenant.workspaceId, one.contact.id],
    );
    await pool.query(
      `insert into erasing_subjects (subject_id, erasure_id, last_event_id, with_submissions) values ($1, $2, '~', true)`,
      [one.contact.id, erasure],
    );
    expect(await types()).to.deep.equal(['both', 'lead']);
    await pool.query('delete from erasures where id = $1', [erasure]);
  });

  it('needs an Admin to take submissions along, and is looked at by people only', async () => {
    const member = await memberOf(server.app, tenant, 'MEMBER');
    const { contact } = await submit({ full_name: secret, email: `${secret}@example.com` });
    const refused = await member.graphql(deletion, { input: { id: contact.id, eraseSubmissions: true } });
    expect(refused.body.errors[0].extensions).to.deep.equal({
      code: 'insufficient_role',
      details: { required: 'ADMIN', granted: 'MEMBER' },
    });
    const { erasure } = (await done(member, deletion, { id: contact.id, eraseSubmissions: null })).deleteContact;
    const look = `query ($id: ID!) { erasure(id: $id) { id status ${counts} createdAt finishedAt } }`;
    expect((await member.graphql(look, { id: erasure.id })).body.data.erasure).to.deep.equal(erasure);
    const node = await member.graphql('query ($id: ID!) { node(id: $id) { id ... on Erasure { status } } }', {
      id: erasure.id,
    });
    expect(node.body.data.node).to.deep.equal({ id: erasure.id, status: 'DONE' });
    expect(codeOf(await key.graphql(look, { id: erasure.id }))).to.equal('insufficient_role');
    const stranger = await memberOf(server.app, await createTenant(server.app), 'OWNER');
    expect(codeOf(await stranger.graphql(look, { id: erasure.id }))).to.equal('resource_not_found');
    expect(codeOf(await owner.graphql(deletion, { input: { id: contact.id } }))).to.equal('resource_not_found');
  });

  describe('of whom more is kept than one commit may bear', () => {
    let api: TestServer;
    let worker: TestServer | null = null;
    const many = 10_500;

    // No process of it works the job.
    before(async () => {
      api = await startServer({ role: 'api' });
    });
    after(async () => {
      await worker?.stop();
      await api.stop();
    });

    it('shows and sends nothing of it from the commit on, and is overwritten soon', async () => {
      const { pool } = api.app.database;
      const other = await createTenant(api.app);
      const reader = clientOf(api.url, other.key);
      const admin = await memberOf(api.app, other, 'ADMIN');
      const receiver = await Receiver.start();
      const { body: hook } = await reader.rest('POST', '/webhooks', {
        url: receiver.url,
        events: ['contact.created'],
      });
      const form = await createBot(api.app, other.workspaceId, { record_type: 'lead' });
      const data = { full_name: secret, email: `${secret}@example.com` };
      const { submission } = (await done(reader, creation, { intakeBotId: form.id, data })).createSubmission;
      const contactId = submission.contact.id;
      const { rows } = await pool.query('delete from event_fan_outs returning event_id');
      expect(rows).to.have.length(ofNewcomer);
      await pool.query(
        'insert into event_positions (event_id, workspace_id, type) select id, workspace_id, type from events',
      );
      const { rows: events } = await pool.query<{ id: string }>('select id from events where subject_id = $1', [
        contactId,
      ]);
      const eventId = events[0]?.id ?? '';
      await pool.query(
        `insert into webhook_attempts (delivery_id, endpoint_id, event_id, at, number, ended, outcome, response_body)
         values ($1, $2, $3, now(), 1, 'delivered', 'success', convert_to($4, 'UTF8'))`,
        [newId('webhookDelivery'), hook.data.webhook.id, eventId, `I got ${secret}`],
      );
      const oldest = await multiply(pool, eventId, many);
      await pool.query(
        `insert into submissions (id, workspace_id, intake_bot_id, contact_id, data, status, is_test, file_count,
           schema_version, created_at, updated_at)
         select left(id, 10) || lpad(n::text, 6, '0') || right(id, 9), workspace_id, intake_bot_id, contact_id, data,
           status, is_test, file_count, schema_version, created_at, updated_at
         from submissions, generate_series(1, $1) n`,
        [many],
      );
      const { rows: last } = await pool.query<{ id: string }>('select max(id) as id from submissions');
      const submissionId = last[0]?.id ?? '';
      const shown = `query ($event: ID!, $submission: ID!, $text: String) {
        event(id: $event) { payload deliveries { nodes { id attempts { responseBody } } } }
        node(id: $submission) { id }
        submissions { totalCount }
        records { totalCount }
        contacts { totalCount }
        webhookDeliveries(filter: {search: $text}) { nodes { id } }
      }`;
      const variables = { event: oldest, submission: submissionId, text: secret };
      const before = await reader.graphql(shown, variables);
      expect(before.body.data.event.payload.data.contact.email).to.equal(data.email);
      expect(before.body.data.webhookDeliveries.nodes).to.not.have.length(0);
      expect(before.body.data.submissions.totalCount).to.equal(many + 1);
      const deliveryId = before.body.data.event.deliveries.nodes[0].id;

      const input = { id: contactId, eraseSubmissions: true };
      const headers = keyed();
      const { erasure } = (await done(admin, deletion, input, headers)).deleteContact;
      expect(erasure).to.deep.include({ status: 'RUNNING', finishedAt: null });
      const retried = async () => {
        const { contact, erasure: begun } = (await done(admin, deletion, input, headers)).deleteContact;
        expect([contact.id, contact.email, begun.id]).to.deep.equal([contactId, null, erasure.id]);
      };
      await retried();
      expect(erasure.counts).to.include({ events: 10_001, submissions: 10_001 });
      expect(Object.keys(await placesOf(api.app, secret))).to.include.members(['events', 'submissions']);

      const after = await reader.graphql(shown, variables);
      expect(after.body.data).to.deep.equal({
        event: {
          payload: { ...before.body.data.event.payload, data: {} },
          deliveries: { nodes: [{ id: deliveryId, attempts: [{ responseBody: null }] }] },
        },
        node: null,
        submissions: { totalCount: 0 },
        records: { totalCount: 0 },
        contacts: { totalCount: 0 },
        webhookDeliveries: { nodes: [] },
      });
      const path = `/intake-bots/${form.id}/submissions`;
      expect((await reader.rest('GET', `${path}/${submissionId}`)).status).to.equal(404);
      expect((await reader.rest('GET', path)).body.data.submissions).to.deep.equal([]);

      // While a worker is kept from the rest of it.
      let anew: { id: string; contact: { id: string } };
      const blocker = await pool.connect();
      await blocker.query('begin');
      await blocker.query('select from erasures for update');
      worker = await startServer({ role: 'worker', beside: api });
      try {
        const again = 'mutation ($input: RedeliverInput!) { redeliver(input: $input) { webhookDelivery { id } } }';
        await done(reader, again, { deliveryId });
        await receiver.arrived(1);
        // And what nobody has come to make deliveries of until now: at first read by the worker, then handed to it.
        const next = oldest.replace('000001', '000002');
        for (const [index, id] of [next, oldest].entries()) {
          await pool.query('insert into event_fan_outs (event_id) values ($1)', [id]);
          api.app.notifications.send('events');
          await receiver.arrived(2 + index);
        }
        const blank = (id: string) => ({ ...before.body.data.event.payload, id, data: {} });
        const sent = receiver.received.map(({ body }) => JSON.parse(body));
        expect(sent).to.deep.equal([oldest, next, oldest].map(blank));

        // Somebody new with the same address is nobody who is being erased.
        anew = (await done(reader, creation, { intakeBotId: form.id, data: { ...data, full_name: 'Anew' } }))
          .createSubmission.submission;
        expect(anew.contact.id).to.not.equal(contactId);
      } finally {
        await blocker.query('rollback');
        blocker.release();
      }
      await worker.app.erasures.goOn();

      await retried();
      const look = `query ($id: ID!) { erasure(id: $id) { status ${counts} } }`;
      const { body: ended } = await admin.graphql(look, { id: erasure.id });
      expect(ended.data.erasure).to.deep.include({ status: 'DONE' });
      expect(ended.data.erasure.counts).to.include({ events: many + ofNewcomer, submissions: many + 1 });
      const kept = await reader.graphql('{ submissions { nodes { id data } } contacts { nodes { email } } }');
      expect(kept.body.data.submissions.nodes).to.deep.equal([{ id: anew.id, data: { ...data, full_name: 'Anew' } }]);
      expect(kept.body.data.contacts.nodes).to.deep.equal([{ email: data.email }]);
      await receiver.stop();
    });
  });
});
