import { createPublicKey, verify } from 'node:crypto';
import { z } from 'zod';
import { dayMs, isDigest, json, PlatformDouble, type Answer, type Fault, type Incoming, type Reply } from './double.js';

/** An answer of Google's that refuses, with its reason where Google gives one beside the status. */
export function googleRefusal(
  code: number,
  status: string,
  { reason, field, message = `Refused: ${reason ?? status}`, headers = {} }: GoogleRefusal = {},
): Answer {
  const details = [
    ...(reason !== undefined ? [{ '@type': `${types}.ErrorInfo`, reason, domain: 'datamanager.googleapis.com' }] : []),
    { '@type': `${types}.RequestInfo`, requestId: 'a1b2c3-error' },
    ...(field !== undefined
      ? [{ '@type': `${types}.BadRequest`, fieldViolations: [{ field, description: message, reason }] }]
      : []),
  ];
  return json(code, { error: { code, message, status, details } }, headers);
}

interface GoogleRefusal {
  reason?: string;
  field?: string;
  message?: string;
  headers?: Record<string, string>;
}

/** What becomes of an event some time after it was accepted. */
export type Outcome =
  | { readonly status: 'SUCCESS' | 'PROCESSING' }
  | { readonly status: 'FAILED' | 'PARTIAL_SUCCESS'; readonly reason: string };

const types = 'type.googleapis.com/google.rpc';
const minuteMs = 60_000;
const halfAnHourMs = 30 * minuteMs;
const hourMs = 60 * minuteMs;
/** What an assertion must name as its audience, wherever the token is fetched. */
const audience = 'https://oauth2.googleapis.com/token';
const scope = 'https://www.googleapis.com/auth/datamanager';

const consent = z.strictObject({
  adUserData: z.enum(['CONSENT_GRANTED', 'CONSENT_DENIED', 'CONSENT_STATUS_UNSPECIFIED']).optional(),
  adPersonalization: z.enum(['CONSENT_GRANTED', 'CONSENT_DENIED', 'CONSENT_STATUS_UNSPECIFIED']).optional(),
});
const account = z.strictObject({ accountType: z.literal('GOOGLE_ADS'), accountId: z.string() });
const device = z.strictObject({ userAgent: z.string().optional(), ipAddress: z.string().optional() });
const event = z.strictObject({
  destinationReferences: z.array(z.string()).min(1).optional(),
  transactionId: z.string().min(1),
  eventTimestamp: z.string(),
  eventSource: z.enum(['WEB', 'APP', 'IN_STORE', 'PHONE', 'MESSAGE', 'OTHER']),
  adIdentifiers: z
    .strictObject({
      gclid: z.string().optional(),
      gbraid: z.string().optional(),
      wbraid: z.string().optional(),
      landingPageDeviceInfo: device.optional(),
    })
    .optional(),
  eventDeviceInfo: device.optional(),
  userData: z
    .strictObject({
      userIdentifiers: z
        .array(
          z.strictObject({
            emailAddress: z.string().optional(),
            phoneNumber: z.string().optional(),
            address: z
              .strictObject({
                givenName: z.string(),
                familyName: z.string(),
                regionCode: z.string(),
                postalCode: z.string().min(1),
              })
              .optional(),
          }),
        )
        .min(1)
        .max(10),
    })
    .optional(),
  consent: consent.optional(),
  conversionValue: z.number().min(0).optional(),
  currency: z.string().optional(),
});
const body = z.strictObject({
  destinations: z
    .array(
      z.strictObject({
        reference: z.string().optional(),
        loginAccount: account.optional(),
        operatingAccount: account,
        productDestinationId: z.string(),
      }),
    )
    .min(1)
    .max(10),
  encoding: z.enum(['HEX', 'BASE64']).optional(),
  validateOnly: z.boolean().optional(),
  consent: consent.optional(),
  events: z.array(event).min(1).max(2000),
});
type Body = z.infer<typeof body>;
type GoogleEvent = z.infer<typeof event>;

interface AccessToken {
  readonly text: string;
  readonly until: number;
}

interface Ingested {
  readonly outcome: Outcome;
  readonly at: number;
  readonly destination: Body['destinations'][number];
}

