import type { JsonSchema } from '../platform/json-schema.js';

/** As much of an OpenAPI document as the reference shows. */
export interface OpenApi {
  info: { title: string; description: string; version: string };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, JsonSchema> };
}

interface Operation {
  operationId: string;
  summary: string;
  description: string;
  tags: string[];
  parameters: { name: string; in: string; description?: string; schema: JsonSchema }[];
  requestBody?: { content: { 'application/json': { schema: JsonSchema } } };
  responses: Record<string, { content?: { 'application/json': { schema: JsonSchema } } }>;
}

/** The reference as a page without a script, which works offline, too. */
export function referenceOf({ info, paths, components }: OpenApi): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), ...operation })),
  );
  const sections = [...Map.groupBy(operations, ({ tags }) => tags[0] ?? '')].map(
    ([tag, sharing]) =>
      `<h2 id="${tag.toLowerCase()}">${escape(tag)}</h2>${sharing.map((operation) => operationOf(operation, components.schemas)).join('')}`,
  );
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) => `<section id="schema-${name}"><h3>${name}</h3>${keysOf(schema)}</section>`,
  );
  const summary = operations.map(
    ({ operationId, method, path, summary: what }) =>
      `<tr><td><a href="#${operationId}"><code>${method} ${escape(path)}</code></a></td><td>${escape(what)}</td></tr>`,
  );
  return `<h1>${escape(info.title)}</h1>
<p>${escape(info.description)} All paths stand below <code>/api/v1</code>. The same as a machine reads it:
<a href="openapi.json">openapi.json</a> (OpenAPI 3.1).</p>
<table>${summary.join('')}</table>
${sections.join('')}
<h2 id="schemas">Schemas</h2>
${schemas.join('')}`;
}

function operationOf(
  operation: Operation & { method: string; path: string },
  schemas: Readonly<Record<string, JsonSchema>>,
): string {
  const named = (schema?: JsonSchema) => schemas[String(schema?.['$ref']).split('/').at(-1) ?? ''] ?? schema;
  const { operationId, method, path, summary, description, parameters, requestBody, responses } = operation;
  const body = named(requestBody?.content['application/json'].schema);
  const { properties } = named(responses['200']?.content?.['application/json'].schema) ?? {};
  const { data = {} } = (properties ?? {}) as { data?: JsonSchema };
  const refusals = Object.keys(responses).filter((status) => Number(status) >= 400);
  return `<section id="${operationId}">
<h3>${escape(summary)}</h3>
<p><code class="route">${method} ${escape(path)}</code></p>
<p>${inline(description)}</p>
${parameters.length === 0 ? '' : `<h4>Parameters</h4>${table(parameters.map(parameterRow))}`}
${body === undefined ? '' : `<h4>Body</h4>${keysOf(body)}`}
<h4>Answer, in <code>data</code></h4>${keysOf(data)}
<p>Refusals: ${refusals.map((status) => `<a href="docs/errors">${status}</a>`).join(', ')}</p>
</section>`;
}

type TableRow = [name: string, type: string, description: string];

const parameterRow = ({ name, in: place, description = '', schema }: Operation['parameters'][number]): TableRow => [
  `<code>${escape(name)}</code>`,
  `${typeOf(schema)}, in the ${place}`,
  inline(description === '' ? describe(schema) : description),
];

function keysOf(schema: JsonSchema): string {
  const { properties, required = [] } = schema as { properties?: Record<string, JsonSchema>; required?: string[] };
  if (properties === undefined) return `<p>${typeOf(schema)}. ${inline(describe(schema))}</p>`;
  const rows = Object.entries(properties).map(([key, value]): TableRow => {
    const type = required.includes(key) ? typeOf(value) : `${typeOf(value)}, optional`;
    return [`<code>${escape(key)}</code>`, type, inline(describe(value))];
  });
  return table(rows);
}

function typeOf(schema: JsonSchema): string {
  const { $ref, type, items, properties, anyOf } = schema as {
    $ref?: string;
    type?: string | string[];
    items?: JsonSchema;
    properties?: object;
    anyOf?: JsonSchema[];
  };
  const name = $ref?.split('/').at(-1);
  if (name !== undefined) return `<a href="#schema-${name}">${name}</a>`;
  if (items !== undefined) return `list of ${typeOf(items)}`;
  if (anyOf !== undefined) return anyOf.map(typeOf).join(' or ');
  if (properties !== undefined) return `object with ${Object.keys(properties).join(', ')}`;
  return [type ?? 'any'].flat().join(' or ');
}

function describe(schema: JsonSchema): string {
  const {
    description = '',
    enum: values,
    default: fallback,
  } = schema as {
    description?: string;
    enum?: unknown[];
    default?: unknown;
  };
  const options = values === undefined ? '' : ` One of ${values.map((value) => `\`${String(value)}\``).join(', ')}.`;
  return `${description}${options}${fallback === undefined ? '' : ` Default \`${JSON.stringify(fallback)}\`.`}`;
}

const table = (rows: readonly TableRow[]) =>
  `<table>${rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`).join('')}</table>`;

const inline = (text: string) => escape(text).replace(/`([^`]+)`/g, '<code>$1</code>');

const escape = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
