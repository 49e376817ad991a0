import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hash,
  randomBytes,
  timingSafeEqual,
  type KeyObject,
} from 'node:crypto';

/**
 * Encrypts what must be read again (AES-256-GCM), and signs what must not be altered. The first key of `SECRETS_KEY`
 * seals and signs, each key of the list opens and verifies: to rotate, put a new key in front.
 */
export class Secrets {
  private readonly keys = new Map<string, KeyObject>();
  private readonly newest: string;

  constructor(keys: readonly Buffer[]) {
    for (const key of keys) {
      this.keys.set(hash('sha256', key).slice(0, 8), createSecretKey(key));
    }
    const [newest] = this.keys.keys();
    if (newest === undefined) throw new Error('Secrets needs at least one key');
    this.newest = newest;
  }

  /** @param context what the secret belongs to (`webhook_endpoint:<id>`): a sealed text opens in the same context alone */
  seal(plain: string, context: string): string {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.key(this.newest), nonce).setAAD(Buffer.from(context));
    const sealed = Buffer.concat([nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return `${this.newest}.${sealed.toString('base64url')}`;
  }

  open(sealed: string, context: string): string {
    const [keyId = '', encoded = ''] = sealed.split('.');
    const bytes = Buffer.from(encoded, 'base64url');
    const decipher = createDecipheriv('aes-256-gcm', this.key(keyId), bytes.subarray(0, 12))
      .setAAD(Buffer.from(context))
      .setAuthTag(bytes.subarray(-16));
    return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString('utf8');
  }

  /** `<key id>.<hex HMAC-SHA256>` under the newest key. */
  sign(text: string): string {
    return `${this.newest}.${createHmac('sha256', this.key(this.newest)).update(text).digest('hex')}`;
  }

  verify(text: string, signature: string): boolean {
    const [keyId = '', mac = ''] = signature.split('.');
    const key = this.keys.get(keyId);
    if (key === undefined) return false;
    const [expected, given] = [createHmac('sha256', key).update(text).digest(), Buffer.from(mac, 'hex')];
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  /** The fingerprint of the key that made the signature, if `SECRETS_KEY` lacks that key; null if it has it. */
  missingKey(signature: string): string | null {
    const [, keyId = null] = /^([0-9a-f]{8})\./.exec(signature) ?? [];
    return keyId === null || this.keys.has(keyId) ? null : keyId;
  }

  private key(id: string): KeyObject {
    const key = this.keys.get(id);
    if (key === undefined) throw new Error(`SECRETS_KEY has no key with the fingerprint ${id}`);
    return key;
  }
}
