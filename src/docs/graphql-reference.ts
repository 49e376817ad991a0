import {
  getNamedType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isSpecifiedDirective,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
} from 'graphql';
import { codeBlock } from './code-block.js';
import { sampleOf, type OperationKind } from './graphql-samples.js';
import { code, escape, heading, inline, table } from './html.js';
import {
  addressOf,
  basics,
  deprecated,
  fieldsTable,
  graphqlPath,
  groupOf,
  groups,
  inputsTable,
  kindOf,
  typeHtml,
  typeHtmlOf,
  typeLink,
  typesOf,
} from './graphql-types.js';
import type { DocsPage, Place } from './page.js';

type Field = GraphQLField<unknown, unknown>;

/** A field of one of the three roots. */
export interface GraphqlOperation {
  kind: OperationKind;
  field: Field;
  path: string;
}

const plurals = { query: 'queries', mutation: 'mutations', subscription: 'subscriptions' } as const;
export const operationHeadings = { query: 'Queries', mutation: 'Mutations', subscription: 'Subscriptions' } as const;

export function graphqlOperations(schema: GraphQLSchema): GraphqlOperation[] {
  const roots = [
    ['query', schema.getQueryType()],
    ['mutation', schema.getMutationType()],
    ['subscription', schema.getSubscriptionType()],
  ] as const;
  return roots.flatMap(([kind, type]) =>
    Object.values(type?.getFields() ?? {})
      .map((field) => ({ kind, field, path: `${graphqlPath}/${plurals[kind]}/${field.name}` }))
      .toSorted((one, other) => (one.field.name < other.field.name ? -1 : 1)),
  );
}

/** The reference of the first door, all from the schema: an index, a page for each operation and for each group of types. */
export function graphqlReference(schema: GraphQLSchema): DocsPage[] {
  const types = Map.groupBy(typesOf(schema), groupOf);
  const pages = [...groups.map(([name, title]) => ({ name, title })), basics].filter(({ name }) => types.has(name));
  const operations = graphqlOperations(schema);
  return [
    {
      path: graphqlPath,
      title: 'GraphQL reference',
      about: 'Every query, mutation, subscription and type, each operation with a sample to open in the explorer.',
      part: 'GraphQL',
      html: () => indexOf(operations, pages, types, schema),
    },
    ...operations.map((operation) => ({
      path: operation.path,
      title: operation.field.name,
      about: firstSentence(operation.field.description ?? ''),
      part: 'GraphQL' as const,
      html: () => operationHtml(operation),
    })),
    ...pages.map(({ name, title }) => ({
      path: `${graphqlPath}/types/${name}`,
      title,
      about: `The types that GraphQL has for ${title.toLowerCase()}.`,
      part: 'GraphQL' as const,
      html: () => `<p class="above"><a href="${graphqlPath}">GraphQL</a> types</p><h1>${escape(title)}</h1>
${(types.get(name) ?? []).map(typeHtml).join('')}`,
    })),
  ];
}

export const graphqlPlaces = (schema: GraphQLSchema): Place[] => [
  ...graphqlOperations(schema).map(({ kind, field, path }) => ({
    href: path,
    title: field.name,
    kind: `GraphQL ${kind}`,
    text: field.description ?? '',
  })),
  ...typesOf(schema)
    .filter(({ name }) => !/(Edge|Connection)$/.test(name))
    .map((type) => ({
      href: addressOf(type),
      title: type.name,
      kind: `GraphQL ${kindOf(type)}`,
      text: `${type.description ?? ''} ${'getFields' in type ? Object.keys(type.getFields()).join(' ') : ''}`,
    })),
];

function indexOf(
  operations: readonly GraphqlOperation[],
  pages: readonly { name: string; title: string }[],
  types: ReadonlyMap<string, GraphQLNamedType[]>,
  schema: GraphQLSchema,
): string {
  const sections = (Object.keys(plurals) as OperationKind[]).map((kind) => {
    const rows = operations
      .filter((operation) => operation.kind === kind)
      .map(({ field, path }) => [
        `<a href="${path}">${code(field.name)}</a>`,
        inline(firstSentence(field.description ?? '')),
      ]);
    return heading(2, plurals[kind], operationHeadings[kind]) + table(['Name', 'What it does'], rows);
  });
  const groupRows = pages.map(({ name, title }) => [
    `<a href="${graphqlPath}/types/${name}">${escape(title)}</a>`,
    (types.get(name) ?? [])
      .filter((type) => !/(Payload|Input|Edge|Connection)$/.test(type.name))
      .map(typeLink)
      .join(', '),
  ]);
  const directives = schema.getDirectives().filter((directive) => !isSpecifiedDirective(directive));
  return `<h1>GraphQL reference</h1>
<p>Everything that ${code('POST /graphql')} holds, as <a href="/schema.graphql">the schema</a> has it. Each operation has a
sample that opens in the <a href="/graphql/explorer">explorer</a>. How to call, page and subscribe is in
<a href="/docs/graphql">the guide</a>.</p>
${sections.join('')}
${heading(2, 'types', 'Types')}${table(['About', 'Types'], groupRows)}
${
  directives.length === 0
    ? ''
    : heading(2, 'directives', 'Directives') +
      table(
        ['Name', 'What it does'],
        directives.map(({ name, description }) => [code(`@${name}`), inline(description ?? '')]),
      )
}`;
}

function operationHtml({ kind, field }: GraphqlOperation): string {
  const sample = sampleOf(kind, field);
  const variables = JSON.stringify(sample.variables, null, 2);
  const hasVariables = Object.keys(sample.variables).length > 0;
  const given = new URLSearchParams({ query: sample.query, ...(hasVariables && { variables }) });
  const explorer = `/graphql/explorer?${given.toString().replaceAll('+', '%20')}`;
  const named = getNamedType(field.type);
  const inputs = field.args.map(({ type }) => getNamedType(type)).filter(isInputObjectType);
  return `<p class="above"><a href="${graphqlPath}">GraphQL</a> ${kind}</p>
<section class="operation first"><div><h1>${code(field.name)}</h1>
<p>${inline(field.description ?? '')}</p>${deprecated(field)}
<h2 id="arguments">Arguments</h2>${field.args.length === 0 ? '<p>None.</p>' : inputsTable(field.args)}
${inputs.map((type) => `<h3>${typeLink(type)}</h3>${fieldsTable(type)}`).join('')}
<h2 id="answer">Answer</h2><p>${typeHtmlOf(field.type)}</p>
${isObjectType(named) || isInterfaceType(named) ? fieldsTable(named) : `<p>${inline(named.description ?? '')}</p>`}</div>
<div class="samples">${codeBlock('graphql', sample.query, 'Operation')}
${hasVariables ? codeBlock('json', variables, 'Variables') : ''}
<p><a class="button" href="${escape(explorer)}">Open in explorer</a></p></div></section>`;
}

const firstSentence = (text: string) => /^.*?\.(?= |$)/s.exec(text)?.[0] ?? text;
