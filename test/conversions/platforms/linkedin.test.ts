import { expect } from 'chai';
import { linkedin, linkedinVerdicts } from '../../../src/conversions/platforms/linkedin.js';
import type { ConversionEvent, PersonField } from '../../../src/conversions/platforms/platform.js';
import { answer, bareEvent, built, droppedOf, event, knowing, skipReason } from './samples.js';

const byHand: readonly PersonField[] = ['firstName', 'lastName'];
const userOf = (of: ConversionEvent, mappedByHand: readonly PersonField[] = []) =>
  built(linkedin, of, { mappedByHand }).body?.['user'];

const emailId = {
  idType: 'SHA256_EMAIL',
  idValue: 'bcab6c76acf2c45553da7a8bc89906c22af55cecaba245cc017583aa91458baa',
};

describe('what LinkedIn is told of a conversion', () => {
  it('is e-mail, click, address and id, at a time in milliseconds, and no name', () => {
    expect(built(linkedin)).to.deep.equal({
      method: 'POST',
      path: '/rest/conversionEvents',
      headers: {
        'content-type': 'application/json',
        'linkedin-version': '202609',
        'x-restli-protocol-version': '2.0.0',
      },
      body: {
        conversion: 'urn:lla:llaPartnerConversion:104012',
        conversionHappenedAt: 1_789_380_930_250,
        conversionValue: { currencyCode: 'USD', amount: '25.50' },
        eventId: 'cm7abc12x0001yz9k8mno3pqr:Lead',
        user: {
          userIds: [
            emailId,
            { idType: 'LINKEDIN_FIRST_PARTY_ADS_TRACKING_UUID', idValue: 'df5gf5-gh6t7-ph4j7h-fgf6n1' },
            { idType: 'PLAINTEXT_IP_ADDRESS', idValue: '203.0.113.7' },
          ],
          externalIds: ['cm7abc12x0001yz9k8mno3pqr'],
        },
      },
    });
  });

  it('has names where the mapping names both by hand, and then both or none', () => {
    expect(userOf(event, byHand)).to.deep.include({
      userInfo: { firstName: 'Jane', lastName: 'Doe', countryCode: 'US' },
    });
    expect(userOf(event, ['firstName'])).not.to.have.property('userInfo');
    const half = { ...event, person: { ...event.person, lastName: null } };
    expect(userOf(half, byHand)).not.to.have.property('userInfo');
    expect(userOf(knowing({ firstName: 'Jane', lastName: 'Doe' }), byHand)).to.deep.equal({
      userIds: [],
      userInfo: { firstName: 'Jane', lastName: 'Doe' },
    });
  });

  it('has amounts with as many decimals as the currency has, 0 too', () => {
    const valueOf = (amount: number, currency: string) =>
      built(linkedin, { ...event, value: { amount, currency } }).body?.['conversionValue'];
    expect(valueOf(0, 'EUR')).to.deep.equal({ currencyCode: 'EUR', amount: '0.00' });
    expect(valueOf(1_500, 'JPY')).to.deep.equal({ currencyCode: 'JPY', amount: '1500' });
    expect(built(linkedin, { ...event, value: null }).body).not.to.have.property('conversionValue');
  });

  it('has no address of the newer kind, which LinkedIn does not take', () => {
    const of = { ...event, ip: '2001:db8::7' };
    expect(JSON.stringify(userOf(of))).not.to.include('2001:db8');
    expect(droppedOf(linkedin, of)).to.deep.equal(['PLAINTEXT_IP_ADDRESS']);
  });

  it('has no id that is an address of the person, since ids are not hashed', () => {
    const of = { ...event, person: { ...event.person, externalId: 'jane@example.com' } };
    expect(userOf(of)).not.to.have.property('externalIds');
    expect(droppedOf(linkedin, of)).to.deep.equal(['externalIds']);
  });

  it('is nothing where nobody could be found by it, or the person opted out', () => {
    expect(skipReason(linkedin, bareEvent)).to.equal('no_match_keys');
    expect(skipReason(linkedin, knowing({ phone: '+14155550132', firstName: 'Jane', lastName: 'Doe' }))).to.equal(
      'no_match_keys',
    );
    expect(skipReason(linkedin, { ...event, limitedUse: true })).to.equal('no_consent');
  });

  it('speaks another month where the operator says so, with the token in a header', () => {
    const target = { settings: { conversionUrn: 'urn' }, testCode: null, validateOnly: false, mappedByHand: [] };
    const other = linkedin.build(event, target, '202611');
    expect(other).to.have.nested.property('request.headers.linkedin-version', '202611');
    expect(linkedin.authorize(built(linkedin), 'AQX-token').headers).to.include({ authorization: 'Bearer AQX-token' });
  });
});

