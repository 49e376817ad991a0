import { expect } from 'chai';
import { meta, metaVerdicts } from '../../../src/conversions/platforms/meta.js';
import type { ConversionEvent } from '../../../src/conversions/platforms/platform.js';
import { answer, bareEvent, built, clicking, droppedOf, event, knowing, skipReason } from './samples.js';

interface Told {
  [field: string]: unknown;
  user_data: Record<string, unknown>;
}

const told = (of: ConversionEvent, changes = {}): Told => (built(meta, of, changes).body as { data: [Told] }).data[0];
const ms = (date: string) => Date.parse(date);

describe('what Meta is told of a conversion', () => {
  it('is everything that is known, in its form', () => {
    expect(built(meta)).to.deep.equal({
      method: 'POST',
      path: '/v26.0/1234567890123456/events',
      headers: { 'content-type': 'application/json' },
      body: {
        data: [
          {
            event_name: 'Lead',
            event_time: 1_789_380_930,
            event_id: 'cm7abc12x0001yz9k8mno3pqr:Lead',
            action_source: 'website',
            event_source_url: 'https://example.com/landing',
            referrer_url: 'https://google.com/',
            user_data: {
              em: ['bcab6c76acf2c45553da7a8bc89906c22af55cecaba245cc017583aa91458baa'],
              ph: ['11072303eb5c8cb5c5a1ebb762f11b37b07131265b46fdfe1276196bfbd3ca51'],
              fn: ['81f8f6dde88365f3928796ec7aa53f72820b06db8664f5fe76a7eb13e24546a2'],
              ln: ['799ef92a11af918e3fb741df42934f3b568ed2d93ac1df74f1b8d41a27932a6f'],
              ct: ['1a6bd4d9d79dc0a79b53795c70d3349fa9e38968a3fbefbfe8783efb1d2b6aac'],
              st: ['6959097001d10501ac7d54c0bdb8db61420f658f2922cc26e46d536119a31126'],
              zp: ['e73ac16e69f060ee98b0fda5f66f48c4648ee26950e9bab3a097389853fd859e'],
              country: ['79adb2a2fce5c6ba215fe5f27f532d4e7edbac4b6a5e09e1ef3a08084a904621'],
              external_id: ['48688e69356492ab0e13adc949ad46fe5dd46a26ee00f125bb8b20ed050f6045'],
              client_ip_address: '203.0.113.7',
              client_user_agent: 'Mozilla/5.0 (X11; Linux x86_64)',
              fbc: 'fb.1.1789380000000.IwAR2-AbC_dEf',
              fbp: 'fb.1.1789370000000.1098115397',
            },
            custom_data: { value: 25.5, currency: 'USD' },
          },
        ],
      },
    });
  });

  it('is the e-mail address alone, if nothing else is known', () => {
    expect(told(knowing({ email: 'John.Doe@Example.com' }))).to.deep.equal({
      event_name: 'Lead',
      event_time: 1_789_380_930,
      event_id: 'cm7abc12x0001yz9k8mno3pqr:Lead',
      action_source: 'system_generated',
      user_data: { em: ['836f82db99121b3481011f16b49dfa5fbc714a0d1b1b9f784a1ebbbf5b39577f'] },
    });
  });

  it('has a test code only in a test, and the token in its body', () => {
    const request = built(meta, event, { testCode: 'TEST12345' });
    expect(request.body).to.include({ test_event_code: 'TEST12345' });
    const { path, headers, body } = meta.authorize(request, 'EAAB-token');
    expect(body).to.include({ access_token: 'EAAB-token', test_event_code: 'TEST12345' });
    expect(JSON.stringify({ path, headers })).not.to.include('EAAB');
  });

  it('speaks another version where the operator says so', () => {
    const other = meta.build(
      event,
      { settings: { datasetId: '1' }, testCode: null, validateOnly: false, mappedByHand: [] },
      'v27.0',
    );
    expect(other).to.have.nested.property('request.path', '/v27.0/1/events');
  });

  it('comes from a website only with page and browser', () => {
    expect(told({ ...event, page: null })).to.include({ action_source: 'system_generated' });
    expect(told({ ...event, userAgent: null })).to.include({ action_source: 'system_generated' });
  });

  it('says what the person declined', () => {
    expect(told({ ...event, adPersonalization: 'denied' })).to.include({ opt_out: true });
    expect(told({ ...event, limitedUse: true })).to.deep.include({
      data_processing_options: ['LDU'],
      data_processing_options_country: 0,
      data_processing_options_state: 0,
    });
    expect(told(event)).not.to.have.any.keys('opt_out', 'data_processing_options');
  });

  it('has a value of 0', () => {
    expect(told({ ...event, value: { amount: 0, currency: 'EUR' } })).to.deep.include({
      custom_data: { value: 0, currency: 'EUR' },
    });
  });

  it('needs more than what many people share', () => {
    const places = { city: 'Bonn', region: 'NRW', postalCode: '53111', country: 'DE' };
    expect(skipReason(meta, bareEvent)).to.equal('no_match_keys');
    expect(skipReason(meta, { ...knowing(places), userAgent: 'Mozilla/5.0' })).to.equal('no_match_keys');
    expect(skipReason(meta, knowing({ firstName: 'Jane' }))).to.equal('no_match_keys');
    expect(skipReason(meta, knowing({ lastName: 'Doe' }))).to.equal('no_match_keys');
    expect(skipReason(meta, knowing({ firstName: 'Jane', lastName: 'Doe' }))).to.equal(null);
    expect(skipReason(meta, clicking({ fbp: 'fb.1.1789370000000.1098115397' }))).to.equal(null);
  });
});

