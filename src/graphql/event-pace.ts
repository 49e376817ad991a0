import { setTimeout as wait } from 'node:timers/promises';

/** The cost that a minute's points buy: 500 points of 500. */
const costPerMs = 250_000 / 60_000;
/** So much time's worth of cost may be run at once. */
const burstMs = 10_000;

/**
 * Slows the streams of a caller whose events cost more than the caller's points would buy: their events come later. A
 * stream of events loses nothing by that, and a stream of deliveries sends the latest.
 */
export class EventPace {
  /** By caller, when what was run so far will be paid; callers that are not ahead have no entry. */
  private readonly paidMs = new Map<string, number>();

  constructor(private readonly now = () => performance.now()) {}

  /** @throws AbortError */
  async take(callerId: string, cost: number, signal: AbortSignal): Promise<void> {
    const nowMs = this.now();
    const paidMs = Math.max(nowMs, this.paidMs.get(callerId) ?? 0) + cost / costPerMs;
    this.paidMs.set(callerId, paidMs);
    if (this.paidMs.size > forgetFrom) this.forget(nowMs);
    const aheadMs = paidMs - nowMs - burstMs;
    if (aheadMs > 0) await wait(aheadMs, undefined, { signal });
  }

  private forget(nowMs: number): void {
    for (const [callerId, paidMs] of this.paidMs) if (paidMs <= nowMs) this.paidMs.delete(callerId);
  }
}

const forgetFrom = 1_000;
