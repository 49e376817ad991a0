import { expect } from 'chai';
import { google, googleLaterVerdicts, googleVerdicts } from '../../../src/conversions/platforms/google.js';
import type { ConversionEvent, PlatformAnswer } from '../../../src/conversions/platforms/platform.js';
import { answer, bareEvent, built, clicking, droppedOf, event, knowing, skipReason, targetOf } from './samples.js';

const told = (of: ConversionEvent): Record<string, unknown> | undefined =>
  (built(google, of).body as { events: Record<string, unknown>[] }).events[0];

describe('what Google is told of a conversion', () => {
  const emailAddress = 'd6117306485ed0e50afab3ac871e98f81699151f30281527d63ff5f233656c69';
  const phoneNumber = '9e1919ad78a34fd67a84bfbcf2fea14074065517bea32e92924771c3f92e5462';
  const address = {
    givenName: '81f8f6dde88365f3928796ec7aa53f72820b06db8664f5fe76a7eb13e24546a2',
    familyName: '799ef92a11af918e3fb741df42934f3b568ed2d93ac1df74f1b8d41a27932a6f',
    regionCode: 'US',
    postalCode: '94105-1234',
  };

  it('is everything that is known, in its form', () => {
    expect(built(google)).to.deep.equal({
      method: 'POST',
      path: '/v1/events:ingest',
      headers: { 'content-type': 'application/json' },
      body: {
        destinations: [
          {
            reference: 'd1',
            operatingAccount: { accountType: 'GOOGLE_ADS', accountId: '9876543210' },
            productDestinationId: '7123456789',
          },
        ],
        encoding: 'HEX',
        validateOnly: false,
        events: [
          {
            destinationReferences: ['d1'],
            transactionId: 'cm7abc12x0001yz9k8mno3pqr:Lead',
            eventTimestamp: '2026-09-14T10:15:30.250Z',
            eventSource: 'WEB',
            adIdentifiers: { gclid: 'EAIaIQobChMI_x-Y' },
            userData: { userIdentifiers: [{ emailAddress }, { phoneNumber }, { address }] },
            eventDeviceInfo: { ipAddress: '203.0.113.7', userAgent: 'Mozilla/5.0 (X11; Linux x86_64)' },
            consent: { adUserData: 'CONSENT_GRANTED', adPersonalization: 'CONSENT_GRANTED' },
            conversionValue: 25.5,
            currency: 'USD',
          },
        ],
      },
    });
  });

  it('goes by a manager account where there is one, with the token in a header', () => {
    const settings = { ...targetOf(google).settings, loginAccountId: '1234567890' };
    const request = built(google, event, { settings });
    expect(request.body).to.have.nested.property('destinations[0].loginAccount.accountId', '1234567890');
    expect(google.authorize(request, 'ya29.a').headers).to.include({ authorization: 'Bearer ya29.a' });
  });

  it('has one click id: gclid before gbraid before wbraid', () => {
    const click = (ids: Partial<ConversionEvent['clickIds']>) => told(clicking(ids))?.['adIdentifiers'];
    expect(click({ gclid: 'Aa-_', gbraid: 'b', wbraid: 'c' })).to.deep.equal({ gclid: 'Aa-_' });
    expect(click({ gbraid: 'b', wbraid: 'c' })).to.deep.equal({ gbraid: 'b' });
    expect(click({ wbraid: 'c' })).to.deep.equal({ wbraid: 'c' });
  });

  it('has no identifiers beside a braid', () => {
    const of = { ...event, clickIds: { ...event.clickIds, gclid: null, wbraid: 'c' } };
    expect(told(of)).to.deep.include({ adIdentifiers: { wbraid: 'c' } });
    expect(told(of)).not.to.have.property('userData');
    expect(droppedOf(google, of)).to.deep.equal(['userData']);
  });

  it('has an address only with both names, country and postal code', () => {
    const of = knowing({ email: 'jane@example.com', firstName: 'Jane', lastName: 'Doe', country: 'US' });
    expect(told(of)).to.have.nested.property('userData.userIdentifiers').with.lengthOf(1);
    expect(droppedOf(google, of)).to.deep.equal(['address']);
  });

  it('says what the person consented to, as it was recorded', () => {
    const consent = (changes: Partial<ConversionEvent>) => told({ ...event, ...changes })?.['consent'];
    expect(consent({ adPersonalization: 'denied' })).to.deep.equal({
      adUserData: 'CONSENT_GRANTED',
      adPersonalization: 'CONSENT_DENIED',
    });
    expect(consent({ adUserData: null, adPersonalization: null })).to.deep.equal({});
    expect(consent({ limitedUse: true })).to.deep.include({ adPersonalization: 'CONSENT_DENIED' });
  });

  it('has a value of 0', () => {
    expect(told({ ...event, value: { amount: 0, currency: 'EUR' } })).to.include({
      conversionValue: 0,
      currency: 'EUR',
    });
    expect(told({ ...event, value: null })).not.to.have.any.keys('conversionValue', 'currency');
  });

  it('is nothing without a click or somebody', () => {
    expect(skipReason(google, bareEvent)).to.equal('no_match_keys');
    expect(skipReason(google, knowing({ externalId: 'c1', firstName: 'Jane' }))).to.equal('no_match_keys');
    expect(skipReason(google, clicking({ gclid: 'a' }))).to.equal(null);
    expect(skipReason(google, knowing({ phone: '+14155550132' }))).to.equal(null);
  });
});

