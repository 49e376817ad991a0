import { expect } from 'chai';
import { Batches } from '../../../src/platform/async/batches.js';

/** Stores numbers; a batch that has one of `bad` in it cannot be stored. */
class Store {
  readonly kept: number[][] = [];
  readonly givenUp: number[] = [];
  bad = new Set<number>();
  isAway = false;
  private underWay = 0;
  mostUnderWay = 0;

  private readonly steps = {
    store: async (batch: readonly number[]) => {
      this.underWay += 1;
      this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
      await new Promise((resolve) => setImmediate(resolve));
      this.underWay -= 1;
      if (this.isAway) throw new Error('away');
      if (batch.some((one) => this.bad.has(one))) throw new Error('bad');
      return batch.length;
    },
    stored: (batch: readonly number[], count: number) => {
      expect(count).to.equal(batch.length);
      this.kept.push([...batch]);
    },
    failed: () => !this.isAway,
    givenUp: (item: number) => void this.givenUp.push(item),
  };
  readonly batches = new Batches(this.steps, 5);
}

describe('batches', () => {
  const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

  it('store everything once, in order, one batch at a time', async () => {
    const store = new Store();
    for (const one of numbers(1_000)) store.batches.add(one);
    await store.batches.drain();
    expect(store.kept.flat()).to.deep.equal(numbers(1_000));
    expect(store.kept.length).to.be.below(10);
    expect(store.mostUnderWay).to.equal(1);
    expect(store.batches.size).to.equal(0);
  });

  it('store what waits by themselves, within a moment', async () => {
    const store = new Store();
    store.batches.add(1);
    while (store.kept.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(store.kept).to.deep.equal([[1]]);
  });

  it('store an empty batch for whoever asks', async () => {
    const store = new Store();
    store.batches.ask();
    while (store.kept.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(store.kept).to.deep.equal([[]]);
  });

  it('keep what cannot be stored until it can be', async () => {
    const store = new Store();
    store.isAway = true;
    for (const one of numbers(3)) store.batches.add(one);
    setTimeout(() => (store.isAway = false), 50);
    await store.batches.drain();
    expect(store.kept).to.deep.equal([numbers(3)]);
    expect(store.givenUp).to.deep.equal([]);
  });

  it('store the others where one can never be, and give that one up after 20 tries', async () => {
    const store = new Store();
    store.bad.add(0);
    for (const one of numbers(4)) store.batches.add(one);
    await store.batches.drain();
    expect(store.givenUp).to.deep.equal([0]);
    expect(store.kept.flat()).to.deep.equal([1, 2, 3]);
  });
});
