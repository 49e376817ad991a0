import 'reflect-metadata';
import { writeFileSync } from 'node:fs';
import { graphqlSchema, schemaText } from './schema.js';

writeFileSync('schema.graphql', schemaText(graphqlSchema(null)));
