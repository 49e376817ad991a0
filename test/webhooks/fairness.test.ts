import { expect } from 'chai';
import { Receiver } from '../support/receiver.js';
import { WebhookHouse } from './webhook-house.js';

describe('fairness between webhook endpoints', function () {
  this.timeout(60_000);

  let house: WebhookHouse;
  let receiver: Receiver;
  let hole: Receiver;

  beforeEach(async () => {
    house = await WebhookHouse.open({ concurrency: 32, timeoutMs: 10_000 });
    await house.startWorker();
    receiver = await Receiver.start();
    hole = await Receiver.start();
    // Takes everything and answers nothing.
    hole.answer = () => {};
  });
  afterEach(async () => {
    await hole.stop();
    await house.close();
    await receiver.stop();
  });

  const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1] ?? Infinity;

  it('one workspace whose endpoints all hang does not starve another', async () => {
    const noisy = await house.tenant();
    const quiet = await house.tenant();
    for (let index = 0; index < 20; index += 1) await house.endpoint(noisy, `${hole.url}/${index}`);
    await house.endpoint(quiet, receiver.url);
    await house.happen(noisy, 20);
    await hole.until(
      () => hole.received.length >= 24,
      10_000,
      () => `${hole.received.length} hang`,
    );

    const tookMs: number[] = [];
    for (let round = 1; round <= 20; round += 1) {
      const startedAt = performance.now();
      await house.happen(noisy, 1);
      await house.happen(quiet, 1);
      await receiver.arrived(round);
      tookMs.push(performance.now() - startedAt);
    }
    expect(median(tookMs)).to.be.below(100);
    expect(hole.received.length).to.be.at.most(28);
  });

  it('an endpoint that hangs has at most its own share in flight, and its neighbours get everything in order', async () => {
    const actor = await house.tenant();
    await house.endpoint(actor, hole.url);
    await house.endpoint(actor, receiver.url, { maxConcurrency: 1 });
    const ids = await house.happen(actor, 200);
    const received = await receiver.arrived(200);
    expect(received.map(({ headers }) => headers['webhook-id'])).to.deep.equal(ids);
    expect(hole.received).to.have.length(8);
  });
});
