/** One file because all bounds on connections are kept by one look, each second, over the same list. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BlockList, Socket } from 'node:net';
import { isWithin, networkOf } from '../platform/addresses.js';
import { requestTimeout, serviceUnavailable, type Failure } from '../platform/errors.js';
import { findFacts, peerOf } from './request.js';
import { jsonType } from './send.js';
import { answerUnreadable, refusalText } from './unreadable.js';

export interface ConnectionLimits {
  /** For anybody's head, and for a stranger's head and body together. */
  strangersRequestMs: number;
  /** For head and body of a caller who is known. */
  requestMs: number;
  /** For an answer to be read. */
  answerMs: number;
  /** A known caller has a second more for so many bytes. */
  answerBytesPerSecond: number;
  /** For what is still on its way of a stranger who was answered: reset at once, the answer may be lost. */
  lingerMs: number;
  checkEveryMs: number;
  /** In all. */
  connectionsMax: number;
  /** From one address, an IPv6 address by its /64, while it is not known who that is; at once it may be more. */
  connectionsOfNetworkMax: number;
  /** Of one workspace, its keys and its people; at once it may be more. */
  connectionsOfCallerMax: number;
  /** Requests on one connection that wait for an answer. */
  pipelinedMax: number;
}

export const connectionLimits: ConnectionLimits = {
  strangersRequestMs: 15_000,
  requestMs: 60_000,
  answerMs: 30_000,
  answerBytesPerSecond: 131_072,
  lingerMs: 2_000,
  checkEveryMs: 1_000,
  connectionsMax: 4_096,
  connectionsOfNetworkMax: 128,
  connectionsOfCallerMax: 512,
  pipelinedMax: 32,
};

/** Clients open many connections in one moment: so many times as many may be there until the next look. */
const burst = 4;
/** What is read and dropped of a body that nobody wants, so that the answer is not lost in a reset. */
const droppedBytesMax = 8_388_608;
const proxies = 'trusted proxies';

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  /** When its head began to arrive, by the last look. */
  beganMs: number;
  bytesBefore: number;
  /** By when its answer must have left; null until it begins to. */
  answerUntilMs: number | null;
  /** When it was answered. */
  answeredMs: number;
}

interface Connection {
  socket: Socket;
  /** Where it is held. */
  among: HttpConnections;
  /** Whose it is: a network's, a caller's, or the trusted proxies', who speak for many. */
  holder: string;
  /** Those under way, the oldest first. */
  exchanges: Set<Exchange>;
  usedMs: number;
  /** Since when a head is arriving; null while nothing is. */
  headSinceMs: number | null;
  bytesSeen: number;
  /** It has become something other than HTTP, which has bounds of its own. */
  isUpgraded: boolean;
  /** What comes now is answered no more. */
  isEnding: boolean;
}

const connectionKey = Symbol('connection');
const connectionOf = (socket: Socket) => (socket as Socket & { [connectionKey]?: Connection })[connectionKey];

/** Whose a connection is, once that is known. */
export function belongsTo(socket: Socket, caller: string): void {
  const connection = connectionOf(socket);
  connection?.among.give(connection, caller);
}

/**
 * All connections to this process: how many each may hold, and how long one may take to send and to read. Who has too
 * many loses their own, those first that are idle, and where all together are too many, who has most: so there is
 * always room for whoever comes, a health check too.
 */
