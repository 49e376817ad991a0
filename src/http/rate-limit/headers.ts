import { nowMs } from '../../platform/clock.js';
import type { Grant } from './rate-limiter.js';
import type { RequestFacts } from '../request.js';

/** What a caller is told of its limit: in the names it knows, and in those of the IETF draft. */
export function tellRateLimit({ limit, remaining, resetAtMs }: Grant, facts: RequestFacts): void {
  facts.tell('X-RateLimit-Limit', limit);
  facts.tell('X-RateLimit-Remaining', remaining);
  facts.tell('X-RateLimit-Reset', resetAtMs);
  // Moments are rounded up a little, past the window's end.
  const resetInSeconds = Math.min(60, Math.max(0, Math.ceil((resetAtMs - nowMs()) / 1_000)));
  facts.tell('RateLimit-Policy', `"plan";q=${limit};w=60`);
  facts.tell('RateLimit', `"plan";r=${remaining};t=${resetInSeconds}`);
}