/** Google's Data Manager API and the token endpoint before it: accepted is not counted, what became of it is asked for later. */
export class GoogleDouble extends PlatformDouble {
  operatingAccountId = '9876543210';
  loginAccountId: string | null = null;
  conversionActionId = '7123456789';
  refresh = {
    clientId: '1234.apps.googleusercontent.com',
    clientSecret: 'GOCSPX-secret',
    refreshToken: '1//0gRefresh',
  };
  /** The public half of the service account's key, PEM. */
  serviceAccount = { clientEmail: 'leads@project.iam.gserviceaccount.com', publicKey: '', keyId: 'key1' };
  /** What becomes of the next events, one each; then they succeed, or are duplicates. */
  readonly outcomes: Outcome[] = [];
  /** So, of the next event that has this text. */
  readonly outcomesFor = new Map<string, Outcome>();
  tokensFetched = 0;

  private readonly tokens: AccessToken[] = [];
  private readonly ingested = new Map<string, Ingested>();
  private readonly validated = new Set<string>();
  private readonly spent: string[] = [];
  private requestIds = 0;

  private constructor() {
    super('google');
  }

  static async start(): Promise<GoogleDouble> {
    return await new GoogleDouble().start();
  }

  get tokenUrl(): string {
    return `${this.url}/token`;
  }

  override reset(): void {
    super.reset();
    this.outcomes.length = this.tokensFetched = 0;
    this.outcomesFor.clear();
    this.ingested.clear();
    this.validated.clear();
  }

  /** Every access token given so far is worth nothing any more, as when a grant was revoked. */
  revokeAccessTokens(): void {
    this.tokens.length = 0;
  }

  /** What is still being processed has become this. */
  becomes(outcome: Outcome): void {
    for (const [id, it] of this.ingested) {
      if (it.outcome.status === 'PROCESSING') this.ingested.set(id, { ...it, outcome });
    }
  }

  protected override credentials(): readonly string[] {
    const { clientSecret, refreshToken } = this.refresh;
    return [clientSecret, refreshToken, ...this.spent];
  }

  protected override reply(request: Incoming): Reply {
    switch (request.url.pathname) {
      case '/token':
        return { answer: this.token(request), aside: true };
      case '/v1/requestStatus:retrieve':
        return { answer: this.denied(request) ?? this.status(request), aside: true };
      case '/v1/events:ingest':
        return this.ingest(request);
      default:
        this.fail('wrong path', request.url.pathname);
        return { answer: googleRefusal(404, 'NOT_FOUND') };
    }
  }

  private token(request: Incoming): Answer {
    this.tokensFetched++;
    if (request.method !== 'POST') this.fail('wrong method', `${request.method} /token`);
    const type = request.headers['content-type'] ?? '';
    if (!type.startsWith('application/x-www-form-urlencoded')) this.fail('wrong content type', type || 'none');
    if (request.url.search !== '') this.fail('credential in a URL', '/token has a query');
    const form = new URLSearchParams(request.text);
    const refused = this.refuseGrant(form);
    if (refused !== null) return refused;
    const token = { text: `ya29.${this.tokensFetched}-access`, until: this.clock() + hourMs };
    this.tokens.push(token);
    this.spent.push(token.text);
    return json(200, { access_token: token.text, expires_in: 3599, scope, token_type: 'Bearer' });
  }

  private refuseGrant(form: URLSearchParams): Answer | null {
    const refusal = (error: string, error_description: string, status = 400) =>
      json(status, { error, error_description });
    const type = form.get('grant_type');
    if (type === 'refresh_token') {
      const { clientId, clientSecret, refreshToken } = this.refresh;
      if (form.get('client_id') !== clientId || form.get('client_secret') !== clientSecret) {
        return refusal('invalid_client', 'The OAuth client was not found.', 401);
      }
      if (form.get('refresh_token') !== refreshToken) return refusal('invalid_grant', 'Bad Request');
      return null;
    }
    if (type !== 'urn:ietf:params:oauth:grant-type:jwt-bearer') {
      this.fail('wrong value', `grant_type: ${type}`);
      return refusal('unsupported_grant_type', `Invalid grant_type: ${type}`);
    }
    return this.refuseAssertion(form.get('assertion') ?? '', (text) => refusal('invalid_grant', text));
  }

