import { expect } from 'chai';
import { readFile } from 'node:fs/promises';
import { forgetOldNotices } from '../../src/workspaces/notice-retention.js';
import type { Scope } from '../../src/platform/actor.js';
import { addNotices, noticeKinds } from '../../src/workspaces/notice.service.js';
import { Agent } from '../support/agent.js';
import { createTenant, startServer, type TestServer } from '../support/app.js';

describe('notices', () => {
  let server: TestServer;
  before(async () => (server = await startServer({ role: 'api' })));
  after(async () => await server.stop());

  it('are shown to keys that manage what they are about, and that its end is near to a key itself', async () => {
    const kindsShown = async (...scopes: Scope[]) => {
      const { workspaceId, key } = await createTenant(server.app, 'BUSINESS', scopes);
      const agent = await Agent.connect(server.url, key);
      const { id } = (await agent.call('get_workspace')).key;
      const of = (kind: keyof typeof noticeKinds, params: object) => ({
        workspaceId,
        kind,
        text: 'T',
        params: { ...params },
      });
      const kinds = Object.keys(noticeKinds) as (keyof typeof noticeKinds)[];
      const notices = [...kinds.map((kind) => of(kind, {})), of('api_key_expiring', { api_key_id: id })];
      await server.app.database.transaction(async (tx) => addNotices(tx, notices, new Date()));
      const shown: { kind: string }[] = (await agent.call('get_workspace')).notices;
      await agent.close();
      return shown.map(({ kind }) => kind).toSorted();
    };
    const ofWebhooks = ['webhook_failing', 'webhook_headers_removed', 'webhook_held', 'webhook_paused'];
    expect(await kindsShown('manage:webhooks')).to.deep.equal(['api_key_expiring', ...ofWebhooks]);
    expect(await kindsShown('read:contacts')).to.deep.equal(['api_key_expiring']);
  });

  it('are documented, each kind of them', async () => {
    const guide = await readFile('docs/graphql.md', 'utf8');
    const [, section = ''] = /^## Notices$(.*?)^## /ms.exec(guide) ?? [];
    const told = [...section.matchAll(/^\| `(\w+)` +\|/gm)].map(([, kind]) => kind);
    expect(told.filter((kind) => kind !== 'kind')).to.deep.equal(Object.keys(noticeKinds));
  });

  it('are forgotten but for the last 1,000 of a workspace', async () => {
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
