import { expect } from 'chai';
import type { App } from '../../src/app.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf } from '../support/client.js';
import { createBot, createSubmission } from '../support/factories.js';
import { someoneWaits } from '../support/locks.js';
import { multiply } from '../support/many-events.js';
import { personAt, signIn, type Person } from '../support/people.js';
import { launch, serving } from '../support/process.js';
import { placesOf } from '../support/secrets-left.js';

const events = 12_500;

describe('a process that erases a person', () => {
  let server: TestServer;
  let tenant: Tenant;
  let first: Awaited<ReturnType<typeof serving>>;
  let owner: Person;

  before(async () => {
    // Another of the same database, which works no jobs.
    server = await startServer({ role: 'api' });
    tenant = await createTenant(server.app);
    const env = { PORT: '0', DATABASE_URL: server.databaseUrl, SECRETS_KEY: server.secretsKey, LOG_LEVEL: 'debug' };
    first = await serving(launch(['serve'], env));
    owner = personAt(first.url);
    await signIn(owner, tenant.owner.email, tenant.owner.password);
  });
  after(async () => {
    if (first.child.exitCode === null && first.child.signalCode === null) {
      process.kill(-(first.child.pid ?? 0), 'SIGKILL');
      await first.ended;
    }
    await server.stop();
  });

  const deletion = `mutation ($id: ID!, $all: Boolean!) {
    deleteContact(input: {id: $id, eraseSubmissions: $all}) { erasure { id status counts { events } } }
  }`;
  const progress = async (app: App, id: string) =>
    (
      await app.database.pool.query<{ status: string; events: number }>(
        'select status, events from erasures where id = $1',
        [id],
      )
    ).rows[0];

  async function until(id: string, isSo: (erasure: { status: string; events: number }) => boolean): Promise<void> {
    for (const endsAt = Date.now() + 30_000; ;) {
      const erasure = await progress(server.app, id);
      if (erasure !== undefined && isSo(erasure)) return;
      if (Date.now() > endsAt) throw new Error(`it stands at ${JSON.stringify(erasure)}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  it('writes nothing of the person into its log, nor into the audit log', async () => {
    const bot = await createBot(server.app, tenant.workspaceId);
    const key = clientOf(first.url, tenant.key);
    const email = 'logged.nowhere@example.com';
    const data = { full_name: 'Logged Nowhere', email };
    expect((await key.rest('POST', `/intake-bots/${bot.id}/submissions`, { data })).status).to.equal(200);
    const query = `{ contacts(filter: {email: "${email}"}) { nodes { id } } }`;
    const headers = { Authorization: `Bearer ${tenant.key}`, 'apollo-require-preflight': 'true' };
    const found = await fetch(`${first.url}/graphql?query=${encodeURIComponent(query)}`, { headers });
    const { data: seen } = (await found.json()) as { data: { contacts: { nodes: { id: string }[] } } };
    const taken = await owner.graphql(
      `mutation { createContact(input: {email: "${email}", firstName: "Logged"}) { contact { id } } }`,
    );
    expect(taken.body.errors).to.have.length(1);
    const erased = await owner.graphql(deletion, { id: seen.contacts.nodes[0]?.id, all: true });
    expect(erased.body.data.deleteContact.erasure.status).to.equal('DONE');
    expect(first.output())
      .to.include('/graphql')
      .and.not.match(/logged.nowhere/i);
    expect(await placesOf(server.app, 'logged')).to.deep.equal({});
  });

  it('goes on after kill -9 where it stopped, and ends', async () => {
    const bot = await createBot(server.app, tenant.workspaceId);
    const { contactId } = await createSubmission(server.app, bot, {
      data: { full_name: 'Unforgettable', email: 'unforgettable@example.com' },
    });
    const { pool } = server.app.database;
    const { rows } = await pool.query<{ id: string }>('select id from events where subject_id = $1', [contactId]);
    const oldest = await multiply(pool, rows[0]?.id ?? '', events);
    // Somebody holds the last one that it comes to.
    const blocker = await pool.connect();
    await blocker.query('begin');
    await blocker.query('select from events where id = $1 for update', [oldest]);
    const { body } = await owner.graphql(deletion, { id: contactId, all: false });
    const { id, ...begun } = body.data.deleteContact.erasure;
    expect(begun).to.deep.equal({ status: 'RUNNING', counts: { events: 10_001 } });
    await until(id, ({ events: count }) => count === 12_001);
    await someoneWaits(blocker);
    process.kill(-(first.child.pid ?? 0), 'SIGKILL');
    await first.ended;
    await blocker.query('rollback');
    blocker.release();
    expect(await progress(server.app, id)).to.deep.equal({ status: 'RUNNING', events: 12_001 });

    const second = await startServer({ beside: server });
    try {
      await until(id, ({ status }) => status === 'DONE');
      // The contact's, and the submission's.
      expect(await progress(server.app, id)).to.deep.equal({ status: 'DONE', events: events + 2 });
      expect(await placesOf(server.app, 'unforgettable')).to.have.all.keys('submissions');
    } finally {
      await second.stop();
    }
  });
});
