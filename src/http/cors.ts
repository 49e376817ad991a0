import type { IncomingMessage, ServerResponse } from 'node:http';

const methods = 'GET, HEAD, POST, PATCH, DELETE';
const requestHeaders = 'Authorization, Content-Type, Idempotency-Key, If-None-Match, X-Request-Id';
const exposedHeaders = [
  'ETag',
  'Idempotency-Replayed',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
  'X-Request-Id',
].join(', ');
const preflightKeptSeconds = '7200';

/** Which pages of other origins may read our answers: none unless named, all for `*`. Never with cookies. */
export class Cors {
  constructor(private readonly origins: readonly string[]) {}

  /** Marks the answer; true when the request was a preflight, which is answered with that. */
  answer(request: IncomingMessage, response: ServerResponse): boolean {
    if (this.origins.length === 0) return false;
    const { origin } = request.headers;
    const anyone = this.origins.includes('*');
    if (!anyone) response.appendHeader('Vary', 'Origin');
    if (origin === undefined || !(anyone || this.origins.includes(origin))) return false;
    response.setHeader('Access-Control-Allow-Origin', anyone ? '*' : origin);
    response.setHeader('Access-Control-Expose-Headers', exposedHeaders);
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return false;
    response.setHeader('Access-Control-Allow-Methods', methods);
    response.setHeader('Access-Control-Allow-Headers', requestHeaders);
    response.setHeader('Access-Control-Max-Age', preflightKeptSeconds);
    response.writeHead(204).end();
    return true;
  }
}
