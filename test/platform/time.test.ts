import { expect } from 'chai';
import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { RateLimiter } from '../../src/http/rate-limit/rate-limiter.js';
import { Clock, clockTrouble } from '../../src/platform/clock.js';
import { createLog } from '../../src/platform/log.js';
import { idFloor, newId } from '../../src/platform/id.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf, type Client } from '../support/client.js';
import { createBot, createSubmission } from '../support/factories.js';
import { codeOf, memberOf, personAt, signIn } from '../support/people.js';
import { launch, serving, temporaryDirectory } from '../support/process.js';
import { Receiver } from '../support/receiver.js';

const dayMs = 86_400_000;
const aheadMs = 40 * dayMs;
/** What a loaded machine may take, and far from 40 days. */
const nearMs = 60_000;

const expectNear = (time: string | number | Date, what: string) =>
  expect(Math.abs(new Date(time).getTime() - Date.now()), `${what}: ${String(time)}`).to.be.below(nearMs);
const timeOfId = (id: string) => parseInt(id.replace('evt_', '').slice(1, 9), 36);

describe('the time of a process', () => {
  let machineMs = 1_000_000_000_000;
  let monotonicMs = 0;
  let clock: Clock;
  const pass = (ms: number) => {
    machineMs += ms;
    monotonicMs += ms;
  };
  /** A look that takes a millisecond to and fro. */
  const look = async (databaseMs: number) =>
    await clock.anchor(async () => {
      pass(1);
      return databaseMs + 0.5;
    });

  beforeEach(() => {
    machineMs = 1_000_000_000_000;
    monotonicMs = 0;
    clock = new Clock(
      () => machineMs,
      () => monotonicMs,
    );
  });

  it('is the database’s at the start, whatever the machine says', async () => {
    machineMs += aheadMs;
    await look(1_000_000_000_000);
    expect(clock.nowMs()).to.equal(1_000_000_000_001);
    expect(clock.differences()).to.deep.equal({ machine: aheadMs, database: 0 });
    expect(clockTrouble(clock.differences())).to.include("this machine's clock is 3456000 s ahead");
  });

  it('goes on by a clock that nobody sets when the machine’s steps, and follows small corrections', async () => {
    await look(1_000_000_000_010);
    machineMs += aheadMs;
    pass(60_000);
    expect(clock.nowMs()).to.equal(1_000_000_060_011);
    await look(1_000_000_060_030);
    expect(clock.nowMs()).to.equal(1_000_000_060_031);
    await look(1_000_000_057_030);
    expect(clock.nowMs()).to.equal(1_000_000_057_031);
  });

  it('is that of the quickest of a few looks: one that was long on its way moves it by nothing', async () => {
    let looks = 0;
    /** The database's clock is read between the ways to it and back; here it is the machine's. */
    const lookBy = (ways: readonly (readonly [toMs: number, froMs: number])[]) => async () => {
      const [toMs, froMs] = ways[looks++] ?? [1_000, 0];
      pass(toMs);
      const said = machineMs;
      pass(froMs);
      return said;
    };
    const [opening, usual, quick] = [[400, 1] as const, [20, 60] as const, [4, 1] as const];
    await clock.anchor(lookBy([opening, usual, quick, usual, usual]));
    expect(looks).to.equal(5);
    expect(clock.nowMs() - machineMs).to.be.within(-2, 2);
    pass(60_000);
    looks = 0;
    await clock.anchor(lookBy([opening, usual, usual, quick, opening]));
    expect(clock.nowMs() - machineMs).to.be.within(-2, 2);
    // What is as quick as can be told is not asked again.
    looks = 0;
    await clock.anchor(lookBy([usual, [1, 1]]));
    expect(looks).to.equal(2);
    expect(clock.nowMs() - machineMs).to.be.within(-1, 1);
  });

  it('does not follow a database whose clock steps while the machine’s does not, and says so', async () => {
    await look(1_000_000_000_010);
    for (let minute = 1; minute < 5; minute += 1) {
      pass(60_000);
      await look(machineMs + aheadMs);
      expect(Math.abs(clock.nowMs() - machineMs)).to.be.below(100);
    }
    expect(clockTrouble(clock.differences())).to.include("the database's clock, which stepped and is not followed");
    await look(machineMs);
    expect(clockTrouble(clock.differences())).to.equal(null);
  });

  it('follows a step that both made and that lasts, not one of a moment', async () => {
    await look(1_000_000_000_010);
    machineMs += aheadMs;
    await look(machineMs);
    expect(clock.nowMs()).to.be.below(1_000_000_001_000);
    machineMs -= aheadMs;
    pass(60_000);
    await look(machineMs);
    machineMs += aheadMs;
    await look(machineMs);
    pass(60_000);
    expect(clock.nowMs()).to.be.below(1_000_000_200_000);
    await look(machineMs);
    expect(Math.abs(clock.nowMs() - machineMs)).to.be.below(100);
  });
});

