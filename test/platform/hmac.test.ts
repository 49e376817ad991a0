import { createHmac } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { Hmac } from '../../src/platform/hmac.js';

const repeated = (byte: number, times: number) => Buffer.alloc(times, byte);

describe('Hmac', () => {
  const vectors: [key: Buffer, message: Buffer, digest: string][] = [
    [repeated(0x0b, 20), Buffer.from('Hi There'), 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
    [
      Buffer.from('Jefe'),
      Buffer.from('what do ya want for nothing?'),
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    ],
    [repeated(0xaa, 20), repeated(0xdd, 50), '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe'],
    [
      repeated(0xaa, 131),
      Buffer.from('Test Using Larger Than Block-Size Key - Hash Key First'),
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    ],
  ];
  for (const [index, [key, message, digest]] of vectors.entries())
    it(`agrees with test vector ${index + 1} of those chosen from RFC 4231`, () => {
      expect(new Hmac(key).digest('', message, 'hex')).to.equal(digest);
    });

  it('agrees with Node.js for every key and message, and once more for the next message', () => {
    const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));
    const start = fc.string({ unit: 'grapheme-ascii', maxLength: 80 });
    const body = fc.oneof(
      bytes(300),
      fc.integer({ min: 65_300, max: 200_000 }).map((length) => repeated(7, length)),
    );
    const messages = fc.array(fc.tuple(start, body), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(bytes(140), messages, (key, all) => {
        const hmac = new Hmac(key);
        for (const [text, rest] of all)
          for (const encoding of ['hex', 'base64'] as const) {
            const expected = createHmac('sha256', key).update(text).update(rest).digest(encoding);
            expect(hmac.digest(text, rest, encoding)).to.equal(expected);
          }
      }),
    );
  });
});
