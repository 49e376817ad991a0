import type { IncomingMessage } from 'node:http';
import { invalid, payloadTooLarge, unsupportedMediaType, validationFailed, type Issue } from '../platform/errors.js';
import { unstorableIssues } from '../platform/json-text.js';
import { inexactNumbers } from './json-numbers.js';

export const bodyBytesMax = 1_048_576;

const json = /^application\/json *(;|$)/i;
const foreignCharset = /charset *= *(?!"?utf-?8"? *(;|$))/i;

/** The bytes of a JSON body. @throws unsupported_media_type, payload_too_large */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const type = request.headers['content-type'] ?? '';
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (!json.test(type) || foreignCharset.test(type) || encoding !== 'identity') throw unsupportedMediaType();
  if (Number(request.headers['content-length'] ?? 0) > bodyBytesMax) throw payloadTooLarge(bodyBytesMax);
  const chunks: Buffer[] = [];
  let bytes = 0;
  await new Promise<void>((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= bodyBytesMax) chunks.push(chunk);
      // What comes after is read and dropped: a connection reset now would lose the answer.
      else reject(payloadTooLarge(bodyBytesMax));
    });
    request.once('end', resolve);
    request.once('error', () => reject(invalid('', 'bad_format', 'ended early')));
  });
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws validation_failed for broken JSON, and for what we could not give back as it was sent, wherever it stands */
export function parseBody(bytes: Buffer): unknown {
  const { value, issues } = readJson(bytes);
  if (issues.length > 0) throw validationFailed(issues);
  return value;
}

/**
 * A JSON text's value, and what of it we could not give back as it was sent, wherever it stands.
 * @throws validation_failed for broken JSON
 */
export function readJson(bytes: Buffer): { value: unknown; issues: readonly Issue[] } {
  let text: string;
  let value: unknown;
  try {
    text = utf8.decode(bytes);
    value = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof SyntaxError ? 'is not valid JSON' : 'is not valid UTF-8';
    throw invalid('', 'bad_format', reason);
  }
  const unstorable = unstorableIssues(value);
  // A text nested without bounds is walked no further.
  return { value, issues: unstorable.length > 0 ? unstorable : inexactNumbers(text, value) };
}
