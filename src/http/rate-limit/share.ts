/** Points spent and when each leaves the window, oldest first; the sum is kept, so that asking costs nothing. */
export class SpentPoints {
  private points: number[] = [];
  private untilMs: number[] = [];
  private first = 0;
  private sum = 0;

  static of(points: readonly number[], untilMs: readonly number[]): SpentPoints {
    const spent = new SpentPoints();
    for (const [index, until] of untilMs.entries()) spent.add(points[index] ?? 0, until);
    return spent;
  }

  get total(): number {
    return this.sum;
  }

  /** `untilMs` is not earlier than that of what was added before. */
  add(points: number, untilMs: number): void {
    const last = this.untilMs.length - 1;
    if (last >= this.first && this.untilMs[last] === untilMs) this.points[last] = (this.points[last] ?? 0) + points;
    else {
      this.points.push(points);
      this.untilMs.push(untilMs);
    }
    this.sum += points;
  }

  /** Takes off what was added last. */
  takeBack(points: number): void {
    for (let left = points; left > 0 && this.first < this.untilMs.length;) {
      const last = this.untilMs.length - 1;
      const taken = Math.min(left, this.points[last] ?? 0);
      this.points[last] = (this.points[last] ?? 0) - taken;
      this.sum -= taken;
      left -= taken;
      if (this.points[last] === 0) {
        this.points.pop();
        this.untilMs.pop();
      }
    }
  }

  expire(nowMs: number): void {
    while (this.first < this.untilMs.length && (this.untilMs[this.first] ?? 0) <= nowMs) {
      this.sum -= this.points[this.first] ?? 0;
      this.first += 1;
    }
    if (this.first > 32 && this.first * 2 > this.untilMs.length) {
      this.points = this.points.slice(this.first);
      this.untilMs = this.untilMs.slice(this.first);
      this.first = 0;
    }
  }

  get nextMs(): number {
    return this.untilMs[this.first] ?? Infinity;
  }

  /** As two columns: points, and the milliseconds they still count. */
  left(nowMs: number): { points: number[]; leftMs: number[] } {
    const leftMs = this.untilMs.slice(this.first).map((until) => Math.ceil(until - nowMs));
    return { points: this.points.slice(this.first), leftMs };
  }

  /** The n-th of those still counted, from the oldest; null past the end. */
  at(n: number): { points: number; untilMs: number } | null {
    const index = this.first + n;
    if (index >= this.untilMs.length) return null;
    return { points: this.points[index] ?? 0, untilMs: this.untilMs[index] ?? 0 };
  }
}

/**
 * What one process knows and may spend of one subject's points. All times are this process's monotonic clock.
 * What it may spend was set aside for it under a lock that all processes share; what it spent is told with the next
 * request for more. So no window ever holds more than the limit, whatever the processes do at the same time.
 */
export class Share {
  /** What this process spent within the window. */
  readonly own = new SpentPoints();
  /** What the others had spent when we last asked. */
  private others = new SpentPoints();
  /** Set aside for the others when we last asked. */
  reservedByOthers = 0;
  /** Set aside for this process. */
  private reserved = 0;
  private reservedUntilMs = 0;
  /** Others may give back what was set aside for them: then it is worth asking again. */
  askAgainMs = 0;
  /** Whether the others know of all that was spent here. */
  told = true;
  lastSpentMs = 0;
  /** Points that calls wait for. */
  wanted = 0;

  constructor(public limit: number) {}

  /** Call it before looking at anything else. */
  expire(nowMs: number): void {
    this.own.expire(nowMs);
    this.others.expire(nowMs);
    if (nowMs >= this.reservedUntilMs) this.reserved = 0;
  }

  get ready(): number {
    return this.reserved;
  }

  get remaining(): number {
    return Math.max(0, this.limit - this.own.total - this.others.total - this.reservedByOthers);
  }

  /** When `remaining` next grows. */
  get nextMs(): number {
    return Math.min(this.own.nextMs, this.others.nextMs);
  }

  get reservationEndsMs(): number {
    return this.reserved > 0 ? this.reservedUntilMs : Infinity;
  }

  spend(points: number, nowMs: number, untilMs: number): void {
    this.reserved = Math.max(0, this.reserved - points);
    this.own.add(points, untilMs);
    this.lastSpentMs = nowMs;
    this.told = false;
  }

  /** The other processes hear of it with the next request for more. */
  takeBack(points: number): void {
    this.own.takeBack(points);
    this.told = false;
  }

  /** What the store set aside in answer to a request that was sent at `sentMs`. */
  receive(reserved: number, untilMs: number, reservedByOthers: number, others: SpentPoints): void {
    this.reserved = reserved;
    this.reservedUntilMs = untilMs;
    this.reservedByOthers = reservedByOthers;
    this.others = others;
    this.told = true;
  }

  /** Nothing is spent from now on without asking. */
  lapse(): void {
    this.reserved = 0;
  }

  /** When this many points will be free, as far as we know; Infinity: not by what we know. */
  freeMs(points: number): number {
    let missing = points - this.remaining;
    let freeMs = 0;
    for (let [own, others] = [0, 0]; missing > 0;) {
      const mine = this.own.at(own);
      const theirs = this.others.at(others);
      const next = theirs === null || (mine !== null && mine.untilMs <= theirs.untilMs) ? mine : theirs;
      if (next === null) return Infinity;
      if (next === mine) own += 1;
      else others += 1;
      missing -= next.points;
      freeMs = next.untilMs;
    }
    return freeMs;
  }

  /** Whether forgetting it would change no answer. */
  get idle(): boolean {
    return this.reserved === 0 && this.told && this.wanted === 0 && this.own.total === 0;
  }
}
