import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

export type Encoding = 'br' | 'gzip';

/** From the one we like best. */
const encodings = ['br', 'gzip'] as const;
/** Of a list in a header: a client names a handful. */
export const entriesMax = 100;
/** What fits into one packet anyway is not worth the work. */
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

/** What is larger is not worth all the work that a smaller text is: others wait for the same few threads. */
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