describe('rows that a clock wrote which was 40 days ahead', () => {
  let server: TestServer;
  let tenant: Tenant;
  let client: Client;
  let receiver: Receiver;

  before(async () => {
    server = await startServer();
    tenant = await createTenant(server.app);
    client = clientOf(server.url, tenant.key);
    receiver = await Receiver.start();
  });
  after(async () => {
    await server.stop();
    await receiver.stop();
  });

  const sql = async <Row extends object>(text: string, values: unknown[] = []) =>
    (await server.app.database.pool.query<Row>(text, values)).rows;
  const shift = async (table: string, column: string, where: string, values: unknown[]) => {
    const shifted = await sql(
      `update ${table} set ${column} = now() + interval '40 days' where ${where} returning 1`,
      values,
    );
    expect(shifted).to.have.length(1);
  };
  const patch = async (path: string, body: object) => {
    const answer = await client.rest('PATCH', path, body);
    expect(answer.status, JSON.stringify(answer.body)).to.equal(200);
    return answer.body.data;
  };
  const eventsOf = async (subjectId: string) =>
    (await sql<{ id: string }>('select id from events where subject_id = $1 order by created_at, id', [subjectId])).map(
      ({ id }) => id,
    );

  it('move the time of nothing else: other objects, quota months, invitations, keys', async () => {
    const bot = await createBot(server.app, tenant.workspaceId);
    const submission = await createSubmission(server.app, bot);
    await shift('intake_bots', 'updated_at', 'id = $1', [bot.id]);
    await shift('submissions', 'updated_at', 'id = $1', [submission.id]);
    await shift('contacts', 'updated_at', 'id = $1', [submission.contactId]);
    await shift('workspaces', 'updated_at', 'id = $1', [tenant.workspaceId]);
    await shift('users', 'updated_at', 'workspace_id = $1', [tenant.workspaceId]);
    await shift('audit_chains', 'last_at', 'workspace_id = $1', [tenant.workspaceId]);

    expectNear((await patch(`/intake-bots/${bot.id}`, { name: 'Renamed' })).intake_bot.updated_at, 'the bot itself');
    const path = `/intake-bots/${bot.id}/submissions`;
    expectNear((await patch(`${path}/${submission.id}`, { data: { guests: 2 } })).submission.updated_at, 'submission');
    const owner = await memberOf(server.app, tenant, 'OWNER');
    const mutation = async (text: string) => {
      const { body } = await owner.graphql(`mutation { ${text} }`);
      expect(body.errors, JSON.stringify(body.errors)).to.equal(undefined);
      return body.data;
    };
    const { updateContact } = await mutation(
      `updateContact(input: {id: "${submission.contactId}", tags: ["a"]}) { contact { updatedAt } }`,
    );
    expectNear(updateContact.contact.updatedAt, 'contact');
    await mutation('updateWorkspace(input: {name: "Renamed"}) { workspace { id } }');

    const other = await createBot(server.app, tenant.workspaceId);
    expectNear(other.createdAt, 'another bot');
    expectNear(timeOfId(other.id), 'its id');
    const { body } = await client.rest('POST', path, { data: { full_name: 'Grace', email: 'grace@example.com' } });
    expectNear(body.data.submission.created_at, 'another submission');
    const months = await sql<{ month: string }>(
      'select distinct month::text as month from workspace_usage where workspace_id = $1',
      [tenant.workspaceId],
    );
    expect(months.map(({ month }) => month.slice(0, 7))).to.deep.equal([new Date().toISOString().slice(0, 7)]);

    const invited = await mutation(
      'inviteMember(input: {email: "new@example.com", role: MEMBER}) { invitation { expiresAt } }',
    );
    expectNear(new Date(invited.inviteMember.invitation.expiresAt).getTime() - 7 * dayMs, 'the invitation');
    const expiresAt = new Date(Date.now() + dayMs).toISOString();
    const made = await mutation(
      `createApiKey(input: {name: "Short", scopes: ["read:contacts"], expiresAt: "${expiresAt}"}) { apiKey { id } }`,
    );
    await mutation(`rotateApiKey(input: {id: "${made.createApiKey.apiKey.id}"}) { secret }`);

    const [late] = await sql<{ entries: number; chains: number; events: number }>(`
      select (select count(*)::int from audit_entries where created_at > now() + interval '1 minute') as entries,
        (select count(*)::int from audit_chains where last_at > now() + interval '1 minute') as chains,
        (select count(*)::int from events_default) as events
    `);
    expect(late).to.deep.equal({ entries: 0, chains: 0, events: 0 });
  });

  it('keep the order of one object: its events’ ids grow from the one ahead on, and no other’s do', async () => {
    const bot = await createBot(server.app, tenant.workspaceId);
    const toggle = async () => {
      const [{ status } = { status: '' }] = await sql<{ status: string }>(
        'select status from intake_bots where id = $1',
        [bot.id],
      );
      await patch(`/intake-bots/${bot.id}`, { status: status === 'ACTIVE' ? 'PAUSED' : 'ACTIVE' });
    };
    await toggle();
    const [first = ''] = await eventsOf(bot.id);
    const ahead = `evt_${idFloor(new Date(Date.now() + aheadMs))}${first.slice(13)}`;
    await sql('update events set id = $2 where id = $1', [first, ahead]);
    await shift('intake_bots', 'updated_at', 'id = $1', [bot.id]);
    for (let i = 0; i < 4; i += 1) await toggle();
    const ids = await eventsOf(bot.id);
    expect(ids).to.have.length(5);
    expect(ids).to.deep.equal(ids.toSorted());
    expect(new Set(ids).size).to.equal(5);
    const times = await sql<{ at: Date }>('select created_at as at from events where subject_id = $1 and id <> $2', [
      bot.id,
      ahead,
    ]);
    for (const { at } of times) expectNear(at, 'what the event says');
    const submission = await createSubmission(server.app, await createBot(server.app, tenant.workspaceId));
    for (const id of await eventsOf(submission.id)) expectNear(timeOfId(id), 'another object’s event');
  });

  it('lock nobody out for longer than a failed sign-in does', async () => {
    const thief = personAt(server.url);
    const email = 'nobody@example.com';
    await Promise.all(Array.from({ length: 10 }, async () => await signIn(thief, email, 'wrong')));
    expect(codeOf(await signIn(thief, email, 'wrong'))).to.equal('rate_limit_exceeded');
    await sql('update sign_in_tries set expire = expire + $1', [aheadMs]);
    expect(codeOf(await signIn(thief, email, 'wrong'))).to.equal('invalid_credentials');
  });

  it('use up no test events, no keys that may be made, and no points of a key', async () => {
    const { body } = await client.rest('POST', '/webhooks', { url: receiver.url, events: ['contact.created'] });
    const { id } = body.data.webhook;
    const tested = async () => (await client.rest('POST', `/webhooks/${id}/test`, {})).status;
    expect(await Promise.all(Array.from({ length: 11 }, tested))).to.include(429);
    await sql(
      `update webhook_endpoint_states set tested_at = array_fill(now() + interval '40 days', '{10}')
      where endpoint_id = $1`,
      [id],
    );
    expect(await tested()).to.equal(200);

    const owner = await memberOf(server.app, tenant, 'OWNER');
    await sql(
      `insert into api_key_changes as c (workspace_id, at) values ($1, array_fill(now() + interval '40 days', '{30}'))
       on conflict (workspace_id) do update set at = excluded.at`,
      [tenant.workspaceId],
    );
    const made = await owner.graphql(
      'mutation { createApiKey(input: {name: "New", scopes: ["read:contacts"]}) { secret } }',
    );
    expect(made.body.errors).to.equal(undefined);

    const limiter = new RateLimiter(server.app.database, server.app.notifications, createLog('silent'), {
      windowMs: 600,
    });
    await sql(
      `insert into rate_limit_shares values ('spent', gen_random_uuid(), 1, 0, 0, '{10}', array[$1::bigint], $1)`,
      [Date.now() + 20 * dayMs],
    );
    try {
      for (;;) {
        const { allowed } = await limiter.take('spent', 10, 1);
        if (allowed) break;
        await wait(50);
      }
    } finally {
      await limiter.stop();
    }
  });

  it('let nobody hold the endpoints of a worker that has died', async () => {
    const { body } = await client.graphql(
      `mutation ($url: String!) {
        createWebhookEndpoint(input: {url: $url, events: ["intake-bot.status-changed"], maxConcurrency: 1}) { webhookEndpoint { id } }
      }`,
      { url: `${receiver.url}/orphan` },
    );
    const { id } = body.data.createWebhookEndpoint.webhookEndpoint;
    const [dead] = await sql<{ id: number }>(
      `insert into webhook_workers (leased_until, behind) values (now() + interval '40 days', 0) returning id`,
    );
    await sql('update webhook_endpoint_states set owner = $2 where endpoint_id = $1', [id, dead?.id]);
    const bot = await createBot(server.app, tenant.workspaceId);
    await patch(`/intake-bots/${bot.id}`, { status: 'PAUSED' });
    while (!receiver.received.some(({ path }) => path.endsWith('/orphan'))) await wait(50);
    await sql('delete from webhook_workers where id = $1', [dead?.id]);
  });

  it('keep the order of the audit log and its chain whole', async () => {
    const owner = await memberOf(server.app, tenant, 'OWNER');
    const invite = async (name: string) =>
      await owner.graphql(
        `mutation { inviteMember(input: {email: "${name}@example.com", role: MEMBER}) { invitation { id } } }`,
      );
    await invite('one');
    // As a process writes it whose clock is ahead: its entry verifies.
    const [last] = await sql<{ id: string }>(
      'select id from audit_entries where workspace_id = $1 order by number desc limit 1',
      [tenant.workspaceId],
    );
    const id = last?.id ?? '';
    await sql('update audit_entries set id = $2 where id = $1', [
      id,
      `${idFloor(new Date(Date.now() + aheadMs))}${id.slice(9)}`,
    ]);
    await shift('audit_chains', 'last_at', 'workspace_id = $1', [tenant.workspaceId]);
    await invite('two');
    await invite('three');
    const rows = await sql<{ number: string; at: Date }>(
      'select number, created_at as at from audit_entries where workspace_id = $1 order by id',
      [tenant.workspaceId],
    );
    const numbers = rows.map(({ number }) => Number(number));
    expect(numbers).to.deep.equal(numbers.toSorted((a, b) => a - b));
    for (const { at } of rows) expectNear(at, 'an entry');
  });

  it('heal in the order of deliveries: what is made next has the true time, and none is lost', async () => {
    const events = ['intake-bot.status-changed'];
    const { body } = await client.rest('POST', '/webhooks', { url: receiver.url, events });
    const endpointId = body.data.webhook.id as string;
    const bot = await createBot(server.app, tenant.workspaceId);
    await sql('update webhook_fan_out set last_delivery_ms = $1', [Date.now() + aheadMs]);
    await patch(`/intake-bots/${bot.id}`, { status: 'PAUSED' });
    await patch(`/intake-bots/${bot.id}`, { status: 'ACTIVE' });
    const received = await receiver.arrived(2);
    for (const { headers } of received) expectNear(timeOfId(String(headers['x-iozen-delivery-id'])), 'a delivery');
    const eventId = String(received[0]?.headers['x-iozen-event-id']);
    const insert = 'insert into webhook_open_deliveries (endpoint_id, id, event_id) values ($1, $2, $3)';
    const due = async (id: string) => await sql(insert, [endpointId, id, eventId]);
    await due(`${idFloor(new Date(Date.now() + aheadMs))}${newId('webhookDelivery').slice(9)}`);
    await receiver.arrived(3);
    await due(newId('webhookDelivery'));
    await receiver.arrived(4);
    await sql('update webhook_fan_out set last_delivery_ms = $1', [Date.now() + aheadMs]);
    await patch(`/intake-bots/${bot.id}`, { status: 'PAUSED' });
    await receiver.arrived(5);
    const list = await client.graphql('{ webhookDeliveries(first: 1) { nodes { id createdAt } } }');
    expect(list.body.errors).to.equal(undefined);
    const [{ ms } = { ms: '' }] = await sql<{ ms: string }>('select last_delivery_ms as ms from webhook_fan_out');
    expectNear(Number(ms), 'the last delivery');
  });

  it('are found, as all are, by filters of any time that can be written', async () => {
    const count = async (field: string, filter: object, type: string) => {
      const query = `query ($filter: ${type}) { ${field}(filter: $filter) { totalCount } }`;
      const { body } = await client.graphql(query, { filter });
      expect(body.errors, JSON.stringify([filter, body.errors])).to.equal(undefined);
      return body.data[field].totalCount as number;
    };
    const early = ['0001-01-01T00:00:00Z', '1969-12-31T23:59:59.999Z', '1970-01-01T00:00:00Z'];
    const late = ['2059-05-25T17:38:27.456Z', '2060-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z'];
    for (const [field, type] of [
      ['webhookDeliveries', 'WebhookDeliveryFilter'],
      ['events', 'EventFilter'],
      ['submissions', 'SubmissionFilter'],
    ] as const) {
      const all = await count(field, {}, type);
      expect(all).to.be.above(0);
      for (const lt of late) expect(await count(field, { createdAt: { lt } }, type), `${field} < ${lt}`).to.equal(all);
      for (const gte of late) expect(await count(field, { createdAt: { gte } }, type), `${field} ≥ ${gte}`).to.equal(0);
      for (const gte of early) expect(await count(field, { createdAt: { gte } }, type)).to.equal(all);
      for (const lt of early) expect(await count(field, { createdAt: { lt } }, type)).to.equal(0);
    }
    const { body } = await client.graphql('{ webhookEndpoints(first: 1) { nodes { id } } }');
    const endpointId = body.data.webhookEndpoints.nodes[0].id as string;
    for (const [since, until] of [
      [early[0], late[2]],
      [early[1], late[0]],
    ]) {
      const input = { endpointId, since, until, only: 'ALL', dryRun: true };
      const replay = 'mutation ($input: StartReplayInput!) { startReplay(input: $input) { replay { total } } }';
      const answer = await client.graphql(replay, { input });
      expect(answer.body.data?.startReplay?.replay.total, JSON.stringify(answer.body)).to.be.above(0);
    }
    for (const odd of ['+275760-09-13T00:00:00.000Z', '-000001-01-01T00:00:00Z', '2026-02-30T00:00:00Z', 'NaN', '']) {
      const query = 'query ($filter: WebhookDeliveryFilter) { webhookDeliveries(filter: $filter) { totalCount } }';
      const answer = await client.graphql(query, { filter: { createdAt: { lt: odd } } });
      expect(answer.body.errors?.[0].extensions.code, odd).to.equal('GRAPHQL_VALIDATION_FAILED');
    }
  });

  it('do not keep a change of an endpoint from its worker', async () => {
    const second = await Receiver.start();
    try {
      const events = ['intake-bot.status-changed'];
      const { body } = await client.rest('POST', '/webhooks', { url: `${receiver.url}/moves`, events });
      const { id } = body.data.webhook;
      const bot = await createBot(server.app, tenant.workspaceId);
      await shift('webhook_endpoints', 'updated_at', 'id = $1', [id]);
      await patch(`/intake-bots/${bot.id}`, { status: 'PAUSED' });
      await receiver.arrived(receiver.received.length + 1);
      expectNear((await patch(`/webhooks/${id}`, { url: second.url })).webhook.updated_at, 'the endpoint');
      await patch(`/intake-bots/${bot.id}`, { status: 'ACTIVE' });
      await second.arrived(1);
    } finally {
      await second.stop();
    }
  });
});

