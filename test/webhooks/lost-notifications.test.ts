import { expect } from 'chai';
import { setTimeout as wait } from 'node:timers/promises';
import { fanOutQueue, type FanOutJob } from '../../src/events/publish.js';
import type { Actor } from '../../src/platform/actor.js';
import { endpointChanged, payloadsErased } from '../../src/webhooks/topics.js';
import type { WebhookWorker } from '../../src/webhooks/engine/worker.js';
import { jobsOn } from '../support/jobs.js';
import { cloneDatabase } from '../support/postgres.js';
import { Receiver } from '../support/receiver.js';
import { WebhookFixture } from './webhook-fixture.js';

describe('a webhook worker that was not told, or too late', function () {
  this.timeout(30_000);

  let drop: () => Promise<void>;
  let asking: WebhookFixture;
  let working: WebhookFixture;
  let worker: WebhookWorker;
  let receiver: Receiver;
  let actor: Actor;
  let endpointId: string;
  let eventId: string;

  beforeEach(async () => {
    const database = await cloneDatabase();
    ({ drop } = database);
    asking = await WebhookFixture.on(database.url);
    working = await WebhookFixture.on(database.url);
    receiver = await Receiver.start();
    worker = await working.startWorker();
    actor = await asking.workspace();
    endpointId = (await asking.endpoint(actor, `${receiver.url}/old`)).webhookEndpoint.id;
    [eventId = ''] = await asking.publish(actor);
    await receiver.arrived(1);
    await asking.eventually(async () => (await latest()).status === 'delivered');
  });
  afterEach(async () => {
    await asking.close();
    await working.close();
    await receiver.stop();
    await drop();
  });

  const latest = async () => {
    const page = { limit: 1, cursor: null, direction: 'older' } as const;
    const [delivery] = (await asking.deliveries.list(actor, {}, page)).rows;
    if (delivery === undefined) throw new Error('there is no delivery');
    return delivery;
  };
  const isNew = ({ path }: { path: string }) => path.endsWith('/new');

  async function erase(): Promise<void> {
    const [event] = await asking.rows<{ id: string }>('select subject_id as id from events where id = $1', [eventId]);
    await asking.erase(actor, event?.id ?? '');
  }

  it('finds a new address and a pause by looking, while the endpoint is busy', async () => {
    asking.notifications.lost.add(endpointChanged);
    const traffic = setInterval(() => void asking.publish(actor), 50);
    try {
      await asking.endpoints.update(actor, endpointId, () => ({ url: `${receiver.url}/new` }));
      await asking.eventually(async () => receiver.received.some(isNew), 5_000);
      await asking.endpoints.pause(actor, endpointId);
      let count = -1;
      await asking.eventually(async () => {
        const isStill = receiver.received.length === count;
        count = receiver.received.length;
        await wait(500);
        return isStill;
      }, 5_000);
    } finally {
      clearInterval(traffic);
    }
  });

  it('finds by looking, within seconds, that an event waits', async () => {
    asking.notifications.lost.add('events');
    await asking.publish(actor);
    await receiver.arrived(2, 5_000);
  });

  it('is brought to an event by the job of its commit, and nothing else, and completes the job after that', async () => {
    await working.stopWorker(worker);
    worker = await working.startWorker(working.outbound, { lookMs: 60_000 });
    await asking.eventually(async () => worker.isQuiet());
    asking.notifications.lost.add('events');
    const jobs = jobsOn(asking.database.pool);
    const statesAre = async (...states: string[]) => {
      const found = await jobs.findJobs<FanOutJob>(fanOutQueue, { data: { eventIds: [eventId] } });
      return found.map(({ state }) => state).join() === states.join();
    };
    const blocker = await asking.database.pool.connect();
    await blocker.query('begin');
    await blocker.query('select from webhook_fan_out for update');
    [eventId = ''] = await asking.publish(actor);
    await asking.eventually(async () => await statesAre('active'));
    await wait(300);
    expect(await statesAre('active')).to.equal(true);
    await blocker.query('rollback');
    blocker.release();
    await receiver.arrived(2, 5_000);
    await asking.eventually(async () => await statesAre('completed'));
  });

  it('finds by looking that somebody was erased', async () => {
    asking.notifications.lost.add(payloadsErased);
    await erase();
    await worker.look();
    await asking.deliveries.redeliver(actor, (await latest()).id);
    const [, again] = await receiver.arrived(2);
    expect(JSON.parse(again?.body ?? '')).to.deep.include({ id: eventId, data: {} });
  });

  it('goes by the later of two readings of an endpoint, whichever is answered last', async () => {
    const { read, answer } = working.database.answerLate((text) => text.includes('s.half_open as "halfOpen"'));
    await asking.endpoints.update(actor, endpointId, () => ({ description: 'changed' }));
    await read;
    await asking.endpoints.update(actor, endpointId, () => ({ url: `${receiver.url}/new` }));
    await asking.eventually(async () => {
      await asking.publish(actor);
      await wait(50);
      return receiver.received.some(isNew);
    });
    answer();
    await wait(50);
    receiver.received.length = 0;
    await asking.publish(actor);
    expect((await receiver.arrived(1))[0]).to.satisfy(isNew);
  });

  it('sends nothing more after a 410 for what it read before the pause was stored', async () => {
    const { read, answer } = working.database.answerLate((text) => text.includes('s.half_open as "halfOpen"'));
    await asking.endpoints.update(actor, endpointId, () => ({ description: 'changed' }));
    await read;
    const blocker = await asking.database.pool.connect();
    try {
      await blocker.query('begin');
      await blocker.query('select from webhook_endpoints where id = $1 for no key update', [endpointId]);
      receiver.answer = (response) => void response.writeHead(410).end();
      await asking.publish(actor);
      await receiver.arrived(2);
      // The answer is here and cannot be stored.
      await wait(100);
      answer();
      await asking.publish(actor, 3);
      await wait(300);
      expect(receiver.received).to.have.length(2);
    } finally {
      await blocker.query('rollback');
      blocker.release();
    }
    await asking.eventually(async () => (await asking.endpoints.get(actor, endpointId)).pauseReason === 'gone');
    receiver.answer = (response) => void response.end();
    await asking.endpoints.resume(actor, endpointId, () => ({ skipHeld: false }));
    await receiver.arrived(6);
  });

  it('keeps no text that it read before an erasure and got after it', async () => {
    // A worker that has read nothing yet.
    await working.stopWorker(worker);
    worker = await working.startWorker();
    const { read, answer } = working.database.answerLate((text) => text.startsWith('select id, type, case when'));
    await asking.deliveries.redeliver(actor, (await latest()).id);
    await read;
    await erase();
    // The notification has come.
    await wait(100);
    answer();
    await asking.deliveries.redeliver(actor, (await latest()).id);
    const sent = await receiver.arrived(2);
    expect(JSON.parse(sent.at(-1)?.body ?? '')).to.deep.include({ id: eventId, data: {} });
  });
});
