import { expect } from 'chai';
import { checkAnswers } from '../../src/submissions/answers.js';
import { issuesOf, schema } from '../support/answers.js';

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
        it(`may be ${shown(value)}`, () => expect(issuesOf(schema(field), { a: value })).to.deep.equal([]));
      }
      for (const [value, ...issues] of refused) {
        it(`may not be ${shown(value)}`, () => {
          expect(issuesOf(schema(field), { a: value })).to.deep.equal(issues.map((issue) => `data.${issue}`));
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
