/**
 * One file because it is all there is to know of Google's Data Manager API: what an account is, what an event becomes, and
 * what Google says of it at once and later. https://developers.google.com/data-manager/api/devguides/events
 */
import { createPrivateKey } from 'node:crypto';
import { z } from 'zod';
import { inputType } from '../../platform/graphql/input-type.js';
import { report } from '../../platform/validate.js';
import { id, token, type ServiceAccount } from './credential.js';
import { UserFields, present } from './fields.js';
import {
  countryUpper,
  googleEmail,
  googleFamilyName,
  googleGivenName,
  googlePostalCode,
  phone,
} from './normal-forms.js';
import type { ConsentState, ConversionEvent, Platform, PlatformAnswer, ConversionVerdict } from './platform.js';
import {
  all,
  authBroken,
  configBroken,
  delivered,
  meaningOfStatus,
  readAnswer,
  rejected,
  retry,
  secretsOf,
  someText,
  unanswered,
  unlessClocksDiffer,
  verdict,
  type Meaning,
} from './verdict.js';

/** The JSON file of a service account's key, of which only what signs is kept. */
const serviceAccount = z
  .string()
  .max(10_000)
  .transform((text, context): ServiceAccount => {
    const key = keyFile.safeParse(parsed(text)).data;
    if (key !== undefined && isRsaKey(key.private_key)) {
      return { clientEmail: key.client_email, privateKey: key.private_key, privateKeyId: key.private_key_id };
    }
    const message = "must be the JSON of a service account's key, with client_email, private_key and private_key_id";
    report(context, [{ path: '', code: 'bad_format', message }]);
    return z.NEVER;
  });

const keyFile = z.object({
  client_email: z.string().min(1).max(320),
  private_key: z.string().min(1).max(8_000),
  private_key_id: z.string().min(1).max(200),
});

const RefreshInput = inputType('GoogleRefreshTokenInput', 'An OAuth client and what it was granted.', () => ({
  clientId: [token, String, "The OAuth client's id."],
  clientSecret: [token, String, "The OAuth client's secret; written, never read."],
  refreshToken: [token, String, 'A refresh token for the scope datamanager; written, never read.'],
}));

const accountId = id(/^\d+(-\d+)*$/, 'must be the digits of an account, like 123-456-7890').transform((text) =>
  text.replaceAll('-', ''),
);

const input = inputType(
  'GoogleDestinationInput',
  'A conversion action of Google Ads, told of by the Data Manager API. It takes one credential.',
  () => ({
    operatingAccountId: [
      accountId.nullish(),
      String,
      'The account that owns the conversion action, with or without dashes.',
    ],
    loginAccountId: [
      accountId.nullish(),
      String,
      'The manager account by which the credential has access, if it has it by one.',
    ],
    conversionActionId: [
      id(/^\d+$/, "must be the digits of a conversion action's id").nullish(),
      String,
      "The conversion action's numeric id.",
    ],
    serviceAccount: [serviceAccount.nullish(), String, "The JSON of a service account's key; written, never read."],
    refresh: [RefreshInput.camelCase.nullish(), RefreshInput.type, 'A refresh token instead of a service account.'],
  }),
);

const newCredential =
  'Save a new serviceAccount or refresh: a key or refresh token that is valid, for the scope datamanager.';
const noAccess =
  "Give the service account's or user's address access to operatingAccountId in Google Ads; if it has access by a manager " +
  'account, save that as loginAccountId.';
const noService = "Enable the Data Manager API in the credential's Google Cloud project.";
const wrongAction =
  'Check conversionActionId (its digits alone), and that operatingAccountId is the account which owns the action.';
const wrongType = 'Choose a conversion action for imports from clicks, and save its id as conversionActionId.';
const noEnhanced = 'Turn on enhanced conversions for leads in the account of Google Ads.';
const noTerms = "Accept Google's customer data terms in the account of Google Ads.";
const noPolicy = "Google's policies bar this account from enhanced conversions: ask Google's support.";
const notListed = "Google has not admitted this account or project to the API: ask Google's support.";
const notByBraid = 'Let the conversion action count every conversion, since one per click refuses gbraid and wbraid.';
const noExternal = 'The conversion action is one of external attribution: choose another, and save its id.';
const noCoreConsent =
  'In Google Ads, consent to the sharing of data with Google services; this is not about the person.';

