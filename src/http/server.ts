import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import express, { type ErrorRequestHandler, type Express, type RequestHandler, type Router } from 'express';
import { Failure, notFound, preconditionFailed } from '../platform/errors.js';
import type { HttpConnections } from './connections.js';
import { failureOf } from './failure.js';
import { factsOf, identify, nameAnswer, type Identification } from './request.js';

export interface Hall extends Identification {
  /** `/healthz`, `/readyz`, `/metrics`. */
  operator: Router;
  /** null in a process that works jobs alone. */
  doors: {
    /** Lets pages of other origins read what the doors answer. */
    crossOrigin: RequestHandler;
    rest: RequestHandler;
    graphql: RequestHandler;
    /** `/mcp`, for agents. */
    mcp: RequestHandler;
    explorer: Router;
    /** `/docs` and `/llms.txt`. */
    docs: RequestHandler;
    /** Leads whoever opens `/graphql` in a browser to the explorer. */
    readers: RequestHandler;
    /** `/`. */
    entrance: Router;
    /** `/console`. */
    pages: Router;
    /** `/attribution.js`. */
    attributionScript: RequestHandler;
    /** The text of `schema.graphql`. */
    schemaText: string;
  } | null;
}

const headerBytesMax = 16_384;

/** Everything that a request passes, in order, on one page. */
export function httpApp({ operator, doors, ...identification }: Hall): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(identify(identification));
  if (doors !== null) {
    app.use('/api/v1', doors.crossOrigin, doors.rest);
    app.get('/graphql', doors.readers);
    app.all('/graphql', doors.crossOrigin, doors.graphql);
    app.all('/mcp', doors.crossOrigin, doors.mcp);
    app.all('/schema.graphql', doors.crossOrigin);
    app.all('/attribution.js', doors.attributionScript);
    // Not a pattern with a parameter: Express would decode it, which some paths cannot be.
    app.use('/docs', doors.docs);
    app.all('/llms.txt', doors.docs);
  }
  app.use(nameAnswer);
  if (doors !== null) {
    app.use('/graphql/explorer', doors.explorer);
    app.use('/console', doors.pages);
    app.use(doors.entrance);
    app.get('/schema.graphql', (_request, response) => {
      response.type('text/plain').send(doors.schemaText);
    });
  }
  app.use(operator);
  app.use(() => {
    throw notFound('route');
  });
  app.use(fail);
  return app;
}

const fail: ErrorRequestHandler = (thrown: unknown, request, response, next) => {
  if (response.headersSent) return next(thrown);
  const { log, origin } = factsOf(request);
  const { status, code, message, details, headers } = failureOf(refusedByExpress(thrown) ?? thrown, log);
  response.setHeader('X-Request-Id', origin.requestId);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.status(status).json({ success: false, error: { code, message, details } });
};

/** What Express refuses by itself: a path that it cannot decode, a file that is another than the caller wants. */
function refusedByExpress(thrown: unknown): Failure | null {
  if (thrown instanceof Failure) return null;
  const { status } = (thrown ?? {}) as { status?: unknown };
  if (status === 412) return preconditionFailed();
  return status === 400 || status === 404 ? notFound('route', { cause: thrown }) : null;
}

/** The path of a request target: a client that takes this server for a proxy sends the whole URL. */
const withoutOrigin = (target: string) => target.replace(/^https?:\/\/[^/?]*\/?/i, '/');

export class HttpServer {
  private readonly server: Server;
  private readonly connections: HttpConnections;

  constructor(
    app: Express,
    /** Takes a connection that is to become something other than HTTP; null when nothing does. */
    upgrade: ((request: IncomingMessage, socket: Duplex, head: Buffer) => void) | null,
    connections: HttpConnections,
  ) {
    const { limits } = connections;
    this.connections = connections;
    const options = {
      headersTimeout: limits.strangersRequestMs,
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: limits.checkEveryMs,
      maxHeaderSize: headerBytesMax,
      keepAliveTimeout: 65_000,
      // A request without `Host` is refused by our own code, in the form of the door that it called.
      requireHostHeader: false,
      // Some clients offer an upgrade to HTTP/2 (h2c) with every ordinary request: the offer is ignored.
      shouldUpgradeCallback: ({ headers }: IncomingMessage) => headers.upgrade?.toLowerCase() === 'websocket',
    };
    const answer = (request: IncomingMessage, response: ServerResponse) => {
      request.url = withoutOrigin(request.url ?? '/');
      if (connections.begin(request, response)) app(request, response);
    };
    this.server = createServer(options, answer);
    this.server.on('clientError', (error, socket) => connections.unreadable(error, socket as Socket, headerBytesMax));
    // An expectation other than 100-continue may be ignored, which serves the caller better than a bare 417.
    this.server.on('checkExpectation', answer);
    if (upgrade !== null) {
      this.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
        connections.upgrade(socket as Socket);
        upgrade(request, socket, head);
      });
    }
    this.server.on('connection', (socket: Socket) => connections.open(socket));
  }

  /** The port, which the system chooses when asked for 0. */
  async listen(port: number, host: string): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject).listen(port, host, resolve);
    });
    return (this.server.address() as AddressInfo).port;
  }

  /** Takes no more requests, and answers those that have come. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.server.close(() => resolve());
    });
    this.server.closeIdleConnections();
    this.connections.endIdle();
    await closed;
    this.connections.close();
  }

  /** Ends every connection, answered or not. */
  abort(): void {
    this.server.closeAllConnections();
  }
}
