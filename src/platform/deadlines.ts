/** Deadlines that all lie equally far ahead: the first to be set is the first to strike, and one timer serves them all. */
export class Deadlines<T> {
  /** When each strikes, in `performance.now()`; in the order in which they were set. */
  private readonly waiting = new Map<T, number>();
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly aheadMs: number,
    private readonly strike: (one: T) => void,
  ) {}

  set(one: T): void {
    this.waiting.set(one, performance.now() + this.aheadMs);
    if (this.timer === null) this.lookIn(this.aheadMs);
  }

  clear(one: T): void {
    this.waiting.delete(one);
  }

  /** In the order in which they will strike. */
  get pending(): readonly T[] {
    return [...this.waiting.keys()];
  }

  /** Keeps no process alive: what has a deadline does. */
  private lookIn(ms: number): void {
    this.timer = setTimeout(() => this.look(), ms).unref();
  }

  private look(): void {
    this.timer = null;
    const now = performance.now();
    for (const [one, at] of this.waiting) {
      if (at > now) return this.lookIn(Math.ceil(at - now));
      this.waiting.delete(one);
      this.strike(one);
    }
  }
}
