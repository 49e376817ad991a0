import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { Failure, invalid, requestTimeout } from '../platform/errors.js';
import { jsonType } from './send.js';

/** The time for the other side to read the answer and close. */
const lastWordsMs = 1_000;

/** Answers what cannot be read as HTTP and so becomes no request: in the usual envelope, on the bare socket. */
export function answerUnreadable(error: Error & { code?: string }, socket: Duplex, headerBytesMax: number): void {
  if (error.code === 'ECONNRESET') return void socket.destroy();
  const failure =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? new Failure('payload_too_large', `The headers may have at most ${headerBytesMax} bytes.`)
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? requestTimeout()
        : invalid('', 'bad_format', 'is not valid HTTP');
  answerOnSocket(socket, failure, refusalText(failure, ''));
}

/** A refusal in the form of the door that this URL leads to. */
export function refusalText({ code, message, details }: Failure, url: string): string {
  if (/^\/graphql\b/.test(url)) return JSON.stringify({ errors: [{ message, extensions: { code, details } }] });
  return JSON.stringify({ success: false, error: { code, message, details } });
}

/** Writes an answer to a socket that has no request, and ends the connection. */
export function answerOnSocket(socket: Duplex, { status, headers }: Failure, body: string): void {
  if (!socket.writable) return void socket.destroy();
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `Content-Type: ${jsonType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${randomUUID()}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  // A connection that is reset at once may lose the answer before the other side has read it.
  setTimeout(() => socket.destroy(), lastWordsMs).unref();
}
