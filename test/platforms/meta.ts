import { z } from 'zod';
import { dayMs, json, PlatformDouble, type Answer, type Incoming, type Reply } from './double.js';

/** An answer of Meta's that refuses. The HTTP status says little: 190 and 17 were seen under 400 and under 500. */
export function metaRefusal(
  code: number,
  { subcode, status = 400, transient = false, message = `(#${code}) refused` }: MetaRefusal = {},
): Answer {
  return json(status, {
    error: {
      message,
      type: code === 190 || code === 102 ? 'OAuthException' : 'GraphMethodException',
      code,
      ...(subcode !== undefined && { error_subcode: subcode }),
      is_transient: transient,
      fbtrace_id: traceId,
    },
  });
}

interface MetaRefusal {
  subcode?: number;
  status?: number;
  transient?: boolean;
  message?: string;
}

const traceId = 'AbCdEfGhIjKlMnOp';
const minuteMs = 60_000;
const digest = z.union([z.string(), z.array(z.string()).min(1)]);
const event = z.strictObject({
  event_name: z.string().min(1),
  event_time: z.int(),
  event_id: z.string().min(1).optional(),
  event_source_url: z.string().optional(),
  referrer_url: z.string().optional(),
  action_source: z.enum([
    'email',
    'website',
    'app',
    'phone_call',
    'chat',
    'physical_store',
    'system_generated',
    'business_messaging',
    'other',
  ]),
  opt_out: z.boolean().optional(),
  user_data: z.strictObject({
    em: digest.optional(),
    ph: digest.optional(),
    fn: digest.optional(),
    ln: digest.optional(),
    ct: digest.optional(),
    st: digest.optional(),
    zp: digest.optional(),
    country: digest.optional(),
    db: digest.optional(),
    ge: digest.optional(),
    external_id: digest.optional(),
    client_ip_address: z.union([z.ipv4(), z.ipv6()]).optional(),
    client_user_agent: z.string().optional(),
    fbc: z.string().optional(),
    fbp: z.string().optional(),
    lead_id: z.int().optional(),
  }),
  custom_data: z
    .strictObject({
      value: z.number().optional(),
      currency: z.string().optional(),
      content_name: z.string().optional(),
      event_source: z.literal('crm').optional(),
      lead_event_source: z.string().optional(),
    })
    .optional(),
  data_processing_options: z.array(z.literal('LDU')).max(1).optional(),
  data_processing_options_country: z.union([z.literal(0), z.literal(1)]).optional(),
  data_processing_options_state: z.union([z.literal(0), z.int().min(1000).max(1013)]).optional(),
});
const body = z.strictObject({
  data: z.array(event).min(1).max(1000),
  test_event_code: z.string().min(1).optional(),
  access_token: z.string().optional(),
  partner_agent: z.string().max(22).optional(),
});
type MetaEvent = z.infer<typeof event>;

const hashed = ['em', 'ph', 'fn', 'ln', 'ct', 'st', 'zp', 'country', 'db', 'ge', 'external_id'] as const;
/** Who is known by no more than one of these sets is known to nobody. */
const tooBroad = [
  ['ct', 'country', 'st', 'zp', 'ge', 'client_user_agent'],
  ['db', 'client_user_agent'],
  ['fn', 'ge'],
  ['ln', 'ge'],
];

/** Meta's Conversions API: one dataset, one token, the whole request refused for one bad event. */
export class MetaDouble extends PlatformDouble {
  datasetId = '1234567890123456';
  accessToken = 'EAABsbCS1iHgBAKZCmetaToken';

  private constructor() {
    super('meta');
  }

  static async start(): Promise<MetaDouble> {
    return await new MetaDouble().start();
  }

  protected override credentials(): readonly string[] {
    return [this.accessToken];
  }

  protected override reply(request: Incoming): Reply {
    const [, version, dataset] = /^(\/v\d+\.0)?\/([^/]+)\/events$/.exec(request.url.pathname) ?? [];
    if (dataset === undefined) {
      this.fail('wrong path', request.url.pathname);
      return { answer: metaRefusal(2500, { message: `Unknown path components: ${request.url.pathname}` }) };
    }
    if (version === undefined) {
      this.fail('no version', request.url.pathname);
      return { answer: metaRefusal(2635, { message: 'You are calling an unversioned endpoint' }) };
    }
    if (request.method !== 'POST') {
      this.fail('wrong method', request.method);
      return { answer: metaRefusal(100, { message: 'Unsupported request' }) };
    }
    if (request.headers.authorization !== undefined) this.fail('credential in the wrong place', 'Authorization');
    const parsed = this.parse(request);
    if (parsed === null) return { answer: metaRefusal(100, { message: 'Invalid parameter' }) };

    const faults = this.faults(body, parsed);
    this.inspect(request, parsed, /access_token|user_agent|event_id$|_url$|fb[cp]$|ip_address|test_event_code/);
    const given = parsed as z.infer<typeof body>;
    const token = given.access_token ?? request.url.searchParams.get('access_token');
    if (token === null) {
      this.fail('missing credential', 'access_token');
      return { answer: metaRefusal(104, { message: 'An access token is required to request this resource.' }) };
    }
    if (token !== this.accessToken) {
      const message = 'Error validating access token: The session is invalid because the user logged out.';
      return { answer: metaRefusal(190, { subcode: 467, message }) };
    }
    if (dataset !== this.datasetId) {
      const message = `Unsupported post request. Object with ID '${dataset}' does not exist, cannot be loaded due to missing permissions, or does not support this operation.`;
      return { answer: metaRefusal(100, { subcode: 33, message }) };
    }
    const grave = faults.find(({ kind }) => kind !== 'unknown');
    if (grave !== undefined)
      return { answer: metaRefusal(100, { message: `Invalid parameter: ${grave.path.join('.')}` }) };

    if (given.data.length > 1) this.fail('several events in one request', `${given.data.length}`);
    const refused = given.data.map((it) => this.check(it)).find((it) => it !== null);
    if (refused !== undefined) return { answer: refused };
    const take = () => {
      for (const it of given.data) this.keep(it, given.test_event_code !== undefined);
    };
    return { answer: json(200, { events_received: given.data.length, messages: [], fbtrace_id: traceId }), take };
  }

