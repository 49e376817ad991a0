import { Buffer } from 'node:buffer';
import { createHmac, timingSafeEqual } from 'node:crypto';

// Events are frozen when they happen, so one that is sent again may be of before an update of the server: a key that is
// added to a payload here is optional.

/** A submission, as events tell of it. Times are ISO 8601 in UTC. */
export interface SubmissionPayload {
  id: string;
  intake_bot_id: string;
  /** Answers, by the names of their fields. */
  data: Record<string, string | number | boolean | string[]>;
  status: 'IN_PROGRESS' | 'COMPLETED';
  ai_summary: string | null;
  is_test: boolean;
  file_count: number;
  schema_version: number;
  created_at: string;
  updated_at: string;
}

export interface ContactPayload {
  id: string;
  email: string | null;
  phone: string | null;
  first_name: string | null;
  last_name: string | null;
  tags: string[];
  custom_fields: Record<string, unknown>;
  submission_count: number;
  created_at: string;
  updated_at: string;
}

export type IntakeBotStatus = 'DRAFT' | 'ACTIVE' | 'PAUSED' | 'ARCHIVED';

export interface IntakeBotPayload {
  id: string;
  name: string;
  description: string | null;
  status: IntakeBotStatus;
  submission_count: number;
  share_url: string;
  /** Its fields, in order. */
  schema: IntakeBotItem[];
  created_at: string;
  updated_at: string;
}

/** Skip kinds and keys that you do not know: some may be added. */
export interface IntakeBotItem {
  /** The key of its value in a submission's `data`. */
  name: string;
  label: string;
  type: string;
  required: boolean;
  options?: string[];
  helper_text?: string;
  placeholder?: string;
  min?: number;
  max?: number;
  min_length?: number;
  max_length?: number;
  pattern?: string;
  kind?: string;
}

/**
 * The `data` of each type of event. With a `payloadQuery` on the webhook, `data` holds what that selects instead; once the
 * person of whom an event speaks was erased, the event is sent again with an empty `data`.
 */
export interface WebhookPayloads {
  'submission.completed': { submission: SubmissionPayload };
  /** `changes` names the fields that changed. */
  'submission.updated': { submission: SubmissionPayload; changes: string[] };
  'contact.created': { contact: ContactPayload };
  'contact.updated': { contact: ContactPayload; changes: string[] };
  'intake-bot.status-changed': { intake_bot: IntakeBotPayload; previous_status: IntakeBotStatus };
}

export type WebhookEventType = keyof WebhookPayloads;

/** A webhook's body: `type` says what `data` holds. */
export type WebhookEvent = {
  [Type in WebhookEventType]: {
    /** The same in every repetition: keep the ids that you have seen, and skip events with these. */
    id: string;
    type: Type;
    created_at: string;
    data: WebhookPayloads[Type];
  };
}[WebhookEventType];

/** The request is not ioZen's, not whole or not fresh, or the function was called wrongly; the message says which. */
export class WebhookVerificationError extends Error {
  override readonly name = 'WebhookVerificationError';

  /** @param statusCode what Express and Fastify answer: 400 of a request that is refused, 500 of a wrong call */
  constructor(
    message: string,
    readonly statusCode: 400 | 500 = 400,
    options?: { cause: unknown },
  ) {
    super(message, options);
  }
}

const wrongCall = (message: string) => new WebhookVerificationError(message, 500);

/** Headers of `node:http` (`headers` or `headersDistinct`), of `fetch`, a Map, or any object; names in any case. */
export type WebhookHeaders =
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | Iterable<readonly [string, string | readonly string[]]>
  | { get(name: string): string | null | undefined };

const toleranceSeconds = 300;

/**
 * Returns the event of a delivery, once it is sure that ioZen sent it, that nobody changed it, and that it is fresh.
 *
 * @param rawBody the request's body as it came, before any JSON parser
 * @param headers of `node:http`, of `fetch`, or any object with the names in any case
 * @param secretOrList `whsec_…`; during a rotation, the old one and the new one
 * @throws {WebhookVerificationError} when the signature is wrong or missing, or the timestamp more than 300 s away
 */
