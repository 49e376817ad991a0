import { fieldsOf, type SchemaItem } from '../intake-bots/bot-schema.js';
import type { Issue, IssueCode } from '../platform/errors.js';
import {
  charactersIn,
  keyPath,
  listEntriesMax,
  shortText,
  textCharactersMax,
  unstorableText,
} from '../platform/text/storable-json.js';
import { mergeJson } from '../platform/text/kept-json.js';
import { PatternChecks } from '../platform/text/safe-pattern.js';
import { formatProblem } from './answer-formats.js';

export type Answer = string | number | boolean | string[] | null;
export type Answers = Record<string, Answer>;

/** A body of 1 MiB could have 150,000 unknown fields: an answer lists so many of them and counts the others. */
const unknownFieldsListedMax = 1_000;
const optionsShownMax = 10;
const optionCharactersShownMax = 40;

/**
 * Checks answers against a bot's schema and returns every issue at once, in the schema's order, unknown fields last, with
 * paths like `data.email`, `data.colours.1`. It changes and converts nothing.
 *
 * `complete` demands the required fields: null is absent, and an empty text or list is no answer either. Apart from
 * that an empty text is a text, to which every rule applies. `hidden` takes any kind of value. Lengths count
 * characters, a surrogate pair as one; `min` and `max` count the entries of a list. `kept` are the answers that a change
 * is for: null may remove a field of them that the schema no longer has.
 */
export function checkAnswers(
  items: readonly SchemaItem[],
  data: unknown,
  options: { complete: boolean; kept?: Readonly<Answers> },
): { issues: Issue[] } {
  if (data === undefined || data === null) return { issues: [issue('data', 'required', 'is required')] };
  if (typeof data !== 'object' || Array.isArray(data)) {
    return { issues: [issue('data', 'wrong_type', "must be an object with the fields' names as keys")] };
  }
  const answers = new Map<string, unknown>(Object.entries(data));
  const patterns = new PatternChecks();
  const fields = fieldsOf(items);
  const issues = fields.flatMap((field) => {
    const path = keyPath('data', field.name);
    const value = answers.get(field.name);
    if (options.complete && field.required && isBlank(value)) return [issue(path, 'required', 'is required')];
    return value === undefined || value === null ? [] : new FieldCheck(field, patterns).check(path, value);
  });
  for (const name of Object.keys(options.kept ?? {})) if (answers.get(name) === null) answers.delete(name);
  return { issues: [...issues, ...unknownFields(fields, items, answers)] };
}

/** What answers still lack before their submission can be completed; they may have been kept under an older schema. */
export function missingAnswers(items: readonly SchemaItem[], data: Readonly<Answers>): Issue[] {
  return fieldsOf(items)
    .filter((field) => field.required && isBlank(Object.hasOwn(data, field.name) ? data[field.name] : null))
    .map((field) => issue(keyPath('data', field.name), 'required', 'is required'));
}

/** A copy of `current` with the values of `patch`; a null in `patch` removes a field. */
export function mergeAnswers(current: Readonly<Answers>, patch: Readonly<Answers>): Answers {
  return mergeJson(current, patch) as Answers;
}

/** The names of fields whose value differs, sorted; null and absent are the same. */
export function changedFields(before: Readonly<Answers>, after: Readonly<Answers>): string[] {
  const old = new Map(Object.entries(before));
  const now = new Map(Object.entries(after));
  const names = new Set([...old.keys(), ...now.keys()]);
  return [...names].filter((name) => !isSame(old.get(name) ?? null, now.get(name) ?? null)).sort();
}

const issue = (path: string, code: IssueCode, message: string): Issue => ({ path, message, code });

const isBlank = (value: unknown) =>
  value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);

function isSame(one: Answer, other: Answer): boolean {
  if (!Array.isArray(one) || !Array.isArray(other)) return one === other;
  return one.length === other.length && one.every((entry, index) => entry === other[index]);
}

function unknownFields(
  fields: readonly SchemaItem[],
  items: readonly SchemaItem[],
  answers: ReadonlyMap<string, unknown>,
): Issue[] {
  const known = new Set(fields.map((field) => field.name));
  const displayed = new Set(items.map((item) => item.name));
  const unknown = [...answers.keys()].filter((name) => !known.has(name));
  const issues = unknown.slice(0, unknownFieldsListedMax).map((name) => {
    const message = displayed.has(name) ? 'is display only and takes no value' : 'is not a field of this intake bot';
    return issue(keyPath('data', name), 'unknown_field', message);
  });
  const rest = unknown.length - issues.length;
  return rest > 0 ? [...issues, issue('data', 'unknown_field', `has ${rest} more unknown fields`)] : issues;
}

