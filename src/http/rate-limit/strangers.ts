import { networkOf } from '../../platform/addresses.js';
import { clock } from '../../platform/clock.js';
import { rateLimitExceeded } from '../../platform/errors.js';
import type { Grant } from './rate-limiter.js';
import { SlidingWindows } from './sliding-windows.js';

const pointsOfStranger = 500;
/** Points a minute of a /48, which one site may have whole. */
const pointsOfSite = 5_000;
/** Points a minute of all strangers together. */
const pointsOfAll = 5_000;

export interface StrangersOptions {
  windowMs?: number;
  /** A monotonic clock, in milliseconds. */
  now?: () => number;
}

/**
 * Counts strangers by address, before anything that they send is read: in a true sliding window in the memory of this
 * process alone, so that a flood costs no query and no lock. Refused calls are not kept, so that there are never more
 * counts than points for all strangers; a count goes only when its window is over.
 */
export class Strangers {
  private readonly networks: SlidingWindows;
  private readonly sites: SlidingWindows;
  private readonly all: SlidingWindows;
  private readonly windowMs: number;
  private readonly now: () => number;

  constructor({ windowMs = 60_000, now = () => performance.now() }: StrangersOptions = {}) {
    this.windowMs = windowMs;
    this.now = now;
    this.networks = new SlidingWindows(pointsOfStranger, windowMs);
    this.sites = new SlidingWindows(pointsOfSite, windowMs);
    this.all = new SlidingWindows(pointsOfAll, windowMs);
  }

  /** Takes points for one call, or none if that would be too many. */
  take(address: string | null, points: number): Grant {
    const nowMs = this.now();
    const network = networkOf(address ?? '');
    const counts: [SlidingWindows, string][] = [
      [this.networks, network],
      [this.sites, networkOf(address ?? '', 48)],
      [this.all, ''],
    ];
    const freeMs = Math.max(...counts.map(([windows, name]) => windows.freeMs(name, points, nowMs)));
    const allowed = freeMs <= nowMs;
    if (allowed) for (const [windows, name] of counts) windows.spend(name, points, nowMs);
    const remaining = Math.min(...counts.map(([windows, name]) => windows.remaining(name, nowMs)));
    const resetMs = this.networks.nextMs(network) - nowMs;
    return {
      allowed,
      limit: pointsOfStranger,
      remaining,
      resetAtMs: Math.ceil(clock.nowMs() + Math.max(0, resetMs)),
      retryAfterSeconds: allowed ? 0 : Math.max(1, Math.ceil(Math.min(this.windowMs, freeMs - nowMs) / 1_000)),
    };
  }

  /** @throws rate_limit_exceeded */
  enter(address: string | null): void {
    const { allowed, retryAfterSeconds } = this.take(address, 1);
    if (!allowed) throw rateLimitExceeded(retryAfterSeconds);
  }
}
