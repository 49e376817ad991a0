import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { asFailure } from '../../src/platform/errors.js';
import { lockDeliveryOrder } from '../../src/webhooks/store/delivery-order-lock.js';
import { cloneDatabase } from '../support/postgres.js';
import { Receiver } from '../support/receiver.js';
import { Relay } from '../support/relay.js';
import { WebhookFixture } from './webhook-fixture.js';

describe('a webhook worker whose network swallows what it asks of PostgreSQL', function () {
  this.timeout(60_000);

  const deliveries = 220;
  let database: Awaited<ReturnType<typeof cloneDatabase>>;
  let relay: Relay;
  let fixture: WebhookFixture;
  let receiver: Receiver;

  before(async () => {
    database = await cloneDatabase();
    relay = await Relay.start();
    const url = new URL(database.url);
    relay.target = Number(url.port);
    url.port = String(relay.port);
    fixture = await WebhookFixture.on(url.href);
    receiver = await Receiver.start();
  });
  after(async () => {
    await fixture.close();
    await receiver.stop();
    await relay.stop();
    await database.drop();
  });

  it('starts nothing more when its lease has run out, and goes on when it is back: nothing is lost, nothing sent twice', async () => {
    const actor = await fixture.workspace();
    await fixture.endpoint(actor, receiver.url);
    const worker = await fixture.startWorker();
    // Eight at a time: 16 a second, so that much is still in memory by then.
    receiver.answer = (response) => void setTimeout(() => response.end(), 500);
    await fixture.publish(actor, deliveries);
    await receiver.arrived(8);
    relay.hold();
    const heldAt = performance.now();
    while (worker.ready()) await delay(5);
    expect(performance.now() - heldAt).to.be.within(6_000, 12_000);

    const sofar = receiver.received.length;
    expect(sofar).to.be.within(20, deliveries - 20);
    await delay(1_500);
    expect(receiver.received.length).to.equal(sofar);

    receiver.answer = (response) => void response.end();
    relay.release();
    await receiver.arrived(deliveries, 20_000);
    await fixture.eventually(async () => (await fixture.rows('select from webhook_open_deliveries')).length === 0);
    const ids = receiver.received.map(({ headers }) => headers['x-iozen-delivery-id']);
    expect(ids).to.have.length(deliveries);
    expect(new Set(ids).size).to.equal(deliveries);
    await worker.stop();
  });

  it('keeps the lock of deliveries from nobody for long: others go on within 15 s, and what it began is undone', async () => {
    const others = await WebhookFixture.on(database.url);
    receiver.received.length = 0;
    const actor = await others.workspace();
    await others.endpoint(actor, receiver.url);
    await others.startWorker();
    const begun = fixture.database
      .transaction(async (tx) => {
        await lockDeliveryOrder(tx);
        relay.hold();
      })
      .catch(asFailure);
    try {
      while (!relay.holds) await delay(5);
      const [eventId] = await others.publish(actor);
      const [{ headers } = { headers: {} }] = await receiver.arrived(1, 15_000);
      expect(headers).to.include({ 'webhook-id': eventId });
    } finally {
      relay.release();
      await others.close();
    }
    expect(await begun).to.include({ code: 'service_unavailable' });
  });

  it('throws no result away when it is given its lease anew, while it finds out what is still its own', async () => {
    const alone = await WebhookFixture.open();
    const actor = await alone.workspace();
    await alone.endpoint(actor, receiver.url);
    const worker = await alone.startWorker();
    receiver.received.length = 0;
    receiver.answer = (response) => void setTimeout(() => response.end(), 100);
    // Which of its endpoints are its own still. Meanwhile all that it sent is answered, and its next look comes.
    alone.database.beginLate(
      (text) => text.includes('set owner = $1 where owner'),
      async () => {
        await delay(400);
        await worker.look();
      },
    );
    try {
      await alone.publish(actor, 60);
      await receiver.arrived(8);
      await alone.rows(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'iozen webhooks' and datname = current_database()",
      );
      await alone.eventually(async () => (await alone.rows('select from webhook_open_deliveries')).length === 0);
    } finally {
      await alone.close();
      receiver.answer = (response) => void response.end();
    }
    expect(receiver.received).to.have.length(60);
  });
});

describe('webhook workers that lose their leases all at once, as in a failover', function () {
  this.timeout(60_000);

  let database: Awaited<ReturnType<typeof cloneDatabase>>;
  let relay: Relay;
  let receiver: Receiver;
  const fixtures: WebhookFixture[] = [];

  before(async () => {
    database = await cloneDatabase();
    relay = await Relay.start();
    const url = new URL(database.url);
    relay.target = Number(url.port);
    url.port = String(relay.port);
    for (let n = 0; n < 2; n += 1) fixtures.push(await WebhookFixture.on(url.href, { timeoutMs: 30_000 }));
    receiver = await Receiver.start();
  });
  after(async () => {
    for (const fixture of fixtures) await fixture.close();
    await receiver.stop();
    await relay.stop();
    await database.drop();
  });

  // Whether the leases run out before the database is back.
  for (const awayMs of [1_000, 12_000]) {
    it(`never send two at once where only one may be in flight, and keep the order (${awayMs} ms)`, async () => {
      const [first, second] = fixtures as [WebhookFixture, WebhookFixture];
      const workers = [await first.startWorker()];
      const actor = await first.workspace();
      await first.endpoint(actor, receiver.url, { maxConcurrency: 1 });
      receiver.received.length = 0;
      let [open, openMost] = [0, 0];
      let slow = true;
      receiver.answer = (response) => {
        openMost = Math.max(openMost, (open += 1));
        response.on('close', () => (open -= 1));
        setTimeout(() => response.end(), slow ? awayMs + 6_000 : 0);
        slow = false;
      };
      const ids = await first.publish(actor, 5);
      await receiver.arrived(1);
      workers.push(await second.startWorker());
      // Its owner is the last to find out that the endpoint is its own still.
      first.database.beginLate(
        (text) => text.includes('set owner = $1 where owner'),
        async () => await delay(3_000),
      );
      relay.refuses = true;
      relay.breakOff();
      await delay(awayMs);
      relay.refuses = false;
      await first.eventually(
        async () => (await first.rows('select from webhook_open_deliveries').catch(() => [1])).length === 0,
        30_000,
      );
      const arrived = receiver.received.map(({ headers }) => headers['webhook-id'] as string);
      expect(openMost).to.equal(1);
      // One may come twice, under its own id and before the next.
      expect(arrived.filter((id, index) => id !== arrived[index - 1])).to.deep.equal(ids);
      for (const [index, worker] of workers.entries()) await fixtures[index]!.stopWorker(worker);
    });
  }
});