const failure = (code: number, status: string, reason?: string, violation?: string, message = 'Words') => ({
  error: {
    code,
    message,
    status,
    details: [
      ...(reason === undefined ? [] : [{ '@type': 'ErrorInfo', reason, metadata: { requestId: 'r1' } }]),
      { '@type': 'RequestInfo', requestId: 'r1' },
      ...(violation === undefined
        ? []
        : [{ fieldViolations: [{ field: 'events.events[0]', reason: violation, description: 'Field words' }] }]),
    ],
  },
});

describe("Google's answers", () => {
  const sent = google.authorize(built(google), 'ya29.secret');
  const verdictOn = (status: number | null, body: unknown) => google.classify(answer(status, body), sent);

  it('are an acceptance, whose outcome is asked for by its request id', () => {
    const fieldWarnings = [{ field: 'events.events[0].currency', reason: 'INVALID', description: 'is ignored' }];
    expect(verdictOn(200, { requestId: 'r1', fieldWarnings })).to.deep.equal({
      kind: 'ACCEPTED',
      code: null,
      message: 'events.events[0].currency: is ignored',
      traceId: 'r1',
      reference: 'r1',
    });
  });

  it('are all there is to know where Google only validates', () => {
    const validating = google.authorize(built(google, event, { validateOnly: true }), 'ya29.secret');
    expect(validating.body).to.include({ validateOnly: true });
    const verdict = google.classify(answer(200, { requestId: 'r1' }), validating);
    expect(verdict).to.include({ kind: 'DELIVERED' }).and.not.to.have.property('reference');
  });

  const retried = 'INTERNAL_ERROR INTERNAL DEADLINE_EXCEEDED RESOURCE_EXHAUSTED UNAVAILABLE';
  const authBroken = 'UNAUTHENTICATED ACCESS_TOKEN_SCOPE_INSUFFICIENT';
  const configBroken = `PERMISSION_DENIED SERVICE_DISABLED NOT_FOUND INVALID_DESTINATION INVALID_CONVERSION_ACTION_ID
    INVALID_CONVERSION_ACTION_TYPE DESTINATION_ACCOUNT_NOT_ENABLED_ENHANCED_CONVERSIONS_FOR_LEADS
    DESTINATION_ACCOUNT_DATA_POLICY_PROHIBITS_ENHANCED_CONVERSIONS
    DESTINATION_ACCOUNT_ENHANCED_CONVERSIONS_TERMS_NOT_SIGNED TERMS_AND_CONDITIONS_NOT_SIGNED
    OPERATING_ACCOUNT_LOGIN_ACCOUNT_MISMATCH NOT_ALLOWLISTED`;
  const rejected = `INVALID_ARGUMENT REQUIRED_FIELD_MISSING INVALID_FORMAT INVALID_HEX_ENCODING INVALID_BASE64_ENCODING
    INVALID_SHA256_FORMAT INVALID_POSTAL_CODE INVALID_COUNTRY_CODE INVALID_ENUM_VALUE INVALID_NUMBER_FORMAT
    INVALID_CURRENCY_CODE INVALID_EVENT EVENT_TIME_INVALID NO_IDENTIFIERS_PROVIDED TOO_MANY_EVENTS TOO_MANY_DESTINATIONS
    TOO_MANY_USER_IDENTIFIERS TOO_MANY_ELEMENTS DUPLICATE_DESTINATION_REFERENCE FIELD_VALUE_TOO_LONG
    FIELD_VALUE_TOO_SHORT`;
  const rows = { RETRY: retried, AUTH_BROKEN: authBroken, CONFIG_BROKEN: configBroken, REJECTED: rejected };
  const table = Object.entries(rows).flatMap(([kind, codes]) =>
    codes.split(/\s+/).map((code) => [code, kind] as const),
  );
  for (const [code, kind] of table) {
    it(`are ${kind} for ${code}, as the error's reason, a field's or the status`, () => {
      expect(verdictOn(400, failure(400, 'INVALID_ARGUMENT', code))).to.include({ kind, code, traceId: 'r1' });
      expect(verdictOn(400, failure(400, 'INVALID_ARGUMENT', 'INVALID_ARGUMENT', code))).to.include({ kind, code });
      expect(verdictOn(400, failure(400, code))).to.include({ kind, code });
      const { message } = verdictOn(400, failure(400, 'INVALID_ARGUMENT', code));
      expect(message).to.match(kind.endsWith('_BROKEN') ? /^Words .{20}/ : /^Words$/);
    });
  }

  it('have each code of the verdicts in the table above', () => {
    const tried = table.map(([code]) => code);
    expect([...googleVerdicts.keys()].filter((code) => !tried.includes(code))).to.deep.equal([]);
  });

  it('say of several reasons the one that can be mended', () => {
    expect(verdictOn(403, failure(403, 'PERMISSION_DENIED', 'SERVICE_DISABLED'))).to.include({
      kind: 'CONFIG_BROKEN',
      code: 'SERVICE_DISABLED',
    });
    expect(verdictOn(401, failure(401, 'UNAUTHENTICATED', 'ACCESS_TOKEN_EXPIRED')).kind).to.equal('AUTH_BROKEN');
    expect(verdictOn(401, '').kind).to.equal('AUTH_BROKEN');
  });

  it('tell which field is wrong', () => {
    const { message } = verdictOn(400, failure(400, 'INVALID_ARGUMENT', undefined, 'INVALID_EVENT'));
    expect(message).to.equal('Words events.events[0]: Field words');
  });

  it('are tried again where Google is in trouble, not itself, or finds the event in the future', () => {
    const kind = (status: number | null, body: unknown) => verdictOn(status, body).kind;
    expect(kind(500, '<html></html>')).to.equal('RETRY');
    expect(kind(404, '<html></html>')).to.equal('RETRY');
    expect(kind(200, '{"half": ')).to.equal('RETRY');
    expect(kind(200, {})).to.equal('RETRY');
    expect(kind(429, failure(429, 'SOMETHING_NEW'))).to.equal('RETRY');
    expect(kind(503, failure(503, 'SOMETHING_NEW'))).to.equal('RETRY');
    expect(kind(null, '')).to.equal('RETRY');
    const future = failure(400, 'INVALID_ARGUMENT', 'EVENT_TIME_INVALID', undefined, 'The time is in the future.');
    expect(kind(400, future)).to.equal('RETRY');
    expect(kind(400, failure(400, 'SOMETHING_NEW'))).to.equal('REJECTED');
  });

  it('never bring back the token or the person', () => {
    const words = 'ya29.secret: no EAIaIQobChMI_x-Y, 203.0.113.7, Mozilla/5.0 (X11; Linux x86_64)';
    expect(verdictOn(400, failure(400, 'INVALID_ARGUMENT', undefined, undefined, words)).message).to.equal(
      '…: no …, …, …',
    );
  });
});

