import { setTimeout as wait } from 'node:timers/promises';
import { FairQueue } from './fair-queue.js';

/** After a piece of heavy work everybody else has the event loop for so many times as long. */
const restTimes = 3;
/** The longest such rest: after a piece that took very long, the next must not wait for minutes. */
const restMsMax = 400;

/**
 * Work that keeps the event loop busy for more than a moment and cannot be done in parts between calls of
 * `pauseForOthers`: reading a long body, validating a long document, trying patterns. A process does one piece at a time,
 * callers take turns, whoever was served longest ago first, and after each piece the loop is free for three times as long, so that large requests, within
 * whatever budget, do not make small ones late. Small work never waits here.
 */
export class HeavyWork {
  private readonly waiting = new FairQueue<() => void>();
  private isBusy = false;

  constructor(
    private readonly now: () => number = () => performance.now(),
    private readonly rest: (ms: number) => Promise<unknown> = async (ms) => await wait(ms, null, { ref: false }),
  ) {}

  /** Does a piece of work once it is the caller's turn. A piece should take some 10 ms. */
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
    await new Promise<void>((begin) => {
      this.waiting.push(caller, begin);
      if (this.isBusy) return;
      this.isBusy = true;
      this.waiting.shift()?.();
    });
  }

  private async leave(ms: number): Promise<void> {
    await this.rest(Math.min(restMsMax, ms * restTimes));
    const begin = this.waiting.shift();
    if (begin === undefined) this.isBusy = false;
    else begin();
  }
}

/** One a process, as a process has one event loop. */
export const heavyWork = new HeavyWork();
