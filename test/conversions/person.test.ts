import { expect } from 'chai';
import type { SchemaItem } from '../../src/intake-bots/bot-schema.js';
import { countryCode, usStateCode } from '../../src/conversions/countries.js';
import { amountText, isCurrency, worthOf } from '../../src/conversions/currency.js';
import { personOf, type PersonSource } from '../../src/conversions/person.js';

const field = (name: string, type = 'text'): SchemaItem => ({ name, label: name, type, required: false });

const schema = [
  field('mail', 'email'),
  field('other_mail', 'email'),
  field('mobile', 'phone'),
  ...['first_name', 'last_name', 'full_name', 'city', 'state', 'zip', 'country', 'town', 'customer'].map((name) =>
    field(name),
  ),
  field('interests', 'multi_select'),
  field('number', 'number'),
  field('agreed', 'boolean'),
];

const of = (answers: Record<string, unknown>, changes: Partial<PersonSource> = {}) =>
  personOf({ schema, answers, contactId: null, mapping: {}, defaultCountry: null, ...changes });

const known = (answers: Record<string, unknown>, changes: Partial<PersonSource> = {}) =>
  Object.fromEntries(Object.entries(of(answers, changes).person).filter(([, value]) => value !== null));

describe('the person of a completed submission', () => {
  it('is told by the types email and phone, by names, and by the contact', () => {
    const answers = {
      mail: ' Jane.Doe+Lead@Gmail.com ',
      mobile: '+1 (415) 555-0132',
      first_name: ' Jane',
      last_name: 'Doe',
      city: 'San Francisco',
      state: 'California',
      zip: '94105-1234',
      country: 'United States',
    };
    expect(of(answers, { contactId: 'cm7abc12p0001yz9k8mno3pqr' })).to.deep.equal({
      person: {
        email: 'Jane.Doe+Lead@Gmail.com',
        phone: '+14155550132',
        firstName: 'Jane',
        lastName: 'Doe',
        city: 'San Francisco',
        region: 'CA',
        postalCode: '94105-1234',
        country: 'US',
        externalId: 'cm7abc12p0001yz9k8mno3pqr',
      },
      dropped: [],
    });
  });

  it('is told by the fields that the mapping names, which need no type', () => {
    const answers = { customer: 'C-17', town: 'New York', mail: 'a@example.com', other_mail: 'b@example.com' };
    const mapping = { email: 'other_mail', city: 'town', externalId: 'customer' };
    expect(known(answers, { mapping, contactId: 'c1' })).to.deep.equal({
      email: 'b@example.com',
      city: 'New York',
      externalId: 'C-17',
    });
  });

  it('lacks what a mapped field told that the bot has no longer, and says so', () => {
    const { person, dropped } = of({ city: 'Berlin', gone: 'Bonn' }, { mapping: { city: 'gone' } });
    expect(person.city).to.equal(null);
    expect(dropped).to.deep.equal(['gone']);
  });

  it('has a full name that is split at the first space, where no name stands by itself', () => {
    const names = (answers: Record<string, unknown>) => {
      const { firstName, lastName } = of(answers).person;
      return [firstName, lastName];
    };
    expect(names({ full_name: ' Anna Maria Müller ' })).to.deep.equal(['Anna', 'Maria Müller']);
    expect(names({ full_name: 'Prince' })).to.deep.equal(['Prince', null]);
    expect(names({ full_name: 'Anna Müller', first_name: 'Jane' })).to.deep.equal(['Jane', null]);
    expect(names({ full_name: ' ' })).to.deep.equal([null, null]);
  });

  it('counts the first e-mail address and the first number that can be read', () => {
    expect(known({ mail: null, other_mail: 'b@example.com' })).to.deep.equal({ email: 'b@example.com' });
    expect(known({ mail: 'a@example.com', other_mail: 'b@example.com' })).to.deep.equal({ email: 'a@example.com' });
    expect(known({ mail: '\u200bjane@example.com' })).to.deep.equal({ email: 'jane@example.com' });
  });

  it('has a national number with a default country alone: none is guessed', () => {
    const phone = (written: string, defaultCountry: string | null) => of({ mobile: written }, { defaultCountry });
    expect(phone('(415) 555-0132', 'US').person.phone).to.equal('+14155550132');
    expect(phone('0151 23456789', 'DE').person.phone).to.equal('+4915123456789');
    expect(phone('+1 650 555 1212', 'DE').person.phone).to.equal('+16505551212');
    expect(phone('(415) 555-0132', null)).to.deep.include({ dropped: ['phone'] });
    expect(phone('(415) 555-0132', null).person.phone).to.equal(null);
    expect(phone('123456', 'US').person.phone).to.equal(null);
    expect(phone('(415) 555-0132', 'ZZ').person.phone).to.equal(null);
  });

  it('has of a list the first entry, of a number its digits, and of blank or other answers nothing', () => {
    const mapping = { city: 'interests', postalCode: 'number', region: 'agreed', firstName: 'town' };
    const answers = { interests: ['Bonn', 'Köln'], number: 94105, agreed: true, town: ' ' };
    expect(of(answers, { mapping })).to.deep.include({ dropped: [] });
    expect(known(answers, { mapping })).to.deep.equal({ city: 'Bonn', postalCode: '94105' });
    expect(known({ interests: [] }, { mapping })).to.deep.equal({});
  });

  it('lacks a country that is none, and in the United States a state that is none', () => {
    expect(of({ country: 'Atlantis' })).to.deep.include({ dropped: ['country'] });
    expect(of({ country: 'USA', state: 'Bavaria' })).to.deep.include({ dropped: ['region'] });
    expect(known({ country: 'Germany', state: 'Bayern' })).to.deep.equal({ country: 'DE', region: 'Bayern' });
    expect(known({ state: 'new york' })).to.deep.equal({ region: 'NY' });
  });
});

