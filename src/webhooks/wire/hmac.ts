import { hash } from 'node:crypto';

const blockBytes = 64;
const digestBytes = 32;
/** Where what is hashed is put together; what is longer gets a place of its own. */
const shared = Buffer.allocUnsafeSlow(65_536);

/**
 * HMAC with SHA-256 (RFC 2104) for many messages under one key. `createHmac` makes a native object for each, which costs
 * as much as hashing 1 KiB and has to be collected; two hashes in one call each do not.
 */
export class Hmac {
  private readonly inner: Buffer;
  /** Followed by room for the digest of the inner hash. */
  private readonly outer: Buffer;

  constructor(key: Buffer) {
    const block = Buffer.alloc(blockBytes);
    block.set(key.length > blockBytes ? hash('sha256', key, 'buffer') : key);
    this.inner = Buffer.from(block.map((byte) => byte ^ 0x36));
    this.outer = Buffer.alloc(blockBytes + digestBytes);
    this.outer.set(block.map((byte) => byte ^ 0x5c));
  }

  /** Of `start`, in ASCII, and `body` behind it. */
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
