import { expect } from 'chai';
import type { Actor } from '../../src/platform/actor.js';
import { newId } from '../../src/platform/id.js';
import { lockDeliveryOrder } from '../../src/webhooks/store/delivery-order-lock.js';
import { someoneWaits } from '../support/locks.js';
import type { Receiver } from '../support/receiver.js';
import { Subscription } from './subscription.js';
import { insertDelivery, WebhookFixture } from './webhook-fixture.js';

describe('webhooks about a person who is erased', () => {
  let fixture: WebhookFixture;
  let subscription: Subscription;
  let receiver: Receiver;
  let actor: Actor;

  before(async () => {
    fixture = await WebhookFixture.open();
    await fixture.startWorker();
  });
  after(async () => await fixture.close());
  beforeEach(async () => {
    subscription = await Subscription.to(fixture);
    ({ receiver, actor } = subscription);
  });
  afterEach(async () => await subscription.stop());

  it('erasing a person while an attempt is under way keeps nothing of its answer either', async () => {
    let answer = () => {};
    receiver.answer = (response) => void (answer = () => void response.writeHead(200, { 'X-For': 'jane' }).end('jane'));
    const [eventId = ''] = await fixture.publish(actor);
    await receiver.arrived(1);
    await erase(eventId);
    answer();
    const kept = async () =>
      await fixture.rows(
        `select outcome, response_body as body, response_headers as headers from webhook_attempts
         where event_id = $1 and outcome is not null`,
        [eventId],
      );
    await fixture.eventually(async () => (await kept()).length === 1);
    expect(await kept()).to.deep.equal([{ outcome: 'success', body: null, headers: null }]);
    expect(await subscription.statuses()).to.deep.equal(['skipped']);
  });

  it('a delivery that is being made while a person is erased ends with the others', async () => {
    const [eventId = ''] = await fixture.publish(actor);
    await subscription.settled(1, 'delivered');
    await fixture.endpoints.pause(actor, subscription.endpointId);
    let erased: Promise<unknown> | undefined;
    await fixture.database.transaction(async (tx) => {
      const order = await lockDeliveryOrder(tx);
      await tx.manager.query(insertDelivery, [newId('webhookDelivery'), subscription.endpointId, eventId]);
      erased = erase(eventId);
      await someoneWaits(tx);
      order.release();
    });
    await erased;
    expect(await subscription.statuses()).to.deep.equal(['skipped', 'delivered']);
    expect(await subscription.open()).to.have.length(0);
  });

  it('erasing a person keeps nobody waiting, though it waits for what is being done to their deliveries', async () => {
    receiver.answer = (response) => void response.writeHead(500).end();
    const [eventId = ''] = await fixture.publish(actor);
    await subscription.settled(1, 'retrying');
    const other = await Subscription.to(fixture);
    let erased: Promise<unknown> | undefined;
    await subscription.withDeliveriesLocked(async (holder) => {
      erased = erase(eventId);
      await someoneWaits(holder);
      await other.isServed();
    });
    await other.stop();
    await erased;
    expect(await subscription.statuses()).to.deep.equal(['skipped']);
  });

  it('erasing a person ends what is open of them, and blanks what was answered', async () => {
    receiver.answer = (response) => void response.writeHead(500, { 'X-For': 'jane' }).end('jane');
    const [eventId = ''] = await fixture.publish(actor);
    await subscription.settled(1, 'retrying');
    await erase(eventId);
    expect(await subscription.statuses()).to.deep.equal(['skipped']);
    const bodies = await fixture.rows(
      'select from webhook_attempts where num_nonnulls(response_body, response_headers) > 0 and event_id = $1',
      [eventId],
    );
    expect(bodies).to.have.length(0);
  });

  it('what was answered is blanked before the lock that everybody’s deliveries wait for', async () => {
    receiver.answer = (response) => void response.end('jane');
    const [eventId = ''] = await fixture.publish(actor);
    await subscription.settled(1, 'delivered');
    let erased: Promise<unknown> | undefined;
    await fixture.database.transaction(async (tx) => {
      await lockDeliveryOrder(tx);
      erased = erase(eventId);
      await someoneWaits(tx);
      // Whoever waits for the lock has the attempt's row already.
      const free = 'select from webhook_attempts where event_id = $1 for update skip locked';
      expect(await fixture.rows(free, [eventId])).to.have.length(0);
    });
    await erased;
    const answers = await fixture.rows(
      'select response_body as body, response_headers as headers from webhook_attempts where event_id = $1',
      [eventId],
    );
    expect(answers).to.deep.equal([{ body: null, headers: null }]);
  });

  const erase = async (eventId: string) => await fixture.eraseEvents(actor, [eventId]);
});
