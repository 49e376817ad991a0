/** So many of the callers who were served last are remembered, so that the queue stays small whoever comes. */
const rememberedMax = 1_000;

/**
 * What waits, oldest first of each caller, and of the callers whoever was served longest ago, or never, first: who asks
 * once in a while comes before the rest of those who ask all the time.
 */
export class FairQueue<Item> {
  /** In the order in which they began to wait. */
  private readonly waiting = new Map<string, Item[]>();
  /** When each caller was served, as a number that grows; the longest ago first. */
  private readonly served = new Map<string, number>();
  private services = 0;
  private count = 0;

  get size(): number {
    return this.count;
  }

  push(caller: string, item: Item): void {
    const items = this.waiting.get(caller);
    if (items === undefined) this.waiting.set(caller, [item]);
    else items.push(item);
    this.count += 1;
  }

  shift(): Item | undefined {
    const next = this.next();
    if (next === undefined) return undefined;
    const [caller, items] = next;
    const item = items.shift();
    if (items.length === 0) this.waiting.delete(caller);
    this.count -= 1;
    this.remember(caller);
    return item;
  }

  private next(): [string, Item[]] | undefined {
    let [best, bestServed] = [undefined as [string, Item[]] | undefined, Infinity];
    for (const entry of this.waiting) {
      const served = this.served.get(entry[0]) ?? 0;
      if (served < bestServed) [best, bestServed] = [entry, served];
      if (served === 0) break;
    }
    return best;
  }

  private remember(caller: string): void {
    this.served.delete(caller);
    this.served.set(caller, (this.services += 1));
    const [oldest] = this.served.keys();
    if (this.served.size > rememberedMax && oldest !== undefined) this.served.delete(oldest);
  }
}
