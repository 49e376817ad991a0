/** One file because a socket lets a caller in, runs what they ask for and hangs up by what they may do at that moment. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { BlockList } from 'node:net';
import type { Duplex } from 'node:stream';
import { GraphQLError, OperationTypeNode, type ExecutionArgs, type ExecutionResult, type GraphQLSchema } from 'graphql';
import { makeServer, type SubscribePayload } from 'graphql-ws';
import { WebSocket, WebSocketServer } from 'ws';
import { callerOf, requireAccess, type Authenticator } from '../http/authenticate.js';
import { senderOf, type BodyRoom } from '../http/body-room.js';
import { bodyBytesMax } from '../http/body.js';
import { belongsTo } from '../http/connections.js';
import { failureOf } from '../http/failure.js';
import type { Strangers } from '../http/rate-limit/strangers.js';
import { addressOf } from '../http/request.js';
import type { RevocationWatch } from '../http/revocation-watch.js';
import { answerOnSocket } from '../http/unreadable.js';
import type { Actor, Origin } from '../platform/actor.js';
import { interruptible } from '../platform/async/interruptible.js';
import { authenticationRequired, validationFailed, type Failure } from '../platform/errors.js';
import { errorFields, type Log } from '../platform/log.js';
import { inAccountOf } from '../platform/work/work-account.js';
import { turnedAway, type Admission, type OperationRequest, type Refused } from './admission.js';
import { ConcurrencyLimit } from './concurrency-limit.js';
import { DocumentErrors } from './documents.js';
import { errorOfFailure, errorsOf } from './errors.js';
import { notAnOperation, readOperationRequest } from './operation-request.js';
import { CutOff, type Results, type StreamedResult } from './results.js';
import type { SendBacklog } from './send-backlog.js';
import { attachSocket, closeSocket, forbid, forgetMessage, issuesIn, turnAway } from './socket.js';

const socketsMax = { ofCaller: 20, ofWorkspace: 200 };
/** Each part of a message keeps the piece in which it came from the network; clients send a message in one or a few. */
const fragmentsMax = 64;
/** The pieces that a part may come in; a megabyte comes in some 700 from a network. */
const piecesMax = 4_096;
const keepAliveMs = 12_000;
const forbiddenMsMax = 1_000;

export interface WebSocketsNeeds {
  schema: GraphQLSchema;
  admission: Admission;
  results: Results;
  backlog: SendBacklog;
  authenticator: Authenticator;
  strangers: Strangers;
  /** Shared with the bodies of requests, as a message is one. */
  bodyRoom: BodyRoom;
  revocations: RevocationWatch;
  trustedProxies: BlockList;
  log: Log;
}

/** What we keep beside a WebSocket. */
interface Extra {
  socket: WebSocket;
  request: IncomingMessage;
  /** The caller, once known, as it was when it last asked for something. */
  actor?: Actor;
  /** What `connection_init` said of who calls. */
  authorization?: string | undefined;
  /** The controllers that end its streams. */
  streams: Set<AbortController>;
  /** Its operations that are no streams and still run. */
  asked: Set<AsyncGenerator<StreamedResult, void>>;
  /** Whether the credential that opened it no longer works. */
  forbidden?: boolean;
}

/** An operation of a socket that has been admitted. */
interface Started {
  actor: Actor;
  documentHash: string;
  results: AsyncGenerator<StreamedResult, void>;
  ending: AbortController;
  extra: Extra;
}

/** Operations over WebSocket (`graphql-transport-ws`): the library has the protocol, we decide what runs and how. */
export class WebSockets {
  private readonly server = new WebSocketServer({
    noServer: true,
    maxPayload: bodyBytesMax,
    maxFragments: fragmentsMax,
    maxBufferedChunks: piecesMax,
    handleProtocols: (protocols) => (protocols.has('graphql-transport-ws') ? 'graphql-transport-ws' : false),
  });
  private readonly open = new ConcurrencyLimit(socketsMax);
  /** Started operations, by the arguments with which the library executes them. */
  private readonly started = new WeakMap<object, Started>();

