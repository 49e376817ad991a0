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
  const bytes = Buffer.from(text);
  const encoding = bytes.length < compressedBytesMin ? null : encodingFor(request.headers['accept-encoding']);
  response.statusCode = status;
  response.appendHeader('Vary', 'Accept-Encoding');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  const isRead = status === 200 && (request.method === 'GET' || request.method === 'HEAD');
  response.setHeader('Cache-Control', isRead ? 'private, no-cache' : 'no-store');
  if (isRead) {
    const etag = etagOf(bytes, encoding);
    response.setHeader('ETag', etag);
    if (isNamedBy(etag, request.headers['if-none-match'])) {
      response.statusCode = 304;
      response.end();
      return;
    }
  }
  const sent = encoding === null ? bytes : await compress(bytes, encoding);
  if (encoding !== null) response.setHeader('Content-Encoding', encoding);
  response.setHeader('Content-Type', type);
  response.setHeader('Content-Length', sent.length);
  response.end(request.method === 'HEAD' ? undefined : sent);
}