class FieldCheck {
  private readonly issues: Issue[] = [];

  constructor(
    private readonly field: SchemaItem,
    private readonly patterns: PatternChecks,
  ) {}

  check(path: string, value: unknown): Issue[] {
    const { type } = this.field;
    const isAny = type === 'hidden';
    if (typeof value === 'string' && type !== 'number' && type !== 'boolean' && type !== 'multi_select') {
      this.text(path, value);
    } else if (typeof value === 'number' && (type === 'number' || isAny)) {
      this.range(path, value, '');
    } else if (Array.isArray(value) && (type === 'multi_select' || type === 'file' || isAny)) {
      this.list(path, value);
    } else if (typeof value !== 'boolean' || (type !== 'boolean' && !isAny)) {
      this.add(path, 'wrong_type', `must be ${(Object.hasOwn(expected, type) ? expected[type] : null) ?? 'a text'}`);
    }
    return this.issues;
  }

  private list(path: string, entries: readonly unknown[]): void {
    const { type } = this.field;
    if (entries.length > listEntriesMax) this.add(path, 'too_long', `must have at most ${listEntriesMax} entries`);
    this.range(path, entries.length, ' entries');
    const seen = new Set<string>();
    entries.slice(0, listEntriesMax).forEach((entry, index) => {
      const at = `${path}.${index}`;
      if (typeof entry !== 'string') return this.add(at, 'wrong_type', 'must be a text');
      if (type === 'multi_select' && seen.has(entry)) this.add(at, 'not_allowed', 'must be chosen only once');
      else this.text(at, entry);
      seen.add(entry);
    });
  }

  private text(path: string, text: string): void {
    const { type, options = [], minLength = 0, maxLength = textCharactersMax, pattern } = this.field;
    const problem = unstorableText(text);
    if (problem !== null) this.add(path, 'bad_format', problem);
    const characters = charactersIn(text);
    const charactersMax = Math.min(maxLength, textCharactersMax);
    if (characters > charactersMax) this.add(path, 'too_long', `must have at most ${charactersMax} characters`);
    if (characters < minLength) this.add(path, 'out_of_range', `must have at least ${minLength} characters`);
    // A text that cannot be kept is not checked any further, which could take long.
    if (problem !== null || characters > textCharactersMax) return;

    if ((type === 'select' || type === 'multi_select') && !options.includes(text)) {
      this.add(path, 'not_an_option', `must be one of: ${shownOptions(options)}`);
    }
    const refusal = formatProblem(type, text);
    if (refusal !== null) this.add(path, refusal.code, refusal.message);
    if (pattern === undefined) return;
    const verdict = this.patterns.check(pattern, text);
    if (verdict === 'differs') this.add(path, 'bad_format', `must match the pattern ${pattern}`);
    if (verdict === 'unchecked') this.add(path, 'too_long', `must be shorter for the pattern ${pattern} to be checked`);
  }

  private range(path: string, amount: number, unit: '' | ' entries'): void {
    const { min = -Infinity, max = Infinity } = this.field;
    const must = unit === '' ? 'must be' : 'must have';
    if (!Number.isFinite(amount)) this.add(path, 'bad_format', 'must be a number that fits a double (below 1.8e308)');
    else if (amount < min) this.add(path, 'out_of_range', `${must} at least ${min}${unit}`);
    else if (amount > max) this.add(path, 'out_of_range', `${must} at most ${max}${unit}`);
  }

  private add(path: string, code: IssueCode, message: string): void {
    this.issues.push(issue(path, code, message));
  }
}

const expected: Readonly<Record<string, string>> = {
  number: 'a number',
  boolean: 'true or false',
  select: 'one of the options, as a text',
  multi_select: 'a list of options',
  date: 'a date as a text, like 2026-01-15',
  file: 'an https URL, or a list of them',
  geolocation: 'a text like "52.52,13.405"',
  hidden: 'a text, a number, true, false or a list of texts',
};

function shownOptions(options: readonly string[]): string {
  const shown = options.slice(0, optionsShownMax).map((option) => shortText(option, optionCharactersShownMax));
  const rest = options.length - shown.length;
  return shown.join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}
