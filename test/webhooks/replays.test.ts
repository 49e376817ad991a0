import { expect } from 'chai';
import type { Actor } from '../../src/platform/actor.js';
import { idFloor } from '../../src/platform/id.js';
import type { WebhookWorker } from '../../src/webhooks/engine/worker.js';
import type { Replay } from '../../src/webhooks/replays/replay.entity.js';
import { deliveriesDue, endpointChanged } from '../../src/webhooks/topics.js';
import type { Receiver } from '../support/receiver.js';
import { reasonOf, Subscription } from './subscription.js';
import { WebhookFixture } from './webhook-fixture.js';

const hourMs = 3_600_000;

describe('replaying events to an endpoint', () => {
  let fixture: WebhookFixture;
  let worker: WebhookWorker;
  let subscription: Subscription;
  let receiver: Receiver;
  let actor: Actor;
  let endpointId: string;

  before(async () => {
    fixture = await WebhookFixture.open();
    worker = await fixture.startWorker();
  });
  after(async () => await fixture.close());
  beforeEach(async () => {
    subscription = await Subscription.to(fixture);
    ({ receiver, actor, endpointId } = subscription);
  });
  afterEach(async () => await subscription.stop());

  it('replays a range as a durable job: counted by a dry run, at its rate, one at a time, through a restart', async () => {
    const since = new Date(Date.now() - 1_000);
    await fixture.publish(actor, 5);
    await subscription.settled(5, 'delivered');
    const dry = await fixture.replays.start(actor, endpointId, () => replayOf({ since, dryRun: true }));
    expect(dry).to.include({ total: 5, counted: true, done: 0, status: 'DONE', dryRun: true });
    const none = await fixture.replays.start(actor, endpointId, () => replayOf({ since, only: 'MISSED' }));
    expect(await ended(none)).to.include({ total: 0, counted: true, done: 0, status: 'DONE' });

    const replay = await fixture.replays.start(actor, endpointId, () => replayOf({ since, ratePerSecond: 2 }));
    expect(replay).to.include({ total: null, counted: false, done: 0, status: 'RUNNING' });
    const second = fixture.replays.start(actor, endpointId, () => replayOf({ since }));
    expect(await reasonOf(second)).to.equal('conflict');
    await fixture.eventually(async () => (await fixture.replays.get(actor, replay.id)).done > 0);
    await worker.stop();
    worker = await fixture.startWorker();
    expect(await ended(replay)).to.include({ total: 5, counted: true, done: 5 });
    await subscription.settled(10, 'delivered');
    const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
    expect(ids.slice(5)).to.deep.equal(ids.slice(0, 5));
  });

  it('replays what was exhausted or missed, and stops when it is cancelled', async () => {
    const since = new Date(Date.now() - 1_000);
    await fixture.endpoints.pause(actor, endpointId);
    await fixture.publish(actor, 3);
    await subscription.settled(3, 'held');
    await fixture.endpoints.resume(actor, endpointId, () => ({ skipHeld: true }));
    const missed = await fixture.replays.start(actor, endpointId, () => replayOf({ since, only: 'MISSED' }));
    await receiver.arrived(3);
    expect(await ended(missed)).to.include({ total: 3 });
    await subscription.settled(3, 'delivered');
    const failed = await fixture.replays.start(actor, endpointId, () => replayOf({ since, only: 'FAILED' }));
    expect(await ended(failed)).to.include({ total: 0 });

    const all = await fixture.replays.start(actor, endpointId, () => replayOf({ since, ratePerSecond: 1 }));
    expect(await fixture.replays.cancel(actor, all.id)).to.include({ status: 'CANCELLED' });
    expect(await fixture.replays.start(actor, endpointId, () => replayOf({ since, dryRun: true }))).to.include({
      total: 3,
    });
  });

  it('tells workers each second of new deliveries alone, and not to read the endpoint anew', async () => {
    await fixture.publish(actor, 3);
    await subscription.settled(3, 'delivered');
    const heard: string[] = [];
    const silence = [deliveriesDue, endpointChanged].map((topic) =>
      fixture.notifications.on(topic, (ids) => heard.push(...ids.filter((id) => id === endpointId).map(() => topic))),
    );
    await ended(await fixture.replays.start(actor, endpointId, () => replayOf({ since: new Date(0) })));
    await receiver.arrived(6);
    await fixture.eventually(async () => heard.length > 0);
    for (const stop of silence) stop();
    expect(new Set(heard)).to.deep.equal(new Set([deliveriesDue]));
  });

  it('a replay ends with its endpoint, and makes nothing for a deleted one', async () => {
    await fixture.publish(actor, 3);
    await subscription.settled(3, 'delivered');
    const replay = await fixture.replays.start(actor, endpointId, () => replayOf({ ratePerSecond: 1 }));
    await fixture.endpoints.remove(actor, endpointId);
    const { done } = await fixture.replays.get(actor, replay.id);
    for (let step = 0; step < 3; step += 1) await fixture.replays.advance(new Date(Date.now() + 2_000 * (step + 1)));
    expect(await fixture.replays.get(actor, replay.id)).to.include({ status: 'CANCELLED', done });
    expect(await subscription.open()).to.have.length(0);
  });

  it('what was delivered so long ago that nothing of it is kept is not taken for missed', async () => {
    const at = new Date(Date.now() - 40 * 24 * hourMs);
    const events = [1, 2].map((n) => `evt_${idFloor(at)}e${String(n).padStart(15, '0')}`);
    await fixture.rows("update webhook_endpoints set created_at = now() - interval '50 days' where id = $1", [
      endpointId,
    ]);
    await fixture.rows(
      `insert into events (id, workspace_id, type, subject_id, body, created_at)
       select unnest($1::text[]), $2, 'contact.created', 'c', '{}', $3`,
      [events, actor.workspaceId, at],
    );
    // The second one was held, and skipped yesterday.
    await fixture.rows(
      `insert into webhook_attempts (delivery_id, endpoint_id, event_id, at, number, ended)
       values ('d', $1, $2, now() - interval '1 day', 0, 'skipped')`,
      [endpointId, events[1]],
    );
    const missed = await fixture.replays.start(actor, endpointId, () => replayOf({ only: 'MISSED', dryRun: true }));
    expect(missed.total).to.equal(1);
  });

  async function ended({ id }: Pick<Replay, 'id'>): Promise<Replay> {
    await fixture.eventually(async () => (await fixture.replays.get(actor, id)).status === 'DONE');
    return await fixture.replays.get(actor, id);
  }

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
});
