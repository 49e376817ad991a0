import type { IncomingMessage, ServerResponse } from 'node:http';
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

/** Lets pages of other origins read our answers: those that an operator named, or all for `*`; never with cookies. */
export class Cors {
  /** Adds the headers to an answer; a preflight has its answer by that. */
  readonly handler: RequestHandler = (request, response, next) => {
    if (!this.answer(request, response)) next();
  };

  constructor(private readonly origins: readonly string[]) {}

  /** @returns whether the request was a preflight, and is answered */
  private answer(request: IncomingMessage, response: ServerResponse): boolean {
    const { origin } = request.headers;
    const facts = factsOf(request);
    const anyone = this.origins.includes('*');
    if (!anyone) facts.vary('Origin');
    if (origin === undefined || !(anyone || this.origins.includes(origin))) return false;
    facts.setHeader('Access-Control-Allow-Origin', anyone ? '*' : origin);
    facts.setHeader('Access-Control-Expose-Headers', exposedHeaders);
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return false;
    facts.setHeader('Access-Control-Allow-Methods', methods);
    facts.setHeader('Access-Control-Allow-Headers', requestHeaders);
    facts.setHeader('Access-Control-Max-Age', preflightKeptSeconds);
    sendEmpty(request, response, 204);
    return true;
  }
}
