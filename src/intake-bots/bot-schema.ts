import type { Spelling } from '../platform/validate.js';
import type { Issue, IssueCode } from '../platform/errors.js';
import { isObject, listEntriesMax } from '../platform/text/storable-json.js';
import { patternCharactersMax, PatternReview } from '../platform/text/safe-pattern.js';
import { ItemReader, fieldNameCharactersMax } from './schema-item-reader.js';

export const schemaItemsMax = 200;

export const fieldTypes = [
  'text',
  'textarea',
  'email',
  'phone',
  'url',
  'number',
  'date',
  'boolean',
  'select',
  'multi_select',
  'file',
  'geolocation',
  'hidden',
  'group',
] as const;

/** An item of a bot's schema, as it is kept; REST spells the same keys in snake_case. */
export interface SchemaItem {
  name: string;
  label: string;
  /** For a field one of `fieldTypes`; for other items anything. */
  type: string;
  required: boolean;
  /** The choices of `select` and `multi_select`. */
  options?: string[];
  helperText?: string;
  placeholder?: string;
  /** The bounds of a number; of `multi_select` and `file`, the bounds of how many entries there are. */
  min?: number;
  max?: number;
  /** The bounds, in characters, of a text, and of each text in a list. */
  minLength?: number;
  maxLength?: number;
  /** RE2 syntax; the whole text must match. */
  pattern?: string;
  /** Absent or `field`: an ordinary field. `content` is shown and takes no value; items of other kinds are skipped. */
  kind?: string;
}

const hasOptions = new Set(['select', 'multi_select']);
const hasRange = new Set(['number', 'multi_select', 'file', 'hidden']);
const hasNoText = new Set(['number', 'boolean', 'group']);

/** The items that take a value, in order. */
export function fieldsOf(items: readonly SchemaItem[]): SchemaItem[] {
  return items.filter((item) => isField(item.kind) && item.type !== 'group');
}

/**
 * Reads a schema that an owner wants to save, from items whose keys are spelled as the door spells them; null counts as
 * absent. It names all issues at once, with paths like `schema.3.pattern`; with any issue, `items` is empty. `label`
 * defaults to the name, `required` to false.
 */
export function readBotSchema(raw: unknown, spelling: Spelling): { items: SchemaItem[]; issues: Issue[] } {
  const refused = (code: IssueCode, message: string) => ({ items: [], issues: [{ path: 'schema', code, message }] });
  if (raw === undefined || raw === null) return refused('required', 'is required');
  if (!Array.isArray(raw)) return refused('wrong_type', 'must be a list of items');
  if (raw.length > schemaItemsMax) return refused('too_long', `must have at most ${schemaItemsMax} items`);

  const issues: Issue[] = [];
  const patterns = new PatternReview();
  const items = raw.map((item: unknown, index) => {
    const path = `schema.${index}`;
    if (isObject(item)) {
      return readItem(new ItemReader(new Map(Object.entries(item)), path, issues, spelling), patterns);
    }
    issues.push(issue(path, 'wrong_type', 'must be an object with a name and a type'));
    return { name: '', label: '', type: 'group', required: false };
  });
  const firstWith = new Map<string, number>();
  items.forEach((item, index) => {
    if (item.name === '' || fieldsOf([item]).length === 0) return;
    const first = firstWith.get(item.name);
    if (first === undefined) firstWith.set(item.name, index);
    else issues.push(issue(`schema.${index}.name`, 'not_allowed', `must be unique; item ${first} has this name too`));
  });
  return { items: issues.length === 0 ? items : [], issues };
}

const isField = (kind: string | undefined) => kind === undefined || kind === 'field';
const issue = (path: string, code: IssueCode, message: string): Issue => ({ path, message, code });

function readItem(read: ItemReader, patterns: PatternReview): SchemaItem {
  const item: SchemaItem = { name: '', label: '', type: 'group', required: false };
  const kind = read.text('kind', fieldNameCharactersMax) || undefined;
  const name = read.text('name', fieldNameCharactersMax);
  const type = read.text('type', fieldNameCharactersMax);
  const optional = {
    options: read.options(),
    helperText: read.text('helperText'),
    placeholder: read.text('placeholder'),
    min: read.number('min'),
    max: read.number('max'),
    minLength: read.length('minLength'),
    maxLength: read.length('maxLength'),
    pattern: read.text('pattern', patternCharactersMax) || undefined,
    kind,
  };
  Object.assign(item, Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)));
  item.required = read.flag('required') ?? false;
  item.label = read.text('label') ?? name ?? '';
  item.name = name ?? '';
  // A reader that does not know the kind takes the item for a heading.
  item.type = type || 'group';
  read.refuseOthers();
  if (isField(kind)) {
    checkField(item, read, type);
    const problem = item.pattern === undefined ? null : patterns.problem(item.pattern);
    if (problem !== null) read.refuse('pattern', 'bad_format', problem);
  }
  return item;
}

function checkField(item: SchemaItem, read: ItemReader, type: string | undefined): void {
  read.demand('name');
  read.demand('type');
  if (item.name !== item.name.trim() || /\p{Cc}/u.test(item.name)) {
    read.refuse('name', 'bad_format', 'must not begin or end with a space or contain control characters');
  }
  if (type !== undefined && type !== '') checkAgainstType(item, read, type);

  const { min, max, minLength, maxLength } = item;
  if (min !== undefined && max !== undefined && min > max) {
    read.refuse('min', 'out_of_range', `must not be above the maximum (${max})`);
  }
  if (minLength !== undefined && maxLength !== undefined && minLength > maxLength) {
    read.refuse('minLength', 'out_of_range', `must not be above the maximum length (${maxLength})`);
  }
}

function checkAgainstType(item: SchemaItem, read: ItemReader, type: string): void {
  const known: readonly string[] = fieldTypes;
  if (!known.includes(type)) return read.refuse('type', 'not_an_option', `must be one of: ${known.join(', ')}`);
  if (hasOptions.has(type)) {
    if (read.demand('options') && item.options?.length === 0) {
      read.refuse('options', 'required', `must offer 1 to ${listEntriesMax} options`);
    }
  } else if (item.options?.length === 0) {
    // Some editors write every key for every type: options of another type are dropped, not refused.
    delete item.options;
  } else {
    read.inapplicable(['options'], 'select and multi_select');
  }
  if (!hasRange.has(type)) read.inapplicable(['min', 'max'], 'number, multi_select, file and hidden');
  if (hasNoText.has(type)) read.inapplicable(['minLength', 'maxLength', 'pattern'], 'types whose value is a text');
}
