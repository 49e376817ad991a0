import { expect } from 'chai';
import type { ServerResponse } from 'node:http';
import { dataSourceFor } from '../../ormconfig.js';
import type { Actor } from '../../src/platform/actor.js';
import { migrate } from '../../src/platform/postgres/migrate.js';
import type { DeliveryStatus } from '../../src/webhooks/store/delivery-status.js';
import { someoneWaits } from '../support/locks.js';
import { cloneDatabase } from '../support/postgres.js';
import type { Receiver } from '../support/receiver.js';
import { Subscription } from './subscription.js';
import { WebhookFixture } from './webhook-fixture.js';

describe('deliveries that were made at once', () => {
  let fixture: WebhookFixture;
  let subscription: Subscription;
  let receiver: Receiver;
  let actor: Actor;

  beforeEach(async () => {
    fixture = await WebhookFixture.open({ retryDelaysMs: [100, 100] });
    subscription = await Subscription.to(fixture);
    ({ receiver, actor } = subscription);
  });
  afterEach(async () => {
    await fixture.close();
    await subscription.stop();
  });

  const sentIds = () => receiver.received.map(({ headers }) => headers['webhook-id']);

  it('are begun in order, and each ends by itself: at once, or after retries', async () => {
    const failing = new Set<unknown>();
    receiver.answer = (response, { headers }) => {
      const fails = failing.has(headers['webhook-id']) && headers['x-iozen-attempt'] === '1';
      response.writeHead(fails ? 500 : 200).end();
    };
    const eventIds = await fixture.publish(actor, 50);
    // Never two in a row, since three would make it half-open.
    for (const [index, id] of eventIds.entries()) if (index % 4 === 0) failing.add(id);
    await fixture.startWorker();
    await subscription.settled(eventIds.length, 'delivered');
    const first = receiver.received.filter(({ headers }) => headers['x-iozen-attempt'] === '1');
    expect(first.map(({ headers }) => headers['webhook-id'])).to.have.members(eventIds);
    expect(receiver.received).to.have.length(eventIds.length + failing.size);
    expect(await fixture.rows('select from webhook_open_deliveries')).to.have.length(0);
  });

  it('of which only what is still open is listed, counted and sent, in order', async () => {
    await fixture.startWorker();
    await fixture.endpoints.pause(actor, subscription.endpointId);
    const eventIds = await fixture.publish(actor, 27);
    await subscription.settled(eventIds.length, 'held');
    const open = [0, 2, 24, 26].map((index) => eventIds[index]);
    await fixture.rows('delete from webhook_open_deliveries where event_id <> all ($1)', [open]);
    expect((await subscription.deliveries()).map(({ eventId }) => eventId)).to.deep.equal(open.toReversed());
    const count = async (status?: DeliveryStatus[]) =>
      await fixture.deliveries.count(actor, { status: status ?? null });
    expect([await count(), await count(['held']), await count(['pending', 'delivering'])]).to.deep.equal([4, 4, 0]);
    expect([
      ...(await fixture.deliveries.countsOf('endpoint', actor, [subscription.endpointId], ['held'])).values(),
    ]).to.deep.equal([4]);
    await fixture.endpoints.resume(actor, subscription.endpointId, () => ({ skipHeld: false }));
    await subscription.settled(open.length, 'delivered');
    await subscription.isServed();
    expect(sentIds().slice(0, -1)).to.have.ordered.members(open);
  });

  it('are counted as under way or waiting, each by its own', async () => {
    const answers: ServerResponse[] = [];
    receiver.answer = (response) => void answers.push(response);
    await fixture.publish(actor, 24);
    const worker = await fixture.startWorker();
    const underWay = fixture.settings.concurrencyPerEndpoint;
    await receiver.arrived(underWay);
    fixture.clockOffsetMs = 2_000;
    await worker.look();
    await subscription.settled(underWay, 'delivering');
    const count = async (status: DeliveryStatus[]) => await fixture.deliveries.count(actor, { status });
    expect([await count(['delivering']), await count(['pending'])]).to.deep.equal([underWay, 24 - underWay]);
    expect(await count(['pending', 'delivering', 'held'])).to.equal(24);
    receiver.answer = (response) => void response.end();
    for (const response of answers) response.end();
    await subscription.settled(24, 'delivered');
  });

  it('of which one is skipped while what came of them is being stored: it stays skipped, the others end once', async () => {
    const answers: ServerResponse[] = [];
    receiver.answer = (response) => void answers.push(response);
    const eventIds = await fixture.publish(actor, 6);
    await fixture.startWorker();
    await receiver.arrived(6);
    await fixture.database.transaction(async (tx) => {
      const events = { workspaceId: actor.workspaceId, eventIds: eventIds.slice(2, 3), isFirst: true };
      const { conclude } = await fixture.deliveries.erase(tx, events);
      await conclude(tx);
      for (const response of answers) response.end('seen');
      await someoneWaits(tx);
    });
    await subscription.settled(5, 'delivered');
    await fixture.eventually(async () => (await fixture.rows('select from webhook_attempts')).length === 7);
    const statuses = ['delivered', 'delivered', 'skipped', 'delivered', 'delivered', 'delivered'];
    expect((await subscription.statuses()).toReversed()).to.deep.equal(statuses);
    const answered = await fixture.rows<{ id: string }>(
      'select event_id as id from webhook_attempts where response_body is not null order by event_id',
    );
    expect(answered.map(({ id }) => id)).to.deep.equal(eventIds.toSpliced(2, 1));
    receiver.answer = (response) => void response.end();
    await subscription.isServed();
    expect(receiver.received).to.have.length(7);
    await fixture.eventually(async () => (await subscription.open()).length === 0);
  });
});

describe('deliveries that were open when each had a bit in a packed row', () => {
  it('are all there after the upgrade, and after the way back', async () => {
    const { url, drop } = await cloneDatabase();
    const source = await dataSourceFor(url).initialize();
    const before = 'select id, endpoint_id, event_id, attempts, attempting from webhook_deliveries order by id';
    const after = before.replace('webhook_deliveries', 'webhook_open_deliveries');
    const goBack = async () => {
      const there = "select to_regclass('webhook_open_deliveries') is not null as yes";
      while ((await source.query<{ yes: boolean }[]>(there))[0]?.yes === true) await source.undoLastMigration();
    };
    await migrate(source);
    await goBack();
    await source.query(`
      insert into webhook_runs (endpoint_id, last_id, ids, event_ids, open, attempting, asked_at)
      values ('e1', 'd3', '{d1, d2, d3}', '{v1, v2, v3}', 5, 4, null), ('e1', 'd4', '{d4}', '{v1}', 1, 0, '2026-01-01')
    `);
    await source.query(`
      insert into webhook_retries (id, endpoint_id, event_id, attempts, due_at, attempting)
      values ('d5', 'e2', 'v1', 3, '2026-01-02', true)
    `);
    const open = await source.query<object[]>(before);
    expect(open).to.have.length(4);
    await migrate(source);
    expect(await source.query(after)).to.deep.equal(open);
    const times = "select id, due_at, asked_at from webhook_open_deliveries where id in ('d4', 'd5') order by id";
    expect(await source.query(times)).to.deep.equal([
      { id: 'd4', due_at: null, asked_at: new Date('2026-01-01') },
      { id: 'd5', due_at: new Date('2026-01-02'), asked_at: null },
    ]);
    await goBack();
    expect(await source.query(before)).to.deep.equal(open);
    await source.destroy();
    await drop();
  });
});
