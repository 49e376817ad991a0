import { expect } from 'chai';
import pg from 'pg';
import { modern, rawMcp } from '../support/agent.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf } from '../support/client.js';
import { createBot, createSubmission } from '../support/factories.js';
import { someoneWaits } from '../support/locks.js';
import { launch, serving } from '../support/process.js';
import { Receiver } from '../support/receiver.js';

type Process = Awaited<ReturnType<typeof serving>>;

describe('a replay under an idempotency key through kill -9', function () {
  this.timeout(60_000);
  let server: TestServer;
  let tenant: Tenant;
  let receiver: Receiver;
  let endpointId: string;
  let blocker: pg.Client;

  before(async () => {
    server = await startServer();
    tenant = await createTenant(server.app);
    receiver = await Receiver.start();
    const { rest } = clientOf(server.url, tenant.key);
    const made = await rest('POST', '/webhooks', { url: receiver.url, events: ['submission.completed'] });
    endpointId = made.body.data.webhook.id;
    await createSubmission(server.app, await createBot(server.app, tenant.workspaceId));
    await receiver.arrived(1);
    blocker = new pg.Client({ connectionString: server.databaseUrl });
    await blocker.connect();
  });
  after(async () => {
    await blocker.end();
    await server.stop();
    await receiver.stop();
  });

  const start = async (): Promise<Process> => {
    const env = { PORT: '0', DATABASE_URL: server.databaseUrl, SECRETS_KEY: server.secretsKey };
    return await serving(launch(['serve', '--role', 'api'], env));
  };
  const kill = async ({ child, ended }: Process) => {
    process.kill(-(child.pid ?? 0), 'SIGKILL');
    await ended;
  };
  const call = async (url: string, args: object) => {
    const asked = { endpoint_id: endpointId, since: '2026-01-01T00:00:00Z', only: 'ALL', ...args };
    const { body, headers } = modern('tools/call', { name: 'replay_webhooks', arguments: asked });
    return (await rawMcp(url, tenant.key, body, headers)).json.result;
  };
  /** Until it is answered: while the killed process's connection is still being closed, the first call is in flight. */
  const insist = async (url: string, args: object) => {
    for (;;) {
      const result = await call(url, args);
      if (result.isError !== true) return result.structuredContent;
      expect(JSON.parse(result.content[0].text).error.code).to.equal('idempotency_conflict');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const replays = async () => {
    const { rows } = await blocker.query<{ id: string }>('select id from webhook_replays where not dry_run');
    return rows.map(({ id }) => id);
  };

  it('is one replay, whether the process died before its commit or after', async () => {
    const first = await start();
    const { count } = (await call(first.url, {})).structuredContent;
    const args = { dry_run: false, confirm: count, idempotency_key: 'through a crash' };
    await blocker.query('begin');
    // The entry that says who began the replay is its last write.
    await blocker.query('lock table audit_entries in share row exclusive mode');
    const lost = call(first.url, args).then(
      () => 'answered',
      () => 'lost',
    );
    await someoneWaits(blocker);
    await kill(first);
    expect(await lost).to.equal('lost');
    await blocker.query('rollback');

    const second = await start();
    const { replay_id: id } = await insist(second.url, args);
    await kill(second);
    const third = await start();
    expect((await insist(third.url, args)).replay_id).to.equal(id);
    await kill(third);
    expect(await replays()).to.deep.equal([id]);
  });
});
