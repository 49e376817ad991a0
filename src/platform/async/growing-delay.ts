import { setTimeout as wait } from 'node:timers/promises';

/** The time between one try and the next: twice as long after each, up to a most. */
export class GrowingDelay {
  private nextMs: number;

  constructor(
    private readonly firstMs: number,
    private readonly mostMs: number,
  ) {
    this.nextMs = firstMs;
  }

  /** Keeps no process alive: who stops does not want the next try. */
  async wait(): Promise<void> {
    const ms = this.nextMs;
    this.nextMs = Math.min(ms * 2, this.mostMs);
    await wait(ms, null, { ref: false });
  }

  /** After a success: the next failure is the first again. */
  reset(): void {
    this.nextMs = this.firstMs;
  }
}
