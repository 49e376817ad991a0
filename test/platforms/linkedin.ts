import { z } from 'zod';
import {
  dayMs,
  json,
  looksLikePhone,
  PlatformDouble,
  type Answer,
  type Fault,
  type Incoming,
  type Reply,
} from './double.js';

/** An answer of LinkedIn's that refuses; the service's own code where it has one. */
export function linkedinRefusal(
  status: number,
  { code, serviceErrorCode, message = `Refused with ${status}`, headers = {} }: LinkedInRefusal = {},
): Answer {
  return json(
    status,
    { message, status, ...(code && { code }), ...(serviceErrorCode && { serviceErrorCode }) },
    headers,
  );
}

interface LinkedInRefusal {
  code?: string;
  serviceErrorCode?: number;
  message?: string;
  headers?: Record<string, string>;
}

const minuteMs = 60_000;
const body = z.strictObject({
  conversion: z.string(),
  conversionHappenedAt: z.int(),
  conversionValue: z.strictObject({ currencyCode: z.string(), amount: z.string() }).optional(),
  eventId: z.string().min(1).optional(),
  user: z.strictObject({
    userIds: z.array(
      z.strictObject({
        idType: z.enum([
          'SHA256_EMAIL',
          'LINKEDIN_FIRST_PARTY_ADS_TRACKING_UUID',
          'ACXIOM_ID',
          'PLAINTEXT_IP_ADDRESS',
          'GOOGLE_AID',
          'SHA256_IP_ADDRESS',
        ]),
        idValue: z.string(),
      }),
    ),
    userInfo: z
      .strictObject({
        firstName: z.string().min(1),
        lastName: z.string().min(1),
        companyName: z.string().optional(),
        title: z.string().optional(),
        countryCode: z.string().optional(),
      })
      .optional(),
    externalIds: z.array(z.string()).max(1).optional(),
    lead: z.string().optional(),
  }),
});
type Body = z.infer<typeof body>;

/** LinkedIn's Conversions API: a version a month, a created resource without a word, all faults of a body in one text. */
export class LinkedInDouble extends PlatformDouble {
  conversionUrn = 'urn:lla:llaPartnerConversion:104012';
  accessToken = 'AQXlinkedInMemberToken';
  /** Whether the rule hears the API; one made for the Insight Tag does not. */
  ruleHearsApi = true;
  /** Names in plain text are asked for by whoever owns the destination. */
  namesAsked = false;

  private constructor() {
    super('linkedin');
  }

  static async start(): Promise<LinkedInDouble> {
    return await new LinkedInDouble().start();
  }

  override reset(): void {
    super.reset();
    this.ruleHearsApi = true;
    this.namesAsked = false;
  }

  protected override credentials(): readonly string[] {
    return [this.accessToken];
  }

  protected override reply(request: Incoming): Reply {
    const { headers, url, method } = request;
    if (url.pathname !== '/rest/conversionEvents' || url.search !== '') {
      this.fail('wrong path', `${url.pathname}${url.search}`);
      return { answer: linkedinRefusal(404, { code: 'RESOURCE_NOT_FOUND' }) };
    }
    if (method !== 'POST') {
      this.fail('wrong method', method);
      return { answer: linkedinRefusal(405) };
    }
    if (headers['x-restli-protocol-version'] !== '2.0.0')
      this.fail('missing header', 'X-Restli-Protocol-Version: 2.0.0');
    if (headers['x-restli-method'] !== undefined) this.fail('several events in one request', 'X-RestLi-Method');
    const parsed = this.parse(request);
    const faults = parsed === null ? [] : this.faults(body, parsed);
    const names = this.namesAsked ? '|firstName|lastName' : '';
    const plain = new RegExp(`^conversion$|eventId|externalIds|idValue|amount|companyName|title|^user.lead${names}`);
    if (parsed !== null) this.inspect(request, parsed, plain);

    const refused =
      this.checkVersion(String(headers['linkedin-version'] ?? '')) ?? this.checkToken(headers.authorization);
    if (refused !== null) return { answer: refused };
    if (parsed === null) return { answer: linkedinRefusal(400, { message: 'Cannot parse the request entity' }) };
    if (faults.length > 0) {
      const message = faults.map((fault) => `ERROR :: /${fault.path.join('/')} :: ${wordsOf(fault)}`).join('\n');
      return { answer: json(422, { message, status: 422 }) };
    }
    const given = parsed as Body;
    const answer = this.check(given);
    if (answer !== null) return { answer };
    const take = () => {
      const { conversion, conversionHappenedAt: time, user, eventId } = given;
      if (eventId === undefined) this.fail('missing field', 'eventId: without it nothing is told apart');
      this.count(eventId === undefined ? null : `${conversion} ${eventId}`, given, { time, user }, false);
    };
    return { answer: { status: 201, headers: { 'x-li-uuid': 'AAYxLiUuid==' }, body: '' }, take };
  }

