import { readFileSync, writeFileSync } from 'node:fs';
import {
  buildSchema,
  getNamedType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  parse,
  print,
  typeFromAST,
  type GraphQLInputType,
  type GraphQLSchema,
  type GraphQLType,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';

const scalars: Record<string, string> = {
  ID: 'string',
  String: 'string',
  DateTime: 'string',
  Scope: 'string',
  EventType: 'string',
  Boolean: 'boolean',
  Int: 'number',
  Float: 'number',
  JSONObject: 'Record<string, unknown>',
};

/** TypeScript for the operations of a document: their texts, and the types of their variables and answers. */
export function typesOf(schema: GraphQLSchema, document: string): string {
  const inputs = new Map<string, string>();

  const wrapped = (type: GraphQLType, inner: (named: GraphQLType) => string): string => {
    if (isNonNullType(type)) return wrapped(type.ofType, inner).replace(/ \| null$/, '');
    if (isListType(type)) return `(${wrapped(type.ofType, inner)})[] | null`;
    return `${inner(type)} | null`;
  };

  const named = (type: GraphQLType): string => {
    const found = getNamedType(type);
    if (isEnumType(found))
      return found
        .getValues()
        .map(({ name }) => `'${name}'`)
        .join(' | ');
    if (!isInputObjectType(found)) return scalars[found?.name ?? ''] ?? 'unknown';
    if (!inputs.has(found.name)) {
      inputs.set(found.name, '');
      const fields = Object.values(found.getFields()).map((field) => `  ${member(field.name, field.type)}\n`);
      inputs.set(found.name, `export interface ${found.name} {\n${fields.join('')}}\n`);
    }
    return found.name;
  };

  const member = (name: string, type: GraphQLInputType) =>
    `${name}${isNonNullType(type) ? '' : '?'}: ${wrapped(type, (inner) => `(${named(inner)})`)};`;

  const selected = ({ selections }: SelectionSetNode, type: GraphQLType): string => {
    const fields = isObjectType(type) ? type.getFields() : {};
    const members = selections.map((selection) => {
      if (selection.kind !== Kind.FIELD) throw new Error('The example selects fields only.');
      const field = fields[selection.name.value];
      if (field === undefined) throw new Error(`There is no field ${selection.name.value}.`);
      const inner = (type: GraphQLType) =>
        isCompositeType(type) && selection.selectionSet ? selected(selection.selectionSet, type) : `(${named(type)})`;
      return `${selection.alias?.value ?? selection.name.value}: ${wrapped(field.type, inner)}`;
    });
    return `{ ${members.join('; ')} }`;
  };

  const operation = (node: OperationDefinitionNode): string => {
    const root = schema.getRootType(node.operation);
    if (!root) throw new Error(`There is no ${node.operation}.`);
    const variables = (node.variableDefinitions ?? []).map(({ variable, type }) => {
      const input = typeFromAST(schema, type as never) as GraphQLInputType | undefined;
      if (input === undefined) throw new Error(`There is no type ${print(type)}.`);
      return member(variable.name.value, input);
    });
    const name = node.name?.value ?? '';
    return `export const ${name}: Operation<${selected(node.selectionSet, root)}, { ${variables.join(' ')} }> = {
  text: ${JSON.stringify(print(node))},
};
`;
  };

  const operations = parse(document).definitions.flatMap((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION ? [operation(definition)] : [],
  );
  return [
    '// Generated from operations.graphql and schema.graphql by `npm run client`.\n',
    "import type { Operation } from './client.js';\n",
    ...inputs.values(),
    ...operations,
  ].join('\n');
}

if (process.argv[1] === import.meta.filename) {
  const schema = buildSchema(readFileSync('schema.graphql', 'utf8'));
  writeFileSync('docs/client/operations.ts', typesOf(schema, readFileSync('docs/client/operations.graphql', 'utf8')));
}
