import { z } from 'zod';
import { spell, type Input } from '../platform/validate.js';

/** JSON Schema 2020-12, as OpenAPI 3.1 has it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export const ref = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });

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

/** A request's body: the rules by which it is read, and what each key is for. */
export interface Body<Shape extends z.ZodRawShape = z.ZodRawShape> {
  input: Input<Shape>;
  schema: JsonSchema;
}

/** Makes the schema of an input from its rules; `keys` adds what rules cannot say. */
export function body<Shape extends z.ZodRawShape>(
  input: Input<Shape>,
  keys: Record<keyof Shape & string, JsonSchema>,
): Body<Shape> {
  const rules = z.toJSONSchema(input.snake_case, { io: 'input', unrepresentable: 'any' });
  const respelled = Object.entries(rules.properties ?? {}).map(([key, rule]) => {
    return [spell(key, 'snake_case'), { ...(rule as object), ...keys[key] }] as const;
  });
  const required = (rules.required ?? []).map((key) => spell(key, 'snake_case'));
  return {
    input,
    schema: object(
      Object.fromEntries(respelled),
      respelled.map(([key]) => key).filter((key) => !required.includes(key)),
    ),
  };
}
