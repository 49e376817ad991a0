import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BlockList } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Request } from 'express';
import {
  GraphQLError,
  OperationTypeNode,
  type ExecutionResult,
  type GraphQLFormattedError,
  type GraphQLSchema,
} from 'graphql';
import { makeServer, type ServerOptions } from 'graphql-ws';
import { WebSocketServer, type WebSocket } from 'ws';
import { callerOf, type Authenticator } from '../http/authenticate.js';
import { bodyBytesMax } from '../http/body.js';
import { belongsTo } from '../http/connections.js';
import { failureOf } from '../http/failure.js';
import { tellRateLimit } from '../http/rate-limit-headers.js';
import { addressOf, factsOf } from '../http/request.js';
import { answerOnSocket } from '../http/unreadable.js';
import type { Standing } from '../http/standing.js';
import type { Strangers } from '../http/strangers.js';
import type { Actor, Origin } from '../platform/actor.js';
import { CallContext, type Door } from '../platform/call-context.js';
import { authenticationRequired, rateLimitExceeded, validationFailed, workspaceArchived } from '../platform/errors.js';
import { interruptible } from '../platform/interruptible.js';
import { story, type Log } from '../platform/log.js';
import { requireFeature } from '../workspaces/plans.js';
import { DocumentErrors } from './documents.js';
import { errorOfFailure, errorsOf, formatError } from './errors.js';
import type { Execution } from './execution.js';
import { Refused, type Admission, type Gate, type OperationRequest } from './gate.js';
import { isCostOnly, notAnOperation, readOperationRequest } from './operation-request.js';
import { attachSocket, closeSocket, issuesIn } from './socket.js';

const streamsPerCallerMax = 100;
const keepAliveMs = 12_000;

export interface StreamsDoor {
  schema: GraphQLSchema;
  gate: Gate;
  execution: Execution;
  authenticator: Authenticator;
  strangers: Strangers;
  standing: Standing;
  trustedProxies: BlockList;
  log: Log;
}

/** What there is beside a WebSocket. */
interface Extra {
  socket: WebSocket;
  request: IncomingMessage;
  /** Once it said who it is. */
  actor?: Actor;
  unwatch?: () => void;
}

/**
 * Subscriptions, over WebSocket (`graphql-transport-ws`) and server-sent events. They pass the same gate as what goes
 * over plain HTTP, say no more in their errors, and end when what opened them does.
 */
export class Streams {
  private readonly sockets = new WebSocketServer({
    noServer: true,
    maxPayload: bodyBytesMax,
    handleProtocols: (protocols) => (protocols.has('graphql-transport-ws') ? 'graphql-transport-ws' : false),
  });
  private readonly open = new Map<string, number>();
  private readonly closing = new AbortController();

  constructor(private readonly door: StreamsDoor) {
    const protocol = makeServer(this.protocol());
    const { log } = door;
    this.sockets.on('connection', (socket, request) => {
      const isKnown = ({ actor }: Extra) => actor !== undefined;
      attachSocket<Extra>(protocol, { socket, request }, { keepAliveMs, isKnown, log });
    });
  }

  /** Takes over a connection to `/graphql`; nobody else is told apart from one who knocks at the wrong door. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (!/^\/graphql\/?(\?|$)/.test(request.url ?? '')) return void socket.destroy();
    socket.on('error', () => socket.destroy());
    void this.letIn(request, socket, head);
  }

  /** Ends every stream; their clients reconnect, elsewhere or later. */
  async stop(): Promise<void> {
    this.closing.abort();
    for (const socket of this.sockets.clients) closeSocket(socket, 1001, 'Going away');
    await new Promise<void>((resolve) => this.sockets.close(() => resolve()));
  }

  /** One operation as a stream of server-sent events (graphql-sse, distinct connections). @throws Refused */
  async send(request: Request, response: ServerResponse, actor: Actor, origin: Origin, asked: OperationRequest) {
    const results = await this.resultsFor(request, actor, origin, asked);
    const end = () => void results.return();
    const stopWatching = this.door.standing.onEnded(actor, end);
    this.closing.signal.addEventListener('abort', end);
    response.on('close', end);
    const facts = factsOf(request);
    facts.lasts = true;
    facts.tell('Content-Type', 'text/event-stream; charset=utf-8');
    facts.tell('Cache-Control', 'no-store');
    // Its end is the connection's: a server that stops waits for none that is kept alive.
    facts.tell('Connection', 'close');
    facts.tell('X-Accel-Buffering', 'no');
    facts.tell('X-Content-Type-Options', 'nosniff');
    response.writeHead(200, facts.answerHeaders);
    response.write(':\n\n');
    const keepAlive = setInterval(() => response.write(':\n\n'), keepAliveMs);
    try {
      for await (const { id, result } of results) {
        const text = `${id === null ? '' : `id: ${id}\n`}event: next\ndata: ${JSON.stringify(result)}\n\n`;
        if (!response.write(text)) await drained(response);
      }
      response.write('event: complete\ndata:\n\n');
    } finally {
      clearInterval(keepAlive);
      stopWatching();
      this.closing.signal.removeEventListener('abort', end);
      response.end();
    }
  }

