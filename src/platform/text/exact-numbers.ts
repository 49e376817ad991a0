import { closingQuote } from './json-shape.js';
import { IssueList, jsonDepthMax, keyPath } from './storable-json.js';

/** A longer number is refused unread: nobody means one, and reading it takes long. */
const numberCharactersMax = 1_000;
/** Every whole number of so many digits is a double. */
const exactDigits = 15;

/**
 * Why a JSON number cannot be kept as it is written, for an issue `out_of_range`; null when it can: an integer that a
 * double cannot hold, or a number so small that it holds 0, would be parsed, stored and sent back as another number, and
 * nobody would be told. Other decimals are not held to this: their nearest double is the same number to every reader,
 * and old clients write 0.1 as 0.10000000000000001. One beyond a double is found by `unstorableIssues`.
 */
export function inexactNumber(literal: string): string | null {
  if (literal.length > numberCharactersMax) return `must have at most ${numberCharactersMax} characters as a number`;
  const number = Number(literal);
  if (number === 0) {
    return digitsOf(literal) === '' ? null : 'must be 0 or a number that fits a double (above 4.9e-324)';
  }
  if (Math.abs(number) <= Number.MAX_SAFE_INTEGER || !Number.isFinite(number)) return null;
  if (digitsOf(literal) === digitsOf(String(number))) return null;
  return 'must be a whole number that a double holds exactly; send longer ones as text';
}

/** `1e23`, `1E+23` and `100000000000000000000000` are the same digits. Linear in the literal, whatever its zeros. */
function digitsOf(literal: string): string {
  const exponent = literal.search(/[eE]/);
  const digits = (exponent === -1 ? literal : literal.slice(0, exponent)).replace('-', '').replace('.', '');
  let [start, end] = [0, digits.length];
  while (start < end && digits.charCodeAt(start) === zero) start += 1;
  while (end > start && digits.charCodeAt(end - 1) === zero) end -= 1;
  return digits.slice(start, end);
}

export interface ScannedJson {
  /** The numbers that cannot be kept as they are written, with their paths. */
  inexact: IssueList;
  /** Whether a number is beyond a double, or the text nested deeper than is allowed: it is scanned no further then. */
  isOutOfBounds: boolean;
}

/** One walk over a text that is valid JSON. */
export function scanJson(text: string): ScannedJson {
  const inexact = new IssueList();
  const place = new Place(text);
  const { length } = text;
  for (let at = 0; at < length && !inexact.isFull;) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      const end = closingQuote(text, at) + 1;
      place.string(at, end);
      at = end;
    } else if (code === minus || isDigit(code)) {
      const end = endOfNumber(text, at);
      // Most numbers are short, and known to be exact without reading them.
      if (end - at > exactDigits || hasExponent(text, at, end)) {
        const literal = text.slice(at, end);
        const problem = inexactNumber(literal);
        if (problem !== null) inexact.add(place.path, problem, 'out_of_range');
        else if (!Number.isFinite(Number(literal))) return { inexact, isOutOfBounds: true };
      }
      at = end;
    } else {
      place.sign(code);
      if (place.depth > jsonDepthMax) return { inexact, isOutOfBounds: true };
      at += 1;
    }
  }
  return { inexact, isOutOfBounds: false };
}

const zero = 0x30;
const nine = 0x39;
const quote = 0x22;
const minus = 0x2d;
const plus = 0x2b;
const dot = 0x2e;
const colon = 0x3a;
const comma = 0x2c;
const openList = 0x5b;
const closeList = 0x5d;
const openObject = 0x7b;
const closeObject = 0x7d;

const isDigit = (code: number) => code >= zero && code <= nine;
/** `e` or `E` */
const isExponent = (code: number) => (code | 0x20) === 0x65;

function endOfNumber(text: string, start: number): number {
  for (let at = start; ; at += 1) {
    const code = text.charCodeAt(at);
    if (!(isDigit(code) || code === dot || code === minus || code === plus || isExponent(code))) return at;
  }
}

function hasExponent(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (isExponent(text.charCodeAt(at))) return true;
  return false;
}

/** Where the walk is in the value: for each open object its last key, for each open list how many entries came before. */
class Place {
  /** The index in a list; `inObject` for an object. */
  private readonly counts: number[] = [];
  private readonly keyStarts: number[] = [];
  private readonly keyEnds: number[] = [];
  private stringStart = 0;
  private stringEnd = 0;

  constructor(private readonly text: string) {}

  string(start: number, end: number): void {
    this.stringStart = start;
    this.stringEnd = end;
  }

  sign(code: number): void {
    const last = this.counts.length - 1;
    if (code === openList || code === openObject) {
      this.counts.push(code === openList ? 0 : inObject);
      this.keyStarts.push(0);
      this.keyEnds.push(0);
    } else if (code === closeList || code === closeObject) {
      this.counts.pop();
      this.keyStarts.pop();
      this.keyEnds.pop();
    } else if (code === colon) {
      this.keyStarts[last] = this.stringStart;
      this.keyEnds[last] = this.stringEnd;
    } else if (code === comma && this.counts[last] !== inObject) {
      this.counts[last] = (this.counts[last] ?? 0) + 1;
    }
  }

  get depth(): number {
    return this.counts.length;
  }

  get path(): string {
    return this.counts.reduce(
      (path, count, depth) => keyPath(path, count === inObject ? this.key(depth) : String(count)),
      '',
    );
  }

  private key(depth: number): string {
    return JSON.parse(this.text.slice(this.keyStarts[depth], this.keyEnds[depth])) as string;
  }
}

const inObject = -1;