  private keep(it: MetaEvent, test: boolean): void {
    const { event_name: name, event_id: id, event_time: time, user_data: person } = it;
    this.count(id === undefined ? null : `${name} ${id}`, it, { time, person }, test);
  }

  /** Why the platform refuses the event; null where it takes it, whatever was noted of it. */
  private check(it: MetaEvent): Answer | null {
    const { user_data: person, custom_data: custom } = it;
    for (const field of hashed) for (const value of [person[field]].flat()) this.checkDigest(field, value);
    this.checkPage('event_source_url', it.event_source_url);
    this.checkPage('referrer_url', it.referrer_url);
    if (it.event_id === undefined) this.fail('missing field', 'event_id: without it nothing is told apart');
    if (person.fbp !== undefined && !/^fb\.[012]\.\d{13}\.\d+$/.test(person.fbp))
      this.fail('wrong value', `fbp: ${person.fbp}`);
    else this.checkClick('fbp', person.fbp);
    if (it.data_processing_options?.length === 1) {
      for (const field of ['data_processing_options_country', 'data_processing_options_state'] as const) {
        if (it[field] === undefined) this.fail('missing field', field);
      }
    }
    return this.checkTime(it) ?? this.checkSource(it) ?? this.checkFbc(person.fbc) ?? this.checkValue(custom);
  }

  private checkTime({ event_time: time, action_source: source }: MetaEvent): Answer | null {
    const daysMax = source === 'physical_store' ? 62 : 7;
    if (time > 1e11) {
      this.fail('milliseconds instead of seconds', `event_time: ${time}`);
      return metaRefusal(100, { subcode: 2804004, message: 'event_time is in the future' });
    }
    if (time * 1000 > this.clock() + minuteMs) {
      this.fail('time in the future', `event_time: ${time}`);
      return metaRefusal(100, { subcode: 2804004, message: 'event_time is in the future' });
    }
    if (time * 1000 < this.clock() - daysMax * dayMs) {
      this.fail('too old', `event_time: ${time}`);
      return metaRefusal(100, { subcode: 2804003, message: 'event_time is more than 7 days in the past' });
    }
    return null;
  }

  private checkSource({ action_source: source, event_source_url: page, user_data: person }: MetaEvent): Answer | null {
    if (source === 'website' && (page === undefined || person.client_user_agent === undefined)) {
      this.fail('missing field', 'a website has event_source_url and client_user_agent');
      return metaRefusal(100, { message: 'Missing event_source_url or client_user_agent for a website event' });
    }
    const keys = Object.keys(person);
    if (tooBroad.some((set) => keys.every((key) => set.includes(key)))) {
      this.fail('too little to match by', keys.join(', ') || 'nothing');
      return metaRefusal(100, { subcode: 2804050, message: 'The customer information parameters are too broad' });
    }
    return null;
  }

  private checkFbc(fbc: string | undefined): Answer | null {
    if (fbc === undefined) return null;
    const [, seen = '', id = ''] = /^fb\.[012]\.(\d+)\.([\w-]+)(?:\.[\w-]+)?$/.exec(fbc) ?? [];
    const refused = metaRefusal(100, { subcode: 2804001, message: `Invalid click id: ${fbc}` });
    if (seen === '') {
      this.fail('wrong value', `fbc: ${fbc}`);
      return refused;
    }
    if (seen.length !== 13) {
      this.fail('seconds instead of milliseconds', `fbc: ${fbc}`);
      return refused;
    }
    // A cookie's own value is known whole, a bare fbclid by what it becomes here.
    if (!this.clicks.has(fbc)) {
      this.checkClick('fbc', id);
      const firstSeenAt = this.clicks.get(id) ?? null;
      if (firstSeenAt !== null && firstSeenAt !== Number(seen)) {
        this.fail('click seen at another time', `fbc: ${seen} instead of ${firstSeenAt}`);
      }
    }
    if (Number(seen) < this.clock() - 90 * dayMs || Number(seen) > this.clock() + minuteMs) {
      this.fail(Number(seen) > this.clock() ? 'time in the future' : 'click too old', `fbc: ${fbc}`);
      return refused;
    }
    return null;
  }

  private checkValue(custom: MetaEvent['custom_data']): Answer | null {
    if (custom === undefined) return null;
    this.checkCurrency('currency', custom.currency);
    if ((custom.value === undefined) === (custom.currency === undefined)) return null;
    this.fail('currency and value apart', JSON.stringify(custom));
    return custom.value === undefined ? metaRefusal(100, { subcode: 2804009, message: 'Missing value' }) : null;
  }
}
