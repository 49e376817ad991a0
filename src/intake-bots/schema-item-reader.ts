import type { Issue, IssueCode } from '../platform/errors.js';
import { spell, type Spelling } from '../platform/validate.js';
import {
  charactersIn,
  keyPath,
  listEntriesMax,
  textCharactersMax,
  unstorableText,
} from '../platform/text/storable-json.js';

export const fieldNameCharactersMax = 100;
/** A body of 1 MiB could have 90,000 unknown keys: an answer lists so many of them and counts the others. */
const unknownKeysListedMax = 1_000;

/** Reads the keys of one item, each by its type; a value of another type is an issue and reads as undefined. */
export class ItemReader {
  private readonly seen = new Set<string>();

  constructor(
    private readonly raw: ReadonlyMap<string, unknown>,
    private readonly path: string,
    private readonly issues: Issue[],
    private readonly spelling: Spelling,
  ) {}

  refuse(key: string, code: IssueCode, message: string): undefined {
    this.issues.push({ path: keyPath(this.path, spell(key, this.spelling)), message, code });
  }

  has(key: string): boolean {
    const value = this.raw.get(spell(key, this.spelling)) ?? '';
    return value !== '';
  }

  demand(key: string): boolean {
    if (!this.has(key)) this.refuse(key, 'required', 'is required');
    return this.has(key);
  }

  inapplicable(keys: readonly string[], types: string): void {
    for (const key of keys) if (this.has(key)) this.refuse(key, 'not_allowed', `is only for ${types}`);
  }

  refuseOthers(): void {
    const add = (path: string, message: string) => this.issues.push({ path, message, code: 'unknown_field' });
    const unknown = [...this.raw].filter(([key, value]) => value !== undefined && !this.seen.has(key));
    const listed = unknown.slice(0, Math.max(0, unknownKeysListedMax - this.issues.length));
    for (const [key] of listed) add(keyPath(this.path, key), 'is not a key of a schema item');
    const rest = unknown.length - listed.length;
    if (rest > 0) add(this.path, `has ${rest} more unknown keys`);
  }

  text(key: string, charactersMax = textCharactersMax): string | undefined {
    const value = this.take(key);
    return value === undefined ? undefined : this.checkText(key, value, charactersMax);
  }

  flag(key: string): boolean | undefined {
    const value = this.take(key);
    if (value === undefined || typeof value === 'boolean') return value;
    return this.refuse(key, 'wrong_type', 'must be true or false');
  }

  number(key: string): number | undefined {
    const value = this.take(key);
    if (value === undefined) return undefined;
    if (typeof value !== 'number') return this.refuse(key, 'wrong_type', 'must be a number');
    return Number.isFinite(value) ? value : this.refuse(key, 'out_of_range', 'must be a number that fits a double');
  }

  length(key: string): number | undefined {
    const value = this.number(key);
    if (value === undefined || (Number.isInteger(value) && value >= 0 && value <= textCharactersMax)) return value;
    return this.refuse(key, 'out_of_range', `must be a whole number from 0 to ${textCharactersMax}`);
  }

  options(): string[] | undefined {
    const value = this.take('options');
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) return this.refuse('options', 'wrong_type', 'must be a list of texts');
    if (value.length > listEntriesMax)
      this.refuse('options', 'too_long', `must have at most ${listEntriesMax} entries`);
    const offered = new Set<string>();
    value.slice(0, listEntriesMax).forEach((entry: unknown, index) => {
      const option = this.checkText(`options.${index}`, entry, textCharactersMax);
      if (option === undefined) return;
      if (option === '') this.refuse(`options.${index}`, 'required', 'must not be empty');
      else if (offered.has(option)) this.refuse(`options.${index}`, 'not_allowed', 'must be offered only once');
      offered.add(option);
    });
    return [...offered];
  }

  private take(key: string): unknown {
    const spelled = spell(key, this.spelling);
    this.seen.add(spelled);
    return this.raw.get(spelled) ?? undefined;
  }

  private checkText(key: string, value: unknown, charactersMax: number): string | undefined {
    if (typeof value !== 'string') return this.refuse(key, 'wrong_type', 'must be a text');
    if (charactersIn(value) > charactersMax) {
      return this.refuse(key, 'too_long', `must have at most ${charactersMax} characters`);
    }
    const problem = unstorableText(value);
    return problem === null ? value : this.refuse(key, 'bad_format', problem);
  }
}
