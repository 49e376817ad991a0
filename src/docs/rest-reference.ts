import type { JsonSchema } from '../platform/json-schema.js';
import { codeBlock } from './code-block.js';
import { code, escape, heading, inline, slugOf, table } from './html.js';
import { answerOf, contentOf, operationsOf, type NamedOperation, type OpenApi, type Parameter } from './open-api.js';
import type { DocsPage, Place } from './page.js';
import { restSamples } from './rest-samples.js';
import { describe, schemaTable, typeOf } from './schema-table.js';

export const restPath = '/docs/reference/rest';

/** Every operation of the OpenAPI document on one page, each with programs that call it and what they get. */
export const restReference = (document: OpenApi): DocsPage => ({
  path: restPath,
  title: 'REST reference',
  about: 'Every operation of the REST API, with curl, Node.js and Python, and what it answers.',
  part: 'REST',
  html: () => htmlOf(document),
});

export const restPlaces = (document: OpenApi): Place[] => [
  ...operationsOf(document).map(({ operationId, summary, method, path, description }) => ({
    href: `${restPath}#${operationId}`,
    title: summary,
    kind: `REST ${method} ${path}`,
    text: `${operationId} ${description}`,
  })),
  ...Object.entries(document.components.schemas).map(([name, schema]) => ({
    href: `${restPath}#schema-${name}`,
    title: name,
    kind: 'REST schema',
    text: `${(schema['description'] as string | undefined) ?? ''} ${Object.keys(schema['properties'] ?? {}).join(' ')}`,
  })),
];

function htmlOf(document: OpenApi): string {
  const { info, tags, components } = document;
  const operations = operationsOf(document);
  const about = new Map(tags.map(({ name, description }) => [name, description]));
  const sections = [...Map.groupBy(operations, ({ tags: [tag = ''] }) => tag)].map(
    ([tag, sharing]) => `${heading(2, slugOf(tag), escape(tag))}<p>${inline(about.get(tag) ?? '')}</p>
${sharing.map((operation) => operationOf(operation, document)).join('')}`,
  );
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) =>
      `<section>${heading(3, `schema-${name}`, escape(name))}${
        'properties' in schema && 'description' in schema ? `<p>${inline(String(schema['description']))}</p>` : ''
      }${schemaTable(schema)}</section>`,
  );
  const summary = operations.map(({ operationId, method, path, summary: what }) => [
    `<a href="#${operationId}">${code(`${method} ${path}`)}</a>`,
    escape(what),
  ]);
  return `<h1>${escape(info.title)}</h1>
<p>${inline(info.description)} All paths stand below ${code('/api/v1')}. The same as a machine reads it:
<a href="/api/v1/openapi.json">openapi.json</a> (OpenAPI 3.1). The programs need no packages, and take the server's address
and your key from ${code('IOZEN_URL')} and ${code('IOZEN_API_KEY')}.</p>
${table(['Operation', 'What it does'], summary)}
${sections.join('')}
${heading(2, 'schemas', 'Schemas')}
${schemas.join('')}`;
}

function operationOf(operation: NamedOperation, document: OpenApi): string {
  const { operationId, method, path, summary, description, parameters, requestBody, responses } = operation;
  const body = requestBody === undefined ? null : contentOf(document, requestBody);
  const answer = contentOf(document, responses['200'] ?? {});
  const { data = {} } = (answer?.schema['properties'] ?? {}) as { data?: JsonSchema };
  const refusals = Object.entries(responses).flatMap(([status, response]) =>
    Number(status) < 400 ? [] : [[code(status), inline(answerOf(document, response).description ?? '')]],
  );
  const samples = restSamples(operation).map(({ language, name, text }) => codeBlock(language, text, name));
  const example = answer?.example === undefined ? '' : codeBlock('json', pretty(answer.example), 'Answer, 200');
  return `<section class="operation">
<div>${heading(3, operationId, escape(summary))}
<p class="route"><b class="method ${method.toLowerCase()}">${method}</b> ${code(path)}</p>
<p>${inline(description)}</p>
${parameters.length === 0 ? '' : `<h4>Parameters</h4>${table(['Name', 'Type', 'What it is'], parameters.map(rowOf))}`}
${body === null ? '' : `<h4>Body</h4>${schemaTable(body.schema)}`}
<h4>Answer, in ${code('data')}</h4>${schemaTable(data)}
<details><summary>Refusals: ${refusals.map(([status]) => status).join(' ')}</summary>
${table(['Status', 'When'], refusals)}<p><a href="/docs/errors">Every code, and what to do about it</a></p></details></div>
<div class="samples">${samples.join('')}${example}</div>
</section>`;
}

const rowOf = ({ name, in: place, required = false, description, schema }: Parameter): string[] => [
  code(name),
  `${typeOf(schema)}, in the ${place}${required ? ', required' : ', optional'}`,
  describe(description === undefined ? schema : { ...schema, description }),
];

const pretty = (value: unknown) => JSON.stringify(value, null, 2);
