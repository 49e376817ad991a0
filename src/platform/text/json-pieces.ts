import { pauseForOthers } from '../work/pause-for-others.js';

/** A larger answer is written piece by piece, and other requests are answered in between. */
export const largeBytesMin = 1_048_576;
const pieceCharactersMin = 131_072;
/** Values that lie deeper are written at once: everything that is kept has a bound on its size. */
const levelsMax = 6;

/** Writes a value as `JSON.stringify` does, in UTF-8, for values that JSON knows. */
export async function jsonPieces(value: unknown): Promise<Buffer[]> {
  const pieces: Buffer[] = [];
  let gathered: string[] = [];
  let characters = 0;
  for (const part of parts(value, 0)) {
    gathered.push(part);
    characters += part.length;
    if (characters < pieceCharactersMin) continue;
    pieces.push(Buffer.from(gathered.join('')));
    gathered = [];
    characters = 0;
    await pauseForOthers();
  }
  pieces.push(Buffer.from(gathered.join('')));
  return pieces;
}

function* parts(value: unknown, level: number): Generator<string> {
  if (typeof value !== 'object' || value === null || 'toJSON' in value || level === levelsMax) {
    yield JSON.stringify(value);
  } else if (Array.isArray(value)) {
    yield '[';
    for (const [index, item] of value.entries()) {
      if (index > 0) yield ',';
      yield* parts(item ?? null, level + 1);
    }
    yield ']';
  } else {
    let before = '{';
    for (const [key, item] of Object.entries(value)) {
      if (item === undefined) continue;
      yield `${before}${JSON.stringify(key)}:`;
      yield* parts(item, level + 1);
      before = ',';
    }
    yield before === '{' ? '{}' : '}';
  }
}
