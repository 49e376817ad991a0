import { expect } from 'chai';
import type { ServerResponse } from 'node:http';
import { dataSourceFor } from '../../ormconfig.js';
import type { Actor } from '../../src/platform/actor.js';
import { migrate } from '../../src/platform/postgres/migrate.js';
import { runMax } from '../../src/webhooks/store/packed-deliveries.js';
import type { DeliveryStatus } from '../../src/webhooks/deliveries/delivery.entity.js';
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
  const runs = async () => await fixture.rows<{ open: number }>('select open from webhook_runs order by last_id');

  it('are begun in order, and each ends by itself: at once, or after retries', async () => {
    const failing = new Set<unknown>();
    receiver.answer = (response, { headers }) => {
      const fails = failing.has(headers['webhook-id']) && headers['x-iozen-attempt'] === '1';
      response.writeHead(fails ? 500 : 200).end();
    };
    const eventIds = await fixture.publish(actor, 2 * runMax + 5);
    // Never two in a row, since three would have it probed.
    for (const [index, id] of eventIds.entries()) if (index % 4 === 0) failing.add(id);
    await fixture.startWorker();
    await subscription.settled(eventIds.length, 'delivered');
    const first = receiver.received.filter(({ headers }) => headers['x-iozen-attempt'] === '1');
    expect(first.map(({ headers }) => headers['webhook-id'])).to.have.members(eventIds);
    expect(receiver.received).to.have.length(eventIds.length + failing.size);
    expect(await fixture.rows('select from webhook_deliveries')).to.have.length(0);
    expect(await runs()).to.have.length(0);
  });

  it('share a row, of which only what is still open is sent by whoever takes it over', async () => {
    await fixture.startWorker();
    await fixture.endpoints.pause(actor, subscription.endpointId);
    const eventIds = await fixture.publish(actor, runMax + 3);
    await subscription.settled(eventIds.length, 'held');
    expect(await runs()).to.deep.equal([{ open: 2 ** runMax - 1 }, { open: 0b111 }]);
    await fixture.rows('update webhook_runs set open = open & 5');
    const [first, , third] = eventIds;
    const open = [first, third, eventIds[runMax], eventIds[runMax + 2]];
    expect((await subscription.deliveries()).map(({ eventId }) => eventId)).to.deep.equal(open.toReversed());
    const count = async (status?: DeliveryStatus[]) =>
      await fixture.deliveries.count(actor, { status: status ?? null });
    expect([await count(), await count(['held']), await count(['pending', 'delivering'])]).to.deep.equal([4, 4, 0]);
    expect([...(await fixture.deliveries.heldCounts(actor, [subscription.endpointId])).values()]).to.deep.equal([4]);
    await fixture.endpoints.resume(actor, subscription.endpointId, () => ({ skipHeld: false }));
    await subscription.settled(open.length, 'delivered');
    await subscription.isServed();
    expect(sentIds().slice(0, -1)).to.have.ordered.members(open);
  });

  it('are counted as under way or waiting, each by its own', async () => {
    const answers: ServerResponse[] = [];
    receiver.answer = (response) => void answers.push(response);
    await fixture.publish(actor, runMax);
    const worker = await fixture.startWorker();
    const underWay = fixture.settings.concurrencyPerEndpoint;
    await receiver.arrived(underWay);
    fixture.clockOffsetMs = 2_000;
    await worker.look();
    await subscription.settled(underWay, 'delivering');
    const count = async (status: DeliveryStatus[]) => await fixture.deliveries.count(actor, { status });
    expect([await count(['delivering']), await count(['pending'])]).to.deep.equal([underWay, runMax - underWay]);
    expect(await count(['pending', 'delivering', 'held'])).to.equal(runMax);
    receiver.answer = (response) => void response.end();
    for (const response of answers) response.end();
    await subscription.settled(runMax, 'delivered');
  });

  it('of which one is skipped while what came of them is being stored: it stays skipped, the others end once', async () => {
    const answers: ServerResponse[] = [];
    receiver.answer = (response) => void answers.push(response);
    const eventIds = await fixture.publish(actor, 6);
    await fixture.startWorker();
    await receiver.arrived(6);
    await fixture.database.transaction(async (tx) => {
      await fixture.deliveries.erase(tx, { workspaceId: actor.workspaceId, eventIds: eventIds.slice(2, 3) });
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
    await fixture.eventually(async () => (await runs()).length === 0);
  });
});

describe('deliveries that were open before there were runs', () => {
  it('are all there after the upgrade, and after the way back', async () => {
    const { url, drop } = await cloneDatabase();
    const source = await dataSourceFor(url).initialize();
    const open = 'select id, endpoint_id, event_id, attempts, due_at from webhook_deliveries order by id';
    const goBack = async () => {
      const there = "select to_regclass('webhook_runs') is not null as yes";
      while ((await source.query<{ yes: boolean }[]>(there))[0]?.yes === true) await source.undoLastMigration();
    };
    await migrate(source);
    await goBack();
    await source.query(`
      insert into webhook_deliveries (id, endpoint_id, event_id, attempts, due_at, attempting_since)
      values ('d1', 'e1', 'v1', 0, null, null), ('d2', 'e1', 'v2', 0, null, now()),
        ('d3', 'e1', 'v3', 0, '2026-01-01', null), ('d4', 'e2', 'v1', 3, '2026-01-02', null)
    `);
    const before = await source.query<object[]>(open);
    await migrate(source);
    expect(await source.query(open)).to.deep.equal(before);
    expect(await source.query('select id from webhook_deliveries where attempting')).to.deep.equal([{ id: 'd2' }]);
    await goBack();
    expect(await source.query(open)).to.deep.equal(before);
    await source.destroy();
    await drop();
  });
});
