import { nowMs } from '../../platform/clock.js';
import type { Grant } from './rate-limiter.js';
import type { RequestFacts } from '../request.js';

/** Sets the headers that tell a caller of its limit: by the names that we published, and by those of the IETF draft. */
export function setRateLimitHeaders({ limit, remaining, resetAtMs }: Grant, facts: RequestFacts): void {
  facts.setHeader('X-RateLimit-Limit', limit);
  facts.setHeader('X-RateLimit-Remaining', remaining);
  facts.setHeader('X-RateLimit-Reset', resetAtMs);
  // `resetAtMs` is rounded up, so that it may lie a little past the end of the window.
  const resetInSeconds = Math.min(60, Math.max(0, Math.ceil((resetAtMs - nowMs()) / 1_000)));
  facts.setHeader('RateLimit-Policy', `"plan";q=${limit};w=60`);
  facts.setHeader('RateLimit', `"plan";r=${remaining};t=${resetInSeconds}`);
}
