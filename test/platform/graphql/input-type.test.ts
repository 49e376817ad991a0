import { expect } from 'chai';
import { printType } from 'graphql';
import { Arg, buildSchemaSync, ID, Int, Query, Resolver } from 'type-graphql';
import { z } from 'zod';
import { inputType } from '../../../src/platform/graphql/input-type.js';
import { line, validate } from '../../../src/platform/validate.js';

describe('an input that is declared once', () => {
  const PaintHouse = inputType('PaintHouseInput', 'How to paint it.', (spelling) => ({
    houseId: [ID, 'The house.'],
    wallColour: [line(20), String, 'Of its walls.'],
    coats: [z.int().min(1).default(2), Int, 'Two by default.'],
    roofColours: [z.array(line(20)).nullable().optional(), [String], 'Of its roof; null takes them off.'],
    spelling: [z.literal(spelling), String, 'As the door spells.'],
  }));

  @Resolver()
  class Houses {
    @Query(() => String)
    paint(@Arg('input', () => PaintHouse.type) { houseId }: { houseId: string }): string {
      return houseId;
    }
  }

  it('is a type of GraphQL, in which may be left out what the rules let be left out', () => {
    const schema = buildSchemaSync({ resolvers: [Houses] });
    const type = schema.getType('PaintHouseInput');
    expect(type === undefined ? '' : printType(type)).to.equal(`"""How to paint it."""
input PaintHouseInput {
  """The house."""
  houseId: ID!

  """Of its walls."""
  wallColour: String!

  """Two by default."""
  coats: Int

  """Of its roof; null takes them off."""
  roofColours: [String!]

  """As the door spells."""
  spelling: String!
}`);
  });

  it('is read by the same rules through both doors, each in its spelling', () => {
    const read = { wallColour: 'white', coats: 2 };
    expect(validate(PaintHouse, { wallColour: ' white ', spelling: 'camelCase' }, 'camelCase')).to.include(read);
    expect(validate(PaintHouse, { wall_colour: 'white', spelling: 'snake_case' }, 'snake_case')).to.include(read);
    const tooFew = { wall_colour: 'white', coats: 0, spelling: 'snake_case' };
    expect(() => validate(PaintHouse, tooFew, 'snake_case')).to.throw('coats must be at least 1');
  });

  it('leaves the id of what it is about to the resolver', () => {
    const sent = { houseId: 'cuid', wallColour: 'white', spelling: 'camelCase' };
    expect(() => validate(PaintHouse, sent, 'camelCase')).to.throw('houseId is not a known field');
  });
});
