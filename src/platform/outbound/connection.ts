import type { Socket } from 'node:net';
import { AnswerReader, type AnswerKept } from './answer.js';
import { hostOf } from './hosts.js';

export interface OutgoingRequest {
  /** `GET` goes without a body. */
  method: 'GET' | 'POST';
  headers: Readonly<Record<string, string>>;
  body: Buffer | string;
}

/** The side that waits for an answer; it is told of the answer's end exactly once. */
export interface Receiving {
  onFirstByte: () => void;
  /** The head of the answer has come. */
  onStatus: () => void;
  onOver: () => void;
  onTooLong: () => void;
  /** The answer cannot be made out, or the connection has ended; `error` is null where it simply closed. */
  onBroken: (error: Error | null) => void;
}

/** An idle connection is kept for less long than most servers keep it; a server's Keep-Alive hint shortens that. */
const idleMsMax = 10_000;
/** So much before the hint the connection is closed: the server must not close it while a request is on its way. */
const hintMarginMs = 1_000;

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const visible = /^[\t\x20-\x7e\x80-\xff]*$/;
const target = /^[\x21-\x7e\x80-\xff]+$/;
/** Headers that only we set: another value could make one request two. */
const framing = /^(host|connection|keep-alive|content-length|transfer-encoding|te|trailer|upgrade|expect)$/i;

/** Whether the other side reads path and headers as one request, as it is meant. */
export function isSendable(path: string, headers: OutgoingRequest['headers']): boolean {
  const isFit = ([name, value]: [string, string]) => token.test(name) && !framing.test(name) && visible.test(value);
  return target.test(path) && Object.entries(headers).every(isFit);
}

const authorityOf = (origin: string) => origin.slice(origin.indexOf('//') + 2);

/** All headers of a request as it is sent: those that frame it stand around the others. */
export function headersSent(
  origin: string,
  { headers, body }: Pick<OutgoingRequest, 'headers' | 'body'>,
): [string, string][] {
  const length = String(Buffer.byteLength(body));
  const before: [string, string][] = [
    ['host', authorityOf(origin)],
    ['connection', 'keep-alive'],
  ];
  return [...before, ...Object.entries(headers), ['content-length', length]];
}

/** One open socket, on which one request after another is answered. */
export class OutboundConnection {
  readonly address: string | null;
  readonly host: string;
  /** When its last answer ended, in `performance.now()`. */
  idleSince = 0;
  answer: AnswerReader;
  private waiting: Receiving | null = null;
  private readonly head: string;

  constructor(
    readonly origin: string,
    private readonly socket: Socket,
    /** Until when the connection may be used again, in `performance.now()`. */
    readonly reusableUntil: number,
    onClosed: () => void,
    private readonly keeps?: AnswerKept,
  ) {
    this.answer = new AnswerReader(keeps);
    this.address = socket.remoteAddress ?? null;
    this.host = hostOf(this.address ?? origin);
    this.head = `host: ${authorityOf(origin)}\r\nconnection: keep-alive\r\n`;
    socket
      .on('data', (bytes: Buffer) => this.onData(bytes))
      .on('end', () => this.onEnd())
      .on('error', (error) => this.broken(error))
      .on('timeout', () => this.close())
      .once('close', () => {
        this.broken(null);
        onClosed();
      });
  }

  /** Sends a request that `isSendable` has found fit, once the answer before is over. */
  send(path: string, { method, headers, body }: OutgoingRequest, waiting: Receiving): void {
    this.answer = new AnswerReader(this.keeps);
    this.waiting = waiting;
    let head = `${method} ${path} HTTP/1.1\r\n${this.head}`;
    for (const name in headers) head += `${name}: ${headers[name] ?? ''}\r\n`;
    const { socket } = this;
    socket.setTimeout(0);
    if (method === 'GET') return void socket.write(`${head}\r\n`, 'latin1');
    socket.cork();
    socket.write(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n`, 'latin1');
    socket.write(body);
    socket.uncork();
  }

  /** Whether the connection may be kept for another request; if so, it closes by itself when it was idle for long. */
  rest(): boolean {
    const { canFollow, keepAliveSeconds } = this.answer;
    const idleMs = Math.min(idleMsMax, keepAliveSeconds * 1_000 - hintMarginMs);
    // A server that answered before it had the whole request may read the rest of it as the next request.
    if (!canFollow || idleMs <= 0 || this.socket.writableLength > 0 || this.socket.destroyed) return false;
    this.socket.setTimeout(idleMs);
    return true;
  }

  close(): void {
    this.socket.destroy();
  }

  private onData(bytes: Buffer): void {
    const { waiting } = this;
    // An answer that nobody asked for ends the connection.
    if (waiting === null) return this.close();
    waiting.onFirstByte();
    const before = this.answer.status;
    const progress = this.answer.read(bytes);
    if (before === null && this.answer.status !== null) waiting.onStatus();
    if (progress === 'more') return;
    this.waiting = null;
    if (progress === 'over') waiting.onOver();
    else if (progress === 'tooLong') waiting.onTooLong();
    else waiting.onBroken(progress === 'garbled' ? new NotHttp('The answer is not HTTP.') : null);
  }

  private onEnd(): void {
    const { waiting } = this;
    if (waiting === null) return this.close();
    if (!this.answer.end()) return this.broken(null);
    this.waiting = null;
    waiting.onOver();
  }

  private broken(error: Error | null): void {
    const { waiting } = this;
    this.waiting = null;
    waiting?.onBroken(error);
  }
}

export class NotHttp extends Error {}
