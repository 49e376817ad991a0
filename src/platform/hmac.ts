import { hash } from 'node:crypto';

const blockBytes = 64;
const digestBytes = 32;
/** The buffer in which a message is put together; a longer message gets one of its own. */
const shared = Buffer.allocUnsafeSlow(65_536);

/**
 * HMAC with SHA-256 (RFC 2104) for many messages under one key. `createHmac` makes a native object for each, which costs
 * as much as hashing 1 KiB and has to be collected; two hashes in one call each do not.
 */
export class Hmac {
  private readonly inner: Buffer;
  /** The outer key, and behind it room for the digest of the inner hash. */
  private readonly outer: Buffer;

  constructor(key: Buffer) {
    const block = Buffer.alloc(blockBytes);
    block.set(key.length > blockBytes ? hash('sha256', key, 'buffer') : key);
    this.inner = Buffer.from(block.map((byte) => byte ^ 0x36));
    this.outer = Buffer.alloc(blockBytes + digestBytes);
    this.outer.set(block.map((byte) => byte ^ 0x5c));
  }

  /** The HMAC of `start` (ASCII), followed by `body`. */
  digest(start: string, body: Buffer, encoding: 'hex' | 'base64'): string {
    const bodyAt = blockBytes + start.length;
    const length = bodyAt + body.length;
    const message = length <= shared.length ? shared : Buffer.allocUnsafeSlow(length);
    message.set(this.inner);
    message.write(start, blockBytes, 'latin1');
    message.set(body, bodyAt);
    this.outer.write(hash('sha256', message.subarray(0, length), 'binary'), blockBytes, 'latin1');
    return hash('sha256', this.outer, encoding);
  }
}
