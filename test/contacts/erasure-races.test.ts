import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import type { SharedIntakeBot } from '../../src/intake-bots/intake-bot.service.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf, type Client } from '../support/client.js';
import { createBot } from '../support/factories.js';
import { memberOf, type Person } from '../support/people.js';
import { forGoodMs, someoneWaits, waitersFor } from '../support/locks.js';
import { placesOf } from '../support/secrets-left.js';

const creation = `mutation ($input: CreateSubmissionInput!) { createSubmission(input: $input) {
  submission { id contact { id } }
} }`;
const change = `mutation ($input: UpdateSubmissionInput!) { updateSubmission(input: $input) { submission { id } } }`;
const deletion = `mutation ($id: ID!) { deleteContact(input: {id: $id}) { erasure { status counts { events } } } }`;
const merging = `mutation ($id: ID!, $duplicateId: ID!) {
  mergeContacts(input: {id: $id, duplicateId: $duplicateId}) { contact { id } }
}`;

describe('a person who is erased or merged at the very instant', () => {
  let server: TestServer;
  let tenant: Tenant;
  let key: Client;
  let owner: Person;
  let bot: SharedIntakeBot;
  let contactId: string;
  let submissionId: string;
  let name: string;
  let data: { full_name: string; email: string };

  before(async () => {
    server = await startServer({ role: 'api' });
  });
  beforeEach(async () => {
    name = `instant${randomUUID().slice(0, 8)}`;
    data = { full_name: name, email: `${name}@example.com` };
    tenant = await createTenant(server.app);
    key = clientOf(server.url, tenant.key);
    owner = await memberOf(server.app, tenant, 'OWNER');
    bot = await createBot(server.app, tenant.workspaceId);
    ({
      id: submissionId,
      contact: { id: contactId },
    } = await submit());
  });
  after(async () => await server.stop());

  const submit = async () => {
    const { body } = await key.graphql(creation, { input: { intakeBotId: bot.id, data } });
    expect(body.errors, JSON.stringify(body.errors)).to.equal(undefined);
    return body.data.createSubmission.submission;
  };
  const erase = async () => {
    const { body } = await owner.graphql(deletion, { id: contactId });
    expect(body.errors, JSON.stringify(body.errors)).to.equal(undefined);
    return body.data.deleteContact.erasure;
  };

  /** Both run, the second once the first stands in the middle of its transaction, for want of what `hold` locks. */
  async function meet<A, B>(hold: string, first: () => Promise<A>, second: () => Promise<B>): Promise<[A, B]> {
    const blocker = await server.app.database.pool.connect();
    try {
      await blocker.query('begin');
      await blocker.query(hold);
      const one = first();
      await someoneWaits(blocker, forGoodMs);
      const over = new AbortController();
      const other = second().finally(() => over.abort());
      // Until it waits for the first, or need not.
      while (!over.signal.aborted && (await waitersFor(blocker)) < 2)
        await new Promise((resolve) => setTimeout(resolve, 2));
      await blocker.query('rollback');
      return [await one, await other];
    } finally {
      await blocker.query('rollback');
      blocker.release();
    }
  }

  const counters = () => `select from workspace_usage where workspace_id = '${tenant.workspaceId}' for update`;
  const deliveries = () => 'select from webhook_fan_out for update';
  const audited = () => `select from audit_chains where workspace_id = '${tenant.workspaceId}' for update`;

  it('is erased from what a submission tells of that commits meanwhile', async () => {
    const [, erasure] = await meet(counters(), submit, erase);
    // The contact's, and two submissions'.
    expect(erasure).to.deep.equal({ status: 'DONE', counts: { events: 3 } });
    expect(await placesOf(server.app, name)).to.have.all.keys('submissions');
  });

  it('is somebody new to a submission that comes meanwhile', async () => {
    const [, again] = await meet(deliveries(), erase, submit);
    expect(again.contact.id).to.not.equal(contactId);
    const { body } = await key.graphql('query ($id: ID) { events(filter: {subjectId: $id}) { totalCount } }', {
      id: again.id,
    });
    expect(body.errors).to.equal(undefined);
    const { rows } = await server.app.database.pool.query<{ body: string }>(
      'select body from events where subject_id = $1',
      [again.id],
    );
    expect(JSON.parse(rows[0]?.body ?? '').data.submission.data).to.deep.equal(data);
  });

  it('is erased from what a change of a submission tells of that commits meanwhile', async () => {
    const input = { id: submissionId, data: { full_name: `${name} Twice` } };
    const [changed, erasure] = await meet(
      'lock table event_fan_outs in exclusive mode',
      async () => await key.graphql(change, { input }),
      erase,
    );
    expect(changed.body.errors).to.equal(undefined);
    expect(erasure.counts).to.deep.equal({ events: 3 });
    expect(await placesOf(server.app, name)).to.have.all.keys('submissions');
  });

  it('is not found by whoever links a record meanwhile', async () => {
    const made = await owner.graphql(
      'mutation { createRecord(input: {recordType: "note", data: {}}) { record { id } } }',
    );
    const recordId = made.body.data.createRecord.record.id;
    const linking = `mutation ($recordId: ID!, $contactId: ID!) {
      linkRecordContact(input: {recordId: $recordId, contactId: $contactId, role: "subject"}) { record { id } }
    }`;
    const link = async () => await owner.graphql(linking, { recordId, contactId });
    const [, linked] = await meet(deliveries(), erase, link);
    expect(linked.body.errors[0].extensions).to.deep.equal({
      code: 'resource_not_found',
      details: { resource: 'contact' },
    });
  });

  it('is the survivor to a submission that comes while the duplicate is merged', async () => {
    const made = await owner.graphql(
      'mutation { createContact(input: {email: "other@example.com"}) { contact { id } } }',
    );
    const { id } = made.body.data.createContact.contact;
    const merge = async () => await owner.graphql(merging, { id, duplicateId: contactId });
    const [merged, again] = await meet(audited(), merge, submit);
    expect(merged.body.errors).to.equal(undefined);
    expect(again.contact.id).to.equal(id);
    const { body } = await key.graphql('{ submissions { nodes { contact { id } } } }');
    expect(body.data.submissions.nodes).to.deep.equal([{ contact: { id } }, { contact: { id } }]);
  });
});
