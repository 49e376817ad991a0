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
  /** The time for anybody to send a head, and for a stranger to send head and body. */
  strangersRequestMs: number;
  /** The time for a known caller to send head and body. */
  requestMs: number;
  /** The time for an answer to be read. */
  answerMs: number;
  /** A known caller has a second more for each so many bytes of the answer. */
  answerBytesPerSecond: number;
  /** How long a stranger's body is still read after its answer: a connection that is reset at once may lose the answer. */
  lingerMs: number;
  checkEveryMs: number;
  /** Connections of this process. */
  connectionsMax: number;
  /** Connections of strangers from one address, or one /64 of IPv6; for a moment there may be more. */
  connectionsOfNetworkMax: number;
  /** Connections of a workspace's keys and people; for a moment there may be more. */
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

/** Clients open many connections in one moment: until the next look there may be this many times the bound. */
const burst = 4;
/** So many bytes of a body that nobody wants are read and dropped, so that the answer is not lost in a reset. */
const droppedBytesMax = 8_388_608;
const proxies = 'trusted proxies';

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  /** When the last look first saw the head arriving. */
  beganMs: number;
  bytesBefore: number;
  /** By when the answer must have left; null until the answer begins. */
  answerUntilMs: number | null;
  /** When the request was answered. */
  answeredMs: number;
}

interface Connection {
  socket: Socket;
  /** The list that the connection is in. */
  among: HttpConnections;
  /** Whose connection it is: a network, a workspace, or the trusted proxies, which speak for many. */
  holder: string;
  /** The requests under way on it, the oldest first. */
  exchanges: Set<Exchange>;
  usedMs: number;
  /** Since when a head is arriving; null while nothing is. */
  headSinceMs: number | null;
  bytesSeen: number;
  /** Whether it speaks another protocol by now, with bounds of its own. */
  isUpgraded: boolean;
  /** Whether further requests on it are not answered any more. */
  isEnding: boolean;
}

const connectionKey = Symbol('connection');
const connectionOf = (socket: Socket) => (socket as Socket & { [connectionKey]?: Connection })[connectionKey];

/** Says whose a connection is, once its caller is known. */
export function belongsTo(socket: Socket, caller: string): void {
  const connection = connectionOf(socket);
  connection?.among.give(connection, caller);
}

/**
 * All connections to this process: how many each holder may have, and how long one may take to send and to read. A holder
 * with too many loses some of its own, idle ones first. Where all together are too many, the holder with most loses one,
 * so that there is always room for the next to come, a health check included.
 */
export class HttpConnections {
  /** By holder; connections that were used least lately come first. */
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

  /** @returns false when too many requests wait on the connection: then this one is not worked on */
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
    // A request behind another's body means that the other has come in whole.
    for (const before of exchanges) if (before.response.closed) exchanges.delete(before);
    this.use(connection, nowMs);
    if (connection.isEnding) return false;
    exchanges.add(exchange);
    response.on('close', () => {
      exchange.answeredMs = connection.usedMs = performance.now();
      if (request.complete) return this.end(connection, exchange);
      // A body that comes after its answer raises no other event than this.
      request.on('close', () => {
        connection.usedMs = performance.now();
        if (request.complete) this.end(connection, exchange);
      });
    });
    if (exchanges.size <= this.limits.pipelinedMax) return true;
    // The requests before this one are still answered, and so is this one; then the connection ends.
    connection.isEnding = true;
    refuse(request, response, serviceUnavailable());
    return false;
  }

  /** Answers what cannot be read as HTTP, or did not come in time. */
  unreadable(error: Error & { code?: string }, socket: Socket, headerBytesMax: number): void {
    const connection = connectionOf(socket);
    const [exchange] = connection?.exchanges ?? [];
    if (socket.bytesRead === 0 || exchange?.response.headersSent === true) return void socket.destroy();
    answerUnreadable(error, socket, headerBytesMax);
  }

  /** The connection speaks another protocol from here on. */
  upgrade(socket: Socket): void {
    const connection = connectionOf(socket);
    if (connection !== undefined) connection.isUpgraded = true;
  }

  /** Gives a connection to its caller; a connection of a trusted proxy stays the proxy's. */
  give(connection: Connection, caller: string): void {
    if (connection.holder === proxies || connection.holder === caller || !this.release(connection)) return;
    connection.holder = caller;
    this.hold(connection);
  }

  /** Ends the connections on which nothing is under way. */
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

  /** Ends connections where there are too many; those of trusted proxies, which speak for many, are left alone. */
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
    // Node itself ends a connection that is silent, or whose head takes too long.
    if (exchanges.size === 0 && socket.bytesRead > connection.bytesSeen) connection.headSinceMs ??= nowMs;
    let isNext = true;
    for (const exchange of exchanges) {
      const { request, response, bytesBefore, beganMs } = exchange;
      const facts = findFacts(request);
      const isKnown = facts !== null && facts.caller !== null;
      if (request.complete && response.closed) {
        this.end(connection, exchange);
      } else if (response.closed) {
        // The rest of a stranger's body is not waited for any longer.
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

/** Refuses a request in the form of the door that it called, and ends the connection; answered ones only end it. */
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
