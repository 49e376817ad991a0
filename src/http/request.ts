import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { BlockList, Socket } from 'node:net';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { isWithin, nodeName } from '../platform/addresses.js';
import type { Origin } from '../platform/actor.js';
import { nowMs } from '../platform/clock.js';
import { invalid } from '../platform/errors.js';
import type { Log } from '../platform/log.js';
import { newPlace, placeIn, type Tracing } from '../platform/tracing.js';
import { inAccount, WorkAccount } from '../platform/work/work-account.js';
import type { AccessLog } from './access-log.js';
import type { AskedOperation, RequestMetrics } from './request-metrics.js';

/** A year. */
const httpsSeconds = 31_536_000;
/** A method of the protocol is shorter; a caller may send any text as one. */
const methodCharactersMax = 64;
const callersOwn = /^[A-Za-z0-9._-]{1,128}$/;

const factsKey = Symbol('facts');

/** What every later step knows of a request. */
export class RequestFacts {
  /** Set once the caller is known, for the access log. */
  caller: string | null = null;
  /** The route's own text, such as `/api/v1/intake-bots/{id}`, once one is matched. */
  route: string | null = null;
  /** The GraphQL operation, once it is known. */
  operation: AskedOperation | null = null;
  /** What an agent asked of `/mcp`; `name` is the tool's, once a tool of ours is called. */
  tool: { method: string; name: string | null } | null = null;
  /** Whether the answer is a stream, which has time limits of its own. */
  lasts = false;
  /** The headers of the answer, names and values in turns: written in one piece when the answer is sent. */
  readonly answerHeaders: string[];
  /** Counts what the request takes; for its caller's workspace once the caller is known. */
  readonly account = new WorkAccount();
  /** Gives back the room of the body, which it has until the answer has left; a stream, which may last, has none. */
  giveBackBody: () => void = () => undefined;
  private child: Log | null = null;

  constructor(
    readonly origin: Origin,
    private readonly parent: Log,
  ) {
    this.answerHeaders = ['X-Request-Id', origin.requestId];
    this.account.address = origin.address ?? '';
  }

  /** Adds a header to the answer. */
  setHeader(name: string, value: string | number): void {
    this.answerHeaders.push(name, String(value));
  }

  /** Names a header of the request on which the answer depends; all of them stand in one `Vary`. */
  vary(name: string): void {
    const at = this.answerHeaders.findIndex((said, index) => index % 2 === 0 && said === 'Vary');
    if (at === -1) this.setHeader('Vary', name);
    else this.answerHeaders[at + 1] += `, ${name}`;
  }

  /** A log with the request's id in every line; made when it is first used, as most requests write no line. */
  get log(): Log {
    this.child ??= this.parent.child({ request_id: this.origin.requestId });
    return this.child;
  }
}

export function factsOf(request: IncomingMessage): RequestFacts {
  const facts = findFacts(request);
  if (facts === null) throw new Error('the request was not identified');
  return facts;
}

/** Null for a request that `identify` has not seen yet. */
export const findFacts = (request: IncomingMessage): RequestFacts | null => (request as Identified)[factsKey] ?? null;

type Identified = IncomingMessage & { [factsKey]?: RequestFacts };

/** Puts the headers that were set so far on the answer, for those that Express itself writes. */
export const nameAnswer: RequestHandler = (request, response, next) => {
  const { answerHeaders } = factsOf(request);
  for (let at = 0; at < answerHeaders.length; at += 2) {
    response.setHeader(answerHeaders[at] ?? '', answerHeaders[at + 1] ?? '');
  }
  response.setHeader('X-Content-Type-Options', 'nosniff');
  next();
};

export interface Identification {
  log: Log;
  accessLog: AccessLog;
  trustedProxies: BlockList;
  tracing: Tracing;
  requestMetrics: RequestMetrics;
  /** Whether answers tell browsers to use https alone from now on. */
  isSecure: boolean;
}

