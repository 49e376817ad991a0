import type { JsonSchema } from '../platform/json-schema.js';
import { spell } from '../platform/validate.js';

interface Shape {
  properties?: Readonly<Record<string, JsonSchema>>;
  items?: JsonSchema;
  type?: unknown;
  enum?: readonly unknown[];
}

/**
 * Reads what models also write: names as GraphQL spells them, an option in other letters, one thing where a list is taken.
 * What the schema does not know is left as it is, so that the tool's rules name it.
 */
export function respelled(value: unknown, schema: JsonSchema): unknown {
  const { properties, items, type, enum: options } = schema as Shape;
  if (typeof value === 'string' && options !== undefined) return optionFor(value, options);
  if (type === 'array' && items !== undefined && value !== null && value !== undefined) {
    return (Array.isArray(value) ? value : [value]).map((one) => respelled(one, items));
  }
  if (properties === undefined || value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  const entries = Object.entries(value).map(([key, one]): [string, unknown] => {
    const name = Object.hasOwn(properties, key) ? key : spell(key, 'snake_case');
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (property === undefined || (name !== key && Object.hasOwn(value, name))) return [key, one];
    return [name, respelled(one, property)];
  });
  // A plain assignment would lose a key named `__proto__`.
  return Object.fromEntries(entries);
}

function optionFor(value: string, options: readonly unknown[]): unknown {
  if (options.includes(value)) return value;
  return options.find((one) => typeof one === 'string' && one.toLowerCase() === value.toLowerCase()) ?? value;
}
