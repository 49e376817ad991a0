import { createHmac, createSecretKey, randomBytes, type KeyObject } from 'node:crypto';

/** A secret that signs, in both of its readings. Keys are parsed once: a raw one would be for every signature. */
export interface SigningSecret {
  /** The whole text, `whsec_` included, for `X-IoZen-Signature`. */
  readonly text: KeyObject;
  /** The bytes behind `whsec_`, for `webhook-signature`. */
  readonly bytes: KeyObject;
  /** Unix milliseconds; null: until it is rotated. */
  readonly expiresAt: number | null;
}

const prefix = 'whsec_';

export const newSecret = () => `${prefix}${randomBytes(32).toString('base64')}`;

export function signingSecret(secret: string, expiresAt: number | null): SigningSecret {
  return {
    text: createSecretKey(secret, 'utf8'),
    bytes: createSecretKey(Buffer.from(secret.slice(prefix.length), 'base64')),
    expiresAt,
  };
}

export interface Signatures {
  'X-IoZen-Signature': string;
  'webhook-signature': string;
}

/** `secrets` newest first; the first signs alone in our own header, all live ones in the standard's. */
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
    const signature = createHmac('sha256', bytes).update(start).update(message.body).digest('base64');
    standard += `${standard === '' ? '' : ' '}v1,${signature}`;
  }
  return {
    'X-IoZen-Signature': `sha256=${createHmac('sha256', newest.text).update(message.body).digest('hex')}`,
    'webhook-signature': standard,
  };
}
