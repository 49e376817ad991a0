/** One file because a stream is let in, run and ended by the same rules over WebSockets and server-sent events. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BlockList } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Request } from 'express';
import { GraphQLError, type ExecutionResult, type FormattedExecutionResult, type GraphQLSchema } from 'graphql';
import { makeServer, type ServerOptions } from 'graphql-ws';
import { WebSocket, WebSocketServer } from 'ws';
import { callerOf, type Authenticator } from '../http/authenticate.js';
import { bodyBytesMax } from '../http/body.js';
import { belongsTo } from '../http/connections.js';
import { failureOf } from '../http/failure.js';
import { setRateLimitHeaders } from '../http/rate-limit/headers.js';
import { addressOf, factsOf } from '../http/request.js';
import { answerOnSocket } from '../http/unreadable.js';
import type { RevocationWatch } from '../http/revocation-watch.js';
import type { Strangers } from '../http/rate-limit/strangers.js';
import type { Actor, Origin } from '../platform/actor.js';
import { authenticationRequired, validationFailed, workspaceArchived } from '../platform/errors.js';
import { interruptible } from '../platform/async/interruptible.js';
import { errorFields, type Log } from '../platform/log.js';
import { inAccountOf } from '../platform/work/work-account.js';
import { requireFeature } from '../workspaces/plans.js';
import { DocumentErrors } from './documents.js';
import { errorOfFailure, errorsOf } from './errors.js';
import type { Execution } from './execution.js';
import type { Admission, Admitted, OperationRequest, Refused } from './admission.js';
import { Holdings } from './holdings.js';
import { isCostOnly, notAnOperation, readOperationRequest } from './operation-request.js';
import { CutOff, Results, type Streamed } from './results.js';
import { attachSocket, closeSocket, issuesIn } from './socket.js';
import { Untaken } from './untaken.js';

const socketsMax = { ofCaller: 20, ofWorkspace: 200 };
const keepAliveMs = 12_000;
/** Of one caller, over all their streams: the largest answer, and what else there may be to say. */
const untakenBytesMax = 48 * 1_048_576;
/** A WebSocket is asked by pings whether anybody reads. */
const unreadMsMax = 30_000;
const forbiddenMsMax = 1_000;
const complete = 'event: complete\ndata:\n\n';

export interface StreamsNeeds {
  schema: GraphQLSchema;
  admission: Admission;
  execution: Execution;
  authenticator: Authenticator;
  strangers: Strangers;
  revocations: RevocationWatch;
  trustedProxies: BlockList;
  log: Log;
}

/** What there is beside a WebSocket. */
interface Extra {
  socket: WebSocket;
  request: IncomingMessage;
  /** Once it said who it is. */
  actor?: Actor;
  /** What ends its streams. */
  running: Set<AbortController>;
  /** What it asked for once, and waits for. */
  asked: Set<AsyncGenerator<Streamed, void>>;
  /** Whether what it was opened with is no more. */
  forbidden?: boolean;
}

/** An operation of a socket that has been admitted. */
interface Running {
  results: AsyncGenerator<Streamed, void>;
  ending: AbortController;
  extra: Extra;
}

/**
 * Subscriptions, over WebSocket (`graphql-transport-ws`) and server-sent events. They are admitted as what goes over
 * plain HTTP is, say no more in their errors, and end when what opened them does.
 */
export class Streams {
  private readonly sockets = new WebSocketServer({
    noServer: true,
    maxPayload: bodyBytesMax,
    handleProtocols: (protocols) => (protocols.has('graphql-transport-ws') ? 'graphql-transport-ws' : false),
  });
  private readonly closing = new AbortController();
  private readonly socketsOf = new Holdings(socketsMax);
  private readonly untaken = new Untaken(untakenBytesMax);
  private readonly results: Results;

