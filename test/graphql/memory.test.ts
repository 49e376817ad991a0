import { expect } from 'chai';
import { isInputObjectType, isListType, isNonNullType, type GraphQLInputField, type GraphQLSchema } from 'graphql';
import { graphqlSchema } from '../../src/graphql/schema.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { pipelined, unprepared } from '../../src/platform/postgres/statement.js';
import { inAccount, WorkAccount } from '../../src/platform/work/work-account.js';
import { plans } from '../../src/workspaces/plans.js';
import { createTenant, startServer, type TestServer } from '../support/app.js';
import { clientOf, type Client } from '../support/client.js';
import { createBot, createSubmission, operator } from '../support/factories.js';
import { liveBytes } from '../support/live-bytes.js';
import { chooserOf, Operations } from '../support/operations.js';

/** `npm run test:long` asks for 10,000. */
const operations = Number(process.env['FUZZ_OPERATIONS'] ?? 1_500);
const settledAfter = 1_000;
const statementNamesMax = 300;
const grownBytesMax = 64 * 1_048_576;

describe('what callers ask for in ever new words', function () {
  this.timeout(600_000);
  let server: TestServer;
  let schema: GraphQLSchema;
  let client: Client;
  let ids: string[];
  const limit = plans.BUSINESS.requestsPerMinute;

  before(async () => {
    server = await startServer({ role: 'api' });
    const { app } = server;
    schema = graphqlSchema(app);
    const { workspaceId, key } = await createTenant(app);
    const bot = await createBot(app, workspaceId, { record_type: 'lead' });
    for (let made = 0; made < 5; made += 1) await createSubmission(app, bot);
    const actor = await operator(app, workspaceId);
    const input = { url: 'https://93.184.216.34/hook', events: ['contact.created' as const] };
    const { webhookEndpoint } = await app.webhookEndpoints.create(actor, () => input);
    ids = [bot.id, webhookEndpoint.id];
    client = clientOf(server.url, key);
    plans.BUSINESS.requestsPerMinute = 1_000_000;
  });
  after(async () => {
    plans.BUSINESS.requestsPerMinute = limit;
    await server.stop();
  });

  it(`prepares fewer than ${statementNamesMax} statements, and keeps the heap within 64 MiB of what it was`, async () => {
    const generated = new Operations(schema, ids, 3);
    let settled = 0;
    for (let seed = 1; seed <= operations; seed += 10) {
      const sent = Array.from({ length: 10 }, async (_, next) => {
        const { query, variables } = generated.make(chooserOf(seed + next), 'query');
        await client.graphql(query.replace('{ ', `{ n${seed + next}: __typename `), variables);
      });
      await Promise.all(sent);
      if (seed + 9 === settledAfter) settled = liveBytes();
    }
    for (const query of filteredLists(schema, ids)) {
      const { status, body } = await client.graphql(query);
      // A search is dear, so that there is one an operation; whatever else stands here may be asked.
      expect(status, `${query}: ${JSON.stringify(body).slice(0, 300)}`).to.equal(200);
    }
    const names = await statementNames(server.app.database);
    expect(names.size, [...names].join(' ')).to.be.within(10, statementNamesMax - 1);
    expect(liveBytes() - settled, 'bytes grown').to.be.lessThan(grownBytesMax);
  });
});

/** Every list with every combination of what it can be narrowed to, in both directions. */
function* filteredLists(schema: GraphQLSchema, ids: readonly string[]): Generator<string> {
  const query = schema.getQueryType();
  for (const field of Object.values(query?.getFields() ?? {})) {
    const filter = field.args.find(({ name }) => name === 'filter')?.type;
    // The audit log is for people, whose points are few.
    if (filter === undefined || !isInputObjectType(filter) || field.name === 'auditLog') continue;
    const fields = Object.values(filter.getFields());
    for (let mask = 0; mask < 2 ** fields.length; mask += 1) {
      const given = fields.filter((_, index) => (mask >> index) & 1);
      for (const page of ['first: 1', 'last: 1']) {
        for (let count = 1; count <= 3; count += 1) {
          const narrowed = given.map((one) => `${one.name}: ${literalOf(one, ids, count)}`).join(', ');
          yield `{ ${field.name}(${page}, filter: {${narrowed}}) { nodes { id } totalCount } }`;
          if (!given.some(({ type }) => isListType(type))) break;
        }
      }
    }
  }
}

const literals: Record<string, (n: number) => string> = {
  DateTimeRange: () => '{gte: "2020-01-01T00:00:00Z", lt: "2040-01-01T00:00:00Z"}',
  Boolean: () => 'true',
  String: () => '"ada@example.com"',
};

/** Of a list, `count` values. */
function literalOf({ name, type }: GraphQLInputField, ids: readonly string[], count: number): string {
  if (isListType(type)) {
    const of = isNonNullType(type.ofType) ? String(type.ofType.ofType) : String(type.ofType);
    const values =
      of === 'EventType'
        ? ['"contact.created"', '"contact.updated"', '"submission.completed"']
        : of === 'WebhookDeliveryStatus'
          ? ['DELIVERED', 'RETRYING', 'PENDING']
          : of === 'SubmissionStatus'
            ? ['COMPLETED', 'IN_PROGRESS', 'COMPLETED']
            : ['ACTIVE', 'PAUSED', 'DRAFT'];
    return `[${values.slice(0, count).join(', ')}]`;
  }
  if (String(type) === 'ID') return JSON.stringify(ids[name === 'endpointId' ? 1 : 0]);
  return literals[String(type)]?.(count) ?? 'null';
}

/** What is prepared on any connection of this process. */
async function statementNames(database: Database): Promise<Set<string>> {
  const text = 'select name from pg_prepared_statements';
  const names = new Set<string>();
  const clients = await Promise.all(
    Array.from({ length: database.pool.options.max }, async () => await database.pool.connect()),
  );
  for (const client of clients) {
    for (const { name } of (await client.query<{ name: string }>(text)).rows) names.add(name);
    client.release();
  }
  // Each holds its connection for a moment, so that the others go to other ones.
  const slowly = 'select name from pg_prepared_statements, lateral (select pg_sleep(0.1) offset 0) s';
  const asked = await Promise.all([
    ...Array.from({ length: 20 }, async () => await database.query(pipelined<{ name: string }>(text))),
    ...['one', 'two', 'three'].flatMap((workspaceId) =>
      Array.from({ length: 6 }, async () =>
        inAccount(new WorkAccount(workspaceId), async () => await database.query(unprepared<{ name: string }>(slowly))),
      ),
    ),
  ]);
  for (const rows of asked) for (const { name } of rows) names.add(name);
  return names;
}
