import { expect } from 'chai';
import { dayMs, html, type FailureName } from './double.js';
import { externalId, janeDoe, sha256 } from './golden.js';
import { MetaDouble, metaRefusal } from './meta.js';
import { changed, send } from './sending.js';

describe("Meta's double", () => {
  let meta: MetaDouble;
  const now = Date.parse('2026-09-14T10:15:30.250Z');
  const seenAt = 1789380000000;
  const path = '/v25.0/1234567890123456/events';
  /** Research's own example, whole. */
  const good = {
    data: [
      {
        event_name: 'Lead',
        event_time: 1789380930,
        event_id: 'cm7abc12x0001yz9k8mno3pqr:Lead',
        event_source_url: 'https://example.com/landing?utm_source=fb&fbclid=IwAR2-AbC_dEf',
        referrer_url: 'https://google.com/',
        action_source: 'website',
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
          client_user_agent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36',
          fbc: 'fb.1.1789380000000.IwAR2-AbC_dEf',
          fbp: 'fb.1.1789370000000.1098115397',
        },
        custom_data: { value: 25.5, currency: 'USD', content_name: 'Demo request' },
        data_processing_options: ['LDU'],
        data_processing_options_country: 0,
        data_processing_options_state: 0,
      },
    ],
    test_event_code: 'TEST12345',
    access_token: 'EAABsbCS1iHgBAKZCmetaToken',
  };
  const names = () => meta.failures.map(({ name }) => name);

  before(async () => {
    meta = await MetaDouble.start();
  });
  after(async () => {
    await meta.stop();
  });
  beforeEach(() => {
    meta.reset();
    meta.clock = () => now;
    meta.knows(janeDoe);
    meta.knowsDigest('external_id', externalId.digest);
    meta.knowsClicks(['IwAR2-AbC_dEf', 'fb.1.1789370000000.1098115397'], seenAt);
  });

  it('takes a right event once, however often it is told', async () => {
    const first = await send(meta, path, good);
    expect(first.status).to.equal(200);
    expect(first.body).to.include({ events_received: 1 }).and.to.have.property('fbtrace_id');
    await send(meta, path, good);
    expect(meta.conversions).to.have.length(1);
    expect(meta.conversions[0]).to.include({ key: 'Lead cm7abc12x0001yz9k8mno3pqr:Lead', test: true });
    expect(meta.repeats).to.equal(1);
    meta.assertClean();
  });

  it('counts again after 48 hours, and whatever has no id', async () => {
    await send(meta, path, good);
    meta.clock = () => now + 2 * dayMs;
    await send(meta, path, good);
    expect(meta.conversions).to.have.length(2);
    meta.assertClean();
    for (let count = 0; count < 2; count++) await send(meta, path, changed(good, 'data.0.event_id', undefined));
    expect(meta.conversions).to.have.length(4);
    expect(names()).to.deep.equal(['missing field', 'missing field']);
  });

  const event = (field: string) => `data.0.${field}`;
  const person = (field: string) => `data.0.user_data.${field}`;
  /** What is silently taken: the answer is a 200, and only the double says what is wrong. */
  const taken: [string, string, unknown, FailureName][] = [
    ['an address in plain text', person('em'), ['jane.doe+lead@gmail.com'], 'PII leak'],
    ['a phone in plain text', person('ph'), ['14155550132'], 'PII leak'],
    ['a phone in a text', 'data.0.custom_data.content_name', '+1 (415) 555-0132', 'PII leak'],
    ['an address in the landing page', event('event_source_url'), 'https://example.com/jane@doe.com', 'PII leak'],
    [
      'the query of the landing page',
      event('event_source_url'),
      'https://example.com/?name=j',
      'page address that tells too much',
    ],
    ['a fragment', event('referrer_url'), 'https://example.com/#form', 'page address that tells too much'],
    [
      'a phone in a path',
      event('event_source_url'),
      'https://example.com/t/4155559999',
      'page address that tells too much',
    ],
    ['a name in plain text', person('fn'), ['Jane'], 'name in plain text'],
    ['capitals in a digest', person('em'), [janeDoe.digests.meta['em']?.toString().toUpperCase()], 'not a digest'],
    [
      "Google's form of the address",
      person('em'),
      [janeDoe.digests.google['emailAddress']],
      "digest of another platform's form",
    ],
    [
      'the phone with its plus',
      person('ph'),
      [janeDoe.digests.google['phoneNumber']],
      "digest of another platform's form",
    ],
    ['what was typed', person('ct'), [sha256('san francisco')], 'digest of what was typed'],
    ['the last name for the first', person('fn'), janeDoe.digests.meta['ln'], 'digest in the wrong field'],
    ['a digest of a digest', person('em'), [sha256(String(janeDoe.digests.meta['em']))], 'hashed twice'],
    ['a stranger', person('em'), [sha256('nobody@example.com')], 'digest of nobody known'],
    ['an empty text, hashed', person('ph'), [sha256('')], 'digest of the empty string'],
    ['null, hashed', person('ph'), [sha256('null')], 'digest of a missing value'],
    ['undefined, hashed', person('ph'), [sha256('undefined')], 'digest of a missing value'],
    ['an object, hashed', person('ph'), [sha256('[object Object]')], 'digest of a missing value'],
    ['an empty text', 'data.0.custom_data.content_name', '', 'empty text'],
    ['undefined as text', 'data.0.custom_data.content_name', 'undefined', 'missing value as text'],
    ['a stray field', event('lead_source'), 'x', 'unknown field'],
    ['a field of an app', person('madid'), 'x', 'unknown field'],
    ['a lower-cased click id', person('fbc'), 'fb.1.1789380000000.iwar2-abc_def', 'click id changed'],
    ['a cut click id', person('fbc'), 'fb.1.1789380000000.IwAR2AbCdEf', 'click id changed'],
    ['the click of somebody else', person('fbc'), 'fb.1.1789380000000.IwOther', 'click id of nobody known'],
    [
      'a click seen at the time of sending',
      person('fbc'),
      'fb.1.1789380930250.IwAR2-AbC_dEf',
      'click seen at another time',
    ],
    ['a value without a currency', 'data.0.custom_data.currency', undefined, 'currency and value apart'],
    ['a currency that is none', 'data.0.custom_data.currency', 'DLR', 'unknown currency'],
    ['limited use without its place', event('data_processing_options_state'), undefined, 'missing field'],
  ];
  for (const [what, where, value, failure] of taken) {
    it(`takes ${what}, and calls it ${failure}`, async () => {
      const { status, body } = await send(meta, path, changed(good, where, value));
      expect(status, JSON.stringify(body)).to.equal(200);
      expect(names()).to.include(failure);
      expect(() => meta.assertClean()).to.throw(failure);
    });
  }

  /** What Meta refuses, with the code and subcode of its refusal. */
  const refused: [string, string, unknown, FailureName, [number, number?]][] = [
    ['milliseconds', event('event_time'), 1789380930250, 'milliseconds instead of seconds', [100, 2804004]],
    ['the future', event('event_time'), 1789380930 + 120, 'time in the future', [100, 2804004]],
    ['more than seven days', event('event_time'), 1789380930 - 7 * 86400 - 1, 'too old', [100, 2804003]],
    ['a text for the time', event('event_time'), '1789380930', 'wrong type', [100]],
    ['a numeric id', event('event_id'), 17, 'wrong type', [100]],
    ['a text for the value', 'data.0.custom_data.value', '25.5', 'wrong type', [100]],
    ['null', person('ph'), null, 'wrong value', [100]],
    ['no source', event('action_source'), undefined, 'missing field', [100]],
    ['a source that is none', event('action_source'), 'web', 'wrong value', [100]],
    ['a website without its page', event('event_source_url'), undefined, 'missing field', [100]],
    ['a website without the user agent', person('client_user_agent'), undefined, 'missing field', [100]],
    [
      'seconds in a click',
      person('fbc'),
      'fb.1.1789380000.IwAR2-AbC_dEf',
      'seconds instead of milliseconds',
      [100, 2804001],
    ],
    ['a click without its shape', person('fbc'), 'IwAR2-AbC_dEf', 'wrong value', [100, 2804001]],
    [
      'a click of a quarter of a year ago',
      person('fbc'),
      'fb.1.1781000000000.IwAR2-AbC_dEf',
      'click too old',
      [100, 2804001],
    ],
    ['a currency without a value', 'data.0.custom_data.value', undefined, 'currency and value apart', [100, 2804009]],
    [
      'nobody',
      event('user_data'),
      { client_user_agent: 'M', ct: janeDoe.digests.meta['ct'] },
      'too little to match by',
      [100, 2804050],
    ],
    ['an empty test code', 'test_event_code', '', 'wrong value', [100]],
  ];
  for (const [what, where, value, failure, [code, subcode]] of refused) {
    it(`refuses ${what}: ${failure}`, async () => {
      const { status, body } = await send(meta, path, changed(good, where, value));
      expect(status).to.equal(400);
      expect(body.error).to.include({ code, ...(subcode !== undefined && { error_subcode: subcode }) });
      expect(names()).to.include(failure);
      expect(meta.conversions).to.be.empty;
    });
  }

  it('takes what is two months old from a shop, and an fbc with its appendix', async () => {
    const shop = changed(good, event('action_source'), 'physical_store');
    await send(meta, path, changed(shop, event('event_time'), 1789380930 - 61 * 86400));
    const appended = changed(good, person('fbc'), 'fb.1.1789380000000.IwAR2-AbC_dEf.AQYBAQ');
    await send(meta, path, changed(appended, event('event_id'), 'other:Lead'));
    expect(meta.conversions).to.have.length(2);
    meta.assertClean();
  });

  it('refuses the whole request for one bad event', async () => {
    const [one] = good.data;
    const { status } = await send(meta, path, { ...good, data: [one, { ...one, event_time: 1, event_id: 'other' }] });
    expect(status).to.equal(400);
    expect(meta.conversions).to.be.empty;
    expect(names()).to.include.members(['several events in one request', 'too old']);
  });

  it('says a credential in a URL or a header to be out of its place', async () => {
    const { access_token: token, ...without } = good;
    expect((await send(meta, `${path}?access_token=${token}`, without)).status).to.equal(200);
    expect(names()).to.include('credential in a URL');
    meta.failures.length = 0;
    await send(meta, path, good, { authorization: `Bearer ${token}` });
    expect(names()).to.deep.equal(['credential in the wrong place']);
    meta.failures.length = 0;
    expect((await send(meta, path, without)).body.error.code).to.equal(104);
    expect(names()).to.deep.equal(['missing credential']);
  });

  it('says wrong paths, methods and types to be wrong', async () => {
    for (const [where, failure] of [
      ['/1234567890123456/events', 'no version'],
      ['/v25.0/1234567890123456/events/', 'wrong path'],
      ['/v25.0/1234567890123456/leads', 'wrong path'],
    ] as const) {
      meta.failures.length = 0;
      expect((await send(meta, where, good)).status).to.equal(400);
      expect(names()).to.deep.equal([failure]);
    }
    meta.failures.length = 0;
    await send(meta, path, good, {}, 'PUT');
    await send(meta, path, good, { 'content-type': 'text/plain' });
    await send(meta, path, '{');
    expect(names()).to.deep.equal(['wrong method', 'wrong content type', 'body is not JSON']);
  });

  it("refuses a wrong token and a wrong dataset, which are nobody's failure", async () => {
    const wrong = await send(meta, path, changed(good, 'access_token', 'EAABother'));
    expect(wrong.body.error).to.include({ code: 190, type: 'OAuthException' });
    const elsewhere = await send(meta, '/v25.0/99/events', good);
    expect(elsewhere.body.error).to.include({ code: 100, error_subcode: 33 });
    meta.assertClean();
    expect(meta.conversions).to.be.empty;
  });

  it('finds a repeat that tells otherwise, and one id for two people', async () => {
    await send(meta, path, good);
    await send(meta, path, changed(good, event('event_time'), 1789380931));
    await send(meta, path, changed(good, person('ph'), undefined));
    expect(names()).to.deep.equal(['repeat that tells otherwise', 'repeat that tells otherwise']);
    expect(meta.conversions).to.have.length(1);
  });

  it('plays what a test scripts, and checks what came all the same', async () => {
    meta.next('hang up', 'take and hang up', 'take and garble', html(502), metaRefusal(4, { subcode: 1504022 }));
    meta.next({ status: 429, headers: { 'retry-after': '7' }, body: '' });
    const lost = async () =>
      await send(meta, path, good).then(
        () => false,
        () => true,
      );
    expect([await lost(), meta.conversions.length]).to.deep.equal([true, 0]);
    expect([await lost(), meta.conversions.length]).to.deep.equal([true, 1]);
    expect(await send(meta, path, good)).to.include({ status: 200, body: null });
    const page = await send(meta, path, good);
    expect([page.status, page.text.includes('<html>')]).to.deep.equal([502, true]);
    expect((await send(meta, path, good)).body.error).to.include({ code: 4, error_subcode: 1504022 });
    expect((await send(meta, path, changed(good, person('em'), ['a@b.de']))).headers.get('retry-after')).to.equal('7');
    expect(names()).to.include('PII leak');
    expect([meta.conversions.length, meta.repeats]).to.deep.equal([1, 1]);
  });

  it('keeps an answer until it is released, and never gives one that is silent', async () => {
    meta.next('answer late', 'be silent');
    const sent = send(meta, path, good);
    await meta.arrived(1);
    const silent = send(meta, path, good).catch(() => 'cut off');
    await meta.arrived(2);
    expect([meta.conversions.length, meta.inFlightMost]).to.deep.equal([1, 2]);
    meta.release();
    expect((await sent).status).to.equal(200);
    await meta.stop();
    expect(await silent).to.equal('cut off');
    meta = await MetaDouble.start();
  });

  it('takes any body it does not know for what it is', async () => {
    for (const body of ['[]', 'null', '"x"', '{}']) {
      expect((await send(meta, path, body)).body.error.code).to.be.oneOf([100, 104]);
    }
    expect((await send(meta, path, { ...good, data: 'x' })).body.error.code).to.equal(100);
  });
});
