import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';
import { GraphQLDateTimeISO, GraphQLJSONObject } from 'graphql-scalars';
import { scopes } from '../actor.js';
import { isoTime } from '../postgres/timestamps.js';

/**
 * A scalar of a closed list that keeps its published spelling, which GraphQL's enums could not.
 * @param page of the documentation, on which each value is described: a schema is the same on every server, so that the
 *   scalar cannot name the page by `@specifiedBy`, which takes whole addresses
 */
export function closedScalar(
  name: string,
  description: string,
  values: readonly string[],
  page: string,
): GraphQLScalarType<string, string> {
  const read = (value: unknown): string => {
    if (typeof value === 'string' && values.includes(value)) return value;
    throw new GraphQLError(`${name} must be one of: ${values.join(', ')}`);
  };
  return new GraphQLScalarType({
    name,
    description: `${description} One of: ${values.map((value) => `\`${value}\``).join(', ')}. Described at \`${page}\`.`,
    serialize: read,
    parseValue: read,
    parseLiteral: (node) => read(node.kind === Kind.STRING ? node.value : undefined),
  });
}

export const ScopeScalar = closedScalar('Scope', 'What an API key may do.', scopes, '/docs/authentication#scopes');

export const DateTime = new GraphQLScalarType({
  ...GraphQLDateTimeISO.toConfig(),
  name: 'DateTime',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339',
  // Our resolvers give dates: the library's checks of each took a fifteenth of a list's time.
  serialize: (value) => (value instanceof Date ? isoTime(value) : GraphQLDateTimeISO.serialize(value)),
  description:
    'ISO 8601 in UTC with milliseconds, such as `2026-01-15T10:30:00.000Z`; read without them, and with an offset, too.',
});

export const JSONObject = new GraphQLScalarType({
  ...GraphQLJSONObject.toConfig(),
  name: 'JSONObject',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc8259',
  description:
    'A JSON object, as it was sent but for the order of its keys. Whole numbers that no double holds are refused.',
});
