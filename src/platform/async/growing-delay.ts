import { setTimeout as wait } from 'node:timers/promises';

/**
 * The time between one try and the next: it doubles with each try, up to a bound. Each wait is up to a half longer, by
 * chance, so that processes which lost the same server do not all come back at the same moment.
 */
export class GrowingDelay {
  private nextMs: number;

  constructor(
    private readonly firstMs: number,
    private readonly mostMs: number,
  ) {
    this.nextMs = firstMs;
  }

  /** Waits; the timer does not keep a process alive that wants to end. */
  async wait(): Promise<void> {
    const ms = this.nextMs;
    this.nextMs = Math.min(ms * 2, this.mostMs);
    await wait(ms * (1 + Math.random() / 2), null, { ref: false });
  }

  /** After a success: the next delay is the shortest again. */
  reset(): void {
    this.nextMs = this.firstMs;
  }
}
