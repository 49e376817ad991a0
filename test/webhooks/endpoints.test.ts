import { expect } from 'chai';
import { Webhook } from 'standardwebhooks';
import type { Actor } from '../../src/platform/actor.js';
import { newId } from '../../src/platform/id.js';
import { lockDeliveryOrder } from '../../src/webhooks/store/delivery-order-lock.js';
import { sealedFor } from '../../src/webhooks/endpoints/endpoint-snapshot.js';
import { someoneWaits } from '../support/locks.js';
import type { Receiver } from '../support/receiver.js';
import { reasonOf, Subscription } from './subscription.js';
import { insertDelivery, WebhookFixture } from './webhook-fixture.js';

describe('a webhook endpoint', () => {
  let fixture: WebhookFixture;
  let subscription: Subscription;
  let receiver: Receiver;
  let actor: Actor;
  let endpointId: string;
  let secret: string;

  before(async () => {
    fixture = await WebhookFixture.open();
    await fixture.startWorker();
  });
  after(async () => await fixture.close());
  beforeEach(async () => {
    subscription = await Subscription.to(fixture);
    ({ receiver, actor, endpointId, secret } = subscription);
  });
  afterEach(async () => await subscription.stop());

  it('is one of at most 50 in its workspace, however many are registered at once', async () => {
    const tenant = await fixture.workspace();
    const tries = Array.from({ length: 55 }, async () => await fixture.endpoint(tenant, receiver.url));
    const results = await Promise.allSettled(tries);
    expect(results.filter(({ status }) => status === 'fulfilled')).to.have.length(50);
    expect(await fixture.endpoints.count(tenant)).to.equal(50);
  });

  it('rotates the secret: both sign while they overlap, the newest first and alone in X-IoZen-Signature', async () => {
    const { secret: newSecret } = await fixture.endpoints.rotateSecret(actor, endpointId, () => ({
      overlapSeconds: 60,
    }));
    await fixture.publish(actor);
    const [request] = await receiver.arrived(1);
    const headers = request?.headers as Record<string, string>;
    expect(headers['webhook-signature']?.split(' ')).to.have.length(2);
    for (const known of [secret, newSecret]) new Webhook(known).verify(request?.body ?? '', headers);
    await fixture.endpoints.rotateSecret(actor, endpointId, () => ({ overlapSeconds: 0 }));
    await fixture.followed();
    await fixture.publish(actor);
    const [, next] = await receiver.arrived(2);
    expect(next?.headers['webhook-signature']).to.not.include(' v1,'.repeat(2));
    expect(() => new Webhook(newSecret).verify(next?.body ?? '', next?.headers as Record<string, string>)).to.throw();
  });

  it('keeps the promise of every overlap through ten secrets, and refuses an eleventh rather than drop one', async () => {
    const known = [secret];
    const turn = async (overlapSeconds: number) =>
      await fixture.endpoints.rotateSecret(actor, endpointId, () => ({ overlapSeconds }));
    for (let turns = 0; turns < 9; turns += 1) known.push((await turn(604_800)).secret);
    expect(await reasonOf(turn(60))).to.equal('conflict');
    await fixture.publish(actor);
    const [request] = await receiver.arrived(1);
    const headers = request?.headers as Record<string, string>;
    expect(headers['webhook-signature']?.split(' ')).to.have.length(10);
    for (const one of known) new Webhook(one).verify(request?.body ?? '', headers);
    // Without an overlap there is room: the one that ends makes it.
    known.splice(-1, 1, (await turn(0)).secret);
    await fixture.followed();
    await fixture.publish(actor);
    const [, next] = await receiver.arrived(2);
    for (const one of known) new Webhook(one).verify(next?.body ?? '', next?.headers as Record<string, string>);
  });

  it('keeps secrets and custom headers encrypted, each for its endpoint alone', async () => {
    await fixture.endpoints.update(actor, endpointId, () => ({ customHeaders: { Authorization: 'Bearer hush' } }));
    const { secret: newest } = await fixture.endpoints.rotateSecret(actor, endpointId, () => ({ overlapSeconds: 60 }));
    const [row] = await fixture.rows<{ secrets: { sealed: string }[]; headers: string; text: string }>(
      'select secrets, custom_headers as headers, e::text as text from webhook_endpoints e where id = $1',
      [endpointId],
    );
    for (const plain of [secret, newest]) expect(row?.text).not.to.include(plain.slice(6, 40));
    expect(row?.text).not.to.match(/hush|whsec_|Authorization/);
    const sealed = row?.secrets.map((each) => each.sealed) ?? [];
    expect(sealed.map((each) => fixture.secrets.open(each, sealedFor(endpointId)))).to.deep.equal([newest, secret]);
    for (const each of [...sealed, row?.headers ?? ''])
      expect(() => fixture.secrets.open(each, sealedFor('another'))).to.throw();
  });

  it('that no key of SECRETS_KEY opens holds up nobody else, and is served once it has a secret that opens', async () => {
    const own = await WebhookFixture.open();
    const [unreadable, other] = [await Subscription.to(own), await Subscription.to(own)];
    try {
      other.receiver.answer = (response) => void response.writeHead(500).end();
      const worker = await own.startWorker();
      await own.publish(other.actor);
      await other.settled(1, 'retrying');
      await worker.stop();
      const unknown = JSON.stringify([{ sealed: 'deadbeef.AAAA', expiresAt: null }]);
      await own.rows('update webhook_endpoints set secrets = $2 where id = $1', [unreadable.endpointId, unknown]);
      const [eventId] = await own.publish(unreadable.actor);
      other.receiver.answer = (response) => void response.end();
      await own.rows('update webhook_open_deliveries set due_at = now() where due_at is not null');
      await own.startWorker();
      await other.receiver.arrived(2);
      await other.isServed();
      expect(unreadable.receiver.received).to.have.length(0);
      await own.endpoints.rotateSecret(unreadable.actor, unreadable.endpointId, () => ({ overlapSeconds: 0 }));
      const [request] = await unreadable.receiver.arrived(1);
      expect(request?.headers['webhook-id']).to.equal(eventId);
    } finally {
      await unreadable.stop();
      await other.stop();
      await own.close();
    }
  });

  it('sends a test event at once and tells the whole attempt; it counts for nothing, and ten a minute is all', async () => {
    receiver.answer = (response) => void response.writeHead(500).end('no');
    const attempt = await fixture.testEvents.send(actor, endpointId, () => ({ type: 'submission.completed' }));
    expect(attempt).to.include({ outcome: 'http_error', responseStatus: 500, number: 1 });
    const [request] = await receiver.arrived(1);
    expect(JSON.parse(request?.body ?? '')).to.have.nested.property('data.submission.is_test', true);
    new Webhook(secret).verify(request?.body ?? '', request?.headers as Record<string, string>);
    expect(await fixture.endpoints.get(actor, endpointId)).to.include({ consecutiveFails: 0, lastDeliveryAt: null });
    for (let sent = 1; sent < 10; sent += 1) await fixture.testEvents.send(actor, endpointId, () => ({}));
    expect(await reasonOf(fixture.testEvents.send(actor, endpointId, () => ({})))).to.equal('rate_limit_exceeded');
  });

  it('sends what a payloadQuery selects of the frozen event, and signs that', async () => {
    const payloadQuery = 'fragment on Contact { id mail: email tags }';
    await fixture.endpoints.update(actor, endpointId, () => ({ payloadQuery }));
    const [eventId] = await fixture.publish(actor);
    const [request] = await receiver.arrived(1);
    const event = JSON.parse(request?.body ?? '') as { id: string; data: object };
    expect(event.id).to.equal(eventId);
    expect(event.data).to.have.keys('id', 'mail', 'tags');
    expect(event.data).to.include({ mail: 'jane@example.com' });
    new Webhook(secret).verify(request?.body ?? '', request?.headers as Record<string, string>);
  });

  it('is deleted without keeping anybody waiting, though what it has open is still being skipped', async () => {
    await fixture.endpoints.pause(actor, endpointId);
    await fixture.publish(actor, 3);
    await subscription.settled(3, 'held');
    const other = await Subscription.to(fixture);
    let removed: Promise<unknown> | undefined;
    await subscription.withDeliveriesLocked(async (holder) => {
      removed = fixture.endpoints.remove(actor, endpointId);
      await someoneWaits(holder);
      await other.isServed();
    });
    await other.stop();
    await removed;
    expect(await subscription.statuses()).to.deep.equal(['skipped', 'skipped', 'skipped']);
  });

  it('a delivery that is being made while its endpoint is deleted ends with it', async () => {
    const [eventId] = await fixture.publish(actor);
    await subscription.settled(1, 'delivered');
    await fixture.endpoints.pause(actor, endpointId);
    let removed: Promise<unknown> | undefined;
    await fixture.database.transaction(async (tx) => {
      const order = await lockDeliveryOrder(tx);
      await tx.manager.query(insertDelivery, [newId('webhookDelivery'), endpointId, eventId]);
      removed = fixture.endpoints.remove(actor, endpointId);
      await someoneWaits(tx);
      order?.release();
    });
    await removed;
    expect(await subscription.open()).to.have.length(0);
  });
});
