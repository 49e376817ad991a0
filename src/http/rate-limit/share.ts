/** Points that were spent, each with the moment when it leaves the window, oldest first; their sum is kept at hand. */
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

  /** @param untilMs not earlier than in the call before */
  add(points: number, untilMs: number): void {
    const last = this.untilMs.length - 1;
    if (last >= this.first && this.untilMs[last] === untilMs) this.points[last] = (this.points[last] ?? 0) + points;
    else {
      this.points.push(points);
      this.untilMs.push(untilMs);
    }
    this.sum += points;
  }

  /** Takes back points, from those that were added last. */
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

  /** The points as two columns: how many, and for how many milliseconds they still count. */
  left(nowMs: number): { points: number[]; leftMs: number[] } {
    const leftMs = this.untilMs.slice(this.first).map((until) => Math.ceil(until - nowMs));
    return { points: this.points.slice(this.first), leftMs };
  }

  /** The n-th entry that still counts, from the oldest; null past the end. */
  at(n: number): { points: number; untilMs: number } | null {
    const index = this.first + n;
    if (index >= this.untilMs.length) return null;
    return { points: this.points[index] ?? 0, untilMs: this.untilMs[index] ?? 0 };
  }
}

/**
 * What one process knows of a subject's points, and which of them it may spend. All times are of this process's monotonic
 * clock. The points that it may spend were set aside for it under a lock that all processes share, and it tells what it
 * spent with its next request for more: so no window holds more than the limit, whatever processes do at the same time.
 */
export class Share {
  /** Points that this process spent within the window. */
  readonly own = new SpentPoints();
  /** Points that the other processes had spent when this one last asked. */
  private others = new SpentPoints();
  /** Points that were set aside for other processes when this one last asked. */
  reservedByOthers = 0;
  /** Points that are set aside for this process. */
  private reserved = 0;
  private reservedUntilMs = 0;
  /** When it is worth asking again, as other processes may have given back points by then. */
  askAgainMs = 0;
  /** Whether the store knows of all points that were spent here. */
  told = true;
  lastSpentMs = 0;
  /** Points that waiting calls want. */
  wanted = 0;

  constructor(public limit: number) {}

  /** Forgets what has left the window; to be called before any other look. */
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

  /** Takes back points that were spent a moment ago; the store hears of it with the next request for more. */
  takeBack(points: number): void {
    this.own.takeBack(points);
    this.told = false;
  }

  /** Takes over what the store has answered to a request for more points. */
  receive(reserved: number, untilMs: number, reservedByOthers: number, others: SpentPoints): void {
    this.reserved = reserved;
    this.reservedUntilMs = untilMs;
    this.reservedByOthers = reservedByOthers;
    this.others = others;
    this.told = true;
  }

  /** From now on no point is spent before the store was asked. */
  lapse(): void {
    this.reserved = 0;
  }

  /** When this many points will be free; Infinity where nothing that this process knows makes them free. */
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

  /** Whether this share may be forgotten: no answer would change by it. */
  get idle(): boolean {
    return this.reserved === 0 && this.told && this.wanted === 0 && this.own.total === 0;
  }
}
