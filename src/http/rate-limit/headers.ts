import { nowMs } from '../../platform/clock.js';
import type { Grant } from './rate-limiter.js';
import type { RequestFacts } from '../request.js';

/** What a caller is told of its limit: in the names it knows, and in those of the IETF draft. */
export function setRateLimitHeaders({ limit, remaining, resetAtMs }: Grant, facts: RequestFacts): void {
  facts.setHeader('X-RateLimit-Limit', limit);
  facts.setHeader('X-RateLimit-Remaining', remaining);
  facts.setHeader('X-RateLimit-Reset', resetAtMs);
  // Moments are rounded up a little, past the window's end.
  const resetInSeconds = Math.min(60, Math.max(0, Math.ceil((resetAtMs - nowMs()) / 1_000)));
  facts.setHeader('RateLimit-Policy', `"plan";q=${limit};w=60`);
  facts.setHeader('RateLimit', `"plan";r=${remaining};t=${resetInSeconds}`);
}
