import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { bytesOfOwners } from '../../src/platform/postgres/stored-rows.js';
import { storedEvents } from '../../src/events/event.service.js';
import { storedMessages, storedSubmissions } from '../../src/submissions/submission.service.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf, type Answer } from '../support/client.js';
import { createBot, createSubmission } from '../support/factories.js';
import { memberOf, type Person } from '../support/people.js';

const GiB = 1_024 ** 3;

describe('what a workspace stores', () => {
  let server: TestServer;

  before(async () => {
    server = await startServer({ role: 'api' });
  });
  after(async () => await server.stop());

  const sql = async (text: string, values: unknown[]) => await server.app.database.pool.query(text, values);
  const usageOf = async (person: Person) => {
    const query = '{ workspace { limits { storageBytes } usage { storedBytes storedMeasuredAt } } }';
    const { limits, usage } = (await person.graphql(query)).body.data.workspace;
    return { ...limits, ...usage } as { storageBytes: number; storedBytes: number; storedMeasuredAt: string | null };
  };
  const mutate = async (by: Pick<Person, 'graphql'>, name: string, input: object, selected: string) => {
    const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
    return await by.graphql(`mutation ($input: ${type}!) { ${name}(input: $input) { ${selected} } }`, { input });
  };
  const refusalOf = ({ body }: Answer) => {
    const { errors, error } = body as { errors?: [{ extensions: object }]; error?: object };
    const refused = (errors?.[0].extensions ?? error) as { code: string; details: object } | undefined;
    return refused === undefined ? null : { code: refused.code, details: refused.details };
  };

  it('is measured, events, messages and all, and shown beside what the plan allows', async () => {
    const plans = { FREE: GiB, PRO: 50 * GiB, BUSINESS: 500 * GiB } as const;
    for (const [plan, storageBytes] of Object.entries(plans)) {
      const owner = await memberOf(server.app, await createTenant(server.app, plan as keyof typeof plans), 'OWNER');
      expect(await usageOf(owner)).to.deep.equal({ storageBytes, storedBytes: 0, storedMeasuredAt: null });
    }
    const tenant = await createTenant(server.app);
    const owner = await memberOf(server.app, tenant, 'OWNER');
    const bot = await createBot(server.app, tenant.workspaceId, { record_type: 'lead' });
    await server.app.storage.measure();
    const before = await usageOf(owner);
    expect(before.storedBytes).to.be.within(500, 10_000);
    // Of random letters, which take their room.
    const full_name = randomBytes(3_000).toString('hex');
    const submission = await createSubmission(server.app, bot, { data: { full_name, email: 'room@example.com' } });
    const content = randomBytes(4_000).toString('hex');
    await mutate(
      owner,
      'addSubmissionMessage',
      { submissionId: submission.id, role: 'USER', content },
      'message { id }',
    );
    await server.app.storage.measure();
    const after = await usageOf(owner);
    // Submission, record and the event, and the message.
    expect(after.storedBytes - before.storedBytes).to.be.within(3 * 4_000 + 5_000, 3 * 6_500 + 9_000);
    expect(Date.parse(after.storedMeasuredAt ?? '')).to.be.greaterThan(Date.parse(before.storedMeasuredAt ?? ''));
    await sql('delete from submissions where id = $1', [submission.id]);
    await server.app.storage.measure();
    expect((await usageOf(owner)).storedBytes).to.be.below(after.storedBytes - 4_000);
  });

  it('is the same however large the ranges are in which it is read', async () => {
    const database = server.app.database;
    const tenants: Tenant[] = [];
    for (let made = 0; made < 3; made += 1) tenants.push(await createTenant(server.app));
    for (const { workspaceId } of tenants) {
      const { id } = await createBot(server.app, workspaceId);
      await sql(
        `insert into submissions select 's' || $1 || n, $1, $2, null, json_build_object('n', repeat('x', n)), 'COMPLETED', null, true, 0, 1, now(), now()
        from generate_series(1, 700) n`,
        [workspaceId, id],
      );
      await sql(
        "insert into submission_messages select 'm' || id, id, 'user', id, now() from submissions where workspace_id = $1",
        [workspaceId],
      );
      await sql(
        "insert into events select 'evt_' || id, workspace_id, 'submission.completed', id, data::text, now() from submissions where workspace_id = $1",
        [workspaceId],
      );
    }
    const stored = [storedSubmissions, storedMessages, storedEvents];
    const inRanges = async (pages: number) =>
      Object.fromEntries(await bytesOfOwners(database, stored, new AbortController().signal, pages));
    const whole = await inRanges(1_000_000);
    expect(Object.keys(whole).length).to.be.greaterThan(2);
    for (const pages of [1, 7]) expect(await inRanges(pages)).to.deep.equal(whole);
    const { rows } = await sql(
      'select sum(200 + pg_column_size(data) + 100 + pg_column_size(id) + 100 + pg_column_size(data::text))::float8 as bytes from submissions where workspace_id = $1',
      [tenants[0]?.workspaceId],
    );
    expect(whole[tenants[0]?.workspaceId ?? '']).to.be.closeTo(rows[0].bytes, rows[0].bytes / 10);
  });

  it('is measured for 10,000 workspaces in a moment', async () => {
    await sql(
      "insert into workspaces (id, name, plan, created_at, updated_at) select 'w' || n, 'W', 'PRO', now(), now() from generate_series(1, 10000) n",
      [],
    );
    await sql(
      "insert into contacts (id, workspace_id, email, created_at, updated_at) select 'p' || n, 'w' || n, 'a@example.com', now(), now() from generate_series(1, 10000) n",
      [],
    );
    await server.app.storage.measure();
    const { rows } = await sql(
      "select count(*)::int as count from workspaces where id like 'w%' and stored_bytes between 200 and 500 and stored_measured_at is not null",
      [],
    );
    expect(rows[0].count).to.equal(10_000);
    await sql("delete from workspaces where id like 'w%'", []);
  });

  describe('beyond its plan', () => {
    let tenant: Tenant;
    let owner: Person;
    let ids: { bot: string; submission: string; draft: string; contact: string; record: string };

    before(async () => {
      tenant = await createTenant(server.app);
      owner = await memberOf(server.app, tenant, 'OWNER');
      const bot = await createBot(server.app, tenant.workspaceId);
      const submission = await createSubmission(server.app, bot);
      const draft = await createSubmission(server.app, bot, { status: 'IN_PROGRESS' });
      const fields = { tags: ['one'], customFields: { note: 'a long note' } };
      const contact = await mutate(owner, 'createContact', { email: 'kept@example.com', ...fields }, 'contact { id }');
      const record = await mutate(
        owner,
        'createRecord',
        { recordType: 'lead', data: { note: 'a long note' } },
        'record { id }',
      );
      ids = {
        bot: bot.id,
        submission: submission.id,
        draft: draft.id,
        contact: contact.body.data.createContact.contact.id,
        record: record.body.data.createRecord.record.id,
      };
      await sql('update workspaces set stored_bytes = $2, plan = $3 where id = $1', [
        tenant.workspaceId,
        501 * GiB,
        'BUSINESS',
      ]);
      // Whoever asks next is looked up again.
      await server.app.workspaces.change(tenant.workspaceId, { plan: 'PRO' });
      await server.app.workspaces.change(tenant.workspaceId, { plan: 'BUSINESS' });
    });

    const refusal = {
      code: 'plan_limit_exceeded',
      details: { resource: 'storage', current: 501 * GiB, max: 500 * GiB },
    };

    it('does not grow, over either door', async () => {
      const key = clientOf(server.url, tenant.key);
      const path = `/intake-bots/${ids.bot}`;
      const data = { full_name: 'Ada', email: 'ada@example.com' };
      const posted = await key.rest('POST', `${path}/submissions`, { data });
      expect(posted.status).to.equal(429);
      const patched = await key.rest('PATCH', `${path}/submissions/${ids.submission}`, {
        data: { full_name: 'A longer name than before' },
      });
      const webhook = await key.rest('POST', '/webhooks', { url: 'http://127.0.0.1:9/', events: ['contact.created'] });
      const described = await key.rest('PATCH', path, { description: 'Longer than nothing.' });
      for (const answer of [posted, patched, webhook, described]) expect(refusalOf(answer)).to.deep.equal(refusal);
      const grows: [string, object, string][] = [
        ['createSubmission', { intakeBotId: ids.bot, data }, 'submission { id }'],
        ['updateSubmission', { id: ids.draft, status: 'COMPLETED' }, 'submission { id }'],
        ['addSubmissionMessage', { submissionId: ids.submission, role: 'USER', content: 'x' }, 'message { id }'],
        ['createContact', { email: 'new@example.com' }, 'contact { id }'],
        ['updateContact', { id: ids.contact, customFields: { more: 1 } }, 'contact { id }'],
        ['createRecord', { recordType: 'lead', data: {} }, 'record { id }'],
        ['updateRecord', { id: ids.record, data: { more: 1 } }, 'record { id }'],
        ['linkRecordContact', { recordId: ids.record, contactId: ids.contact, role: 'r' }, 'record { id }'],
        ['createIntakeBot', { name: 'B', schema: [] }, 'intakeBot { id }'],
        ['trustDocuments', { documents: ['{__typename}'] }, 'documentIds'],
      ];
      for (const [name, input, selected] of grows) {
        expect(refusalOf(await mutate(owner, name, input, selected)), name).to.deep.equal(refusal);
      }
      const wrong = await key.rest('POST', `${path}/submissions`, { data: {} });
      expect(wrong.body.error.code).to.equal('validation_failed');
    });

    it('shrinks, changes in its place and deletes; and grows again once that is measured', async () => {
      const key = clientOf(server.url, tenant.key);
      const passes: [string, object, string][] = [
        ['updateSubmission', { id: ids.submission, data: { full_name: 'Ada' } }, 'submission { id }'],
        ['updateContact', { id: ids.contact, customFields: { note: 'a short one' } }, 'contact { id }'],
        ['updateContact', { id: ids.contact, customFields: { note: null }, tags: [] }, 'contact { id }'],
        ['updateRecord', { id: ids.record, data: { note: 'short' } }, 'record { id }'],
        ['changeIntakeBotStatus', { id: ids.bot, status: 'PAUSED' }, 'intakeBot { id }'],
        ['changeIntakeBotStatus', { id: ids.bot, status: 'ACTIVE' }, 'intakeBot { id }'],
        ['deleteSubmission', { id: ids.draft }, 'submission { id }'],
        ['deleteContact', { id: ids.contact }, 'contact { id }'],
        ['createApiKey', { name: 'K', scopes: ['read:records'] }, 'secret'],
      ];
      for (const [name, input, selected] of passes) {
        expect(refusalOf(await mutate(owner, name, input, selected)), name).to.equal(null);
      }
      await server.app.storage.measure();
      const data = { full_name: 'Ada', email: 'ada@example.com' };
      const endMs = performance.now() + 5_000;
      let answer = await key.rest('POST', `/intake-bots/${ids.bot}/submissions`, { data });
      while (answer.status !== 200 && performance.now() < endMs) {
        answer = await key.rest('POST', `/intake-bots/${ids.bot}/submissions`, { data });
      }
      expect(answer.status).to.equal(200);
    });
  });
});
