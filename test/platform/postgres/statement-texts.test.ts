import { expect } from 'chai';
import {
  buildSchema,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isObjectType,
  isScalarType,
  type GraphQLInputType,
  type GraphQLObjectType,
} from 'graphql';
import { readFileSync } from 'node:fs';
import type { ClientBase, Pool } from 'pg';
import { preparedNames } from '../../../src/platform/postgres/statement.js';
import { createTenant, startServer, type TestServer } from '../../support/app.js';
import { createBot, createSubmission } from '../../support/factories.js';
import { memberOf, type Person } from '../../support/people.js';

/** Of distinct names on any connection, as the contract has it. */
const namesMax = 300;
const aliasesMax = 20;

/** Each value that a filter's field is tried with, written out; one of them is that it is absent. */
function valuesOf(type: GraphQLInputType, name: string): (string | null)[] {
  const inner = getNullableType(type);
  if (isListType(inner)) {
    const named = getNamedType(inner);
    if (!isEnumType(named)) return [null, '["contact.created"]'];
    const states = named.getValues().map(({ name: state }) => state);
    // Every set of them.
    return Array.from({ length: 1 << states.length }, (_, chosen) =>
      chosen === 0 ? null : `[${states.filter((_state, index) => chosen & (1 << index)).join(', ')}]`,
    );
  }
  if (isInputObjectType(inner) && inner.name === 'IntRange') return [null, '{ gte: 400, lt: 600 }'];
  if (isInputObjectType(inner)) {
    const [from, to] = ['gte: "2026-01-01T00:00:00Z"', 'lt: "2050-01-01T00:00:00Z"'];
    return [null, `{ ${from} }`, `{ ${to} }`, `{ ${from}, ${to} }`];
  }
  if (isScalarType(inner) && inner.name === 'Boolean') return [null, 'true'];
  return [null, name === 'search' ? '"say \\"x\\""' : '"c0000000000000000000000000"'];
}

/** Each combination of one value for each; of a long list of values, all with the others absent, and few with each. */
function combinations(fields: readonly (readonly [name: string, values: (string | null)[]])[]): string[] {
  const few = fields.map(([name, values]) => [name, values.slice(0, 4)] as const);
  const whole = few.reduce<string[][]>(
    (combined, [name, values]) =>
      combined.flatMap((before) => values.map((value) => (value === null ? before : [...before, `${name}: ${value}`]))),
    [[]],
  );
  const alone = fields.flatMap(([name, values]) => values.slice(4).map((value) => [`${name}: ${value}`]));
  return [...whole, ...alone].map((parts) => `{ ${parts.join(', ')} }`);
}

/** Every list of the schema by every combination of its filter, from either end, counted as well. */
function everyList(): string[] {
  const query = buildSchema(readFileSync('schema.graphql', 'utf8')).getQueryType() as GraphQLObjectType;
  return Object.values(query.getFields()).flatMap(({ name, type, args }) => {
    const named = getNamedType(type);
    if (!isObjectType(named) || !named.name.endsWith('Connection')) return [];
    const filter = args.find((arg) => arg.name === 'filter');
    const fields =
      filter === undefined ? {} : (getNamedType(filter.type) as unknown as { getFields: () => object }).getFields();
    const values = Object.values(fields as Record<string, { name: string; type: GraphQLInputType }>).map(
      (field) => [field.name, valuesOf(field.type, field.name)] as const,
    );
    return combinations(values).flatMap((given) =>
      ['first: 1', 'last: 1'].map(
        (page) => `${name}(${page}${filter === undefined ? '' : `, filter: ${given}`}) { totalCount edges { cursor } }`,
      ),
    );
  });
}

describe('the texts of statements', function () {
  this.timeout(120_000);

  let server: TestServer;
  let person: Person;

  before(async () => {
    server = await startServer({ role: 'api' });
    const tenant = await createTenant(server.app);
    await createSubmission(server.app, await createBot(server.app, tenant.workspaceId));
    person = await memberOf(server.app, tenant, 'OWNER');
  });
  after(async () => await server.stop());

  /** Of each connection that this process has to the database. */
  async function namesOnEach(): Promise<number[]> {
    const { pools, pool, shared } = server.app.database as unknown as Insides;
    const text = 'select count(distinct name)::int as names from pg_prepared_statements';
    const counts: number[] = [];
    for (const one of [pool, ...pools.values()]) {
      for (const client of one._clients) counts.push((await client.query<{ names: number }>(text)).rows[0]?.names ?? 0);
    }
    for (const connection of shared.connections) {
      counts.push((await connection.query({ text })).rows[0]?.names ?? 0);
    }
    return counts;
  }

  interface Insides {
    pools: Map<string, Pool & { _clients: ClientBase[] }>;
    pool: Pool & { _clients: ClientBase[] };
    shared: { connections: { query: (query: { text: string }) => Promise<{ rows: { names: number }[] }> }[] };
  }

  async function ask(fields: readonly string[]): Promise<void> {
    const text = `{ ${fields.map((field, index) => `a${index}: ${field}`).join(' ')} }`;
    const { body } = await person.graphql(text);
    expect(body.errors, JSON.stringify(body.errors)).to.equal(undefined);
  }

  it('are few, whatever a caller filters lists by', async () => {
    const lists = everyList();
    expect(lists.length).to.be.above(500);
    // Of other test files that this process ran before.
    const already = preparedNames();
    const searches = lists.filter((list) => list.includes('search:'));
    const others = lists.filter((list) => !list.includes('search:'));
    for (let at = 0; at < others.length; at += aliasesMax) await ask(others.slice(at, at + aliasesMax));
    const known = preparedNames();
    // A search is one an operation: of its forms, those with one other condition at most.
    for (const search of searches.filter((list) => list.split(': ').length <= 5)) await ask([search]);
    await ask(others.slice(0, aliasesMax));
    expect(preparedNames()).to.equal(known);
    const names = await namesOnEach();
    expect(names.length).to.be.above(3);
    expect(Math.max(...names)).to.be.below(namesMax);
    expect(known - already).to.be.below(namesMax);
  });
});
