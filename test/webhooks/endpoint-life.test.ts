import { expect } from 'chai';
import type { Actor } from '../../src/platform/actor.js';
import type { WebhookWorker } from '../../src/webhooks/engine/worker.js';
import { insufficientRole } from '../../src/platform/errors.js';
import { WebhookEndpointService } from '../../src/webhooks/endpoints/endpoint.service.js';
import { Receiver } from '../support/receiver.js';
import { secondsSchedule, WebhookFixture } from './webhook-fixture.js';

const hourMs = 3_600_000;

describe('the life of a webhook endpoint', () => {
  let fixture: WebhookFixture;
  let receiver: Receiver;
  let worker: WebhookWorker;
  let actor: Actor;
  let endpointId: string;

  beforeEach(async () => {
    // Every answer comes, however long the machine takes.
    fixture = await WebhookFixture.open({ timeoutMs: 30_000 });
    worker = await fixture.startWorker();
    receiver = await Receiver.start();
    actor = await fixture.workspace();
    endpointId = (await fixture.endpoint(actor, receiver.url)).webhookEndpoint.id;
  });
  afterEach(async () => {
    await fixture.close();
    await receiver.stop();
  });

  const failWith =
    (status: number, headers: Record<string, string> = {}) =>
    (response: { writeHead: (status: number, headers: Record<string, string>) => { end: () => void } }) =>
      response.writeHead(status, headers).end();
  const endpoint = async () => await fixture.endpoints.get(actor, endpointId);
  const step = async (ms: number) => {
    fixture.clockOffsetMs += ms;
    await worker.look();
  };
  const eventIds = () => receiver.received.map(({ headers }) => headers['webhook-id']);
  const resume = async (skipHeld = false) => await fixture.endpoints.resume(actor, endpointId, () => ({ skipHeld }));
  /** And nothing is under way any more: what started before the last failure counted has ended too. */
  const fails = async (count: number) =>
    await fixture.eventually(async () => (await endpoint()).consecutiveFails === count && worker.isQuiet());

  it('a minute of 50 events a second against a dead endpoint does not pause it, and all drain in order when it is back', async () => {
    receiver.answer = failWith(503);
    const ids = await fixture.publish(actor, 50);
    await fails(3);
    const sent = receiver.received.length;
    expect(sent).to.be.below(30);
    for (let second = 1; second < 60; second += 1) {
      ids.push(...(await fixture.publish(actor, 50)));
      await step(1_000);
    }
    expect(receiver.received).to.have.length(sent);
    expect(await endpoint()).to.include({ status: 'active', consecutiveFails: 3 });

    receiver.answer = (response) => void response.end();
    receiver.received.length = 0;
    await step(2 * 90_000);
    await receiver.arrived(3_000, 30_000);
    await fails(0);
    expect(new Set(eventIds())).to.have.length(3_000);
    // Some are under way at once, so it is their start that tells.
    const started = await fixture.rows<{ eventId: string; at: Date }>(
      `select event_id as "eventId", at from webhook_attempts
       where endpoint_id = $1 and number = 1 and ended = 'delivered' order by delivery_id`,
      [endpointId],
    );
    expect(started.length).to.be.above(2_950);
    expect(started.map(({ eventId }) => eventId)).to.deep.equal(ids.slice(-started.length));
    const times = started.map(({ at }) => at.getTime());
    expect(times).to.deep.equal(times.toSorted((a, b) => a - b));
  });

  it('ten failures in a row pause it, with notices at 5, 8 and 10; everything is held and nothing sent', async () => {
    receiver.answer = failWith(500);
    await fixture.publish(actor);
    for (let count = 1; count <= 10; count += 1) {
      await fails(count);
      expect(receiver.received).to.have.length(count);
      if (count < 10) await step((secondsSchedule[count - 1] ?? 0) * 1.21);
    }
    expect(await endpoint()).to.include({ status: 'paused', pauseReason: 'failures' });
    const notices = await fixture.rows<{ kind: string; params: object }>(
      'select kind, params from notices order by id',
    );
    expect(notices).to.deep.equal([
      { kind: 'webhook_failing', params: { endpoint_id: endpointId, consecutive_fails: 5 } },
      { kind: 'webhook_failing', params: { endpoint_id: endpointId, consecutive_fails: 8 } },
      { kind: 'webhook_paused', params: { endpoint_id: endpointId, reason: 'failures' } },
    ]);

    // The one whose failure paused it used up its attempts, and is held all the same.
    await fixture.publish(actor, 3);
    await step(100 * hourMs);
    expect(receiver.received).to.have.length(10);
    await fixture.eventually(async () => (await open()).length === 4);
    expect(await fixture.rows('select from webhook_attempts where ended is not null')).to.have.length(0);

    receiver.answer = (response) => void response.end();
    await resume();
    await receiver.arrived(14);
    const attempts = receiver.received.map(({ headers }) => headers['x-iozen-attempt']);
    expect(attempts.slice(10)).to.deep.equal(['11', '1', '1', '1']);
  });

  it('410 Gone pauses it at once; a resume sends the oldest as a probe, and the others only once that succeeds', async () => {
    receiver.answer = failWith(410);
    const ids = await fixture.publish(actor);
    await fixture.eventually(async () => (await endpoint()).status === 'paused');
    expect(await endpoint()).to.include({ pauseReason: 'gone', consecutiveFails: 1 });
    ids.push(...(await fixture.publish(actor, 5)));
    await fixture.eventually(async () => (await open()).length === 6);
    expect(receiver.received).to.have.length(1);

    receiver.answer = failWith(500);
    expect(await resume()).to.include({ status: 'active', consecutiveFails: 0, pauseReason: null });
    await fails(1);
    expect(eventIds()).to.deep.equal([ids[0], ids[0]]);

    let free = () => {};
    receiver.answer = (response) => void (free = () => void response.end());
    await step(secondsSchedule[1]! * 1.21);
    await receiver.arrived(3);
    await step(0);
    expect(receiver.received).to.have.length(3);
    receiver.answer = (response) => void response.end();
    free();
    await receiver.arrived(8);
    expect(eventIds().slice(3)).to.deep.equal(ids.slice(1));
    await fails(0);
  });

  it('skipHeld drops what is held, on record', async () => {
    await fixture.endpoints.pause(actor, endpointId);
    expect(await endpoint()).to.include({ status: 'paused', pauseReason: 'manual' });
    await fixture.publish(actor, 3);
    await fixture.eventually(async () => (await open()).length === 3);
    await resume(true);
    const [sent] = await fixture.publish(actor);
    await receiver.arrived(1);
    expect(eventIds()).to.deep.equal([sent]);
    expect(await fixture.rows("select from webhook_attempts where ended = 'skipped'")).to.have.length(3);
    const resumed =
      "select from audit_entries where action = 'webhook_endpoint.resumed' and details->>'skip_held' = 'true'";
    expect(await fixture.rows(resumed)).to.have.length(1);
  });

  it('skipHeld drops nothing for somebody whose right has ended', async () => {
    await fixture.endpoints.pause(actor, endpointId);
    await fixture.publish(actor, 3);
    await fixture.eventually(async () => (await open()).length === 3);
    const { database, jobs, secrets, outbound, notifications, audit } = fixture;
    const ended = () => Promise.reject(insufficientRole('ADMIN', null));
    const endpoints = new WebhookEndpointService(database, jobs, secrets, outbound, notifications, audit, ended);
    const error: unknown = await endpoints
      .resume(actor, endpointId, () => ({ skipHeld: true }))
      .catch((e: unknown) => e);
    expect(error).to.have.property('code', 'insufficient_role');
    expect(await open()).to.have.length(3);
    expect((await endpoint()).status).to.equal('paused');
  });

  it('deleting it ends its open deliveries as skipped', async () => {
    await fixture.endpoints.pause(actor, endpointId);
    await fixture.publish(actor, 2);
    await fixture.eventually(async () => (await open()).length === 2);
    await fixture.endpoints.remove(actor, endpointId);
    expect(await open()).to.have.length(0);
    expect(await fixture.rows("select from webhook_attempts where ended = 'skipped'")).to.have.length(2);
    expect((await fixture.endpoints.list(actor, { limit: 5, cursor: null, direction: 'older' })).rows).to.have.length(
      0,
    );
  });

  it('Retry-After holds the whole endpoint back, and no attempt comes before its time', async () => {
    receiver.answer = failWith(429, { 'Retry-After': '3600' });
    await fixture.publish(actor);
    await fails(1);
    await fixture.publish(actor, 5);
    await step(0.9 * hourMs);
    await fixture.eventually(async () => (await open()).length === 6);
    expect(receiver.received).to.have.length(1);
    receiver.answer = (response) => void response.end();
    await step(0.1 * hourMs);
    await receiver.arrived(7);
  });

  it('a new URL is tried at once, whatever the one before answered and goes on to answer', async () => {
    const moved = await Receiver.start();
    try {
      // One is answered once it has been moved.
      const late: (() => void)[] = [];
      receiver.answer = (response) => void late.push(() => failWith(410, { 'Retry-After': '7200' })(response));
      await fixture.publish(actor);
      await receiver.arrived(1);
      receiver.answer = failWith(429, { 'Retry-After': '3600' });
      await fixture.publish(actor, 4);
      await receiver.arrived(5);
      await fixture.eventually(async () => (await endpoint()).consecutiveFails > 0);
      await fixture.publish(actor, 5);
      const changed = await fixture.endpoints.update(actor, endpointId, () => ({ id: endpointId, url: moved.url }));
      expect(changed).to.include({ status: 'active', consecutiveFails: 0 });
      await moved.arrived(9);
      for (const answer of late) answer();
      await fixture.eventually(async () => worker.isQuiet());
      expect(await endpoint()).to.include({ status: 'active', consecutiveFails: 0 });
      await step(secondsSchedule[0]! * 1.21);
      await moved.arrived(10);
      expect(receiver.received).to.have.length(5);
    } finally {
      await moved.stop();
    }
  });

  it('one that asked not to be called for an hour is taken by nobody until then, whoever starts meanwhile', async () => {
    receiver.answer = failWith(503, { 'Retry-After': '3600' });
    await fixture.publish(actor);
    await fails(1);
    await fixture.publish(actor);
    await fixture.eventually(async () => (await open()).length === 2);
    await worker.stop();
    worker = await fixture.startWorker();
    await worker.look();
    const taken = 'select from webhook_endpoint_states where owner is not null';
    expect(await fixture.rows(taken)).to.have.length(0);
    receiver.answer = (response) => void response.end();
    await step(hourMs);
    await receiver.arrived(3);
    expect(await fixture.rows(taken)).to.have.length(1);
  });

  it('what was held for 30 days is skipped, after a notice at 23', async () => {
    const { pausedAt } = await fixture.endpoints.pause(actor, endpointId);
    await fixture.publish(actor, 2);
    await fixture.eventually(async () => (await open()).length === 2);
    const pausedAfterMs = (pausedAt?.getTime() ?? 0) - Date.now();
    fixture.clockOffsetMs = pausedAfterMs + 23.5 * 24 * hourMs;
    await worker.maintain();
    await worker.maintain();
    expect(await fixture.rows("select from notices where kind = 'webhook_held'")).to.have.length(1);
    expect(await open()).to.have.length(2);
    fixture.clockOffsetMs = pausedAfterMs + 30.5 * 24 * hourMs;
    await worker.maintain();
    expect(await open()).to.have.length(0);
    expect(await fixture.rows("select from webhook_attempts where ended = 'skipped'")).to.have.length(2);
  });

  it('a plan without webhooks pauses it with the reason `plan` and holds its events until the plan is back', async () => {
    await fixture.workspaces.change(actor.workspaceId, { plan: 'PRO' });
    await fixture.eventually(async () => (await endpoint()).pauseReason === 'plan');
    const ids = await fixture.publish(actor, 2);
    await fixture.eventually(async () => (await open()).length === 2);
    expect(receiver.received).to.have.length(0);
    await fixture.workspaces.change(actor.workspaceId, { plan: 'BUSINESS' });
    await receiver.arrived(2);
    expect(eventIds()).to.deep.equal(ids);
  });

  it('one that someone pauses too stays paused when the plan is back', async () => {
    await fixture.workspaces.change(actor.workspaceId, { plan: 'PRO' });
    await fixture.eventually(async () => (await endpoint()).pauseReason === 'plan');
    const { pausedAt } = await endpoint();
    expect(await fixture.endpoints.pause(actor, endpointId)).to.deep.include({ pauseReason: 'manual', pausedAt });
    await fixture.workspaces.change(actor.workspaceId, { plan: 'BUSINESS' });
    await worker.maintain();
    expect(await endpoint()).to.include({ status: 'paused', pauseReason: 'manual' });
  });

  it('with maxConcurrency 1 delivers one at a time in order, a failing one holding the next back until it ends', async () => {
    const ordered = (await fixture.endpoint(actor, `${receiver.url}/ordered`, { maxConcurrency: 1 })).webhookEndpoint
      .id;
    await fixture.endpoints.remove(actor, endpointId);
    const ids = await fixture.publish(actor, 20);
    await receiver.arrived(20);
    expect(eventIds()).to.deep.equal(ids);

    receiver.received.length = 0;
    receiver.answer = (response, { headers }) =>
      void response
        .writeHead(headers['webhook-id'] === late[1] && headers['x-iozen-attempt'] === '1' ? 500 : 200)
        .end();
    const late: (string | undefined)[] = [];
    late.push(...(await fixture.publish(actor, 4)));
    endpointId = ordered;
    await fails(1);
    await step(5_000);
    expect(eventIds()).to.deep.equal([late[0], late[1]]);
    await step(10_000);
    await receiver.arrived(5);
    expect(eventIds()).to.deep.equal([late[0], late[1], late[1], late[2], late[3]]);
  });

  async function open() {
    return await fixture.rows('select id from webhook_open_deliveries');
  }
});
