import { expect } from 'chai';
import { queues, type App } from '../../src/app.js';
import type { Plan } from '../../src/platform/actor.js';
import { idFloor } from '../../src/platform/id.js';
import { createLog } from '../../src/platform/log.js';
import { deleteOldSubmissions, retentionQueue } from '../../src/submissions/retention.js';
import { createTenant, startServer, type TestServer } from '../support/app.js';
import { createBot, createSubmission } from '../support/factories.js';
import { jobsOn } from '../support/jobs.js';

const dayMs = 86_400_000;

describe('retention of submissions', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer();
  });
  after(async () => await server.stop());

  const run = async (app: App) => await deleteOldSubmissions({ ...parts(app), log: createLog('silent') });
  const parts = ({ database, intakeBots, submissions }: App) => ({ database, intakeBots, submissions });

  /** A bot of this plan with submissions of these ages. */
  async function botWith(plan: Plan, agesDays: readonly number[]) {
    const { workspaceId } = await createTenant(server.app, plan);
    const bot = await createBot(server.app, workspaceId, { record_type: 'lead' });
    for (const age of agesDays) {
      const { id } = await createSubmission(server.app, bot);
      const at = new Date(Date.now() - age * dayMs);
      await server.app.database.pool.query(
        `with moved as (update records set submission_id = null where submission_id = $1)
         update submissions set id = $2, created_at = $3 where id = $1`,
        [id, idFloor(at) + id.slice(9), at],
      );
    }
    const left = async () => {
      const { rows } = await server.app.database.pool.query<{ count: number; total: number; contacts: number }>(
        `select count(s.*)::int as count, t.submissions as total,
           (select count(*)::int from contacts c where c.workspace_id = $2) as contacts
         from intake_bot_totals t left join submissions s on s.intake_bot_id = t.intake_bot_id
         where t.intake_bot_id = $1 group by t.submissions`,
        [bot.id, workspaceId],
      );
      return rows[0];
    };
    return { bot, workspaceId, left };
  }

  it('deletes what is older than the plan keeps, keeps the rest, and what was made of it', async () => {
    const free = await botWith('FREE', [0, 89, 91, 400]);
    const pro = await botWith('PRO', [0, 91, 364, 366]);
    const business = await botWith('BUSINESS', [0, 366, 4_000]);
    await run(server.app);
    expect(await free.left()).to.deep.equal({ count: 2, total: 2, contacts: 4 });
    expect(await pro.left()).to.deep.equal({ count: 3, total: 3, contacts: 4 });
    expect(await business.left()).to.deep.equal({ count: 3, total: 3, contacts: 3 });
  });

  it('goes on batch by batch until nothing old is left, and by the plan of the moment', async () => {
    const { bot, workspaceId, left } = await botWith('BUSINESS', [0, 1, 400]);
    await server.app.database.pool.query(
      `insert into submissions (id, workspace_id, intake_bot_id, data, status, is_test, file_count, schema_version, created_at, updated_at)
       select substr(id, 1, 9) || 's' || lpad(n::text, 15, '0'), workspace_id, intake_bot_id, data, status, is_test,
         file_count, schema_version, created_at, updated_at
       from submissions, generate_series(1, 450) n where intake_bot_id = $1 and created_at < now() - interval '365 days'`,
      [bot.id],
    );
    await server.app.database.pool.query('update intake_bot_totals set submissions = 453 where intake_bot_id = $1', [
      bot.id,
    ]);
    await run(server.app);
    expect(await left()).to.deep.include({ count: 453, total: 453 });
    await server.app.workspaces.change(workspaceId, { plan: 'PRO' });
    await run(server.app);
    expect(await left()).to.deep.include({ count: 2, total: 2 });
  });

  it('runs by the clock, once over all processes', async () => {
    expect(queues.map(({ name }) => name)).to.include(retentionQueue.name);
    const schedules = await jobsOn(server.app.database.pool).getSchedules(retentionQueue.name);
    expect(schedules.map(({ cron }) => cron)).to.deep.equal(['23 * * * *']);
  });
});
