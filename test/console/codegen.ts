import type { CodegenConfig } from '@graphql-codegen/cli';

/** Writes `console/src/gql`: the types of every document that the console sends. */
const config: CodegenConfig = {
  schema: '../../schema.graphql',
  documents: ['../../console/src/**/*.{ts,tsx}', '!../../console/src/gql/**'],
  generates: {
    '../../console/src/gql/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        enumsAsTypes: true,
        useTypeImports: true,
        strictScalars: true,
        avoidOptionals: { field: true, inputValue: false },
        scalars: {
          DateTime: 'string',
          EventType: 'string',
          JSONObject: 'Record<string, unknown>',
          Scope: 'string',
        },
      },
    },
  },
};
export default config;
