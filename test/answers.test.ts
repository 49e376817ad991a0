import { expect } from 'chai';
import * as fc from 'fast-check';
import { readBotSchema, type SchemaItem } from '../src/intake-bots/bot-schema.js';
import {
  changedFields,
  checkAnswers,
  mergeAnswers,
  missingAnswers,
  type Answer,
  type Answers,
} from '../src/submissions/answers.js';

function schema(...raw: object[]): SchemaItem[] {
  const { items, issues } = readBotSchema(
    raw.map((item) => ({ name: 'a', type: 'text', ...item })),
    'camelCase',
  );
  expect(issues).to.deep.equal([]);
  return items;
}
const check = (items: SchemaItem[], data: unknown, complete = true) =>
  checkAnswers(items, data, { complete }).issues.map(({ path, code }) => `${path} ${code}`);

describe('an answer to a field', () => {
  const options = ['red', 'green'];
  const rows: [field: object, accepted: unknown[], refused: [value: unknown, ...issues: string[]][]][] = [
    [
      { type: 'text' },
      ['', 'x', '😀'.repeat(10_000), 'a\r\nb', null],
      [
        [1, 'a wrong_type'],
        [true, 'a wrong_type'],
        [['x'], 'a wrong_type'],
        [{}, 'a wrong_type'],
        ['x'.repeat(10_001), 'a too_long'],
        ['\0', 'a bad_format'],
        ['\uD800', 'a bad_format'],
      ],
    ],
    [
      { type: 'textarea', minLength: 2, maxLength: 3 },
      ['ab', 'abc', '😀😀😀'],
      [
        ['', 'a out_of_range'],
        ['a', 'a out_of_range'],
        ['😀', 'a out_of_range'],
        ['abcd', 'a too_long'],
      ],
    ],
    [
      { type: 'text', pattern: String.raw`[A-Z]{2}\d+` },
      ['AB1', 'AB123'],
      [
        ['', 'a bad_format'],
        ['xAB1', 'a bad_format'],
        ['AB1x', 'a bad_format'],
        ['AB1\n', 'a bad_format'],
        ['ab1', 'a bad_format'],
      ],
    ],
    [
      { type: 'text', pattern: 'a|ab', maxLength: 1 },
      ['a'],
      [
        ['ab', 'a too_long'],
        ['ba', 'a too_long', 'a bad_format'],
      ],
    ],
    [{ type: 'text', pattern: '^.$' }, ['x', '😀'], [['xy', 'a bad_format']]],
    [
      { type: 'email' },
      ['a@b.io', 'Ada.King+x@mail.example.co.uk', "o'hara@x.io", ' a@b.io ', 'jörg@müller.de', '用户@例子.公司'],
      [
        ['', 'a bad_format'],
        ['a', 'a bad_format'],
        ['a@b', 'a bad_format'],
        ['a@b.', 'a bad_format'],
        ['@b.io', 'a bad_format'],
        ['a@@b.io', 'a bad_format'],
        ['a b@c.io', 'a bad_format'],
        ['a@b..io', 'a bad_format'],
        ['a@-b.io', 'a bad_format'],
        ['Ada <a@b.io>', 'a bad_format'],
        ['a@b.io,c@d.io', 'a bad_format'],
        [`a@${'b.'.repeat(200)}io`, 'a bad_format'],
        [7, 'a wrong_type'],
      ],
    ],
    [
      { type: 'phone' },
      ['+14155552671', '+1 (415) 555-2671', '030 1234567'],
      [
        ['', 'a bad_format'],
        ['abc', 'a bad_format'],
        ['+12', 'a bad_format'],
        [14155552671, 'a wrong_type'],
      ],
    ],
    [
      { type: 'url' },
      ['https://x.io', 'http://localhost:80/a?b=c#d', 'HTTPS://X.io'],
      [
        ['', 'a bad_format'],
        ['x.io', 'a bad_format'],
        ['javascript:alert(1)', 'a bad_format'],
        ['ftp://x.io', 'a bad_format'],
        ['https://', 'a bad_format'],
        ['https://x .io', 'a bad_format'],
        [' https://x.io', 'a bad_format'],
        ['https:x.io', 'a bad_format'],
      ],
    ],
    [
      { type: 'number', min: -1, max: 10.5 },
      [-1, 0, 10.5, 1e-300],
      [
        [-1.01, 'a out_of_range'],
        [11, 'a out_of_range'],
        ['5', 'a wrong_type'],
        ['', 'a wrong_type'],
        [[1], 'a wrong_type'],
        [true, 'a wrong_type'],
        [Infinity, 'a bad_format'],
        [-Infinity, 'a bad_format'],
      ],
    ],
    [
      { type: 'date' },
      [
        '2026-01-15',
        '2024-02-29',
        '2000-02-29',
        '0001-01-01',
        '2026-01-15T10:30',
        '2026-01-15T10:30:00Z',
        '2026-01-15T23:59:59.999Z',
        '2026-01-15T10:30:00+05:30',
      ],
      [
        ['', 'a bad_format'],
        ['2026-02-29', 'a bad_format'],
        ['1900-02-29', 'a bad_format'],
        ['2026-04-31', 'a bad_format'],
        ['2026-13-01', 'a bad_format'],
        ['2026-00-10', 'a bad_format'],
        ['2026-01-00', 'a bad_format'],
        ['2026-1-5', 'a bad_format'],
        ['15.01.2026', 'a bad_format'],
        ['2026-01-15 10:30', 'a bad_format'],
        ['2026-01-15T24:00Z', 'a bad_format'],
        ['2026-01-15T10:60Z', 'a bad_format'],
        ['2026-02-30T10:30Z', 'a bad_format'],
        ['2026-01-15Z', 'a bad_format'],
        ['2026-01-15\n', 'a bad_format'],
        [20260115, 'a wrong_type'],
      ],
    ],
    [
      { type: 'boolean' },
      [true, false],
      [
        ['true', 'a wrong_type'],
        ['', 'a wrong_type'],
        [0, 'a wrong_type'],
        [[], 'a wrong_type'],
      ],
    ],
    [
      { type: 'select', options },
      ['red', 'green'],
      [
        ['Red', 'a not_an_option'],
        ['', 'a not_an_option'],
        ['constructor', 'a not_an_option'],
        [['red'], 'a wrong_type'],
        [1, 'a wrong_type'],
      ],
    ],
    [
      { type: 'multi_select', options, min: 1 },
      [['red'], ['green', 'red']],
      [
        ['red', 'a wrong_type'],
        [['red', 'blue'], 'a.1 not_an_option'],
        [['red', 'red'], 'a.1 not_allowed'],
        [[1], 'a.0 wrong_type'],
        [[], 'a out_of_range'],
        [{ 0: 'red' }, 'a wrong_type'],
      ],
    ],
    [
      { type: 'multi_select', options, max: 1 },
      [[], ['red']],
      [
        [['red', 'green'], 'a out_of_range'],
        [['x', 'y'], 'a out_of_range', 'a.0 not_an_option', 'a.1 not_an_option'],
      ],
    ],
    [
      { type: 'file', max: 2 },
      ['https://x.io/a.pdf', ['https://x.io/a', 'https://x.io/a'], []],
      [
        ['http://x.io/a', 'a bad_format'],
        ['', 'a bad_format'],
        [['https://x.io', 'file:///etc/passwd'], 'a.1 bad_format'],
        [[null], 'a.0 wrong_type'],
        [['https://a.io', 'https://b.io', 'https://c.io'], 'a out_of_range'],
        [1, 'a wrong_type'],
      ],
    ],
    [
      { type: 'file' },
      [Array.from({ length: 100 }, () => 'https://x.io')],
      [[Array.from({ length: 101 }, () => 'https://x.io'), 'a too_long']],
    ],
    [
      { type: 'geolocation' },
      ['52.52,13.405', '-90,180', '90, -180', '+0.0,0'],
      [
        ['', 'a bad_format'],
        ['52.52', 'a bad_format'],
        ['52.52;13.4', 'a bad_format'],
        ['a,b', 'a bad_format'],
        ['1,2,3', 'a bad_format'],
        ['90.01,0', 'a out_of_range'],
        ['0,-180.5', 'a out_of_range'],
        ['1e1,2', 'a bad_format'],
        [[1, 2], 'a wrong_type'],
      ],
    ],
    [
      { type: 'hidden', maxLength: 3 },
      ['utm', 5, true, ['x', 'x']],
      [
        ['long', 'a too_long'],
        [{}, 'a wrong_type'],
        [[1], 'a.0 wrong_type'],
      ],
    ],
  ];
  const shown = (value: unknown) => JSON.stringify(value)?.slice(0, 40);
  for (const [field, accepted, refused] of rows) {
    describe(`like ${JSON.stringify(field)}`, () => {
      for (const value of accepted) {
        it(`may be ${shown(value)}`, () => expect(check(schema(field), { a: value })).to.deep.equal([]));
      }
      for (const [value, ...issues] of refused) {
        it(`may not be ${shown(value)}`, () => {
          expect(check(schema(field), { a: value })).to.deep.equal(issues.map((issue) => `data.${issue}`));
        });
      }
    });
  }

  it('is told what would be right, in short', () => {
    const messages = (field: object, value: unknown) =>
      checkAnswers(schema(field), { a: value }, { complete: true }).issues.map(({ message }) => message);
    expect(messages({ type: 'select', options }, 'blue')).to.deep.equal(['must be one of: red, green']);
    expect(messages({ type: 'multi_select', options, max: 0 }, ['red'])).to.deep.equal(['must have at most 0 entries']);
    const many = Array.from({ length: 100 }, (_, index) => index + '😀'.repeat(5_000));
    const [message = ''] = messages({ type: 'select', options: many }, 'x');
    expect(message).to.match(/ and 90 more$/);
    expect(message.length).to.be.below(600);
  });
});

