import { expect } from 'chai';
import { setTimeout as wait } from 'node:timers/promises';
import { deliveriesDue } from '../../src/webhooks/topics.js';
import { wakeUpQueue } from '../../src/webhooks/engine/attempt-recorder.js';
import type { WebhookWorker } from '../../src/webhooks/engine/worker.js';
import { jobsOn } from '../support/jobs.js';
import { cloneDatabase } from '../support/postgres.js';
import { Receiver } from '../support/receiver.js';
import { WebhookFixture } from './webhook-fixture.js';

describe('several webhook workers on one database', function () {
  this.timeout(30_000);

  const fixtures: WebhookFixture[] = [];
  const workers: WebhookWorker[] = [];
  let receiver: Receiver;
  let drop: () => Promise<void>;

  before(async () => {
    const database = await cloneDatabase();
    drop = database.drop;
    receiver = await Receiver.start();
    // Each with its own pool, notifications and lease, as processes have them.
    for (let index = 0; index < 3; index += 1) fixtures.push(await WebhookFixture.on(database.url));
    for (const fixture of fixtures.slice(0, 2)) workers.push(await fixture.startWorker());
  });
  after(async () => {
    for (const fixture of fixtures) await fixture.close();
    await receiver.stop();
    await drop();
  });

  it('deliver every event once, without waiting for a poll, and in order where the endpoint wants it', async () => {
    const fixture = fixtures[2]!;
    const actor = await fixture.workspace();
    for (let index = 0; index < 4; index += 1)
      await fixture.endpoint(actor, `${receiver.url}/${index}`, { maxConcurrency: 1 });
    const ids = await fixture.publish(actor, 1);
    await receiver.arrived(4);
    const tookMs: number[] = [];
    for (let round = 2; round <= 40; round += 1) {
      const startedAt = performance.now();
      ids.push(...(await fixture.publish(actor, 1)));
      await receiver.arrived(round * 4);
      tookMs.push(performance.now() - startedAt);
    }
    expect(tookMs.sort((a, b) => a - b)[30]).to.be.below(500);
    for (let index = 0; index < 4; index += 1) {
      const own = receiver.received.filter(({ path }) => path.endsWith(`/${index}`));
      expect(own.map(({ headers }) => headers['webhook-id'])).to.deep.equal(ids);
    }
    await fixture.eventually(async () => (await owners(fixture)).length > 0);
  });

  it('take no more wake-ups once they are stopped', async () => {
    const fixture = fixtures[2]!;
    const jobs = jobsOn(fixture.database.pool);
    const waiting = async () => (await jobs.findJobs(wakeUpQueue, { queued: true })).length;
    for (const worker of workers.splice(0)) await worker.stop();
    await jobs.send(wakeUpQueue, { endpointId: 'nobody' });
    // Polled each second otherwise.
    await wait(2_500);
    expect(await waiting()).to.equal(1);

    for (const fixture of fixtures.slice(0, 2)) workers.push(await fixture.startWorker());
    await fixture.eventually(async () => (await waiting()) === 0);
  });

  it('miss nothing that another fans out, and keep the order, though no notification tells of it', async () => {
    const [first, second, asking] = fixtures;
    const mute = [first!, second!].map(({ notifications }) => notifications);
    for (const { lost } of mute) lost.add(deliveriesDue);
    const actor = await asking!.workspace();
    await asking!.endpoint(actor, receiver.url, { maxConcurrency: 1 });
    receiver.received.length = 0;
    const ids: string[] = [];
    for (let event = 0; event < 300; event += 1) {
      ids.push(...(await asking!.publish(actor)));
      await wait(10);
    }
    await receiver.arrived(ids.length, 5_000);
    expect(receiver.received.map(({ headers }) => headers['webhook-id'])).to.deep.equal(ids);
    for (const { lost } of mute) lost.clear();
  });

  it('take over from one that stops, and lose and repeat nothing by it', async () => {
    const fixture = fixtures[2]!;
    const actor = await fixture.workspace();
    await fixture.endpoint(actor, receiver.url);
    receiver.received.length = 0;
    receiver.answer = (response) => void setTimeout(() => response.end(), 5);
    const ids = await fixture.publish(actor, 200);
    await receiver.arrived(20);
    const [first] = workers;
    await first?.stop();
    await receiver.arrived(200);
    await fixture.eventually(async () => (await fixture.rows('select from webhook_open_deliveries')).length === 0);
    expect(receiver.received.map(({ headers }) => headers['webhook-id'])).to.have.members(ids);
    expect(workers.map((worker) => worker.ready())).to.deep.equal([false, true]);
  });

  it('one that joins gets its part of what others are behind with, each event once and in order', async () => {
    const fixture = fixtures[2]!;
    const [late, busy] = [fixtures[0]!, workers[1]!];
    const actor = await fixture.workspace();
    for (let index = 0; index < 8; index += 1)
      await fixture.endpoint(actor, `${receiver.url}/${index}`, { maxConcurrency: 1 });
    receiver.received.length = 0;
    receiver.answer = (response) => void setTimeout(() => response.end(), 20);
    const ids = await fixture.publish(actor, 200);
    await receiver.arrived(80);
    expect(await endpointsByOwner(fixture, actor)).to.deep.equal([8]);

    workers.push(await late.startWorker());
    await fixture.eventually(async () => (await endpointsByOwner(fixture, actor)).join() === '4,4');
    await receiver.arrived(8 * ids.length, 25_000);
    expect(busy.ready()).to.equal(true);
    for (let index = 0; index < 8; index += 1) {
      const own = receiver.received.filter(({ path }) => path.endsWith(`/${index}`));
      expect(own.map(({ headers }) => headers['webhook-id'])).to.deep.equal(ids);
    }
    receiver.answer = (response) => void response.end();
  });

  it('one that stops while it takes its lease anew leaves nothing behind', async () => {
    const fixture = fixtures[0]!;
    const worker = await fixture.startWorker();
    const leases = async () =>
      await fixture.rows<{ pid: number }>(
        "select pid from pg_stat_activity where application_name = 'iozen webhooks' and datname = current_database()",
      );
    const others = (await leases()).length - 1;
    const blocker = await fixture.database.pool.connect();
    try {
      await blocker.query('begin; lock table webhook_workers in exclusive mode');
      for (const { pid } of await leases()) await fixture.rows('select pg_terminate_backend($1)', [pid]);
      await fixture.eventually(async () => !worker.ready());
      await worker.stop();
    } finally {
      await blocker.query('rollback');
      blocker.release();
    }
    await fixture.eventually(async () => workers[1]!.ready() && (await leases()).length === others);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await leases()).to.have.length(others);
  });

  it('send nothing of an erased person again, though the notification of the erasure was lost', async () => {
    const [, working, asking] = fixtures;
    const actor = await asking!.workspace();
    await asking!.endpoint(actor, receiver.url);
    receiver.received.length = 0;
    const [eventId = ''] = await asking!.publish(actor);
    await receiver.arrived(1);
    const page = { limit: 1, cursor: null, direction: 'older' } as const;
    await working!.eventually(
      async () => (await asking!.deliveries.list(actor, {}, page)).rows[0]?.status === 'delivered',
    );
    const [delivery] = (await asking!.deliveries.list(actor, {}, page)).rows;
    let isBack = false;
    working!.notifications.onReconnect(() => (isBack = true));
    await working!.rows(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'iozen notifications' and datname = current_database()",
    );
    const [subject] = await asking!.rows<{ id: string }>('select subject_id as id from events where id = $1', [
      eventId,
    ]);
    await asking!.erase(actor, subject?.id ?? '');
    await working!.eventually(async () => isBack);
    await asking!.deliveries.redeliver(actor, delivery?.id ?? '');
    const [, again] = await receiver.arrived(2);
    expect(JSON.parse(again?.body ?? '')).to.deep.include({ id: eventId, data: {} });
  });

  /** How many of the workspace's endpoints each owner has, the least first. */
  async function endpointsByOwner(fixture: WebhookFixture, { workspaceId }: { workspaceId: string }) {
    const rows = await fixture.rows<{ count: number }>(
      `select count(*)::int from webhook_endpoint_states s join webhook_endpoints e on e.id = s.endpoint_id
       where e.workspace_id = $1 and s.owner is not null group by s.owner order by 1`,
      [workspaceId],
    );
    return rows.map(({ count }) => count);
  }

  async function owners(fixture: WebhookFixture) {
    return await fixture.rows('select distinct owner from webhook_endpoint_states where owner is not null');
  }
});
