import { expect } from 'chai';
import { setTimeout as wait } from 'node:timers/promises';
import { within } from '../../../src/platform/async/deadline.js';

describe('a deadline', () => {
  const never = new Promise<never>(() => {});

  it('lets through what comes in time, a failure too', async () => {
    expect(await within(60_000, Promise.resolve('there'))).to.equal('there');
    const failed = within(60_000, Promise.reject(new Error('no')), () => 'late');
    expect(await failed.catch((error: Error) => error.message)).to.equal('no');
  });

  it('goes on without what does not come, by a failure or by what stands for it', async () => {
    expect(await within(5, never).catch((error: Error) => error.message)).to.equal('no answer within 5 ms');
    expect(await within(5, never, () => null)).to.equal(null);
  });

  it('hears of a failure after it, which would end the process otherwise', async () => {
    const unheard: unknown[] = [];
    const onUnheard = (error: unknown) => unheard.push(error);
    process.on('unhandledRejection', onUnheard);
    const fails = wait(10).then(() => Promise.reject(new Error('later')));
    expect(await within(1, fails, () => 'late')).to.equal('late');
    await wait(30);
    process.off('unhandledRejection', onUnheard);
    expect(unheard).to.deep.equal([]);
  });

  it('leaves no timer behind that would keep a process alive', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    await Promise.all(Array.from({ length: 100 }, () => within(60_000, Promise.resolve())));
    // mocha has some of its own.
    expect(timers() - before).to.be.below(50);
  });
});
