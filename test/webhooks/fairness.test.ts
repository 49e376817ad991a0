import { expect } from 'chai';
import { Receiver } from '../support/receiver.js';
import { WebhookFixture } from './webhook-fixture.js';

describe('fairness between webhook endpoints', function () {
  this.timeout(60_000);

  let fixture: WebhookFixture;
  let receiver: Receiver;
  let hole: Receiver;

  beforeEach(async () => {
    fixture = await WebhookFixture.open({ concurrency: 32, timeoutMs: 10_000 });
    await fixture.startWorker();
    receiver = await Receiver.start();
    hole = await Receiver.start();
    // Takes everything and answers nothing.
    hole.answer = () => {};
  });
  afterEach(async () => {
    await hole.stop();
    await fixture.close();
    await receiver.stop();
  });

  const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1] ?? Infinity;

  it('one workspace whose endpoints all hang does not starve another', async () => {
    const noisy = await fixture.workspace();
    const quiet = await fixture.workspace();
    for (let index = 0; index < 20; index += 1) await fixture.endpoint(noisy, `${hole.url}/${index}`);
    await fixture.endpoint(quiet, receiver.url);
    await fixture.publish(noisy, 20);
    await hole.until(
      () => hole.received.length >= 24,
      10_000,
      () => `${hole.received.length} hang`,
    );

    const tookMs: number[] = [];
    for (let round = 1; round <= 20; round += 1) {
      const startedAt = performance.now();
      await fixture.publish(noisy, 1);
      await fixture.publish(quiet, 1);
      await receiver.arrived(round);
      tookMs.push(performance.now() - startedAt);
    }
    // It would wait for what hangs, ten seconds.
    expect(median(tookMs)).to.be.below(1_000);
    expect(hole.received.length).to.be.at.most(28);
  });

  it('an endpoint that hangs has at most its own share in flight, and its neighbours get everything in order', async () => {
    const actor = await fixture.workspace();
    await fixture.endpoint(actor, hole.url);
    await fixture.endpoint(actor, receiver.url, { maxConcurrency: 1 });
    const ids = await fixture.publish(actor, 200);
    const received = await receiver.arrived(200);
    expect(received.map(({ headers }) => headers['webhook-id'])).to.deep.equal(ids);
    expect(hole.received).to.have.length(8);
  });
});
