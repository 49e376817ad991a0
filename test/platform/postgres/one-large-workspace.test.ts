import { expect } from 'chai';
import { idFloor, newId } from '../../../src/platform/id.js';
import { plans } from '../../../src/workspaces/plans.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../../support/app.js';
import { clientOf } from '../../support/client.js';
import { createBot } from '../../support/factories.js';
import { OwnPostgres } from '../../support/own-postgres.js';
import { memberOf } from '../../support/people.js';

/** So many workspaces have one row of each kind, and the large one has so many. */
const small = 1_500;
const rows = 4_000;
/** After so many PostgreSQL plans a statement once for all workspaces, as most are, on the connection that is used. */
const planned = 8;
const counted = 3;
/** Fifty rows lie on fifty pages at most, each found through an index, and so does what is told with each of them. */
const pagesMax = 1_000;

interface Operation {
  query: string;
  variables: () => object;
}

describe('a workspace that has much, where most have next to nothing', function () {
  this.timeout(120_000);

  const { requestsPerMinute } = plans.BUSINESS;
  const endpointId = newId('webhookEndpoint');
  // All ids are of one moment, and have the number of their row.
  const floor = idFloor(new Date());
  let taken = small;
  let postgres: OwnPostgres;
  let server: TestServer;
  let tenant: Tenant;
  let botId: string;

  before(async () => {
    plans.BUSINESS.requestsPerMinute = 1_000_000;
    postgres = await OwnPostgres.start({ shared_preload_libraries: 'pg_stat_statements' });
    await postgres.query('create extension pg_stat_statements');
    server = await startServer({ databaseUrl: postgres.url(), role: 'api' });
    tenant = await createTenant(server.app);
    botId = (await createBot(server.app, tenant.workspaceId)).id;
    await fill();
  });
  after(async () => {
    plans.BUSINESS.requestsPerMinute = requestsPerMinute;
    await server?.stop();
    await postgres?.stop();
  });

  /** @throws when PostgreSQL read more pages for one statement of an operation than its answer can be spread over */
  async function expectFewPages(
    ask: (operation: Operation) => Promise<unknown>,
    operations: Record<string, Operation>,
  ) {
    const much: string[] = [];
    for (const [name, operation] of Object.entries(operations)) {
      for (let time = 0; time < planned; time += 1) await ask(operation);
      await postgres.query('select pg_stat_statements_reset()');
      for (let time = 0; time < counted; time += 1) await ask(operation);
      const [most] = await postgres.query<{ query: string; pages: number }>(`
        select query, ((shared_blks_hit + shared_blks_read) / calls)::int as pages from pg_stat_statements
        where query not like '%pg_stat_statements%' order by pages desc limit 1
      `);
      if (most!.pages > pagesMax) much.push(`${name}: ${most!.pages} pages by ${most!.query}`);
    }
    expect(much).to.deep.equal([]);
  }

  it('is shown its lists and what is in them by as few pages as any', async () => {
    const owner = await memberOf(server.app, tenant, 'OWNER');
    const ask = async ({ query, variables }: Operation) => answered(await owner.graphql(query, variables()));
    const list = (field: string, selected = 'id', which = 'first: 50') =>
      read(`${field}(${which}) { nodes { ${selected} } pageInfo { startCursor endCursor } }`);
    const read = (selected: string, kind = 'p') => ({
      query: `query ($id: ID!) { ${selected} node(id: $id) { id } }`,
      variables: () => ({ id: idOf(kind) }),
    });
    await expectFewPages(ask, {
      apiKeys: list('apiKeys'),
      auditLog: list('auditLog', 'id action'),
      contacts: list('contacts', 'id submissionCount otherAddresses'),
      conversions: list('conversions'),
      events: list('events', 'id payload', 'last: 50'),
      eventsOfContact: list('events', 'id', 'last: 50, filter: { subjectId: $id }'),
      intakeBots: list('intakeBots'),
      invitations: list('invitations'),
      members: list('members'),
      records: list('records', 'id contacts { role contact { id } }'),
      recordsOfContact: list('records', 'id', 'first: 50, filter: { contactId: $id }'),
      replays: list('replays'),
      submissions: list('submissions', 'id contact { id } messages(first: 5) { nodes { id } }'),
      submissionsOfContact: list('submissions', 'id', 'first: 50, filter: { contactId: $id }'),
      webhookDeliveries: list('webhookDeliveries', 'id status event { id }'),
      webhookEndpoints: list('webhookEndpoints', 'id heldCount deliveries(first: 5) { nodes { id } }'),
      contact: read(
        'contact(id: $id) { id submissions(first: 5) { nodes { id } } records(first: 5) { nodes { id } } }',
      ),
      event: {
        query: 'query ($id: ID!) { event(id: $id) { id deliveries(first: 5) { nodes { id status } totalCount } } }',
        variables: () => ({ id: `evt_${idOf('e')}` }),
      },
      delivery: read('webhookDelivery(id: $id) { id attempts { outcome } }', 'd'),
      record: read('record(id: $id) { id }', 'r'),
      submission: read(
        'submission(id: $id) { id messages(first: 5) { nodes { id } } events(first: 5) { nodes { id } } }',
        's',
      ),
    });
  });

  it('is changed by as few pages as any', async () => {
    const admin = await memberOf(server.app, tenant, 'ADMIN');
    const ask = async ({ query, variables }: Operation) => answered(await admin.graphql(query, variables()));
    await expectFewPages(ask, {
      createContact: mutation('createContact', 'contact { id }', () => ({ email: `new${next()}@example.com` })),
      updateContact: mutation('updateContact', 'contact { id }', () => ({
        id: idOf('p'),
        email: `other${next()}@example.com`,
      })),
      mergeContacts: mutation('mergeContacts', 'contact { id }', () => ({ id: idOf('p'), duplicateId: idOf('p') })),
      deleteContact: mutation('deleteContact', 'erasure { id }', () => ({ id: idOf('p') })),
      deleteContactWhole: mutation('deleteContact', 'erasure { id }', () => ({
        id: idOf('p'),
        eraseSubmissions: true,
      })),
      deleteSubmission: mutation('deleteSubmission', 'submission { id }', () => ({ id: idOf('s') })),
      createRecord: mutation('createRecord', 'record { id }', () => ({ recordType: 'Lead', data: { n: next() } })),
      updateRecord: mutation('updateRecord', 'record { id }', () => ({ id: idOf('r'), data: { n: next() } })),
      linkRecordContact: mutation('linkRecordContact', 'record { id }', () => ({
        recordId: idOf('r'),
        contactId: idOf('p'),
        role: 'advisor',
      })),
      redeliver: mutation('redeliver', 'webhookDelivery { id }', () => ({ deliveryId: idOf('d') })),
      updateIntakeBot: mutation('updateIntakeBot', 'intakeBot { id }', () => ({
        id: idOf('b'),
        name: `Bot ${next()}`,
      })),
    });
  });

  it('takes submissions by as few pages as any', async () => {
    const key = clientOf(server.url, tenant.key);
    const ask = async ({ query, variables }: Operation) => answered(await key.graphql(query, variables()));
    const answers = (email: string) => ({ intakeBotId: botId, data: { full_name: 'Ada', email } });
    await expectFewPages(ask, {
      ofSomebodyKnown: mutation('createSubmission', 'submission { id }', () => answers(`p${next()}@example.com`)),
      ofAFormerAddress: mutation('createSubmission', 'submission { id }', () => answers(`former${next()}@example.com`)),
      ofSomebodyNew: mutation('createSubmission', 'submission { id }', () => answers(`new${next()}@example.com`)),
      updateSubmission: mutation('updateSubmission', 'submission { id }', () => ({
        id: idOf('s'),
        data: { topic: 'Sales' },
      })),
      addSubmissionMessage: mutation('addSubmissionMessage', 'message { id }', () => ({
        submissionId: idOf('s'),
        role: 'USER',
        content: 'Hello',
      })),
    });
  });

  const next = () => (taken += 1);
  /** Of a row of the large workspace that no operation before has had. */
  const idOf = (kind: string) => `${floor}${kind}${String(next()).padStart(15, '0')}`;
  const mutation = (name: string, selected: string, input: () => object) => ({
    query: `mutation ($input: ${name[0]!.toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { ${selected} } }`,
    variables: () => ({ input: input() }),
  });
  function answered({ status, body }: { status: number; body: { errors?: unknown } }) {
    expect(status, JSON.stringify(body)).to.equal(200);
    expect(body.errors, JSON.stringify(body)).to.equal(undefined);
  }

  async function fill() {
    await postgres.query(
      `create table house as select n, lpad(n::text, 15, '0') as t, w, 'bot' || w as bot, 'hook' || w as hook from (
         select n, case when n <= ${small} then 'w' || n else $1 end as w from generate_series(1, ${small + rows}) n
       ) n order by hashint4(n)`,
      [tenant.workspaceId],
    );
    await postgres.query('update house set bot = $1, hook = $2 where w = $3', [botId, endpointId, tenant.workspaceId]);
    const id = (kind: string) => `'${floor}${kind}' || t`;
    const event = `'evt_' || ${id('e')}`;
    const times = 'created_at, updated_at';
    const stored: Record<string, string> = {
      workspaces: `(id, name, plan, ${times}) select w, 'Small', 'BUSINESS', now(), now() from house where n <= ${small}`,
      intake_bots: `(id, workspace_id, name, status, schema, schema_version, ${times})
        select ${id('b')}, w, 'Bot', 'ACTIVE', '[]'::json, 1, now(), now() from house
        union all select bot, w, 'Bot', 'ACTIVE', '[]'::json, 1, now(), now() from house where n <= ${small}`,
      webhook_endpoints: `(id, workspace_id, url, events, status, secrets, ${times})
        select hook, w, 'http://127.0.0.1:9/', '{contact.created}'::text[], 'active', '[]'::json, now(), now()
        from (select distinct hook, w from house) h`,
      webhook_endpoint_states: '(endpoint_id) select distinct hook from house',
      contacts: `(id, workspace_id, email, phone, tags, custom_fields, ${times})
        select ${id('p')}, w, 'p' || n || '@example.com', '+41' || 790000000 + n, '{}', '{}', now(), now() from house`,
      contact_addresses: `(workspace_id, kind, address, contact_id)
        select w, 'email', 'former' || n || '@example.com', ${id('p')} from house`,
      submissions: `(id, workspace_id, intake_bot_id, contact_id, data, status, is_test, file_count, schema_version, ${times})
        select ${id('s')}, w, bot, ${id('p')}, '{}', 'COMPLETED', false, 0, 1, now(), now() from house`,
      submission_messages: `(id, submission_id, role, content, created_at)
        select ${id('m')}, ${id('s')}, 'user', 'Hello', now() from house`,
      records: `(id, workspace_id, record_type, data, submission_id, ${times})
        select ${id('r')}, w, 'Lead', '{}', ${id('s')}, now(), now() from house`,
      record_contacts: `(record_id, contact_id, role) select ${id('r')}, ${id('p')}, 'submitter' from house`,
      events: `(id, workspace_id, type, subject_id, body, created_at)
        select ${event}, w, 'contact.created', ${id('p')}, '{}', now() from house`,
      event_positions: `(event_id, workspace_id, type, position) select ${event}, w, 'contact.created', n from house`,
      event_subjects: `(event_id, subject_id) select ${event}, ${id('p')} from house`,
      webhook_attempts: `(delivery_id, endpoint_id, event_id, at, number, ended, outcome, event_type)
        select ${id('d')}, hook, ${event}, now(), 1, 'delivered', 'success', 'contact.created' from house`,
      // What is open has no index by its event.
      webhook_open_deliveries: `(endpoint_id, id, event_id)
        select hook, '${floor}do' || substr(t, 2), ${event} from house where n % 20 = 0`,
      audit_entries: `(id, workspace_id, number, created_at, actor_kind, actor_id, action, subject_id, details, mac)
        select ${id('a')}, w, 1000 + n, now(), 'operator', 'o', 'contact.merged', ${id('p')}, '{}', '' from house`,
      api_keys: `(id, workspace_id, name, hash, hint, scopes, created_at)
        select ${id('k')}, w, 'Key', sha256(t::bytea), '', '{}', now() from house`,
      idempotency_records: `(id, workspace_id, fingerprint, answer, subjects, created_at)
        select sha256(t::bytea), w, '', '{}', array[${id('p')}], now() from house`,
      erasures: `(id, workspace_id, contact_id, with_submissions, status, created_at, stepped_at, finished_at)
        select ${id('x')}, w, 'gone' || n, false, 'DONE', now(), now(), now() from house`,
    };
    for (const [table, values] of Object.entries(stored)) await postgres.query(`insert into ${table} ${values}`);
    // Of all that has been made.
    await postgres.query('update webhook_fan_out set last_delivery_ms = extract(epoch from now()) * 1000 + 1');
    await postgres.query('vacuum analyze');
  }
});
