import { expect } from 'chai';
import * as fc from 'fast-check';
import { charactersIn, jsonDepthMax, keyPath, unstorableIssues } from '../../../src/platform/text/storable-json.js';
import { anyCharacter } from '../../support/any-character.js';
import { cpuMsOf } from '../../support/cpu-time.js';

const pathsOf = (json: string) => unstorableIssues(JSON.parse(json)).map((issue) => issue.path);

describe('what a JSON value holds that cannot be kept', () => {
  const rows: [guarantee: string, json: string, paths: string[]][] = [
    ['nothing in an ordinary body', '{"data":{"a":"é 😀","b":[1,-2.5e300,true,null]},"is_test":false}', []],
    ['U+0000 in a value', String.raw`{"data":{"a":"x\u0000y"}}`, ['data.a']],
    ['U+0000 in a list', String.raw`{"tags":["a","\u0000"]}`, ['tags.1']],
    ['U+0000 in a key', String.raw`{"data":{"a\u0000":1}}`, ['data.a\uFFFD']],
    ['a high surrogate alone', String.raw`["\ud83d"]`, ['0']],
    ['a low surrogate alone', String.raw`["\ude00x"]`, ['0']],
    ['a surrogate alone in a key', String.raw`{"\ud83d":{"x":1}}`, ['\uFFFD']],
    ['a pair the wrong way round', String.raw`["\ude00\ud83d"]`, ['0']],
    ['an escaped pair is whole', String.raw`["\ud83d\ude00"]`, []],
    ['a number beyond a double', '{"n":1e999,"m":[-1e999,1e308]}', ['n', 'm.0']],
    ['a bad value as the whole body', String.raw`"\u0000"`, ['']],
    [
      'every bad value at once',
      String.raw`{"a":"\u0000","b":{"c\u0000":"\ud800"},"d":[1e999]}`,
      ['a', 'b.c\uFFFD', 'b.c\uFFFD', 'd.0'],
    ],
    ['keys that objects inherit', String.raw`{"__proto__":{"constructor":"\u0000"}}`, ['__proto__.constructor']],
  ];
  for (const [guarantee, json, paths] of rows) {
    it(`finds ${guarantee}`, () => expect(pathsOf(json)).to.deep.equal(paths));
  }

  it('puts paths behind where the value stands', () => {
    expect(unstorableIssues({ a: '\0' }, 'input')[0]?.path).to.equal('input.a');
  });

  it('refuses nesting beyond its bound and accepts nesting up to it', () => {
    const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
    expect(pathsOf(nested(jsonDepthMax))).to.deep.equal([]);
    expect(unstorableIssues(JSON.parse(nested(jsonDepthMax + 1)))).to.have.length(1);
    expect(unstorableIssues(JSON.parse(nested(100_000)))).to.have.length(1);
  });

  it('names at most a thousand bad values, so that the answer stays smaller than the attack', () => {
    expect(unstorableIssues(Array.from({ length: 100_000 }, () => '\0'))).to.have.length(1_000);
  });

  it('reads a body of 1 MiB in a few milliseconds', () => {
    const body = Object.fromEntries(Array.from({ length: 9_000 }, (_, index) => [`field_${index}`, 'x'.repeat(100)]));
    expect(cpuMsOf(() => expect(unstorableIssues(body)).to.deep.equal([]))).to.be.below(100);
  });

  it('finds nothing in any JSON of whole text, and whatever spoils it', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5, stringUnit: 'grapheme' }), (value) => {
        expect(unstorableIssues(value)).to.deep.equal([]);
        expect(unstorableIssues([value, { bad: '\0' }]).map((issue) => issue.path)).to.deep.equal(['1.bad']);
      }),
    );
  });

  it('shortens long keys without splitting a character', () => {
    const path = keyPath('data', `${'x'.repeat(99)}😀${'y'.repeat(500)}`);
    expect(path.length).to.be.below(120);
    expect(path.isWellFormed()).to.equal(true);
  });

  it('counts a surrogate pair as one character', () => {
    fc.assert(fc.property(fc.string({ unit: anyCharacter }), (text) => charactersIn(text) === Array.from(text).length));
  });
});
