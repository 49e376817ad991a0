import { expect } from 'chai';
import type { App } from '../../src/app.js';
import { createTenant, startServer, type TestServer } from '../support/app.js';
import { createBot, createSubmission } from '../support/factories.js';
import { someoneWaits } from '../support/locks.js';
import { multiply } from '../support/many-events.js';
import { memberOf } from '../support/people.js';
import { launch, serving } from '../support/process.js';
import { placesOf } from '../support/secrets-left.js';

const events = 12_500;

describe('an erasure that is larger than one commit', () => {
  let server: TestServer;
  let env: Record<string, string>;

  before(async () => {
    server = await startServer({ role: 'api' });
    env = { PORT: '0', DATABASE_URL: server.databaseUrl, SECRETS_KEY: server.secretsKey };
  });
  after(async () => await server.stop());

  const progress = async (app: App) =>
    (await app.database.pool.query<{ status: string; events: number }>('select status, events from erasures')).rows[0];

  async function until(isSo: (erasure: { status: string; events: number }) => boolean): Promise<number> {
    for (const endsAt = Date.now() + 30_000; ;) {
      const erasure = await progress(server.app);
      if (erasure !== undefined && isSo(erasure)) return erasure.events;
      if (Date.now() > endsAt) throw new Error(`it stands at ${JSON.stringify(erasure)}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  it('goes on after kill -9 where it stopped, and ends', async () => {
    const tenant = await createTenant(server.app);
    const bot = await createBot(server.app, tenant.workspaceId);
    const { contactId } = await createSubmission(server.app, bot, {
      data: { full_name: 'Unforgettable', email: 'unforgettable@example.com' },
    });
    const { pool } = server.app.database;
    const { rows } = await pool.query<{ id: string }>('select id from events where subject_id = $1', [contactId]);
    const oldest = await multiply(pool, rows[0]?.id ?? '', events);
    const owner = await memberOf(server.app, tenant, 'OWNER');
    const { body } = await owner.graphql(
      'mutation ($id: ID!) { deleteContact(input: {id: $id}) { erasure { id status counts { events } } } }',
      { id: contactId },
    );
    const { id, ...begun } = body.data.deleteContact.erasure;
    expect(begun).to.deep.equal({ status: 'RUNNING', counts: { events: 10_000 } });

    // Somebody holds the last one that it comes to.
    const blocker = await pool.connect();
    await blocker.query('begin');
    await blocker.query('select from events where id = $1 for update', [oldest]);
    const first = await serving(launch(['serve'], env));
    await until(({ events: count }) => count === 12_000);
    await someoneWaits(blocker);
    process.kill(-(first.child.pid ?? 0), 'SIGKILL');
    await first.ended;
    await blocker.query('rollback');
    blocker.release();
    expect(await progress(server.app)).to.deep.equal({ status: 'RUNNING', events: 12_000 });

    const second = await startServer({ beside: server });
    try {
      await until(({ status }) => status === 'DONE');
      expect(await placesOf(server.app, 'unforgettable')).to.have.all.keys('submissions');
      const look = 'query ($id: ID!) { erasure(id: $id) { status counts { events } } }';
      const shown = await owner.graphql(look, { id });
      // The contact's, and the submission's.
      expect(shown.body.data.erasure).to.deep.equal({ status: 'DONE', counts: { events: events + 2 } });
    } finally {
      await second.stop();
    }
  });
});
