import { expect } from 'chai';
import { setTimeout as wait } from 'node:timers/promises';
import { SingleFlight } from '../../../src/platform/async/single-flight.js';

/** Work that is over when the test says so. */
function held() {
  const ends: { resolve: () => void; reject: (error: Error) => void }[] = [];
  let underWay = 0;
  let most = 0;
  const flight = new SingleFlight(async () => {
    underWay += 1;
    most = Math.max(most, underWay);
    await new Promise<void>((resolve, reject) => ends.push({ resolve, reject })).finally(() => (underWay -= 1));
  });
  return { flight, ends, most: () => most };
}

describe('single flight', () => {
  it('runs once more for all who ask while it runs, and never twice at a time', async () => {
    const { flight, ends, most } = held();
    const first = flight.run();
    const later = [flight.run(), flight.run(), flight.run()];
    expect(ends).to.have.length(1);
    ends[0]?.resolve();
    // Asked in each step between the two runs, it is the second that answers, or a third after it.
    const between: Promise<void>[] = [];
    for (let step = 0; step < 10; step += 1) {
      between.push(flight.run());
      await Promise.resolve();
    }
    await first;
    expect(ends).to.have.length(2);
    ends[1]?.resolve();
    await Promise.all(later);
    await wait(1);
    for (const { resolve } of ends.slice(2)) resolve();
    await Promise.all(between);
    expect(most()).to.equal(1);
    expect(ends.length).to.be.at.most(3);
    expect(flight.isRunning).to.equal(false);
  });

  it('tells a failure to those alone whose run it was, and goes on', async () => {
    const { flight, ends } = held();
    const failed = flight.run();
    const next = flight.run();
    ends[0]?.reject(new Error('once'));
    expect(await failed.catch((error: Error) => error.message)).to.equal('once');
    await wait(1);
    ends[1]?.resolve();
    await next;
  });

  it('is idle once all that was asked for is over, also what failed', async () => {
    const { flight, ends } = held();
    const all = [flight.run(), flight.run()].map((run) => run.catch(() => undefined));
    let isIdle = false;
    const idle = flight.idle().then(() => (isIdle = true));
    ends[0]?.reject(new Error('first'));
    await wait(1);
    expect(isIdle).to.equal(false);
    ends[1]?.reject(new Error('second'));
    await idle;
    await Promise.all(all);
  });
});
