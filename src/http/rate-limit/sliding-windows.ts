import { SpentPoints } from './share.js';

/** What each of many names spent within the last window, in the memory of this process alone; refusals are not kept. */
export class SlidingWindows {
  /** By name, in the order in which they last spent: names whose window is over come first. */
  private readonly spent = new Map<string, SpentPoints>();
  /** Moments are rounded up to a multiple of this, so that a window holds few different ones. */
  private readonly grainMs: number;

  constructor(
    private readonly limit: number,
    private readonly windowMs: number,
  ) {
    this.grainMs = windowMs / 600;
  }

  remaining(name: string, nowMs: number): number {
    const spent = this.spent.get(name);
    spent?.expire(nowMs);
    return this.limit - (spent?.total ?? 0);
  }

  nextMs(name: string): number {
    const nextMs = this.spent.get(name)?.nextMs ?? 0;
    return Number.isFinite(nextMs) ? nextMs : 0;
  }

  /** When this many points will be free. */
  freeMs(name: string, points: number, nowMs: number): number {
    let missing = points - this.remaining(name, nowMs);
    if (missing <= 0) return nowMs;
    const spent = this.spent.get(name);
    for (let index = 0; ; index += 1) {
      const next = spent?.at(index) ?? null;
      if (next === null) return Infinity;
      missing -= next.points;
      if (missing <= 0) return next.untilMs;
    }
  }

  spend(name: string, points: number, nowMs: number): void {
    if (points === 0) return;
    const spent = this.spent.get(name) ?? new SpentPoints();
    spent.add(points, Math.ceil(nowMs / this.grainMs) * this.grainMs + this.windowMs);
    this.spent.delete(name);
    this.spent.set(name, spent);
    for (const [oldest, others] of this.spent) {
      others.expire(nowMs);
      if (others.total > 0) break;
      this.spent.delete(oldest);
    }
  }
}
