import type { JsonSchema } from '../platform/json-schema.js';
import { code, escape, inline, table } from './html.js';

const schemaAddress = (name: string) => `/docs/reference/rest#schema-${name}`;

interface Described {
  $ref?: string;
  type?: string | string[];
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  anyOf?: JsonSchema[];
  description?: string;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  format?: string;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
}

/** The keys of an object, a row each; of anything else what it is. */
export function schemaTable(schema: JsonSchema): string {
  const { properties, required = [] } = schema as Described;
  if (properties === undefined) return `<p>${typeOf(schema)}. ${describe(schema)}</p>`;
  const rows = Object.entries(properties).map(([key, value]) => [
    code(key),
    required.includes(key) ? typeOf(value) : `${typeOf(value)}, optional`,
    describe(value),
  ]);
  return table(['Name', 'Type', 'What it is'], rows);
}

export function typeOf(schema: JsonSchema): string {
  const { $ref, type, items, anyOf, properties, format } = schema as Described;
  const name = $ref?.split('/').at(-1);
  if (name !== undefined) return `<a href="${schemaAddress(name)}">${escape(name)}</a>`;
  if (items !== undefined) return `list of ${typeOf(items)}`;
  if (anyOf !== undefined) return anyOf.map(typeOf).join(' or ');
  if (properties !== undefined) return `object with ${Object.keys(properties).map(code).join(', ')}`;
  const types = [type ?? 'any'].flat().join(' or ');
  return format === undefined ? types : `${types} (${escape(format)})`;
}

export function describe(schema: JsonSchema): string {
  const { description, enum: values, default: fallback, const: only } = schema as Described;
  const bounds = boundsOf(schema);
  return [
    ...(description === undefined ? [] : [inline(description)]),
    ...(only === undefined ? [] : [`Always ${code(JSON.stringify(only))}.`]),
    ...(values === undefined ? [] : [`One of ${values.map((value) => code(String(value))).join(', ')}.`]),
    ...(fallback === undefined ? [] : [`Default ${code(JSON.stringify(fallback))}.`]),
    ...(bounds === '' ? [] : [`<span class="bounds">${bounds}.</span>`]),
  ].join(' ');
}

function boundsOf({ minimum, maximum, minLength, maxLength, minItems, maxItems, pattern }: Described): string {
  const range = (from: number | undefined, to: number | undefined, what: string) => {
    if (from === undefined && to === undefined) return [];
    if (from === undefined) return [`at most ${count(to)}${what}`];
    return [to === undefined ? `at least ${count(from)}${what}` : `${count(from)} to ${count(to)}${what}`];
  };
  const bounds = [
    ...range(minimum, maximum, ''),
    ...range(minLength, maxLength, ' characters'),
    ...range(minItems, maxItems, ' entries'),
    ...(pattern === undefined ? [] : [`as ${code(pattern)}`]),
  ];
  const text = bounds.join(', ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const count = (number = 0) => number.toLocaleString('en');
