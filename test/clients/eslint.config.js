// What the field wants of a schema. Two rules are not ours: payloads, connections, edges and values have no ids, as nothing
// refetches them; and lists have `nodes` beside their edges, as GitHub's have. Two names are older than the rules: a
// trusted document is known by its `documentId`, and a record has a `recordType`.
import graphql from '@graphql-eslint/eslint-plugin';

const recommended = graphql.configs['flat/schema-recommended'].rules;
const relay = graphql.configs['flat/schema-relay'].rules;

export default [
  {
    files: ['**/schema.graphql'],
    languageOptions: {
      parser: graphql.parser,
      parserOptions: { graphQLConfig: { schema: '../../schema.graphql', documents: [] } },
    },
    plugins: { '@graphql-eslint': graphql },
    rules: {
      ...recommended,
      ...relay,
      '@graphql-eslint/strict-id-in-types': 'off',
      '@graphql-eslint/relay-edge-types': ['error', { listTypeCanWrapOnlyEdgeType: false, shouldImplementNode: false }],
      '@graphql-eslint/no-typename-prefix': 'off',
    },
  },
];
