export const dayMs = 86_400_000;
/** What of a difference between clocks is worth a word: less is what machines differ by. */
export const notableMs = 5_000;
/** What stepped has to stand for so long before it is believed: a clock that is wrong for a moment moves nothing. */
const believedAfterMs = 50_000;

/** How far other clocks are ahead of the process's, in milliseconds. */
export interface Differences {
  machine: number;
  database: number;
}

/**
 * The time of this process: a clock that nobody sets, put right by the database's at the start and each minute. What the
 * machine's own clock says, or steps to, moves nothing.
 */
export class Clock {
  /** The time when the monotonic clock was at zero. */
  private zeroMs: number;
  private anchored = false;
  /** How far the database's clock is ahead, where that is not believed. */
  private unbelievedMs = 0;
  /** In the monotonic clock. */
  private unbelievedSince = 0;
  private anchoring = false;

  constructor(
    private readonly machineMs: () => number = Date.now,
    private readonly monotonicMs: () => number = () => performance.now(),
  ) {
    this.zeroMs = machineMs() - monotonicMs();
  }

  /** Unix milliseconds. */
  nowMs(): number {
    return Math.floor(this.zeroMs + this.monotonicMs());
  }

  /**
   * Looks at the database's clock. At first it is taken as it is. Later, a step of it is followed only where the machine's
   * clock says the same, and both have for a while: of three clocks, the one that is wrong is alone.
   */
  async anchor(databaseMs: () => Promise<number>): Promise<void> {
    // One that takes long says little, and a further one no more.
    if (this.anchoring) return;
    this.anchoring = true;
    const askedAt = this.monotonicMs();
    try {
      this.compare(await databaseMs(), (this.monotonicMs() - askedAt) / 2);
    } finally {
      this.anchoring = false;
    }
  }

  /** Of the machine's clock now, and of the database's where it is not followed. */
  differences(): Differences {
    return { machine: Math.round(this.machineMs() - this.zeroMs - this.monotonicMs()), database: this.unbelievedMs };
  }

  /** @param halfTripMs how old what the database said is, give or take as much */
  private compare(databaseMs: number, halfTripMs: number): void {
    const atMs = this.monotonicMs();
    const zeroMs = databaseMs + halfTripMs - atMs;
    const aheadMs = zeroMs - this.zeroMs;
    if (this.anchored && Math.abs(aheadMs) <= halfTripMs) {
      this.unbelievedMs = 0;
    } else if (!this.anchored || Math.abs(aheadMs) <= notableMs || this.believes(aheadMs, atMs)) {
      this.zeroMs = zeroMs;
      this.anchored = true;
      this.unbelievedMs = 0;
    }
  }

  private believes(aheadMs: number, atMs: number): boolean {
    const isSame = this.unbelievedMs !== 0 && Math.abs(aheadMs - this.unbelievedMs) <= notableMs;
    if (!isSame) this.unbelievedSince = atMs;
    this.unbelievedMs = Math.round(aheadMs);
    const machineAgrees = Math.abs(this.differences().machine - aheadMs) <= notableMs;
    return machineAgrees && atMs - this.unbelievedSince >= believedAfterMs;
  }
}

/** The process's own, like its ids. */
export const clock = new Clock();

export const nowMs = (): number => clock.nowMs();
export const now = (): Date => new Date(clock.nowMs());

/** In words, what an operator should know of the clocks; null when they agree. */
export function clockTrouble({ machine, database }: Differences): string | null {
  const told = Object.entries({
    "this machine's clock": machine,
    "the database's clock, which stepped and is not followed,": database,
  })
    .filter(([, ms]) => Math.abs(ms) > notableMs)
    .map(([whose, ms]) => `${whose} is ${Math.abs(ms / 1_000).toFixed(0)} s ${ms > 0 ? 'ahead' : 'behind'}`);
  return told.length === 0 ? null : `${told.join(', and ')}; the time that this process goes by is unmoved`;
}
