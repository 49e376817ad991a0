import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { isEnumType, isInputObjectType, isInterfaceType, isIntrospectionType, isObjectType } from 'graphql';
import { graphqlSchema, schemaText } from '../src/graphql/schema.js';

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

  it('takes one input and returns one payload in each mutation', () => {
    for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
      const upper = `${field.name[0]?.toUpperCase()}${field.name.slice(1)}`;
      expect(field.type.toString()).to.equal(`${upper}Payload!`);
      const inputs = field.args.map(({ name, type }) => `${name}: ${type.toString()}`);
      expect([[], [`input: ${upper}Input!`]]).to.deep.include(inputs);
    }
  });
});
