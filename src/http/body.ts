import type { IncomingMessage } from 'node:http';
import { invalid, payloadTooLarge, unsupportedMediaType } from '../platform/errors.js';

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
