/**
 * A text that a person typed, as it may stand in JSON and in what receivers answered: letters in either case, and what a
 * JSON text escapes escaped or not (`"` as `\"` or `\u0022`, é as `\u00e9`, / as `\/`). PostgreSQL's own rules for letters
 * depend on how a database was made, so that the forms of each letter are written out.
 */
export class SearchText {
  private readonly characters: readonly string[];

  constructor(readonly typed: string) {
    this.characters = [...typed.normalize('NFC')];
  }

  /** Whether it stands everywhere as it was typed, but for its case: nobody escapes its characters. */
  get isPlain(): boolean {
    return this.characters.every(isPlain);
  }

  /** For `ilike`, in the C locale: the longest part of it that nobody escapes, without which there is no need to look. */
  get plainPart(): string {
    const parts = this.characters
      .map((one) => (isPlain(one) ? one : '\n'))
      .join('')
      .split('\n');
    const longest = parts.reduce((best, part) => (part.length > best.length ? part : best), '');
    return `%${longest.replace(/[\\%_]/g, '\\$&')}%`;
  }

  /** A regular expression for texts. */
  get inText(): string {
    return this.characters.map((one) => anyOf(formsOf(one).map(literal))).join('');
  }

  /** The same for what `encode(…, 'escape')` makes of bytes, which need not be UTF-8. */
  get inBytes(): string {
    return this.characters.map((one) => anyOf(formsOf(one).map((form) => literal(escapedBytes(form))))).join('');
  }
}

const isPlain = (one: string) => /^[\x20-\x7e]$/.test(one) && !/["&'+/<>\\]/.test(one);

/** Each way in which a character may be written. */
function formsOf(one: string): string[] {
  const cases = casesOf(one);
  if (isPlain(one)) return cases;
  const unicode = cases.flatMap((form) => hexCases(form));
  return [...new Set([...cases, ...cases.map((form) => form.normalize('NFD')), ...shortEscapes(one), ...unicode])];
}

function casesOf(one: string): string[] {
  const [lower, upper] = [one.toLowerCase(), one.toUpperCase()];
  const forms = new Set([one, lower, upper, upper.toLowerCase(), lower.toUpperCase()]);
  // The one letter with two small forms.
  if (forms.has('Σ')) forms.add('σ').add('ς');
  return [...forms];
}

const shortEscapes = (one: string) => [JSON.stringify(one).slice(1, -1), ...(one === '/' ? ['\\/'] : [])];

/** As `\u00e9`, in both cases of its digits; what is beyond U+FFFF, in two. */
function hexCases(form: string): string[] {
  const hex = Array.from({ length: form.length }, (_, at) => form.charCodeAt(at).toString(16).padStart(4, '0'));
  return [hex, hex.map((digits) => digits.toUpperCase())].map((units) =>
    units.map((digits) => `\\u${digits}`).join(''),
  );
}

const escapedBytes = (text: string) =>
  Buffer.from(text)
    .toString('latin1')
    .replace(/\\/g, '\\\\')
    .replace(/[\0\x80-\xff]/g, (byte) => `\\${byte.charCodeAt(0).toString(8).padStart(3, '0')}`);

const literal = (text: string) => text.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&');

function anyOf(forms: readonly string[]): string {
  const [only = '', ...others] = new Set(forms);
  return others.length === 0 ? only : `(?:${[only, ...others].join('|')})`;
}
