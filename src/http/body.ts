import type { IncomingMessage } from 'node:http';
import { invalid, payloadTooLarge, unsupportedMediaType, validationFailed } from '../platform/errors.js';
import { unstorableIssues } from '../platform/json-text.js';

export const bodyBytesMax = 1_048_576;

const json = /^application\/json *(;|$)/i;
const foreignCharset = /charset *= *"?(?!utf-?8\b)/i;

/** The bytes of a JSON body. @throws unsupported_media_type, payload_too_large */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const type = request.headers['content-type'] ?? '';
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (!json.test(type) || foreignCharset.test(type) || encoding !== 'identity') throw unsupportedMediaType();
  if (Number(request.headers['content-length'] ?? 0) > bodyBytesMax) throw payloadTooLarge(bodyBytesMax);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bodyBytesMax) throw payloadTooLarge(bodyBytesMax);
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws validation_failed for broken JSON, and for what no database can keep, wherever it stands */
export function parseBody(bytes: Buffer): unknown {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(bytes));
  } catch (error) {
    const reason = error instanceof SyntaxError ? 'is not valid JSON' : 'is not valid UTF-8';
    throw invalid('', 'bad_format', reason);
  }
  const issues = unstorableIssues(value);
  if (issues.length > 0) throw validationFailed(issues);
  return value;
}
