import { expect } from 'chai';
import fc from 'fast-check';
import {
  execute,
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isLeafType,
  isNonNullType,
  isObjectType,
  type ExecutionResult,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
} from 'graphql';
import { CompiledQueries } from '../src/graphql/compiled.js';
import { readDocument } from '../src/graphql/documents.js';
import { formatError } from '../src/graphql/errors.js';
import { graphqlSchema } from '../src/graphql/schema.js';
import type { Actor, Scope } from '../src/platform/actor.js';
import { CallContext } from '../src/platform/call-context.js';
import { createLog } from '../src/platform/log.js';
import { createTenant, startServer, type TestServer } from './support/app.js';
import { createBot, createSubmission } from './support/factories.js';

const variables = { yes: true, no: false, three: 3, none: null };
const stepInto = (place: unknown, key: string | number): unknown =>
  (place as Record<string | number, unknown> | null)?.[key] ?? null;

const head =
  'query Generated($yes: Boolean = true, $no: Boolean!, $three: Int, $none: String, $missing: String, $ids: [ID!]!)';

describe('compiled queries', () => {
  const log = createLog('silent');
  let server: TestServer;
  let schema: GraphQLSchema;
  let actors: Actor[];
  let ids: string[];

  before(async () => {
    server = await startServer({ role: 'api' });
    const { app } = server;
    schema = graphqlSchema(app);
    const { workspaceId, key } = await createTenant(app);
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

  /** Values for the arguments that must be given, and for some of the others. */
  function argumentsFor(field: GraphQLField<unknown, unknown>, choose: Choose): string {
    const values: Record<string, () => string> = {
      first: () => ['2', '$three', '0', 'null'][choose(4)] ?? '',
      after: () => ['$none', '$missing', '"nonsense"'][choose(3)] ?? '',
      id: () => JSON.stringify(ids[choose(ids.length)]),
      ids: () => '$ids',
    };
    const given = field.args.flatMap(({ name, type }) => {
      const value = values[name];
      if (value === undefined) return [];
      return isNonNullType(type) || choose(3) === 0 ? [`${name}: ${value()}`] : [];
    });
    return given.length === 0 ? '' : `(${given.join(', ')})`;
  }

  function selection(type: GraphQLNamedType, depth: number, choose: Choose): string {
    const parts: string[] = [];
    if (isObjectType(type) || isInterfaceType(type)) {
      const fields = Object.values(type.getFields()).filter((field) => {
        const named = getNamedType(field.type);
        const usable = field.args.every(({ name, type }) => !isNonNullType(type) || name === 'id' || name === 'ids');
        return usable && (isLeafType(named) || depth > 0);
      });
      for (let count = 1 + choose(4); count > 0; count -= 1) {
        const field = fields[choose(fields.length)];
        if (field === undefined) continue;
        const named = getNamedType(field.type);
        const directive =
          ['', '', '', ' @include(if: $yes)', ' @skip(if: $yes)', ' @include(if: $no)'][choose(6)] ?? '';
        const inner = isCompositeType(named) ? ` ${selection(named, depth - 1, choose)}` : '';
        // An alias of its own for each: the same name with other arguments would not be valid.
        parts.push(`${field.name}${aliases++}: ${field.name}${argumentsFor(field, choose)}${directive}${inner}`);
      }
      if (choose(4) === 0)
        parts.push(`... on ${type.name} ${choose(2) === 0 ? '@include(if: $yes) ' : ''}{ __typename }`);
    }
    if (isInterfaceType(type)) {
      for (const possible of schema.getPossibleTypes(type)) {
        if (depth > 0 && choose(3) === 0)
          parts.push(`... on ${possible.name} ${selection(possible, depth - 1, choose)}`);
      }
    }
    return `{ __typename ${parts.join(' ')} }`;
  }
  let aliases = 0;

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

  it('answer as graphql-js does, data and errors, over generated documents', async () => {
    const compiled = new CompiledQueries(schema);
    let withErrors = 0;
    const property = fc.asyncProperty(
      fc.array(fc.nat(999), { minLength: 120, maxLength: 120 }),
      fc.nat(2),
      async (seeds, who) => {
        aliases = 0;
        let at = 0;
        const choose: Choose = (below) => (seeds[at++ % seeds.length] ?? 0) % below;
        const query = schema.getQueryType();
        if (!query) throw new Error('there is no query type');
        const text = `${head} ${selection(query, 4, choose)}`;
        const document = withoutUnusedVariables(text);
        const valid = { ...readable(document), uses: 2 };
        const actor = actors[who];
        if (actor === undefined || valid.document === undefined) return;
        const [operation] = valid.operations;
        if (operation === undefined) throw new Error('there is no operation');
        const given = { ...variables, ids };
        const context = () => new CallContext(actor);
        const fast = await compiled.run(valid, operation, context(), given);
        const plain = await execute({
          schema,
          document: valid.document,
          contextValue: context(),
          variableValues: given,
        });
        if (plain.errors) withErrors += 1;
        expect(fast && shown(fast), document).to.deep.equal(shown(plain));
      },
    );
    await fc.assert(property, { numRuns: 300, seed: 42 });
    expect(withErrors, 'documents that came to an error').to.be.greaterThan(30);
  });

  /** The limits have tests of their own: here a document that goes over one is another to try. */
  function readable(text: string) {
    try {
      return readDocument(schema, text);
    } catch (error) {
      if ((error as { code?: string }).code === 'query_too_costly') return { document: undefined, operations: [] };
      throw error;
    }
  }

  function withoutUnusedVariables(text: string): string {
    const [, declared = '', body = ''] = /\((.*?)\) (\{.*)$/s.exec(text) ?? [];
    const named = new Set(body.match(/\$\w+/g));
    const used = declared.split(', ').filter((part) => named.has(part.split(':', 1)[0] ?? ''));
    return `query Generated${used.length === 0 ? '' : `(${used.join(', ')})`} ${body}`;
  }

  it('leave it to graphql-js to word what variables do not fit', async () => {
    const valid = { ...readDocument(schema, 'query ($id: ID!) { contact(id: $id) { id } }'), uses: 2 };
    const [operation] = valid.operations;
    const [actor] = actors;
    if (operation === undefined || actor === undefined) throw new Error('there is no operation');
    expect(await new CompiledQueries(schema).run(valid, operation, new CallContext(actor), {})).to.equal(null);
  });
});
