/** JSON Schema 2020-12, as OpenAPI 3.1 has it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** An object with these keys, to which others may be added one day: whoever reads it must not trip over them. */
export function object(properties: Readonly<Record<string, JsonSchema>>, optional: readonly string[] = []): JsonSchema {
  const required = Object.keys(properties).filter((key) => !optional.includes(key));
  return { type: 'object', properties, ...(required.length > 0 && { required }) };
}

/** The same object with no other keys: what a caller sends is read to the last key. */
export const closed = (schema: JsonSchema): JsonSchema => ({ ...schema, additionalProperties: false });

export const arrayOf = (items: JsonSchema, description?: string, more: JsonSchema = {}): JsonSchema => ({
  type: 'array',
  items,
  ...(description !== undefined && { description }),
  ...more,
});

export const text = (description: string, more: JsonSchema = {}): JsonSchema => ({
  type: 'string',
  description,
  ...more,
});

export const oneOf = (values: readonly string[], description: string): JsonSchema =>
  text(description, { enum: [...values] });

export const integer = (description: string, more: JsonSchema = {}): JsonSchema => ({
  type: 'integer',
  format: 'int32',
  description,
  ...more,
});
export const count = (description: string, more: JsonSchema = {}): JsonSchema =>
  integer(description, { minimum: 0, ...more });
export const flag = (description: string): JsonSchema => ({ type: 'boolean', description });

export const id = (description: string): JsonSchema => text(description, { pattern: '^c[a-z0-9]{24}$' });
export const time = (description: string): JsonSchema =>
  text(description, { format: 'date-time', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$' });

export const orNull = (schema: JsonSchema): JsonSchema => ({ ...schema, type: [schema['type'], 'null'] });

const components = '#/components/schemas/';

/** A schema that has a name of its own; a description beside it says what it is in that place. */
export const ref = (name: string, description?: string): JsonSchema => ({
  $ref: `${components}${name}`,
  ...(description !== undefined && { description }),
});

/** The schema with what it refers to put in, for readers who get this schema alone. */
export function inlined(schema: JsonSchema, named: Readonly<Record<string, JsonSchema>>): JsonSchema {
  const inline = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(inline);
    if (value === null || typeof value !== 'object') return value;
    const { $ref, ...rest } = value as { $ref?: unknown };
    const own = Object.fromEntries(Object.entries(rest).map(([key, inner]) => [key, inline(inner)]));
    if (typeof $ref !== 'string') return own;
    return { ...inlined(named[$ref.slice(components.length)] ?? {}, named), ...own };
  };
  return inline(schema) as JsonSchema;
}
