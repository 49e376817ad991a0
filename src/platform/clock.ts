export const dayMs = 86_400_000;
/** A smaller difference between clocks is not reported: machines do differ by that. */
export const notableMs = 5_000;
/** For so long both clocks must agree on a step before it is followed: a clock that is wrong for a moment moves nothing. */
const believedAfterMs = 50_000;
/** Of so many looks at the database's clock the quickest counts, or the first that took no longer than `quickMs`. */
const looksMax = 5;
const quickMs = 2;

/** How far other clocks are ahead of this process's clock, in milliseconds. */
export interface Differences {
  machine: number;
  database: number;
}

/** What the database's clock says the time was when the monotonic clock was at zero, give or take half a round trip. */
interface Look {
  zeroMs: number;
  halfTripMs: number;
}

/**
 * The time of this process: the monotonic clock, which nobody sets, corrected by the database's clock at the start and
 * each minute. A step of the machine's own clock moves it by nothing.
 */
export class Clock {
  /** The time, in Unix milliseconds, at which the monotonic clock was at zero. */
  private zeroMs: number;
  private anchored = false;
  /** How far the database's clock is ahead, while that is not followed. */
  private unbelievedMs = 0;
  /** Since when it is not followed, in the monotonic clock. */
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
   * Looks at the database's clock a few times, and goes by the quickest look: the answer to a slow one, such as to one that
   * waits for its connection first, may be wrong by half of the round trip. The first time the clock is taken as it is.
   * Later, a step of the database's clock is followed only once the machine's clock has agreed with it for a while: of
   * three clocks, the wrong one stands alone.
   */
  async anchor(databaseMs: () => Promise<number>): Promise<void> {
    // While these looks are under way others would tell nothing more.
    if (this.anchoring) return;
    this.anchoring = true;
    try {
      let tightest = await this.lookAt(databaseMs);
      for (let looks = 1; looks < looksMax && 2 * tightest.halfTripMs > quickMs; looks += 1) {
        const look = await this.lookAt(databaseMs);
        if (look.halfTripMs < tightest.halfTripMs) tightest = look;
      }
      this.compare(tightest);
    } finally {
      this.anchoring = false;
    }
  }

  /** The differences of the machine's clock, and of the database's clock where that is not followed. */
  differences(): Differences {
    return { machine: Math.round(this.machineMs() - this.zeroMs - this.monotonicMs()), database: this.unbelievedMs };
  }

  private async lookAt(databaseMs: () => Promise<number>): Promise<Look> {
    const askedAt = this.monotonicMs();
    const saidMs = await databaseMs();
    const halfTripMs = (this.monotonicMs() - askedAt) / 2;
    return { zeroMs: saidMs - askedAt - halfTripMs, halfTripMs };
  }

  private compare({ zeroMs, halfTripMs }: Look): void {
    const atMs = this.monotonicMs();
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

/** One clock a process, as ids are made by one counter a process. */
export const clock = new Clock();

export const nowMs = (): number => clock.nowMs();
export const now = (): Date => new Date(clock.nowMs());

/** Says in words how clocks differ, for an operator; null when they agree. */
export function clockTrouble({ machine, database }: Differences): string | null {
  const told = Object.entries({
    "this machine's clock": machine,
    "the database's clock, which stepped and is not followed,": database,
  })
    .filter(([, ms]) => Math.abs(ms) > notableMs)
    .map(([whose, ms]) => `${whose} is ${Math.abs(ms / 1_000).toFixed(0)} s ${ms > 0 ? 'ahead' : 'behind'}`);
  return told.length === 0 ? null : `${told.join(', and ')}; the time that this process goes by is unmoved`;
}
