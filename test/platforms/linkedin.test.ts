import { expect } from 'chai';
import { dayMs, type FailureName } from './double.js';
import { janeDoe, sha256 } from './golden.js';
import { LinkedInDouble, linkedinRefusal } from './linkedin.js';
import { changed, send } from './sending.js';

describe("LinkedIn's double", () => {
  let linkedin: LinkedInDouble;
  const now = 1789380930250;
  const path = '/rest/conversionEvents';
  const headers = {
    authorization: 'Bearer AQXlinkedInMemberToken',
    'linkedin-version': '202609',
    'x-restli-protocol-version': '2.0.0',
  };
  const good = {
    conversion: 'urn:lla:llaPartnerConversion:104012',
    conversionHappenedAt: now,
    conversionValue: { currencyCode: 'USD', amount: '25.50' },
    eventId: 'cm7abc12x0001yz9k8mno3pqr:Lead',
    user: {
      userIds: [
        { idType: 'SHA256_EMAIL', idValue: 'bcab6c76acf2c45553da7a8bc89906c22af55cecaba245cc017583aa91458baa' },
        { idType: 'LINKEDIN_FIRST_PARTY_ADS_TRACKING_UUID', idValue: 'df5gf5-gh6t7-ph4j7h-fgf6n1' },
      ],
      externalIds: ['cm7abc12x0001yz9k8mno3pqr'],
    },
  };
  const names = () => linkedin.failures.map(({ name }) => name);

  before(async () => {
    linkedin = await LinkedInDouble.start();
  });
  after(async () => {
    await linkedin.stop();
  });
  beforeEach(() => {
    linkedin.reset();
    linkedin.clock = () => now;
    linkedin.knows(janeDoe);
    linkedin.knowsClicks(['df5gf5-gh6t7-ph4j7h-fgf6n1']);
  });

  it('answers a right event with 201 and not a word, and counts it once', async () => {
    const answer = await send(linkedin, path, good, headers);
    expect([answer.status, answer.text, answer.headers.get('content-length')]).to.deep.equal([201, '', '0']);
    await send(linkedin, path, good, headers);
    expect([linkedin.conversions.length, linkedin.repeats]).to.deep.equal([1, 1]);
    linkedin.assertClean();
  });

  const value = (to: unknown): [string, unknown] => ['conversionValue', to];
  const userId = (idType: string, idValue: string): [string, unknown] => ['user.userIds', [{ idType, idValue }]];
  const refused: [string, [string, unknown], FailureName, number, string][] = [
    [
      'a numeric amount',
      value({ currencyCode: 'USD', amount: 19.9 }),
      'wrong type',
      422,
      'ERROR :: /conversionValue/amount :: 19.9 cannot be coerced to String',
    ],
    [
      'an amount that is none',
      value({ currencyCode: 'USD', amount: '19,90' }),
      'wrong value',
      422,
      '/conversionValue/amount',
    ],
    [
      'no userIds',
      ['user', { externalIds: ['x'] }],
      'missing field',
      422,
      'ERROR :: /user/userIds :: field is required but not found',
    ],
    ['an empty userInfo', ['user.userInfo', {}], 'missing field', 422, '/user/userInfo/firstName'],
    ['half a name', ['user.userInfo', { firstName: 'Jane' }], 'missing field', 422, '/user/userInfo/lastName'],
    ['two external ids', ['user.externalIds', ['a', 'b']], 'wrong value', 422, '/user/externalIds'],
    ["an enum's typo", userId('AXCIOM_ID', 'x'), 'wrong value', 422, '"AXCIOM_ID"'],
    ['a phone', userId('SHA256_PHONE', sha256('+1')), 'wrong value', 422, '/user/userIds/0/idType'],
    ['a stray field', ['testCode', 'x'], 'unknown field', 422, 'unrecognized field'],
    ['a bare rule', ['conversion', '104012'], 'wrong value', 422, '/conversion'],
    ['seconds', ['conversionHappenedAt', 1789380930], 'seconds instead of milliseconds', 400, 'within 90 days'],
    ['the future', ['conversionHappenedAt', now + 120_000], 'time in the future', 400, 'not exceed current time'],
    ['what is too old', ['conversionHappenedAt', now - 90 * dayMs - 1], 'too old', 400, 'within 90 days'],
    [
      'a text for the time',
      ['conversionHappenedAt', '2026-09-14T10:15:30Z'],
      'wrong type',
      422,
      '/conversionHappenedAt',
    ],
    ['nobody', ['user', { userIds: [] }], 'too little to match by', 400, 'indices [0]'],
  ];
  for (const [what, [where, to], failure, status, words] of refused) {
    it(`refuses ${what}: ${failure}`, async () => {
      const answer = await send(linkedin, path, changed(good, where, to), headers);
      expect([answer.status, answer.body.status]).to.deep.equal([status, status]);
      expect(answer.body.message).to.include(words);
      expect(names()).to.include(failure);
      expect(linkedin.conversions).to.be.empty;
    });
  }

  it('lists all faults of a body, one a line', async () => {
    const { body } = await send(
      linkedin,
      path,
      { ...changed(good, 'user.userIds', undefined), value: 1, eventId: 7 },
      headers,
    );
    const lines = body.message.split('\n');
    expect(lines).to.have.length(3);
    for (const line of lines) expect(line).to.match(/^ERROR :: \/\S+ :: ./);
  });

  const taken: [string, [string, unknown], FailureName][] = [
    ['a currency that is none', value({ currencyCode: 'EURO', amount: '1' }), 'unknown currency'],
    ['an odd ip', userId('PLAINTEXT_IP_ADDRESS', '2001:db8::1'), 'wrong value'],
    [
      "Google's form of the address",
      userId('SHA256_EMAIL', String(janeDoe.digests.google['emailAddress'])),
      "digest of another platform's form",
    ],
    ['the address as typed', userId('SHA256_EMAIL', sha256('Jane.Doe+Lead@Gmail.com')), 'digest of what was typed'],
    ['a plain address', userId('SHA256_EMAIL', 'jane.doe+lead@gmail.com'), 'PII leak'],
    ['an address as the external id', ['user.externalIds', ['jane@example.com']], 'PII leak'],
    ['a phone as the external id', ['user.externalIds', ['(415) 555-9999']], 'PII leak'],
    [
      'a lower-cased click',
      userId('LINKEDIN_FIRST_PARTY_ADS_TRACKING_UUID', 'DF5GF5-gh6t7-ph4j7h-fgf6n1'),
      'click id changed',
    ],
    ['names nobody asked for', ['user.userInfo', { firstName: 'Jane', lastName: 'Doe' }], 'name in plain text'],
    ['no id', ['eventId', undefined], 'missing field'],
  ];
  for (const [what, [where, to], failure] of taken) {
    it(`takes ${what}, and calls it ${failure}`, async () => {
      expect((await send(linkedin, path, changed(good, where, to), headers)).status).to.equal(201);
      expect(names()).to.include(failure);
    });
  }

  it('takes names that were asked for', async () => {
    linkedin.namesAsked = true;
    const named = changed(good, 'user.userInfo', { firstName: 'Jane', lastName: 'Doe', countryCode: 'US' });
    expect((await send(linkedin, path, named, headers)).status).to.equal(201);
    linkedin.assertClean();
  });

  it('wants its headers, its path and one event', async () => {
    const { 'linkedin-version': _version, ...unversioned } = headers;
    expect((await send(linkedin, path, good, unversioned)).body).to.include({ status: 400, code: 'VERSION_MISSING' });
    const { 'x-restli-protocol-version': _protocol, ...unspoken } = headers;
    await send(linkedin, path, good, unspoken);
    await send(linkedin, path, good, { ...headers, 'linkedin-version': '2026-09' });
    await send(linkedin, path, { elements: [good] }, { ...headers, 'x-restli-method': 'BATCH_CREATE' });
    expect((await send(linkedin, `${path}/`, good, headers)).status).to.equal(404);
    expect((await send(linkedin, path, good, headers, 'PUT')).status).to.equal(405);
    await send(linkedin, `${path}?oauth2_access_token=AQXlinkedInMemberToken`, good, headers);
    expect(new Set(names())).to.include.keys(
      'missing header',
      'wrong value',
      'several events in one request',
      'wrong path',
      'wrong method',
      'credential in a URL',
    );
    expect(linkedin.failures.filter(({ name }) => name === 'missing header')).to.have.length(2);
  });

  it("refuses sunset months, wrong tokens, foreign rules and those of the tag, which are nobody's failure", async () => {
    for (const version of ['202508', '202612']) {
      const { status } = await send(linkedin, path, good, { ...headers, 'linkedin-version': version });
      expect(status).to.equal(426);
    }
    const denied = await send(linkedin, path, good, { ...headers, authorization: 'Bearer AQXother' });
    expect(denied.body).to.include({ status: 401, serviceErrorCode: 65600 });
    const foreign = await send(linkedin, path, changed(good, 'conversion', 'urn:lla:llaPartnerConversion:1'), headers);
    expect(foreign.body).to.include({ status: 403, message: 'No ad accounts found' });
    linkedin.ruleHearsApi = false;
    expect((await send(linkedin, path, good, headers)).body.message).to.include('CONVERSIONS_API');
    linkedin.assertClean();
    expect(linkedin.conversions).to.be.empty;
  });

  it('plays what a test scripts', async () => {
    linkedin.next(linkedinRefusal(401, { serviceErrorCode: 65601, code: 'REVOKED_ACCESS_TOKEN' }), 'take and hang up');
    expect((await send(linkedin, path, good, headers)).body.serviceErrorCode).to.equal(65601);
    await send(linkedin, path, good, headers).catch(() => {});
    await send(linkedin, path, good, headers);
    expect([linkedin.conversions.length, linkedin.repeats]).to.deep.equal([1, 1]);
  });
});
