import { expect } from 'chai';
import { z } from 'zod';
import { body } from '../../src/platform/input-schema.js';
import { input } from '../../src/platform/validate.js';

describe('the schema of a body', () => {
  it('gives every integer a format, the smallest that its bounds fit', () => {
    const rules = input(() => ({
      small: z.int().min(0).max(100),
      whole: z
        .int()
        .min(-(2 ** 31))
        .max(2 ** 31 - 1)
        .nullable()
        .optional(),
      many: z.array(z.int().positive().max(9)),
      large: z.int().min(0),
      real: z.number().min(0).max(1),
    }));
    const { schema } = body(rules, { small: {}, whole: {}, many: {}, large: {}, real: {} });
    const formats = (value: unknown): unknown[] =>
      value === null || typeof value !== 'object'
        ? []
        : [...('format' in value ? [value.format] : []), ...Object.values(value).flatMap(formats)];
    const byKey = Object.entries(schema['properties'] as object).map(([key, rule]) => [key, formats(rule)]);
    expect(Object.fromEntries(byKey)).to.deep.equal({
      small: ['int32'],
      whole: ['int32'],
      many: ['int32'],
      large: ['int64'],
      real: [],
    });
  });
});
