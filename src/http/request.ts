import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { BlockList } from 'node:net';
import { isIP } from 'node:net';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Origin } from '../platform/actor.js';
import type { Log } from '../platform/log.js';
import type { Tracing } from '../platform/tracing.js';

const callersOwn = /^[A-Za-z0-9._-]{1,128}$/;

/** What every later step knows of a request; kept beside it, so that no header can pose as it. */
export class RequestFacts {
  /** Set once the caller is known, for the access log. */
  caller: string | null = null;
  private child: Log | null = null;

  constructor(
    readonly origin: Origin,
    private readonly parent: Log,
  ) {}

  /** With the request's id in every line; most requests write none. */
  get log(): Log {
    this.child ??= this.parent.child({ request_id: this.origin.requestId });
    return this.child;
  }
}

const factsKept = new WeakMap<Request, RequestFacts>();

export function factsOf(request: Request): RequestFacts {
  const facts = factsKept.get(request);
  if (facts === undefined) throw new Error('the request was not identified');
  return facts;
}

/** Gives the request its id and its caller's address, and logs one line when it is answered. */
export function identify(log: Log, trustedProxies: BlockList, tracing: Tracing): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    const given = request.headers['x-request-id'];
    const requestId = typeof given === 'string' && callersOwn.test(given) ? given : randomUUID();
    const facts = new RequestFacts({ requestId, address: addressOf(request, trustedProxies) }, log);
    factsKept.set(request, facts);
    response.setHeader('X-Request-Id', requestId);
    const startedAt = performance.now();
    response.once('close', () => {
      const { method, originalUrl } = request;
      // The query may hold what is nobody's business.
      const [path = ''] = originalUrl.split('?', 1);
      const status = response.writableFinished ? response.statusCode : 499;
      const ms = Math.round((performance.now() - startedAt) * 10) / 10;
      log.info({ request_id: requestId, method, path, status, ms, caller: facts.caller }, 'request');
      tracing.record({
        name: method,
        kind: 'server',
        startedAtMs: Date.now() - ms,
        ms,
        failed: status >= 500,
        traceparent: request.headers['traceparent'] as string | undefined,
        attributes: {
          'http.request.method': method,
          'url.path': path,
          'http.response.status_code': status,
          'iozen.request_id': requestId,
        },
      });
    });
    next();
  };
}

/** The first address from the right that is no trusted proxy. */
export function addressOf(request: IncomingMessage, trustedProxies: BlockList): string | null {
  const forwarded = String(request.headers['x-forwarded-for'] ?? '').split(',');
  const hops = [...forwarded, request.socket.remoteAddress ?? ''].map((hop) =>
    hop.trim().replace(/^::ffff:(?=\d+\.)/, ''),
  );
  for (let hop = hops.pop(); hop !== undefined; hop = hops.pop()) {
    const family = isIP(hop);
    if (family === 0) return null;
    if (!trustedProxies.check(hop, family === 6 ? 'ipv6' : 'ipv4')) return hop;
    if (hops.every((rest) => rest === '')) return hop;
  }
  return null;
}
