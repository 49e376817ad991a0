import { expect } from 'chai';
import { newId } from '../../src/platform/id.js';
import { createTenant, startServer, type TestServer } from '../support/app.js';
import { clientOf } from '../support/client.js';
import { createBot } from '../support/factories.js';
import { memberOf, type Person } from '../support/people.js';

const rows = 60;
const answerBytesMax = 33_554_432;

/** A list whose rows come to more than an answer may have, as often as `times` says. */
interface List {
  name: string;
  /** With `…` for what is selected of an object; no two with one index are read as one. */
  list: (index: number) => string;
  times: number;
  small: string;
  large: string;
}

describe('what may be large of a row', function () {
  this.timeout(120_000);

  let server: TestServer;
  let person: Person;
  let botId: string;
  let contactId: string;
  let submissionIds: string[];
  let messageIds: string[];

  before(async () => {
    server = await startServer({ role: 'api' });
    const { pool } = server.app.database;
    const tenant = await createTenant(server.app);
    const { workspaceId } = tenant;
    person = await memberOf(server.app, tenant, 'OWNER');
    ({ id: botId } = await createBot(server.app, workspaceId));
    const ids = (kind: Parameters<typeof newId>[0], count = rows) => Array.from({ length: count }, () => newId(kind));
    const contactIds = ids('contact');
    const eventIds = ids('event');
    [contactId = ''] = contactIds;
    await pool.query(
      `insert into contacts (id, workspace_id, email, tags, custom_fields, created_at, updated_at)
       select id, $1, id || '@example.com', '{}', json_build_object('note', repeat('x', 250000)), now(), now()
       from unnest($2::text[]) id`,
      [workspaceId, contactIds],
    );
    submissionIds = ids('submission');
    await pool.query(
      `insert into submissions (id, workspace_id, intake_bot_id, contact_id, data, status, is_test, file_count,
         schema_version, created_at, updated_at)
       select id, $1, $2, $3, json_build_object('note', repeat('x', 1000000)), 'COMPLETED', true, 0, 1, now(), now()
       from unnest($4::text[]) id`,
      [workspaceId, botId, contactId, submissionIds],
    );
    messageIds = ids('message');
    await pool.query(
      `insert into submission_messages (id, submission_id, role, content, created_at)
       select id, submission_id, 'user', 'Hello', now() from unnest($1::text[], $2::text[]) m (id, submission_id)`,
      [messageIds, submissionIds],
    );
    await pool.query(
      `insert into submission_messages (id, submission_id, role, content, created_at)
       select id, $1, 'user', repeat('€', 10000), now() from unnest($2::text[]) id`,
      [submissionIds[0], ids('message', 100)],
    );
    await pool.query(
      `with made as (
         insert into records (id, workspace_id, record_type, data, created_at, updated_at)
         select id, $1, 'lead', json_build_object('note', repeat('x', 250000)), now(), now()
         from unnest($2::text[]) id returning id
       )
       insert into record_contacts (record_id, contact_id, role) select id, $3, 'lead' from made`,
      [workspaceId, ids('record'), contactId],
    );
    await pool.query(
      `insert into intake_bots (id, workspace_id, name, status, schema, schema_version, created_at, updated_at)
       select id, $1, 'Large', 'DRAFT', json_build_array(json_build_object('name', 'note', 'type', 'text',
         'required', false, 'label', repeat('x', 250000))), 1, now(), now()
       from unnest($2::text[]) id`,
      [workspaceId, ids('intakeBot')],
    );
    await pool.query(
      `insert into trusted_documents (workspace_id, hash, text, created_at)
       select $1, sha256(convert_to(n::text, 'UTF8')), n || repeat('#', 65000), now() from generate_series(1, 100) n`,
      [workspaceId],
    );
    await pool.query(
      `with told as (
         insert into events (id, workspace_id, type, subject_id, body, created_at)
         select 'evt_' || id, $1, 'contact.created', $2, json_build_object('note', repeat('x', 600000)), now()
         from unnest($3::text[]) id returning id
       )
       insert into event_positions (event_id, workspace_id, type) select id, $1, 'contact.created' from told`,
      [workspaceId, contactId, eventIds],
    );
    const { rest } = clientOf(server.url, tenant.key);
    const endpoint = await rest('POST', '/webhooks', { url: 'http://127.0.0.1:9/', events: ['contact.created'] });
    await pool.query(
      `insert into webhook_attempts (delivery_id, endpoint_id, event_id, at, number, ended, outcome, response_status,
         total_ms, response_body, event_type)
       select id, $1, 'evt_' || event, now(), number, case when number = 51 then 'delivered' end, 'success', 200, 5,
         convert_to(repeat('x', 16000), 'UTF8'), 'contact.created'
       from unnest($2::text[], $3::text[]) d (id, event) cross join generate_series(1, 51) number`,
      [endpoint.body.data.webhook.id, ids('webhookDelivery'), eventIds],
    );
  });
  after(async () => await server.stop());

  const lists: List[] = [
    {
      name: 'submissions',
      list: () => 'submissions(first: 60) { nodes { … } }',
      times: 1,
      small: 'id attribution { gclid }',
      large: 'data',
    },
    {
      name: 'IntakeBot.submissions',
      list: () => `intakeBot(id: "${botId}") { submissions(first: 60) { edges { node { … } } } }`,
      times: 1,
      small: 'status contact { id }',
      large: 'data',
    },
    {
      name: 'Contact.submissions',
      list: () => `contact(id: "${contactId}") { submissions(first: 60) { nodes { … } } }`,
      times: 1,
      small: 'status',
      large: 'answers: data',
    },
    {
      name: 'nodes',
      list: () => `nodes(ids: ${JSON.stringify(submissionIds)}) { id ... on Submission { … } }`,
      times: 1,
      small: 'isTest',
      large: 'data',
    },
    {
      name: 'Submission.messages',
      list: (index) => `submission(id: "${submissionIds[0]}") { messages(first: ${100 - index}) { nodes { … } } }`,
      times: 15,
      small: 'role',
      large: 'content',
    },
    {
      name: 'Message.submission',
      list: () => `nodes(ids: ${JSON.stringify(messageIds)}) { ... on Message { submission { … } } }`,
      times: 1,
      small: 'status',
      large: 'data',
    },
    {
      name: 'contacts',
      list: () => 'contacts(first: 60) { nodes { … } }',
      times: 4,
      small: 'email submissionCount otherAddresses',
      large: 'customFields',
    },
    {
      name: 'records',
      list: () => 'records(first: 60) { nodes { … } }',
      times: 4,
      small: 'recordType contacts(first: 1) { role }',
      large: 'data',
    },
    {
      name: 'Contact.records',
      list: (index) => `contact(id: "${contactId}") { records(first: ${60 - index}) { nodes { … } } }`,
      times: 4,
      small: 'recordType',
      large: 'data',
    },
    {
      name: 'intakeBots',
      list: () => 'intakeBots(first: 60) { nodes { … } }',
      times: 4,
      small: 'name shareUrl submissionCount',
      large: 'schema { label }',
    },
    {
      name: 'trustedDocuments',
      list: () => 'trustedDocuments(first: 100) { nodes { … } }',
      times: 8,
      small: 'documentId',
      large: 'text',
    },
    {
      name: 'events',
      list: () => 'events(first: 60) { nodes { … } }',
      times: 1,
      small: 'type',
      large: 'payload',
    },
    {
      name: 'WebhookDelivery.attempts',
      list: () => 'webhookDeliveries(first: 60) { nodes { attempts { … } } }',
      times: 1,
      small: 'number outcome',
      large: 'responseBody',
    },
    {
      name: 'WebhookDelivery.requestBody',
      list: () => 'webhookDeliveries(first: 60) { nodes { … } }',
      times: 1,
      small: 'id attemptsLeft',
      large: 'requestBody',
    },
  ];

  const asked = ({ list, times }: List, selected: string) =>
    `{ ${Array.from({ length: times }, (_, index) => `a${index}: ${list(index).replace('…', selected)}`).join(' ')} }`;

  /** What each list comes to. */
  async function outcomes(selected: (list: List) => string): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    for (const list of lists) {
      const { status, body } = await person.graphql(asked(list, selected(list)));
      const [error] = body.errors ?? [];
      const { limit, rule } = error?.extensions.details ?? {};
      found[list.name] = error === undefined ? `${status}` : `${status} ${rule ?? error.message} ${limit}`;
    }
    return found;
  }

  const each = (outcome: string) => Object.fromEntries(lists.map(({ name }) => [name, outcome]));

  it('is not read where nobody selects it: a list that shows the rest is answered, however large its rows', async () => {
    expect(await outcomes(({ small }) => small)).to.deep.equal(each('200'));
  });

  it('is counted where it is selected: the same lists are refused when they show it', async () => {
    const refused = each(`400 answer ${answerBytesMax}`);
    expect(await outcomes(({ small, large }) => `${small} ${large}`)).to.deep.equal(refused);
  });

  it('is read where it is selected of one object, and of what a mutation changed', async () => {
    const id = submissionIds[0];
    const one = await person.graphql(`{ submission(id: "${id}") { data intakeBot { schema { name } } } }`);
    expect(one.body.data.submission.data.note).to.have.length(1_000_000);
    expect(one.body.data.submission.intakeBot.schema).to.have.length.above(0);
    const update =
      'mutation ($input: UpdateContactInput!) { updateContact(input: $input) { contact { id customFields } } }';
    const changed = await person.graphql(update, { input: { id: contactId, firstName: 'Ada' } });
    expect(changed.body.data.updateContact.contact.customFields.note).to.have.length(250_000);
    const unselected = update.replace(' customFields', '');
    const again = await person.graphql(unselected, { input: { id: contactId, customFields: { more: 1 } } });
    expect(again.body.data.updateContact.contact).to.deep.equal({ id: contactId });
    const kept = await person.graphql(`{ contact(id: "${contactId}") { customFields } }`);
    expect(Object.keys(kept.body.data.contact.customFields)).to.deep.equal(['note', 'more']);
  });
});