  private refuseAssertion(assertion: string, refuse: (text: string) => Answer): Answer | null {
    const [head = '', claims = '', signature = ''] = assertion.split('.');
    const { alg, kid } = decoded(head);
    const { iss, aud, scope: asked, iat, exp } = decoded(claims);
    const wrong = (claim: string, value: unknown) => {
      this.fail('wrong value', `assertion's ${claim}: ${String(value)}`);
      return refuse(`Invalid JWT: ${claim}`);
    };
    if (alg !== 'RS256') return wrong('alg', alg);
    if (aud !== audience) return wrong('aud', aud);
    if (asked !== scope) return wrong('scope', asked);
    if (typeof iat !== 'number' || typeof exp !== 'number') return wrong('iat, exp', [iat, exp]);
    if (exp - iat > 3600) {
      this.fail('credential that lives too long', `${exp - iat} s`);
      return refuse('Invalid JWT: Token must be a short-lived token (60 minutes)');
    }
    const now = this.clock() / 1000;
    if (exp < now || iat > now + 60) {
      return refuse(
        'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.',
      );
    }
    const { clientEmail, publicKey, keyId } = this.serviceAccount;
    if (iss !== clientEmail) return refuse('Invalid grant: account not found');
    if (kid !== undefined && kid !== keyId) return refuse('Invalid JWT Signature.');
    const signed = Buffer.from(`${head}.${claims}`);
    const fits = verify('RSA-SHA256', signed, createPublicKey(publicKey), Buffer.from(signature, 'base64url'));
    return fits ? null : refuse('Invalid JWT Signature.');
  }

  /** 401 for a token that is none, or no longer. */
  private denied(request: Incoming): Answer | null {
    const [, token] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? [];
    if (token === undefined)
      this.fail('missing credential', `Authorization: ${request.headers.authorization ?? 'none'}`);
    if (this.tokens.some(({ text, until }) => text === token && until > this.clock())) return null;
    const message = 'Request had invalid authentication credentials. Expected OAuth 2 access token.';
    return googleRefusal(401, 'UNAUTHENTICATED', { reason: 'ACCESS_TOKEN_EXPIRED', message });
  }

  private status(request: Incoming): Answer {
    if (request.method !== 'GET') this.fail('wrong method', `${request.method} requestStatus:retrieve`);
    const id = request.url.searchParams.get('requestId') ?? '';
    if (this.validated.has(id)) {
      this.fail('status of what was only validated', id);
      return googleRefusal(400, 'INVALID_ARGUMENT', { reason: 'INVALID_ARGUMENT' });
    }
    const found = this.ingested.get(id);
    if (found === undefined) return googleRefusal(404, 'NOT_FOUND', { reason: 'NOT_FOUND' });
    const { outcome, at, destination } = found;
    const early = this.clock() < at + halfAnHourMs;
    const requestStatus = early ? 'PROCESSING' : outcome.status;
    const errors = !early && 'reason' in outcome ? [{ reason: outcome.reason, recordCount: '1' }] : [];
    const row = {
      destination,
      requestStatus,
      eventsIngestionStatus: { recordCount: '1' },
      ...(errors.length > 0 && { errorInfo: { errorCounts: errors } }),
    };
    return json(200, { requestStatusPerDestination: [row] });
  }

  private ingest(request: Incoming): Reply {
    if (request.method !== 'POST') {
      this.fail('wrong method', request.method);
      return { answer: googleRefusal(404, 'NOT_FOUND') };
    }
    const denied = this.denied(request);
    const parsed = this.parse(request);
    if (parsed === null) return { answer: googleRefusal(400, 'INVALID_ARGUMENT', { reason: 'INVALID_ARGUMENT' }) };
    const faults = this.faults(body, parsed);
    const plain =
      /transactionId|accountId|productDestinationId|[gw]braid|gclid|userAgent|ipAddress|eventTimestamp|postalCode/;
    this.inspect(request, parsed, plain);
    if (denied !== null) return { answer: denied };
    if (faults[0] !== undefined) return { answer: refusalOf(faults[0]) };

    const given = parsed as Body;
    const [destination] = given.destinations;
    const [first] = given.events;
    if (destination === undefined || first === undefined) throw new Error('the schema wants one of each');
    if (given.events.length > 1) this.fail('several events in one request', `${given.events.length}`);
    const refused = this.checkDestination(destination) ?? this.checkEvent(first, given);
    if (refused !== null) return { answer: refused };

    const requestId = `request-${++this.requestIds}`;
    const take = () => {
      if (given.validateOnly === true) this.validated.add(requestId);
      else this.ingested.set(requestId, { outcome: this.become(first, destination), at: this.clock(), destination });
    };
    return { answer: json(200, { requestId }), take };
  }

