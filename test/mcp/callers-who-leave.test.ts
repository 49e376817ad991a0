import { expect } from 'chai';
import pg from 'pg';
import { pino } from 'pino';
import { requestOf, type Asking, type Era } from '../support/agent-by-hand.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf } from '../support/client.js';
import { createBot, createSubmission } from '../support/factories.js';
import { forGoodMs, someoneWaits } from '../support/locks.js';

/** What a call goes through, by what it carries. */
const ways: Readonly<Record<string, { era: Era; more: Asking }>> = {
  'a plain call': { era: 'modern', more: {} },
  'a call that tells of its progress': { era: 'modern', more: { meta: { progressToken: 'p' } } },
  'a call of 2025-11-25': { era: 'legacy', more: {} },
};

/** A caller who goes away amid a call: reads and waits end, and a write that began is finished. */
describe('agents who leave', () => {
  let server: TestServer;
  let tenant: Tenant;
  let blocker: pg.Client;
  let botId: string;
  let submissionId: string;
  let replayId: string;
  const lines: Record<string, unknown>[] = [];

  before(async () => {
    const log = pino({ level: 'info' }, { write: (line) => void lines.push(JSON.parse(line)) });
    // Nobody works at the replay, which is under way for good.
    server = await startServer({ role: 'api', log });
    tenant = await createTenant(server.app);
    const bot = await createBot(server.app, tenant.workspaceId);
    botId = bot.id;
    submissionId = (await createSubmission(server.app, bot)).id;
    const { rest, graphql } = clientOf(server.url, tenant.key);
    const made = await rest('POST', '/webhooks', { url: 'http://127.0.0.1:9/', events: ['submission.completed'] });
    const started = await graphql(
      'mutation ($input: StartReplayInput!) { startReplay(input: $input) { replay { id } } }',
      {
        input: {
          endpointId: made.body.data.webhook.id,
          since: new Date(Date.now() - 3_600_000).toISOString(),
          only: 'ALL',
        },
      },
    );
    replayId = started.body.data.startReplay.replay.id;
    blocker = new pg.Client({ connectionString: server.databaseUrl });
    await blocker.connect();
  });
  beforeEach(() => lines.splice(0));
  after(async () => {
    await blocker.end();
    await server.stop();
  });

  const send = async ({ era, more }: (typeof ways)[string], name: string, args: object, signal?: AbortSignal) => {
    const { body, headers } = requestOf(era, 'tools/call', { name, arguments: args }, more);
    return await fetch(`${server.url}/mcp`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${tenant.key}`,
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        ...headers,
      },
      body: JSON.stringify(body),
      ...(signal && { signal }),
    });
  };
  /** Calls, and leaves once `amid` is done. */
  const leaveAmid = async (way: (typeof ways)[string], name: string, args: object, amid: () => Promise<void>) => {
    const leaving = new AbortController();
    const left = send(way, name, args, leaving.signal)
      .then(async (answer) => await answer.text())
      .then(
        () => 'answered',
        () => 'left',
      );
    await amid();
    leaving.abort();
    expect(await left).to.equal('left');
    await until('the server does not notice', () =>
      lines.some(({ msg, status }) => msg === 'request' && status === 499),
    );
  };
  const locked = async (table: string, mode: string, amid: () => Promise<void>) => {
    await blocker.query('begin');
    await blocker.query(`lock table ${table} in ${mode} mode`);
    await amid();
    await blocker.query('rollback');
  };
  const until = async (what: string, isSo: () => Promise<boolean> | boolean) => {
    for (const untilMs = Date.now() + 5_000; !(await isSo());) {
      expect(Date.now(), what).to.be.lessThan(untilMs);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const gone = async (tool: string) => {
    const { values = [] } = (await server.app.metrics.registry.getSingleMetric('iozen_mcp_calls_total')?.get()) ?? {};
    return values.find(({ labels }) => labels['tool'] === tool && labels['outcome'] === 'gone')?.value ?? 0;
  };
  const expectNoError = () => expect(lines.filter(({ level }) => Number(level) >= 40)).to.deep.equal([]);

  for (const [what, way] of Object.entries(ways)) {
    describe(`amid ${what}`, () => {
      it('end a read, which is no error', async () => {
        const before = await gone('get_submission');
        await locked('submissions', 'access exclusive', async () => {
          const args = { submission_id: submissionId };
          await leaveAmid(way, 'get_submission', args, async () => await someoneWaits(blocker));
        });
        await until('the call goes on', async () => (await gone('get_submission')) === before + 1);
        expectNoError();
      });

      it('end a wait at once, which is no error', async () => {
        const before = await gone('get_replay');
        await leaveAmid(way, 'get_replay', { replay_id: replayId, wait_seconds: 40 }, async () => {
          await locked('webhook_replays', 'access exclusive', async () => await someoneWaits(blocker));
          // It has looked, and waits until it looks again.
          await new Promise((resolve) => setTimeout(resolve, 100));
        });
        await until('the call goes on', async () => (await gone('get_replay')) === before + 1);
        expectNoError();
      });

      it('find under their idempotency key what their call did', async () => {
        const email = `${what.replaceAll(/\W/g, '')}@example.com`;
        const args = { intake_bot_id: botId, data: { full_name: 'Ada', email }, idempotency_key: what };
        const made = async () => {
          const { rows } = await blocker.query(`select id from submissions where data ->> 'email' = $1`, [email]);
          return rows.map(({ id }: { id: string }) => id);
        };
        await locked('submissions', 'share row exclusive', async () => {
          await leaveAmid(way, 'create_submission', args, async () => await someoneWaits(blocker, forGoodMs));
        });
        await until('the write is not finished', async () => (await made()).length === 1);
        // Its row is there a moment before the call itself is over: until then a retry is told to come again.
        let again = '';
        await until('the first call is not over', async () => {
          again = await (await send(way, 'create_submission', args)).text();
          return !again.includes('idempotency_conflict');
        });
        expect(again).to.include(String(await made()));
        expect(await made()).to.have.length(1);
        expectNoError();
      });
    });
  }
});
