import { expect } from 'chai';
import * as fc from 'fast-check';
import { fieldsOf, fieldTypes, readBotSchema as read } from '../../src/intake-bots/bot-schema.js';
import { cpuMsOf } from '../support/cpu-time.js';

const readBotSchema = (raw: unknown) => read(raw, 'camelCase');
const field = (over: object = {}) => ({ name: 'a', type: 'text', ...over });
const problems = (raw: unknown) => readBotSchema(raw).issues.map(({ path, code }) => `${path} ${code}`);

describe("a bot's schema that may be saved", () => {
  const accepted: [guarantee: string, items: unknown[]][] = [
    ['is empty', []],
    [
      'has every type',
      fieldTypes.map((type) => ({ name: type, type, ...(type.includes('select') && { options: ['x'] }) })),
    ],
    [
      'has all of a text field',
      [
        field({
          label: 'A',
          required: true,
          helperText: 'h',
          placeholder: 'p',
          minLength: 0,
          maxLength: 10_000,
          pattern: String.raw`\d+`,
        }),
      ],
    ],
    ['bounds a number', [field({ type: 'number', min: -1.5, max: -1.5 })]],
    ['bounds how many are chosen', [field({ type: 'multi_select', options: ['x', 'y'], min: 1, max: 2 })]],
    ['has null for what is absent', [field({ options: null, min: null, pattern: null, kind: null, required: null })]],
    ['has empty options on a text', [field({ options: [] })]],
    ['has names of any script, with spaces', [field({ name: 'Vor- und Nachname' }), field({ name: '名前' })]],
    [
      'has names that objects inherit',
      ['__proto__', 'constructor', 'toString', 'hasOwnProperty'].map((name) => field({ name })),
    ],
    [
      'has content without a name',
      [
        { kind: 'content', label: 'Welcome' },
        { kind: 'content', label: 'Bye' },
      ],
    ],
    ['has kinds and types we do not know', [{ kind: 'banner', type: 'rainbow', name: 'a' }, field()]],
    ['has 100 options', [field({ type: 'select', options: Array.from({ length: 100 }, (_, index) => `o${index}`) })]],
    ['has 200 items', Array.from({ length: 200 }, (_, index) => field({ name: `f${index}` }))],
    ['has a name of 100 characters', [field({ name: '😀'.repeat(100) })]],
  ];
  for (const [guarantee, items] of accepted) {
    it(guarantee, () => {
      const read = readBotSchema(items);
      expect(read.issues).to.deep.equal([]);
      expect(read.items).to.have.length(items.length);
    });
  }

  it('is kept as given, with the label and required filled in', () => {
    const full = { name: 'a', label: 'A', type: 'select', required: true, options: ['y', 'x'], helperText: 'h' };
    const bare = { name: 'b', type: 'text', min: null, options: [], pattern: '' };
    expect(readBotSchema([full, bare]).items).to.deep.equal([
      full,
      { name: 'b', label: 'b', type: 'text', required: false },
    ]);
  });

  it('may be what is kept, again', () => {
    const kept = readBotSchema([field({ label: 'A', minLength: 2 }), { kind: 'content' }]).items;
    expect(readBotSchema(kept)).to.deep.equal({ items: kept, issues: [] });
  });
});

