import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

export type Encoding = 'br' | 'gzip';

/** In the order of our preference. */
const encodings = ['br', 'gzip'] as const;
/** So many entries of a list in a header are read: a client sends a handful. */
export const entriesMax = 100;
/** A smaller answer is not compressed: it fits into one packet anyway. */
export const compressedBytesMin = 1_400;

/** The encoding that `Accept-Encoding` likes best; null for the bytes as they are. */
export function encodingFor(accepted: string | undefined): Encoding | null {
  if (accepted === undefined) return null;
  const weights = new Map(accepted.toLowerCase().split(',', entriesMax).map(weigh));
  const weightOf = (name: string) => weights.get(name) ?? weights.get('*') ?? 0;
  const [best = null] = encodings.toSorted((one, other) => weightOf(other) - weightOf(one));
  if (best === null || weightOf(best) === 0) return null;
  return weightOf(best) >= (weights.get('identity') ?? 0) ? best : null;
}

export function weigh(entry: string): [name: string, weight: number] {
  const [name = '', ...parameters] = entry.split(';', entriesMax).map((part) => part.trim());
  const given = parameters.find((parameter) => parameter.startsWith('q='));
  const weight = given === undefined ? 1 : Number(given.slice(2));
  return [name, weight >= 0 && weight <= 1 ? weight : 0];
}

/** A larger text is compressed with less effort, as others wait for the same few threads. */
const carefulBytesMax = 1_048_576;

const brotli = promisify(brotliCompress);
const zip = promisify(gzip);

export async function compress(bytes: Buffer, encoding: Encoding): Promise<Buffer> {
  const isLarge = bytes.length > carefulBytesMax;
  if (encoding === 'gzip') return await zip(bytes, isLarge ? { level: constants.Z_BEST_SPEED } : {});
  const quality = {
    [constants.BROTLI_PARAM_QUALITY]: isLarge ? 1 : 4,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  return await brotli(bytes, { params: quality });
}
