import { expect } from 'chai';
import * as fc from 'fast-check';
import { contactAddress } from '../../src/contacts/contact-address.js';
import { isPhoneNumber, toE164 } from '../../src/platform/text/phone-number.js';

const fields = [
  { name: 'work_email', type: 'email' },
  { name: 'home_email', type: 'email' },
  { name: 'mobile', type: 'phone' },
  { name: 'office', type: 'phone' },
  { name: 'first_name', type: 'text' },
  { name: 'last_name', type: 'text' },
  { name: 'full_name', type: 'text' },
  { name: 'name', type: 'text' },
  { name: 'notes', type: 'textarea' },
];
const nobody = { email: null, phone: null, firstName: null, lastName: null };

describe('the person behind a submission', () => {
  const rows: [guarantee: string, data: Record<string, unknown>, address: Partial<typeof nobody> | object][] = [
    ['is nobody when nothing is said', {}, {}],
    ['has the e-mail trimmed and in lower case', { work_email: '  Ada@Example.COM ' }, { email: 'ada@example.com' }],
    ['has the first e-mail of the schema', { home_email: 'b@x.io', work_email: 'a@x.io' }, { email: 'a@x.io' }],
    ['has the next e-mail when the first is missing', { work_email: null, home_email: 'b@x.io' }, { email: 'b@x.io' }],
    ['has no e-mail from a field of another type', { notes: 'a@x.io' }, {}],
    ['has the phone in E.164', { mobile: '+1 (415) 555-2671' }, { phone: '+14155552671' }],
    ['has no phone without a country', { mobile: '415-555-2671' }, {}],
    [
      'has the first phone with a country',
      { mobile: '030 1234567', office: '+49 30 1234567' },
      { phone: '+49301234567' },
    ],
    ['has both names', { first_name: ' Ada ', last_name: 'King' }, { firstName: 'Ada', lastName: 'King' }],
    ['may have a last name only', { last_name: 'King', full_name: 'X Y' }, { lastName: 'King' }],
    [
      'has its full name split at the first space',
      { full_name: 'Ada  King Noel' },
      { firstName: 'Ada', lastName: 'King Noel' },
    ],
    ['has full_name before name', { full_name: 'Ada', name: 'B C' }, { firstName: 'Ada' }],
    [
      'has name when the others are blank',
      { full_name: ' ', first_name: '', name: 'Ada King' },
      { firstName: 'Ada', lastName: 'King' },
    ],
    ['has no name that is not a text', { name: 42, full_name: ['A B'] }, {}],
  ];
  for (const [guarantee, data, address] of rows) {
    it(guarantee, () => expect(contactAddress(fields, data)).to.deep.equal({ ...nobody, ...address }));
  }

  it('has nothing from fields that the schema lacks or objects inherit', () => {
    expect(contactAddress([], { first_name: 'Ada', email: 'a@x.io' })).to.deep.equal(nobody);
    const inherited = Object.create({ name: 'Eve' }) as Record<string, unknown>;
    expect(contactAddress([...fields, { name: '__proto__', type: 'email' }], inherited)).to.deep.equal(nobody);
  });
});

describe('a phone number', () => {
  const rows: [sent: string, isPhone: boolean, e164: string | null][] = [
    ['+14155552671', true, '+14155552671'],
    [' +1 (415) 555-2671 ', true, '+14155552671'],
    ['+49 (0)30 1234567', true, '+49301234567'],
    ['+49–30–1234567', true, '+49301234567'],
    ['\u202A+49\u00A030\u00A01234567\u202C', true, '+49301234567'],
    ['\uFF0B14155552671', true, '+14155552671'],
    ['+80012345678', true, '+80012345678'],
    ['415-555-2671', true, null],
    ['(0)30 1234567', true, null],
    ['0049 30 1234567', true, null],
    ['+14155552671 ext. 5', true, null],
    ['+14155552671x5', true, null],
    ['+1 415 555 267', true, null],
    ['', false, null],
    ['abc', false, null],
    ['12345', false, null],
    ['+12', false, null],
    ['+999123456789', false, null],
    ['++4930123456', false, null],
    ['+155555555555555555', false, null],
    ['tel:+14155552671', false, null],
    ['call +14155552671', false, null],
    ['..........', false, null],
    [`+1${' '.repeat(10_000)}x`, false, null],
  ];
  for (const [sent, isPhone, e164] of rows) {
    it(`${JSON.stringify(sent.slice(0, 30))} is ${isPhone ? 'one' : 'none'}, known as ${e164 ?? 'nobody'}`, () => {
      expect([isPhoneNumber(sent), toE164(sent)]).to.deep.equal([isPhone, e164]);
    });
  }

  it('is recognised by a plus and 7 to 15 digits, which recognise themselves', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^\+?[0-9 ()-]{4,18}$/), (sent) => {
        const e164 = toE164(sent);
        if (e164 === null) return;
        expect(isPhoneNumber(sent)).to.equal(true);
        expect(e164).to.match(/^\+[1-9]\d{5,14}$/);
        expect(toE164(e164)).to.equal(e164);
      }),
    );
  });
});
