import {
  getNamedType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  isScalarType,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLSchema,
} from 'graphql';

/** A source of choices: a whole number below `below`. */
export type Choose = (below: number) => number;

export interface Generated {
  query: string;
  variables: Record<string, unknown>;
}

/** Choices from a seed, the same each time (mulberry32: a 32-bit generator that is good enough to choose by). */
export function chooserOf(seed: number): Choose {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** What strangers try in the place of an ordinary value. */
export const odd: readonly unknown[] = [
  null,
  '',
  ' ',
  'x'.repeat(20_000),
  '\u0000',
  '\ud800',
  '\u200bada@example.com',
  '__proto__',
  'constructor',
  '%_\\"',
  -1,
  0,
  1.5,
  2 ** 53,
  1e308,
  true,
  [],
  {},
  [[[[[]]]]],
  { __proto__: { a: 1 } },
  { toString: 'x' },
  '0001-01-01T00:00:00Z',
  '+275760-09-13T00:00:00.000Z',
  '2060-01-01T00:00:00Z',
];

const scalars: Record<string, (choose: Choose, ids: readonly string[]) => unknown> = {
  ID: (choose, ids) => ids[choose(ids.length)],
  Int: (choose) => [1, 2, 100, 1_000, -5][choose(5)],
  Float: (choose) => choose(1_000) / 7,
  Boolean: (choose) => choose(2) === 0,
  String: (choose) =>
    [
      'ada@example.com',
      '+14155552671',
      'Sales',
      'https://93.184.216.34/hook',
      'lead',
      'fragment on Contact { id }',
      'a password of mine',
    ][choose(7)],
  DateTime: (choose) => new Date(Date.now() - choose(40) * 86_400_000).toISOString(),
  JSONObject: (choose) =>
    [{ full_name: 'Ada', email: 'ada@example.com' }, { topic: 'Sales' }, {}, { a: { b: [1, 'x', null] } }][choose(4)],
  Scope: (choose) => ['read:intake-bots', 'manage:webhooks', 'read:contacts'][choose(3)],
  EventType: (choose) => ['submission.completed', 'contact.created', 'contact.updated'][choose(3)],
};

/** Operations of every shape that a schema allows, and some that it does not, by seeded choices. */
export class Operations {
  private aliases = 0;
  private variables: Record<string, unknown> = {};
  private declared: string[] = [];

  constructor(
    private readonly schema: GraphQLSchema,
    /** Of things that are there, and of some that are not. */
    private readonly ids: readonly string[],
    /** Of 100 values, how many are not what is asked for. */
    private readonly oddPercent: number,
    /** Root fields that are left alone. */
    private readonly without: readonly string[] = [],
  ) {}

  make(choose: Choose, kind: 'query' | 'mutation'): Generated {
    this.aliases = 0;
    this.variables = {};
    this.declared = [];
    const type = kind === 'query' ? this.schema.getQueryType() : this.schema.getMutationType();
    if (!type) throw new Error(`there is no ${kind} type`);
    const body = this.selection(type, kind === 'query' ? 5 : 4, choose, kind === 'mutation' ? 1 + choose(2) : 0);
    const declared = this.declared.length === 0 ? '' : `(${this.declared.join(', ')})`;
    return { query: `${kind} G${declared} ${body}`, variables: this.variables };
  }

  private selection(type: GraphQLNamedType, depth: number, choose: Choose, count = 0): string {
    const parts: string[] = ['__typename'];
    if (isObjectType(type) || isInterfaceType(type)) {
      const fields = Object.values(type.getFields()).filter(
        ({ name, type: of }) => !this.without.includes(name) && (depth > 0 || !isCompositeType(getNamedType(of))),
      );
      for (let left = count || 1 + choose(4); left > 0 && fields.length > 0; left -= 1) {
        const field = fields[choose(fields.length)];
        if (field !== undefined) parts.push(this.field(field, depth, choose));
      }
    }
    if (isInterfaceType(type) && depth > 0) {
      const possible = this.schema.getPossibleTypes(type);
      const one = possible[choose(possible.length)];
      if (one !== undefined) parts.push(`... on ${one.name} ${this.selection(one, depth - 1, choose)}`);
    }
    return `{ ${parts.join(' ')} }`;
  }

  private field(field: GraphQLField<unknown, unknown>, depth: number, choose: Choose): string {
    const given = field.args.flatMap(({ name, type }) => {
      if (!isNonNullType(type) && choose(3) > 0) return [];
      const variable = `v${this.declared.length}`;
      this.declared.push(`$${variable}: ${String(type)}`);
      this.variables[variable] = this.value(type, choose, 4);
      return [`${name}: $${variable}`];
    });
    const named = getNamedType(field.type);
    const alias = choose(40) === 0 ? ['__proto__', 'constructor', 'toString'][choose(3)] : `f${(this.aliases += 1)}`;
    const inner = isCompositeType(named) ? ` ${this.selection(named, depth - 1, choose)}` : '';
    return `${alias}: ${field.name}${given.length > 0 ? `(${given.join(', ')})` : ''}${inner}`;
  }

  private value(type: GraphQLInputType, choose: Choose, depth: number): unknown {
    if (choose(100) < this.oddPercent) return odd[choose(odd.length)];
    if (isNonNullType(type)) return this.value(type.ofType, choose, depth);
    if (isListType(type)) {
      return Array.from({ length: choose(4) }, () => this.value(type.ofType, choose, depth - 1));
    }
    if (isInputObjectType(type)) {
      const fields = Object.values(type.getFields()).filter(
        (field) => isNonNullType(field.type) || (depth > 0 && choose(2) === 0),
      );
      return Object.fromEntries(fields.map((field) => [field.name, this.value(field.type, choose, depth - 1)]));
    }
    if (isEnumType(type)) {
      const values = type.getValues();
      return values[choose(values.length)]?.name;
    }
    return isScalarType(type) ? scalars[type.name]?.(choose, this.ids) : null;
  }
}
