import { expect } from 'chai';
import pg from 'pg';
import { newId } from '../../src/platform/id.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf, type Client } from '../support/client.js';
import { createBot } from '../support/factories.js';
import { forGoodMs, someoneWaits } from '../support/locks.js';
import { eraseMany, Idempotency, keptForMs } from '../../src/http/idempotency.js';

describe('idempotency keys over REST', () => {
  let server: TestServer;
  let tenant: Tenant;
  let client: Client;
  let path: string;
  let botId: string;
  let keys = 0;

  const body = { data: { full_name: 'Ada', email: 'ada@example.com' } };
  const keyed = (key: string) => ({ 'Idempotency-Key': key });
  const newKey = () => `key-${++keys}`;
  const submissions = async () => {
    const bot = await client.rest('GET', `/intake-bots/${botId}`);
    return bot.body.data.intake_bot.submission_count as number;
  };

  before(async () => {
    server = await startServer();
    tenant = await createTenant(server.app);
    client = clientOf(server.url, tenant.key);
    const bot = await createBot(server.app, tenant.workspaceId);
    botId = bot.id;
    path = `/intake-bots/${bot.id}/submissions`;
  });
  after(async () => await server.stop());

  it('answers a repeated request as the first time, byte for byte, and says so', async () => {
    const key = newKey();
    const first = await client.rest('POST', path, body, keyed(key));
    const count = await submissions();
    const again = await client.rest('POST', path, body, keyed(`"${key}"`));
    expect(first.status).to.equal(200);
    expect(first.headers.get('idempotency-replayed')).to.equal(null);
    expect(again.status).to.equal(200);
    expect(again.headers.get('idempotency-replayed')).to.equal('true');
    expect(again.body).to.deep.equal(first.body);
    expect(await submissions()).to.equal(count);
  });

  it('makes one submission of twenty identical requests at once', async () => {
    const key = newKey();
    const before = await submissions();
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => await client.rest('POST', path, body, keyed(key))),
    );
    const made = answers.filter(({ status }) => status === 200);
    const refused = answers.filter(({ status }) => status === 409);
    expect(await submissions()).to.equal(before + 1);
    expect(new Set(made.map(({ body }) => body.data.submission.id))).to.have.length(1);
    expect(made.filter(({ headers }) => headers.get('idempotency-replayed') === null)).to.have.length(1);
    expect(made.length + refused.length).to.equal(20);
    for (const { body, headers } of refused) {
      expect(body.error.code).to.equal('idempotency_conflict');
      expect(headers.get('retry-after')).to.equal('1');
    }
  });

  it('refuses another body, and another path, under the same key', async () => {
    const key = newKey();
    await client.rest('POST', path, body, keyed(key));
    const other = await client.rest('POST', path, { ...body, is_test: true }, keyed(key));
    expect(other.status).to.equal(409);
    expect(other.body.error).to.deep.include({ code: 'idempotency_conflict', details: {} });
    expect(other.headers.get('retry-after')).to.equal(null);
    const sibling = await createBot(server.app, tenant.workspaceId);
    const elsewhere = await client.rest('POST', `/intake-bots/${sibling.id}/submissions`, body, keyed(key));
    expect(elsewhere.status).to.equal(409);
  });

  it('keeps no refusal: the same key works once the request is right', async () => {
    const key = newKey();
    expect((await client.rest('POST', path, { data: {} }, keyed(key))).status).to.equal(400);
    expect((await client.rest('POST', path, body, keyed(key))).status).to.equal(200);
  });

  it('keeps the answer although the bot takes nothing any more', async () => {
    const key = newKey();
    const bot = await createBot(server.app, tenant.workspaceId);
    const to = `/intake-bots/${bot.id}/submissions`;
    const first = await client.rest('POST', to, body, keyed(key));
    expect((await client.rest('PATCH', `/intake-bots/${bot.id}`, { status: 'PAUSED' })).status).to.equal(200);
    expect((await client.rest('POST', to, body, keyed(newKey()))).status).to.equal(400);
    expect((await client.rest('POST', to, body, keyed(key))).body).to.deep.equal(first.body);
  });

  it('belongs to the caller: another key of the workspace does not get the answer', async () => {
    const key = newKey();
    const { secret } = await server.app.database.transaction(
      async (tx) =>
        await server.app.apiKeys.insert(tx, tenant.workspaceId, {
          name: 'Other',
          scopes: ['write:intake-bots'],
          allowedCidrs: [],
          documentsOnly: false,
        }),
    );
    const other = clientOf(server.url, secret);
    const mine = await client.rest('POST', path, body, keyed(key));
    const theirs = await other.rest('POST', path, body, keyed(key));
    expect(theirs.status).to.equal(200);
    expect(theirs.body.data.submission.id).not.to.equal(mine.body.data.submission.id);
  });

  it('refuses a key that is empty or not printable', async () => {
    for (const key of ['""', 'x'.repeat(256), 'caf\u00e9']) {
      const { status, body: refusal } = await client.rest('POST', path, body, keyed(key));
      expect(status).to.equal(400);
      expect(refusal.error.details.issues[0]).to.include({ path: 'Idempotency-Key', code: 'bad_format' });
    }
  });

  it('is in flight until the first request commits, over a second process too', async () => {
    const second = await startServer({ beside: server });
    const blocker = new pg.Client({ connectionString: server.databaseUrl });
    await blocker.connect();
    try {
      await client.rest('POST', path, body);
      await blocker.query('begin');
      await blocker.query('select from workspace_usage where workspace_id = $1 for update', [tenant.workspaceId]);
      const key = newKey();
      const first = client.rest('POST', path, body, keyed(key));
      await someoneWaits(blocker, forGoodMs);
      const beside = clientOf(second.url, tenant.key);
      const meanwhile = await beside.rest('POST', path, body, keyed(key));
      expect(meanwhile.status).to.equal(409);
      expect(meanwhile.headers.get('retry-after')).to.equal('1');
      await blocker.query('rollback');
      expect((await first).status).to.equal(200);
      expect((await beside.rest('POST', path, body, keyed(key))).body).to.deep.equal((await first).body);
    } finally {
      await blocker.end();
      await second.stop();
    }
  });

  it('keeps answers sealed, for a day, and purges them then', async () => {
    const key = newKey();
    const { body: first } = await client.rest('POST', path, body, keyed(key));
    const { rows } = await server.app.database.pool.query('select answer from idempotency_records');
    expect(JSON.stringify(rows)).not.to.include(first.data.submission.id);

    const day = new Date(Date.now() - keptForMs);
    await server.app.database.pool.query('update idempotency_records set created_at = $1', [day]);
    const again = await client.rest('POST', path, body, keyed(key));
    expect(again.status).to.equal(200);
    expect(again.body.data.submission.id).not.to.equal(first.data.submission.id);

    const idempotency = new Idempotency(server.app.database, server.app.secrets);
    await idempotency.purge();
    const { rows: left } = await server.app.database.pool.query('select subjects from idempotency_records');
    expect(left.flatMap(({ subjects }) => subjects as string[])).to.include(again.body.data.submission.id);
    expect(left).to.have.length(1);
  });

  it('erases the answers that speak of a contact, and makes nothing anew for a retry', async () => {
    const key = newKey();
    await client.rest('POST', path, body, keyed(key));
    const contacts = await client.rest('GET', '/contacts');
    expect(contacts.status).to.equal(200);
    const contactId = contacts.body.data.contacts[0].id as string;
    await server.app.database.transaction(async (tx) => {
      await server.app.idempotency.erase(tx, tenant.workspaceId, [contactId]);
    });
    const count = await submissions();
    expect((await client.rest('POST', path, body, keyed(key))).status).to.equal(409);
    expect(await submissions()).to.equal(count);
  });

  it('gives no answer that speaks of somebody whose erasure still runs', async () => {
    const key = newKey();
    await client.rest('POST', path, body, keyed(key));
    const { pool } = server.app.database;
    const { rows } = await pool.query<{ id: string }>('select id from contacts where workspace_id = $1', [
      tenant.workspaceId,
    ]);
    const erasure = newId('erasure');
    await pool.query(
      `insert into erasures (id, workspace_id, contact_id, with_submissions, status, created_at, stepped_at)
       values ($1, $2, $3, false, 'RUNNING', now(), now())`,
      [erasure, tenant.workspaceId, rows[0]?.id],
    );
    await pool.query(
      `insert into erasing_subjects (subject_id, erasure_id, last_event_id, with_submissions) values ($1, $2, '~', false)`,
      [rows[0]?.id, erasure],
    );
    expect((await client.rest('POST', path, body, keyed(key))).status).to.equal(409);
    await pool.query('delete from erasures where id = $1', [erasure]);
  });

  it('finds the answers that speak of somebody without reading those of others', async () => {
    const { pool } = server.app.database;
    await pool.query(
      `insert into idempotency_records (id, workspace_id, fingerprint, answer, subjects, created_at)
       select sha256(n::text::bytea), $1, '', repeat('x', 500), array['c' || lpad(n::text, 24, '0')], now()
       from generate_series(1, 20000) n`,
      [tenant.workspaceId],
    );
    const wanted = `c${'7'.padStart(24, '0')}`;
    const client = await pool.connect();
    try {
      await client.query('set plan_cache_mode = force_generic_plan');
      await client.query(`prepare erasing as ${eraseMany.text}`);
      const { rows } = await client.query<{ 'QUERY PLAN': { Plan: Record<string, number> }[] }>(
        `explain (analyze, buffers, format json)
         execute erasing ('${tenant.workspaceId}', '{${wanted}}', 1000)`,
      );
      const { Plan: plan } = rows[0]?.['QUERY PLAN'][0] ?? { Plan: {} };
      const pages = (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0);
      expect(plan['Actual Rows']).to.equal(1);
      expect(pages).to.be.below(300);
    } finally {
      client.release(true);
    }
  });
});
