import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import {
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isLeafType,
  isListType,
  isObjectType,
  type GraphQLField,
} from 'graphql';
import { graphqlSchema, schemaText } from '../../src/graphql/schema.js';
import { costIn } from '../../src/platform/graphql/field-cost.js';

describe('graphql schema', () => {
  const schema = graphqlSchema(null);

  it('is what schema.graphql says, byte for byte', () => {
    expect(readFileSync('schema.graphql', 'utf8')).to.equal(schemaText(schema));
  });

  it('describes every type, field, argument and enum value', () => {
    const bare: string[] = [];
    const look = (name: string, { description }: { description?: string | null }) => {
      if (!description) bare.push(name);
    };
    for (const type of Object.values(schema.getTypeMap()).filter((type) => !isIntrospectionType(type))) {
      look(type.name, type);
      if (isEnumType(type)) for (const value of type.getValues()) look(`${type.name}.${value.name}`, value);
      if (isInputObjectType(type)) {
        for (const field of Object.values(type.getFields())) look(`${type.name}.${field.name}`, field);
      }
      if (isObjectType(type) || isInterfaceType(type)) {
        for (const field of Object.values(type.getFields())) {
          look(`${type.name}.${field.name}`, field);
          for (const argument of field.args) look(`${type.name}.${field.name}(${argument.name})`, argument);
        }
      }
    }
    expect(bare).to.deep.equal([]);
  });

  const fields = Object.values(schema.getTypeMap()).flatMap((type): [string, GraphQLField<unknown, unknown>][] => {
    if (!(isObjectType(type) || isInterfaceType(type)) || isIntrospectionType(type)) return [];
    return Object.values(type.getFields()).map((field) => [`${type.name}.${field.name}`, field]);
  });
  const isList = ({ type }: GraphQLField<unknown, unknown>) => isListType(getNullableType(type));
  const pages = /Connection\.(nodes|edges)$/;

  it('says of every list what it costs', () => {
    const silent = fields.filter(([name, field]) => {
      const { flat, rows } = costIn(field.extensions);
      return isList(field) && !pages.test(name) && flat === undefined && rows === undefined;
    });
    expect(silent.map(([name]) => name)).to.deep.equal([]);
  });

  it('pages every connection, and takes the argument that a list is charged by', () => {
    for (const [name, { args, type, extensions }] of fields) {
      const { rows } = costIn(extensions);
      const names = args.map((argument) => argument.name);
      if (getNamedType(type).name.endsWith('Connection')) expect(names, name).to.include.members(['first', 'last']);
      if (rows !== undefined) expect(names, name).to.include(rows.argument);
    }
  });

  it('charges a list flat only where its entries load nothing, or for all of them at once', () => {
    for (const [name, field] of fields) {
      const entry = getNamedType(field.type);
      if (!isList(field) || costIn(field.extensions).flat === undefined || !isObjectType(entry)) continue;
      for (const inner of Object.values(entry.getFields())) {
        const loads = !isLeafType(getNamedType(inner.type)) && costIn(inner.extensions).flat === undefined;
        expect(loads, `${name} may hold any number of ${inner.name}`).to.equal(false);
      }
    }
  });

  it('charges long values and counts alike, wherever they stand', () => {
    const long = /\.(data|payload|customFields|responseBody|requestBody|text|content|details)$/;
    const counts = /\.(totalCount|heldCount)$|^Contact\.submissionCount$/;
    for (const [name, { extensions }] of fields) {
      if (long.test(name)) expect(costIn(extensions).flat, name).to.equal(2);
      if (counts.test(name)) expect(costIn(extensions).flat, name).to.equal(10);
    }
  });

  it('takes one input and returns one payload in each mutation', () => {
    for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
      const upper = `${field.name[0]?.toUpperCase()}${field.name.slice(1)}`;
      expect(field.type.toString()).to.equal(`${upper}Payload!`);
      const inputs = field.args.map(({ name, type }) => `${name}: ${type.toString()}`);
      expect([[], [`input: ${upper}Input!`]]).to.deep.include(inputs);
    }
  });
});
