import type { Issue } from '../platform/errors.js';
import { keyPath } from '../platform/json-text.js';

/**
 * Integers in a JSON text that a double cannot hold, and numbers so small that it holds 0: parsed, stored and sent back
 * they would be other numbers, and nobody would be told. `value` is the text as `JSON.parse` has it. Other decimals are
 * not held to this: their nearest double is the same number to every reader, and old clients write 0.1 as
 * 0.10000000000000001.
 */
export function inexactNumbers(text: string, value: unknown): Issue[] {
  const mayHaveHuge = /\d{16}|[eE]/.test(text) && holdsHugeInteger(value);
  if (!mayHaveHuge && !/0{300}|\d[eE]-0*\d{2}/.test(text)) return [];
  const issues: Issue[] = [];
  const mark: Reviver = (_key, entry, { source = '' }) => {
    if (entry === 0) return digitsOf(source).replace('-', '') === '' ? entry : vanished;
    return isHugeInteger(entry) && digitsOf(source) !== digitsOf(String(entry)) ? inexact : entry;
  };
  const marked: unknown = JSON.parse(text, mark as (key: string, entry: unknown) => unknown);
  collect(marked, '', issues);
  return issues;
}

/** As ECMAScript 2026 calls it: with the literal a number was parsed from. */
type Reviver = (key: string, entry: unknown, context: { source?: string }) => unknown;

const inexact = Symbol('inexact');
const vanished = Symbol('vanished');

const isHugeInteger = (value: unknown) =>
  typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER && Number.isFinite(value);

function holdsHugeInteger(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return isHugeInteger(value);
  return Object.values(value).some(holdsHugeInteger);
}

/** `1e23`, `1E+23` and `100000000000000000000000` are the same digits. */
function digitsOf(literal: string): string {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?/.exec(literal) ?? [];
  return sign + `${whole}${fraction}`.replace(/^0+|0+$/g, '');
}

function collect(value: unknown, path: string, issues: Issue[]): void {
  if (value === inexact) {
    const message = 'must be a whole number that a double holds exactly; send longer ones as text';
    issues.push({ path, message, code: 'out_of_range' });
  } else if (value === vanished) {
    issues.push({ path, message: 'must be 0 or a number that fits a double (above 4.9e-324)', code: 'out_of_range' });
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, entry] of Object.entries(value)) collect(entry, keyPath(path, key), issues);
  }
}