describe('the answers to a bot', () => {
  const items = schema(
    { name: 'email', type: 'email', required: true },
    { name: 'heading', type: 'group', required: true },
    { name: 'intro', kind: 'content', required: true },
    { name: 'banner', kind: 'banner' },
    { name: 'colours', type: 'multi_select', options: ['red'], required: true },
    { name: 'agreed', type: 'boolean', required: true },
    { name: 'age', type: 'number' },
  );

  const rows: [guarantee: string, data: unknown, complete: boolean, issues: string[]][] = [
    ['are complete with what is required', { email: 'a@b.io', colours: ['red'], agreed: false }, true, []],
    [
      'lack what is absent, null or empty',
      { colours: [], agreed: null },
      true,
      ['email', 'colours', 'agreed'].map((name) => `data.${name} required`),
    ],
    ['lack an empty text', { email: '', colours: ['red'], agreed: true }, true, ['data.email required']],
    ['may lack everything before completion', { colours: [], agreed: null }, false, []],
    ['are checked before completion too', { email: 'x' }, false, ['data.email bad_format']],
    [
      'take no value for a heading, content or an unknown kind',
      { heading: 'x', intro: 'x', banner: null },
      false,
      ['heading', 'intro', 'banner'].map((name) => `data.${name} unknown_field`),
    ],
    ['may not be missing', undefined, false, ['data required']],
    ['may not be null', null, false, ['data required']],
    ['may not be a list', [], false, ['data wrong_type']],
    ['may not be a text', 'x', false, ['data wrong_type']],
    [
      'have every issue at once, in the order of the schema',
      { zzz: null, age: 'x', email: 'x', b: 1 },
      true,
      [
        'data.email bad_format',
        'data.colours required',
        'data.agreed required',
        'data.age wrong_type',
        'data.zzz unknown_field',
        'data.b unknown_field',
      ],
    ],
    [
      'know nothing that objects inherit',
      JSON.parse('{"__proto__":1,"constructor":1,"toString":1}'),
      false,
      ['__proto__', 'constructor', 'toString'].map((name) => `data.${name} unknown_field`),
    ],
  ];
  for (const [guarantee, data, complete, issues] of rows) {
    it(guarantee, () => expect(check(items, data, complete)).to.deep.equal(issues));
  }

  it('lack a required field that every object inherits', () => {
    const odd = schema(...['__proto__', 'constructor', 'toString'].map((name) => ({ name, required: true })));
    expect(check(odd, {})).to.have.length(3);
    expect(missingAnswers(odd, {})).to.have.length(3);
    expect(check(odd, JSON.parse('{"__proto__":"x","constructor":"y","toString":"z"}'))).to.deep.equal([]);
  });

  it('show what they lack, whatever else an older schema left in them', () => {
    expect(missingAnswers(items, { old: 'x', email: 'a@b.io' }).map(({ path }) => path)).to.deep.equal([
      'data.colours',
      'data.agreed',
    ]);
  });

  it('list a thousand unknown fields and count the rest', () => {
    const data = Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`x${index}`, 1]));
    const { issues } = checkAnswers([], data, { complete: true });
    expect(issues).to.have.length(1_001);
    expect(issues.at(-1)?.message).to.equal('has 49000 more unknown fields');
  });

  it('are read in linear time whatever the pattern', () => {
    const evil = ['(a+)+$', '(a|a)*b', '(.*)*x', '(a|b)*a(a|b){10}', String.raw`(\w+\s?)*!`];
    const field = evil.map((pattern, index) => ({ name: `f${index}`, pattern }));
    const data = Object.fromEntries(field.map(({ name }) => [name, `${'a'.repeat(9_999)}!`]));
    const before = performance.now();
    checkAnswers(schema(...field), data, { complete: true });
    expect(performance.now() - before).to.be.below(1_000);
  });

  it('hold the process up for a bounded time, even 40 long ones to costly patterns', () => {
    const names = Array.from({ length: 40 }, (_, index) => `f${index}`);
    const costly = schema(...names.map((name, index) => ({ name, pattern: `(a|b)*a(a|b){${700 + index}}` })));
    const text = Array.from({ length: 10_000 }, (_, index) => 'ab'[(index * index * 7 + (index >> 3)) % 2]).join('');
    const before = performance.now();
    const { issues } = checkAnswers(costly, Object.fromEntries(names.map((name) => [name, text])), { complete: true });
    expect(performance.now() - before).to.be.below(3_000);
    expect(issues.some(({ code, message }) => code === 'too_long' && message.includes('to be checked'))).to.equal(true);
  });

  it('never end the process, whatever the JSON', () => {
    const types = ['text', 'email', 'phone', 'url', 'number', 'date', 'boolean', 'file', 'geolocation', 'hidden'];
    const all = schema(...types.map((type) => ({ name: type, type })), {
      name: 's',
      type: 'multi_select',
      options: ['x'],
    });
    const name = fc.oneof(fc.constantFrom(...types, 's', '__proto__', 'constructor'), fc.string({ unit: 'binary' }));
    const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.string({ unit: 'binary' }), fc.double());
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.dictionary(name, value)), fc.boolean(), (data, complete) => {
        for (const { path, message } of checkAnswers(all, data, { complete }).issues) {
          expect(path).to.match(/^data/);
          expect(message).to.match(/^(must|is|has) /);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('are unchanged by the check', () => {
    const data = Object.freeze({ email: ' A@B.io ', colours: Object.freeze(['red']), agreed: true });
    expect(check(items, data)).to.deep.equal([]);
    expect(data.email).to.equal(' A@B.io ');
  });
});