describe('a process on a machine whose clock is 40 days ahead', () => {
  it('goes by the database’s clock in all it writes, and /readyz names the difference', async () => {
    const directory = await temporaryDirectory();
    const preload = resolve(import.meta.dirname, '../support/wrong-clock.js');
    const env = {
      DATA_DIR: directory.path,
      PORT: '0',
      NODE_OPTIONS: `--import ${preload}`,
      CLOCK_AHEAD_MS: String(aheadMs),
    };
    const server = await serving(launch(['serve'], env));
    try {
      const [key = ''] = /iozen_live_\w{32}/.exec(server.output()) ?? [];
      const [, password = ''] = /Password +(\S+)/.exec(server.output()) ?? [];
      const client = clientOf(server.url, key);
      const { body } = await client.rest('GET', '/intake-bots');
      const [bot] = body.data.intake_bots;
      expectNear(bot.created_at, 'the demo’s bot');
      const data = { full_name: 'Ada', email: 'new@example.com', topic: 'Sales' };
      const made = await client.rest('POST', `/intake-bots/${bot.id}/submissions`, { data });
      expectNear(made.body.data.submission.created_at, 'a submission');
      expectNear(timeOfId(made.body.data.submission.id), 'its id');
      const reset = Number(made.headers.get('x-ratelimit-reset'));
      expect(reset).to.be.within(Date.now() - nearMs, Date.now() + 2 * nearMs);
      const owner = personAt(server.url);
      await signIn(owner, 'owner@example.com', password);
      const invite = 'inviteMember(input: {email: "new@example.com", role: MEMBER}) { invitation { expiresAt } }';
      const invited = await owner.graphql(`mutation { ${invite} }`);
      expectNear(Date.parse(invited.body.data.inviteMember.invitation.expiresAt) - 7 * dayMs, 'an invitation');
      const usage = await owner.graphql('{ viewer { workspace { usage { submissionsThisMonth } } } }');
      expect(usage.body.data?.viewer.workspace.usage.submissionsThisMonth, JSON.stringify(usage.body)).to.equal(4);

      const ready = await fetch(`${server.url}/readyz`);
      expect(ready.status).to.equal(200);
      expect(((await ready.json()) as { reason: string }).reason).to.match(/this machine's clock is 345\d{4} s ahead/);
      const metrics = await (await fetch(`${server.url}/metrics`)).text();
      expect(metrics).to.match(/iozen_clock_difference_seconds\{clock="machine"\} 345\d{4}/);
    } finally {
      process.kill(server.child.pid ?? 0, 'SIGTERM');
      await server.ended;
      await directory.remove();
    }
  });
});