export function verifyWebhook(
  rawBody: string | Uint8Array,
  headers: WebhookHeaders,
  secretOrList: string | readonly string[],
): WebhookEvent {
  // A stranger's request may have none, or a type that the framework's parser passes over.
  if (rawBody === undefined || rawBody === null) throw new WebhookVerificationError('there is no body');
  if (typeof rawBody !== 'string' && !(rawBody instanceof Uint8Array)) {
    throw wrongCall('the body must be given raw, as text or bytes, not as what a parser made of it');
  }
  const keys = keysOf(secretOrList);
  const id = one(headers, 'webhook-id');
  const timestamp = one(headers, 'webhook-timestamp');
  const signatures = all(headers, 'webhook-signature')
    .flatMap((value) => value.split(' '))
    .filter((signature) => signature.startsWith('v1,'))
    .map((signature) => Buffer.from(signature.slice(3), 'base64'));
  if (signatures.length === 0) throw new WebhookVerificationError('webhook-signature holds no signature of version v1');
  assertFresh(timestamp);

  const isOurs = keys.some((key) => {
    const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(rawBody).digest();
    return signatures.some((given) => given.length === expected.length && timingSafeEqual(given, expected));
  });
  if (!isOurs) {
    throw new WebhookVerificationError('no signature matches: the secret is another one, or the body was changed');
  }
  try {
    return JSON.parse(typeof rawBody === 'string' ? rawBody : new TextDecoder().decode(rawBody)) as WebhookEvent;
  } catch (error) {
    throw new WebhookVerificationError('the body is signed, and is no JSON', 400, { cause: error });
  }
}

function keysOf(secretOrList: string | readonly string[]): Buffer[] {
  const secrets: readonly unknown[] = Array.isArray(secretOrList) ? secretOrList : [secretOrList];
  if (secrets.length === 0) throw wrongCall('no secret is given');
  return secrets.map((secret) => {
    if (typeof secret !== 'string') throw wrongCall('the secret is missing');
    if (!secret.startsWith('whsec_')) throw wrongCall('a secret must begin with whsec_');
    const key = Buffer.from(secret.slice(6), 'base64');
    // Anybody can sign with an empty secret.
    if (key.length === 0) throw wrongCall('the secret is empty');
    return key;
  });
}

function assertFresh(timestamp: string): void {
  if (!/^\d{1,12}$/.test(timestamp)) throw new WebhookVerificationError('webhook-timestamp is not a number of seconds');
  const ageSeconds = Math.round(Date.now() / 1_000 - Number(timestamp));
  if (Math.abs(ageSeconds) <= toleranceSeconds) return;
  const when = ageSeconds > 0 ? 'old' : 'ahead of the clock of this machine';
  throw new WebhookVerificationError(
    `webhook-timestamp is ${Math.abs(ageSeconds)} seconds ${when}; at most ${toleranceSeconds} are allowed`,
  );
}

function one(headers: WebhookHeaders, name: string): string {
  const [value = '', ...others] = new Set(all(headers, name));
  if (others.length > 0) throw new WebhookVerificationError(`the header ${name} has more than one value`);
  return value;
}

function all(headers: WebhookHeaders, name: string): string[] {
  const values = entriesOf(headers, name)
    .filter(([key]) => String(key).toLowerCase() === name)
    .flatMap(([, value]) => value)
    .filter((value) => typeof value === 'string');
  if (values.length === 0) throw new WebhookVerificationError(`the header ${name} is missing`);
  return values;
}

type Entry = readonly [name: unknown, value: unknown];

function entriesOf(headers: WebhookHeaders, name: string): Entry[] {
  if (headers === null || typeof headers !== 'object') throw wrongCall('the headers are missing');
  if (Symbol.iterator in headers) return [...headers];
  if ('get' in headers && typeof headers.get === 'function') return [[name, headers.get(name)]];
  return Object.entries(headers);
}