  constructor(private readonly needs: StreamsNeeds) {
    const { execution, log } = needs;
    this.results = new Results(execution, log);
    const protocol = makeServer(this.protocol());
    const isKnown = ({ actor }: Extra) => actor !== undefined;
    const toTake = ({ actor }: Extra, bytes: number) => this.untaken.add(actor?.id ?? '', bytes);
    this.sockets.on('connection', (socket, request) => {
      attachSocket<Extra>(
        protocol,
        { socket, request, running: new Set(), asked: new Set() },
        { keepAliveMs, isKnown, toTake, log },
      );
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

  /** One operation as a stream of server-sent events (graphql-sse, distinct connections). */
  async send(request: Request, response: ServerResponse, actor: Actor, admitted: Admitted | Refused): Promise<void> {
    const facts = factsOf(request);
    if (admitted.grant !== null) setRateLimitHeaders(admitted.grant, facts);
    const ending = new AbortController();
    const results = this.resultsFor(request, actor, admitted, ending.signal);
    const cut = () => ending.abort(new CutOff('we stop'));
    const stopWatching = this.needs.revocations.onEnded(actor, () => ending.abort(standingEnded()));
    this.closing.signal.addEventListener('abort', cut);
    response.on('close', () => void results.return());
    facts.lasts = true;
    facts.setHeader('Content-Type', 'text/event-stream; charset=utf-8');
    facts.setHeader('Cache-Control', 'no-store');
    // Its end is the connection's: a server that stops waits for none that is kept alive.
    facts.setHeader('Connection', 'close');
    facts.setHeader('X-Accel-Buffering', 'no');
    facts.setHeader('X-Content-Type-Options', 'nosniff');
    response.writeHead(200, facts.answerHeaders);
    response.write(':\n\n');
    const keepAlive = setInterval(() => response.writableNeedDrain || response.write(':\n\n'), keepAliveMs);
    if (this.closing.signal.aborted) cut();
    if (response.destroyed) void results.return();
    try {
      for await (const streamed of results) await this.write(response, actor, streamed);
      response.write(complete);
    } catch (error) {
      // What ends without it is begun anew by its client, behind the last event that it saw.
      if (!(error instanceof CutOff)) {
        const errors = errorsOf(failureOf(error, facts.log));
        await this.write(response, actor, { id: null, result: { errors } });
        response.write(complete);
      }
    } finally {
      clearInterval(keepAlive);
      stopWatching();
      this.closing.signal.removeEventListener('abort', cut);
      response.end();
    }
  }

  /** Hangs up on who does not read. */
  private async write(response: ServerResponse, { id: callerId }: Actor, { id, result }: Streamed): Promise<void> {
    const text = `${id === null ? '' : `id: ${id}\n`}event: next\ndata: ${JSON.stringify(result)}\n\n`;
    const taken = this.untaken.add(callerId, text.length);
    if (taken === null) return void response.destroy();
    try {
      if (!response.write(text) && !(await isDrained(response))) response.destroy();
    } finally {
      taken();
    }
  }

  /** Who shows nothing yet, as browsers and many libraries do, is a stranger until `connection_init`. */
  private async letIn(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    try {
      const origin = this.originOf(request);
      const { actor } = await callerOf(
        async () => await this.needs.authenticator.actorOfUpgrade(request.headers, origin),
      );
      if (actor === null) this.needs.strangers.enter(origin.address);
      this.sockets.handleUpgrade(request, socket, head, (opened) => this.sockets.emit('connection', opened, request));
    } catch (thrown) {
      const failure = failureOf(thrown, this.needs.log);
      answerOnSocket(socket, failure, JSON.stringify({ errors: [errorOfFailure(failure)] }));
    }
  }

  private resultsFor(
    request: Request,
    actor: Actor,
    admitted: Admitted | Refused,
    ending: AbortSignal,
  ): AsyncGenerator<Streamed, void> {
    const { origin, log } = factsOf(request);
    const extensions = { cost: admitted.cost };
    if (admitted.refusal !== null) return single({ errors: errorsOf(failureOf(admitted.refusal, log)), extensions });
    if (isCostOnly(request.headers)) return single({ data: null, extensions });
    const lastEventId = textOf(request.headers['last-event-id']);
    return this.results.of({ admitted, actor, origin, lastEventId, ending });
  }

  private protocol(): ServerOptions<Record<string, unknown>, Extra> {
    const { authenticator, revocations, admission, log } = this.needs;
    const running = new WeakMap<object, Running>();
    return {
      schema: this.needs.schema,
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
          // It may have left while it was looked up.
          if (extra.socket.readyState !== WebSocket.OPEN) return false;
          const release = this.socketsOf.take(actor);
          if (release === null) {
            closeSocket(extra.socket, 1013, 'Too many sockets');
            return false;
          }
          extra.actor = actor;
          belongsTo(extra.request.socket, actor.workspaceId);
          const unwatch = revocations.onEnded(actor, () => forbid(extra));
          extra.socket.once('close', () => {
            unwatch();
            release();
            for (const results of extra.asked) void results.return();
          });
          return true;
        } catch (error) {
          log.debug({ error: errorFields(error) }, 'a WebSocket was not let in');
          this.needs.strangers.take(origin.address, 1);
          return false;
        }
      },
      onSubscribe: async ({ extra }, _id, payload) => {
        const { actor } = extra;
        if (actor === undefined) throw new Error('subscribed before connected');
        const origin = this.originOf(extra.request);
        const caller = { actor, address: origin.address };
        const admit = async () => await admission.admit(caller, () => operationIn(payload));
        const admitted = await inAccountOf(actor, null, admit);
        if (admitted.refusal !== null) return this.refusal(admitted);
        const { valid, operation } = admitted;
        const args = { schema: this.needs.schema, document: valid.document, operationName: operation.name?.value };
        const ending = new AbortController();
        const results = this.results.of({ admitted, actor, origin, ending: ending.signal });
        running.set(args, { ending, results, extra });
        return args;
      },
      // Both have been started by then: `onSubscribe` told what they are to run.
      execute: async (args) => {
        const started = running.get(args);
        if (started === undefined) throw new Error('nothing was admitted');
        const { results, extra } = started;
        extra.asked.add(results);
        try {
          const first = await results.next();
          return (first.value?.result ?? {}) as ExecutionResult;
        } finally {
          extra.asked.delete(results);
        }
      },
      subscribe: (args) => {
        const started = running.get(args);
        if (started === undefined) throw new Error('nothing was admitted');
        return this.streamed(started);
      },
      // Both are formatted already.
      onNext: (_context, _id, _payload, _args, result) => result,
      onError: ({ extra }, _id, _payload, [error]) => {
        // In the same breath as the last error: a client that has no stream left would close for no reason given.
        if (extra.forbidden && extra.running.size === 0)
          setImmediate(() => closeSocket(extra.socket, 4403, 'Forbidden'));
        return error instanceof GraphQLError && error.originalError
          ? errorsOf(failureOf(error.originalError, log))
          : undefined;
      },
    };
  }

  /** Of one socket, which is closed where a stream breaks off: its client opens another, and comes back with all. */
  private streamed({ results, ending, extra }: Running): AsyncGenerator<ExecutionResult, void> {
    const { socket, running } = extra;
    return interruptible(async function* (left) {
      left.addEventListener('abort', () => void results.return());
      running.add(ending);
      try {
        for await (const { result } of results) yield result as ExecutionResult;
      } catch (error) {
        if (!(error instanceof CutOff)) throw error;
        closeSocket(socket, 1013, 'Try again later');
      } finally {
        running.delete(ending);
      }
    });
  }

  /** There is no place for the cost beside the errors of this protocol. */
  private refusal({ refusal, cost }: Refused): GraphQLError[] {
    const inDocument = refusal instanceof DocumentErrors ? refusal.errors : [];
    return errorsOf(failureOf(refusal, this.needs.log)).map(({ message, extensions }, index) => {
      const { nodes, source, positions } = inDocument[index] ?? {};
      return new GraphQLError(message, { nodes, source, positions, extensions: { ...extensions, cost } });
    });
  }

  private originOf(request: IncomingMessage): Origin {
    return { requestId: randomUUID(), address: addressOf(request, this.needs.trustedProxies) };
  }
}

/** @throws validation_failed */
function operationIn(payload: object): OperationRequest {
  const issues = issuesIn(payload);
  if (issues.length > 0) throw validationFailed(issues);
  const asked = readOperationRequest({ ...payload });
  if (asked === null) throw validationFailed([notAnOperation]);
  return asked;
}

const textOf = (header: string | string[] | undefined) => (typeof header === 'string' && header !== '' ? header : null);

/** A stream with one answer: of an EventSource, a page never sees the body of a refusal. */
const single = (result: FormattedExecutionResult): AsyncGenerator<Streamed, void> =>
  interruptible(async function* () {
    yield { id: null, result };
  });

const standingEnded = () => authenticationRequired({ cause: 'the key or session ended while its stream was open' });

/** Tells each stream of a socket why it ends, and hangs up once the last has been told. */
function forbid(extra: Extra): void {
  const close = () => closeSocket(extra.socket, 4403, 'Forbidden');
  if (extra.running.size === 0) return close();
  extra.forbidden = true;
  setTimeout(close, forbiddenMsMax).unref();
  for (const ending of extra.running) ending.abort(standingEnded());
}

/** Whether all that was said is on its way, within the time that a slow reader has; false once the other side left. */
async function isDrained(response: ServerResponse): Promise<boolean> {
  if (response.destroyed) return false;
  const heard = new AbortController();
  const signal = AbortSignal.any([heard.signal, AbortSignal.timeout(unreadMsMax)]);
  try {
    await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]);
    return !response.destroyed;
  } catch {
    return false;
  } finally {
    heard.abort();
  }
}
