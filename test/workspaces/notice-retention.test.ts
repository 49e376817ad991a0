import { expect } from 'chai';
import { forgetOldNotices } from '../../src/workspaces/notice-retention.js';
import { createTenant, startServer, type TestServer } from '../support/app.js';

describe('retention of notices', () => {
  let server: TestServer;
  before(async () => (server = await startServer({ role: 'api' })));
  after(async () => await server.stop());

  it('forgets all but the last 1,000 of a workspace', async () => {
    const { pool } = server.app.database;
    const [many, few] = [await createTenant(server.app), await createTenant(server.app)];
    const tell = async (workspaceId: string, count: number) =>
      await pool.query(
        `insert into notices select 'n' || $1 || lpad(n::text, 5, '0'), $1, 'webhook_paused', 'T', '{}', now(), null
        from generate_series(1, $2) n`,
        [workspaceId, count],
      );
    await tell(many.workspaceId, 1_003);
    await tell(few.workspaceId, 2);
    await forgetOldNotices(server.app);
    const { rows } = await pool.query<{ id: string; count: number; first: string }>(
      'select workspace_id as id, count(*)::int as count, min(id) as first from notices group by 1',
    );
    const leftOf = (workspaceId: string) => rows.find(({ id }) => id === workspaceId);
    expect(leftOf(many.workspaceId)).to.include({ count: 1_000, first: `n${many.workspaceId}00004` });
    expect(leftOf(few.workspaceId)).to.include({ count: 2 });
  });
});
