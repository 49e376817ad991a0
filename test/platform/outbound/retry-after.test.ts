import { expect } from 'chai';
import { retryAfterAt } from '../../../src/platform/outbound/retry-after.js';

const now = Date.parse('2026-11-23T22:00:00Z');

describe('Retry-After', () => {
  it('is read in seconds and as a date, and nothing else', () => {
    const table: [string | null, number | null][] = [
      ['120', now + 120_000],
      [' 7 ', now + 7_000],
      ['0', null],
      ['-5', null],
      ['1.5', null],
      ['9999999999', now + 9_999_999_999_000],
      ['99999999999', null],
      ['Mon, 23 Nov 2026 22:01:00 GMT', now + 60_000],
      ['Monday, 23-Nov-26 22:01:00 GMT', now + 60_000],
      ['Mon Nov 23 22:01:00 2026', now + 60_000],
      ['Mon, 23 Nov 2026 21:00:00 GMT', null],
      ['Tue, 01 Dec 2026 00:00:00 GMT', now + 7 * 86_400_000 + 2 * 3_600_000],
      ['2026-11-23T22:01:00Z', null],
      ['soon', null],
      ['', null],
      [null, null],
    ];
    for (const [header, at] of table) expect(retryAfterAt(header, now), String(header)).to.equal(at);
  });
});
