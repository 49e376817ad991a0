import { expect } from 'chai';
import fc from 'fast-check';
import { isoTime } from '../src/platform/iso-time.js';

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
