import { z } from 'zod';
import { inputType } from '../../platform/graphql/input-type.js';
import { id, token } from './credential.js';
import { UserFields, list, present } from './fields.js';
import { country, email, externalId, lettersAndDigits, name, phone, postalCode } from './normal-forms.js';
import type { Platform } from './platform.js';
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
  'TikTokDestinationInput',
  "A pixel of TikTok's Events Manager, told of by the Events API.",
  () => ({
    eventSourceId: [id(/^[A-Za-z0-9]+$/, "must be a pixel's code").nullish(), String, "The pixel's code."],
    accessToken: [token.nullish(), String, 'An access token for it; written, never read.'],
  }),
);

const newToken =
  'Generate a new access token for the pixel in Events Manager (Settings, Events API), and save it as accessToken.';
const noAccess = "Check eventSourceId, and that the access token's user is an operator or admin of that pixel.";

/** By the code in the body: TikTok answers 200 whatever became of the event. */
export const tiktokVerdicts: ReadonlyMap<string, Meaning> = new Map([
  // "Partly successful", of one event.
  ['20001', rejected],
  ['40001', configBroken(noAccess)],
  ['40002', rejected],
  ['40100', retry],
  ...all('40104 40105', authBroken(newToken)),
]);

/** From here on TikTok's codes say that TikTok is in trouble: 50000, 50200, 51021 and their like. */
const firstTrouble = 50_000;

const answered = z.object({ code: z.number(), message: someText, request_id: someText });

/** TikTok's Events API 2.0: https://business-api.tiktok.com/portal/docs */
export const tiktok: Platform = {
  name: 'tiktok',
  title: 'TikTok',
  ageDaysMax: 28,
  credentialDays: null,
  baseUrl: 'https://business-api.tiktok.com',
  apiVersion: 'v1.3',
  test: 'by_code',
  input,
  settings: { eventSourceId: 'required' },
  credentials: ['accessToken'],

  build(event, { settings, testCode }, apiVersion) {
    const { person, clickIds, ip, userAgent, value } = event;
    const fields = new UserFields();
    const user = present({
      email: list(fields.hashed('email', person.email, email)),
      phone: list(fields.hashed('phone', person.phone, phone)),
      external_id: list(fields.hashed('external_id', person.externalId, externalId)),
      first_name: fields.hashed('first_name', person.firstName, name),
      last_name: fields.hashed('last_name', person.lastName, name),
      zip_code: fields.hashed('zip_code', person.postalCode, postalCode(person.country)),
      city: fields.plain('city', person.city, lettersAndDigits),
      state: fields.plain('state', person.region, lettersAndDigits),
      country: fields.plain('country', person.country, country),
      ttclid: clickIds.ttclid,
      ttp: clickIds.ttp,
      ip,
      user_agent: userAgent,
    });
    const isRecognised = ['email', 'phone', 'external_id', 'ttclid'].some((key) => key in user);
    if (!isRecognised && (ip === null || userAgent === null)) return { ok: false, reason: 'no_match_keys' };

    const told = present({
      event: event.name,
      event_time: Math.floor(event.occurredAt.getTime() / 1_000),
      event_id: event.id,
      user,
      properties: value === null ? null : { value: value.amount, currency: value.currency },
      page: event.page === null ? null : present({ url: event.page, referrer: event.referrer }),
      limited_data_use: event.limitedUse || event.adPersonalization === 'denied' ? true : null,
    });
    return {
      ok: true,
      dropped: fields.dropped,
      request: {
        method: 'POST',
        path: `/open_api/${apiVersion}/event/track/`,
        headers: { 'content-type': 'application/json' },
        // The id of a pixel is one of a website, whether the page is known or not.
        body: present({
          event_source: 'web',
          event_source_id: settings['eventSourceId'],
          test_event_code: testCode,
          data: [told],
        }),
      },
    };
  },

  authorize: (request, accessToken) => ({
    ...request,
    headers: { ...request.headers, 'access-token': accessToken },
  }),

  classify(answer, sent) {
    const secrets = secretsOf(sent, ['user', 'page'], ['access-token']);
    const said = readAnswer(answer, answered);
    if (said === null) return unanswered('TikTok', answer, secrets);
    const isDelivered = answer.status === 200 && said.code === 0;
    // A code that we do not know is tried again, and never taken for a success.
    const unknown = said.code >= firstTrouble ? retry : meaningOfStatus(answer.status);
    const meaning = isDelivered ? delivered : (tiktokVerdicts.get(`${said.code}`) ?? unknown);
    const words = isDelivered ? '' : (said.message ?? '');
    const code = isDelivered ? null : `${said.code}`;
    return verdict(unlessClocksDiffer(meaning, words), { code, words, traceId: said.request_id ?? null }, secrets);
  },
};