  /** Who shows nothing yet, as browsers and many libraries do, is a stranger until `connection_init`. */
  private async letIn(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    try {
      const origin = this.originOf(request);
      const { actor } = await callerOf(
        async () => await this.door.authenticator.actorOfUpgrade(request.headers, origin),
      );
      if (actor === null) this.door.strangers.enter(origin.address);
      this.sockets.handleUpgrade(request, socket, head, (opened) => this.sockets.emit('connection', opened, request));
    } catch (thrown) {
      const failure = failureOf(thrown, this.door.log);
      answerOnSocket(socket, failure, JSON.stringify({ errors: [errorOfFailure(failure)] }));
    }
  }

  private async resultsFor(request: Request, actor: Actor, origin: Origin, asked: OperationRequest) {
    const facts = factsOf(request);
    try {
      const admission = await this.door.gate.admit({ actor, address: origin.address }, asked);
      const { operation, cost, grant } = admission;
      // An idempotency key would go unheard.
      if (operation.operation === OperationTypeNode.MUTATION) throw new Refused(mutationsElsewhere, cost, grant);
      tellRateLimit(grant, facts);
      if (isCostOnly(request.headers)) return once({ data: null, extensions: { cost } });
      return this.run(admission, actor, origin, textOf(request.headers['last-event-id']));
    } catch (thrown) {
      if (!(thrown instanceof Refused && thrown.reason instanceof DocumentErrors)) throw thrown;
      const { reason, cost, grant } = thrown;
      if (grant !== null) tellRateLimit(grant, facts);
      return once({ errors: this.refusal(reason), extensions: { cost } });
    }
  }

  private protocol(): ServerOptions<Record<string, unknown>, Extra> {
    const { authenticator, standing, gate, log } = this.door;
    const results = new WeakMap<object, AsyncGenerator<Streamed, void>>();
    return {
      schema: this.door.schema,
      onConnect: async ({ extra, connectionParams = {} }) => {
        const origin = this.originOf(extra.request);
        const given = connectionParams['authorization'] ?? connectionParams['Authorization'];
        try {
          const actor = await authenticator.actorOfUpgrade(
            extra.request.headers,
            origin,
            typeof given === 'string' ? given : undefined,
          );
          if (actor === null) throw authenticationRequired({ cause: 'a stream without a name' });
          if (actor.workspace.archived) throw workspaceArchived();
          if (actor.kind === 'key') requireFeature(actor, 'api');
          extra.actor = actor;
          belongsTo(extra.request.socket, actor.workspaceId);
          extra.unwatch = standing.onEnded(actor, () => closeSocket(extra.socket, 4403, 'Forbidden'));
          return true;
        } catch (error) {
          log.debug({ error: story(error) }, 'a WebSocket was not let in');
          this.door.strangers.take(origin.address, 1);
          return false;
        }
      },
      onClose: ({ extra }) => extra.unwatch?.(),
      onSubscribe: async ({ extra }, _id, payload) => {
        const { actor } = extra;
        if (actor === undefined) throw new Error('subscribed before connected');
        const origin = this.originOf(extra.request);
        const from = { actor, address: origin.address };
        try {
          const issues = issuesIn(payload);
          if (issues.length > 0) throw await gate.refuse(from, validationFailed(issues));
          const asked = readOperationRequest({ ...payload });
          if (asked === null) throw await gate.refuse(from, validationFailed([notAnOperation]));
          const admission = await gate.admit(from, asked);
          const { valid, operation } = admission;
          const args = { schema: this.door.schema, document: valid.document, operationName: operation.name?.value };
          results.set(args, this.run(admission, actor, origin));
          return args;
        } catch (thrown) {
          if (!(thrown instanceof Refused)) throw thrown;
          const { reason, cost } = thrown;
          // There is no place for it beside the errors of this protocol.
          return this.refusal(reason, { cost });
        }
      },
      // Both have been started by then: `onSubscribe` told what they are to run.
      execute: async (args) => {
        const first = await results.get(args)?.next();
        return first?.value?.result ?? {};
      },
      subscribe: (args) => unwrapped(results.get(args)),
    };
  }