describe("Meta's click id", () => {
  const fbc = (clickIds: Partial<ConversionEvent['clickIds']>, changes: Partial<ConversionEvent> = {}) =>
    told({ ...event, ...changes, clickIds: { ...event.clickIds, fbclid: null, ...clickIds } }).user_data['fbc'];

  it('carries when the click was first seen, and never a later time than the event', () => {
    expect(fbc({ fbclid: 'IwAR2-AbC_dEf' })).to.equal('fb.1.1789380000000.IwAR2-AbC_dEf');
    expect(fbc({ fbclid: 'IwAR' }, { firstSeenAt: new Date('2026-09-15') })).to.equal('fb.1.1789380930250.IwAR');
  });

  it("is Meta's own cookie, if that is of the same click or of a newer one", () => {
    const older = 'fb.1.1789300000000.IwAR2-AbC_dEf';
    expect(fbc({ fbclid: 'IwAR2-AbC_dEf', fbc: older })).to.equal(older);
    expect(fbc({ fbclid: 'IwAR', fbc: older })).to.equal('fb.1.1789380000000.IwAR');
    const newer = 'fb.1.1789380500000.Other.AQQBAQEC';
    expect(fbc({ fbclid: 'IwAR', fbc: newer })).to.equal(newer);
    expect(fbc({ fbc: newer })).to.equal(newer);
    expect(fbc({ fbclid: 'IwAR', fbc: 'broken' })).to.equal('fb.1.1789380000000.IwAR');
  });

  it('is left out of the event, and does not lose it, where its form is wrong or it is of more than 90 days before', () => {
    const wrong = [
      { fbc: 'IwAR2' },
      { fbc: 'fb.1.1789380000.IwAR2' },
      { fbc: 'fb.3.1789380000000.IwAR2' },
      { fbc: `fb.1.${ms('2026-06-01')}.IwAR2` },
      { fbclid: 'a.b~c' },
    ];
    for (const clickIds of wrong) {
      const of = { ...event, clickIds: { ...event.clickIds, fbclid: null, ...clickIds } };
      expect(told(of).user_data, JSON.stringify(clickIds)).not.to.have.property('fbc');
      expect(droppedOf(meta, of)).to.deep.equal(['fbc']);
    }
    const old = { ...event, firstSeenAt: new Date('2026-06-01') };
    expect(told(old).user_data).not.to.have.property('fbc');
  });

  it('stands beside a browser id of the right form', () => {
    const of = { ...event, clickIds: { ...event.clickIds, fbp: 'GA1.2.3' } };
    expect(told(of).user_data).not.to.have.property('fbp');
    expect(droppedOf(meta, of)).to.deep.equal(['fbp']);
  });
});