export class HttpConnections {
  /** By holder; those used least lately first. */
  private readonly held = new Map<string, Set<Connection>>();
  private count = 0;
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly trustedProxies: BlockList,
    readonly limits: ConnectionLimits,
  ) {
    this.timer = setInterval(() => this.look(performance.now()), limits.checkEveryMs).unref();
  }

  open(socket: Socket): void {
    const address = peerOf(socket);
    const connection: Connection = {
      socket,
      among: this,
      holder: isWithin(this.trustedProxies, address) ? proxies : `${network}${networkOf(address)}`,
      exchanges: new Set(),
      usedMs: performance.now(),
      headSinceMs: null,
      bytesSeen: 0,
      isUpgraded: false,
      isEnding: false,
    };
    Object.assign(socket, { [connectionKey]: connection });
    socket.once('close', () => this.release(connection));
    this.hold(connection);
    if (this.count > this.limits.connectionsMax) this.makeRoom(connection);
  }

  /** @returns whether the request is to be worked on: not when too many wait on its connection */
  begin(request: IncomingMessage, response: ServerResponse): boolean {
    const connection = connectionOf(request.socket);
    if (connection === undefined) return true;
    const { exchanges, socket } = connection;
    const nowMs = performance.now();
    const exchange: Exchange = {
      request,
      response,
      beganMs: connection.headSinceMs ?? nowMs,
      bytesBefore: socket.bytesRead,
      answerUntilMs: null,
      answeredMs: 0,
    };
    connection.headSinceMs = null;
    // What comes after the body of another has come in whole.
    for (const before of exchanges) if (before.response.closed) exchanges.delete(before);
    this.use(connection, nowMs);
    if (connection.isEnding) return false;
    exchanges.add(exchange);
    const settle = () => {
      connection.usedMs = performance.now();
      if (request.complete && response.closed) this.end(connection, exchange);
    };
    response.once('close', () => {
      exchange.answeredMs = performance.now();
      settle();
    });
    // Of a body that came behind its answer, only this is heard.
    request.once('close', settle);
    if (exchanges.size <= this.limits.pipelinedMax) return true;
    // Those before it are answered, and it is.
    connection.isEnding = true;
    refuse(request, response, serviceUnavailable());
    return false;
  }

  /** What comes cannot be read, or did not come in time. */
  unreadable(error: Error & { code?: string }, socket: Socket, headerBytesMax: number): void {
    const connection = connectionOf(socket);
    const [exchange] = connection?.exchanges ?? [];
    if (socket.bytesRead === 0 || exchange?.response.headersSent === true) return void socket.destroy();
    answerUnreadable(error, socket, headerBytesMax);
  }

  /** It is no HTTP any more. */
  upgrade(socket: Socket): void {
    const connection = connectionOf(socket);
    if (connection !== undefined) connection.isUpgraded = true;
  }

  /** What a proxy holds stays the proxy's. */
  give(connection: Connection, caller: string): void {
    if (connection.holder === proxies || connection.holder === caller || !this.release(connection)) return;
    connection.holder = caller;
    this.hold(connection);
  }

  /** Ends those on which nothing is under way. */
  endIdle(): void {
    for (const connections of this.held.values()) {
      for (const connection of connections) if (isIdle(connection)) connection.socket.destroy();
    }
  }

  close(): void {
    clearInterval(this.timer);
  }

  private hold(connection: Connection): void {
    const connections = this.held.get(connection.holder) ?? new Set();
    this.held.set(connection.holder, connections.add(connection));
    this.count += 1;
    if (connections.size > this.maxOf(connection.holder) * burst) this.endOldest(connections, connection);
  }

  private release(connection: Connection): boolean {
    const connections = this.held.get(connection.holder);
    if (connections?.delete(connection) !== true) return false;
    this.count -= 1;
    if (connections.size === 0) this.held.delete(connection.holder);
    return true;
  }

  private use(connection: Connection, nowMs: number): void {
    connection.usedMs = nowMs;
    const connections = this.held.get(connection.holder);
    if (connections?.delete(connection) === true) connections.add(connection);
  }

  private end(connection: Connection, exchange: Exchange): void {
    connection.exchanges.delete(exchange);
    connection.bytesSeen = connection.socket.bytesRead;
  }

  private maxOf(holder: string): number {
    if (holder === proxies) return Infinity;
    return holder.startsWith(network) ? this.limits.connectionsOfNetworkMax : this.limits.connectionsOfCallerMax;
  }

  /** Trusted proxies hold for many, and are left alone. */
  private makeRoom(newest: Connection): void {
    let most = new Set<Connection>();
    for (const [holder, connections] of this.held) {
      if (holder !== proxies && connections.size > most.size) most = connections;
    }
    this.endOldest(most.size === 0 ? new Set([newest]) : most, newest);
  }

  private endOldest(connections: ReadonlySet<Connection>, newest: Connection): void {
    const others = [...connections].filter((connection) => connection !== newest);
    this.drop(others.find(isIdle) ?? others[0] ?? newest);
  }

  private drop(connection: Connection): void {
    this.release(connection);
    connection.socket.destroy();
  }

  private look(nowMs: number): void {
    for (const [holder, connections] of this.held) {
      for (const connection of connections) if (!connection.isUpgraded) this.lookAt(connection, nowMs);
      this.trim(connections, connections.size - this.maxOf(holder), nowMs);
    }
  }

  private trim(connections: Set<Connection>, excess: number, nowMs: number): void {
    if (excess <= 0) return;
    const unused = [...connections].filter(({ usedMs }) => nowMs - usedMs > this.limits.checkEveryMs);
    const idleFirst = [...unused.filter(isIdle), ...unused.filter((connection) => !isIdle(connection))];
    for (const connection of idleFirst.slice(0, excess)) this.drop(connection);
  }

  private lookAt(connection: Connection, nowMs: number): void {
    const { socket, exchanges } = connection;
    // Node ends what is silent, and a head that takes too long.
    if (exchanges.size === 0 && socket.bytesRead > connection.bytesSeen) connection.headSinceMs ??= nowMs;
    let isNext = true;
    for (const exchange of exchanges) {
      const { request, response, bytesBefore, beganMs } = exchange;
      const facts = findFacts(request);
      const isKnown = facts !== null && facts.caller !== null;
      if (request.complete && response.closed) {
        this.end(connection, exchange);
      } else if (response.closed) {
        // What was not worth reading is not worth waiting for.
        const isOver = !isKnown && nowMs - exchange.answeredMs > this.limits.lingerMs;
        if (isOver || socket.bytesRead - bytesBefore > droppedBytesMax) return void socket.destroy();
      } else if (!request.complete && !isKnown && nowMs - beganMs > this.limits.strangersRequestMs) {
        connection.isEnding = true;
        return refuse(request, response, requestTimeout());
      } else if (isNext && response.headersSent && !response.closed && facts?.lasts !== true) {
        const moreMs = isKnown ? (socket.writableLength / this.limits.answerBytesPerSecond) * 1_000 : 0;
        exchange.answerUntilMs ??= nowMs + this.limits.answerMs + moreMs;
        if (nowMs > exchange.answerUntilMs) return void socket.destroy();
      }
      isNext = false;
    }
  }
}

const network = 'network ';

const isIdle = ({ exchanges, isUpgraded }: Connection) => exchanges.size === 0 && !isUpgraded;

/** In the form of the door that was called; the connection ends with it. Of what was answered already only that is left. */
function refuse(request: IncomingMessage, response: ServerResponse, failure: Failure): void {
  if (response.headersSent) return void request.socket.destroy();
  const text = refusalText(failure, request.url ?? '');
  const head = {
    'X-Request-Id': findFacts(request)?.origin.requestId ?? randomUUID(),
    ...failure.headers,
    'Content-Type': jsonType,
    'Content-Length': Buffer.byteLength(text),
    Connection: 'close',
  };
  response.writeHead(failure.status, head).end(text);
}