  private originOf(request: IncomingMessage): Origin {
    return { requestId: randomUUID(), address: addressOf(request, this.door.trustedProxies) };
  }

  /** Runs an operation: a subscription once for each event, with loaders of its own; anything else once. */
  private run(
    admission: Admission,
    actor: Actor,
    origin: Origin,
    lastEventId: string | null = null,
  ): AsyncGenerator<Streamed, void> {
    return interruptible((signal) => this.runUntil(admission, actor, { origin, lastEventId }, signal));
  }

  private async *runUntil(
    { valid, operation, cost, variables }: Admission,
    actor: Actor,
    from: Pick<Door, 'origin' | 'lastEventId'>,
    signal: AbortSignal,
  ): AsyncGenerator<Streamed, void> {
    const { execution } = this.door;
    const admitted = { valid, operation, variables };
    const contextOf = () => new CallContext(actor, { ...from, cookie: null, rateLimit: null });
    if (operation.operation !== OperationTypeNode.SUBSCRIPTION) {
      const result = await execution.run(admitted, contextOf());
      yield { id: null, result: { ...this.formatted(result), extensions: { cost } } };
      return;
    }
    const open = this.open.get(actor.credentialId) ?? 0;
    if (open >= streamsPerCallerMax) {
      yield { id: null, result: { errors: this.refusal(rateLimitExceeded(60)), extensions: { cost } } };
      return;
    }
    this.open.set(actor.credentialId, open + 1);
    try {
      const source = await execution.follow(admitted, contextOf());
      if (!(Symbol.asyncIterator in source)) {
        yield { id: null, result: { ...this.formatted(source), extensions: { cost } } };
        return;
      }
      const events = source[Symbol.asyncIterator]();
      signal.addEventListener('abort', () => void events.return?.());
      if (signal.aborted) await events.return?.();
      let isFirst = true;
      for await (const event of source) {
        const result = this.formatted(await execution.run(admitted, contextOf(), event));
        yield { id: idOf(event), result: isFirst ? { ...result, extensions: { cost } } : result };
        isFirst = false;
      }
    } finally {
      const left = (this.open.get(actor.credentialId) ?? 1) - 1;
      if (left === 0) this.open.delete(actor.credentialId);
      else this.open.set(actor.credentialId, left);
    }
  }

  private refusal(reason: unknown, beside: object = {}): GraphQLError[] {
    const inDocument = reason instanceof DocumentErrors ? reason.errors : [];
    return errorsOf(reason, this.door.log).map(({ extensions, ...error }, index) =>
      asError({ ...error, extensions: { ...extensions, ...beside } }, inDocument[index]),
    );
  }

  private formatted({ data, errors }: ExecutionResult): ExecutionResult {
    const { log } = this.door;
    return {
      ...(errors && { errors: errors.map((error) => asError(formatError(error.toJSON(), error, log), error)) }),
      ...(data !== undefined && { data }),
    };
  }
}

/** What may leave, in the form that the protocol's library takes. */
function asError(
  { message, extensions }: GraphQLFormattedError,
  { nodes, source, positions, path }: Partial<GraphQLError> = {},
) {
  return new GraphQLError(message, { nodes, source, positions, path, extensions });
}

interface Streamed {
  /** Of the event, for who wants to resume behind it. */
  id: string | null;
  /** The cost comes with the first. */
  result: ExecutionResult;
}

const idOf = (event: unknown): string | null => {
  const { id } = (event ?? {}) as { id?: unknown };
  return typeof id === 'string' ? id : null;
};

const mutationsElsewhere = new DocumentErrors('GRAPHQL_VALIDATION_FAILED', [
  new GraphQLError('Mutations go over plain HTTP: without Accept: text/event-stream.'),
]);

const textOf = (header: string | string[] | undefined) => (typeof header === 'string' && header !== '' ? header : null);

/** A stream with one answer: of an EventSource, a page never sees the body of a refusal. */
const once = (result: ExecutionResult): AsyncGenerator<Streamed, void> =>
  interruptible(async function* () {
    yield { id: null, result };
  });

function unwrapped(results: AsyncGenerator<Streamed, void> | undefined): AsyncGenerator<ExecutionResult, void> {
  if (results === undefined) throw new Error('nothing was admitted');
  return interruptible(async function* (signal) {
    signal.addEventListener('abort', () => void results.return());
    for await (const { result } of results) yield result;
  });
}

async function drained(response: ServerResponse): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}