describe("Meta's answers", () => {
  const sent = meta.authorize(built(meta), 'EAABsecretToken1234');
  const failure = (code: number, subcode?: number, more = {}) => ({
    error: { message: 'Words', code, error_subcode: subcode, fbtrace_id: 'AbC', ...more },
  });

  it('are a delivery when the event was received', () => {
    const body = { events_received: 1, messages: [], fbtrace_id: 'AbC' };
    expect(meta.classify(answer(200, body), sent)).to.deep.equal({
      kind: 'DELIVERED',
      code: null,
      message: '',
      traceId: 'AbC',
    });
    expect(meta.classify(answer(200, { ...body, events_received: 0 }), sent).kind).to.equal('RETRY');
    const warning = { 'x-ad-api-version-warning': 'v26.0 will be removed' };
    expect(meta.classify(answer(200, body, warning), sent).message).to.equal('v26.0 will be removed');
  });

  const table: readonly (readonly [code: number, subcode: number | undefined, kind: string])[] = [
    ...[1, 2, 341, 368, 5000, 21009].map((code) => [code, undefined, 'RETRY'] as const),
    [4, 1504022, 'RETRY'],
    [4, 1504039, 'RETRY'],
    [17, 2446079, 'RETRY'],
    [613, 1487742, 'RETRY'],
    [613, 5044001, 'RETRY'],
    ...[80000, 80003, 80004, 80014, 2635].map((code) => [code, undefined, 'RETRY'] as const),
    [190, undefined, 'AUTH_BROKEN'],
    [190, 460, 'AUTH_BROKEN'],
    [190, 463, 'AUTH_BROKEN'],
    [102, undefined, 'AUTH_BROKEN'],
    [104, undefined, 'AUTH_BROKEN'],
    ...[10, 200, 294, 3, 105].map((code) => [code, undefined, 'CONFIG_BROKEN'] as const),
    [100, 33, 'CONFIG_BROKEN'],
    [100, undefined, 'REJECTED'],
    ...[2804001, 2804003, 2804007, 2804009, 2804016, 2804017, 2804019, 2804048].map(
      (subcode) => [100, subcode, 'REJECTED'] as const,
    ),
    [2655, undefined, 'REJECTED'],
  ];
  for (const [code, subcode, kind] of table) {
    const full = subcode === undefined ? `${code}` : `${code}/${subcode}`;
    it(`are ${kind} for ${full}, whatever their status`, () => {
      for (const status of [400, 403, 500]) {
        const verdict = meta.classify(answer(status, failure(code, subcode)), sent);
        expect(verdict).to.include({ kind, code: full, traceId: 'AbC' });
        expect(verdict.message).to.match(/^Words/);
        if (kind.endsWith('_BROKEN')) expect(verdict.message).to.match(/accessToken|datasetId/);
      }
    });
  }

  it('have each documented code in the table above', () => {
    const tried = table.flatMap(([code, subcode]) => [`${code}`, `${code}/${subcode}`]);
    expect([...metaVerdicts.keys()].filter((code) => !tried.includes(code))).to.deep.equal([]);
  });

  it('are tried again where Meta calls them transient, finds the event in the future, or is not itself', () => {
    const kind = (status: number | null, body: unknown) => meta.classify(answer(status, body), sent).kind;
    expect(kind(400, failure(100, undefined, { is_transient: true }))).to.equal('RETRY');
    expect(kind(400, failure(100, 2804004, { message: 'event_time is in the future' }))).to.equal('RETRY');
    expect(kind(500, '<!DOCTYPE html><html></html>')).to.equal('RETRY');
    expect(kind(400, '<!DOCTYPE html><html></html>')).to.equal('RETRY');
    expect(kind(200, '{"half": ')).to.equal('RETRY');
    expect(kind(503, '')).to.equal('RETRY');
    expect(kind(null, '')).to.equal('RETRY');
    expect(kind(400, failure(99_999))).to.equal('REJECTED');
    expect(kind(500, failure(99_999))).to.equal('RETRY');
  });

  it('say why there was none', () => {
    const { code, message } = meta.classify(answer(null), sent);
    expect({ code, message }).to.deep.equal({ code: null, message: 'the answer took longer than 10 s' });
  });

  it('never bring back the token or the person', () => {
    const words =
      'Malformed token=xEAABsecretToken1234, statused US us (203.0.113.7, Mozilla/5.0 (X11; Linux x86_64), ' +
      'https://example.com/landing, bcab6c76acf2c45553da7a8bc89906c22af55cecaba245cc017583aa91458baa)';
    const { message } = meta.classify(answer(400, failure(190, undefined, { message: words })), sent);
    expect(message).to.match(/^Malformed token=x…, statused US us \(…, …, …, …\) Generate a new access token/);
  });

  it('are kept on one line, without what a database would refuse', () => {
    const verdict = meta.classify(
      answer(400, failure(100, undefined, { message: 'a\u0000\n b\ud800', fbtrace_id: 'x'.repeat(500) })),
      sent,
    );
    expect(verdict.message).to.equal('a b\ufffd');
    expect(verdict.traceId).to.have.lengthOf(100);
  });

  it('are told in 500 characters at most, of which the last say what to mend', () => {
    const { message } = meta.classify(answer(400, failure(190, undefined, { message: 'a '.repeat(1_000) })), sent);
    expect(message)
      .to.have.lengthOf(500)
      .and.match(/… Generate a new .* accessToken\.$/);
  });
});