  /** A version lives a year, and is sunset in the middle of the month of its birthday. */
  private checkVersion(version: string): Answer | null {
    if (version === '') {
      this.fail('missing header', 'LinkedIn-Version');
      const message = 'A version must be present. Please specify a version by adding the LinkedIn-Version header.';
      return linkedinRefusal(400, { code: 'VERSION_MISSING', message });
    }
    const [, year, month] = /^(20\d\d)(0[1-9]|1[012])$/.exec(version) ?? [];
    if (year === undefined || month === undefined) {
      this.fail('wrong value', `LinkedIn-Version: ${version}`);
      return linkedinRefusal(400, { code: 'VERSION_FORMAT', message: `Version ${version} is not a month` });
    }
    const born = Date.UTC(Number(year), Number(month) - 1, 1);
    const sunset = Date.UTC(Number(year) + 1, Number(month) - 1, 16);
    if (this.clock() >= born && this.clock() < sunset) return null;
    return linkedinRefusal(426, {
      code: 'NONEXISTENT_VERSION',
      message: `Requested version ${version}01 is not active`,
    });
  }

  private checkToken(authorization = ''): Answer | null {
    if (authorization === `Bearer ${this.accessToken}`) return null;
    if (!/^Bearer \S+$/.test(authorization)) this.fail('missing credential', 'Authorization: Bearer');
    const message = 'Invalid access token';
    return linkedinRefusal(401, { code: 'INVALID_ACCESS_TOKEN', serviceErrorCode: 65600, message });
  }

  /** What the service refuses after it could read the body; null where it takes it, whatever was noted. */
  private check({ conversion, conversionHappenedAt: time, conversionValue: value, user }: Body): Answer | null {
    if (!/^urn:lla:llaPartnerConversion:\d+$/.test(conversion)) {
      this.fail('wrong value', `conversion: ${conversion}`);
      return linkedinRefusal(422, { message: `ERROR :: /conversion :: "${conversion}" is not a valid urn` });
    }
    if (conversion !== this.conversionUrn) {
      return linkedinRefusal(403, { code: 'ACCESS_DENIED', serviceErrorCode: 100, message: 'No ad accounts found' });
    }
    if (!this.ruleHearsApi) {
      const message = 'Conversion method should be CONVERSIONS_API, indices [0]';
      return linkedinRefusal(400, { code: 'BAD_REQUEST', message });
    }
    const wrong = this.mistakenTime(time);
    if (wrong !== null) {
      this.fail(wrong, `conversionHappenedAt: ${time}`);
      const message = 'Conversion time should be within 90 days and not exceed current time, indices [0]';
      return linkedinRefusal(400, { code: 'BAD_REQUEST', message });
    }
    if (value !== undefined && !/^\d+(\.\d+)?$/.test(value.amount)) {
      this.fail('wrong value', `amount: ${value.amount}`);
      return linkedinRefusal(422, { message: `ERROR :: /conversionValue/amount :: ${value.amount} is not a decimal` });
    }
    // From here on nothing is refused: the service takes what it never looks at.
    this.checkCurrency('currencyCode', value?.currencyCode);
    for (const { idType, idValue } of user.userIds) this.checkId(idType, idValue);
    // A number of a customer may be long, but it is not written as phones are.
    for (const id of user.externalIds ?? []) {
      if (/[\s()+]/.test(id) && looksLikePhone(id)) this.fail('PII leak', `externalIds: ${id}`);
    }
    const { userInfo: info } = user;
    if (info !== undefined && !this.namesAsked) this.fail('name in plain text', `userInfo: ${JSON.stringify(info)}`);
    if (info?.countryCode !== undefined && !/^[A-Z]{2}$/.test(info.countryCode)) {
      this.fail('wrong value', `countryCode: ${info.countryCode}`);
    }
    if (user.userIds.length === 0 && info === undefined && (user.externalIds ?? []).length === 0 && !user.lead) {
      this.fail('too little to match by', 'no userIds, userInfo, externalIds or lead');
      return linkedinRefusal(400, { code: 'BAD_REQUEST', message: 'No user identifiers, indices [0]' });
    }
    return null;
  }

  private mistakenTime(time: number) {
    if (time > 1e8 && time < 1e11) return 'seconds instead of milliseconds' as const;
    if (time > this.clock() + minuteMs) return 'time in the future' as const;
    return time < this.clock() - 90 * dayMs ? ('too old' as const) : null;
  }

  private checkId(type: string, value: string): void {
    if (type === 'SHA256_EMAIL') this.checkDigest(type, value);
    if (type === 'LINKEDIN_FIRST_PARTY_ADS_TRACKING_UUID') this.checkClick(type, value);
    if (type === 'PLAINTEXT_IP_ADDRESS' && !z.ipv4().safeParse(value).success)
      this.fail('wrong value', `${type}: ${value}`);
  }
}

function wordsOf({ kind, value, message }: Fault): string {
  if (kind === 'missing') return 'field is required but not found and has no default value';
  if (kind === 'unknown') return 'unrecognized field found but not allowed';
  if (kind === 'type') {
    const [, type = ''] = /expected (\w+)/.exec(message) ?? [];
    return `${JSON.stringify(value)} cannot be coerced to ${type.charAt(0).toUpperCase()}${type.slice(1)}`;
  }
  return `${JSON.stringify(value)} is not valid (${message})`;
}
