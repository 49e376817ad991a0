import { expect } from 'chai';
import { fanOutQueue, type FanOutJob } from '../../src/events/publish.js';
import { CreateSubmission } from '../../src/submissions/submission.input.js';
import { newId } from '../../src/platform/id.js';
import { validate } from '../../src/platform/validate.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf, type Client } from '../support/client.js';
import { createBot, createSubmission, operator } from '../support/factories.js';
import { jobsOn } from '../support/jobs.js';
import type { SharedIntakeBot } from '../../src/intake-bots/intake-bot.service.js';

describe('submissions', () => {
  let server: TestServer;
  let tenant: Tenant;
  let client: Client;
  let bot: SharedIntakeBot;

  before(async () => {
    server = await startServer({ role: 'api' });
    tenant = await createTenant(server.app);
    client = clientOf(server.url, tenant.key);
    bot = await createBot(server.app, tenant.workspaceId, { record_type: 'lead' });
  });
  after(async () => await server.stop());

  const rows = async <T = Record<string, unknown>>(text: string, values: unknown[] = []): Promise<T[]> =>
    (await server.app.database.pool.query(text, values)).rows as T[];
  const eventsOf = async () =>
    await rows<{ id: string; type: string; body: string }>('select * from events where workspace_id = $1 order by id', [
      tenant.workspaceId,
    ]);
  const create = async (data: object, more: object = {}) =>
    await client.rest('POST', `/intake-bots/${bot.id}/submissions`, { data, ...more });

  it('finds a submission of a megabyte the first time, on a connection that all share', async () => {
    const { app, url } = server;
    const large = await createTenant(app);
    const { id: botId } = await createBot(app, large.workspaceId);
    const id = newId('submission');
    await app.database.pool.query(
      `insert into submissions (id, workspace_id, intake_bot_id, data, status, is_test, file_count, schema_version,
         created_at, updated_at)
       values ($1, $2, $3, json_build_object('note', repeat('x', 1000000)), 'COMPLETED', true, 0, 1, now(), now())`,
      [id, large.workspaceId, botId],
    );
    const { status, body } = await clientOf(url, large.key).graphql(`{ submission(id: "${id}") { data } }`);
    expect([status, body.errors]).to.deep.equal([200, undefined]);
    expect(body.data.submission.data.note).to.have.length(1_000_000);
  });

  it('makes submission, contact, record, both events and their jobs in one commit, the contact first', async () => {
    const answer = await create({
      full_name: 'Ada King Lovelace',
      email: ' Ada@Example.com ',
      phone: '+1 212 555 0147',
    });
    expect(answer.status, JSON.stringify(answer.body)).to.equal(200);
    const { id } = answer.body.data.submission;
    const events = await eventsOf();
    expect(events.map(({ type }) => type)).to.deep.equal(['contact.created', 'submission.completed']);
    const [contactEvent, submissionEvent] = events.map(({ body }) => JSON.parse(body));
    expect(submissionEvent.data.submission).to.include({ id, status: 'COMPLETED', intake_bot_id: bot.id });
    expect(submissionEvent.data.submission.data.email).to.equal(' Ada@Example.com ');
    expect(contactEvent.data.contact).to.include({
      email: 'ada@example.com',
      phone: '+12125550147',
      first_name: 'Ada',
      last_name: 'King Lovelace',
      submission_count: 1,
    });
    const [record] = await rows<{ id: string }>('select * from records where submission_id = $1', [id]);
    const shown = await client.rest('GET', `/records/${record?.id}`);
    expect(shown.body.data.record.contacts).to.deep.equal([{ id: contactEvent.data.contact.id, role: 'submitter' }]);
    const ids = events.map((event) => event.id);
    expect(
      (await rows<{ id: string }>('select event_id as id from event_fan_outs')).map(({ id }) => id),
    ).to.have.members(ids);
    const jobs = await jobsOn(server.app.database.pool).findJobs<FanOutJob>(fanOutQueue);
    expect(jobs.map(({ data }) => data)).to.deep.equal([{ eventIds: ids }]);
  });

  it('leaves neither submission, contact, event nor job when the transaction fails after publishing', async () => {
    const count = async () => [
      await rows(
        `select (select count(*) from submissions) s, (select count(*) from contacts) c,
        (select count(*) from events) e, (select count(*) from event_fan_outs) f,
        (select submissions from workspace_usage where workspace_id = $1) u`,
        [tenant.workspaceId],
      ),
      await jobsOn(server.app.database.pool).findJobs(fanOutQueue),
    ];
    const before = await count();
    const actor = (await operator(server.app, tenant.workspaceId)).guardedBy({
      begin: async () => {},
      conclude: async () => {
        throw new Error('planned: after publishing, before the commit');
      },
    });
    const data = { full_name: 'Nobody', email: 'nobody@example.com' };
    const failed = server.app.submissions.create(actor, bot.id, () =>
      validate(CreateSubmission, { data }, 'snake_case'),
    );
    expect(await failed.catch((error: Error) => error.message)).to.match(/planned/);
    expect(await count()).to.deep.equal(before);
  });

  it('makes one contact of twenty submissions that name the same person at the same instant', async () => {
    const answers = await Promise.all(
      Array.from(
        { length: 20 },
        async (_, index) =>
          await create({
            full_name: 'Twin',
            email: 'twin@example.com',
            phone: index % 2 === 0 ? '+12125550188' : null,
          }),
      ),
    );
    expect(answers.map(({ status }) => status)).to.deep.equal(Array.from({ length: 20 }, () => 200));
    const contacts = await rows<{ id: string; phone: string }>(
      "select * from contacts where email = 'twin@example.com'",
    );
    expect(contacts).to.have.length(1);
    expect(contacts[0]?.phone).to.equal('+12125550188');
    const shown = await client.rest('GET', `/contacts/${contacts[0]?.id}`);
    expect(shown.body.data.contact.submission_count).to.equal(20);
  });

  it('fills empty fields of a found contact and never overwrites', async () => {
    await create({ full_name: 'Grace Hopper', email: 'grace@example.com' });
    await create({ full_name: 'Someone Else', email: 'grace@example.com', phone: '+442079460000' });
    const [contact] = await rows<Record<string, string>>("select * from contacts where email = 'grace@example.com'");
    expect(contact).to.include({ first_name: 'Grace', last_name: 'Hopper', phone: '+442079460000' });
    const updated = (await eventsOf()).findLast(({ type }) => type === 'contact.updated');
    expect(JSON.parse(updated?.body ?? '{}').data.changes).to.deep.equal(['phone']);
  });

  it('lists every issue at once with its path', async () => {
    const answer = await create(
      { email: 'nope', topic: 'Weather', guests: 99, extra: 1 },
      { status: 'DONE', isTest: true },
    );
    expect(answer.status).to.equal(400);
    expect(answer.body.error.code).to.equal('validation_failed');
    const { issues } = answer.body.error.details;
    expect(issues.map(({ path, code }: Record<string, string>) => `${path} ${code}`)).to.have.members([
      'status not_an_option',
      'isTest unknown_field',
      'data.full_name required',
      'data.email bad_format',
      'data.topic not_an_option',
      'data.guests out_of_range',
      'data.extra unknown_field',
    ]);
  });

  it('answers for a foreign bot exactly as for a missing one', async () => {
    const other = await createTenant(server.app);
    const foreign = await createBot(server.app, other.workspaceId);
    const paths = [foreign.id, newId('intakeBot'), 'nonsense', (await createSubmission(server.app, bot)).id];
    const answers = await Promise.all(
      paths.map(async (id) => await client.rest('POST', `/intake-bots/${id}/submissions`, { data: {} })),
    );
    for (const { status, body } of answers) {
      expect(status).to.equal(404);
      expect(body).to.deep.equal(answers[0]?.body);
    }
    expect(answers[0]?.body.error).to.deep.include({ code: 'resource_not_found', details: { resource: 'intake_bot' } });
  });

  it('takes no submission for a bot that is not ACTIVE', async () => {
    const paused = await createBot(server.app, tenant.workspaceId, { status: 'PAUSED' });
    const data = { full_name: 'A', email: 'a@example.com' };
    const { status, body } = await client.rest('POST', `/intake-bots/${paused.id}/submissions`, { data });
    expect(status).to.equal(400);
    expect(body.error.details.issues[0]).to.include({ path: 'intake_bot.status', code: 'not_allowed' });
  });

  it('lets a draft lack required fields until it is completed, and completes it once', async () => {
    const draft = await create({ full_name: 'Drafty' }, { status: 'IN_PROGRESS' });
    const path = `/intake-bots/${bot.id}/submissions/${draft.body.data.submission.id}`;
    const before = (await eventsOf()).length;
    const refused = await client.rest('PATCH', path, { status: 'COMPLETED' });
    expect(refused.body.error.details.issues[0]).to.include({ path: 'data.email', code: 'required' });
    const patched = await client.rest('PATCH', path, { data: { email: 'drafty@example.com' } });
    expect(patched.body.data.submission.data).to.deep.equal({ full_name: 'Drafty', email: 'drafty@example.com' });
    const done = await client.rest('PATCH', path, { status: 'COMPLETED' });
    expect(done.status).to.equal(200);
    expect((await client.rest('PATCH', path, { status: 'COMPLETED' })).status).to.equal(200);
    const back = await client.rest('PATCH', path, { status: 'IN_PROGRESS' });
    expect(back.body.error.details.issues[0]).to.include({ path: 'status' });
    const fired = (await eventsOf()).slice(before).map(({ type }) => type);
    expect(fired).to.deep.equal(['submission.updated', 'contact.created', 'submission.completed']);
  });

  it('gives answers back as they were sent', async () => {
    const data = { full_name: '  Zoë 👩‍🚀  ', email: 'zoe@example.com', topic: null, guests: 1.5 };
    const { body } = await create(data);
    const shown = await client.rest('GET', `/intake-bots/${bot.id}/submissions/${body.data.submission.id}`);
    expect(shown.body.data.submission.data).to.deep.equal(data);
  });
});
