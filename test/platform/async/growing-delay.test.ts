import { expect } from 'chai';
import { GrowingDelay } from '../../../src/platform/async/growing-delay.js';

describe('a growing delay', () => {
  it('doubles up to its most, and begins anew after a success', async () => {
    const delay = new GrowingDelay(20, 70);
    const waitedMs = async () => {
      const startedAt = performance.now();
      await delay.wait();
      return performance.now() - startedAt;
    };
    // A timer may fire up to 1 ms early, and as late as it likes.
    for (const ms of [20, 40, 70, 70]) expect(await waitedMs()).to.be.at.least(ms - 1);
    delay.reset();
    expect(await Promise.race([waitedMs().then(() => 'first'), new GrowingDelay(69, 69).wait()])).to.equal('first');
  });
});
