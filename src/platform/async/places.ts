import { rateLimitExceeded } from '../errors.js';

/** Lets so many works of one name run at once; those that come later wait for a place, in their order. */
export class Places {
  private readonly taken = new Map<string, { count: number; waiting: (() => void)[] }>();

  constructor(
    private readonly each: number,
    private readonly waitingMax = Infinity,
  ) {}

  /** @throws rate_limit_exceeded when too many of this name wait already */
  async run<T>(name: string, work: () => Promise<T>): Promise<T> {
    const of = this.taken.get(name) ?? { count: 0, waiting: [] };
    this.taken.set(name, of);
    // Whoever leaves gives its place to the one that has waited longest, so that the count stays as it is.
    if (of.count < this.each) of.count += 1;
    else if (of.waiting.length >= this.waitingMax) throw rateLimitExceeded(1);
    else await new Promise<void>((resolve) => of.waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = of.waiting.shift();
      if (next !== undefined) next();
      else if ((of.count -= 1) === 0) this.taken.delete(name);
    }
  }
}
