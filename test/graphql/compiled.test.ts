import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  execute,
  getIntrospectionQuery,
  getNamedType,
  getNullableType,
  getVariableValues,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type ExecutionResult,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLSchema,
} from 'graphql';
import { CompiledQueries } from '../../src/graphql/compiled.js';
import { Documents, readDocument, type ValidDocument } from '../../src/graphql/documents.js';
import { formatError } from '../../src/graphql/errors.js';
import { graphqlSchema } from '../../src/graphql/schema.js';
import type { Actor, Scope } from '../../src/platform/actor.js';
import { OperationContext } from '../../src/platform/graphql/operation-context.js';
import { createLog } from '../../src/platform/log.js';
import { createTenant, startServer, type TestServer } from '../support/app.js';
import { clientOf, type Client } from '../support/client.js';
import { createBot, createSubmission } from '../support/factories.js';
import { liveBytes } from '../support/live-bytes.js';
import { startSmallProcess } from '../support/small-process.js';

const stepInto = (place: unknown, key: string | number): unknown =>
  (place as Record<string | number, unknown> | null)?.[key] ?? null;

/** Names that mean something to JavaScript, in the place of an alias. */
const oddNames = [
  'constructor',
  'toString',
  '__proto__',
  'hasOwnProperty',
  'valueOf',
  'then',
  'prototype',
  'arguments',
  'undefined',
  'class',
  'default',
  'length',
  '__typename',
];

