import { expect } from 'chai';
import { ContactService } from '../../../src/contacts/contact.service.js';
import { readPage } from '../../../src/platform/postgres/keyset-page.js';
import { listOf, type SubmissionFilter } from '../../../src/submissions/submission-lists.js';
import { createTenant, startServer, type TestServer } from '../../support/app.js';
import { contactForm, createBot, operator } from '../../support/factories.js';
import { rowsRead, sentBy } from '../../support/sent-statements.js';

interface Bot {
  id: string;
  workspaceId: string;
}

describe('a page of a list', function () {
  this.timeout(60_000);

  let server: TestServer;

  beforeEach(async () => (server = await startServer()));
  afterEach(async () => await server.stop());

  it('of a bot is not sorted out of all that it has, however many workspaces there are', async () => {
    const bots = await manyBots(40);
    await fill(bots, 500, 0);
    expect(await rowsReadOf(bots[0]!, { intakeBotId: bots[0]!.id })).to.be.below(250);
  });

  it('of a bot that has had none for long is not looked for among what all others have had since', async () => {
    const [old, ...others] = await manyBots(40);
    await fill([old!], 500, 0);
    await fill(others, 500, 500);
    expect(await rowsReadOf(old!, { intakeBotId: old!.id })).to.be.below(250);
  });

  async function manyBots(count: number): Promise<Bot[]> {
    const bots: Bot[] = [];
    for (let n = 0; n < count; n += 1) {
      const { workspaceId } = await createTenant(server.app);
      bots.push({ workspaceId, id: (await createBot(server.app, workspaceId)).id });
    }
    return bots;
  }

  /** Those of all bots came in turns, as they do: so the rows of one are far apart. */
  async function fill(bots: readonly Bot[], ofEach: number, since: number) {
    await server.app.database.pool.query(
      `insert into submissions (id, workspace_id, intake_bot_id, data, status, is_test, file_count, schema_version,
         created_at, updated_at)
       select 'c' || lpad(n::text, 8, '0') || 's' || lpad(place::text, 15, '0'), bot.workspace_id, bot.id,
         '{"note": "a text of some length, so that not all rows are together"}', 'COMPLETED', false, 0, 1, now(), now()
       from generate_series($4::int + 1, $4::int + $3::int) n,
         unnest($1::text[], $2::text[]) with ordinality bot (workspace_id, id, place) order by n, place`,
      [bots.map(({ workspaceId }) => workspaceId), bots.map(({ id }) => id), ofEach, since],
    );
    await server.app.database.pool.query('analyze submissions');
  }

  async function rowsReadOf({ workspaceId }: Bot, filter: SubmissionFilter): Promise<number> {
    const actor = await operator(server.app, workspaceId);
    const page = { limit: 20, cursor: null, direction: 'older' } as const;
    const [sent] = await sentBy(async (database) => await readPage(database, listOf(actor, filter), page));
    return await rowsRead(server.app.database.pool, sent!);
  }
});

describe('the contact of a new submission', function () {
  this.timeout(60_000);

  let server: TestServer;

  beforeEach(async () => (server = await startServer()));
  afterEach(async () => await server.stop());

  it('is found by an index, however many contacts its workspace has and however few most workspaces have', async () => {
    const { pool } = server.app.database;
    await pool.query(`
      insert into workspaces (id, name, plan, created_at, updated_at)
      select 'w' || n, 'W', 'PRO', now(), now() from generate_series(0, 2000) n
    `);
    await pool.query(`
      insert into contacts (id, workspace_id, email, phone, tags, custom_fields, created_at, updated_at)
      select 'c' || lpad(n::text, 24, '0'), 'w' || greatest(n - 2000, 0), 'p' || n || '@example.com', '+' || n, '{}', '{}',
        now(), now()
      from generate_series(1, 4000) n
    `);
    await pool.query(`
      insert into contact_addresses (workspace_id, kind, address, contact_id)
      select workspace_id, 'email', 'former-' || email, id from contacts
    `);
    await pool.query('analyze contacts, contact_addresses');

    for (const email of ['p1000@example.com', 'former-p1000@example.com', 'nobody@example.com']) {
      const [sent] = await sentBy(async (database, tx) => {
        const contacts = new ContactService(database, ...([] as never as [never, never, never, never, never, never]));
        await contacts.resolve(tx, 'w0', contactForm, { email, phone: '+41790000000' });
      });
      expect(await rowsRead(pool, sent!), email).to.be.below(20);
    }
  });
});