describe('merging answers', () => {
  const answer: fc.Arbitrary<Answer> = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.array(fc.string()),
    fc.constant(null),
  );
  const name = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor');
  const answers: fc.Arbitrary<Answers> = fc.array(fc.tuple(name, answer)).map((entries) => Object.fromEntries(entries));

  it('sets what is given, removes what is null, leaves the rest', () => {
    const current = { a: 'x', b: ['y'], c: null, d: 1 };
    expect(mergeAnswers(current, { a: 'z', d: null, e: true, f: null })).to.deep.equal({
      a: 'z',
      b: ['y'],
      c: null,
      e: true,
    });
    expect(current).to.deep.equal({ a: 'x', b: ['y'], c: null, d: 1 });
  });

  it('keeps a field called __proto__ an ordinary one', () => {
    const merged = mergeAnswers({}, JSON.parse('{"__proto__":["x"]}') as Answers);
    expect(JSON.stringify(merged)).to.equal('{"__proto__":["x"]}');
    expect(Object.getPrototypeOf(merged)).to.equal(Object.prototype);
  });

  it('is the same twice as once, and changes only fields of the patch', () => {
    fc.assert(
      fc.property(answers, answers, (current, patch) => {
        const once = mergeAnswers(current, patch);
        expect(mergeAnswers(once, patch)).to.deep.equal(once);
        expect(mergeAnswers(current, {})).to.deep.equal(current);
        for (const changed of changedFields(current, once)) expect(Object.keys(patch)).to.include(changed);
      }),
    );
  });

  it('shows its changes: by value, sorted, null as absent', () => {
    const before = { same: ['x', 'y'], order: ['x', 'y'], z: 1, gone: 'x', nothing: null, type: '1' };
    const after = { same: ['x', 'y'], order: ['y', 'x'], z: 2, added: false, void: null, type: 1 };
    expect(changedFields(before, after)).to.deep.equal(['added', 'gone', 'order', 'type', 'z']);
  });

  it('shows no change to itself, and the same fields both ways', () => {
    fc.assert(
      fc.property(answers, answers, (one, other) => {
        expect(changedFields(one, structuredClone(one))).to.deep.equal([]);
        expect(changedFields(one, other)).to.deep.equal(changedFields(other, one));
      }),
    );
  });
});
