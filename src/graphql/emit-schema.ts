import 'reflect-metadata';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { graphqlSchema, schemaText } from './schema.js';

const file = 'schema.graphql';
const before = existsSync(file) ? readFileSync(file, 'utf8') : null;
const text = schemaText(graphqlSchema(null));
writeFileSync(file, text);
console.log(text === before ? `${file} is as it was.` : `Wrote ${file}.`);
