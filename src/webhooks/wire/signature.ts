import { randomBytes } from 'node:crypto';
import { Hmac } from '../../platform/hmac.js';

/** A secret that signs, in the two ways in which its text is read as a key. */
export interface SigningSecret {
  /** The whole text, `whsec_` included, for `X-IoZen-Signature`. */
  readonly text: Hmac;
  /** The bytes behind `whsec_`, for `webhook-signature`. */
  readonly bytes: Hmac;
  /** Unix milliseconds; null: until it is rotated. */
  readonly expiresAt: number | null;
}

const prefix = 'whsec_';

export const newSecret = () => `${prefix}${randomBytes(32).toString('base64')}`;

export function signingSecret(secret: string, expiresAt: number | null): SigningSecret {
  return {
    text: new Hmac(Buffer.from(secret)),
    bytes: new Hmac(Buffer.from(secret.slice(prefix.length), 'base64')),
    expiresAt,
  };
}

export interface Signatures {
  'X-IoZen-Signature': string;
  'webhook-signature': string;
}

/** @param secrets the newest first: it alone signs in our own header; all that have not expired sign in the standard's */
export function signaturesOf(
  message: { eventId: string; timestampSeconds: number; body: Buffer },
  secrets: readonly SigningSecret[],
  now: number,
): Signatures {
  const [newest] = secrets;
  if (newest === undefined) throw new Error('A webhook endpoint has no secret');
  const start = `${message.eventId}.${message.timestampSeconds}.`;
  let standard = '';
  for (const { bytes, expiresAt } of secrets) {
    if (expiresAt !== null && expiresAt <= now) continue;
    standard += `${standard === '' ? '' : ' '}v1,${bytes.digest(start, message.body, 'base64')}`;
  }
  return {
    'X-IoZen-Signature': `sha256=${newest.text.digest('', message.body, 'hex')}`,
    'webhook-signature': standard,
  };
}
