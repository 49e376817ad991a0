import { expect } from 'chai';
import { LookupCache } from '../../../src/platform/async/lookup-cache.js';

describe('a lookup cache', () => {
  let atMs = 0;
  let there: Record<string, { of: string }>;
  let lookups: string[];
  let cache: LookupCache<{ of: string }>;

  beforeEach(() => {
    there = { one: { of: 'a' }, two: { of: 'b' } };
    lookups = [];
    const lookUp = async (name: string) => {
      lookups.push(name);
      return there[name] ?? null;
    };
    cache = new LookupCache(lookUp, () => atMs);
  });

  it('goes by what it looked up for 30 seconds, and looks again after', async () => {
    await cache.get('one');
    there = {};
    atMs += 29_999;
    expect(await cache.get('one')).to.deep.equal({ of: 'a' });
    atMs += 1;
    expect(await cache.get('one')).to.equal(null);
    expect(lookups).to.deep.equal(['one', 'one']);
  });

  it('looks up once for all who ask at the same time, and remembers nothing that is not there', async () => {
    await Promise.all([cache.get('one'), cache.get('one')]);
    await cache.get('none');
    await cache.get('none');
    expect(lookups).to.deep.equal(['one', 'none', 'none']);
  });

  it('forgets what is stale, and what was being looked up meanwhile', async () => {
    await cache.get('one');
    const underWay = cache.get('two');
    cache.forget(({ of }) => of === 'a');
    await underWay;
    await cache.get('one');
    await cache.get('two');
    expect(lookups).to.deep.equal(['one', 'two', 'one', 'two']);
  });
});
