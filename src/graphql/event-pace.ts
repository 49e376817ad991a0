import { setTimeout as wait } from 'node:timers/promises';

/** As much in a minute as all points of a minute buy: 500 of 500. */
const costPerMs = 250_000 / 60_000;
/** What may come at once. */
const burstMs = 10_000;

/**
 * What the streams of one caller may run, by the cost of their events: whatever would be more comes later. A stream of
 * events loses nothing by that, and one of deliveries tells the latest.
 */
export class EventPace {
  /** When what was run so far would be paid, for those who are ahead. */
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
