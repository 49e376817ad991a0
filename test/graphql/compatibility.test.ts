import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { buildSchema, findBreakingChanges, type GraphQLSchema } from 'graphql';
import { graphqlSchema } from '../../src/graphql/schema.js';

/** Changes that would break a client of the published schema and of which the changelog does not warn. */
function unannounced(published: GraphQLSchema, current: GraphQLSchema, changelog: string): string[] {
  return findBreakingChanges(published, current)
    .map(({ description }) => description)
    .filter((description) => !changelog.includes(description));
}

describe('compatibility of the graphql schema', () => {
  const published = readFileSync('test/support/published.graphql', 'utf8');
  const changelog = readFileSync('docs/changelog.md', 'utf8');

  it('breaks no client of the published schema, unless the changelog says which change does', () => {
    expect(unannounced(buildSchema(published), graphqlSchema(null), changelog)).to.deep.equal([]);
  });

  it('notices a field that goes, and is content once the changelog names it', () => {
    const without = published.replace(
      /\n {2}"""What the person submitted, newest first."""\n {2}submissions\([\s\S]*?\n/,
      '\n  x(\n',
    );
    expect(without).to.not.equal(published);
    const [change = '', ...others] = unannounced(buildSchema(published), buildSchema(without), changelog);
    expect(change).to.equal('Contact.submissions was removed.');
    expect(others).to.deep.equal([]);
    expect(unannounced(buildSchema(published), buildSchema(without), `- ${change}`)).to.deep.equal([]);
  });
});
