import {
  getNamedType,
  getNullableType,
  isInputObjectType,
  isListType,
  Kind,
  typeFromAST,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type DocumentNode,
  type GraphQLInputType,
  type GraphQLSchema,
  type NamedTypeNode,
  type ValueNode,
} from 'graphql';
import type { Issue } from '../platform/errors.js';
import { inexactNumber } from '../platform/text/exact-numbers.js';
import {
  beyondDouble,
  IssueList,
  jsonDepthMax,
  keyPath,
  nestedTooDeep,
  unstorableText,
} from '../platform/text/storable-json.js';

/** Types of variables that may stand inside a JSON literal: their values are JSON, and were checked with the variables. */
const jsonTypes = new Set(['String', 'ID', 'Int', 'Float', 'Boolean', 'JSONObject']);

/**
 * Finds in the literals of a document what a JSON body would be refused for, and in JSON literals what is no JSON, which
 * the scalar would silently drop. Paths are relative to the argument.
 */
export function unstorableLiterals(schema: GraphQLSchema, document: DocumentNode): Issue[] {
  const issues = new IssueList();
  const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  const variables = Map.groupBy(
    operations.flatMap(({ variableDefinitions }) => variableDefinitions ?? []),
    ({ variable }) => variable.name.value,
  );
  const types = new TypeInfo(schema);
  visit(
    document,
    visitWithTypeInfo(types, {
      Argument: ({ value }) => check(value, types.getInputType(), '', 0),
      VariableDefinition: ({ defaultValue }) => defaultValue && check(defaultValue, types.getInputType(), '', 0),
    }),
  );
  return issues.found;

  /** @param type absent where the schema has none, for which validation has its own error */
  function check(node: ValueNode, type: GraphQLInputType | null | undefined, path: string, depth: number): void {
    const nullable = type && getNullableType(type);
    const isJson = nullable?.toString() === 'JSONObject';
    if (node.kind === Kind.STRING) {
      const problem = unstorableText(node.value);
      if (problem !== null) issues.add(path, problem);
    } else if (node.kind === Kind.FLOAT || node.kind === Kind.INT) {
      const problem = inexactNumber(node.value);
      if (problem !== null) issues.add(path, problem, 'out_of_range');
      else if (!Number.isFinite(Number(node.value))) issues.add(path, beyondDouble);
    } else if (node.kind === Kind.ENUM && isJson) {
      issues.add(path, 'must be JSON: a text stands in quotes', 'wrong_type');
    } else if (node.kind === Kind.VARIABLE && isJson && !mayStandInJson(node.name.value)) {
      issues.add(path, 'must be JSON: a variable here is a text, a number, true or false, or JSON', 'wrong_type');
    } else if (node.kind === Kind.LIST || node.kind === Kind.OBJECT) {
      if (depth === jsonDepthMax) {
        issues.add(path, nestedTooDeep, 'not_allowed');
      } else if (node.kind === Kind.LIST) {
        const inner = isListType(nullable) ? nullable.ofType : nullable;
        node.values.forEach((value, index) => check(value, inner, keyPath(path, String(index)), depth + 1));
      } else {
        for (const { name, value } of node.fields) {
          check(value, isJson ? nullable : fieldOf(nullable, name.value), keyPath(path, name.value), depth + 1);
        }
      }
    }
  }

  function mayStandInJson(name: string): boolean {
    return (variables.get(name) ?? []).every(({ type }) => {
      const found = typeFromAST(schema, type as NamedTypeNode);
      return found === undefined || jsonTypes.has(getNamedType(found).name);
    });
  }
}

function fieldOf(type: GraphQLInputType | null | undefined, name: string): GraphQLInputType | null {
  return isInputObjectType(type) ? (type.getFields()[name]?.type ?? null) : null;
}
