import type { Issue } from '../errors.js';

/** The longest string anywhere in what a caller sends. */
export const textCharactersMax = 10_000;
export const listEntriesMax = 100;
/** The deepest nesting of objects and lists that a body may have. */
export const jsonDepthMax = 32;
/** A body of 1 MiB could hold 100,000 bad values: an answer names so many of them. */
const issuesMax = 1_000;
/** The characters of all issues: a path may have 3,200, and an answer must not be many times as long as its request. */
const issueCharactersMax = 262_144;
const keyCharactersMax = 100;

/** A list of issues, up to as many as an answer names. */
export class IssueList {
  readonly found: Issue[] = [];
  private characters = 0;

  get isFull(): boolean {
    return this.found.length >= issuesMax || this.characters >= issueCharactersMax;
  }

  add(path: string, message: string, code: Issue['code'] = 'bad_format'): void {
    if (this.isFull) return;
    this.found.push({ path, message, code });
    this.characters += path.length + message.length;
  }
}

/**
 * What a parsed JSON value holds that PostgreSQL or UTF-8 cannot keep, at any place, in keys too: U+0000, half of a
 * surrogate pair, a number beyond a double (`JSON.parse` makes it infinite), more than `jsonDepthMax` levels.
 * `path` is where `value` stands; the paths returned begin with it. Values other than JSON's are let pass.
 */
export function unstorableIssues(value: unknown, path = ''): Issue[] {
  const issues = new IssueList();
  walk(value, path, 0, issues);
  return issues.found;
}

/** Why this text cannot be kept, for an issue `bad_format`; null when it can. */
export function unstorableText(text: string): string | null {
  if (text.includes('\0')) return 'must not contain the character U+0000';
  return text.isWellFormed() ? null : 'must not contain half of a surrogate pair (text must be valid Unicode)';
}

/** `key` under `path`, shortened and made printable, so that an answer can repeat it safely. */
export function keyPath(path: string, key: string): string {
  const shown = unstorableText(key) === null ? key : key.toWellFormed().replaceAll('\0', '\uFFFD');
  const short = shortText(shown, keyCharactersMax);
  return path === '' ? short : `${path}.${short}`;
}

/** A caller's text, shortened for an answer that repeats it. */
export const shortText = (text: string, lengthMax: number) =>
  text.length <= lengthMax ? text : `${text.slice(0, lengthMax).toWellFormed()}…`;

/** Characters as people count them: a surrogate pair is one. */
export function charactersIn(text: string): number {
  let characters = 0;
  for (let index = 0; index < text.length; characters++) index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
  return characters;
}

/** Whether two JSON values are the same: the order of an object's keys is no part of it, that of a list's entries is. */
export function isSameJson(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one) || Array.isArray(other)) {
    const [entries, others] = [one, other];
    if (!Array.isArray(entries) || !Array.isArray(others) || entries.length !== others.length) return false;
    return entries.every((entry, index) => isSameJson(entry, others[index]));
  }
  const values = Object.entries(one);
  const others = other as Readonly<Record<string, unknown>>;
  if (values.length !== Object.keys(other).length) return false;
  return values.every(([key, value]) => Object.hasOwn(other, key) && isSameJson(value, others[key]));
}

/** Whether a value is what JSON calls an object. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether two lists have the same entries, however often and in whichever order. */
export function isSameSet(one: readonly string[], other: readonly string[]): boolean {
  const [entries, others] = [new Set(one), new Set(other)];
  return entries.size === others.size && one.every((entry) => others.has(entry));
}

function walk(value: unknown, path: string, depth: number, issues: IssueList): void {
  if (issues.isFull) return;
  if (typeof value === 'string') {
    const problem = unstorableText(value);
    if (problem !== null) issues.add(path, problem);
  } else if (typeof value === 'number') {
    if (!Number.isFinite(value)) issues.add(path, beyondDouble);
  } else if (typeof value === 'object' && value !== null) {
    if (depth === jsonDepthMax) {
      issues.add(path, nestedTooDeep, 'not_allowed');
    } else if (Array.isArray(value)) {
      for (let index = 0; index < value.length; index++) {
        const entry: unknown = value[index];
        if (needsWalk(entry)) walk(entry, keyPath(path, String(index)), depth + 1, issues);
      }
    } else {
      for (const [key, entry] of Object.entries(value)) {
        const problem = unstorableText(key);
        if (problem !== null) issues.add(keyPath(path, key), `must have a name that can be kept; it ${problem}`);
        if (needsWalk(entry)) walk(entry, keyPath(path, key), depth + 1, issues);
      }
    }
  }
}

export const beyondDouble = 'must be a number that fits a double (below 1.8e308)';
export const nestedTooDeep = `must not be nested deeper than ${jsonDepthMax} levels`;

// Most bodies are fine: paths are built for the others alone, which makes an ordinary body three times cheaper.
function needsWalk(value: unknown): boolean {
  if (typeof value === 'string') return unstorableText(value) !== null;
  if (typeof value === 'number') return !Number.isFinite(value);
  return typeof value === 'object' && value !== null;
}
