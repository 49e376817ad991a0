import {
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isRequiredInputField,
  isUnionType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLNamedType,
  type GraphQLSchema,
  type GraphQLType,
} from 'graphql';
import { code, escape, heading, inline, table } from './html.js';

export const graphqlPath = '/docs/reference/graphql';

/** Types share a page by what they are about; the first pattern that fits a type's name decides. */
export const groups: readonly (readonly [name: string, title: string, pattern: RegExp])[] = [
  ['conversions', 'Conversions and attribution', /Conversion|Attribution|Destination|RefreshToken/],
  ['webhooks', 'Webhooks, deliveries and replays', /Webhook|[Dd]eliver|Replay|Endpoint|TestEvent/],
  ['events', 'Events', /Event/],
  ['submissions', 'Submissions', /Submission|Message|Answer/],
  ['contacts', 'Contacts and erasures', /Contact|Erasure/],
  ['records', 'Records', /Record/],
  ['intake-bots', 'Intake bots', /Bot|Schema/],
  ['access', 'API keys and trusted documents', /ApiKey|Document|Scope/],
  ['people', 'People, sessions and the workspace', /./],
];
export const basics = { name: 'basics', title: 'Pages, nodes, ranges and scalars' };
const isBasic = (type: GraphQLNamedType) =>
  /^(PageInfo|Node|RateLimit|DateTimeRange|IntRange)$/.test(type.name) || 'serialize' in type;

export const groupOf = (type: GraphQLNamedType): string =>
  isBasic(type) && !isEnumType(type)
    ? basics.name
    : (groups.find(([, , pattern]) => pattern.test(type.name))?.[0] ?? '');

export const addressOf = (type: GraphQLNamedType) => `${graphqlPath}/types/${groupOf(type)}#${type.name}`;

/** Whatever of a schema has a place of its own; edges are as Relay wants them, and no more. */
export function typesOf(schema: GraphQLSchema): GraphQLNamedType[] {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  return Object.values(schema.getTypeMap())
    .filter((type) => !isIntrospectionType(type) && !roots.includes(type as never))
    .toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

export function typeHtml(type: GraphQLNamedType): string {
  const head = `${heading(2, type.name, code(type.name))}<p><span class="kind">${kindOf(type)}</span> ${inline(type.description ?? '')}</p>`;
  const implemented =
    isObjectType(type) && type.getInterfaces().length > 0
      ? `<p>Is a ${type.getInterfaces().map(typeLink).join(', ')}.</p>`
      : '';
  const { specifiedByURL: url } = type as { specifiedByURL?: string | null };
  const specified = typeof url === 'string' ? `<p>Specified by <a href="${escape(url)}">${escape(url)}</a>.</p>` : '';
  return `<section>${head}${implemented}${specified}${bodyOf(type)}</section>`;
}

function bodyOf(type: GraphQLNamedType): string {
  if (isEnumType(type)) {
    const rows = type
      .getValues()
      .map((value) => [code(value.name), inline(value.description ?? '') + deprecated(value)]);
    return table(['Value', 'Meaning'], rows);
  }
  if (isUnionType(type)) return `<p>${type.getTypes().map(typeLink).join(' or ')}</p>`;
  return isObjectType(type) || isInterfaceType(type) || isInputObjectType(type) ? fieldsTable(type) : '';
}

export function fieldsTable(type: GraphQLNamedType): string {
  if (isInputObjectType(type)) return inputsTable(Object.values(type.getFields()));
  if (!isObjectType(type) && !isInterfaceType(type)) return '';
  const rows = Object.values(type.getFields()).map((field) => [
    code(field.name) + argumentNames(field),
    typeHtmlOf(field.type),
    inline(field.description ?? '') + deprecated(field),
  ]);
  return table(['Field', 'Type', 'What it is'], rows);
}

/** Fields of an input, or arguments. */
export function inputsTable(inputs: readonly (GraphQLInputField | GraphQLArgument)[]): string {
  const rows = inputs.map((input) => [
    code(input.name),
    `${typeHtmlOf(input.type)}${isRequiredInputField(input) ? ', required' : ''}`,
    `${inline(input.description ?? '')}${defaultOf(input.defaultValue)}${deprecated(input)}`,
  ]);
  return table(['Name', 'Type', 'What it is'], rows);
}

/** What a field takes, each with its type: what it means stands in the title. */
function argumentNames({ args }: GraphQLField<unknown, unknown>): string {
  if (args.length === 0) return '';
  const listed = args.map(
    ({ name, type, description }) => `<li title="${escape(description ?? '')}">${code(name)}: ${typeHtmlOf(type)}</li>`,
  );
  return `<ul class="arguments">${listed.join('')}</ul>`;
}

/** A type with its marks: `[Bot!]!`, in which the name is a link. */
export function typeHtmlOf(type: GraphQLType): string {
  const named = getNamedType(type);
  const [before = '', after = ''] = String(type).split(named.name);
  const isBuiltIn = /^(String|Int|Float|Boolean|ID)$/.test(named.name);
  return `<code>${before}${isBuiltIn ? named.name : `<a href="${addressOf(named)}">${named.name}</a>`}${after}</code>`;
}

export const typeLink = (type: GraphQLNamedType) => `<a href="${addressOf(type)}">${code(type.name)}</a>`;

export const deprecated = ({ deprecationReason }: { deprecationReason?: string | null | undefined }) =>
  deprecationReason === undefined || deprecationReason === null
    ? ''
    : ` <strong>Deprecated:</strong> ${inline(deprecationReason)}`;

const defaultOf = (value: unknown) => (value === undefined ? '' : ` Default ${code(JSON.stringify(value))}.`);

export function kindOf(type: GraphQLNamedType): string {
  if (isEnumType(type)) return 'enum';
  if (isInputObjectType(type)) return 'input';
  if (isInterfaceType(type)) return 'interface';
  if (isUnionType(type)) return 'union';
  return isObjectType(type) ? 'type' : 'scalar';
}
