/** JSON Schema 2020-12, as OpenAPI 3.1 has it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** An object with these keys and no others. */
export function object(properties: Record<string, JsonSchema>, optional: readonly string[] = []): JsonSchema {
  const required = Object.keys(properties).filter((key) => !optional.includes(key));
  return { type: 'object', properties, required, additionalProperties: false };
}

export const arrayOf = (items: JsonSchema, description?: string): JsonSchema => ({
  type: 'array',
  items,
  ...(description !== undefined && { description }),
});

export const text = (description: string, more: JsonSchema = {}): JsonSchema => ({
  type: 'string',
  description,
  ...more,
});

export const oneOf = (values: readonly string[], description: string): JsonSchema =>
  text(description, { enum: [...values] });

export const integer = (description: string): JsonSchema => ({ type: 'integer', description });
export const flag = (description: string): JsonSchema => ({ type: 'boolean', description });

export const id = (description: string): JsonSchema => text(description, { pattern: '^c[a-z0-9]{24}$' });
export const time = (description: string): JsonSchema =>
  text(description, { format: 'date-time', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$' });

export const orNull = (schema: JsonSchema): JsonSchema => ({ ...schema, type: [schema['type'], 'null'] });
