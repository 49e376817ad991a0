import { expect } from 'chai';
import type { ConversionEvent } from '../../../src/conversions/platforms/platform.js';
import { tiktok, tiktokVerdicts } from '../../../src/conversions/platforms/tiktok.js';
import { answer, bareEvent, built, clicking, event, knowing, skipReason } from './samples.js';

const told = (of: ConversionEvent): Record<string, unknown> | undefined =>
  (built(tiktok, of).body as { data: Record<string, unknown>[] }).data[0];

describe('what TikTok is told of a conversion', () => {
  it('is everything that is known, in its form', () => {
    expect(built(tiktok)).to.deep.equal({
      method: 'POST',
      path: '/open_api/v1.3/event/track/',
      headers: { 'content-type': 'application/json' },
      body: {
        event_source: 'web',
        event_source_id: 'C1234567890ABCDEF',
        data: [
          {
            event: 'Lead',
            event_time: 1_789_380_930,
            event_id: 'cm7abc12x0001yz9k8mno3pqr:Lead',
            user: {
              email: ['bcab6c76acf2c45553da7a8bc89906c22af55cecaba245cc017583aa91458baa'],
              phone: ['9e1919ad78a34fd67a84bfbcf2fea14074065517bea32e92924771c3f92e5462'],
              external_id: ['48688e69356492ab0e13adc949ad46fe5dd46a26ee00f125bb8b20ed050f6045'],
              first_name: '81f8f6dde88365f3928796ec7aa53f72820b06db8664f5fe76a7eb13e24546a2',
              last_name: '799ef92a11af918e3fb741df42934f3b568ed2d93ac1df74f1b8d41a27932a6f',
              zip_code: 'e73ac16e69f060ee98b0fda5f66f48c4648ee26950e9bab3a097389853fd859e',
              city: 'sanfrancisco',
              state: 'ca',
              country: 'us',
              ttclid: 'E.C.P.v3fQ2RHacdksKfofPmlyuStIIFJ',
              ttp: '94e2a4j9-h3ss-k1b5-98cc-c84n745mk145',
              ip: '203.0.113.7',
              user_agent: 'Mozilla/5.0 (X11; Linux x86_64)',
            },
            properties: { value: 25.5, currency: 'USD' },
            page: { url: 'https://example.com/landing', referrer: 'https://google.com/' },
          },
        ],
      },
    });
  });

  it('is of a website, whose pixel it names, also without a page', () => {
    const request = built(tiktok, { ...event, page: null });
    expect(request.body).to.include({ event_source: 'web' });
    expect(told({ ...event, page: null })).not.to.have.property('page');
  });

  it('has a test code only in a test, and the token in a header', () => {
    const request = built(tiktok, event, { testCode: 'TEST00000' });
    expect(request.body).to.include({ test_event_code: 'TEST00000' });
    expect(built(tiktok).body).not.to.have.property('test_event_code');
    expect(tiktok.authorize(request, 'secret').headers).to.include({ 'access-token': 'secret' });
  });

  it('says that the person declined', () => {
    expect(told({ ...event, adPersonalization: 'denied' })).to.include({ limited_data_use: true });
    expect(told({ ...event, limitedUse: true })).to.include({ limited_data_use: true });
    expect(told(event)).not.to.have.property('limited_data_use');
  });

  it('has a value of 0', () => {
    expect(told({ ...event, value: { amount: 0, currency: 'EUR' } })).to.deep.include({
      properties: { value: 0, currency: 'EUR' },
    });
  });

  it('needs one of e-mail, phone, id, click, or address and browser', () => {
    const places = { firstName: 'Jane', lastName: 'Doe', city: 'Bonn', country: 'DE' };
    for (const of of [bareEvent, knowing(places), clicking({ ttp: 'a' }), { ...bareEvent, ip: '203.0.113.7' }]) {
      expect(skipReason(tiktok, of)).to.equal('no_match_keys');
    }
    for (const of of [
      knowing({ email: 'a@example.com' }),
      knowing({ phone: '+14155550132' }),
      knowing({ externalId: 'c1' }),
      clicking({ ttclid: 'E.C.P' }),
      { ...bareEvent, ip: '203.0.113.7', userAgent: 'Mozilla/5.0' },
    ]) {
      expect(skipReason(tiktok, of)).to.equal(null);
    }
  });
});

describe("TikTok's answers", () => {
  const sent = tiktok.authorize(built(tiktok), 'secretToken');
  const body = (code: number, message = 'Words') => ({ code, message, request_id: '2026', data: {} });
  const kind = (status: number | null, text: unknown) => tiktok.classify(answer(status, text), sent).kind;

  it('are a delivery when their code is 0, and never for their status', () => {
    expect(tiktok.classify(answer(200, body(0, 'OK')), sent)).to.deep.equal({
      kind: 'DELIVERED',
      code: null,
      message: '',
      traceId: '2026',
    });
    expect(kind(500, body(0))).to.equal('RETRY');
  });

  const table: readonly (readonly [code: number, kind: string, mend?: RegExp])[] = [
    [20001, 'REJECTED'],
    [40001, 'CONFIG_BROKEN', /eventSourceId/],
    [40002, 'REJECTED'],
    [40100, 'RETRY'],
    [40104, 'AUTH_BROKEN', /accessToken/],
    [40105, 'AUTH_BROKEN', /accessToken/],
    [50000, 'RETRY'],
    [50200, 'RETRY'],
    [51021, 'RETRY'],
    [60001, 'RETRY'],
    [49_999, 'RETRY'],
  ];
  for (const [code, expected, mend] of table) {
    it(`are ${expected} for ${code}, under 200`, () => {
      const verdict = tiktok.classify(answer(200, body(code)), sent);
      expect(verdict).to.include({ kind: expected, code: `${code}`, traceId: '2026' });
      expect(verdict.message).to.match(/^Words/);
      if (mend !== undefined) expect(verdict.message).to.match(mend);
    });
  }

  it('have each documented code in the table above', () => {
    const tried = table.map(([code]) => `${code}`);
    expect([...tiktokVerdicts.keys()].filter((code) => !tried.includes(code))).to.deep.equal([]);
  });

  it('are tried again where TikTok is not itself, or finds the event in the future', () => {
    expect(kind(200, '<html></html>')).to.equal('RETRY');
    expect(kind(200, '{"half": ')).to.equal('RETRY');
    expect(kind(200, {})).to.equal('RETRY');
    expect(kind(502, '<html></html>')).to.equal('RETRY');
    expect(kind(null, '')).to.equal('RETRY');
    expect(kind(200, body(40002, 'event_time is in the future'))).to.equal('RETRY');
  });

  it('never bring back the token or the person', () => {
    const words = 'secretToken: Invalid value for ip: 203.0.113.7, country us of https://example.com/landing';
    expect(tiktok.classify(answer(200, body(40002, words)), sent).message).to.equal(
      '…: Invalid value for ip: …, country … of …',
    );
  });
});