/** Gives the request its id and its caller's address, and logs one line when it is answered. */
export function identify({
  log,
  accessLog,
  trustedProxies,
  tracing,
  requestMetrics,
  isSecure,
}: Identification): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    const given = request.headers['x-request-id'];
    const requestId = typeof given === 'string' && callersOwn.test(given) ? given : randomUUID();
    const origin = {
      requestId,
      address: addressOf(request, trustedProxies),
      userAgent: request.headers['user-agent'] ?? null,
    };
    const facts = new RequestFacts(origin, log);
    if (isSecure) facts.setHeader('Strict-Transport-Security', `max-age=${httpsSeconds}`);
    (request as Identified)[factsKey] = facts;
    const parent = tracing.isOn ? placeIn(request.headers['traceparent'] as string | undefined) : null;
    const place = tracing.isOn ? newPlace(parent) : null;
    facts.account.span = place;
    const startedAt = performance.now();
    response.on('close', () => {
      facts.account.close(response.writableFinished);
      const { method, originalUrl } = request;
      const [path = ''] = originalUrl.split('?', 1);
      const status = response.writableFinished ? response.statusCode : 499;
      const ms = Math.round((performance.now() - startedAt) * 10) / 10;
      const { caller, origin, route, operation, tool } = facts;
      // How long a stream lasts says nothing of how long anybody waited.
      if (!facts.lasts) requestMetrics.count({ method, path, route, status, ms, operation });
      const hasLine = accessLog.write({ requestId, method, path, status, ms, caller, address: origin.address });
      if (!hasLine || place === null) return;
      tracing.record({
        name: route === null ? method : `${method} ${route}`,
        kind: 'server',
        startedAtMs: nowMs() - ms,
        ms,
        failed: status >= 500,
        place,
        parent: parent ?? undefined,
        attributes: {
          'http.request.method': method,
          'url.path': path,
          'http.response.status_code': status,
          ...(route !== null && { 'http.route': route }),
          ...(operation !== null && {
            'graphql.operation.type': operation.type,
            'graphql.operation.name': operation.name ?? undefined,
          }),
          ...(tool !== null && {
            'mcp.method.name': tool.method.slice(0, methodCharactersMax),
            'gen_ai.tool.name': tool.name ?? undefined,
          }),
          'iozen.request_id': requestId,
        },
      });
    });
    inAccount(facts.account, () =>
      next(isWithoutHost(request) ? invalid('Host', 'required', 'is required') : undefined),
    );
  };
}

/** A path without the slashes at its end; by an expression, many slashes that are not at the end take their square. */
export function withoutEndSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === '/') end -= 1;
  return path.slice(0, end);
}

const isWithoutHost = ({ httpVersion, headers }: IncomingMessage) =>
  httpVersion === '1.1' && headers.host === undefined;

/** So many proxies in a row are looked at; a header of 16 KiB could name thousands. */
const hopsMax = 32;

/**
 * The caller's address: the hops are those that `X-Forwarded-For` lists and, last, the socket's other end; the first from
 * the right that is no trusted proxy is the caller. Where a trusted proxy names something that is no address, the text
 * itself stands for the caller; null when the socket has no other end any more.
 */
export function addressOf({ headers, socket }: IncomingMessage, trustedProxies: BlockList): string | null {
  let hop = peerOf(socket);
  const forwarded = String(headers['x-forwarded-for'] ?? '');
  let end = forwarded.length;
  for (let hops = 0; hops < hopsMax && end > 0 && isWithin(trustedProxies, hop); hops += 1) {
    const comma = forwarded.lastIndexOf(',', end - 1);
    const named = nodeName(forwarded.slice(comma + 1, end));
    if (named !== '') hop = named;
    end = comma;
  }
  return hop === '' ? null : hop;
}

/** The address of a connection's other end. */
export const peerOf = ({ remoteAddress = '' }: Socket) => nodeName(remoteAddress);
