import { createHmac, timingSafeEqual } from 'node:crypto';

/** What subscribers receive. */
export interface WebhookEvent {
  id: string;
  type: string;
  created_at: string;
  data: Record<string, unknown>;
}

export class WebhookVerificationError extends Error {
  override readonly name = 'WebhookVerificationError';
}

const toleranceSeconds = 300;

type HeaderValues = Record<string, string | readonly string[] | undefined> | { get(name: string): string | null };

/**
 * The event of a delivery that is ours, unchanged and fresh.
 *
 * @param rawBody the request's body as it came, before any JSON parser
 * @param headers of `node:http`, of `fetch`, or any object with the names in any case
 * @param secretOrList `whsec_…`; during a rotation, the old one and the new one
 * @throws WebhookVerificationError when the signature is wrong or missing, or the timestamp more than 300 s away
 */
export function verifyWebhook(
  rawBody: string | Uint8Array,
  headers: HeaderValues,
  secretOrList: string | readonly string[],
): WebhookEvent {
  const id = header(headers, 'webhook-id');
  const timestamp = header(headers, 'webhook-timestamp');
  const signatures = header(headers, 'webhook-signature')
    .split(' ')
    .filter((signature) => signature.startsWith('v1,'))
    .map((signature) => Buffer.from(signature.slice(3), 'base64'));
  if (!/^\d{1,12}$/.test(timestamp)) throw new WebhookVerificationError('webhook-timestamp is not a number of seconds');
  if (Math.abs(Date.now() / 1_000 - Number(timestamp)) > toleranceSeconds) {
    throw new WebhookVerificationError('webhook-timestamp is more than 300 seconds away from now');
  }

  const secrets = typeof secretOrList === 'string' ? [secretOrList] : secretOrList;
  const isOurs = secrets.some((secret) => {
    if (!secret.startsWith('whsec_')) throw new WebhookVerificationError('a secret must begin with whsec_');
    const key = Buffer.from(secret.slice(6), 'base64');
    // Anyone can sign with an empty one.
    if (key.length === 0) throw new WebhookVerificationError('the secret is empty');
    const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(rawBody).digest();
    return signatures.some((given) => given.length === expected.length && timingSafeEqual(given, expected));
  });
  if (!isOurs) throw new WebhookVerificationError('no signature matches');
  const text = typeof rawBody === 'string' ? rawBody : new TextDecoder().decode(rawBody);
  return JSON.parse(text) as WebhookEvent;
}

function header(headers: HeaderValues, name: string): string {
  const value = isFetchHeaders(headers)
    ? headers.get(name)
    : Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  if (typeof value !== 'string') throw new WebhookVerificationError(`the header ${name} is missing`);
  return value;
}

const isFetchHeaders = (headers: HeaderValues): headers is { get(name: string): string | null } =>
  typeof headers['get'] === 'function';