  private checkDestination({ operatingAccount, loginAccount, productDestinationId }: Body['destinations'][number]) {
    const ids = {
      operatingAccount: operatingAccount.accountId,
      loginAccount: loginAccount?.accountId,
      productDestinationId,
    };
    for (const [field, id] of Object.entries(ids)) {
      if (id === undefined || /^\d+$/.test(id)) continue;
      this.fail('wrong value', `${field}: ${id} are not digits alone`);
      return googleRefusal(400, 'INVALID_ARGUMENT', {
        reason: 'INVALID_DESTINATION',
        field: `destinations[0].${snake(field)}`,
      });
    }
    if (operatingAccount.accountId !== this.operatingAccountId) {
      const message = 'The caller does not have permission';
      return googleRefusal(403, 'PERMISSION_DENIED', { reason: 'PERMISSION_DENIED', message });
    }
    if ((loginAccount?.accountId ?? null) !== this.loginAccountId) {
      return googleRefusal(400, 'INVALID_ARGUMENT', { reason: 'OPERATING_ACCOUNT_LOGIN_ACCOUNT_MISMATCH' });
    }
    if (productDestinationId !== this.conversionActionId) {
      return googleRefusal(400, 'INVALID_ARGUMENT', { reason: 'INVALID_CONVERSION_ACTION_ID' });
    }
    return null;
  }

  private checkEvent(it: GoogleEvent, given: Body): Answer | null {
    const invalid = (reason: string, field: string) =>
      googleRefusal(400, 'INVALID_ARGUMENT', { reason, field: `events.events[0].${field}` });
    const { adIdentifiers: clicks = {}, userData } = it;
    const references = given.destinations.map(({ reference }) => reference);
    if (it.destinationReferences?.some((reference) => !references.includes(reference)) === true) {
      this.fail('wrong value', `destinationReferences: ${it.destinationReferences.join(', ')}`);
      return invalid('INVALID_DESTINATION', 'destination_references[0]');
    }
    for (const consent of [it.consent ?? given.consent]) {
      if (consent?.adUserData === 'CONSENT_DENIED') this.fail('denied consent sent', 'adUserData');
    }
    for (const info of [it.eventDeviceInfo, clicks.landingPageDeviceInfo]) {
      if (info?.ipAddress !== undefined && !z.union([z.ipv4(), z.ipv6()]).safeParse(info.ipAddress).success) {
        this.fail('wrong value', `ipAddress: ${info.ipAddress}`);
      }
    }
    return (
      this.checkTime(it.eventTimestamp, invalid) ??
      this.checkClicks(clicks, invalid) ??
      this.checkIdentifiers(userData, given.encoding, invalid) ??
      this.checkValue(it, invalid) ??
      this.checkSomebody(clicks, userData, invalid)
    );
  }

  private checkTime(time: string, invalid: Invalid): Answer | null {
    const seconds = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(time)
      ? Date.parse(time) / 1000
      : NaN;
    if (Number.isNaN(seconds)) {
      this.fail(/^\d+$/.test(time) ? 'number instead of RFC 3339' : 'wrong value', `eventTimestamp: ${time}`);
      return invalid('EVENT_TIME_INVALID', 'event_timestamp');
    }
    if (seconds * 1000 <= this.clock() + minuteMs) return null;
    this.fail('time in the future', `eventTimestamp: ${time}`);
    return invalid('EVENT_TIME_INVALID', 'event_timestamp');
  }

  private checkClicks(clicks: NonNullable<GoogleEvent['adIdentifiers']>, invalid: Invalid): Answer | null {
    const { gclid, gbraid, wbraid } = clicks;
    for (const [field, id] of Object.entries({ gclid, gbraid, wbraid })) this.checkClick(field, id);
    if ([gclid, gbraid, wbraid].filter((id) => id !== undefined).length < 2) return null;
    this.fail('several click ids', JSON.stringify({ gclid, gbraid, wbraid }));
    return gbraid !== undefined && wbraid !== undefined ? invalid('INVALID_EVENT', 'ad_identifiers') : null;
  }