  constructor(private readonly needs: WebSocketsNeeds) {
    const { schema, backlog, bodyRoom, log } = needs;
    const protocol = makeServer<Record<string, unknown>, Extra>({
      schema,
      onConnect: async ({ extra, connectionParams = {} }) => await this.letIn(extra, connectionParams),
      onSubscribe: async ({ extra }, _id, payload) => await this.start(extra, payload),
      execute: async (args) => await this.first(this.startedBy(args)),
      subscribe: (args) => this.all(this.startedBy(args)),
      // Results and errors are formatted already.
      onNext: (_context, _id, _payload, _args, result) => result,
      onError: ({ extra }, _id, _payload, [error]) => this.errorsFor(extra, error),
    });
    const sender = ({ actor }: Extra) => (actor === undefined ? null : senderOf(actor));
    const toSend = ({ actor }: Extra, bytes: number) => backlog.add(actor?.id ?? '', bytes);
    this.server.on('connection', (socket, request) => {
      const extra: Extra = { socket, request, streams: new Set(), asked: new Set() };
      attachSocket(protocol, extra, { keepAliveMs, senderOf: sender, bodyRoom, toSend, log });
    });
  }

  /** Takes over a connection to `/graphql`; at other paths the connection is closed. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (!/^\/graphql\/?(\?|$)/.test(request.url ?? '')) return void socket.destroy();
    socket.on('error', () => socket.destroy());
    void this.answer(request, socket, head);
  }

  /** Closes all sockets; their clients come back, to another process or later. */
  async stop(): Promise<void> {
    for (const socket of this.server.clients) closeSocket(socket, 1001, 'Going away');
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  /** A caller without a credential, as browsers and many libraries open sockets, is a stranger until `connection_init`. */
  private async answer(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { authenticator, strangers, log } = this.needs;
    try {
      const origin = this.originOf(request);
      const { actor } = await callerOf(authenticator.actorOfUpgrade(request.headers, origin));
      if (actor === null) strangers.enter(origin.address);
      this.server.handleUpgrade(request, socket, head, (opened) => this.server.emit('connection', opened, request));
    } catch (thrown) {
      const failure = failureOf(thrown, log);
      answerOnSocket(socket, failure, JSON.stringify({ errors: [errorOfFailure(failure)] }));
    }
  }

  /** By what it was opened with, or by what its `connection_init` says. */
  private async letIn(extra: Extra, init: Record<string, unknown>): Promise<boolean> {
    const { revocations, strangers, log } = this.needs;
    const { socket, request } = extra;
    const origin = this.originOf(request);
    const given = init['authorization'] ?? init['Authorization'];
    extra.authorization = typeof given === 'string' ? given : undefined;
    try {
      const actor = await this.callerOf(extra, origin);
      // It may have left while it was looked up.
      if (socket.readyState !== WebSocket.OPEN) return false;
      const release = this.open.enter(actor);
      if (release === null) {
        closeSocket(socket, 1013, 'Too many sockets');
        return false;
      }
      extra.actor = actor;
      belongsTo(request.socket, actor.workspaceId);
      const unwatch = revocations.onEnded(actor, (why) => endRevoked(extra, why));
      socket.once('close', () => {
        unwatch();
        release();
        for (const results of extra.asked) void results.return();
      });
      return true;
    } catch (error) {
      log.debug({ error: errorFields(error) }, 'a WebSocket was not let in');
      strangers.take(origin.address, 1);
      turnAway(socket, failureOf(error, log));
      return false;
    }
  }

  private async callerOf({ request, authorization }: Extra, origin: Origin): Promise<Actor> {
    const actor = await this.needs.authenticator.actorOfUpgrade(request.headers, origin, authorization);
    if (actor === null) throw authenticationRequired({ cause: 'a stream without a name' });
    requireAccess(actor);
    return actor;
  }

  /** What the library is to run, which it knows by this object alone; or why it may not. */
  private async start(extra: Extra, payload: SubscribePayload): Promise<ExecutionArgs | GraphQLError[]> {
    const { admission, schema, results } = this.needs;
    if (extra.actor === undefined) throw new Error('subscribed before connected');
    const origin = this.originOf(extra.request);
    // A socket may be open for days: its caller is who it is today, with the plan and the storage of today.
    try {
      extra.actor = await this.callerOf(extra, origin);
    } catch (error) {
      return this.refused(turnedAway(failureOf(error, this.needs.log)));
    }
    const { actor } = extra;
    const caller = { actor, address: origin.address };
    const admitted = await inAccountOf(actor, null, async () => await admission.admit(caller, () => read(payload)));
    if (admitted.refusal !== null) return this.refused(admitted);
    const { valid, operation } = admitted;
    if (operation.operation === OperationTypeNode.SUBSCRIPTION) forgetMessage(payload);
    const args = { schema, document: valid.document, operationName: operation.name?.value };
    const ending = new AbortController();
    const documentHash = valid.hash;
    const started = { actor, documentHash, ending, extra };
    this.started.set(args, { ...started, results: results.of({ admitted, actor, origin, ending: ending.signal }) });
    return args;
  }

  private startedBy(args: object): Started {
    const started = this.started.get(args);
    if (started === undefined) throw new Error('nothing was admitted');
    return started;
  }

  private async first({ results, extra }: Started): Promise<ExecutionResult> {
    extra.asked.add(results);
    try {
      const first = await results.next();
      return (first.value?.result ?? {}) as ExecutionResult;
    } finally {
      extra.asked.delete(results);
    }
  }

  /** The socket is closed where a stream breaks off: its client opens another, and comes back with all. */
  private all({ actor, documentHash, results, ending, extra }: Started): AsyncGenerator<ExecutionResult, void> {
    const { revocations } = this.needs;
    const { socket, streams } = extra;
    return interruptible(async function* (left) {
      left.addEventListener('abort', () => void results.return());
      streams.add(ending);
      // The right to the document alone: that to the whole socket is watched already.
      const end = (why: Failure) => ending.abort(why);
      const unwatch = actor.documentsOnly ? revocations.onEnded(actor, end, documentHash) : () => {};
      try {
        for await (const { result } of results) yield result as ExecutionResult;
      } catch (error) {
        if (!(error instanceof CutOff)) throw error;
        closeSocket(socket, 1013, 'Try again later');
      } finally {
        unwatch();
        streams.delete(ending);
      }
    });
  }

  /** There is no place for the cost beside the errors of this protocol. */
  private refused({ refusal, cost }: Refused): GraphQLError[] {
    const inDocument = refusal instanceof DocumentErrors ? refusal.errors : [];
    return errorsOf(failureOf(refusal, this.needs.log)).map(({ message, extensions }, index) => {
      const { nodes, source, positions } = inDocument[index] ?? {};
      return new GraphQLError(message, { nodes, source, positions, extensions: { ...extensions, cost } });
    });
  }

  /** What a stream ended with; what was refused is formatted already. */
  private errorsFor(extra: Extra, error: unknown) {
    // In the same breath as the last error: a client that has no stream left would close for no reason given.
    if (extra.forbidden && extra.streams.size === 0) setImmediate(() => forbid(extra.socket, whyEnded));
    if (!(error instanceof GraphQLError) || !error.originalError) return undefined;
    return errorsOf(failureOf(error.originalError, this.needs.log));
  }

  private originOf(request: IncomingMessage): Origin {
    return { requestId: randomUUID(), address: addressOf(request, this.needs.trustedProxies) };
  }
}

/** @throws validation_failed */
function read(payload: SubscribePayload): OperationRequest {
  const issues = issuesIn(payload);
  if (issues.length > 0) throw validationFailed(issues);
  const asked = readOperationRequest({ ...payload });
  if (asked === null) throw validationFailed([notAnOperation]);
  return asked;
}

const whyEnded = 'the API key or the session has ended';

/** Tells each stream of a socket why it ends, and hangs up once the last has been told. */
function endRevoked(extra: Extra, why: Failure): void {
  if (extra.streams.size === 0) return forbid(extra.socket, whyEnded);
  extra.forbidden = true;
  setTimeout(() => forbid(extra.socket, whyEnded), forbiddenMsMax).unref();
  for (const ending of extra.streams) ending.abort(why);
}
