import { invalid, validationFailed, type Issue } from '../errors.js';
import { scanJson } from './exact-numbers.js';
import { heavyWork } from '../work/heavy-work.js';
import { oversized } from './json-shape.js';
import { unstorableIssues } from './storable-json.js';

/**
 * What the one reader of JSON from outside makes of a text, whichever way the text comes in: a body, a parameter of a
 * URL, a message, a file. Reading takes time that is linear in the text.
 */
export interface ReadJson {
  value: unknown;
  /** The values that could not be stored, or not be given back as they were sent, wherever they stand. */
  issues: readonly Issue[];
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const byteOrderMark = '\uFEFF';

/** @throws validation_failed for what is no JSON in UTF-8 */
export function readJsonBytes(bytes: Uint8Array): ReadJson {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw invalid('', 'bad_format', 'is not valid UTF-8');
  }
  return readJson(text);
}

/** Whether reading it keeps the event loop for more than a moment. */
export const isLongJson = ({ length }: Uint8Array) => length >= 32_768;

/** Reads a body, a large one as heavy work in its caller's turn. @throws validation_failed for what is no JSON in UTF-8 */
export async function readJsonInTurn(caller: string, bytes: Uint8Array): Promise<ReadJson> {
  if (!isLongJson(bytes)) return readJsonBytes(bytes);
  return await heavyWork.run(caller, () => readJsonBytes(bytes));
}

/** @throws validation_failed for what is no JSON */
export function readJson(given: string): ReadJson {
  // Some editors and languages put a byte order mark before every text.
  const text = given.startsWith(byteOrderMark) ? given.slice(1) : given;
  const problem = oversized(text);
  if (problem !== null) throw invalid('', 'out_of_range', problem);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid('', 'bad_format', 'is not valid JSON');
  }
  const { inexact, isOutOfBounds } = scanJson(text);
  // In a well-formed text only an escape can write what cannot be stored: without escapes the values need no look.
  const mayHold = isOutOfBounds || text.includes('\\u') || !text.isWellFormed();
  const unstorable = mayHold ? unstorableIssues(value) : [];
  return { value, issues: unstorable.length > 0 ? unstorable : inexact.found };
}

/** @returns the value. @throws validation_failed where the text was read with an issue */
export function exactValue({ value, issues }: ReadJson): unknown {
  if (issues.length > 0) throw validationFailed(issues);
  return value;
}