const minute = 60_000;
const sixHoursMs = 360 * minute;

/** By the reason of the error, or of a field of it, else by its status: what Google says at once. */
export const googleVerdicts: ReadonlyMap<string, Meaning> = new Map([
  ...all('INTERNAL_ERROR INTERNAL DEADLINE_EXCEEDED RESOURCE_EXHAUSTED UNAVAILABLE', retry),
  ...all('UNAUTHENTICATED ACCESS_TOKEN_SCOPE_INSUFFICIENT', authBroken(newCredential)),
  ['PERMISSION_DENIED', configBroken(noAccess)],
  ['SERVICE_DISABLED', configBroken(noService)],
  ...all('NOT_FOUND INVALID_DESTINATION INVALID_CONVERSION_ACTION_ID', configBroken(wrongAction)),
  ['INVALID_CONVERSION_ACTION_TYPE', configBroken(wrongType)],
  ['DESTINATION_ACCOUNT_NOT_ENABLED_ENHANCED_CONVERSIONS_FOR_LEADS', configBroken(noEnhanced)],
  ['DESTINATION_ACCOUNT_DATA_POLICY_PROHIBITS_ENHANCED_CONVERSIONS', configBroken(noPolicy)],
  ['DESTINATION_ACCOUNT_ENHANCED_CONVERSIONS_TERMS_NOT_SIGNED', configBroken(noTerms)],
  ['TERMS_AND_CONDITIONS_NOT_SIGNED', configBroken(noTerms)],
  ['OPERATING_ACCOUNT_LOGIN_ACCOUNT_MISMATCH', configBroken(noAccess)],
  ['NOT_ALLOWLISTED', configBroken(notListed)],
  ...all(
    `INVALID_ARGUMENT REQUIRED_FIELD_MISSING INVALID_FORMAT INVALID_HEX_ENCODING INVALID_BASE64_ENCODING
     INVALID_SHA256_FORMAT INVALID_POSTAL_CODE INVALID_COUNTRY_CODE INVALID_ENUM_VALUE INVALID_NUMBER_FORMAT
     INVALID_CURRENCY_CODE INVALID_EVENT EVENT_TIME_INVALID NO_IDENTIFIERS_PROVIDED TOO_MANY_EVENTS TOO_MANY_DESTINATIONS
     TOO_MANY_USER_IDENTIFIERS TOO_MANY_ELEMENTS DUPLICATE_DESTINATION_REFERENCE FIELD_VALUE_TOO_LONG
     FIELD_VALUE_TOO_SHORT`,
    rejected,
  ),
]);

/** What Google says later, by the reason without its prefix: Google takes an event first and looks at it afterwards. */
export const googleLaterVerdicts: ReadonlyMap<string, Meaning> = new Map([
  // Google has it already: from an attempt whose answer was lost.
  ...all('DUPLICATE_TRANSACTION_ID DUPLICATE_GCLID', delivered),
  ...all('TOO_RECENT_CLICK INTERNAL_ERROR', { kind: 'RETRY', notBeforeMs: sixHoursMs }),
  // Not a click of this account's ads; nothing is wrong.
  ...all('CLICK_NOT_FOUND INVALID_CLICK', rejected),
  ...all('EVENT_TOO_OLD CONVERSION_PRECEDES_CLICK INVALID_GCLID INVALID_GBRAID INVALID_WBRAID', rejected),
  ...all('INVALID_EVENT INVALID_FORMAT INVALID_AD_IDENTIFIERS', rejected),
  ...all('DENIED_CONSENT UNKNOWN_CONSENT', rejected),
  ['NO_CONSENT', configBroken(noCoreConsent)],
  ['DESTINATION_ACCOUNT_ENHANCED_CONVERSIONS_TERMS_NOT_SIGNED', configBroken(noTerms)],
  ...all('INVALID_OPERATING_ACCOUNT_FOR_CLICK OPERATING_ACCOUNT_MISMATCH_FOR_AD_IDENTIFIER', configBroken(wrongAction)),
  ['ONE_PER_CLICK_CONVERSION_ACTION_NOT_PERMITTED_WITH_BRAID', configBroken(notByBraid)],
  ['EXTERNAL_ATTRIBUTION_DATA_MISSING', configBroken(noExternal)],
]);

const warned = z.object({ field: someText, reason: someText, description: someText });
const success = z.object({ requestId: z.string().min(1), fieldWarnings: z.array(warned).nullish().catch(null) });

