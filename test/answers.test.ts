import { expect } from 'chai';
import * as fc from 'fast-check';
import { checkAnswers, missingAnswers } from '../src/submissions/answers.js';
import { issuesOf, schema } from './support/answers.js';
import { cpuMsOf } from './support/cpu-time.js';

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
    it(guarantee, () => expect(issuesOf(items, data, complete)).to.deep.equal(issues));
  }

  it('lack a required field that every object inherits', () => {
    const odd = schema(...['__proto__', 'constructor', 'toString'].map((name) => ({ name, required: true })));
    expect(issuesOf(odd, {})).to.have.length(3);
    expect(missingAnswers(odd, {})).to.have.length(3);
    expect(issuesOf(odd, JSON.parse('{"__proto__":"x","constructor":"y","toString":"z"}'))).to.deep.equal([]);
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
    expect(cpuMsOf(() => checkAnswers(schema(...field), data, { complete: true }))).to.be.below(1_000);
  });

  it('hold the process up for a bounded time, even 40 long ones to costly patterns', () => {
    const names = Array.from({ length: 40 }, (_, index) => `f${index}`);
    const costly = schema(...names.map((name, index) => ({ name, pattern: `(a|b)*a(a|b){${700 + index}}` })));
    const text = Array.from({ length: 10_000 }, (_, index) => 'ab'[(index * index * 7 + (index >> 3)) % 2]).join('');
    const data = Object.fromEntries(names.map((name) => [name, text]));
    const took = cpuMsOf(() => {
      const { issues } = checkAnswers(costly, data, { complete: true });
      expect(issues.some(({ code, message }) => code === 'too_long' && message.includes('to be checked'))).to.equal(
        true,
      );
    });
    expect(took).to.be.below(3_000);
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
    expect(issuesOf(items, data)).to.deep.equal([]);
    expect(data.email).to.equal(' A@B.io ');
  });
});