describe('compiled queries', () => {
  const log = createLog('silent');
  let server: TestServer;
  let schema: GraphQLSchema;
  let actors: Actor[];
  let ids: string[];
  let key: string;

  before(async () => {
    server = await startServer({ role: 'api' });
    const { app } = server;
    schema = graphqlSchema(app);
    const tenant = await createTenant(app);
    const { workspaceId } = tenant;
    ({ key } = tenant);
    const bot = await createBot(app, workspaceId, { record_type: 'lead' });
    for (let person = 0; person < 4; person += 1) await createSubmission(app, bot);
    const draft = await createSubmission(app, bot, { status: 'IN_PROGRESS', data: {} });
    const { rows } = await app.database.pool.query<{ id: string }>(
      'select id from contacts union all select id from records',
    );
    ids = [bot.id, draft.id, 'nothing', ...rows.map(({ id }) => id)];
    const origin = { requestId: 'test', address: null };
    const actorWith = async (scopes: Scope[]) => {
      const input = { name: 'Narrow', scopes, allowedCidrs: [], documentsOnly: false };
      const { secret } = await app.database.transaction((tx) => app.apiKeys.insert(tx, workspaceId, input));
      return await app.apiKeys.authenticate(secret, origin);
    };
    actors = [
      await app.apiKeys.authenticate(key, origin),
      await actorWith(['read:submissions']),
      await actorWith(['read:intake-bots', 'read:contacts']),
    ];
  });

  after(async () => await server.stop());

  /** A source of choices that a failing case can be shrunk by. */
  type Choose = (below: number) => number;

  /** A document under way, with the variables that it declares and what they are given. */
  class Draft {
    readonly declared: string[] = [];
    readonly variables: Record<string, unknown> = { ids };
    private aliases = 0;

    constructor(private readonly choose: Choose) {}

    get text(): string {
      const query = schema.getQueryType();
      if (!query) throw new Error('there is no query type');
      const body = this.selection(query, 4);
      const head = ['$yes: Boolean = true', '$no: Boolean!', ...this.declared].filter((one) =>
        new RegExp(`\\${one.split(':', 1)[0]}\\b`).test(body),
      );
      return `query Generated${head.length === 0 ? '' : `(${head.join(', ')})`} ${body}`;
    }

    /** Values for the arguments that must be given, and for some of the others. */
    private argumentsFor(field: GraphQLField<unknown, unknown>): string {
      const given = field.args.flatMap(({ name, type }) =>
        isNonNullType(type) || this.choose(3) === 0 ? [`${name}: ${this.value(type, name, 3)}`] : [],
      );
      return given.length === 0 ? '' : `(${given.join(', ')})`;
    }

    /** A literal with variables anywhere inside, or a variable: with and without a default, given, null or left out. */
    private value(type: GraphQLInputType, name: string, depth: number): string {
      const { choose } = this;
      if (choose(3) === 0) return this.variable(type, name, depth);
      if (!isNonNullType(type) && choose(8) === 0) return 'null';
      const nullable = getNullableType(type);
      if (isListType(nullable)) {
        if (choose(5) === 0) return this.value(nullable.ofType, name, depth);
        const entry = () => this.value(nullable.ofType, name, depth);
        return `[${Array.from({ length: choose(3) }, entry).join(', ')}]`;
      }
      if (isInputObjectType(nullable)) {
        const fields = Object.values(nullable.getFields()).filter(
          (field) => isNonNullType(field.type) || choose(3) === 0,
        );
        const values = fields.map((field) => `${field.name}: ${this.value(field.type, field.name, depth - 1)}`);
        return `{${values.join(', ')}}`;
      }
      return this.plain(nullable, name);
    }

    private variable(type: GraphQLInputType, name: string, depth: number): string {
      const { choose } = this;
      const variable = `v${this.declared.length}`;
      const declared = choose(2) === 0 ? type : getNullableType(type);
      // Only what holds no variable may be a default.
      const mayDefault = isLeafType(getNullableType(declared)) && !isNonNullType(declared);
      const fallback = mayDefault && choose(2) === 0 ? ` = ${this.plain(declared, name)}` : '';
      this.declared.push(`$${variable}: ${declared.toString()}${fallback}`);
      const kind = choose(6);
      if (kind === 0) this.variables[variable] = null;
      else if (kind === 1) this.variables[variable] = [5, 'x', {}, [], true, 1.5, '2026-01-01T00:00:00Z'][choose(7)];
      else if (kind > 2) this.variables[variable] = this.json(declared, name, depth);
      return `$${variable}`;
    }

    private plain(type: GraphQLInputType, name: string): string {
      const nullable = getNullableType(type);
      if (!isEnumType(nullable)) return JSON.stringify(this.scalar(nullable.toString(), name));
      return nullable.getValues()[this.choose(nullable.getValues().length)]?.name ?? 'null';
    }

    private json(type: GraphQLInputType, name: string, depth: number): unknown {
      const { choose } = this;
      const nullable = getNullableType(type);
      if (isListType(nullable)) {
        const entry = () => this.json(nullable.ofType, name, depth);
        return choose(5) === 0 ? entry() : Array.from({ length: choose(3) }, entry);
      }
      if (isInputObjectType(nullable)) {
        const fields = Object.values(nullable.getFields()).filter(
          (field) => isNonNullType(field.type) || choose(3) === 0,
        );
        const valueOf = ({ type: of, name: as }: GraphQLInputField) =>
          choose(6) === 0 ? null : this.json(of, as, depth - 1);
        return Object.fromEntries(fields.map((field) => [field.name, valueOf(field)]));
      }
      if (isEnumType(nullable)) return this.plain(nullable, name);
      return this.scalar(nullable.toString(), name);
    }

    private scalar(type: string, name: string): unknown {
      const { choose } = this;
      if (type === 'Int') return [2, 3, 0, 100][choose(4)];
      if (type === 'Boolean') return choose(2) === 0;
      if (type === 'DateTime') return ['2020-01-01T00:00:00.000Z', '2060-01-01T00:00:00Z'][choose(2)];
      if (type === 'EventType') return 'submission.completed';
      if (type === 'ID' || name === 'ids') return ids[choose(ids.length)];
      return ['lead', 'nonsense', ''][choose(3)];
    }

    private selection(type: GraphQLNamedType, depth: number): string {
      const { choose } = this;
      const parts: string[] = [];
      if (isObjectType(type) || isInterfaceType(type)) {
        const fields = Object.values(type.getFields()).filter(
          (field) => isLeafType(getNamedType(field.type)) || depth > 0,
        );
        for (let count = 1 + choose(4); count > 0; count -= 1) {
          const field = fields[choose(fields.length)];
          if (field === undefined) continue;
          const named = getNamedType(field.type);
          const directive =
            ['', '', '', ' @include(if: $yes)', ' @skip(if: $yes)', ' @include(if: $no)'][choose(6)] ?? '';
          const inner = isCompositeType(named) ? ` ${this.selection(named, depth - 1)}` : '';
          // An alias of its own for each: the same name with other arguments would not be valid.
          const alias = choose(12) === 0 ? oddNames[choose(oddNames.length)] : `${field.name}${this.aliases++}`;
          parts.push(`${alias}: ${field.name}${this.argumentsFor(field)}${directive}${inner}`);
        }
        const condition = choose(2) === 0 ? '@include(if: $yes) ' : '';
        if (choose(4) === 0) parts.push(`... on ${type.name} ${condition}{ __typename }`);
      }
      if (isInterfaceType(type)) {
        for (const possible of schema.getPossibleTypes(type)) {
          if (depth > 0 && choose(3) === 0)
            parts.push(`... on ${possible.name} ${this.selection(possible, depth - 1)}`);
        }
      }
      return `{ __typename ${parts.join(' ')} }`;
    }
  }

  /** Once a place has become null, what goes wrong below it may be left out, says the specification; both do so. */
  const shown = ({ data, errors = [] }: ExecutionResult) => ({
    data: JSON.parse(JSON.stringify(data)) as unknown,
    failed: errors.length > 0,
    errors: errors
      .filter(({ path = [] }) => path.slice(0, -1).reduce(stepInto, data ?? null) !== null)
      .map((error) => {
        const { message, locations, path } = error;
        return JSON.stringify(
          formatError({ message, ...(locations && { locations }), ...(path && { path }) }, error, log),
        );
      })
      .toSorted(),
  });

  it('answer as graphql-js does, data and errors, over generated documents and variables', async () => {
    const compiled = new CompiledQueries(schema, 0);
    const tried = { compiled: 0, withErrors: 0 };
    const property = fc.asyncProperty(
      fc.array(fc.nat(999), { minLength: 200, maxLength: 200 }),
      fc.nat(2),
      async (seeds, who) => {
        let at = 0;
        const { text, variables } = new Draft((below) => (seeds[at++ % seeds.length] ?? 0) % below);
        const given: Record<string, unknown> = { yes: seeds[0] === 1 ? null : true, no: false, ...variables };
        const valid = readable(text);
        const actor = actors[who];
        const operation = valid?.operations[0];
        if (valid === null || operation === undefined || actor === undefined) return;
        const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], given);
        if (coerced === undefined) return;
        const context = () => new OperationContext(actor);
        expect(await compiled.run(valid, operation, context(), coerced)).to.equal(null);
        await compiled.idle();
        const fast = await compiled.run(valid, operation, context(), coerced);
        if (fast === null) return;
        const plain = await execute({
          schema,
          document: valid.document,
          contextValue: context(),
          variableValues: given,
        });
        tried.compiled += 1;
        if (plain.errors) tried.withErrors += 1;
        expect(shown(fast), `${text}\n${JSON.stringify(given)}`).to.deep.equal(shown(plain));
      },
    );
    await fc.assert(property, { numRuns: 500, seed: 42 });
    expect(tried.compiled, 'documents that ran compiled').to.be.greaterThan(130);
    expect(tried.withErrors, 'of those, with an error').to.be.greaterThan(25);
  });

  /** As one that has come often; null for what is not valid or goes over a limit, for which there are other tests. */
  function readable(text: string): ValidDocument | null {
    try {
      return { ...readDocument(schema, text), uses: 10 };
    } catch {
      return null;
    }
  }

  it('give the same answer the first time and the twelfth, through the door', async () => {
    const client = clientOf(server.url, key);
    const asked: [query: string, variables?: object][] = [
      ['query($s: IntakeBotStatus = ACTIVE) { intakeBots(filter: {status: [$s]}) { totalCount } }', { s: null }],
      ['query($s: IntakeBotStatus = ACTIVE) { intakeBots(filter: {status: [$s]}) { totalCount } }', {}],
      ['query($first: Int = 1) { intakeBots(first: $first) { nodes { name } } }', { first: null }],
      ['query($at: DateTime = "2020-01-01T00:00:00Z") { intakeBots(filter: {createdAt: {gte: $at}}) { totalCount } }'],
      ['query($yes: Boolean = true) { intakeBots @include(if: $yes) { totalCount } }', { yes: null }],
      ['query($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: 'x' }],
      ['{ viewer { __proto__: scopes role } }'],
      ['{ constructor: viewer { toString: role then: scopes } }'],
      ['query Q { a: submission(id: "x") { id } ...F } fragment F on Query { b: contact(id: "y") { id } }'],
      ['query($id: ID!) { contact(id: $id) { id } }', {}],
      ['query A { viewer { role } } query B($x: ID!) { contact(id: $x) { id } }'],
    ];
    const answers = asked.map(() => new Set<string>());
    const askAll = async (times: number) => {
      for (const [index, [query, variables]] of asked.entries()) {
        for (let time = 0; time < times; time += 1) {
          const { status, body } = await client.graphql(query, variables);
          answers[index]?.add(`${status} ${JSON.stringify(body)}`);
        }
      }
    };
    await askAll(11);
    // What has come often is compiled, one after the other.
    await wait(120 * asked.length);
    await askAll(1);
    for (const [index, [query]] of asked.entries()) expect([...(answers[index] ?? [])], query).to.have.length(1);
    const { body } = await client.graphql(asked[0]?.[0] ?? '', asked[0]?.[1]);
    expect(body.errors[0].extensions.code).to.equal('GRAPHQL_VALIDATION_FAILED');
    expect(body.errors[0].message).to.match(/^Argument "filter" has invalid value/);
    const odd = await client.graphql('{ viewer { __proto__: scopes role } }');
    expect(odd.body.data.viewer).to.have.ownProperty('__proto__');
  });

  it('are made after ten uses, of what is small when written out, never for strangers or introspection', async () => {
    const compiled = new CompiledQueries(schema, 0);
    const [actor] = actors;
    const made = async (text: string, uses: number, caller: Actor | null = actor ?? null) => {
      const valid = { ...readDocument(schema, text), uses };
      const [operation] = valid.operations;
      if (operation === undefined) throw new Error('there is no operation');
      const run = async () => await compiled.run(valid, operation, new OperationContext(caller), {});
      await run();
      await compiled.idle();
      return (await run()) !== null;
    };
    expect(await made('{ viewer { role } }', 9)).to.equal(false);
    expect(await made('{ viewer { role } }', 10)).to.equal(true);
    expect(await made('{ __typename }', 10, null)).to.equal(false);
    expect(await made('{ __type(name: "Query") { name } }', 10)).to.equal(false);
    expect(await made('{ viewer { ...F } } fragment F on Viewer { apiKey { id } role }', 10)).to.equal(true);
    const doubling = Array.from(
      { length: 7 },
      (_, n) => `fragment F${n} on Viewer { ...F${n + 1} ... { ...F${n + 1} } }`,
    );
    expect(await made(`{ viewer { ...F0 } } ${doubling.join(' ')} fragment F7 on Viewer { role }`, 10)).to.equal(false);
  });

  it('are kept, as documents are, up to what they weigh; and one workspace displaces no other', async () => {
    const documents = new Documents(schema);
    const many = 'ACTIVE '.repeat(1_000);
    const textOf = (n: number) => `query Q${n} { intakeBots(filter: { status: [${many}] }) { nodes { id } } }`;
    const hot = documents.read('{ viewer { role } }', 'quiet');
    const flood = (from: number, to: number) => {
      for (let n = from; n < to; n += 1) documents.read(textOf(n), `loud${n % 2}`);
    };
    flood(0, 60);
    const before = liveBytes();
    flood(60, 160);
    expect((liveBytes() - before) / 1e6, 'live bytes grown, MB').to.be.lessThan(8);
    for (let n = 0; n < 200; n += 1) expect(() => documents.read(`{ nothing${n} }`, null)).to.throw();
    expect(documents.read('{ viewer { role } }', 'quiet')).to.equal(hot);
  });

  it('keep no document that they have nothing to do with, and no more than they may', async () => {
    const compiled = new CompiledQueries(schema, 0);
    const [actor] = actors;
    const many = '"x", '.repeat(600);
    const use = async (n: number, fields: string) => {
      const text = `query Q${n} { nodes(ids: [${many}]) { __typename ${fields} } }`;
      const valid = { ...readDocument(schema, text), uses: 10 };
      const [operation] = valid.operations;
      if (operation !== undefined) await compiled.run(valid, operation, new OperationContext(actor ?? null), {});
      await compiled.idle();
    };
    // Too large to be compiled; and small enough, beside many literals.
    const large = Array.from({ length: 60 }, () => '... on Contact { id email phone tags }').join(' ');
    for (const fields of [large, 'id']) {
      for (let n = 0; n < 60; n += 1) await use(n, fields);
      const before = liveBytes();
      for (let n = 60; n < 160; n += 1) await use(n, fields);
      expect((liveBytes() - before) / 1e6, 'live bytes grown, MB').to.be.lessThan(12);
    }
  });

  it('leave a small process well, whatever is sent again and again', async function () {
    this.timeout(90_000);
    const small = await startSmallProcess(server);
    try {
      const wide = (count: number, of: (n: number) => string) =>
        Array.from({ length: count }, (_, n) => of(n)).join(' ');
      // As many objects as an operation may have, by fragments within fragments; each text is a new one.
      const fragments = `
        fragment S2 on Submission { id ...E contact { id submissions(first: 1) { nodes { ...S1 } } }
          intakeBot { id submissions(first: 1) { nodes { ...S1 } } } }
        fragment S1 on Submission { id ...E contact { id submissions(first: 1) { nodes { ...S0 } } }
          intakeBot { id submissions(first: 1) { nodes { ...S0 } } } }
        fragment S0 on Submission { id ...E contact { id email phone } intakeBot { id name status } }
        fragment E on Submission { events(first: 1) { nodes { id type createdAt } } }`;
      const dear = (n: number, roots = 20) =>
        `{ ${wide(roots, (at) => `a${n}x${at}: submissions(first: 1) { nodes { ...S2 } }`)} } ${fragments}`;
      const plain = (n: number) =>
        `{ intakeBots(first: 1) { nodes { ${wide(25, (at) => `b${n}x${at}: name status`)} } } }`;
      const [, standard = ''] = getIntrospectionQuery().split(/(?=fragment FullType[^]*)/);
      const types = (n: number, roots = 20) =>
        `{ ${wide(roots, (at) => `e${n}x${at}: __type(name: "No") { ...FullType }`)} } ${standard}`;
      const send = async (client: Client, count: number, times: number, textOf: (n: number) => string) => {
        for (let n = 0; n < count; n += 1) for (let time = 0; time < times; time += 1) await client.graphql(textOf(n));
      };
      const [one, two] = [await createTenant(server.app), await createTenant(server.app)];
      await send(clientOf(small.url, one.key), 110, 2, dear);
      await send(clientOf(small.url, one.key), 20, 3, (n) => dear(n, 9));
      await send(clientOf(small.url, two.key), 20, 11, plain);
      await send(clientOf(small.url), 110, 2, types);
      await send(clientOf(small.url), 20, 3, (n) => types(n, 9));
      expect(await small.slowestHealthMs()).to.be.lessThan(1_000);
    } finally {
      await small.stop();
    }
  });
});
