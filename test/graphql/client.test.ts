import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { buildSchema } from 'graphql';
import { format, resolveConfig } from 'prettier';
import { ApiError, Client } from '../../docs/client/client.js';
import { typesOf } from '../../docs/client/generate.js';
import { CreateSubmission, EventOccurred, ListIntakeBots } from '../../docs/client/operations.js';
import { createTenant, startServer, type TestServer } from '../support/app.js';
import { createBot } from '../support/factories.js';

describe('the example client of the documentation', () => {
  let server: TestServer;
  let client: Client;
  let botId: string;

  before(async () => {
    server = await startServer();
    const { key, workspaceId } = await createTenant(server.app);
    client = new Client(server.url, key);
    ({ id: botId } = await createBot(server.app, workspaceId));
  });
  after(async () => await server.stop());

  it('has the types that the schema gives its operations', async () => {
    const schema = buildSchema(readFileSync('schema.graphql', 'utf8'));
    const made = typesOf(schema, readFileSync('docs/client/operations.graphql', 'utf8'));
    const options = { ...(await resolveConfig('docs/client/operations.ts')), parser: 'typescript' };
    expect(readFileSync('docs/client/operations.ts', 'utf8')).to.equal(await format(made, options));
  });

  it('reads, writes once, and follows what happens from where it left off', async () => {
    const { intakeBots } = await client.run(ListIntakeBots, { first: 10 });
    expect(intakeBots.nodes.map(({ id }) => id)).to.deep.equal([botId]);
    const seen: string[] = [];
    const events = client.follow(EventOccurred, { types: ['submission.completed'] });
    const first = events.next();
    const input = { intakeBotId: botId, data: { full_name: 'Ada', email: 'ada@example.com' } };
    const publishing = setInterval(() => void client.run(CreateSubmission, { input }), 50);
    seen.push((await first.finally(() => clearInterval(publishing))).value.eventOccurred.id);
    await events.return(undefined);

    const made = await client.run(CreateSubmission, { input }, 'once');
    expect(await client.run(CreateSubmission, { input }, 'once')).to.deep.equal(made);
    for await (const { eventOccurred } of client.follow(EventOccurred, {
      types: ['submission.completed'],
      after: seen.at(-1) ?? null,
    })) {
      seen.push(eventOccurred.id);
      const payload = eventOccurred.payload as { data: { submission: { id: string } } };
      if (payload.data.submission.id === made.createSubmission.submission.id) break;
    }
    expect(new Set(seen).size).to.equal(seen.length);
  });

  it('throws what the API says is wrong', async () => {
    const refused = client.run(CreateSubmission, { input: { intakeBotId: botId, data: {} } });
    const error = await refused.then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(error).to.be.instanceOf(ApiError);
    expect((error as ApiError).code).to.equal('validation_failed');
  });
});
