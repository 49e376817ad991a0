import { expect } from 'chai';
import pg from 'pg';
import { idFloor, newId } from '../../src/platform/id.js';
import { insertOpen } from '../../src/webhooks/store/open-deliveries.js';
import { createTenant, startServer, type TestServer } from '../support/app.js';
import { clientOf, type Client } from '../support/client.js';
import { memberOf, type Person } from '../support/people.js';
import { Receiver } from '../support/receiver.js';

const dayMs = 86_400_000;
/** Deliveries that are open of one endpoint, and events about one person. */
const openRows = 100_000;
const eventRows = 10_000;

/**
 * As the worker does that stores results, and fan-out: takes the locks that all deliveries wait for, over and over, and
 * writes down for how long PostgreSQL had it wait.
 */
const probe = `
  do $$ declare asked timestamptz; begin
    loop
      asked := clock_timestamp();
      perform from webhook_endpoint_states order by endpoint_id for no key update;
      perform from webhook_fan_out for update;
      insert into waits values (1000 * extract(epoch from clock_timestamp() - asked));
      commit;
      exit when exists (select from waits where ms < 0);
      perform pg_sleep(0.002);
    end loop;
  end $$
`;

describe('100,000 open deliveries of one endpoint that end at once', function () {
  this.timeout(120_000);

  let server: TestServer;
  let receiver: Receiver;
  let key: Client;
  let admin: Person;
  let contactId: string;
  let endpointId: string;
  let events: string;

  before(async () => {
    receiver = await Receiver.start();
    server = await startServer({ env: { WEBHOOK_RETRY_DELAYS: '1h' } });
    const tenant = await createTenant(server.app);
    key = clientOf(server.url, tenant.key);
    admin = await memberOf(server.app, tenant, 'ADMIN');
    const made = await done(admin, 'mutation { createContact(input: {email: "one@example.com"}) { contact { id } } }');
    contactId = made.createContact.contact.id;
    await rows('create table waits (ms float8)');
    events = `evt_${idFloor(new Date())}e`;
    await rows(
      `insert into events (id, workspace_id, type, subject_id, body, created_at)
       select $1 || lpad(n::text, 15, '0'), $2, 'contact.updated', $3,
         json_build_object('id', $1 || lpad(n::text, 15, '0'), 'created_at', 'x', 'data', json_build_object('a', 'b'))::text, now()
       from generate_series(1, ${eventRows}) n`,
      [events, tenant.workspaceId, contactId],
    );
  });
  after(async () => {
    await server.stop();
    await receiver.stop();
  });
  beforeEach(async () => {
    endpointId = await subscribe();
    await rows('truncate waits');
  });

  const rows = async <Row extends object>(text: string, values: unknown[] = []) =>
    (await server.app.database.pool.query<Row>(text, values)).rows;

  async function done(who: Client | Person, text: string, variables: object = {}) {
    const { body } = await who.graphql(text, variables);
    expect(body.errors, JSON.stringify(body.errors)).to.equal(undefined);
    return body.data;
  }

  async function subscribe(): Promise<string> {
    const { body } = await key.rest('POST', '/webhooks', { url: receiver.url, events: ['contact.updated'] });
    return body.data.webhook.id;
  }

  /** All of the endpoint, which is paused, made so long ago; ten of each event. */
  async function hold(days = 0): Promise<void> {
    await done(key, 'mutation ($id: ID!) { pauseWebhookEndpoint(input: {id: $id}) { webhookEndpoint { id } } }', {
      id: endpointId,
    });
    const at = new Date(Date.now() - days * dayMs);
    await rows('update webhook_endpoints set paused_at = $2, updated_at = $2, created_at = $2 where id = $1', [
      endpointId,
      at,
    ]);
    const prefix = idFloor(at) + newId('webhookDelivery').slice(9, 10);
    await rows(
      `with made as (
         select $1 as endpoint_id, $2 || lpad(n::text, 15, '0') as id,
           $3 || lpad((1 + n % ${eventRows})::text, 15, '0') as event_id
         from generate_series(1, ${openRows}) n
       ) ${insertOpen('made')}`,
      [endpointId, prefix, events],
    );
  }

  /** How long others waited for the locks meanwhile, the longest first. */
  async function waitsDuring(work: () => Promise<unknown>): Promise<number[]> {
    const client = new pg.Client({ connectionString: server.databaseUrl });
    await client.connect();
    const probing = client.query(probe);
    try {
      await work();
    } finally {
      await rows('insert into waits values (-1)');
      await probing;
      await client.end();
    }
    return (await rows<{ ms: number }>('select ms from waits order by ms desc')).map(({ ms }) => ms);
  }

  /** On a machine that does nothing else, 20 ms; all at once took seconds. */
  function expectShort([longest = 0, ...others]: number[]): void {
    expect(others.length).to.be.above(20);
    expect(longest).to.be.below(400);
  }

  const open = async () =>
    (
      await rows<{ n: number }>('select count(*)::int as n from webhook_open_deliveries where endpoint_id = $1', [
        endpointId,
      ])
    )[0]?.n;
  const skipped = async () =>
    (
      await rows<{ n: number }>(
        "select count(*)::int as n from webhook_attempts where endpoint_id = $1 and ended = 'skipped'",
        [endpointId],
      )
    )[0]?.n;
  async function eventually(isSo: () => Promise<boolean>): Promise<void> {
    for (const endMs = performance.now() + 60_000; !(await isSo());) {
      if (performance.now() > endMs) throw new Error(`not in time: ${isSo.toString()}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  it('keep nobody waiting while they are dropped by who resumes it', async () => {
    await hold();
    const resume =
      'mutation ($id: ID!) { resumeWebhookEndpoint(input: {id: $id, skipHeld: true}) { webhookEndpoint { status } } }';
    expectShort(await waitsDuring(async () => await done(key, resume, { id: endpointId })));
    expect([await open(), await skipped()]).to.deep.equal([0, openRows]);
    expect(receiver.received).to.have.length(0);
  });

  it('keep nobody waiting while their endpoint is deleted, and count as skipped at once', async () => {
    await hold();
    const waits = await waitsDuring(async () => {
      expect((await key.rest('DELETE', `/webhooks/${endpointId}`)).status).to.equal(200);
      const count = 'query ($id: ID!) { webhookDeliveries(filter: {endpointId: $id, status: SKIPPED}) { totalCount } }';
      expect((await done(key, count, { id: endpointId })).webhookDeliveries.totalCount).to.equal(openRows);
      await eventually(async () => (await open()) === 0);
    });
    expectShort(waits);
    expect(await skipped()).to.equal(openRows);
  });

  it('keep nobody waiting while they are skipped after 30 days', async () => {
    await hold(40);
    expectShort(await waitsDuring(async () => await server.app.webhookWorker.maintain()));
    expect([await open(), await skipped()]).to.deep.equal([0, openRows]);
  });

  it('keep nobody waiting while a replay is counted among them, whose total is null until then', async () => {
    await hold();
    const other = await subscribe();
    await rows("update webhook_endpoints set created_at = now() - interval '1 hour' where id = any ($1)", [
      [endpointId, other],
    ]);
    const input = { endpointId: other, since: new Date(Date.now() - dayMs), only: 'MISSED', ratePerSecond: 100 };
    const waits = await waitsDuring(async () => {
      const start =
        'mutation ($input: StartReplayInput!) { startReplay(input: $input) { replay { id total counted } } }';
      const { id, ...replay } = (await done(key, start, { input })).startReplay.replay;
      expect(replay).to.deep.equal({ total: null, counted: false });
      const look = 'query ($id: ID!) { replay(id: $id) { total counted } }';
      await eventually(async () => (await done(key, look, { id })).replay.counted);
      expect((await done(key, look, { id })).replay.total).to.be.within(eventRows, eventRows + 2);
      await done(key, 'mutation ($id: ID!) { cancelReplay(input: {id: $id}) { replay { id } } }', { id });
    });
    expectShort(waits);
  });

  it('are answered of after five seconds by a dry run, with what it has counted so far', async () => {
    await rows("update webhook_endpoints set created_at = now() - interval '1 hour' where id = $1", [endpointId]);
    const input = { endpointId, since: new Date(Date.now() - dayMs), only: 'MISSED', dryRun: true };
    const start =
      'mutation ($input: StartReplayInput!) { startReplay(input: $input) { replay { total counted status } } }';
    const blocker = await server.app.database.pool.connect();
    await blocker.query('begin; lock table webhook_attempts in access exclusive mode');
    const answer = done(key, start, { input });
    await new Promise((resolve) => setTimeout(resolve, 5_200));
    await blocker.query('rollback');
    blocker.release();
    const { total, ...replay } = (await answer).startReplay.replay;
    expect(replay).to.deep.equal({ counted: false, status: 'DONE' });
    // Of the first range of events, in which one is of another type.
    expect(total).to.be.within(4_990, 5_000);
    expect((await done(key, start, { input })).startReplay.replay.counted).to.equal(true);
  });

  it('keep nobody waiting while the person is erased whom their events speak of', async () => {
    await hold();
    const erase = `mutation ($id: ID!) { deleteContact(input: {id: $id}) { erasure { id status } } }`;
    const waits = await waitsDuring(async () => {
      const { erasure } = (await done(admin, erase, { id: contactId })).deleteContact;
      const look = 'select status, events from erasures where id = $1';
      const is = async () => (await rows<{ status: string; events: number }>(look, [erasure.id]))[0];
      await eventually(async () => (await is())?.status === 'DONE');
      expect((await is())?.events).to.be.within(eventRows, eventRows + 2);
    });
    expectShort(waits);
    expect(await open()).to.equal(0);
    expect(await rows('select from events where body like \'%"a"%\'')).to.have.length(0);
  });
});
