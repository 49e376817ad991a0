import fc from 'fast-check';

const surrogates = { first: 0xd800, count: 0x800 };

/**
 * Every code point but halves of pairs: the unit `binary` of fast-check, which takes a second and 140 MB to make, for the
 * worker of the tests to keep.
 */
export const anyCharacter = fc
  .integer({ min: 0, max: 0x10ffff - surrogates.count })
  .map((number) => String.fromCodePoint(number < surrogates.first ? number : number + surrogates.count));
