import { expect } from 'chai';
import type { WebhookWorker } from '../../src/webhooks/webhook-worker.js';
import { cloneDatabase } from '../support/postgres.js';
import { Receiver } from '../support/receiver.js';
import { WebhookHouse } from './webhook-house.js';

describe('several webhook workers on one database', function () {
  this.timeout(30_000);

  const houses: WebhookHouse[] = [];
  const workers: WebhookWorker[] = [];
  let receiver: Receiver;
  let drop: () => Promise<void>;

  before(async () => {
    const database = await cloneDatabase();
    drop = database.drop;
    receiver = await Receiver.start();
    // Each with its own pool, signals and seat, as processes have them.
    for (let index = 0; index < 3; index += 1) houses.push(await WebhookHouse.on(database.url));
    for (const house of houses.slice(0, 2)) workers.push(await house.startWorker());
  });
  after(async () => {
    for (const house of houses) await house.close();
    await receiver.stop();
    await drop();
  });

  it('deliver every event once, without waiting for a poll, and in order where the endpoint wants it', async () => {
    const house = houses[2]!;
    const actor = await house.tenant();
    for (let index = 0; index < 4; index += 1)
      await house.endpoint(actor, `${receiver.url}/${index}`, { maxConcurrency: 1 });
    const ids = await house.happen(actor, 1);
    await receiver.arrived(4);
    const tookMs: number[] = [];
    for (let round = 2; round <= 40; round += 1) {
      const startedAt = performance.now();
      ids.push(...(await house.happen(actor, 1)));
      await receiver.arrived(round * 4);
      tookMs.push(performance.now() - startedAt);
    }
    expect(tookMs.sort((a, b) => a - b)[30]).to.be.below(500);
    for (let index = 0; index < 4; index += 1) {
      const own = receiver.received.filter(({ path }) => path.endsWith(`/${index}`));
      expect(own.map(({ headers }) => headers['webhook-id'])).to.deep.equal(ids);
    }
    await house.eventually(async () => (await owners(house)).length > 0);
  });

  it('take over from one that stops, and lose and repeat nothing by it', async () => {
    const house = houses[2]!;
    const actor = await house.tenant();
    await house.endpoint(actor, receiver.url);
    receiver.received.length = 0;
    receiver.answer = (response) => void setTimeout(() => response.end(), 5);
    const ids = await house.happen(actor, 200);
    await receiver.arrived(20);
    const [first] = workers;
    await first?.stop();
    await receiver.arrived(200);
    await house.eventually(async () => (await house.rows('select from webhook_deliveries')).length === 0);
    expect(receiver.received.map(({ headers }) => headers['webhook-id'])).to.have.members(ids);
    expect(workers.map((worker) => worker.ready())).to.deep.equal([false, true]);
  });

  async function owners(house: WebhookHouse) {
    return await house.rows('select distinct owner from webhook_endpoint_states where owner is not null');
  }
});
