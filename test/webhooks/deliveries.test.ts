import { expect } from 'chai';
import { setTimeout as wait } from 'node:timers/promises';
import { Actor } from '../../src/platform/actor.js';
import { DeliveryQuery, type WebhookDeliveryFilter } from '../../src/webhooks/store/delivery-query.js';
import { DeliveryStatusEnum } from '../../src/webhooks/store/delivery-status.js';
import type { WebhookWorker } from '../../src/webhooks/engine/worker.js';
import { someoneWaits } from '../support/locks.js';
import type { Receiver } from '../support/receiver.js';
import { reasonOf, Subscription } from './subscription.js';
import { secondsSchedule, WebhookFixture } from './webhook-fixture.js';

const hourMs = 3_600_000;

describe('the deliveries of a workspace', () => {
  let fixture: WebhookFixture;
  let worker: WebhookWorker;
  let subscription: Subscription;
  let receiver: Receiver;
  let actor: Actor;
  let endpointId: string;

  before(async () => {
    fixture = await WebhookFixture.open({ retryDelaysMs: [secondsSchedule[0] ?? 0] });
    worker = await fixture.startWorker();
  });
  after(async () => await fixture.close());
  beforeEach(async () => {
    subscription = await Subscription.to(fixture);
    ({ receiver, actor, endpointId } = subscription);
  });
  afterEach(async () => await subscription.stop());

  it('deliveries are listed newest first, page by page, without a gap or a double', async () => {
    const events = await fixture.publish(actor, 7);
    await subscription.settled(7, 'delivered');
    const first = await fixture.deliveries.list(actor, {}, { limit: 3, cursor: null, direction: 'older' });
    const cursor = first.rows.at(-1)?.id ?? '';
    const rest = await fixture.deliveries.list(actor, {}, { limit: 9, cursor, direction: 'older' });
    expect(first.hasMore).to.equal(true);
    expect(rest.hasMore).to.equal(false);
    const seen = [...first.rows, ...rest.rows].map(({ eventId }) => eventId);
    expect(seen).to.deep.equal(events.toReversed());
    const newer = await fixture.deliveries.list(actor, {}, { limit: 2, cursor, direction: 'newer' });
    expect(newer.rows.map(({ id }) => id)).to.deep.equal(first.rows.slice(0, 2).map(({ id }) => id));
    expect(await fixture.deliveries.count(actor, {})).to.equal(7);
    expect((await fixture.deliveries.countsOf('endpoint', actor, [endpointId])).get(endpointId)).to.equal(7);
    const under = await fixture.deliveries.pagesOf('event', actor, events, {
      limit: 5,
      cursor: null,
      direction: 'older',
    });
    expect([...under.values()].map(({ rows }) => rows.length)).to.deep.equal([1, 1, 1, 1, 1, 1, 1]);
  });

  it('every state of a delivery is told, and filters find it', async () => {
    receiver.answer = (response, { headers }) => {
      if (headers['x-iozen-event-id'] !== slow) response.writeHead(500).end();
    };
    let slow: string | undefined;
    const [failing] = await fixture.publish(actor);
    await subscription.settled(1, 'retrying');
    const [retrying] = await subscription.deliveries({ status: ['retrying'] });
    expect(retrying).to.include({ eventId: failing, attemptCount: 1, endpointId });
    expect(retrying?.nextAttemptAt?.getTime()).to.be.within(Date.now() + 5_000, Date.now() + 13_000);

    [slow] = await fixture.database.transaction(async (tx) => {
      const ids = fixture.publishWith(tx, actor);
      slow = ids[0];
      return ids;
    });
    await subscription.settled(1, 'delivering');
    await subscription.settled(2, 'retrying');
    await fixture.endpoints.pause(actor, endpointId);
    expect(await subscription.statuses()).to.deep.equal(['held', 'held']);
    expect((await fixture.deliveries.countsOf('endpoint', actor, [endpointId], ['held'])).get(endpointId)).to.equal(2);
    await fixture.endpoints.resume(actor, endpointId, () => ({ skipHeld: true }));
    expect(await subscription.statuses()).to.deep.equal(['skipped', 'skipped']);
    expect(await subscription.deliveries({ status: ['delivered', 'held'] })).to.have.length(0);
    expect(await subscription.deliveries({ eventType: ['contact.updated'] })).to.have.length(0);
    expect(await subscription.deliveries({ createdAt: { lt: new Date(Date.now() - hourMs) } })).to.have.length(0);
    expect(await subscription.deliveries({ search: 'jane@EXAMPLE' })).to.have.length(2);
    expect(await subscription.deliveries({ search: '100%' })).to.have.length(0);
    expect(
      await subscription.deliveries({ endpointId, createdAt: { gte: new Date(Date.now() - hourMs) } }),
    ).to.have.length(2);
  });

  it('each filter may be combined with each other, and the count is of what is listed', async () => {
    await subscription.isServed();
    await subscription.settled(1, 'delivered');
    const others: WebhookDeliveryFilter[] = [
      { endpointId },
      { eventType: ['contact.created'] },
      { createdAt: { gte: new Date(Date.now() - hourMs), lt: new Date(Date.now() + hourMs) } },
      { search: 'jane@example.com' },
    ];
    const statuses = [null, [], ...Object.values(DeliveryStatusEnum).map((status) => [status])];
    for (let chosen = 0; chosen < 1 << others.length; chosen += 1) {
      for (const status of statuses) {
        const filter = Object.assign({ status }, ...others.filter((_, index) => chosen & (1 << index)));
        const isFound = status === null || status.includes('delivered');
        expect(await subscription.deliveries(filter), JSON.stringify(filter)).to.have.length(isFound ? 1 : 0);
        expect(await fixture.deliveries.count(actor, filter)).to.equal(isFound ? 1 : 0);
      }
    }
  });

  it('a filter comes to one statement, in whatever order and how often it names a state', () => {
    const texts = [
      ['held', 'delivered', 'retrying'] as const,
      ['retrying', 'held', 'held', 'delivered', 'retrying'] as const,
    ].map((status) => new DeliveryQuery('workspace', { status }).page('older'));
    expect(texts[1]).to.equal(texts[0]);
  });

  it('one whose failure is being stored does not show as under way once it waits for its retry', async () => {
    await subscription.isServed();
    await subscription.settled(1, 'delivered');
    receiver.answer = (response) => void response.writeHead(500).end();
    const blocker = await fixture.database.pool.connect();
    await blocker.query('begin');
    await blocker.query('select from webhook_endpoint_states where endpoint_id = $1 for update', [endpointId]);
    await fixture.publish(actor);
    await receiver.arrived(2);
    await someoneWaits(blocker);
    fixture.clockOffsetMs += 2_000;
    await worker.look();
    await blocker.query('rollback');
    blocker.release();
    await subscription.settled(1, 'retrying');
    await wait(200);
    fixture.clockOffsetMs = 0;
    expect(await subscription.statuses()).to.deep.equal(['retrying', 'delivered']);
  });

  it('a search finds a delivery by its event, its ids, and what any of its attempts came to', async () => {
    const answers = ['Kontingent erschöpft: 100 % \\o/', 'maintenance'];
    receiver.answer = (response) => {
      const answer = answers[receiver.received.length - 1];
      response.writeHead(answer === undefined ? 200 : 503).end(answer);
    };
    const [eventId = ''] = await fixture.publish(actor);
    await subscription.settled(1, 'retrying');
    const [delivery] = await subscription.deliveries();
    const found = async (search: string) => (await subscription.deliveries({ search })).length;
    for (const search of ['erschöpft: 100 % \\o', 'answered 503', 'JANÉ', eventId, delivery?.id ?? '']) {
      expect(await found(search), search).to.equal(1);
    }
    for (const search of ['maintenance', 'erschopft', '100 %%', 'answered 500']) {
      expect(await found(search), search).to.equal(0);
    }
    await fixture.endpoints.pause(actor, endpointId);
    await fixture.endpoints.resume(actor, endpointId, () => ({ skipHeld: false }));
    await subscription.settled(1, 'exhausted');
    for (const search of ['erschöpft', 'maintenance', delivery?.id ?? '']) {
      expect(await found(search), search).to.equal(1);
    }
    expect(await subscription.deliveries({ search: 'erschöpft', status: ['delivered'] })).to.have.length(0);
  });

  it('attempts are told in full, and answers only to those who may read the object', async () => {
    receiver.answer = (response) => void response.writeHead(503).end('busy');
    await fixture.publish(actor);
    await subscription.settled(1, 'retrying');
    const [delivery] = await subscription.deliveries();
    const [attempt] =
      (await fixture.deliveries.attempts(actor, delivery ? [delivery] : [])).get(delivery?.id ?? '') ?? [];
    expect(attempt).to.deep.include({ number: 1, outcome: 'http_error', responseStatus: 503, address: '127.0.0.1' });
    expect(attempt?.timings.totalMs).to.be.within(0, 2_000);
    const blind = new Actor('key', 'k', actor.workspace, { scopes: ['manage:webhooks'] });
    const sees = { answer: attempt?.answer ?? null, eventType: attempt?.eventType ?? null };
    expect(fixture.deliveries.responseBody(actor, sees)).to.equal('busy');
    expect(() => fixture.deliveries.responseBody(blind, sees)).to.throw(/read:contacts/);
    expect(
      await reasonOf(
        fixture.deliveries.list(blind, { search: 'jane' }, { limit: 1, cursor: null, direction: 'older' }),
      ),
    ).to.equal('insufficient_scopes');
  });

  it('redelivers an event: a new delivery with the same id and bytes, attempt 1', async () => {
    await fixture.publish(actor);
    await subscription.settled(1, 'delivered');
    const [delivery] = await subscription.deliveries();
    const again = await fixture.deliveries.redeliver(actor, delivery?.id ?? '');
    expect(again).to.include({ eventId: delivery?.eventId, status: 'pending', attemptCount: 0 });
    const [first, second] = await receiver.arrived(2);
    expect(second?.body).to.equal(first?.body);
    expect(second?.headers['webhook-id']).to.equal(first?.headers['webhook-id']);
    expect(second?.headers).to.include({ 'x-iozen-delivery-id': again.id, 'x-iozen-attempt': '1' });
  });

  it("another workspace's endpoints, deliveries and replays read exactly like missing ones", async () => {
    await fixture.publish(actor);
    await subscription.settled(1, 'delivered');
    const [delivery] = await subscription.deliveries();
    const range = () => ({ since: new Date(0), only: 'ALL', ratePerSecond: 50, dryRun: true }) as const;
    const replay = await fixture.replays.start(actor, endpointId, range);
    const stranger = await fixture.workspace();
    for (const call of [
      async () => await fixture.deliveries.get(stranger, delivery?.id ?? ''),
      async () => await fixture.deliveries.redeliver(stranger, delivery?.id ?? ''),
      async () => await fixture.deliveries.get(actor, 'no id'),
      async () => await fixture.endpoints.get(stranger, endpointId),
      async () => await fixture.endpoints.remove(stranger, endpointId),
      async () => await fixture.endpoints.rotateSecret(stranger, endpointId, () => ({ overlapSeconds: 0 })),
      async () => await fixture.replays.get(stranger, replay.id),
      async () => await fixture.replays.start(stranger, endpointId, range),
    ]) {
      expect(await reasonOf(call())).to.equal('resource_not_found');
    }
    expect((await fixture.deliveries.attempts(stranger, delivery ? [delivery] : [])).size).to.equal(0);
    expect((await fixture.deliveries.countsOf('endpoint', stranger, [endpointId])).size).to.equal(0);
  });
});
