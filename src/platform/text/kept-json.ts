import type { Issue, IssueCode } from '../errors.js';
import { charactersIn, isObject, keyPath, listEntriesMax, textCharactersMax, unstorableText } from './storable-json.js';

const keysMax = 200;
const levelsMax = 8;
/** So many issues of one object are listed. */
const issuesMax = 1_000;

/** The most bytes of what is kept, as compact JSON in UTF-8. */
export const keptBytesMax = { answers: 1_048_576, object: 262_144 } as const;

/** A copy of `before` with the values of `patch`; a null in `patch` removes a key. A patch that is no object changes nothing. */
export function mergeJson(before: object, patch: unknown): Record<string, unknown> {
  const merged = new Map<string, unknown>(Object.entries(before));
  for (const [name, value] of isObject(patch) ? Object.entries(patch) : []) {
    if (value === null) merged.delete(name);
    else merged.set(name, value);
  }
  // Unlike assignment, this keeps a key called `__proto__` an ordinary one.
  return Object.fromEntries(merged);
}

export const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

interface Kept {
  path: string;
  bytesMax: number;
  /** The object that the new one replaces. */
  before?: object;
}

/**
 * Why an object may not be kept, whichever door it came through: it may have 200 keys, texts of 10,000 characters, lists
 * of 100 entries, 8 levels, and `bytesMax` in all. What is too large already may stay as large as it is: only growth is
 * refused. Linear in both objects; what is no object is others' to refuse.
 */
export function keptJsonIssues(after: unknown, { path, bytesMax, before = {} }: Kept): Issue[] {
  if (!isObject(after)) return [];
  const old = new Map<string, unknown>(Object.entries(before));
  const entries = Object.entries(after);
  const review = new Review();
  if (entries.length > Math.max(keysMax, old.size)) {
    review.tooLong(path, `have at most ${keysMax} keys`);
    return review.issues;
  }
  for (const [key, value] of entries) {
    const found = new Review();
    found.key(path, key);
    found.value(keyPath(path, key), value, 2);
    if (found.issues.length > 0 && !isSmallerThan(old, key, value)) review.add(found.issues);
  }
  const bytes = bytesOf(after);
  if (bytes > bytesMax && bytes > bytesOf(before)) {
    review.tooLong(path, `have at most ${bytesMax} bytes as JSON; it would have ${bytes}`);
  }
  return review.issues;
}

/** Whether the value of a key, which breaks a bound, is no larger than the kept value, which breaks bounds as well. */
function isSmallerThan(old: ReadonlyMap<string, unknown>, key: string, value: unknown): boolean {
  const kept = old.get(key);
  if (kept === undefined || bytesOf(value) > bytesOf(kept)) return false;
  const known = new Review();
  known.key('', key);
  known.value('', kept, 2);
  return known.issues.length > 0;
}

class Review {
  readonly issues: Issue[] = [];

  add(issues: readonly Issue[]): void {
    this.issues.push(...issues.slice(0, issuesMax - this.issues.length));
  }

  tooLong(path: string, must: string): void {
    this.refuse(path, 'too_long', `must ${must}`);
  }

  key(path: string, key: string): void {
    const problem = unstorableText(key);
    if (problem !== null)
      this.refuse(keyPath(path, key), 'bad_format', `must have a name that can be kept; it ${problem}`);
    else if (isTooLong(key)) this.tooLong(keyPath(path, key), `have a name of at most ${textCharactersMax} characters`);
  }

  /** @param level the nesting level of an object or a list in this place */
  value(path: string, value: unknown, level: number): void {
    if (this.issues.length >= issuesMax) return;
    if (typeof value === 'string') {
      const problem = unstorableText(value);
      if (problem !== null) this.refuse(path, 'bad_format', problem);
      else if (isTooLong(value)) this.tooLong(path, `have at most ${textCharactersMax} characters`);
    } else if (typeof value === 'number') {
      if (!Number.isFinite(value)) this.refuse(path, 'out_of_range', 'must be a number that fits a double');
    } else if (typeof value === 'object' && value !== null) {
      if (level > levelsMax) this.tooLong(path, `not be nested deeper than ${levelsMax} levels`);
      else if (Array.isArray(value)) this.list(path, value, level);
      else this.object(path, value, level);
    }
  }

  private list(path: string, entries: readonly unknown[], level: number): void {
    if (entries.length > listEntriesMax) return this.tooLong(path, `have at most ${listEntriesMax} entries`);
    entries.forEach((entry, index) => this.value(keyPath(path, String(index)), entry, level + 1));
  }

  private object(path: string, value: object, level: number): void {
    const entries = Object.entries(value);
    if (entries.length > keysMax) return this.tooLong(path, `have at most ${keysMax} keys`);
    for (const [key, entry] of entries) {
      this.key(path, key);
      this.value(keyPath(path, key), entry, level + 1);
    }
  }

  private refuse(path: string, code: IssueCode, message: string): void {
    if (this.issues.length < issuesMax) this.issues.push({ path, message, code });
  }
}

const isTooLong = (text: string) => text.length > textCharactersMax && charactersIn(text) > textCharactersMax;
