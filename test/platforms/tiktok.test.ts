import { expect } from 'chai';
import { dayMs, type FailureName } from './double.js';
import { externalId, janeDoe, sha256 } from './golden.js';
import { changed, send } from './sending.js';
import { TikTokDouble, tiktokAnswer } from './tiktok.js';

describe("TikTok's double", () => {
  let tiktok: TikTokDouble;
  const now = Date.parse('2026-09-14T10:15:30.250Z');
  const path = '/open_api/v1.3/event/track/';
  const headers = { 'access-token': 'a1b2c3tiktokLongLivedToken' };
  const good = {
    event_source: 'web',
    event_source_id: 'C1234567890ABCDEF',
    test_event_code: 'TEST00000',
    data: [
      {
        event: 'Lead',
        event_time: 1789380930,
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
          locale: 'en-US',
        },
        properties: { value: 25.5, currency: 'USD', content_name: 'Demo request' },
        page: { url: 'https://example.com/landing', referrer: 'https://google.com/' },
        limited_data_use: false,
      },
    ],
  };
  const names = () => tiktok.failures.map(({ name }) => name);

  before(async () => {
    tiktok = await TikTokDouble.start();
  });
  after(async () => {
    await tiktok.stop();
  });
  beforeEach(() => {
    tiktok.reset();
    tiktok.clock = () => now;
    tiktok.knows(janeDoe);
    tiktok.knowsDigest('external_id', externalId.digest);
    tiktok.knowsClicks(['E.C.P.v3fQ2RHacdksKfofPmlyuStIIFJ', '94e2a4j9-h3ss-k1b5-98cc-c84n745mk145']);
  });

  it('takes a right event once, however often it is told', async () => {
    const answer = await send(tiktok, path, good, headers);
    expect(answer.status).to.equal(200);
    expect(answer.body)
      .to.include({ code: 0, message: 'OK' })
      .and.to.have.keys('code', 'message', 'request_id', 'data');
    await send(tiktok, path, good, headers);
    expect([tiktok.conversions.length, tiktok.repeats]).to.deep.equal([1, 1]);
    tiktok.assertClean();
  });

  const event = (field: string) => `data.0.${field}`;
  const user = (field: string) => `data.0.user.${field}`;
  const refused: [string, string, unknown, FailureName, string][] = [
    ['a numeric id', event('event_id'), 17, 'wrong type', 'Invalid value for event_id: not a valid string.'],
    ['milliseconds', event('event_time'), 1789380930250, 'milliseconds instead of seconds', 'event_time'],
    ['the future', event('event_time'), 1789380930 + 120, 'time in the future', 'event_time'],
    ['what is too old', event('event_time'), 1789380930 - 28 * 86400 - 1, 'too old', 'event_time'],
    ['an empty test code', 'test_event_code', '', 'wrong value', 'test_event_code'],
    ['a text for the value', event('properties.value'), '25.5', 'wrong type', 'properties.value'],
    ["a pixel's id for what is offline", 'event_source', 'offline', 'wrong value', 'event_source'],
    ['a source that is none', 'event_source', 'website', 'wrong value', 'event_source'],
    ['nobody', event('user'), { user_agent: 'Mozilla/5.0' }, 'too little to match by', 'identifier'],
    ['no name', event('event'), undefined, 'missing field', 'event'],
    ['an odd ip', user('ip'), 'unknown', 'wrong value', 'ip'],
  ];
  for (const [what, where, value, failure, words] of refused) {
    it(`refuses ${what} with a 200: ${failure}`, async () => {
      const { status, body } = await send(tiktok, path, changed(good, where, value), headers);
      expect([status, body.code]).to.deep.equal([200, 40002]);
      expect(body.message).to.include(words);
      expect(names()).to.include(failure);
      expect(tiktok.conversions).to.be.empty;
    });
  }

  const taken: [string, string, unknown, FailureName][] = [
    ['a plain address', user('email'), ['jane.doe+lead@gmail.com'], 'PII leak'],
    ['a plain phone', user('phone'), ['+14155550132'], 'PII leak'],
    ["Meta's form of the phone", user('phone'), [janeDoe.digests.meta['ph']], "digest of another platform's form"],
    [
      "Google's form of the address",
      user('email'),
      [janeDoe.digests.google['emailAddress']],
      "digest of another platform's form",
    ],
    ['an empty phone', user('phone'), [sha256('')], 'digest of the empty string'],
    ['a null phone', user('phone'), [sha256('null')], 'digest of a missing value'],
    ['a digest of a digest', user('email'), [sha256(String(janeDoe.digests.tiktok['email']))], 'hashed twice'],
    ['a hashed country', user('country'), sha256('us'), 'hashed although it must be plain'],
    ['a hashed click', user('ttclid'), sha256('E.C.P.v3fQ2RHacdksKfofPmlyuStIIFJ'), 'click id changed'],
    ['a lower-cased click', user('ttclid'), 'e.c.p.v3fq2rhacdksKfofPmlyuStIIFJ'.toLowerCase(), 'click id changed'],
    ['a city as typed', user('city'), 'San Francisco', 'wrong value'],
    ['a test code in the event', event('test_event_code'), 'TEST00000', 'unknown field'],
    ['a lead without a CRM', event('lead'), { lead_id: '1' }, 'unknown field'],
    ['no id', event('event_id'), undefined, 'missing field'],
    ['the query of the page', event('page.url'), 'https://example.com/?email=j', 'page address that tells too much'],
    ['a value without its currency', event('properties.currency'), undefined, 'currency and value apart'],
  ];
  for (const [what, where, value, failure] of taken) {
    it(`takes ${what}, and calls it ${failure}`, async () => {
      const { body } = await send(tiktok, path, changed(good, where, value), headers);
      expect(body.code, body.message).to.equal(0);
      expect(names()).to.include(failure);
    });
  }

  it('takes a value of nothing, and no page at all', async () => {
    const { body } = await send(
      tiktok,
      path,
      changed(changed(good, event('properties.value'), 0), event('page'), undefined),
      headers,
    );
    expect(body.code).to.equal(0);
    tiktok.assertClean();
  });

  it('counts again after 48 hours', async () => {
    await send(tiktok, path, good, headers);
    tiktok.clock = () => now + 2 * dayMs;
    await send(tiktok, path, good, headers);
    expect(tiktok.conversions).to.have.length(2);
  });

  it('wants its path to the last slash, and its token in its own header', async () => {
    expect((await send(tiktok, path.slice(0, -1), good, headers)).status).to.equal(404);
    expect((await send(tiktok, '/open_api/v1.3/pixel/track/', good, headers)).status).to.equal(404);
    await send(tiktok, path, good, headers, 'PUT');
    expect((await send(tiktok, path, good, { authorization: 'Bearer x' })).body.code).to.equal(40104);
    expect(names()).to.deep.equal([
      'wrong path',
      'wrong path',
      'wrong method',
      'credential in the wrong place',
      'missing credential',
    ]);
    tiktok.failures.length = 0;
    await send(tiktok, `${path}?access_token=a1b2c3tiktokLongLivedToken`, good, headers);
    expect(names()).to.include('credential in a URL');
  });

  it("refuses wrong tokens and foreign pixels with a 200, which is nobody's failure", async () => {
    const denied = await send(tiktok, path, good, { 'access-token': 'other' });
    const foreign = await send(tiktok, path, changed(good, 'event_source_id', 'COTHER'), headers);
    expect([denied.status, denied.body.code, foreign.status, foreign.body.code]).to.deep.equal([
      200, 40105, 200, 40001,
    ]);
    tiktok.assertClean();
    expect(tiktok.conversions).to.be.empty;
  });

  it('plays what a test scripts', async () => {
    tiktok.next(tiktokAnswer(40100, 'Too many requests'), tiktokAnswer(20001, 'Partial success'), 'answer');
    const codes: unknown[] = [];
    for (let count = 0; count < 3; count++) codes.push((await send(tiktok, path, good, headers)).body.code);
    expect(codes).to.deep.equal([40100, 20001, 0]);
    expect(tiktok.conversions).to.have.length(1);
  });
});