  private checkIdentifiers(
    userData: GoogleEvent['userData'],
    encoding: Body['encoding'],
    invalid: Invalid,
  ): Answer | null {
    if (userData === undefined) return null;
    if (encoding === undefined) {
      this.fail('missing field', 'encoding');
      return googleRefusal(400, 'INVALID_ARGUMENT', { reason: 'REQUIRED_FIELD_MISSING', field: 'encoding' });
    }
    for (const [index, identifier] of userData.userIdentifiers.entries()) {
      const field = `user_data.user_identifiers[${index}]`;
      if (Object.keys(identifier).length !== 1) {
        this.fail('wrong value', `an identifier is exactly one of its kinds: ${Object.keys(identifier).join(', ')}`);
        return invalid('INVALID_ARGUMENT', field);
      }
      const { emailAddress, phoneNumber, address } = identifier;
      const { givenName, familyName, regionCode, postalCode } = address ?? {};
      for (const [name, value] of Object.entries({ emailAddress, phoneNumber, givenName, familyName })) {
        if (value === undefined) continue;
        const hex = encoding === 'HEX' ? value : Buffer.from(value, 'base64').toString('hex');
        this.checkDigest(name, hex);
        if (!isDigest(hex))
          return invalid(encoding === 'HEX' ? 'INVALID_HEX_ENCODING' : 'INVALID_BASE64_ENCODING', field);
      }
      if (regionCode !== undefined && isDigest(regionCode)) this.fail('hashed although it must be plain', 'regionCode');
      if (postalCode !== undefined && isDigest(postalCode)) this.fail('hashed although it must be plain', 'postalCode');
      if (regionCode !== undefined && !/^[A-Z]{2}$/.test(regionCode)) {
        this.fail('wrong value', `regionCode: ${regionCode}`);
        return invalid('INVALID_COUNTRY_CODE', `${field}.address.region_code`);
      }
      if (postalCode !== undefined && postalCode.trim() !== postalCode) {
        this.fail('wrong value', `postalCode: '${postalCode}'`);
        return invalid('INVALID_POSTAL_CODE', `${field}.address.postal_code`);
      }
    }
    return null;
  }

  private checkValue({ conversionValue, currency }: GoogleEvent, invalid: Invalid): Answer | null {
    if ((conversionValue === undefined) !== (currency === undefined)) {
      this.fail('currency and value apart', JSON.stringify({ conversionValue, currency }));
    }
    this.checkCurrency('currency', currency);
    const known = currency === undefined || /^[A-Z]{3}$/.test(currency);
    return known ? null : invalid('INVALID_CURRENCY_CODE', 'currency');
  }

  private checkSomebody(
    { gclid, gbraid, wbraid }: NonNullable<GoogleEvent['adIdentifiers']>,
    userData: GoogleEvent['userData'],
    invalid: Invalid,
  ): Answer | null {
    if ((gclid ?? gbraid ?? wbraid) !== undefined || userData !== undefined) return null;
    this.fail('too little to match by', 'no click id and no identifier');
    return invalid('NO_IDENTIFIERS_PROVIDED', 'user_data');
  }

  /** What will be said of the event in half an hour; what is a duplicate then is counted once now. */
  private become(it: GoogleEvent, { productDestinationId }: Body['destinations'][number]): Outcome {
    const text = [...this.outcomesFor.keys()].find((part) => JSON.stringify(it).includes(part));
    const scripted = text === undefined ? this.outcomes.shift() : this.outcomesFor.get(text);
    this.outcomesFor.delete(text ?? '');
    if (scripted?.status === 'FAILED') return scripted;
    const failed = (reason: string): Outcome => ({ status: 'FAILED', reason: `PROCESSING_ERROR_REASON_${reason}` });
    if (Date.parse(it.eventTimestamp) < this.clock() - 90 * dayMs) {
      this.fail('too old', `eventTimestamp: ${it.eventTimestamp}`);
      return failed('EVENT_TOO_OLD');
    }
    const gclid = it.adIdentifiers?.gclid;
    const sameClick = this.conversions.some(
      ({ event, key }) =>
        gclid !== undefined &&
        key !== `${productDestinationId} ${it.transactionId}` &&
        (event as GoogleEvent).adIdentifiers?.gclid === gclid &&
        (event as GoogleEvent).eventTimestamp === it.eventTimestamp,
    );
    if (sameClick) return failed('DUPLICATE_GCLID');
    const repeats = this.repeats;
    const { eventTimestamp: time, userData } = it;
    this.count(`${productDestinationId} ${it.transactionId}`, it, { time, userData }, false);
    return this.repeats > repeats ? failed('DUPLICATE_TRANSACTION_ID') : (scripted ?? { status: 'SUCCESS' });
  }
}

type Invalid = (reason: string, field: string) => Answer;

const snake = (field: string) => field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function refusalOf({ path, kind, message }: Fault): Answer {
  const field = path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${snake(key)}`))
    .join('')
    .slice(1);
  if (kind === 'unknown') {
    const text = `Invalid JSON payload received. Unknown name "${String(path.at(-1))}" at '${field}': Cannot find field.`;
    return googleRefusal(400, 'INVALID_ARGUMENT', { message: text });
  }
  const reason =
    kind === 'missing' ? 'REQUIRED_FIELD_MISSING' : kind === 'type' ? 'INVALID_ARGUMENT' : 'INVALID_ENUM_VALUE';
  return googleRefusal(400, 'INVALID_ARGUMENT', { reason, field, message });
}

function decoded(part: string): Record<string, unknown> {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
  } catch {
    return {};
  }
}