describe("LinkedIn's answers", () => {
  const sent = linkedin.authorize(built(linkedin), 'AQXsecret');
  const kind = (status: number | null, body: unknown = '') => linkedin.classify(answer(status, body), sent).kind;

  it('are a delivery when they are 201 and empty', () => {
    expect(linkedin.classify(answer(201, '', { 'x-li-uuid': 'AAY' }), sent)).to.deep.equal({
      kind: 'DELIVERED',
      code: null,
      message: '',
      traceId: 'AAY',
    });
    expect(kind(200)).to.equal('RETRY');
  });

  const time = 'Conversion time should be within 90 days and not exceed current time, indices [0]';
  const method = 'Conversion method should be CONVERSIONS_API, indices [0]';
  const table: readonly (readonly [row: string, status: number, body: object, kind: string, code: string])[] = [
    ['VERSION_MISSING', 400, { code: 'VERSION_MISSING' }, 'CONFIG_BROKEN', 'VERSION_MISSING'],
    ['426', 426, { code: 'NONEXISTENT_VERSION' }, 'RETRY', 'NONEXISTENT_VERSION'],
    ['65600', 401, { serviceErrorCode: 65600, code: 'INVALID_ACCESS_TOKEN' }, 'AUTH_BROKEN', '65600'],
    ['65601', 401, { serviceErrorCode: 65601, code: 'REVOKED_ACCESS_TOKEN' }, 'AUTH_BROKEN', '65601'],
    ['401', 401, {}, 'AUTH_BROKEN', '401'],
    ['403', 403, { message: 'No ad accounts found', serviceErrorCode: 100 }, 'CONFIG_BROKEN', '100'],
    ['404', 404, { code: 'RESOURCE_NOT_FOUND' }, 'CONFIG_BROKEN', 'RESOURCE_NOT_FOUND'],
    ['method should be CONVERSIONS_API', 400, { message: method }, 'CONFIG_BROKEN', '400'],
    ['Conversion time should be within 90 days', 400, { message: time }, 'RETRY', '400'],
    ['422', 422, { message: 'ERROR :: /a :: no\nERROR :: /b :: no', status: 422 }, 'REJECTED', '422'],
    ['another 400', 400, { message: 'No' }, 'REJECTED', '400'],
    ...[408, 423, 429, 500, 502, 503, 504].map((code) => [`${code}`, code, {}, 'RETRY', `${code}`] as const),
  ];
  for (const [row, status, body, expected, code] of table) {
    it(`are ${expected} for ${row}`, () => {
      expect(linkedin.classify(answer(status, body), sent)).to.include({ kind: expected, code });
    });
  }

  it('have each row of the verdicts in the table above', () => {
    const tried = ['201', ...table.map(([row]) => row)];
    expect([...linkedinVerdicts.keys()].filter((row) => !tried.includes(row))).to.deep.equal([]);
  });

  it('name what to mend, and the rule too where LinkedIn speaks of ad accounts', () => {
    const words = (status: number, body: object) => linkedin.classify(answer(status, body), sent).message;
    expect(words(403, { message: 'No ad accounts found' })).to.match(/^No ad accounts found .*conversionUrn.*r_ads/);
    expect(words(401, { message: 'Invalid' })).to.match(/^Invalid .*accessToken/);
    expect(words(400, { message: method })).to.match(/conversionUrn/);
    expect(words(422, { message: 'ERROR :: /a :: no\nERROR :: /b :: no' })).to.equal(
      'ERROR :: /a :: no ERROR :: /b :: no',
    );
  });

  it('are tried again where there is none, and where the text is not LinkedIn’s', () => {
    expect(kind(null)).to.equal('RETRY');
    expect(kind(502, '<html></html>')).to.equal('RETRY');
    expect(kind(200, '{"half": ')).to.equal('RETRY');
  });

  it('never bring back the token or the person', () => {
    const message = 'AQXsecret may not tell of 203.0.113.7, cm7abc12x0001yz9k8mno3pqr';
    expect(linkedin.classify(answer(422, { message }), sent).message).to.equal('… may not tell of …, …');
  });
});
