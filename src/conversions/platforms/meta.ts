import { z } from 'zod';
import { inputType } from '../../platform/graphql/input-type.js';
import { id, token } from './credential.js';
import { UserFields, list, present } from './fields.js';
import {
  country,
  email,
  externalId,
  lettersAndDigits,
  phoneDigits,
  postalCode,
  type NormalForm,
} from './normal-forms.js';
import type { ConversionEvent, Platform } from './platform.js';
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

const input = inputType(
  'MetaDestinationInput',
  "A dataset of Meta's Events Manager, told of by the Conversions API.",
  () => ({
    datasetId: [id(/^\d+$/, "must be the digits of a dataset's id").nullish(), String, "The dataset's (pixel's) id."],
    accessToken: [token.nullish(), String, 'An access token for it; written, never read.'],
  }),
);

/** What tells nobody apart: Meta refuses an event that says no more of a person than one of these. */
const tooBroad = [['ct', 'st', 'zp', 'country', 'client_user_agent'], ['fn'], ['ln']];

const newToken =
  'Generate a new access token for the dataset in Events Manager (Settings, Conversions API), and save it as accessToken.';
const noAccess =
  'Give the access token rights on the dataset in Business Settings, or save as accessToken one that has them.';
const wrongDataset = 'Check datasetId, and that the access token was generated for this dataset.';

/** By code, or by code and subcode, as Meta documents them. */
export const metaVerdicts: ReadonlyMap<string, Meaning> = new Map([
  // Meta is in trouble, or asks for less at a time.
  ...all('1 2 341 368 5000 21009', retry),
  ...all('4 17 613 80000 80003 80004 80014', retry),
  // The life of the API's version is over: nothing that an owner could mend.
  ['2635', { kind: 'RETRY', mend: 'The operator of this service has to set CONVERSIONS_META_VERSION to a later one.' }],
  ...all('190 102 104', authBroken(newToken)),
  ...all('10 200 294 3', configBroken(noAccess)),
  ...all('105 100/33', configBroken(wrongDataset)),
  ...all('100 2655', rejected),
]);

const success = z.object({ events_received: z.number(), fbtrace_id: someText });

const failure = z.object({
  error: z.object({
    code: z.number(),
    error_subcode: z.number().nullish().catch(null),
    message: someText,
    error_user_title: someText,
    error_user_msg: someText,
    is_transient: z.boolean().nullish().catch(null),
    fbtrace_id: someText,
  }),
});

