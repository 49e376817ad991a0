import { expect } from 'chai';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf, type Client } from '../support/client.js';
import { CreateIntakeBot } from '../../src/intake-bots/intake-bot.input.js';
import { validate } from '../../src/platform/validate.js';
import { contactForm, operator } from '../support/factories.js';

const keys = (text: string) => text.split(' ');
/** The names that legacy clients were promised. */
const published = {
  intakeBotListed: keys('id name status submission_count created_at updated_at'),
  intakeBot: keys('id name status submission_count created_at updated_at description share_url schema'),
  submissionListed: keys(
    'id data status ai_summary is_test file_count message_count schema_version created_at updated_at',
  ),
  submission: keys(
    'id data status ai_summary is_test file_count schema_version created_at updated_at intake_bot_id messages',
  ),
  message: keys('id role content created_at'),
  submissionCreated: keys('id status created_at'),
  contact: keys('id email phone first_name last_name tags custom_fields submission_count created_at updated_at'),
  record: keys('id record_type data submission_id contacts created_at updated_at'),
  webhook: keys(
    'id url events status description last_delivery_at last_delivery_ok consecutive_fails created_at updated_at',
  ),
};
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const id = /^c[a-z0-9]{24}$/;

describe('the published REST contract', () => {
  let server: TestServer;
  let tenant: Tenant;
  let client: Client;
  let botId: string;

  before(async () => {
    server = await startServer({ role: 'api' });
    tenant = await createTenant(server.app);
    client = clientOf(server.url, tenant.key);
    const input = { name: 'Contact us', status: 'ACTIVE', schema: contactForm, record_type: 'lead' };
    const actor = await operator(server.app, tenant.workspaceId);
    botId = (await server.app.intakeBots.create(actor, () => validate(CreateIntakeBot, input, 'snake_case'))).id;
  });
  after(async () => await server.stop());

  const data = {
    full_name: 'Ada King Lovelace',
    email: 'Ada@Example.com',
    phone: '+1 415 555 2671',
    topic: 'Sales',
    guests: 3,
  };
  const pathOf = (issue: { path: string }) => issue.path;
  const create = async (body: object = { data }) =>
    await client.rest('POST', `/intake-bots/${botId}/submissions`, body);

  it('GET /intake-bots', async () => {
    const { status, body } = await client.rest('GET', '/intake-bots');
    expect(status).to.equal(200);
    expect(body).to.have.all.keys('success', 'data');
    expect(body.success).to.equal(true);
    expect(body.data).to.have.all.keys('intake_bots', 'pagination');
    expect(body.data.pagination).to.deep.equal({ has_more: false, next_cursor: null });
    const [bot] = body.data.intake_bots;
    expect(bot).to.have.all.keys(published.intakeBotListed);
    expect(bot.id).to.match(id);
    expect(bot.created_at).to.match(time);
    expect(bot.submission_count).to.be.a('number');
  });

  it('GET and PATCH /intake-bots/:id', async () => {
    const { body } = await client.rest('GET', `/intake-bots/${botId}`);
    expect(Object.keys(body.data)).to.deep.equal(['intake_bot']);
    expect(body.data.intake_bot).to.have.all.keys(published.intakeBot);
    expect(body.data.intake_bot.schema[3]).to.deep.equal({
      name: 'topic',
      label: 'Topic',
      type: 'select',
      required: false,
      options: ['Sales', 'Support'],
    });
    const patch = { name: 'Talk to us', description: 'A form', status: 'PAUSED' };
    const patched = await client.rest('PATCH', `/intake-bots/${botId}`, patch);
    expect(patched.status).to.equal(200);
    expect(patched.body.data.intake_bot).to.include(patch);
    const resumed = await client.rest('PATCH', `/intake-bots/${botId}`, { status: 'ACTIVE', description: null });
    expect(resumed.body.data.intake_bot).to.include({ status: 'ACTIVE', description: null, name: 'Talk to us' });
    const illegal = await client.rest('PATCH', `/intake-bots/${botId}`, { status: 'DRAFT' });
    expect(illegal.status).to.equal(409);
    expect(illegal.body.error).to.deep.include({ code: 'conflict', details: { reason: 'illegal_status_change' } });
  });

  it('POST /intake-bots/:id/submissions', async () => {
    const { status, body } = await create();
    expect(status).to.equal(200);
    expect(Object.keys(body.data)).to.deep.equal(['submission']);
    expect(body.data.submission).to.have.all.keys(published.submissionCreated);
    expect(body.data.submission).to.include({ status: 'COMPLETED' });
    expect(body.data.submission.created_at).to.match(time);
    const draft = await create({ data: { topic: 'Sales' }, status: 'IN_PROGRESS', is_test: true });
    expect(draft.body.data.submission.status).to.equal('IN_PROGRESS');
  });

  it('POST names every issue at once, with its path and code', async () => {
    const sent = {
      data: { email: 5, phone: 'no', topic: 'Other', guests: 11, colour: 'blue' },
      status: 'DONE',
      is_test: 'yes',
      colour: 1,
    };
    const { status, body } = await create(sent);
    expect(status).to.equal(400);
    expect(body.error).to.have.all.keys('code', 'message', 'details');
    expect(body.error.code).to.equal('validation_failed');
    const found = body.error.details.issues.map(({ path, code }: { path: string; code: string }) => `${path} ${code}`);
    expect(found).to.have.members([
      'status not_an_option',
      'is_test wrong_type',
      'colour unknown_field',
      'data.full_name required',
      'data.email wrong_type',
      'data.phone bad_format',
      'data.topic not_an_option',
      'data.guests out_of_range',
      'data.colour unknown_field',
    ]);
    for (const issue of body.error.details.issues) expect(issue).to.have.all.keys('path', 'message', 'code');
    const empty = await create({});
    expect(empty.body.error.details.issues[0]).to.include({ path: 'data', code: 'required' });
    const list = await create([] as object);
    expect(list.body.error.details.issues[0]).to.include({ path: '', code: 'wrong_type' });
  });

  it('POST to a bot that is not ACTIVE is refused at intake_bot.status', async () => {
    await client.rest('PATCH', `/intake-bots/${botId}`, { status: 'PAUSED' });
    const { status, body } = await create();
    await client.rest('PATCH', `/intake-bots/${botId}`, { status: 'ACTIVE' });
    expect(status).to.equal(400);
    expect(body.error.details.issues[0]).to.include({ path: 'intake_bot.status', code: 'not_allowed' });
    expect(body.error.message).to.match(/^intake_bot\.status must/);
  });

  it('GET and PATCH a submission, and list them', async () => {
    const made = await create({ data: { ...data, full_name: 'Grace Hopper' }, status: 'IN_PROGRESS' });
    const path = `/intake-bots/${botId}/submissions/${made.body.data.submission.id}`;
    const { body } = await client.rest('GET', path);
    expect(Object.keys(body.data)).to.deep.equal(['submission']);
    expect(body.data.submission).to.have.all.keys(published.submission);
    expect(body.data.submission.data).to.deep.equal({ ...data, full_name: 'Grace Hopper' });
    expect(body.data.submission).to.include({ intake_bot_id: botId, ai_summary: null, is_test: false, file_count: 0 });

    const merged = await client.rest('PATCH', path, { data: { guests: null, topic: 'Support' } });
    const { guests: _, ...rest } = data;
    expect(merged.body.data.submission.data).to.deep.equal({ ...rest, full_name: 'Grace Hopper', topic: 'Support' });
    const unknown = await client.rest('PATCH', path, { data: { nothing: null }, is_test: true });
    expect(unknown.body.error.details.issues.map((issue: { path: string }) => issue.path)).to.have.members([
      'is_test',
      'data.nothing',
    ]);
    expect((await client.rest('PATCH', path, { status: 'COMPLETED' })).body.data.submission.status).to.equal(
      'COMPLETED',
    );
    const back = await client.rest('PATCH', path, { status: 'IN_PROGRESS' });
    expect(back.status).to.equal(400);
    expect(back.body.error.details.issues[0].path).to.equal('status');
    const worse = { status: 'IN_PROGRESS', data: { nothing: 1, topic: 'None' }, x: 1 };
    expect((await client.rest('PATCH', path, worse)).body.error.details.issues.map(pathOf)).to.have.members([
      'status',
      'data.nothing',
      'data.topic',
      'x',
    ]);
    const without = await client.rest('PATCH', path, { data: { email: null, guests: 'three' } });
    expect(without.body.error.details.issues.map(pathOf)).to.have.members(['data.email', 'data.guests']);

    const listed = await client.rest('GET', `/intake-bots/${botId}/submissions?limit=2`);
    expect(listed.body.data).to.have.all.keys('submissions', 'schema', 'pagination');
    expect(listed.body.data.submissions[0]).to.have.all.keys(published.submissionListed);
    expect(listed.body.data.pagination.has_more).to.equal(true);
    expect(listed.body.data.pagination.next_cursor).to.be.a('string');
    expect(listed.body.data.schema).to.have.length(contactForm.length);
  });

  it('PATCH changes what was completed before the bot asked for more, and lets it lose nothing required', async () => {
    const asked = [{ name: 'a', type: 'text', required: true }];
    const actor = await operator(server.app, tenant.workspaceId);
    const bot = await server.app.intakeBots.create(actor, () =>
      validate(CreateIntakeBot, { name: 'Asks', status: 'ACTIVE', schema: asked }, 'snake_case'),
    );
    const path = `/intake-bots/${bot.id}/submissions`;
    const made = async (status: string) =>
      `${path}/${(await client.rest('POST', path, { data: { a: '1' }, status })).body.data.submission.id}`;
    const [done, open] = [await made('COMPLETED'), await made('IN_PROGRESS')];
    await client.rest('PATCH', `/intake-bots/${bot.id}`, {
      schema: [...asked, { name: 'b', type: 'text', required: true }],
    });
    const issuesOf = async (at: string, body: object) =>
      ((await client.rest('PATCH', at, body)).body.error?.details.issues ?? []).map(pathOf);
    expect(await issuesOf(done, { data: { a: '2' }, status: 'COMPLETED' })).to.deep.equal([]);
    expect(await issuesOf(done, { data: { a: null } })).to.deep.equal(['data.a']);
    expect(await issuesOf(open, { status: 'COMPLETED' })).to.deep.equal(['data.b']);
    const { submission } = (await client.rest('GET', done)).body.data;
    expect(submission).to.deep.include({ data: { a: '2' }, status: 'COMPLETED', schema_version: 2 });
  });

  it('shows the conversation in the order in which it was had', async () => {
    const made = await create();
    const actor = await operator(server.app, tenant.workspaceId);
    const { id: submissionId } = made.body.data.submission;
    for (const [role, content] of [
      ['assistant', 'Hello'],
      ['user', 'Hi'],
    ] as const) {
      await server.app.submissions.addMessage(actor, submissionId, () => ({ role, content }));
    }
    const { body } = await client.rest('GET', `/intake-bots/${botId}/submissions/${submissionId}`);
    const { messages } = body.data.submission;
    expect(messages.map(({ role, content }: { role: string; content: string }) => [role, content])).to.deep.equal([
      ['assistant', 'Hello'],
      ['user', 'Hi'],
    ]);
    for (const message of messages) {
      expect(message).to.have.all.keys(published.message);
      expect(message.created_at).to.match(time);
    }
    const listed = await client.rest('GET', `/intake-bots/${botId}/submissions?limit=1`);
    expect(listed.body.data.submissions[0].message_count).to.equal(2);
  });

  it('GET contacts and records', async () => {
    const contacts = await client.rest('GET', '/contacts');
    expect(contacts.body.data).to.have.all.keys('contacts', 'pagination');
    const [contact] = contacts.body.data.contacts;
    expect(contact).to.have.all.keys(published.contact);
    expect(contact).to.include({
      email: 'ada@example.com',
      phone: '+14155552671',
      first_name: 'Ada',
      last_name: 'King Lovelace',
    });
    const one = await client.rest('GET', `/contacts/${contact.id}`);
    expect(one.body.data).to.deep.equal({ contact });

    const records = await client.rest('GET', '/records');
    expect(records.body.data).to.have.all.keys('records', 'pagination');
    const [record] = records.body.data.records;
    expect(record).to.have.all.keys(published.record);
    expect(record.contacts).to.deep.equal([{ id: contact.id, role: 'submitter' }]);
    expect((await client.rest('GET', `/records/${record.id}`)).body.data).to.deep.equal({ record });
  });

  it('POST, GET, PATCH and DELETE /webhooks', async () => {
    const sent = { url: 'https://93.184.216.34/hook', events: ['submission.completed', 'contact.created'] };
    const made = await client.rest('POST', '/webhooks', { ...sent, description: 'CRM' });
    expect(made.status).to.equal(200);
    const { secret, ...webhook } = made.body.data.webhook;
    expect(secret).to.match(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(webhook).to.include.all.keys(published.webhook);
    expect(webhook).to.deep.include({
      ...sent,
      status: 'active',
      description: 'CRM',
      last_delivery_at: null,
      last_delivery_ok: null,
      consecutive_fails: 0,
    });
    const path = `/webhooks/${webhook.id}`;
    expect((await client.rest('GET', path)).body.data).to.deep.equal({ webhook });
    const listed = await client.rest('GET', '/webhooks');
    expect(listed.body.data).to.deep.equal({
      webhooks: [webhook],
      pagination: { has_more: false, next_cursor: null },
    });
    const patched = await client.rest('PATCH', path, { events: ['contact.updated'], status: 'paused' });
    expect(patched.body.data.webhook).to.deep.include({ events: ['contact.updated'], status: 'paused' });
    expect((await client.rest('PATCH', path, { status: 'active' })).body.data.webhook.status).to.equal('active');
    expect((await client.rest('DELETE', path)).body).to.deep.equal({
      success: true,
      data: { deleted: true, id: webhook.id },
    });
    expect((await client.rest('GET', path)).status).to.equal(404);
  });

  it('POST /webhooks repeats the secret to who repeats the request, and to nobody else', async () => {
    const sent = { url: 'https://93.184.216.34/again', events: ['contact.created'] };
    const headers = { 'Idempotency-Key': 'webhook' };
    const first = await client.rest('POST', '/webhooks', sent, headers);
    const again = await client.rest('POST', '/webhooks', sent, headers);
    expect(again.body).to.deep.equal(first.body);
    const { rows } = await server.app.database.pool.query('select answer from idempotency_records');
    expect(JSON.stringify(rows)).not.to.include(first.body.data.webhook.secret.slice(6));
    // Authorised again: what the plan no longer includes is not repeated either.
    await server.app.workspaces.change(tenant.workspaceId, { plan: 'PRO' });
    const refused = await client.rest('POST', '/webhooks', sent, headers);
    await server.app.workspaces.change(tenant.workspaceId, { plan: 'BUSINESS' });
    expect(refused.status).to.equal(403);
    expect(refused.body.error.details).to.deep.equal({ feature: 'webhooks' });
  });

  it('refuses a webhook for what must not be reached, and more than 50', async () => {
    for (const url of ['http://example.com/', 'https://10.0.0.1/', 'https://localhost/', 'nonsense']) {
      const { status, body } = await client.rest('POST', '/webhooks', { url, events: ['contact.created'] });
      expect(status, url).to.equal(400);
      expect(body.error.details.issues[0].path).to.equal('url');
    }
    const bad = await client.rest('POST', '/webhooks', { events: ['nothing'], description: 'x'.repeat(501) });
    expect(bad.body.error.details.issues.map((issue: { path: string }) => issue.path)).to.have.members([
      'url',
      'events.0',
      'description',
    ]);
    const both = { url: 'https://10.0.0.1/', events: ['nothing'] };
    const twice = await client.rest('POST', '/webhooks', both);
    expect(twice.body.error.details.issues.map(pathOf)).to.have.members(['url', 'events.0']);
    const { body } = await client.rest('GET', '/webhooks');
    for (let made = body.data.webhooks.length; made < 50; made += 1) {
      const sent = { url: `https://93.184.216.34/${made}`, events: ['contact.created'] };
      expect((await client.rest('POST', '/webhooks', sent)).status).to.equal(200);
    }
    const over = await client.rest('POST', '/webhooks', { url: 'https://93.184.216.34/', events: ['contact.created'] });
    expect(over.status).to.equal(429);
    expect(over.body.error).to.deep.include({
      code: 'plan_limit_exceeded',
      details: { resource: 'webhooks', current: 50, max: 50 },
    });
    expect(over.headers.get('retry-after')).to.equal(null);
  });

  it('refuses submissions beyond the plan, but not those that are a test', async () => {
    const pro = await createTenant(server.app, 'PRO');
    const actor = await operator(server.app, pro.workspaceId);
    const input = { name: 'Contact us', status: 'ACTIVE', schema: contactForm };
    const bot = await server.app.intakeBots.create(actor, () => validate(CreateIntakeBot, input, 'snake_case'));
    const path = `/intake-bots/${bot.id}/submissions`;
    const other = clientOf(server.url, pro.key);
    expect((await other.rest('POST', path, { data })).status).to.equal(200);
    await server.app.database.pool.query('update workspace_usage set submissions = 5000 where workspace_id = $1', [
      pro.workspaceId,
    ]);
    const over = await other.rest('POST', path, { data });
    expect(over.status).to.equal(429);
    expect(over.body.error).to.deep.include({
      code: 'plan_limit_exceeded',
      details: { resource: 'submissions', current: 5_000, max: 5_000 },
    });
    expect((await other.rest('POST', path, { data, is_test: true })).status).to.equal(200);
  });
});
