import { expect } from 'chai';
import { pageToSend } from '../../src/conversions/page-address.js';

describe('the address of a page, as ad platforms may be told of it', () => {
  it('keeps the page, click ids as they are and utm_*, and nothing else of the query', () => {
    const utm = 'utm_source=google&utm_medium=cpc&utm_campaign=spring+sale';
    const clicks =
      'fbclid=IwAR2-AbC_dEf&gclid=EAIaIQobChMI_x-Y&gbraid=0AAAAA&wbraid=Cj8K&li_fat_id=df5gf5&ttclid=E.C.P.v3f&msclkid=a1~b';
    expect(pageToSend(`https://example.com/landing?${utm}&${clicks}&name=Jane&token=secret#jane`)).to.equal(
      `https://example.com/landing?${utm}&${clicks}`,
    );
    expect(pageToSend('https://example.com/landing?email=jane%40example.com')).to.equal('https://example.com/landing');
    expect(pageToSend('https://example.com/?#jane@example.com')).to.equal('https://example.com/');
    expect(pageToSend('https://example.com/?gclid=%3Cscript%3E&utm_term=a')).to.equal(
      'https://example.com/?utm_term=a',
    );
  });

  const withPerson = [
    'https://example.com/thanks/jane@example.com',
    'https://example.com/thanks/jane%40example.com',
    'https://example.com/thanks/jane%2540example.com',
    'https://example.com/?utm_content=jane%40example.com',
    'https://example.com/?utm_content=jane＠example.com',
    'https://jane@example.com/',
    'https://example.com/call/+14155550132',
    'https://example.com/call/%2B1%20(415)%20555-0132',
    'https://example.com/call/4155550132',
    'https://example.com/call/5550132',
    'https://example.com/?utm_term=415-555-0132',
    'https://example.com/?utm_term=415+555+0132',
    'https://example.com/?utm_term=%2B491512345',
  ];
  for (const address of withPerson) {
    it(`does not send ${address}`, () => expect(pageToSend(address)).to.equal(null));
  }

  const withoutPerson = [
    'https://example.com/offers/2026/09/14',
    'https://example.com/p/123456',
    'https://example.com/?utm_campaign=120210000000000001&utm_id=a1234567890b',
    'https://example.com/?gclid=Cj0KCQ-1234567890-x',
    'https://example.com/100%25-off',
    'https://example.com/%E4%BD%A0%FF',
  ];
  for (const address of withoutPerson) {
    it(`sends ${address}`, () => expect(pageToSend(address)).to.equal(address));
  }

  it('sends nothing that is no address of the web', () => {
    for (const address of ['', 'landing', 'javascript:alert(1)', 'android-app://com.example', '/landing', null]) {
      expect(pageToSend(address)).to.equal(null);
    }
  });
});
