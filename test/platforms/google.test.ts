import { expect } from 'chai';
import { createSign, generateKeyPairSync } from 'node:crypto';
import { dayMs, json, type FailureName } from './double.js';
import { janeDoe, sha256 } from './golden.js';
import { GoogleDouble, googleRefusal } from './google.js';
import { changed, send } from './sending.js';

describe("Google's double", () => {
  let google: GoogleDouble;
  let bearer: Record<string, string>;
  const now = Date.parse('2026-09-14T10:15:30.250Z');
  const path = '/v1/events:ingest';
  const { emailAddress, phoneNumber, givenName, familyName } = janeDoe.digests.google;
  const address = { givenName, familyName, regionCode: 'US', postalCode: '94105' };
  const good = {
    destinations: [
      {
        reference: 'd1',
        operatingAccount: { accountType: 'GOOGLE_ADS', accountId: '9876543210' },
        productDestinationId: '7123456789',
      },
    ],
    encoding: 'HEX',
    validateOnly: false,
    consent: { adUserData: 'CONSENT_GRANTED', adPersonalization: 'CONSENT_DENIED' },
    events: [
      {
        destinationReferences: ['d1'],
        transactionId: 'cm7abc12x0001yz9k8mno3pqr:Lead',
        eventTimestamp: '2026-09-14T10:15:30Z',
        eventSource: 'WEB',
        adIdentifiers: { gclid: 'EAIaIQobChMI_x-Y', landingPageDeviceInfo: { userAgent: 'Mozilla/5.0 (X11)' } },
        userData: { userIdentifiers: [{ emailAddress }, { phoneNumber }, { address }] },
        consent: { adUserData: 'CONSENT_GRANTED', adPersonalization: 'CONSENT_DENIED' },
        conversionValue: 25.5,
        currency: 'USD',
      },
    ],
  };
  const names = () => google.failures.map(({ name }) => name);
  const ingest = async (body: unknown) => await send(google, path, body, bearer);
  const status = async (id: string) =>
    await send(google, `/v1/requestStatus:retrieve?requestId=${id}`, null, bearer, 'GET');
  const refreshing = () =>
    new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: google.refresh.clientId,
      client_secret: google.refresh.clientSecret,
      refresh_token: google.refresh.refreshToken,
    });
  const fetchToken = async (form: URLSearchParams, query = '') =>
    await send(google, `/token${query}`, form.toString(), { 'content-type': 'application/x-www-form-urlencoded' });

  before(async () => {
    google = await GoogleDouble.start();
  });
  after(async () => {
    await google.stop();
  });
  beforeEach(async () => {
    google.reset();
    google.clock = () => now;
    google.knows(janeDoe);
    google.knowsClicks(['EAIaIQobChMI_x-Y', 'braid-1']);
    bearer = { authorization: `Bearer ${(await fetchToken(refreshing())).body.access_token}` };
  });

  it('accepts a right event, and says after half an hour what became of it', async () => {
    const accepted = await ingest(good);
    expect([accepted.status, Object.keys(accepted.body)]).to.deep.equal([200, ['requestId']]);
    const early = await status(accepted.body.requestId);
    expect(early.body.requestStatusPerDestination[0].requestStatus).to.equal('PROCESSING');
    google.clock = () => now + 31 * 60_000;
    const [row] = (await status(accepted.body.requestId)).body.requestStatusPerDestination;
    expect(row).to.deep.include({ requestStatus: 'SUCCESS', eventsIngestionStatus: { recordCount: '1' } });
    expect(google.conversions).to.have.length(1);
    google.assertClean();
  });

  it('says of a second one that it is a duplicate, by transaction or by click and time', async () => {
    await ingest(good);
    const again = await ingest(good);
    const click = await ingest(changed(good, 'events.0.transactionId', 'other'));
    google.clock = () => now + 31 * 60_000;
    const reasons = await Promise.all(
      [again, click].map(async ({ body }) => {
        const [row] = (await status(body.requestId)).body.requestStatusPerDestination;
        return [row.requestStatus, row.errorInfo.errorCounts[0].reason];
      }),
    );
    expect(reasons).to.deep.equal([
      ['FAILED', 'PROCESSING_ERROR_REASON_DUPLICATE_TRANSACTION_ID'],
      ['FAILED', 'PROCESSING_ERROR_REASON_DUPLICATE_GCLID'],
    ]);
    expect([google.conversions.length, google.repeats]).to.deep.equal([1, 1]);
    google.assertClean();
  });

  it('lets a test say what becomes of an event', async () => {
    google.outcomes.push(
      { status: 'PROCESSING' },
      { status: 'FAILED', reason: 'PROCESSING_ERROR_REASON_CLICK_NOT_FOUND' },
    );
    const first = await ingest(good);
    const second = await ingest(changed(good, 'events.0.transactionId', 'other'));
    google.clock = () => now + 31 * 60_000;
    const said = async (id: string) => (await status(id)).body.requestStatusPerDestination[0].requestStatus;
    expect([await said(first.body.requestId), await said(second.body.requestId)]).to.deep.equal([
      'PROCESSING',
      'FAILED',
    ]);
    google.becomes({ status: 'SUCCESS' });
    expect(await said(first.body.requestId)).to.equal('SUCCESS');
    expect(google.conversions).to.have.length(1);
  });

  it('counts nothing that is only validated, and says nothing of it later', async () => {
    const { body } = await ingest(changed(good, 'validateOnly', true));
    expect(google.conversions).to.be.empty;
    google.assertClean();
    expect((await status(body.requestId)).status).to.equal(400);
    expect(names()).to.deep.equal(['status of what was only validated']);
    expect((await status('never-heard')).status).to.equal(404);
  });

  it('says what is too old only later', async () => {
    google.clock = () => now + 91 * dayMs;
    const { access_token: token } = (await fetchToken(refreshing())).body;
    bearer = { authorization: `Bearer ${token}` };
    const { status: code } = await ingest(good);
    expect([code, google.conversions.length]).to.deep.equal([200, 0]);
    expect(names()).to.deep.equal(['too old']);
  });

  const first = (field: string) => `events.0.${field}`;
  const identifiers = first('userData.userIdentifiers');
  const refused: [string, string, unknown, FailureName, string | null][] = [
    ['an unknown field', first('conversionDateTime'), 'x', 'unknown field', null],
    ['no source', first('eventSource'), undefined, 'missing field', 'REQUIRED_FIELD_MISSING'],
    ['no encoding', 'encoding', undefined, 'missing field', 'REQUIRED_FIELD_MISSING'],
    ['no time', first('eventTimestamp'), undefined, 'missing field', 'REQUIRED_FIELD_MISSING'],
    ['seconds', first('eventTimestamp'), '1789380930', 'number instead of RFC 3339', 'EVENT_TIME_INVALID'],
    ['a number for the time', first('eventTimestamp'), 1789380930, 'wrong type', 'INVALID_ARGUMENT'],
    ['the old form of time', first('eventTimestamp'), '2026-09-14 10:15:30+00:00', 'wrong value', 'EVENT_TIME_INVALID'],
    ['the future', first('eventTimestamp'), '2026-09-14T10:18:30Z', 'time in the future', 'EVENT_TIME_INVALID'],
    ['a source that is none', first('eventSource'), 'WEBSITE', 'wrong value', 'INVALID_ENUM_VALUE'],
    ['two kinds in one identifier', identifiers, [{ emailAddress, phoneNumber }], 'wrong value', 'INVALID_ARGUMENT'],
    [
      'three parts of an address',
      `${identifiers}.2.address.postalCode`,
      undefined,
      'missing field',
      'REQUIRED_FIELD_MISSING',
    ],
    ['a small country', `${identifiers}.2.address.regionCode`, 'us', 'wrong value', 'INVALID_COUNTRY_CODE'],
    [
      'a hashed country',
      `${identifiers}.2.address.regionCode`,
      sha256('us'),
      'hashed although it must be plain',
      'INVALID_COUNTRY_CODE',
    ],
    ['what is no digest', `${identifiers}.0.emailAddress`, 'ABC', 'not a digest', 'INVALID_HEX_ENCODING'],
    [
      'base64 said to be hex',
      `${identifiers}.0.emailAddress`,
      Buffer.from(String(emailAddress), 'hex').toString('base64'),
      'not a digest',
      'INVALID_HEX_ENCODING',
    ],
    [
      'both braids',
      first('adIdentifiers'),
      { gbraid: 'braid-1', wbraid: 'braid-1' },
      'several click ids',
      'INVALID_EVENT',
    ],
    [
      'nobody',
      'events',
      [{ ...good.events[0], adIdentifiers: {}, userData: undefined }],
      'too little to match by',
      'NO_IDENTIFIERS_PROVIDED',
    ],
    [
      'dashes in an account',
      'destinations.0.operatingAccount.accountId',
      '987-654-3210',
      'wrong value',
      'INVALID_DESTINATION',
    ],
    [
      "a resource's name",
      'destinations.0.productDestinationId',
      'customers/1/conversionActions/7',
      'wrong value',
      'INVALID_DESTINATION',
    ],
    ['a text for the value', first('conversionValue'), '25.5', 'wrong type', 'INVALID_ARGUMENT'],
    ['a small currency', first('currency'), 'usd', 'unknown currency', 'INVALID_CURRENCY_CODE'],
    ['a numeric transaction', first('transactionId'), 17, 'wrong type', 'INVALID_ARGUMENT'],
  ];
  for (const [what, where, value, failure, reason] of refused) {
    it(`refuses ${what}: ${failure}`, async () => {
      const { status: code, body } = await ingest(changed(good, where, value));
      expect([code, body.error?.status]).to.deep.equal([400, 'INVALID_ARGUMENT']);
      const info = body.error.details.find((it: { '@type': string; reason?: string }) =>
        it['@type'].endsWith('ErrorInfo'),
      );
      expect(info?.reason ?? null).to.equal(reason);
      expect(names()).to.include(failure);
      expect(google.conversions).to.be.empty;
    });
  }

  const taken: [string, string, unknown, FailureName][] = [
    [
      "everybody else's form of a Gmail address",
      `${identifiers}.0.emailAddress`,
      janeDoe.digests.meta['em'],
      "digest of another platform's form",
    ],
    [
      'a phone without its plus',
      `${identifiers}.1.phoneNumber`,
      janeDoe.digests.meta['ph'],
      "digest of another platform's form",
    ],
    ['an address of a stranger', `${identifiers}.0.emailAddress`, sha256('x@example.com'), 'digest of nobody known'],
    ['a plain address in an id', first('transactionId'), 'jane.doe+lead@gmail.com:Lead', 'PII leak'],
    ['a lower-cased click', first('adIdentifiers.gclid'), 'eaiaiqobchmi_x-y', 'click id changed'],
    ['a click beside a braid', first('adIdentifiers.gbraid'), 'braid-1', 'several click ids'],
    ['a denied consent', first('consent.adUserData'), 'CONSENT_DENIED', 'denied consent sent'],
    ['a value without its currency', first('currency'), undefined, 'currency and value apart'],
    ['a wrong ip', first('adIdentifiers.landingPageDeviceInfo.ipAddress'), 'unknown', 'wrong value'],
  ];
  for (const [what, where, value, failure] of taken) {
    it(`accepts ${what}, and calls it ${failure}`, async () => {
      expect((await ingest(changed(good, where, value))).status).to.equal(200);
      expect(names()).to.include(failure);
    });
  }

  it('reads base64 where the request says so', async () => {
    const inBase64 = { emailAddress: Buffer.from(String(emailAddress), 'hex').toString('base64') };
    await ingest(changed(changed(good, 'encoding', 'BASE64'), identifiers, [inBase64]));
    google.assertClean();
    const wrong = { emailAddress: 'UJ6TMBm7KFoTSpM0uLtnnf950M4CPVKa9L10TUe0/Yo=' };
    await ingest(changed(changed(good, 'encoding', 'BASE64'), identifiers, [wrong]));
    expect(names()).to.include('digest of nobody known');
  });

  it("refuses foreign accounts and actions, which are nobody's failure", async () => {
    const code = async (where: string, value: unknown) => {
      const { status: http, body } = await ingest(changed(good, where, value));
      return [http, body.error.details[0].reason];
    };
    expect(await code('destinations.0.operatingAccount.accountId', '1')).to.deep.equal([403, 'PERMISSION_DENIED']);
    expect(await code('destinations.0.productDestinationId', '1')).to.deep.equal([400, 'INVALID_CONVERSION_ACTION_ID']);
    google.loginAccountId = '5';
    expect(await code('encoding', 'HEX')).to.deep.equal([400, 'OPERATING_ACCOUNT_LOGIN_ACCOUNT_MISMATCH']);
    google.loginAccountId = null;
    google.assertClean();
  });

  it('gives tokens for an hour, and takes them back', async () => {
    google.clock = () => now + 3600_001;
    expect((await ingest(good)).body.error).to.include({ code: 401, status: 'UNAUTHENTICATED' });
    bearer = { authorization: `Bearer ${(await fetchToken(refreshing())).body.access_token}` };
    expect((await ingest(good)).status).to.equal(200);
    google.revokeAccessTokens();
    expect((await ingest(good)).status).to.equal(401);
    google.assertClean();
    bearer = {};
    await ingest(good);
    expect(names()).to.deep.equal(['missing credential']);
  });

  it('refuses grants that are none, without a failure', async () => {
    const form = refreshing();
    form.set('refresh_token', '1//0revoked');
    expect((await fetchToken(form)).body.error).to.equal('invalid_grant');
    form.set('client_secret', 'other');
    expect((await fetchToken(form)).body.error).to.equal('invalid_client');
    google.nextAside(json(503, { error: 'unavailable' }));
    expect((await fetchToken(refreshing())).status).to.equal(503);
    expect(google.tokensFetched).to.equal(4);
    google.assertClean();
    await fetchToken(refreshing(), '?client_secret=GOCSPX-secret');
    expect(names()).to.include('credential in a URL');
  });

  it('reads the assertion of a service account as Google does', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    google.serviceAccount.publicKey = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const seconds = Math.floor(now / 1000);
    const right = {
      iss: google.serviceAccount.clientEmail,
      aud: 'https://oauth2.googleapis.com/token',
      scope: 'https://www.googleapis.com/auth/datamanager',
      iat: seconds,
      exp: seconds + 3600,
    };
    const ask = async (claims: object, head: object = { alg: 'RS256', typ: 'JWT', kid: 'key1' }) => {
      const encode = (it: object) => Buffer.from(JSON.stringify(it)).toString('base64url');
      const signed = `${encode(head)}.${encode(claims)}`;
      const signature = createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url');
      const type = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
      const form = new URLSearchParams({ grant_type: type, assertion: `${signed}.${signature}` });
      return (await fetchToken(form)).body.error ?? 'given';
    };
    expect(await ask(right)).to.equal('given');
    expect(await ask({ ...right, iss: 'x@y' })).to.equal('invalid_grant');
    expect(await ask(right, { alg: 'RS256', kid: 'key2' })).to.equal('invalid_grant');
    expect(await ask({ ...right, iat: seconds + 600, exp: seconds + 4200 })).to.equal('invalid_grant');
    google.assertClean();
    await ask({ ...right, aud: 'http://127.0.0.1/token' });
    await ask({ ...right, scope: 'https://www.googleapis.com/auth/adwords' });
    await ask(right, { alg: 'none' });
    await ask({ ...right, exp: seconds + 7200 });
    expect(names()).to.deep.equal(['wrong value', 'wrong value', 'wrong value', 'credential that lives too long']);
  });

  it('plays what a test scripts at the ingestion alone', async () => {
    google.next(googleRefusal(429, 'RESOURCE_EXHAUSTED', { headers: { 'retry-after': '30' } }));
    await fetchToken(refreshing());
    const answer = await ingest(good);
    expect([answer.status, answer.headers.get('retry-after')]).to.deep.equal([429, '30']);
    expect((await ingest(good)).status).to.equal(200);
    await send(google, '/v1/events', good, bearer);
    await send(google, path, good, bearer, 'PUT');
    expect(names()).to.deep.equal(['wrong path', 'wrong method']);
  });
});