describe("a bot's schema that is refused", () => {
  const refused: [guarantee: string, raw: unknown, issues: string[]][] = [
    ['nothing', undefined, ['schema required']],
    ['no list', { 0: field() }, ['schema wrong_type']],
    ['201 items', Array.from({ length: 201 }, (_, index) => field({ name: `f${index}` })), ['schema too_long']],
    ['items that are no objects', [null, 'a', [], 1], [0, 1, 2, 3].map((index) => `schema.${index} wrong_type`)],
    ['an item without name and type', [{}], ['schema.0.name required', 'schema.0.type required']],
    ['empty name and type', [{ name: '', type: '' }], ['schema.0.name required', 'schema.0.type required']],
    ['a name of 101 characters', [field({ name: 'x'.repeat(101) })], ['schema.0.name too_long']],
    ['a name with outer spaces', [field({ name: ' a' })], ['schema.0.name bad_format']],
    ['a name with a line break', [field({ name: 'a\nb' })], ['schema.0.name bad_format']],
    ['a name with U+0000', [field({ name: 'a\0' })], ['schema.0.name bad_format']],
    ['a name that is a number', [field({ name: 7 })], ['schema.0.name wrong_type']],
    ['two fields of one name', [field(), field({ name: 'b' }), field()], ['schema.2.name not_allowed']],
    [
      'two fields called __proto__',
      [field({ name: '__proto__' }), field({ name: '__proto__' })],
      ['schema.1.name not_allowed'],
    ],
    ['an unknown type', [field({ type: 'colour', min: 1 })], ['schema.0.type not_an_option']],
    ['a type that objects inherit', [field({ type: 'constructor' })], ['schema.0.type not_an_option']],
    ['a key nobody knows', [field({ requried: true })], ['schema.0.requried unknown_field']],
    [
      'a key that objects inherit',
      [JSON.parse('{"name":"a","type":"text","__proto__":{}}')],
      ['schema.0.__proto__ unknown_field'],
    ],
    ['a select without options', [field({ type: 'select' })], ['schema.0.options required']],
    ['a select with no options', [field({ type: 'multi_select', options: [] })], ['schema.0.options required']],
    ['an empty option', [field({ type: 'select', options: ['x', ''] })], ['schema.0.options.1 required']],
    ['an option twice', [field({ type: 'select', options: ['x', 'y', 'x'] })], ['schema.0.options.2 not_allowed']],
    ['an option that is no text', [field({ type: 'select', options: ['x', 1] })], ['schema.0.options.1 wrong_type']],
    ['options that are no list', [field({ type: 'select', options: 'x' })], ['schema.0.options wrong_type']],
    [
      '101 options',
      [field({ type: 'select', options: Array.from({ length: 101 }, (_, index) => `o${index}`) })],
      ['schema.0.options too_long'],
    ],
    ['options of a text', [field({ options: ['x'] })], ['schema.0.options not_allowed']],
    ['a range of a text', [field({ min: 1, max: 2 })], ['schema.0.min not_allowed', 'schema.0.max not_allowed']],
    ['a range of a date', [field({ type: 'date', min: 1 })], ['schema.0.min not_allowed']],
    [
      'lengths and a pattern of a number',
      [field({ type: 'number', minLength: 1, maxLength: 2, pattern: 'x' })],
      ['minLength', 'maxLength', 'pattern'].map((key) => `schema.0.${key} not_allowed`),
    ],
    ['a minimum above the maximum', [field({ type: 'number', min: 2, max: 1 })], ['schema.0.min out_of_range']],
    ['a least length above the greatest', [field({ minLength: 2, maxLength: 1 })], ['schema.0.minLength out_of_range']],
    [
      'lengths that are no lengths',
      [field({ minLength: -1, maxLength: 1.5 })],
      ['schema.0.minLength out_of_range', 'schema.0.maxLength out_of_range'],
    ],
    ['a length beyond every text', [field({ maxLength: 10_001 })], ['schema.0.maxLength out_of_range']],
    ['a number beyond a double', [field({ type: 'number', max: Infinity })], ['schema.0.max out_of_range']],
    ['a number as a text', [field({ type: 'number', max: '5' })], ['schema.0.max wrong_type']],
    ['required as a text', [field({ required: 'yes' })], ['schema.0.required wrong_type']],
    ['half a surrogate pair', [field({ label: '\uD83D' })], ['schema.0.label bad_format']],
    ['a label of 10,001 characters', [field({ label: 'x'.repeat(10_001) })], ['schema.0.label too_long']],
    ['a pattern of 201 characters', [field({ pattern: 'x'.repeat(201) })], ['schema.0.pattern too_long']],
    ['an unreadable pattern', [field({ pattern: '(' })], ['schema.0.pattern bad_format']],
    ['a pattern with look-ahead', [field({ pattern: '(?=a)a' })], ['schema.0.pattern bad_format']],
    ['a pattern with look-behind', [field({ pattern: '(?<=a)a' })], ['schema.0.pattern bad_format']],
    ['a pattern with a back-reference', [field({ pattern: String.raw`(a)\1` })], ['schema.0.pattern bad_format']],
    ['a pattern whose repeats multiply', [field({ pattern: '(a?){1000}'.repeat(7) })], ['schema.0.pattern bad_format']],
    [
      'content with broken parts',
      [{ kind: 'content', label: 1, extra: 1 }],
      ['schema.0.label wrong_type', 'schema.0.extra unknown_field'],
    ],
  ];
  for (const [guarantee, raw, issues] of refused) {
    it(`has ${guarantee}`, () => {
      expect(problems(raw)).to.have.members(issues).and.to.have.length(issues.length);
      expect(readBotSchema(raw).items).to.deep.equal([]);
    });
  }

  it('hears every issue at once', () => {
    expect(problems([field({ type: 'x' }), field({ pattern: '(' }), 5, {}])).to.deep.equal([
      'schema.0.type not_an_option',
      'schema.1.pattern bad_format',
      'schema.2 wrong_type',
      'schema.3.name required',
      'schema.3.type required',
      'schema.1.name not_allowed',
    ]);
  });

  it('hears what would be right', () => {
    const [type] = readBotSchema([field({ type: 'colour' })]).issues;
    expect(type?.message).to.match(/^must be one of: text, textarea, .*group$/);
    const [pattern] = readBotSchema([field({ pattern: '(?=a)' })]).issues;
    expect(pattern?.message).to.include('RE2').and.to.include('(?=');
  });

  it('is read in bounded time, even with 200 patterns of the worst kind', () => {
    const items = Array.from({ length: 200 }, (_, index) =>
      field({ name: `f${index}`, pattern: '((((a?){10}){10}){10})'.repeat(8) }),
    );
    expect(cpuMsOf(() => expect(problems(items)).to.have.length(200))).to.be.below(1_000);
  });

  it('is never the end of the process, whatever the JSON', () => {
    const value = fc.jsonValue({ maxDepth: 2 });
    const keys = fc.constantFrom(
      'name',
      'type',
      'options',
      'min',
      'maxLength',
      'pattern',
      'kind',
      '__proto__',
      'constructor',
    );
    const nearly = fc.array(fc.dictionary(keys, fc.oneof(value, fc.constantFrom('a', 'text', 'select', ['x']))));
    fc.assert(
      fc.property(fc.oneof(value, nearly), (raw) => {
        const { items, issues } = readBotSchema(raw);
        if (issues.length > 0) expect(items).to.deep.equal([]);
        for (const issue of issues) expect(issue.path).to.match(/^schema/);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the fields of a schema', () => {
  it('are the items that take a value', () => {
    const names = (raw: unknown[]) => fieldsOf(readBotSchema(raw).items).map(({ name }) => name);
    const others = [{ kind: 'content', name: 'b' }, { kind: 'banner', name: 'c' }, field({ name: 'd', type: 'group' })];
    expect(names([field(), ...others, field({ name: 'e', kind: 'field' })])).to.deep.equal(['a', 'e']);
  });

  it('names a thousand unknown keys in all, and counts the rest by item', () => {
    const keys = Object.fromEntries(Array.from({ length: 600 }, (_, number) => [`k${number}`, 1]));
    const { issues } = readBotSchema([field(keys), field({ name: 'b', ...keys }), field({ name: 'c', ...keys })]);
    expect(issues).to.have.length(1_002);
    expect(issues.filter(({ path }) => /^schema\.\d$/.test(path)).map(({ message }) => message)).to.deep.equal([
      'has 200 more unknown keys',
      'has 600 more unknown keys',
    ]);
  });

  it('takes REST items in snake_case only, and spells their issues so', () => {
    const { issues, items } = read([{ name: 'a', type: 'text', min_length: 3, helper_text: 'h' }], 'snake_case');
    expect(issues).to.deep.equal([]);
    expect(items[0]).to.include({ minLength: 3, helperText: 'h' });
    const wrong = read([{ name: 'a', type: 'text', minLength: 3, max_length: 'x' }], 'snake_case').issues;
    expect(wrong.map(({ path, code }) => `${path} ${code}`)).to.have.members([
      'schema.0.minLength unknown_field',
      'schema.0.max_length wrong_type',
    ]);
  });
});
