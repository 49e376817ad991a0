import { z } from 'zod';
import { emailCharactersMax, isEmail, normalEmail } from './text/email-address.js';
import { Failure, validationFailed, type Issue, type IssueCode } from './errors.js';
import { isObject, keyPath } from './text/storable-json.js';

/** A body of 1 MiB could have 90,000 unknown fields: an answer lists so many of them and counts the others. */
const unknownFieldsListedMax = 1_000;

/** How a door spells the names of fields: REST `is_test`, GraphQL `isTest`. Services know camelCase alone. */
export type Spelling = 'camelCase' | 'snake_case';

export const spell = (name: string, spelling: Spelling) =>
  spelling === 'camelCase' ? name : name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** The same for the compiler: `is_test` of `isTest`. */
export type SnakeCase<Name extends string> = Name extends `${infer Letter}${infer Rest}`
  ? `${Letter extends Lowercase<Letter> ? Letter : `_${Lowercase<Letter>}`}${SnakeCase<Rest>}`
  : '';

/** An input: one set of rules for all doors, built once for each spelling. */
export interface Input<Shape extends z.ZodRawShape> {
  readonly camelCase: z.ZodObject<Shape>;
  readonly snake_case: z.ZodObject<Shape>;
  /** By spelling: the names of the fields by their keys, as they are sent. */
  readonly names: Readonly<Record<Spelling, ReadonlyMap<string, string>>>;
}

export type Valid<I> = I extends Input<infer Shape> ? z.output<z.ZodObject<Shape>> : never;

/** An input that a service reads only once it knows that the caller is entitled, and that the thing is there. */
export type Unread<I> = () => Valid<I>;

/** An object as it came: a zod record would lose the key `__proto__`. */
export const jsonObject = z.custom<Record<string, unknown>>(isObject, 'must be an object');

export function input<Shape extends z.ZodRawShape>(shape: (spelling: Spelling) => Shape): Input<Shape> {
  const camelCase = z.object(shape('camelCase'));
  const namesIn = (spelling: Spelling) =>
    new Map(Object.keys(camelCase.shape).map((name) => [spell(name, spelling), name]));
  const names = { camelCase: namesIn('camelCase'), snake_case: namesIn('snake_case') };
  return { camelCase, snake_case: z.object(shape('snake_case')), names };
}

/** The names of the fields of an input, as services know them. */
export const keysOf = <Shape extends z.ZodRawShape>({ camelCase }: Input<Shape>) =>
  Object.keys(camelCase.shape) as (keyof Shape & string)[];

/**
 * Reads an input; throws `validation_failed` with every issue, each with its path in the door's spelling.
 * @param also issues that the door has found already
 */
export function validate<Shape extends z.ZodRawShape>(
  rules: Input<Shape>,
  raw: unknown,
  spelling: Spelling,
  also: readonly Issue[] = [],
): Valid<Input<Shape>> {
  if (raw === null || typeof raw !== 'object' || Array.isArray(raw)) {
    throw new InputFailure([{ path: '', message: 'must be a JSON object', code: 'wrong_type' }, ...also], null);
  }
  const { known, unknown } = sort(raw, rules[spelling].shape, rules.names[spelling]);
  const result = rules[spelling].safeParse(known);
  if (result.success && unknown.length === 0 && also.length === 0) return result.data;
  const issues = result.success ? [] : result.error.issues.map((found) => issueOf(found, known, spelling));
  throw new InputFailure(distinct([...issues, ...unknown, ...also]), known);
}

/** An object within an input, read by rules of its own and spelled as the door spells it. */
export const nested = <Shape extends z.ZodRawShape>(rules: Input<Shape>, spelling: Spelling) =>
  z.unknown().transform((raw, context): Valid<Input<Shape>> => {
    try {
      return validate(rules, raw, spelling);
    } catch (error) {
      if (!(error instanceof InputFailure)) throw error;
      report(context, error.issues);
      return z.NEVER;
    }
  });

/** A refused input with what was sent, so that `readWith` can add further issues before the caller hears of any. */
class InputFailure extends Failure {
  constructor(
    readonly issues: readonly Issue[],
    /** What was sent, as far as its fields are known; null when it was no object. */
    readonly known: Readonly<Record<string, unknown>> | null,
  ) {
    const { code, message, details } = validationFailed(issues);
    super(code, message, details);
  }
}

/** Of changes those that were sent: what is left out stays as it is. */
export const given = <T extends object>(changes: T) =>
  Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };

/** Reads an input and adds the issues that only the thing which it is for can show: a caller gets all issues at once. */
export function readWith<Read extends object>(
  read: () => Read,
  also: (sent: Readonly<Record<keyof Read, unknown>>) => readonly Issue[],
): Read {
  let valid: Read;
  try {
    valid = read();
  } catch (error) {
    if (!(error instanceof InputFailure) || error.known === null) throw error;
    throw validationFailed(distinct([...error.issues, ...also(error.known as Record<keyof Read, unknown>)]));
  }
  const issues = also(valid);
  if (issues.length > 0) throw validationFailed(issues);
  return valid;
}

