import { expect } from 'chai';
import { EventService } from '../../../src/events/event.service.js';
import type { Actor } from '../../../src/platform/actor.js';
import { idFloor } from '../../../src/platform/id.js';
import { readPage } from '../../../src/platform/postgres/keyset-page.js';
import type { PageRequest } from '../../../src/platform/page-request.js';
import type { TimeRange } from '../../../src/platform/postgres/time-range.js';
import { listOf } from '../../../src/submissions/submission-lists.js';
import { createTenant, startServer, type TestServer } from '../../support/app.js';
import { createBot, operator } from '../../support/factories.js';
import { rowsRead, sentBy } from '../../support/sent-statements.js';

describe('a list within a range of creation times', function () {
  this.timeout(60_000);

  const hours = 10_000;
  const hourMs = 3_600_000;
  const newest = Date.now() - hourMs;
  const at = (hour: number) => new Date(newest - (hours - 1 - hour) * hourMs);
  const page: PageRequest = { limit: 20, cursor: null, direction: 'older' };
  let server: TestServer;
  let actor: Actor;

  before(async () => {
    server = await startServer();
    const { workspaceId } = await createTenant(server.app);
    actor = await operator(server.app, workspaceId);
    const bot = await createBot(server.app, workspaceId);
    const times = Array.from({ length: hours }, (_, hour) => at(hour));
    const values = [workspaceId, times, times.map(idFloor), bot.id];
    const made = 'unnest($2::timestamptz[], $3::text[]) with ordinality made (at, id, n)';
    const { pool } = server.app.database;
    await pool.query(
      `insert into submissions (id, workspace_id, intake_bot_id, data, status, is_test, file_count, schema_version,
         created_at, updated_at)
       select id || 's' || lpad(n::text, 15, '0'), $1, $4, '{}', 'COMPLETED', false, 0, 1, at, at from ${made}`,
      values,
    );
    await pool.query(
      `with event as (
         insert into events (id, workspace_id, type, subject_id, body, created_at)
         select 'evt_' || id || 'e' || lpad(n::text, 15, '0'), $1, 'contact.created', 'c', '{}', at from ${made}
         returning id
       ) insert into event_positions (event_id, workspace_id, type) select id, $1, 'contact.created' from event order by id`,
      values.slice(0, 3),
    );
    await pool.query('analyze submissions, events, event_positions');
  });
  after(async () => await server.stop());

  const lists = {
    submissions: async (range: TimeRange, direction: PageRequest['direction']) =>
      await sentBy(
        async (database) => await readPage(database, listOf(actor, { createdAt: range }), { ...page, direction }),
      ),
    events: async (range: TimeRange, direction: PageRequest['direction']) =>
      await sentBy(
        async (database) => await new EventService(database).list(actor, { createdAt: range }, { ...page, direction }),
      ),
  };

  for (const [name, list] of Object.entries(lists)) {
    it(`has all ${name} of the range, and reads none of the thousands before it`, async () => {
      for (const [range, direction, first, step] of [
        [{ lt: at(5_000) }, 'older', 4_999, -1],
        [{ gte: at(5_000) }, 'newer', 5_000, 1],
        [{ gte: at(2_000), lt: at(2_010) }, 'older', 2_009, -1],
      ] as const) {
        const [sent] = await list(range, direction);
        const rows = await server.app.database.pool.query<{ createdAt: Date }>(sent!.text, sent!.values);
        const length = 'gte' in range && 'lt' in range ? 10 : page.limit + 1;
        expect(rows.rows.map(({ createdAt }) => createdAt.toISOString())).to.deep.equal(
          Array.from({ length }, (_, n) => at(first + step * n).toISOString()),
        );
        expect(await rowsRead(server.app.database.pool, sent!)).to.be.below(200);
      }
    });
  }
});
