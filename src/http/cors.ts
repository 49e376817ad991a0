import type { RequestHandler } from 'express';
import { factsOf } from './request.js';
import { sendEmpty } from './send.js';

const methods = 'GET, HEAD, POST, PATCH, DELETE';
const requestHeaders = [
  'Apollo-Require-Preflight',
  'Authorization',
  'Content-Type',
  'Idempotency-Key',
  'If-Match',
  'If-None-Match',
  'Last-Event-ID',
  'MCP-Protocol-Version',
  'Mcp-Method',
  'Mcp-Name',
  'X-Cost-Only',
  'X-MCP-Readonly',
  'X-Request-Id',
].join(', ');
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

/** Lets pages of these origins, or of all for `*`, read our answers, never with cookies; answers their preflights. */
export function crossOrigin(origins: readonly string[]): RequestHandler {
  const anyone = origins.includes('*');
  return (request, response, next) => {
    if (origins.length === 0) return next();
    const { origin, 'access-control-request-method': asked } = request.headers;
    const facts = factsOf(request);
    if (!anyone) facts.vary('Origin');
    if (origin === undefined || !(anyone || origins.includes(origin))) return next();
    facts.setHeader('Access-Control-Allow-Origin', anyone ? '*' : origin);
    facts.setHeader('Access-Control-Expose-Headers', exposedHeaders);
    if (request.method !== 'OPTIONS' || asked === undefined) return next();
    facts.setHeader('Access-Control-Allow-Methods', methods);
    facts.setHeader('Access-Control-Allow-Headers', requestHeaders);
    facts.setHeader('Access-Control-Max-Age', preflightKeptSeconds);
    sendEmpty(request, response, 204);
  };
}
