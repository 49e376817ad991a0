import { expect } from 'chai';
import * as fc from 'fast-check';
import { keptPatterns } from '../../src/platform/text/safe-pattern.js';
import { checkAnswers, missingAnswers } from '../../src/submissions/answers.js';
import { anyCharacter } from '../support/any-character.js';
import { issuesOf, schema } from '../support/answers.js';
import { cpuMsOf } from '../support/cpu-time.js';

/** Some 1,900 instructions, which all are looked at for each character. */
const costlyField = (index: number) => ({
  name: `f${index}`,
  pattern: String.raw`(?:[\pL\pN ]{0,9}){0,99}x{${index}}y`,
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

  it('hold the process up for some 30 ms, whatever patterns a bot has and however long they are', () => {
    const costly = schema(...Array.from({ length: 18 }, (_, index) => costlyField(index)));
    const text = 'aé 1x'.repeat(2_000);
    const data = Object.fromEntries(costly.map(({ name }) => [name, text]));
    const unchecked = (sent: object) => issuesOf(costly, sent).filter((issue) => issue.endsWith('too_long')).length;
    const took = Array.from({ length: 4 }, () => cpuMsOf(() => expect(unchecked(data)).to.equal(18)));
    const short = Object.fromEntries(costly.map(({ name }) => [name, 'aé 1x']));
    took.push(...Array.from({ length: 4 }, () => cpuMsOf(() => expect(unchecked(short)).to.equal(0))));
    // The third of each: code that runs for the first time is not compiled yet.
    expect(Math.max(took.at(2) ?? 0, took.at(6) ?? 0)).to.be.below(100);
    expect(issuesOf(costly, { f0: text.slice(0, 240) })).to.deep.equal(['data.f0 bad_format']);
    expect(issuesOf(costly, { f0: text.slice(0, 2_400) })).to.deep.equal(['data.f0 too_long']);
  });

  it('keep patterns compiled within 32 MiB, the ones used last, whoever has how many', () => {
    for (let index = 0; index < 95; index += 1) {
      checkAnswers(schema(costlyField(index)), { [`f${index}`]: 'a' }, { complete: true });
      expect(keptPatterns().bytes).to.be.at.most(32 * 1_048_576);
    }
    const { patterns, bytes } = keptPatterns();
    expect(patterns).to.be.within(40, 94);
    checkAnswers(schema(costlyField(94)), { f94: 'b' }, { complete: true });
    expect(keptPatterns().patterns).to.equal(patterns);
    expect(keptPatterns().bytes - bytes).to.be.within(1, 1_000_000);
  });

  it('never end the process, whatever the JSON', () => {
    const types = ['text', 'email', 'phone', 'url', 'number', 'date', 'boolean', 'file', 'geolocation', 'hidden'];
    const all = schema(...types.map((type) => ({ name: type, type })), {
      name: 's',
      type: 'multi_select',
      options: ['x'],
    });
    const name = fc.oneof(
      fc.constantFrom(...types, 's', '__proto__', 'constructor'),
      fc.string({ unit: anyCharacter }),
    );
    const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.string({ unit: anyCharacter }), fc.double());
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
