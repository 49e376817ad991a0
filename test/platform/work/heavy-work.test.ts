import { expect } from 'chai';
import { HeavyWork } from '../../../src/platform/work/heavy-work.js';

describe('work that keeps the event loop', () => {
  /** Time passes when work or rest says so. */
  function house() {
    const time = { ms: 0 };
    const rests: { ms: number; over: () => void }[] = [];
    const heavy = new HeavyWork(
      () => time.ms,
      async (ms) => await new Promise<void>((over) => rests.push({ ms, over })),
    );
    const done: string[] = [];
    const piece = (caller: string, ms: number) =>
      void heavy.run(caller, () => {
        time.ms += ms;
        done.push(caller);
      });
    const settle = async () => await new Promise((resolve) => setImmediate(resolve));
    return { rests, done, piece, settle };
  }

  it('is done one piece at a time, and leaves the loop to others for three times as long', async () => {
    const { rests, done, piece, settle } = house();
    piece('a', 10);
    piece('a', 20);
    await settle();
    expect(done).to.deep.equal(['a']);
    expect(rests.map(({ ms }) => ms)).to.deep.equal([30]);
    rests[0]?.over();
    await settle();
    expect(done).to.deep.equal(['a', 'a']);
    expect(rests.map(({ ms }) => ms)).to.deep.equal([30, 60]);
  });

  it('is the turn of whoever was served longest ago, however much others have waiting', async () => {
    const { rests, done, piece, settle } = house();
    for (const caller of ['a', 'a', 'a', 'b', 'c', 'b']) piece(caller, 1);
    for (let next = 0; next < 6; next += 1) {
      await settle();
      rests[next]?.over();
    }
    expect(done.join('')).to.equal('abcaba');
  });
});
