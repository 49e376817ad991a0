import type { ServerResponse } from 'node:http';
import type { Grant } from './rate-limit.js';

/** What a caller is told of its limit: in the names it knows, and in those of the IETF draft. */
export function tellRateLimit({ limit, remaining, resetAtMs }: Grant, response: ServerResponse): void {
  response.setHeader('X-RateLimit-Limit', limit);
  response.setHeader('X-RateLimit-Remaining', remaining);
  response.setHeader('X-RateLimit-Reset', resetAtMs);
  const resetInSeconds = Math.max(0, Math.ceil((resetAtMs - Date.now()) / 1_000));
  response.setHeader('RateLimit-Policy', `"plan";q=${limit};w=60`);
  response.setHeader('RateLimit', `"plan";r=${remaining};t=${resetInSeconds}`);
}
