import { z } from 'zod';
import { spell, type Input } from './validate.js';
import { closed, object, type JsonSchema } from './json-schema.js';

/** A request's body: the rules by which it is read, and what each key is for. */
export interface Body<Shape extends z.ZodRawShape = z.ZodRawShape> {
  input: Input<Shape>;
  schema: JsonSchema;
}

/** Makes the schema of an input from its rules; `keys` adds what rules cannot say. A schema with a name replaces them. */
export function body<Shape extends z.ZodRawShape>(
  input: Input<Shape>,
  keys: Record<keyof Shape & string, JsonSchema>,
): Body<Shape> {
  const rules = z.toJSONSchema(input.snake_case, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => Object.assign(jsonSchema, formatOf(jsonSchema)),
  });
  const respelled = Object.entries(rules.properties ?? {}).map(([key, rule]) => {
    return [spell(key, 'snake_case'), describedRule(rule as JsonSchema, keys[key] ?? {})] as const;
  });
  const required = (rules.required ?? []).map((key) => spell(key, 'snake_case'));
  return {
    input,
    schema: closed(
      object(
        Object.fromEntries(respelled),
        respelled.map(([key]) => key).filter((key) => !required.includes(key)),
      ),
    ),
  };
}

/** The least of OpenAPI's formats that an integer fits. Those without bounds of their own have JavaScript's. */
function formatOf({ type, ...bounds }: z.core.JSONSchema.BaseSchema): JsonSchema {
  if (type !== 'integer') return {};
  const least = bounds.minimum ?? Number(bounds.exclusiveMinimum ?? -Infinity);
  const greatest = bounds.maximum ?? Number(bounds.exclusiveMaximum ?? Infinity);
  return { format: least >= -(2 ** 31) && greatest < 2 ** 31 ? 'int32' : 'int64' };
}

/** A default is told in words: by the keyword, TypeScript clients that are made of the document take the key for required. */
function describedRule({ default: byDefault, ...rule }: JsonSchema, more: JsonSchema): JsonSchema {
  const described = '$ref' in more ? more : { ...rule, ...more };
  if (byDefault === undefined) return described;
  const { description = '' } = more;
  return { ...described, description: `${String(description)} By default ${JSON.stringify(byDefault)}.`.trim() };
}

/** The same for an input whose descriptions serve both doors. */
export function describedBody<Shape extends z.ZodRawShape>(
  input: Input<Shape> & { readonly descriptions: Readonly<Record<keyof Shape & string, string>> },
  keys: Partial<Record<keyof Shape & string, JsonSchema>> = {},
): Body<Shape> {
  const described = Object.entries<string>(input.descriptions).map(([key, description]) => [
    key,
    { ...keys[key as keyof Shape & string], description },
  ]);
  return body(input, Object.fromEntries(described) as Record<keyof Shape & string, JsonSchema>);
}
