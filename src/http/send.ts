import type { IncomingMessage, ServerResponse } from 'node:http';
import { compress, compressedBytesMin, encodingFor } from './compression.js';
import { etagOf, isNamedBy } from './etag.js';

export const jsonType = 'application/json; charset=utf-8';

export interface Answer {
  status: number;
  type: string;
  text: string;
}

/**
 * Sends an answer in the encoding that the caller likes best. What was read has a strong validator, and is not sent
 * again to who has it already; whatever else is said is nobody's to keep.
 */
export async function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, type, text }: Answer,
): Promise<void> {
  const bytes = Buffer.byteLength(text);
  const encoding = bytes < compressedBytesMin ? null : encodingFor(request.headers['accept-encoding']);
  response.statusCode = status;
  response.appendHeader('Vary', 'Accept-Encoding');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  const isRead = status === 200 && (request.method === 'GET' || request.method === 'HEAD');
  response.setHeader('Cache-Control', isRead ? 'private, no-cache' : 'no-store');
  if (isRead) {
    const etag = etagOf(text, encoding);
    response.setHeader('ETag', etag);
    if (isNamedBy(etag, request.headers['if-none-match'])) {
      response.statusCode = 304;
      response.end();
      return;
    }
  }
  response.setHeader('Content-Type', type);
  if (encoding !== null) response.setHeader('Content-Encoding', encoding);
  // A text leaves in one piece with its headers.
  const sent = encoding === null ? text : await compress(Buffer.from(text), encoding);
  response.setHeader('Content-Length', typeof sent === 'string' ? bytes : sent.length);
  response.end(request.method === 'HEAD' ? undefined : sent);
}
