import { setTimeout as wait } from 'node:timers/promises';
import { FairQueue } from './fair-queue.js';

/** After a piece of it, everybody else has the event loop for so many times as long. */
const restTimes = 3;
/** One piece that took very long must not keep the next for minutes. */
const restMsMax = 400;

/**
 * Work that keeps the event loop for more than a moment and cannot be done in parts, as `pauseForOthers` wants: reading
 * a long body, validating a long document, trying patterns. A process does one piece at a time, callers take turns, and
 * after each the loop is left to all others for three times as long, so that no caller's large requests, within any
 * budget, make small ones late. Nothing small waits here.
 */
export class HeavyWork {
  private readonly waiting = new FairQueue<() => void>();
  private isBusy = false;

  constructor(
    private readonly now: () => number = () => performance.now(),
    private readonly rest: (ms: number) => Promise<unknown> = async (ms) => await wait(ms, null, { ref: false }),
  ) {}

  /** Does a piece of work once it is its caller's turn. Pieces of some 10 ms are best. */
  async run<T>(caller: string, work: () => T): Promise<T> {
    await this.turn(caller);
    const startedAt = this.now();
    try {
      return work();
    } finally {
      void this.leave(this.now() - startedAt);
    }
  }

  private async turn(caller: string): Promise<void> {
    if (!this.isBusy) {
      this.isBusy = true;
      return;
    }
    await new Promise<void>((begin) => this.waiting.push(caller, begin));
  }

  private async leave(ms: number): Promise<void> {
    await this.rest(Math.min(restMsMax, ms * restTimes));
    const begin = this.waiting.shift();
    if (begin === undefined) this.isBusy = false;
    else begin();
  }
}

/** Of this process: there is one event loop. */
export const heavyWork = new HeavyWork();
