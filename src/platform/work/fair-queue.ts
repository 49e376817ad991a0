/** What waits, oldest first of each caller, and callers in turn: who has little waiting comes before another's rest. */
export class FairQueue<Item> {
  /** The first caller is the next. */
  private readonly waiting = new Map<string, Item[]>();
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
    const [next] = this.waiting;
    if (next === undefined) return undefined;
    const [caller, items] = next;
    const item = items.shift();
    // Behind all others who wait.
    this.waiting.delete(caller);
    if (items.length > 0) this.waiting.set(caller, items);
    this.count -= 1;
    return item;
  }
}