describe('countries and states', () => {
  const countries = {
    US: ['us', 'USA', 'United States', 'the United States of America', 'U.S.A.'],
    GB: ['GB', 'uk', 'United Kingdom', 'England'],
    DE: ['de', 'GERMANY'],
    TR: ['Türkiye', 'Turkey'],
    CI: ["Côte d'Ivoire", 'Cote d’Ivoire', 'Ivory Coast'],
    BA: ['Bosnia and Herzegovina', 'Bosnia & Herzegovina'],
    LC: ['St. Lucia', 'Saint Lucia'],
    HK: ['Hong Kong', 'Hong Kong SAR China'],
    NL: ['The Netherlands', 'Netherlands'],
    KR: ['South Korea'],
  };
  for (const [code, names] of Object.entries(countries)) {
    it(`are read as ${code}: ${names.join(', ')}`, () => {
      for (const name of names) expect(countryCode(name), name).to.equal(code);
    });
  }

  it('are not made of what is none', () => {
    for (const name of ['', 'EU', 'ZZ', 'XX', 'European Union', 'Deutschland', 'no']) {
      expect(countryCode(name), name).to.equal(name === 'no' ? 'NO' : null);
    }
  });

  it('know the states and territories of the United States by code and by name', () => {
    for (const name of ['CA', 'ca', 'US-CA', 'California', ' california ']) expect(usStateCode(name)).to.equal('CA');
    expect(usStateCode('District of Columbia')).to.equal('DC');
    expect(usStateCode('Puerto Rico')).to.equal('PR');
    expect(usStateCode('Bavaria')).to.equal(null);
  });
});

describe('what a conversion is worth', () => {
  const fixed = (amount: number, currency: string) => worthOf({ amount, field: null, currency }, {});
  const answered = (budget: unknown) => worthOf({ amount: null, field: 'budget', currency: 'USD' }, { budget });

  it('is rounded as its currency is paid, and may be nothing', () => {
    expect(fixed(25.556, 'USD')).to.deep.equal({ amount: 25.56, currency: 'USD' });
    expect(fixed(25.5, 'JPY')).to.deep.equal({ amount: 26, currency: 'JPY' });
    expect(fixed(1.2345, 'KWD')).to.deep.equal({ amount: 1.235, currency: 'KWD' });
    expect(fixed(0, 'EUR')).to.deep.equal({ amount: 0, currency: 'EUR' });
    expect(worthOf(null, {})).to.equal(null);
  });

  it('is what a number field was answered with, if that is an amount', () => {
    expect(answered(12)).to.deep.equal({ amount: 12, currency: 'USD' });
    expect(answered(0)).to.deep.equal({ amount: 0, currency: 'USD' });
    for (const none of [-1, '12', null, undefined, 1e300, NaN]) expect(answered(none)).to.equal(null);
  });

  it('is of a currency that there is', () => {
    for (const code of ['USD', 'EUR', 'JPY']) expect(isCurrency(code)).to.equal(true);
    for (const code of ['usd', 'XXY', '', 'US']) expect(isCurrency(code)).to.equal(false);
    expect(amountText(25.5, 'USD')).to.equal('25.50');
    expect(amountText(1_000, 'JPY')).to.equal('1000');
  });
});
