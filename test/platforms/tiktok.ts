import { z } from 'zod';
import { dayMs, isDigest, json, PlatformDouble, type Answer, type Fault, type Incoming, type Reply } from './double.js';

const requestId = '20261129190801010245038171';

/** TikTok's answer, which is an HTTP 200 whatever it says. */
export function tiktokAnswer(code: number, message = `refused with ${code}`, data: unknown = {}): Answer {
  return json(200, { code, message, request_id: requestId, data });
}

const minuteMs = 60_000;
const digest = z.union([z.string(), z.array(z.string()).min(1)]);
const event = z.strictObject({
  event: z.string().min(1),
  event_time: z.int(),
  event_id: z.string().min(1).optional(),
  user: z.strictObject({
    email: digest.optional(),
    phone: digest.optional(),
    external_id: digest.optional(),
    first_name: z.string().optional(),
    last_name: z.string().optional(),
    zip_code: z.string().optional(),
    city: z.string().optional(),
    state: z.string().optional(),
    country: z.string().optional(),
    ttclid: z.string().optional(),
    ttp: z.string().optional(),
    ip: z.union([z.ipv4(), z.ipv6()]).optional(),
    user_agent: z.string().optional(),
    locale: z.string().optional(),
  }),
  properties: z
    .strictObject({
      value: z.number().optional(),
      currency: z.string().optional(),
      content_name: z.string().optional(),
    })
    .optional(),
  page: z.strictObject({ url: z.string().optional(), referrer: z.string().optional() }).optional(),
  limited_data_use: z.boolean().optional(),
});
const body = z.strictObject({
  event_source: z.enum(['web', 'app', 'offline', 'crm']),
  event_source_id: z.string().min(1),
  test_event_code: z.string().min(1).optional(),
  data: z.array(event).min(1).max(1000),
});
type Body = z.infer<typeof body>;
type TikTokEvent = z.infer<typeof event>;

const hashed = ['email', 'phone', 'external_id', 'first_name', 'last_name', 'zip_code'] as const;
const plain = ['city', 'state', 'country', 'ttclid', 'ttp', 'ip', 'user_agent', 'locale'] as const;

/** TikTok's Events API 2.0: every answer is a 200, and its code says whether anything was taken. */
export class TikTokDouble extends PlatformDouble {
  eventSourceId = 'C1234567890ABCDEF';
  accessToken = 'a1b2c3tiktokLongLivedToken';

  private constructor() {
    super('tiktok');
  }

  static async start(): Promise<TikTokDouble> {
    return await new TikTokDouble().start();
  }

  protected override credentials(): readonly string[] {
    return [this.accessToken];
  }

  protected override reply(request: Incoming): Reply {
    const { headers, method, url } = request;
    if (url.pathname !== '/open_api/v1.3/event/track/') {
      this.fail('wrong path', url.pathname);
      return { answer: json(404, { code: 40006, message: 'No such path', request_id: requestId, data: {} }) };
    }
    if (method !== 'POST') {
      this.fail('wrong method', method);
      return { answer: json(405, { code: 40006, message: 'Method not allowed', request_id: requestId, data: {} }) };
    }
    if (headers.authorization !== undefined) this.fail('credential in the wrong place', 'Authorization');
    const parsed = this.parse(request);
    const faults = parsed === null ? [] : this.faults(body, parsed);
    const known = /event_id$|event_source_id|test_event_code|user\.(ttclid|ttp|ip|user_agent)$|page\./;
    if (parsed !== null) this.inspect(request, parsed, known);
    const token = headers['access-token'];
    if (token === undefined) {
      this.fail('missing credential', 'Access-Token');
      return { answer: tiktokAnswer(40104, 'The request has no Access-Token.') };
    }
    if (token !== this.accessToken)
      return { answer: tiktokAnswer(40105, 'Access token is incorrect or has been revoked.') };
    if (parsed === null) return { answer: tiktokAnswer(40002, 'The body is not valid JSON.') };
    const grave = faults.find(({ kind }) => kind !== 'unknown');
    if (grave !== undefined) return { answer: tiktokAnswer(40002, wordsOf(grave)) };

    const given = parsed as Body;
    if (given.event_source_id !== this.eventSourceId) {
      return { answer: tiktokAnswer(40001, 'No permission to operate the pixel.') };
    }
    if (given.event_source !== 'web') {
      this.fail('wrong value', `event_source: ${given.event_source} with a pixel's id`);
      return { answer: tiktokAnswer(40002, 'Invalid event_source_id for this event_source.') };
    }
    if (given.data.length > 1) this.fail('several events in one request', `${given.data.length}`);
    const refused = given.data.map((it) => this.check(it)).find((it) => it !== null);
    if (refused !== undefined) return { answer: refused };
    const take = () => {
      for (const it of given.data) this.keep(it, given.test_event_code !== undefined);
    };
    return { answer: tiktokAnswer(0, 'OK'), take };
  }

  private keep(it: TikTokEvent, test: boolean): void {
    const { event: name, event_id: id, event_time: time, user } = it;
    if (id === undefined) this.fail('missing field', 'event_id: without it nothing is told apart');
    this.count(id === undefined ? null : `${name} ${id}`, it, { time, user }, test);
  }

  private check({ event_time: time, user, properties, page }: TikTokEvent): Answer | null {
    for (const field of hashed) for (const value of [user[field]].flat()) this.checkDigest(field, value);
    for (const field of plain) {
      if (isDigest(user[field] ?? '')) this.fail('hashed although it must be plain', field);
    }
    for (const field of ['city', 'state', 'country'] as const) {
      const value = user[field];
      if (value !== undefined && value !== value.trim().toLowerCase()) this.fail('wrong value', `${field}: ${value}`);
    }
    if (user.country !== undefined && !/^[a-z]{2}$/.test(user.country))
      this.fail('wrong value', `country: ${user.country}`);
    this.checkClick('ttclid', user.ttclid);
    this.checkClick('ttp', user.ttp);
    this.checkPage('page.url', page?.url);
    this.checkPage('page.referrer', page?.referrer);
    this.checkCurrency('currency', properties?.currency);
    if (properties !== undefined && (properties.value === undefined) !== (properties.currency === undefined)) {
      this.fail('currency and value apart', JSON.stringify(properties));
    }
    const wrong = this.mistakenTime(time);
    if (wrong !== null) {
      this.fail(wrong, `event_time: ${time}`);
      return tiktokAnswer(40002, 'Invalid value for event_time: out of range.');
    }
    const { email, phone, external_id: externalId, ttclid, ip, user_agent: userAgent } = user;
    const found = [email, phone, externalId, ttclid, ip !== undefined && userAgent !== undefined ? ip : undefined];
    if (found.some((it) => it !== undefined)) return null;
    this.fail('too little to match by', Object.keys(user).join(', ') || 'nothing');
    return tiktokAnswer(40002, 'Batch.0.user: at least one identifier is required.');
  }

  private mistakenTime(time: number) {
    if (time > 1e11) return 'milliseconds instead of seconds' as const;
    if (time * 1000 > this.clock() + minuteMs) return 'time in the future' as const;
    return time * 1000 < this.clock() - 28 * dayMs ? ('too old' as const) : null;
  }
}

function wordsOf({ path, kind, message }: Fault): string {
  const field = path.join('.');
  if (kind === 'type' && path.at(-1) === 'event_id') return 'Invalid value for event_id: not a valid string.';
  return `Batch.${field}: ${message}`;
}
