import { expect } from 'chai';
import { Webhook } from 'standardwebhooks';
import { Actor } from '../../src/platform/actor.js';
import type { Failure } from '../../src/platform/errors.js';
import { idFloor, newId } from '../../src/platform/id.js';
import { lockDeliveryOrder } from '../../src/webhooks/delivery-order.js';
import { sealedFor } from '../../src/webhooks/subscriber.js';
import type { DeliveryStatus } from '../../src/webhooks/webhook-delivery.entity.js';
import type { WebhookDeliveryFilter } from '../../src/webhooks/delivery-query.js';
import type { WebhookWorker } from '../../src/webhooks/webhook-worker.js';
import { Receiver } from '../support/receiver.js';
import { secondsLadder, WebhookHouse } from './webhook-house.js';

const hourMs = 3_600_000;

describe('what a subscriber can do with webhooks', () => {
  let house: WebhookHouse;
  let receiver: Receiver;
  let worker: WebhookWorker;
  let actor: Actor;
  let endpointId: string;
  let secret: string;

  before(async () => {
    house = await WebhookHouse.open({ retryDelaysMs: [secondsLadder[0] ?? 0] });
    worker = await house.startWorker();
  });
  after(async () => await house.close());
  beforeEach(async () => {
    receiver = await Receiver.start();
    actor = await house.tenant();
    const made = await house.endpoint(actor, receiver.url);
    endpointId = made.webhookEndpoint.id;
    secret = made.secret;
  });
  afterEach(async () => await receiver.stop());

  const list = async (filter: WebhookDeliveryFilter = {}, limit = 100) =>
    (await house.deliveries.list(actor, filter, { limit, cursor: null, direction: 'older' })).rows;
  const statuses = async () => (await list()).map(({ status }) => status);
  const settled = async (count: number, status: DeliveryStatus) =>
    await house.eventually(async () => (await statuses()).filter((one) => one === status).length === count);

  it('deliveries are listed newest first, page by page, without a gap or a double', async () => {
    const events = await house.happen(actor, 7);
    await settled(7, 'delivered');
    const first = await house.deliveries.list(actor, {}, { limit: 3, cursor: null, direction: 'older' });
    const cursor = first.rows.at(-1)?.id ?? '';
    const rest = await house.deliveries.list(actor, {}, { limit: 9, cursor, direction: 'older' });
    expect(first.hasMore).to.equal(true);
    expect(rest.hasMore).to.equal(false);
    const seen = [...first.rows, ...rest.rows].map(({ eventId }) => eventId);
    expect(seen).to.deep.equal(events.toReversed());
    const newer = await house.deliveries.list(actor, {}, { limit: 2, cursor, direction: 'newer' });
    expect(newer.rows.map(({ id }) => id)).to.deep.equal(first.rows.slice(0, 2).map(({ id }) => id));
    expect(await house.deliveries.count(actor, {})).to.equal(7);
    expect((await house.deliveries.countsOfEndpoints(actor, [endpointId])).get(endpointId)).to.equal(7);
    const under = await house.deliveries.pagesOfEvents(actor, events, { limit: 5, cursor: null, direction: 'older' });
    expect([...under.values()].map(({ rows }) => rows.length)).to.deep.equal([1, 1, 1, 1, 1, 1, 1]);
  });

  it('every state of a delivery is told, and filters find it', async () => {
    receiver.answer = (response, { headers }) => {
      if (headers['x-iozen-event-id'] !== slow) response.writeHead(500).end();
    };
    let slow: string | undefined;
    const [failing] = await house.happen(actor);
    await settled(1, 'retrying');
    const [retrying] = await list({ status: ['retrying'] });
    expect(retrying).to.include({ eventId: failing, attemptCount: 1, endpointId });
    expect(retrying?.nextAttemptAt?.getTime()).to.be.within(Date.now() + 5_000, Date.now() + 13_000);

    [slow] = await house.database.transaction(async (tx) => {
      const ids = await house.publish(tx, actor);
      slow = ids[0];
      return ids;
    });
    await settled(1, 'delivering');
    await settled(2, 'retrying');
    await house.endpoints.pause(actor, endpointId);
    expect(await statuses()).to.deep.equal(['held', 'held']);
    expect((await house.deliveries.heldCounts(actor, [endpointId])).get(endpointId)).to.equal(2);
    await house.endpoints.resume(actor, endpointId, () => ({ skipHeld: true }));
    expect(await statuses()).to.deep.equal(['skipped', 'skipped']);
    expect(await list({ status: ['delivered', 'held'] })).to.have.length(0);
    expect(await list({ eventType: ['contact.updated'] })).to.have.length(0);
    expect(await list({ createdAt: { lt: new Date(Date.now() - hourMs) } })).to.have.length(0);
    expect(await list({ search: 'jane@EXAMPLE' })).to.have.length(2);
    expect(await list({ search: '100%' })).to.have.length(0);
    expect(await list({ endpointId, createdAt: { gte: new Date(Date.now() - hourMs) } })).to.have.length(2);
  });

  it('a search finds a delivery by its event, its ids, and what any of its attempts came to', async () => {
    const answers = ['Kontingent erschöpft: 100 % \\o/', 'maintenance'];
    receiver.answer = (response) => {
      const answer = answers[receiver.received.length - 1];
      response.writeHead(answer === undefined ? 200 : 503).end(answer);
    };
    const [eventId = ''] = await house.happen(actor);
    await settled(1, 'retrying');
    const [delivery] = await list();
    const found = async (search: string) => (await list({ search })).length;
    for (const search of ['erschöpft: 100 % \\o', 'answered 503', 'JANÉ', eventId, delivery?.id ?? '']) {
      expect(await found(search), search).to.equal(1);
    }
    for (const search of ['maintenance', 'erschopft', '100 %%', 'answered 500']) {
      expect(await found(search), search).to.equal(0);
    }
    await house.endpoints.pause(actor, endpointId);
    await house.endpoints.resume(actor, endpointId, () => ({ skipHeld: false }));
    await settled(1, 'exhausted');
    for (const search of ['erschöpft', 'maintenance', delivery?.id ?? '']) {
      expect(await found(search), search).to.equal(1);
    }
    expect(await list({ search: 'erschöpft', status: ['delivered'] })).to.have.length(0);
  });

  it('attempts are told in full, and answers only to those who may read the object', async () => {
    receiver.answer = (response) => void response.writeHead(503).end('busy');
    await house.happen(actor);
    await settled(1, 'retrying');
    const [delivery] = await list();
    const [attempt] =
      (await house.deliveries.attempts(actor, delivery ? [delivery] : [])).get(delivery?.id ?? '') ?? [];
    expect(attempt).to.deep.include({ number: 1, outcome: 'http_error', responseStatus: 503, address: '127.0.0.1' });
    expect(attempt?.timings.totalMs).to.be.within(0, 2_000);
    const blind = new Actor('key', 'k', actor.workspace, { scopes: ['manage:webhooks'] });
    const sees = { answer: attempt?.answer ?? null, eventType: attempt?.eventType ?? null };
    expect(house.deliveries.responseBody(actor, sees)).to.equal('busy');
    expect(() => house.deliveries.responseBody(blind, sees)).to.throw(/read:contacts/);
    expect(
      await reasonOf(house.deliveries.list(blind, { search: 'jane' }, { limit: 1, cursor: null, direction: 'older' })),
    ).to.equal('insufficient_scopes');
  });

  it('redelivers an event: a new delivery with the same id and bytes, attempt 1', async () => {
    await house.happen(actor);
    await settled(1, 'delivered');
    const [delivery] = await list();
    const again = await house.deliveries.redeliver(actor, delivery?.id ?? '');
    expect(again).to.include({ eventId: delivery?.eventId, status: 'pending', attemptCount: 0 });
    const [first, second] = await receiver.arrived(2);
    expect(second?.body).to.equal(first?.body);
    expect(second?.headers['webhook-id']).to.equal(first?.headers['webhook-id']);
    expect(second?.headers).to.include({ 'x-iozen-delivery-id': again.id, 'x-iozen-attempt': '1' });
  });

  it("another workspace's endpoints, deliveries and replays read exactly like missing ones", async () => {
    await house.happen(actor);
    await settled(1, 'delivered');
    const [delivery] = await list();
    const replay = await house.replays.start(actor, endpointId, () => replayOf({ dryRun: true }));
    const stranger = await house.tenant();
    for (const call of [
      async () => await house.deliveries.get(stranger, delivery?.id ?? ''),
      async () => await house.deliveries.redeliver(stranger, delivery?.id ?? ''),
      async () => await house.deliveries.get(actor, 'no id'),
      async () => await house.endpoints.get(stranger, endpointId),
      async () => await house.endpoints.remove(stranger, endpointId),
      async () => await house.endpoints.rotateSecret(stranger, endpointId, () => ({ overlapSeconds: 0 })),
      async () => await house.replays.get(stranger, replay.id),
      async () => await house.replays.start(stranger, endpointId, () => replayOf({})),
    ]) {
      expect(await reasonOf(call())).to.equal('resource_not_found');
    }
    expect((await house.deliveries.attempts(stranger, delivery ? [delivery] : [])).size).to.equal(0);
    expect((await house.deliveries.countsOfEndpoints(stranger, [endpointId])).size).to.equal(0);
  });

  it('rotates the secret: both sign while they overlap, the newest first and alone in X-IoZen-Signature', async () => {
    const { secret: newSecret } = await house.endpoints.rotateSecret(actor, endpointId, () => ({ overlapSeconds: 60 }));
    await house.happen(actor);
    const [request] = await receiver.arrived(1);
    const headers = request?.headers as Record<string, string>;
    expect(headers['webhook-signature']?.split(' ')).to.have.length(2);
    for (const known of [secret, newSecret]) new Webhook(known).verify(request?.body ?? '', headers);
    await house.endpoints.rotateSecret(actor, endpointId, () => ({ overlapSeconds: 0 }));
    await house.happen(actor);
    const [, next] = await receiver.arrived(2);
    expect(next?.headers['webhook-signature']).to.not.include(' v1,'.repeat(2));
    expect(() => new Webhook(newSecret).verify(next?.body ?? '', next?.headers as Record<string, string>)).to.throw();
  });

  it('keeps secrets and custom headers encrypted, each for its endpoint alone', async () => {
    await house.endpoints.update(actor, endpointId, () => ({ customHeaders: { Authorization: 'Bearer hush' } }));
    const { secret: newest } = await house.endpoints.rotateSecret(actor, endpointId, () => ({ overlapSeconds: 60 }));
    const [row] = await house.rows<{ secrets: { sealed: string }[]; headers: string; text: string }>(
      'select secrets, custom_headers as headers, e::text as text from webhook_endpoints e where id = $1',
      [endpointId],
    );
    for (const plain of [secret, newest]) expect(row?.text).not.to.include(plain.slice(6, 40));
    expect(row?.text).not.to.match(/hush|whsec_|Authorization/);
    const sealed = row?.secrets.map((each) => each.sealed) ?? [];
    expect(sealed.map((each) => house.secrets.open(each, sealedFor(endpointId)))).to.deep.equal([newest, secret]);
    for (const each of [...sealed, row?.headers ?? ''])
      expect(() => house.secrets.open(each, sealedFor('another'))).to.throw();
  });

  it('sends a test event at once and tells the whole attempt; it counts for nothing, and ten a minute is all', async () => {
    receiver.answer = (response) => void response.writeHead(500).end('no');
    const attempt = await house.endpoints.sendTestEvent(actor, endpointId, () => ({ type: 'submission.completed' }));
    expect(attempt).to.include({ outcome: 'http_error', responseStatus: 500, number: 1 });
    const [request] = await receiver.arrived(1);
    expect(JSON.parse(request?.body ?? '')).to.have.nested.property('data.submission.is_test', true);
    new Webhook(secret).verify(request?.body ?? '', request?.headers as Record<string, string>);
    expect(await house.endpoints.get(actor, endpointId)).to.include({ consecutiveFails: 0, lastDeliveryAt: null });
    for (let sent = 1; sent < 10; sent += 1) await house.endpoints.sendTestEvent(actor, endpointId, () => ({}));
    expect(await reasonOf(house.endpoints.sendTestEvent(actor, endpointId, () => ({})))).to.equal(
      'rate_limit_exceeded',
    );
  });

  it('sends what a payloadQuery selects of the frozen event, and signs that', async () => {
    const payloadQuery = 'fragment on Contact { id mail: email tags }';
    await house.endpoints.update(actor, endpointId, () => ({ payloadQuery }));
    const [eventId] = await house.happen(actor);
    const [request] = await receiver.arrived(1);
    const event = JSON.parse(request?.body ?? '') as { id: string; data: object };
    expect(event.id).to.equal(eventId);
    expect(event.data).to.have.keys('id', 'mail', 'tags');
    expect(event.data).to.include({ mail: 'jane@example.com' });
    new Webhook(secret).verify(request?.body ?? '', request?.headers as Record<string, string>);
  });

  it('replays a range as a durable job: counted by a dry run, at its rate, one at a time, through a restart', async () => {
    const since = new Date(Date.now() - 1_000);
    await house.happen(actor, 5);
    await settled(5, 'delivered');
    const dry = await house.replays.start(actor, endpointId, () => replayOf({ since, dryRun: true }));
    expect(dry).to.include({ total: 5, done: 0, status: 'DONE', dryRun: true });
    expect(await house.replays.start(actor, endpointId, () => replayOf({ since, only: 'MISSED' }))).to.include({
      total: 0,
      status: 'DONE',
    });

    const replay = await house.replays.start(actor, endpointId, () => replayOf({ since, ratePerSecond: 2 }));
    expect(replay).to.include({ total: 5, done: 0, status: 'RUNNING' });
    const second = house.replays.start(actor, endpointId, () => replayOf({ since }));
    expect(await reasonOf(second)).to.equal('conflict');
    await house.eventually(async () => (await house.replays.get(actor, replay.id)).done > 0);
    await worker.stop();
    worker = await house.startWorker();
    await house.eventually(async () => (await house.replays.get(actor, replay.id)).status === 'DONE');
    expect(await house.replays.get(actor, replay.id)).to.include({ total: 5, done: 5 });
    await settled(10, 'delivered');
    const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
    expect(ids.slice(5)).to.deep.equal(ids.slice(0, 5));
  });

  it('replays what was exhausted or missed, and stops when it is cancelled', async () => {
    const since = new Date(Date.now() - 1_000);
    await house.endpoints.pause(actor, endpointId);
    await house.happen(actor, 3);
    await settled(3, 'held');
    await house.endpoints.resume(actor, endpointId, () => ({ skipHeld: true }));
    const missed = await house.replays.start(actor, endpointId, () => replayOf({ since, only: 'MISSED' }));
    expect(missed.total).to.equal(3);
    await receiver.arrived(3);
    await house.eventually(async () => (await house.replays.get(actor, missed.id)).status === 'DONE');
    await settled(3, 'delivered');
    expect((await house.replays.start(actor, endpointId, () => replayOf({ since, only: 'FAILED' }))).total).to.equal(0);

    const all = await house.replays.start(actor, endpointId, () => replayOf({ since, ratePerSecond: 1 }));
    expect(await house.replays.cancel(actor, all.id)).to.include({ status: 'CANCELLED' });
    expect(await house.replays.start(actor, endpointId, () => replayOf({ since, dryRun: true }))).to.include({
      total: 3,
    });
  });

  it('a replay ends with its endpoint, and makes nothing for a deleted one', async () => {
    await house.happen(actor, 3);
    await settled(3, 'delivered');
    const replay = await house.replays.start(actor, endpointId, () => replayOf({ ratePerSecond: 1 }));
    await house.endpoints.remove(actor, endpointId);
    const { done } = await house.replays.get(actor, replay.id);
    for (let step = 0; step < 3; step += 1) await house.replays.advance(new Date(Date.now() + 2_000 * (step + 1)));
    expect(await house.replays.get(actor, replay.id)).to.include({ status: 'CANCELLED', done });
    expect(await openOf(endpointId)).to.have.length(0);
  });

  it('a delivery that is being made while its endpoint is deleted ends with it', async () => {
    const [eventId] = await house.happen(actor);
    await settled(1, 'delivered');
    await house.endpoints.pause(actor, endpointId);
    let removed: Promise<unknown> | undefined;
    await house.database.transaction(async (tx) => {
      const order = await lockDeliveryOrder(tx);
      await tx.manager.query('insert into webhook_deliveries (id, endpoint_id, event_id) values ($1, $2, $3)', [
        newId('webhookDelivery'),
        endpointId,
        eventId,
      ]);
      removed = house.endpoints.remove(actor, endpointId);
      await house.eventually(async () => (await house.rows(waitingForLock)).length > 0);
      order?.release();
    });
    await removed;
    expect(await openOf(endpointId)).to.have.length(0);
  });

  it('what was delivered so long ago that nothing of it is kept is not taken for missed', async () => {
    const at = new Date(Date.now() - 40 * 24 * hourMs);
    const events = [1, 2].map((n) => `evt_${idFloor(at)}e${String(n).padStart(15, '0')}`);
    await house.rows("update webhook_endpoints set created_at = now() - interval '50 days' where id = $1", [
      endpointId,
    ]);
    await house.rows(
      `insert into events (id, workspace_id, type, subject_id, body, created_at)
       select unnest($1::text[]), $2, 'contact.created', 'c', '{}', $3`,
      [events, actor.workspaceId, at],
    );
    // The second one was held, and skipped yesterday.
    await house.rows(
      `insert into webhook_attempts (delivery_id, endpoint_id, event_id, at, number, ended)
       values ('d', $1, $2, now() - interval '1 day', 0, 'skipped')`,
      [endpointId, events[1]],
    );
    const missed = await house.replays.start(actor, endpointId, () => replayOf({ only: 'MISSED', dryRun: true }));
    expect(missed.total).to.equal(1);
  });

  it('erasing a person while an attempt is under way keeps nothing of its answer either', async () => {
    let answer = () => {};
    receiver.answer = (response) => void (answer = () => void response.end('jane'));
    const [eventId] = await house.happen(actor);
    await receiver.arrived(1);
    await house.database.transaction(
      async (tx) => await house.deliveries.erase(tx, { workspaceId: actor.workspaceId, eventIds: [eventId ?? ''] }),
    );
    answer();
    const kept = async () =>
      await house.rows(
        'select outcome, response_body as body from webhook_attempts where event_id = $1 and outcome is not null',
        [eventId],
      );
    await house.eventually(async () => (await kept()).length === 1);
    expect(await kept()).to.deep.equal([{ outcome: 'success', body: null }]);
    expect(await statuses()).to.deep.equal(['skipped']);
  });

  it('erasing a person ends what is open of them, and blanks what was answered', async () => {
    receiver.answer = (response) => void response.writeHead(500).end('jane');
    const [eventId] = await house.happen(actor);
    await settled(1, 'retrying');
    await house.database.transaction(
      async (tx) => await house.deliveries.erase(tx, { workspaceId: actor.workspaceId, eventIds: [eventId ?? ''] }),
    );
    expect(await statuses()).to.deep.equal(['skipped']);
    const bodies = await house.rows('select from webhook_attempts where response_body is not null and event_id = $1', [
      eventId,
    ]);
    expect(bodies).to.have.length(0);
  });

  it('registers 50 endpoints a workspace and no more, whoever comes at once', async () => {
    const tenant = await house.tenant();
    const tries = Array.from({ length: 55 }, async () => await house.endpoint(tenant, receiver.url));
    const results = await Promise.allSettled(tries);
    expect(results.filter(({ status }) => status === 'fulfilled')).to.have.length(50);
    expect(await house.endpoints.count(tenant)).to.equal(50);
  });

  const waitingForLock = `
    select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()
  `;
  const openOf = async (endpoint: string) =>
    await house.rows('select from webhook_deliveries where endpoint_id = $1', [endpoint]);

  interface Range {
    since?: Date;
    only?: 'ALL' | 'FAILED' | 'MISSED';
    ratePerSecond?: number;
    dryRun?: boolean;
  }
  const replayOf = ({ since = new Date(0), only = 'ALL', ratePerSecond = 50, dryRun = false }: Range) => ({
    since,
    only,
    ratePerSecond,
    dryRun,
  });

  async function reasonOf(call: Promise<unknown>): Promise<string> {
    return await call.then(
      () => 'no refusal',
      (failure: Failure) => failure.code,
    );
  }
});
