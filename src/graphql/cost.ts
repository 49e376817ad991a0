import {
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type ArgumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';
import { pageSizeMax } from '../platform/page.js';

export const costMax = 5_000;
const costPerPoint = 500;
const introspectionCost = 50;
const pageSizeDefault = 20;

export type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;
export type Variables = Readonly<Record<string, unknown>>;

export interface Cost {
  requested: number;
  /** Whether it depends on a variable. */
  varies: boolean;
}

/** Points of the per-minute limit: one per started 500 of cost. */
export const pointsOf = (cost: number) => Math.max(1, Math.ceil(cost / costPerPoint));

/**
 * The cost of an operation of a valid document, before it runs: one per object that it can come to, lists multiplied by
 * their page sizes; introspection is flat. Connections, edges and page infos are the list's shape, no objects.
 */
export function costOf(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  fragments: Fragments,
  variables: Variables,
): Cost {
  const known = new Map<string, number>();
  let introspects = false;
  let varies = false;

  const valueOf = (node: ValueNode): unknown => {
    if (node.kind === Kind.INT) return Number(node.value);
    if (node.kind === Kind.NULL) return null;
    if (node.kind === Kind.LIST) return node.values;
    if (node.kind !== Kind.VARIABLE) return undefined;
    varies = true;
    if (Object.hasOwn(variables, node.name.value)) return variables[node.name.value];
    const definition = operation.variableDefinitions?.find(({ variable }) => variable.name.value === node.name.value);
    return definition?.defaultValue === undefined ? null : valueOf(definition.defaultValue);
  };

  const argumentOf = (node: FieldNode, name: string): unknown => {
    const given = node.arguments?.find((argument: ArgumentNode) => argument.name.value === name);
    return given === undefined ? null : valueOf(given.value);
  };

  const pageSize = (node: FieldNode): number => {
    const size = argumentOf(node, 'first') ?? argumentOf(node, 'last') ?? pageSizeDefault;
    // Whatever is no number is refused when it is coerced.
    return typeof size === 'number' ? Math.min(Math.max(size, 1), pageSizeMax) : pageSizeMax;
  };

  /** How many objects a list field that is no connection comes to, for each of its parents. */
  const listSize = (node: FieldNode, field: GraphQLField<unknown, unknown>): number => {
    const type = isNonNullType(field.type) ? field.type.ofType : field.type;
    if (!isListType(type)) return 1;
    const ids = argumentOf(node, 'ids');
    if (Array.isArray(ids)) return Math.min(ids.length, pageSizeMax);
    const { listSize: declared } = field.extensions;
    return typeof declared === 'number' ? declared : 1;
  };

  /** `size`: of the page, when `type` is a connection or an edge of one. */
  function ofSet({ selections }: SelectionSetNode, type: GraphQLCompositeType, size: number): number {
    let cost = 0;
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        cost += ofField(selection, type, size);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        cost += ofSet(selection.selectionSet, narrowed(selection.typeCondition?.name.value, type), size);
      } else {
        cost += ofFragment(selection.name.value, type, size);
      }
    }
    return cost;
  }

  function ofFragment(name: string, type: GraphQLCompositeType, size: number): number {
    const key = `${name} ${size}`;
    const fragment = fragments.get(name);
    const cost =
      known.get(key) ??
      (fragment === undefined
        ? 0
        : ofSet(fragment.selectionSet, narrowed(fragment.typeCondition.name.value, type), size));
    known.set(key, cost);
    return cost;
  }

  function narrowed(name: string | undefined, type: GraphQLCompositeType): GraphQLCompositeType {
    const found = name === undefined ? type : schema.getType(name);
    return isCompositeType(found) ? found : type;
  }

  function ofField(node: FieldNode, parent: GraphQLCompositeType, size: number): number {
    const name = node.name.value;
    if (name.startsWith('__')) {
      introspects ||= name !== '__typename';
      return 0;
    }
    const field = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
    const type = field === undefined ? undefined : getNamedType(field.type);
    if (field === undefined || node.selectionSet === undefined || !isCompositeType(type)) return 0;
    const inner = (pageSizeOfList: number) => ofSet(node.selectionSet as SelectionSetNode, type, pageSizeOfList);
    if (type.name === 'PageInfo') return 0;
    if (type.name.endsWith('Connection')) return inner(pageSize(node));
    if (type.name.endsWith('Edge')) return size * inner(1);
    const objects = parent.name.endsWith('Connection') && name === 'nodes' ? size : listSize(node, field);
    return objects * (1 + inner(1));
  }

  const root = schema.getRootType(operation.operation);
  const objects = root === null || root === undefined ? 0 : ofSet(operation.selectionSet, root, 1);
  return { requested: objects + (introspects ? introspectionCost : 0), varies };
}