describe('what Google says later', () => {
  const later = google.later ?? expect.fail('Google says later what became of an event');
  const asked = google.authorize(later.ask('a/b c'), 'ya29.secret');
  const verdictOn = (of: PlatformAnswer) => later.classify(of, asked);
  const status = (requestStatus: string, ...reasons: string[]) =>
    answer(200, {
      requestStatusPerDestination: [
        { requestStatus, errorInfo: { errorCounts: reasons.map((reason) => ({ reason, recordCount: '1' })) } },
      ],
    });

  it('is asked for with GET', () => {
    expect(asked).to.deep.equal({
      method: 'GET',
      path: '/v1/requestStatus:retrieve?requestId=a%2Fb%20c',
      headers: { authorization: 'Bearer ya29.secret' },
      body: null,
    });
  });

  it('is a delivery, or that Google is still at it', () => {
    expect(verdictOn(status('SUCCESS'))).to.include({ kind: 'DELIVERED', code: null });
    for (const unknown of ['PROCESSING', 'REQUEST_STATUS_UNKNOWN']) {
      expect(verdictOn(status(unknown)).kind).to.equal('ACCEPTED');
    }
  });

  const rows = {
    DELIVERED: 'DUPLICATE_TRANSACTION_ID DUPLICATE_GCLID',
    RETRY: 'TOO_RECENT_CLICK INTERNAL_ERROR',
    REJECTED: `CLICK_NOT_FOUND INVALID_CLICK EVENT_TOO_OLD CONVERSION_PRECEDES_CLICK INVALID_GCLID INVALID_GBRAID
      INVALID_WBRAID INVALID_EVENT INVALID_FORMAT INVALID_AD_IDENTIFIERS DENIED_CONSENT UNKNOWN_CONSENT SOMETHING_NEW`,
    CONFIG_BROKEN: `NO_CONSENT DESTINATION_ACCOUNT_ENHANCED_CONVERSIONS_TERMS_NOT_SIGNED
      INVALID_OPERATING_ACCOUNT_FOR_CLICK ONE_PER_CLICK_CONVERSION_ACTION_NOT_PERMITTED_WITH_BRAID
      EXTERNAL_ATTRIBUTION_DATA_MISSING`,
  };
  const table = Object.entries(rows).flatMap(([kind, codes]) =>
    codes.split(/\s+/).map((code) => [`PROCESSING_ERROR_REASON_${code}`, code, kind] as const),
  );
  // This one has another prefix at Google, too.
  const mismatch = 'OPERATING_ACCOUNT_MISMATCH_FOR_AD_IDENTIFIER';
  for (const [reason, code, kind] of [...table, [`PROCESSING_ERROR_${mismatch}`, mismatch, 'CONFIG_BROKEN'] as const]) {
    it(`is ${kind} for ${reason}`, () => {
      for (const requestStatus of ['FAILED', 'PARTIAL_SUCCESS']) {
        const verdict = verdictOn(status(requestStatus, reason));
        expect(verdict).to.include({ kind, code });
        expect(verdict.message).to.match(
          kind === 'CONFIG_BROKEN' ? new RegExp(`^${code} .{20}`) : new RegExp(`^${code}$`),
        );
        expect(verdict.notBeforeMs).to.equal(kind === 'RETRY' ? 21_600_000 : undefined);
      }
    });
  }

  it('has each reason in the table above', () => {
    const tried = [mismatch, ...table.map(([, code]) => code)];
    expect([...googleLaterVerdicts.keys()].filter((code) => !tried.includes(code))).to.deep.equal([]);
  });

  it('is a rejection without a reason', () => {
    expect(verdictOn(status('FAILED')).kind).to.equal('REJECTED');
  });

  it('is open as long as Google could not be asked, so that nothing is sent again', () => {
    const unsaid = [
      answer(null),
      answer(500, '<html></html>'),
      answer(429, failure(429, 'RESOURCE_EXHAUSTED')),
      answer(404, failure(404, 'NOT_FOUND')),
      answer(403, failure(403, 'PERMISSION_DENIED')),
      answer(400, failure(400, 'INVALID_ARGUMENT')),
      answer(200, '{"half": '),
      answer(200, { requestStatusPerDestination: [] }),
    ];
    for (const of of unsaid) expect(verdictOn(of).kind).to.equal('ACCEPTED');
    expect(verdictOn(answer(401, failure(401, 'UNAUTHENTICATED'))).kind).to.equal('AUTH_BROKEN');
  });
});
