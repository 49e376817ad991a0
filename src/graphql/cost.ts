import {
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  OperationTypeNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';
import { tooCostly } from '../platform/errors.js';
import { costIn, type FieldCost } from '../platform/graphql/field-cost.js';
import { pageSizeMax } from '../platform/page-request.js';
import { introspectedBy, introspectedMax } from './introspection.js';

export const costMax = 5_000;
/** The highest cost of what a subscription runs for each event. */
const eventCostMax = 500;
const costPerPoint = 500;
const introspectionCost = 50;
const searchCost = 100;
const pageSizeDefault = 20;
/**
 * The most characters and entries in the arguments of a field below the root, or of a subscription: they are read again
 * for each object that the field belongs to.
 */
const argumentsMax = 4_096;
/** An operation may search once, and introspect once. */
const searchesMax = 1;
const introspectionsMax = 1;

export type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;
export type Variables = Readonly<Record<string, unknown>>;

/** The fragments that a document defines, by name. */
export function fragmentsOf({ definitions }: DocumentNode): Fragments {
  const fragments = definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  return new Map(fragments.map((fragment) => [fragment.name.value, fragment]));
}

export interface Cost {
  requested: number;
  /** Points of the per-minute limit that its root fields take, whatever they select. */
  points: number;
  searches: number;
  /** How often it introspects the whole schema. */
  introspections: number;
  /** How many fields introspection gives. */
  introspected: number;
  /** The size of the largest arguments of a field that runs more than once. */
  repeated: number;
  /** Whether it depends on a variable. */
  varies: boolean;
  /** The names of all fields that the operation selects. */
  selected: Set<string>;
}

/** Points of the per-minute limit: one per started 500 of cost. */
export const pointsOf = ({ requested, points }: Pick<Cost, 'requested' | 'points'>) =>
  Math.max(1, Math.ceil(requested / costPerPoint), points);

/** @throws query_too_costly */
export function holdCost(
  { requested, searches, introspections, introspected, repeated }: Cost,
  operation: OperationDefinitionNode,
): void {
  if (searches > searchesMax) throw tooCostly('search', searchesMax, searches);
  if (introspections > introspectionsMax) throw tooCostly('introspection', introspectionsMax, introspections);
  if (introspected > introspectedMax) throw tooCostly('introspected', introspectedMax, introspected);
  if (repeated > argumentsMax) throw tooCostly('arguments', argumentsMax, repeated);
  if (requested > costMax) throw tooCostly('cost', costMax, requested);
  if (operation.operation === OperationTypeNode.SUBSCRIPTION && requested > eventCostMax) {
    throw tooCostly('subscription', eventCostMax, requested);
  }
}

/**
 * The cost of an operation of a valid document, before it runs: 1 for each object that it can give, lists multiplied by
 * their page sizes, and what its fields declare. Connections, edges and page infos are the shape of a list and cost
 * nothing.
 */
export function costOf(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  fragments: Fragments,
  variables: Variables,
): Cost {
  const total: Cost = {
    requested: 0,
    points: 0,
    searches: 0,
    introspections: 0,
    introspected: 0,
    repeated: 0,
    varies: false,
    selected: new Set(),
  };

  const valueOf = (node: ValueNode): unknown => {
    if (node.kind === Kind.INT || node.kind === Kind.FLOAT) return Number(node.value);
    if (node.kind === Kind.NULL) return null;
    if (node.kind === Kind.LIST) return node.values.map(valueOf);
    if (node.kind === Kind.OBJECT) {
      return new Map(node.fields.map(({ name, value }) => [name.value, valueOf(value)]));
    }
    if (node.kind !== Kind.VARIABLE) return node.value;
    total.varies = true;
    if (Object.hasOwn(variables, node.name.value)) return variables[node.name.value];
    const definition = operation.variableDefinitions?.find(({ variable }) => variable.name.value === node.name.value);
    return definition?.defaultValue === undefined ? null : valueOf(definition.defaultValue);
  };

  const argumentOf = (node: FieldNode, name: string): unknown => {
    const given = node.arguments?.find((argument) => argument.name.value === name);
    return given === undefined ? null : valueOf(given.value);
  };

  const rowsIn = (size: unknown, byDefault: number, max: number): number => {
    const rows = Array.isArray(size) ? size.length : (size ?? byDefault);
    // A value that is no number counts as a list of one, or is refused when graphql-js coerces it.
    return typeof rows === 'number' ? Math.min(Math.max(rows, 1), max) : 1;
  };

  const pageSize = (node: FieldNode): number =>
    rowsIn(argumentOf(node, 'first') ?? argumentOf(node, 'last'), pageSizeDefault, pageSizeMax);

  const sizes = new Map<unknown, number>();
  const sizeOfArguments = ({ arguments: given = [] }: FieldNode): number => {
    let size = 0;
    for (const { value: node } of given) {
      const value = valueOf(node);
      const known = sizes.get(value) ?? sizeOf(value);
      sizes.set(value, known);
      size += known;
    }
    return size;
  };

  /** The value of a key in an argument that is an object. */
  const valueIn = (node: FieldNode, argument: string, name: string): unknown => {
    const object = argumentOf(node, argument);
    return object instanceof Map ? object.get(name) : (object as Record<string, unknown> | null)?.[name];
  };

  const isSearch = (node: FieldNode, { searchIn }: FieldCost): boolean =>
    searchIn !== undefined && (valueIn(node, searchIn, 'search') ?? null) !== null;

  const entriesIn = (node: FieldNode, { pointForEach }: FieldCost): number => {
    if (pointForEach === undefined) return 0;
    const list = valueIn(node, 'input', pointForEach.list);
    return Array.isArray(list) ? Math.min(list.length, pointForEach.max) : 1;
  };

  const root = schema.getRootType(operation.operation);
  /** The type whose fields run once in the operation; null for a subscription, which runs for each event. */
  const once = operation.operation === OperationTypeNode.SUBSCRIPTION ? null : root;

  /** @param size the page's, where `type` is a connection or an edge of one */
  function ofSet({ selections }: SelectionSetNode, type: GraphQLCompositeType, size: number): number {
    let cost = 0;
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        cost += ofField(selection, type, size);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        cost += ofSet(selection.selectionSet, narrowed(selection.typeCondition?.name.value, type), size);
      } else {
        const fragment = fragments.get(selection.name.value);
        if (fragment === undefined) continue;
        cost += ofSet(fragment.selectionSet, narrowed(fragment.typeCondition.name.value, type), size);
      }
    }
    return cost;
  }

  function narrowed(name: string | undefined, type: GraphQLCompositeType): GraphQLCompositeType {
    const found = name === undefined ? type : schema.getType(name);
    return isCompositeType(found) ? found : type;
  }

  function ofField(node: FieldNode, parent: GraphQLCompositeType, size: number): number {
    const name = node.name.value;
    total.selected.add(name);
    if (name === '__schema') total.introspections += 1;
    if (name === '__schema' || name === '__type') {
      total.introspected += introspectedBy(schema, fragments, node, argumentOf(node, 'name'));
      return introspectionCost;
    }
    const field = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
    if (field === undefined) return 0;
    const declared = costIn(field.extensions);
    if (parent !== once) total.repeated = Math.max(total.repeated, sizeOfArguments(node));
    total.points += (declared.points ?? 0) + entriesIn(node, declared);
    const searches = isSearch(node, declared) ? 1 : 0;
    total.searches += searches;
    return searches * searchCost + ofObjects(node, field, declared, parent, size);
  }

  function ofObjects(
    node: FieldNode,
    field: GraphQLField<unknown, unknown>,
    declared: FieldCost,
    parent: GraphQLCompositeType,
    size: number,
  ): number {
    const type = getNamedType(field.type);
    if (node.selectionSet === undefined || !isCompositeType(type)) return declared.flat ?? 0;
    const { selectionSet } = node;
    const inner = (pageSizeOfList: number) => ofSet(selectionSet, type, pageSizeOfList);
    if (type.name === 'PageInfo') return 0;
    if (type.name.endsWith('Connection')) return inner(pageSize(node));
    if (type.name.endsWith('Edge')) return size * inner(1);
    if (declared.flat !== undefined) return declared.flat + inner(1);
    const { rows } = declared;
    if (rows !== undefined) {
      const entries = rowsIn(argumentOf(node, rows.argument), rows.byDefault, rows.max);
      return Math.ceil(entries / (rows.perObject ?? 1)) * (1 + inner(1));
    }
    const isPage = parent.name.endsWith('Connection') && node.name.value === 'nodes';
    return (isPage ? size : 1) * (1 + inner(1));
  }

  if (root) total.requested = ofSet(operation.selectionSet, root, 1);
  return total;
}

/** The number of characters, keys and entries; counting stops beyond the bound. */
function sizeOf(value: unknown): number {
  let size = 0;
  add(value);
  return size;

  function add(part: unknown): void {
    size += typeof part === 'string' ? part.length : 1;
    if (part === null || typeof part !== 'object') return;
    if (Array.isArray(part)) size += part.length;
    const entries = part instanceof Map || Array.isArray(part) ? part.values() : Object.values(part);
    for (const entry of entries) {
      if (size > argumentsMax) return;
      add(entry);
    }
  }
}
