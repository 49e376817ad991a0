import { expect } from 'chai';
import fc from 'fast-check';
import pg from 'pg';
import { isoTime, readTimestamp } from '../../../src/platform/postgres/timestamps.js';

describe('isoTime', () => {
  it('writes every moment as Date.toISOString does', () => {
    fc.assert(
      fc.property(fc.date({ noInvalidDate: true }), (at) => {
        expect(isoTime(at)).to.equal(at.toISOString());
      }),
      { numRuns: 5_000 },
    );
  });

  it('goes on doing so when more days were written than are kept', () => {
    for (let day = 0; day < 3_000; day += 1) {
      const at = new Date(day * 86_400_000 - 1);
      expect(isoTime(at)).to.equal(at.toISOString());
    }
  });
});

describe('readTimestamp', () => {
  const slowly = pg.types.getTypeParser(pg.types.builtins.TIMESTAMPTZ);
  const moment = fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });

  it('reads what PostgreSQL writes in UTC as its driver does, to the microsecond', () => {
    fc.assert(
      fc.property(moment, fc.nat(999_999), fc.nat(6), (at, micros, digits) => {
        const fraction = digits === 0 ? '' : `.${String(micros).padStart(6, '0').slice(0, digits)}`;
        const text = `${at.toISOString().slice(0, 19).replace('T', ' ')}${fraction}+00`;
        expect(readTimestamp(text)).to.deep.equal(slowly(text));
      }),
      { numRuns: 5_000 },
    );
  });

  for (const text of [
    'infinity',
    '-infinity',
    '2026-01-15 10:30:00+02',
    '2026-01-15 10:30:00.1-03:30',
    '0044-03-15 12:00:00+00 BC',
    '10000-01-01 00:00:00+00',
  ]) {
    it(`leaves ${text} to the driver`, () => {
      expect(readTimestamp(text)).to.equal(null);
    });
  }
});
