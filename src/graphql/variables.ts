import {
  coerceInputValue,
  GraphQLError,
  isInputObjectType,
  isInputType,
  isListType,
  isNonNullType,
  print,
  typeFromAST,
  valueFromAST,
  visit,
  type GraphQLInputType,
  type GraphQLSchema,
  type NamedTypeNode,
  type OperationDefinitionNode,
  type VariableDefinitionNode,
} from 'graphql';
import { tooCostly } from '../platform/errors.js';
import { jsonBytes } from '../platform/text/json-bytes.js';
import { isObject, shortText } from '../platform/text/storable-json.js';
import type { Variables } from './cost.js';
import type { ValidDocument } from './documents.js';

/** The most entries of a list: what is kept has a hundred or two, and tells of more by its own rule. */
const entriesMax = 10_000;
/** So many errors are told. */
const errorsMax = 10;
/** Of a value in a message so many characters of a text are shown, entries of a list or an object, and levels. */
const shownMax = { characters: 100, entries: 10, levels: 3 };

type Coerced = { coerced: Record<string, unknown>; errors?: never } | { coerced?: never; errors: GraphQLError[] };

/**
 * As `getVariableValues` of graphql-js, which prints a value whole for each error that it has: an object of 50,000 keys,
 * none of which its type has, took a stranger's request half a second.
 */
export function coerceVariables(
  schema: GraphQLSchema,
  definitions: readonly VariableDefinitionNode[],
  given: Variables,
): Coerced {
  const errors: GraphQLError[] = [];
  const coerced: Record<string, unknown> = {};
  const add = (message: string, nodes: VariableDefinitionNode, originalError?: Error) => {
    if (errors.length === errorsMax) throw new TooManyErrors();
    errors.push(new GraphQLError(message, { nodes, originalError }));
  };
  try {
    for (const definition of definitions) {
      const name = definition.variable.name.value;
      const type = typeFromAST(schema, definition.type as NamedTypeNode);
      if (!isInputType(type)) {
        add(
          `Variable "$${name}" expected value of type "${print(definition.type)}" which is no input type.`,
          definition,
        );
      } else if (!Object.hasOwn(given, name)) {
        if (definition.defaultValue !== undefined) coerced[name] = valueFromAST(definition.defaultValue, type);
        else if (isNonNullType(type)) {
          add(`Variable "$${name}" of required type "${String(type)}" was not provided.`, definition);
        }
      } else if (given[name] === null && isNonNullType(type)) {
        add(`Variable "$${name}" of non-null type "${String(type)}" must not be null.`, definition);
      } else if (isTooLong(type, given[name])) {
        add(`Variable "$${name}" got invalid value; a list has at most ${entriesMax} entries.`, definition);
      } else {
        coerced[name] = coerceInputValue(given[name], type, (path, value, error) => {
          const place = path.length === 0 ? '' : ` at "${name}${path.map(placeOf).join('')}"`;
          add(`Variable "$${name}" got invalid value ${shown(value)}${place}; ${error.message}`, definition, error);
        });
      }
    }
  } catch (thrown) {
    if (!(thrown instanceof TooManyErrors)) throw thrown;
    errors.push(new GraphQLError('Too many errors processing variables, error limit reached. Execution aborted.'));
  }
  return errors.length === 0 ? { coerced } : { errors };
}

class TooManyErrors extends Error {}

/** Whether a list in it has so many entries that making values of them takes long: empty objects are few bytes each. */
function isTooLong(type: GraphQLInputType, value: unknown): boolean {
  if (isNonNullType(type)) return isTooLong(type.ofType, value);
  if (isListType(type)) {
    if (!Array.isArray(value)) return isTooLong(type.ofType, value);
    return value.length > entriesMax || value.some((entry) => isTooLong(type.ofType, entry));
  }
  if (!isInputObjectType(type) || !isObject(value)) return false;
  return Object.values(type.getFields()).some((field) => isTooLong(field.type, value[field.name]));
}

const placeOf = (step: string | number) => (typeof step === 'number' ? `[${step}]` : `.${step}`);

/** The variables that the operation declares: a stream would keep all others for as long as it lasts. */
export function declaredOf({ variableDefinitions = [] }: OperationDefinitionNode, given: Variables): Variables {
  const names = variableDefinitions.map(({ variable }) => variable.name.value);
  return Object.fromEntries(names.filter((name) => Object.hasOwn(given, name)).map((name) => [name, given[name]]));
}

/** What all variables come to, each as often as it stands in the document: as much as the bodies of one caller. */
const expandedMax = 4_194_304;

/**
 * A JSON literal may hold one variable many times: nine lists that held one of 900 KB a hundred times each were 800 MB.
 * @throws query_too_costly
 */
export function holdVariables({ document, operations, tokens }: ValidDocument, given: Variables): void {
  const sizes = new Map(Object.entries(given).map(([name, value]) => [name, jsonBytes(value, expandedMax)]));
  for (const { variable, defaultValue } of operations.flatMap(({ variableDefinitions = [] }) => variableDefinitions)) {
    const { start = 0, end = 0 } = defaultValue?.loc ?? {};
    const { value: name } = variable.name;
    sizes.set(name, Math.max(end - start, sizes.get(name) ?? 0));
  }
  const largest = Math.max(0, ...sizes.values());
  // Two tokens a time: most documents cannot hold a variable so often.
  if ((largest * tokens) / 2 <= expandedMax) return;
  let expanded = 0;
  visit(document, {
    VariableDefinition: () => false,
    Variable: ({ name }) => void (expanded += sizes.get(name.value) ?? 0),
  });
  if (expanded > expandedMax) throw tooCostly('variables', expandedMax, expanded);
}

/** A value of JSON in a message, in graphql-js's form. */
function shown(value: unknown, levels = shownMax.levels): string {
  if (typeof value === 'string') return JSON.stringify(shortText(value, shownMax.characters));
  if (value === null || typeof value !== 'object') return String(value);
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    if (levels === 0) return '[Array]';
    const entries = value.slice(0, shownMax.entries).map((entry) => shown(entry, levels - 1));
    const more = value.length - entries.length;
    return `[${[...entries, ...(more === 0 ? [] : [`... ${more} more item${more === 1 ? '' : 's'}`])].join(', ')}]`;
  }
  const entries: string[] = [];
  for (const key in value) {
    if (levels === 0) return '[Object]';
    if (entries.length === shownMax.entries) {
      entries.push('...');
      break;
    }
    const inner = (value as Record<string, unknown>)[key];
    entries.push(`${shortText(key, shownMax.characters)}: ${shown(inner, levels - 1)}`);
  }
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}
