import { invalid, validationFailed, type Issue } from '../errors.js';
import { scanJson } from './exact-numbers.js';
import { heavyWork } from '../work/heavy-work.js';
import { oversized } from './json-shape.js';
import { unstorableIssues } from './storable-json.js';

/**
 * The one reader of JSON that others wrote, whichever way it comes in: bodies, parameters of an address, messages,
 * files. Parsing and looking are linear in the text.
 */
export interface ReadJson {
  value: unknown;
  /** What of it we could not give back as it was sent, wherever it stands. */
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

/** From here on, reading takes a moment. */
const largeBytesMin = 32_768;

/** A body, whose reader has its turn if it is a long one. @throws validation_failed for what is no JSON in UTF-8 */
export async function readJsonInTurn(caller: string, bytes: Uint8Array): Promise<ReadJson> {
  if (bytes.length < largeBytesMin) return readJsonBytes(bytes);
  return await heavyWork.run(caller, () => readJsonBytes(bytes));
}

/** @throws validation_failed for what is no JSON */
export function readJson(given: string): ReadJson {
  // Some editors and languages put one before every text.
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
  // In a whole text only an escape can write what is not: without one there is nothing to look for in the value.
  const mayHold = isOutOfBounds || text.includes('\\u') || !text.isWellFormed();
  const unstorable = mayHold ? unstorableIssues(value) : [];
  return { value, issues: unstorable.length > 0 ? unstorable : inexact.found };
}

/** @returns the value. @throws validation_failed for what is read with an issue, too */
export function exactValue({ value, issues }: ReadJson): unknown {
  if (issues.length > 0) throw validationFailed(issues);
  return value;
}
