import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf, type Client } from '../support/client.js';
import { createBot, createSubmission } from '../support/factories.js';
import { someoneWaits } from '../support/locks.js';
import { launch, serving } from '../support/process.js';

/** A server process of the test server's database, that can be killed. */
type Process = Awaited<ReturnType<typeof serving>>;

describe('an idempotency key through kill -9', function () {
  this.timeout(60_000);
  let server: TestServer;
  let tenant: Tenant;
  let path: string;
  let botId: string;
  let blocker: pg.Client;

  before(async () => {
    server = await startServer({ role: 'worker' });
    tenant = await createTenant(server.app);
    const bot = await createBot(server.app, tenant.workspaceId);
    botId = bot.id;
    path = `/intake-bots/${bot.id}/submissions`;
    blocker = new pg.Client({ connectionString: server.databaseUrl });
    await blocker.connect();
    // The month's count, whose row the commit of a submission needs.
    await createSubmission(server.app, await createBot(server.app, tenant.workspaceId));
  });
  after(async () => {
    await blocker.end();
    await server.stop();
  });

  const start = async (): Promise<[Process, Client]> => {
    const env = { PORT: '0', DATABASE_URL: server.databaseUrl, SECRETS_KEY: server.secretsKey };
    const started = await serving(launch(['serve', '--role', 'api'], env));
    return [started, clientOf(started.url, tenant.key)];
  };
  const kill = async ({ child, ended }: Process) => {
    process.kill(-(child.pid ?? 0), 'SIGKILL');
    await ended;
  };
  const body = { data: { full_name: 'Ada', email: 'ada@example.com' } };
  const made = async () => {
    const { rows } = await blocker.query<{ id: string }>('select id from submissions where intake_bot_id = $1', [
      botId,
    ]);
    return rows.map(({ id }) => id);
  };
  /** Until it is answered: while the killed process's connection is still being closed, the request is in flight. */
  const insist = async (client: Client, headers: Record<string, string>) => {
    for (;;) {
      const answer = await client.rest('POST', path, body, headers);
      if (answer.status !== 409) return answer;
      expect(answer.headers.get('retry-after')).to.equal('1');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };

  it('makes nothing if the process dies before the commit, and one submission for the retry', async () => {
    const headers = { 'Idempotency-Key': 'before-the-commit' };
    const [first, client] = await start();
    await blocker.query('begin');
    await blocker.query('select from workspace_usage where workspace_id = $1 for update', [tenant.workspaceId]);
    const lost = client.rest('POST', path, body, headers).then(
      () => 'answered',
      () => 'lost',
    );
    await someoneWaits(blocker);
    await kill(first);
    expect(await lost).to.equal('lost');
    await blocker.query('rollback');

    const [second, again] = await start();
    const retried = await insist(again, headers);
    const replayed = await again.rest('POST', path, body, headers);
    await kill(second);
    expect(retried.status).to.equal(200);
    expect(replayed.headers.get('idempotency-replayed')).to.equal('true');
    expect(await made()).to.deep.equal([retried.body.data.submission.id]);
    expect(replayed.body).to.deep.equal(retried.body);
  });

  it('makes exactly one of twenty at once, whenever the process dies', async () => {
    let [running, client] = await start();
    for (let round = 0; round < 4; round += 1) {
      const before = new Set(await made());
      const headers = { 'Idempotency-Key': randomBytes(8).toString('hex') };
      const asked = client;
      const requests = Array.from(
        { length: 20 },
        async () => await asked.rest('POST', path, body, headers).catch(() => null),
      );
      await new Promise((resolve) => setTimeout(resolve, round * 15));
      await kill(running);
      const answered = (await Promise.all(requests)).filter((answer) => answer?.status === 200);

      [running, client] = await start();
      const retried = await insist(client, headers);
      const now = (await made()).filter((id) => !before.has(id));
      expect(now).to.deep.equal([retried.body.data.submission.id]);
      for (const answer of answered) expect(answer?.body).to.deep.equal(retried.body);
    }
    await kill(running);
  });
});