/** Meta's Conversions API: https://developers.facebook.com/docs/marketing-api/conversions-api */
export const meta: Platform = {
  name: 'meta',
  title: 'Meta',
  ageDaysMax: 7,
  credentialDays: null,
  baseUrl: 'https://graph.facebook.com',
  apiVersion: 'v26.0',
  test: 'by_code_and_counts',
  input,
  settings: { datasetId: 'required' },
  credentials: ['accessToken'],

  build(event, { settings, testCode }, apiVersion) {
    const { person } = event;
    const fields = new UserFields();
    const user = present({
      em: list(fields.hashed('em', person.email, email)),
      ph: list(fields.hashed('ph', person.phone, phoneDigits)),
      fn: list(fields.hashed('fn', person.firstName, lettersAndDigits)),
      ln: list(fields.hashed('ln', person.lastName, lettersAndDigits)),
      ct: list(fields.hashed('ct', person.city, lettersAndDigits)),
      st: list(fields.hashed('st', person.region, lettersAndDigits)),
      zp: list(fields.hashed('zp', person.postalCode, postalCode(person.country))),
      country: list(fields.hashed('country', person.country, country)),
      external_id: list(fields.hashed('external_id', person.externalId, externalId)),
      client_ip_address: event.ip,
      client_user_agent: event.userAgent,
      fbc: fields.plain('fbc', clickOf(event), click(event.occurredAt)),
      fbp: fields.plain('fbp', event.clickIds.fbp, browser),
    });
    if (tooBroad.some((names) => Object.keys(user).every((name) => names.includes(name)))) {
      return { ok: false, reason: 'no_match_keys' };
    }
    // Meta takes an event of a website only with the page and the browser.
    const isWebsite = event.page !== null && event.userAgent !== null;
    const told = present({
      event_name: event.name,
      event_time: Math.floor(event.occurredAt.getTime() / 1_000),
      event_id: event.id,
      action_source: isWebsite ? 'website' : 'system_generated',
      event_source_url: event.page,
      referrer_url: event.referrer,
      user_data: user,
      custom_data: event.value === null ? null : { value: event.value.amount, currency: event.value.currency },
      opt_out: event.adPersonalization === 'denied' ? true : null,
      // Limited data use; with 0 and 0 Meta finds out where the person is.
      ...(event.limitedUse && {
        data_processing_options: ['LDU'],
        data_processing_options_country: 0,
        data_processing_options_state: 0,
      }),
    });
    return {
      ok: true,
      dropped: fields.dropped,
      request: {
        method: 'POST',
        path: `/${apiVersion}/${settings['datasetId']}/events`,
        headers: { 'content-type': 'application/json' },
        body: present({ data: [told], test_event_code: testCode }),
      },
    };
  },

  /** In the body, since an address gets into logs. */
  authorize: (request, accessToken) => ({ ...request, body: { ...request.body, access_token: accessToken } }),

  classify(answer, sent) {
    const secrets = secretsOf(sent, ['user_data', 'event_source_url', 'referrer_url', 'access_token'], []);
    const taken = readAnswer(answer, success);
    if (answer.status === 200 && taken?.events_received === 1) {
      // Meta goes on with a newer version of the API when the one that was asked for is over, and says so here.
      const words = answer.header('x-ad-api-version-warning') ?? '';
      return verdict(delivered, { code: null, words, traceId: taken.fbtrace_id ?? null }, secrets);
    }
    const error = readAnswer(answer, failure)?.error;
    if (error === undefined) return unanswered('Meta', answer, secrets);
    const code = error.error_subcode ? `${error.code}/${error.error_subcode}` : `${error.code}`;
    const words = [error.error_user_title, error.error_user_msg, error.message].filter(Boolean).join(': ');
    const documented = metaVerdicts.get(code) ?? metaVerdicts.get(`${error.code}`) ?? meaningOfStatus(answer.status);
    const meaning = documented.kind === 'REJECTED' && error.is_transient === true ? retry : documented;
    return verdict(unlessClocksDiffer(meaning, words), { code, words, traceId: error.fbtrace_id ?? null }, secrets);
  },
};

/**
 * The click: Meta's own cookie if that is of this click or of a newer one, else what its cookie would be, which carries
 * when the click was first seen, not when it is sent.
 */
function clickOf({ clickIds: { fbc, fbclid }, firstSeenAt, occurredAt }: ConversionEvent): string | null {
  const seenMs = Math.min(firstSeenAt.getTime(), occurredAt.getTime());
  if (fbclid === null) return fbc;
  const made = `fb.1.${seenMs}.${fbclid}`;
  const [, cookieMs, cookieClick] = (fbc === null ? null : cookie.exec(fbc)) ?? [];
  return fbc !== null && (cookieClick === fbclid || Number(cookieMs) >= seenMs) ? fbc : made;
}

const cookie = /^fb\.[012]\.(\d{13})\.([\w-]+)(?:\.[\w-]+)?$/;
/** Meta takes clicks of 90 days; the last try of an event may come 7 days after it. */
const clickAgeMsMax = 83 * 86_400_000;
const clickAheadMsMax = 60_000;

/** Meta refuses the whole event for a click of another form, of the future, or of too long before. */
const click =
  (occurredAt: Date): NormalForm =>
  (fbc) => {
    const [, ms] = cookie.exec(fbc) ?? [];
    const ageMs = occurredAt.getTime() - Number(ms);
    return ageMs >= -clickAheadMsMax && ageMs <= clickAgeMsMax ? fbc : null;
  };

const browser: NormalForm = (fbp) => (/^fb\.[012]\.\d{13}\.\d+(?:\.[\w-]+)?$/.test(fbp) ? fbp : null);