/** What was sent, valid or not. */
export function sentTo<I>(read: Unread<I>): Readonly<Partial<Record<keyof Valid<I>, unknown>>> {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof InputFailure)) throw error;
    return (error.known ?? {}) as Partial<Record<keyof Valid<I>, unknown>>;
  }
}

/** Drops an issue that two readers have found. */
const distinct = (issues: readonly Issue[]) => [
  ...new Map(issues.map((issue) => [`${issue.code} ${issue.path}`, issue])).values(),
];

function sort(
  raw: object,
  shape: z.ZodRawShape,
  names: ReadonlyMap<string, string>,
): { known: Record<string, unknown>; unknown: Issue[] } {
  const known: Record<string, unknown> = {};
  for (const [key, name] of names) {
    if (!Object.hasOwn(raw, key)) continue;
    const value = (raw as Record<string, unknown>)[key];
    // Many clients send null for a field that they have not set.
    if (value === null && isOptionalOnly(shape[name] as z.ZodType)) continue;
    known[name] = value;
  }
  const others = Object.keys(raw).filter((key) => !names.has(key));
  const unknown = others.slice(0, unknownFieldsListedMax).map((key) => unknownField(keyPath('', key)));
  const rest = others.length - unknown.length;
  return { known, unknown: rest > 0 ? [...unknown, unknownField('', `has ${rest} more unknown fields`)] : unknown };
}

/** Whether a field may be absent and null is not a value of it. */
const isOptionalOnly = (rule: z.ZodType) => rule.safeParse(undefined).success && !rule.safeParse(null).success;

const unknownField = (path: string, message = 'is not a known field'): Issue => ({
  path,
  message,
  code: 'unknown_field',
});

function issueOf(found: z.core.$ZodIssue, known: Record<string, unknown>, spelling: Spelling): Issue {
  const [first, ...rest] = found.path.map(String);
  const path = first === undefined ? '' : [spell(first, spelling), ...rest].join('.');
  if (found.code === 'custom') {
    const code = (found.params as { code?: IssueCode } | undefined)?.code ?? 'bad_format';
    return { path, message: found.message, code };
  }
  const missing = at(known, found.path) === undefined;
  return { path, ...(missing ? { message: 'is required', code: 'required' as const } : describe(found)) };
}

function describe(found: z.core.$ZodIssue): Omit<Issue, 'path'> {
  switch (found.code) {
    case 'invalid_type':
      return { message: `must be ${article(found.expected)}`, code: 'wrong_type' };
    case 'invalid_value':
      return { message: `must be one of: ${found.values.join(', ')}`, code: 'not_an_option' };
    case 'too_big':
      return found.origin === 'string'
        ? { message: `must have at most ${found.maximum} characters`, code: 'too_long' }
        : found.origin === 'array'
          ? { message: `must have at most ${found.maximum} entries`, code: 'too_long' }
          : { message: `must be at most ${found.maximum}`, code: 'out_of_range' };
    case 'too_small':
      return found.origin === 'string'
        ? { message: 'must not be empty', code: 'out_of_range' }
        : found.origin === 'array'
          ? { message: `must have at least ${found.minimum} entry`, code: 'out_of_range' }
          : { message: `must be at least ${found.minimum}`, code: 'out_of_range' };
    case 'invalid_format':
      return { message: forms[found.format] ?? found.message, code: 'bad_format' };
    case 'invalid_union': {
      const near = found.errors.flat().find(({ code }) => code !== 'invalid_type');
      return near === undefined ? { message: 'has not the right form', code: 'bad_format' } : describe(near);
    }
    default:
      return { message: 'has not the right form', code: 'bad_format' };
  }
}

/** What a form is called in the message of an issue; a pattern brings its own words. */
const forms: Record<string, string> = {
  datetime: 'must be a time like 2026-01-15T10:30:00Z',
};

const nouns: Record<string, string> = { record: 'an object', int: 'a whole number', boolean: 'true or false' };

const article = (expected: string) => nouns[expected] ?? `${/^[aeiou]/.test(expected) ? 'an' : 'a'} ${expected}`;

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      inner !== null && typeof inner === 'object' ? (inner as Record<PropertyKey, unknown>)[key] : undefined,
    value,
  );
}

/** Adds the issues that a reader of our own found to a zod check; their paths are relative to the value. */
export function report(context: z.core.ParsePayload | z.RefinementCtx, issues: readonly Issue[]): void {
  for (const { path, message, code } of issues) {
    (context as z.RefinementCtx).addIssue({
      code: 'custom',
      path: path === '' ? [] : path.split('.'),
      message,
      params: { code },
    });
  }
}

/** ISO 8601 with a zone, as a Date. */
export const isoDate = z.iso.datetime({ offset: true }).transform((text) => new Date(text));

/** An e-mail address, in the form in which addresses are kept and compared. */
export const email = z.string().transform((text, context) => {
  const address = normalEmail(text);
  if (address.length > emailCharactersMax) {
    const message = `must have at most ${emailCharactersMax} characters`;
    report(context, [{ path: '', message, code: 'too_long' }]);
  } else if (!isEmail(address)) {
    report(context, [{ path: '', message: 'must be an e-mail address', code: 'bad_format' }]);
  }
  return address;
});

/** A trimmed, non-empty line of text. */
export const line = (charactersMax: number) => z.string().trim().min(1).max(charactersMax);
