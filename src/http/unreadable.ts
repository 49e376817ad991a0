import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { Failure, invalid } from '../platform/errors.js';
import { jsonType } from './send.js';

/** What cannot be read as HTTP becomes no request, and is answered all the same: in the envelope, on the bare socket. */
export function answerUnreadable(error: Error & { code?: string }, socket: Duplex, headerBytesMax: number): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
  const { status, code, message, details } =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? new Failure('payload_too_large', `The headers may have at most ${headerBytesMax} bytes.`)
      : invalid('', 'bad_format', 'is not valid HTTP');
  const body = JSON.stringify({ success: false, error: { code, message, details } });
  const head = [
    `HTTP/1.1 ${status} ${status === 413 ? 'Payload Too Large' : 'Bad Request'}`,
    `Content-Type: ${jsonType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${randomUUID()}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