const failure = z.object({
  error: z.object({
    message: someText,
    status: someText,
    details: z
      .array(
        z.object({
          reason: someText,
          requestId: someText,
          metadata: z.object({ requestId: someText }).nullish().catch(null),
          fieldViolations: z.array(warned).nullish().catch(null),
        }),
      )
      .nullish()
      .catch(null),
  }),
});

const status = z.object({
  requestStatusPerDestination: z
    .array(
      z.object({
        requestStatus: z.string(),
        errorInfo: z
          .object({ errorCounts: z.array(z.object({ reason: z.string() })).catch([]) })
          .nullish()
          .catch(null),
      }),
    )
    .min(1),
});

const personal = ['userData', 'adIdentifiers', 'eventDeviceInfo'];

export const google: Platform = {
  name: 'google',
  title: 'Google Ads',
  ageDaysMax: 60,
  credentialDays: null,
  baseUrl: 'https://datamanager.googleapis.com',
  apiVersion: 'v1',
  test: 'validates',
  input,
  settings: { operatingAccountId: 'required', loginAccountId: 'optional', conversionActionId: 'required' },
  credentials: ['serviceAccount', 'refresh'],

  build(event, { settings, validateOnly }, apiVersion) {
    const fields = new UserFields();
    const click = clickOf(event);
    const userIdentifiers = identifiersOf(event, fields);
    if (click === null && userIdentifiers.length === 0) return { ok: false, reason: 'no_match_keys' };
    // An iOS click refuses company: with identifiers beside it Google takes neither.
    const isBraid = click !== null && !('gclid' in click);
    if (isBraid && userIdentifiers.length > 0) fields.dropped.push('userData');

    const { value, ip, userAgent, limitedUse } = event;
    const device = present({ ipAddress: ip, userAgent });
    const told = present({
      destinationReferences: ['d1'],
      transactionId: event.id,
      eventTimestamp: event.occurredAt.toISOString(),
      eventSource: 'WEB',
      adIdentifiers: click,
      userData: isBraid || userIdentifiers.length === 0 ? null : { userIdentifiers },
      eventDeviceInfo: Object.keys(device).length === 0 ? null : device,
      consent: present({
        adUserData: consent(event.adUserData),
        adPersonalization: consent(limitedUse ? 'denied' : event.adPersonalization),
      }),
      conversionValue: value?.amount,
      currency: value?.currency,
    });
    return {
      ok: true,
      dropped: fields.dropped,
      request: {
        method: 'POST',
        path: `/${apiVersion}/events:ingest`,
        headers: { 'content-type': 'application/json' },
        body: {
          destinations: [
            present({
              reference: 'd1',
              operatingAccount: account(settings['operatingAccountId']),
              loginAccount: account(settings['loginAccountId']),
              productDestinationId: settings['conversionActionId'],
            }),
          ],
          encoding: 'HEX',
          validateOnly,
          events: [told],
        },
      },
    };
  },

  authorize: (request, accessToken) => ({
    ...request,
    headers: { ...request.headers, authorization: `Bearer ${accessToken}` },
  }),

  classify(answer, sent) {
    const secrets = secretsOf(sent, personal, ['authorization']);
    const taken = answer.status === 200 ? readAnswer(answer, success) : null;
    if (taken === null) return refusal(answer, secrets);
    const words = (taken.fieldWarnings ?? []).map(inWords).join('; ');
    const say = { code: null, words, traceId: taken.requestId };
    // What is only validated is nowhere to be asked for.
    if (sent.body?.['validateOnly'] === true) return verdict(delivered, say, secrets);
    return { ...verdict({ kind: 'ACCEPTED' }, say, secrets), reference: taken.requestId };
  },

  later: {
    ask: (reference) => ({
      method: 'GET',
      path: `/v1/requestStatus:retrieve?requestId=${encodeURIComponent(reference)}`,
      headers: {},
      body: null,
    }),

    classify(answer, sent) {
      const secrets = secretsOf(sent, [], ['authorization']);
      const said = answer.status === 200 ? readAnswer(answer, status) : null;
      if (said === null) {
        const refused = refusal(answer, secrets);
        // That Google could not be asked says nothing of the event, which must not be sent again for it.
        return answer.status === 401 ? refused : { ...refused, kind: 'ACCEPTED' };
      }
      const [destination] = said.requestStatusPerDestination;
      const reasons = (destination?.errorInfo?.errorCounts ?? []).map(({ reason }) => withoutPrefix(reason));
      const code = decisive(reasons, googleLaterVerdicts);
      const meaning = meaningOfResult(destination?.requestStatus ?? '', code);
      return verdict(meaning, { code, words: reasons.join(', '), traceId: null }, secrets);
    },
  },
};

