import type { IncomingMessage, ServerResponse } from 'node:http';
import { compress, compressedBytesMin, encodingFor, type Encoding } from './compression.js';
import { etagOf, isNamedBy } from './etag.js';
import { factsOf } from './request.js';

export const jsonType = 'application/json; charset=utf-8';

export interface Answer {
  status: number;
  type: string;
  text: string;
  /** Of the one thing that was read. */
  version?: string | null;
  /** Of a text that stays. */
  encodings?: Encodings;
}

/** The forms in which a text that stays the same is sent, each made once: who asks for it again and again costs little. */
export class Encodings {
  private readonly made = new Map<Encoding | null, { etag: string; bytes: Promise<Buffer> }>();

  constructor(private readonly text: string) {}

  as(encoding: Encoding | null): { etag: string; bytes: Promise<Buffer> } {
    const made = this.made.get(encoding) ?? this.make(encoding);
    this.made.set(encoding, made);
    return made;
  }

  private make(encoding: Encoding | null) {
    const plain = Buffer.from(this.text);
    const bytes = encoding === null ? Promise.resolve(plain) : compress(plain, encoding);
    return { etag: etagOf(this.text, encoding, null), bytes };
  }
}

/**
 * Sends an answer in the encoding that the caller likes best. What was read has a strong validator, and is not sent
 * again to who has it already; whatever else is said is nobody's to keep.
 */
export async function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, type, text, version = null, encodings }: Answer,
): Promise<void> {
  // It came too late: the connection was told so, or is gone.
  if (response.headersSent || response.destroyed) return;
  const bytes = Buffer.byteLength(text);
  const encoding = bytes < compressedBytesMin ? null : encodingFor(request.headers['accept-encoding']);
  const isRead = status === 200 && (request.method === 'GET' || request.method === 'HEAD');
  const kept = encodings?.as(encoding);
  const etag = isRead ? (kept?.etag ?? etagOf(text, encoding, version)) : null;
  const isKnown = etag !== null && isNamedBy(etag, request.headers['if-none-match']);
  // Before anything is told: should it fail, another answer is sent in its place.
  const sent = isKnown || encoding === null ? text : await (kept?.bytes ?? compress(Buffer.from(text), encoding));
  if (response.headersSent || response.destroyed) return;
  const facts = factsOf(request);
  facts.vary('Accept-Encoding');
  facts.tell('X-Content-Type-Options', 'nosniff');
  facts.tell('Cache-Control', isRead ? 'private, no-cache' : 'no-store');
  if (etag !== null) facts.tell('ETag', etag);
  if (isKnown) return sendEmpty(request, response, 304);
  facts.tell('Content-Type', type);
  if (encoding !== null) facts.tell('Content-Encoding', encoding);
  facts.tell('Content-Length', typeof sent === 'string' ? bytes : sent.length);
  // A text leaves in one piece with its headers.
  response.writeHead(status, facts.answerHeaders);
  response.end(request.method === 'HEAD' ? undefined : sent);
}

/** An answer that is all said in its headers. */
export function sendEmpty(request: IncomingMessage, response: ServerResponse, status: 204 | 304 | 308): void {
  response.writeHead(status, factsOf(request).answerHeaders).end();
}
