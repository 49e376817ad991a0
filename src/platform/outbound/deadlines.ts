/**
 * Deadlines that all lie equally far ahead: the first to be set is the first to strike, and one timer serves them all.
 * In arrays, as whatever comes and goes for each attempt: a `Map` leaves a table behind with every few that it takes, each
 * holding the next, and once the garbage collector has kept one for long, it keeps all that follow and all that was in them.
 */
export class Deadlines<T> {
  /** In the order in which they were set. */
  private readonly waiting: T[] = [];
  /** When each strikes, in `performance.now()`. */
  private readonly strikesAt: number[] = [];
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly aheadMs: number,
    private readonly strike: (one: T) => void,
  ) {}

  set(one: T): void {
    this.waiting.push(one);
    this.strikesAt.push(performance.now() + this.aheadMs);
    if (this.timer === null) this.lookIn(this.aheadMs);
  }

  clear(one: T): void {
    const index = this.waiting.indexOf(one);
    if (index === -1) return;
    this.waiting.splice(index, 1);
    this.strikesAt.splice(index, 1);
  }

  /** In the order in which they will strike. */
  get pending(): readonly T[] {
    return [...this.waiting];
  }

  /** Keeps no process alive: what has a deadline does. */
  private lookIn(ms: number): void {
    this.timer = setTimeout(() => this.look(), ms).unref();
  }

  private look(): void {
    this.timer = null;
    const now = performance.now();
    for (;;) {
      const [one] = this.waiting;
      const [at] = this.strikesAt;
      if (one === undefined || at === undefined) return;
      if (at > now) return this.lookIn(Math.ceil(at - now));
      this.clear(one);
      this.strike(one);
    }
  }
}
