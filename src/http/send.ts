import type { IncomingMessage, ServerResponse } from 'node:http';
import { compress, compressedBytesMin, encodingFor, type Encoding } from './compression.js';
import { etagOf, etagOfPieces, isNamedBy } from './etag.js';
import { methodNotAllowed } from '../platform/errors.js';
import { factsOf } from './request.js';

export const jsonType = 'application/json; charset=utf-8';

export interface HttpAnswer {
  status: number;
  type: string;
  text: string;
  /** The text of a large answer in pieces; `text` is empty then. */
  pieces?: readonly Buffer[];
  /** The version of the one thing that was read. */
  version?: string | null;
  /** The forms of a text that stays the same. */
  encodings?: Encodings;
  /** What caches may do with an answer to a read; by default they ask each time. */
  caching?: string;
}

/** The forms in which a text that stays the same is sent, each made once: a caller who asks often then costs little. */
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
 * Sends an answer in the encoding that the caller prefers. An answer to a read has a strong validator, and is not sent to
 * a caller who has it already; no cache may keep any other answer.
 */
export async function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, type, text, pieces, version = null, encodings, caching = 'private, no-cache' }: HttpAnswer,
): Promise<void> {
  // The answer comes too late: another was sent, or the connection is gone.
  if (response.headersSent || response.destroyed) return;
  const bytes = pieces?.reduce((sum, { length }) => sum + length, 0) ?? Buffer.byteLength(text);
  const encoding = bytes < compressedBytesMin ? null : encodingFor(request.headers['accept-encoding']);
  const isRead = status === 200 && (request.method === 'GET' || request.method === 'HEAD');
  const kept = encodings?.as(encoding);
  let etag: string | null = null;
  if (isRead && kept !== undefined) etag = kept.etag;
  else if (isRead) etag = pieces ? await etagOfPieces(pieces, encoding, version) : etagOf(text, encoding, version);
  const isKnown = etag !== null && isNamedBy(etag, request.headers['if-none-match']);
  // Compressed before any header is set: should it fail, another answer is sent in its place.
  const plain = () => (pieces ? Buffer.concat(pieces) : Buffer.from(text));
  const sent = isKnown || encoding === null ? (pieces ?? text) : await (kept?.bytes ?? compress(plain(), encoding));
  if (response.headersSent || response.destroyed) return;
  const facts = factsOf(request);
  facts.vary('Accept-Encoding');
  facts.setHeader('X-Content-Type-Options', 'nosniff');
  facts.setHeader('Cache-Control', isRead ? caching : 'no-store');
  if (etag !== null) facts.setHeader('ETag', etag);
  if (isKnown) return sendEmpty(request, response, 304);
  facts.setHeader('Content-Type', type);
  if (encoding !== null) facts.setHeader('Content-Encoding', encoding);
  facts.setHeader('Content-Length', Buffer.isBuffer(sent) ? sent.length : bytes);
  // A small text leaves in one packet with its headers.
  response.writeHead(status, facts.answerHeaders);
  if (request.method === 'HEAD') return void response.end();
  if (typeof sent === 'string' || Buffer.isBuffer(sent)) return void response.end(sent);
  for (const piece of sent) response.write(piece);
  response.end();
}

/** Sends an answer that has headers alone. */
export function sendEmpty(request: IncomingMessage, response: ServerResponse, status: 204 | 304 | 308): void {
  response.writeHead(status, factsOf(request).answerHeaders).end();
}

const readersMethods = ['GET', 'HEAD', 'OPTIONS'];

/** For what can only be read. @returns whether a request asked for OPTIONS, and is answered. @throws method_not_allowed */
export function answersOptions(request: IncomingMessage, response: ServerResponse): boolean {
  if (!readersMethods.includes(request.method ?? '')) throw methodNotAllowed(readersMethods);
  if (request.method !== 'OPTIONS') return false;
  factsOf(request).setHeader('Allow', readersMethods.join(', '));
  sendEmpty(request, response, 204);
  return true;
}