/** Google counts a click by one id of it. */
function clickOf({ clickIds: { gclid, gbraid, wbraid } }: ConversionEvent): Record<string, string> | null {
  if (gclid !== null) return { gclid };
  if (gbraid !== null) return { gbraid };
  return wbraid === null ? null : { wbraid };
}

/** Each identifier is an object of its own; an address is one only with all four of its parts. */
function identifiersOf({ person }: ConversionEvent, fields: UserFields): Record<string, unknown>[] {
  const emailAddress = fields.hashed('emailAddress', person.email, googleEmail);
  const phoneNumber = fields.hashed('phoneNumber', person.phone, phone);
  const address = {
    givenName: fields.hashed('givenName', person.firstName, googleGivenName),
    familyName: fields.hashed('familyName', person.lastName, googleFamilyName),
    regionCode: fields.plain('regionCode', person.country, countryUpper),
    postalCode: fields.plain('postalCode', person.postalCode, googlePostalCode),
  };
  const parts = Object.values(address).filter((part) => part !== null);
  const isWhole = parts.length === Object.keys(address).length;
  if (!isWhole && parts.length > 0) fields.dropped.push('address');
  return [
    ...(emailAddress === null ? [] : [{ emailAddress }]),
    ...(phoneNumber === null ? [] : [{ phoneNumber }]),
    ...(isWhole ? [{ address }] : []),
  ];
}

const account = (accountId: string | undefined) =>
  accountId === undefined ? null : { accountType: 'GOOGLE_ADS', accountId };

const consent = (state: ConsentState) => (state === null ? null : `CONSENT_${state.toUpperCase()}`);

const inWords = ({ field, reason, description }: z.output<typeof warned>) =>
  [field, description ?? reason].filter(Boolean).join(': ');

const withoutPrefix = (reason: string) => reason.replace(/^PROCESSING_ERROR_(REASON_)?/, '');

/** Of several reasons the one that decides: what the owner can mend says more than what is wrong with the event. */
function decisive(reasons: readonly string[], table: ReadonlyMap<string, Meaning>): string | null {
  const known = reasons.filter((reason) => table.has(reason));
  return known.find((reason) => table.get(reason)?.kind !== 'REJECTED') ?? known[0] ?? reasons[0] ?? null;
}

function refusal(answer: PlatformAnswer, secrets: readonly string[]): ConversionVerdict {
  const error = readAnswer(answer, failure)?.error;
  if (error === undefined && answer.status !== 401) return unanswered('Google', answer, secrets);
  const details = error?.details ?? [];
  const violations = details.flatMap((detail) => detail.fieldViolations ?? []);
  const reasons = [
    ...violations.map(({ reason }) => reason),
    ...details.map(({ reason }) => reason),
    error?.status,
    answer.status === 401 ? 'UNAUTHENTICATED' : null,
  ].filter((reason) => typeof reason === 'string');
  const code = decisive(reasons, googleVerdicts);
  const words = [error?.message, ...violations.map(inWords)].filter(Boolean).join(' ');
  const documented = googleVerdicts.get(code ?? '') ?? meaningOfStatus(answer.status);
  const traceId = details.map((detail) => detail.requestId ?? detail.metadata?.requestId).find(Boolean) ?? null;
  return verdict(
    unlessClocksDiffer(documented, words),
    { code: code ?? answer.status?.toString() ?? null, words, traceId },
    secrets,
  );
}

/** Whatever else a request status will be called one day: until Google says how it ended, it is under way. */
function meaningOfResult(requestStatus: string, reason: string | null): Meaning {
  if (requestStatus === 'SUCCESS') return delivered;
  if (requestStatus !== 'FAILED' && requestStatus !== 'PARTIAL_SUCCESS') return { kind: 'ACCEPTED' };
  return googleLaterVerdicts.get(reason ?? '') ?? rejected;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isRsaKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'rsa';
  } catch {
    return false;
  }
}
