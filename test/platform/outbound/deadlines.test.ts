import { expect } from 'chai';
import { setTimeout as delay } from 'node:timers/promises';
import { Deadlines } from '../../../src/platform/outbound/deadlines.js';

describe('deadlines', () => {
  const aheadMs = 300;

  it('strike each at its time, never early, and none that was cleared', async () => {
    const setAt = new Map<string, number>();
    const struck: { name: string; afterMs: number }[] = [];
    const deadlines = new Deadlines<string>(aheadMs, (name) =>
      struck.push({ name, afterMs: performance.now() - (setAt.get(name) ?? 0) }),
    );
    for (const name of ['first', 'cleared', 'second', 'third']) {
      setAt.set(name, performance.now());
      deadlines.set(name);
      await delay(20);
    }
    deadlines.clear('cleared');
    await delay(aheadMs * 2);
    expect(struck.map(({ name }) => name)).to.deep.equal(['first', 'second', 'third']);
    for (const { afterMs } of struck) expect(afterMs).to.be.at.least(aheadMs);
  });

  it('strike what was set after all before it had struck', async () => {
    const struck: number[] = [];
    const deadlines = new Deadlines<number>(aheadMs, (one) => struck.push(one));
    for (const one of [1, 2]) {
      deadlines.set(one);
      while (struck.length < one) await delay(5);
    }
    expect(struck).to.deep.equal([1, 2]);
  });
});
