import { isIPv4 } from 'node:net';
import { z } from 'zod';
import { inputType } from '../../platform/graphql/input-type.js';
import { amountText } from '../currency.js';
import { id, token } from './credential.js';
import { UserFields, present } from './fields.js';
import { countryUpper, email, plain } from './normal-forms.js';
import type { Platform } from './platform.js';
import {
  authBroken,
  configBroken,
  delivered,
  meaningOfStatus,
  readAnswer,
  rejected,
  retry,
  secretsOf,
  someText,
  unlessClocksDiffer,
  verdict,
  type Meaning,
} from './verdict.js';

const input = inputType(
  'LinkedInDestinationInput',
  "A conversion rule of LinkedIn's Campaign Manager, told of by the Conversions API.",
  () => ({
    conversionUrn: [
      id(/^urn:lla:llaPartnerConversion:\d+$/, 'must be like urn:lla:llaPartnerConversion:104012').nullish(),
      String,
      'The URN of a conversion rule whose method is the Conversions API.',
    ],
    accessToken: [token.nullish(), String, 'A token with rw_conversions and r_ads; written, never read.'],
  }),
);

const newToken =
  'Generate a new access token with the scopes rw_conversions and r_ads (one serves for 60 days), and save it as accessToken.';
const noAccess =
  'LinkedIn says so of a rule that does not exist, too: check conversionUrn, that the token has the scopes rw_conversions ' +
  "and r_ads, and that its member has a role on the rule's ad account.";
const wrongMethod = 'Choose a conversion rule whose method is the Conversions API, and save its URN as conversionUrn.';

const setVersion = 'The operator of this service has to set CONVERSIONS_LINKEDIN_VERSION';

/** By LinkedIn's code, by a text that its message has, or by HTTP status: LinkedIn documents hardly any codes. */
export const linkedinVerdicts: ReadonlyMap<string, Meaning> = new Map([
  ['201', delivered],
  ['65600', authBroken(newToken)],
  ['65601', authBroken(newToken)],
  ['401', authBroken(newToken)],
  ['403', configBroken(noAccess)],
  ['404', configBroken(noAccess)],
  ['VERSION_MISSING', configBroken(`${setVersion}.`)],
  ['method should be CONVERSIONS_API', configBroken(wrongMethod)],
  // Nothing of more than 90 days is sent, so that the time can only be ahead of LinkedIn's.
  ['Conversion time should be within 90 days', retry],
  // The life of the API's version is over: nothing that an owner could mend.
  ['426', { kind: 'RETRY', mend: `${setVersion} to a month that LinkedIn still serves.` }],
  ['422', rejected],
]);

const failure = z.object({ message: someText, code: someText, serviceErrorCode: z.number().nullish().catch(null) });

/** LinkedIn's Conversions API: https://learn.microsoft.com/linkedin/marketing/integrations/ads-reporting/conversions-api */
export const linkedin: Platform = {
  name: 'linkedin',
  title: 'LinkedIn',
  ageDaysMax: 90,
  credentialDays: 60,
  baseUrl: 'https://api.linkedin.com',
  apiVersion: '202609',
  test: 'counts',
  input,
  settings: { conversionUrn: 'required' },
  credentials: ['accessToken'],

  build(event, { settings, mappedByHand }, apiVersion) {
    // LinkedIn has no field for it: to be told of at all is the use that the person opted out of.
    if (event.limitedUse) return { ok: false, reason: 'no_consent' };

    const { person, value } = event;
    const fields = new UserFields();
    const userIds = [
      userId('SHA256_EMAIL', fields.hashed('SHA256_EMAIL', person.email, email)),
      userId('LINKEDIN_FIRST_PARTY_ADS_TRACKING_UUID', event.clickIds.liFatId),
      userId('PLAINTEXT_IP_ADDRESS', fields.plain('PLAINTEXT_IP_ADDRESS', event.ip, ipv4)),
    ].filter((entry) => entry !== null);
    // Names leave unhashed: only where the mapping names both by hand. LinkedIn takes both or none.
    const isNamed = mappedByHand.includes('firstName') && mappedByHand.includes('lastName');
    const firstName = isNamed ? fields.plain('firstName', person.firstName, plain) : null;
    const lastName = isNamed ? fields.plain('lastName', person.lastName, plain) : null;
    const countryCode = fields.plain('countryCode', person.country, countryUpper);
    const userInfo = firstName === null || lastName === null ? null : present({ firstName, lastName, countryCode });
    const externalId = fields.plain('externalIds', person.externalId, plain);
    if (userIds.length === 0 && userInfo === null && externalId === null) {
      return { ok: false, reason: 'no_match_keys' };
    }
    return {
      ok: true,
      dropped: fields.dropped,
      request: {
        method: 'POST',
        path: '/rest/conversionEvents',
        headers: {
          'content-type': 'application/json',
          'linkedin-version': apiVersion,
          'x-restli-protocol-version': '2.0.0',
        },
        body: present({
          conversion: settings['conversionUrn'],
          conversionHappenedAt: event.occurredAt.getTime(),
          conversionValue:
            value === null ? null : { currencyCode: value.currency, amount: amountText(value.amount, value.currency) },
          eventId: event.id,
          // LinkedIn demands the list of ids, if it is empty, too.
          user: present({ userIds, userInfo, externalIds: externalId === null ? null : [externalId] }),
        }),
      },
    };
  },

  authorize: (request, accessToken) => ({
    ...request,
    headers: { ...request.headers, authorization: `Bearer ${accessToken}` },
  }),

  classify(answer, sent) {
    const secrets = secretsOf(sent, ['user'], ['authorization']);
    const error = readAnswer(answer, failure);
    const words =
      answer.error ?? error?.message ?? (answer.status === 201 ? '' : `LinkedIn answered ${answer.status}.`);
    const codes = [error?.serviceErrorCode, error?.code, answer.status].flatMap((code) => code?.toString() ?? []);
    const documented =
      codes.map((code) => linkedinVerdicts.get(code)).find((meaning) => meaning !== undefined) ??
      [...linkedinVerdicts].find(([text]) => text.includes(' ') && words.includes(text))?.[1];
    const meaning = unlessClocksDiffer(documented ?? meaningOfStatus(answer.status), words);
    const code = meaning.kind === 'DELIVERED' ? null : (codes[0] ?? null);
    return verdict(meaning, { code, words, traceId: answer.header('x-li-uuid') }, secrets);
  },
};

const userId = (idType: string, idValue: string | null) => (idValue === null ? null : { idType, idValue });
const ipv4 = (ip: string) => (isIPv4(ip) ? ip : null);
