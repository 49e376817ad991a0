import { expect } from 'chai';
import { createLog } from '../../src/platform/log.js';
import { idFloor } from '../../src/platform/id.js';
import { validate } from '../../src/platform/validate.js';
import { deleteOldSubmissions } from '../../src/submissions/retention.js';
import { UpdateSubmission } from '../../src/submissions/submission.input.js';
import type { Completion, SubmissionFollower } from '../../src/submissions/submission.service.js';
import type { SharedIntakeBot } from '../../src/intake-bots/intake-bot.service.js';
import { createTenant, startServer, type TestServer } from '../support/app.js';
import { createBot, createSubmission, operator } from '../support/factories.js';

const dayMs = 86_400_000;

describe('what follows submissions', () => {
  let server: TestServer;
  let workspaceId: string;
  let bot: SharedIntakeBot;
  /** What the follower was told since the test began. */
  let completed: Completion[];
  let ended: string[];
  /** Thrown by the follower, once. */
  let failure: Error | null;

  before(async () => {
    server = await startServer();
    server.app.submissions.follow({
      completed: (_, completion) => {
        completed.push(completion);
        fail();
      },
      ended: (_, ids) => {
        ended.push(...ids);
        fail();
      },
    } satisfies SubmissionFollower);
  });
  after(async () => await server.stop());
  beforeEach(async () => {
    ({ workspaceId } = await createTenant(server.app));
    bot = await createBot(server.app, workspaceId);
    [completed, ended, failure] = [[], [], null];
  });

  const fail = () => {
    const thrown = failure;
    failure = null;
    if (thrown !== null) throw thrown;
  };
  const update = async (id: string, raw: object) =>
    await server.app.submissions.update(await operator(server.app, workspaceId), id, () =>
      validate(UpdateSubmission, raw, 'snake_case'),
    );
  const count = async (table: string) => {
    const { rows } = await server.app.database.pool.query<{ count: number }>(
      `select count(*)::int as count from ${table} where workspace_id = $1`,
      [workspaceId],
    );
    return rows[0]?.count;
  };

  it('hears once that a submission completes, created so or completed later, with its contact and its bot', async () => {
    const { id } = await createSubmission(server.app, bot);
    expect(completed.map(({ submission }) => submission.id)).to.deep.equal([id]);
    expect(completed[0]?.submission.contactId).to.be.a('string');
    expect(completed[0]?.bot.id).to.equal(bot.id);
    const draft = await createSubmission(server.app, bot, { status: 'IN_PROGRESS' });
    await update(draft.id, { data: { topic: 'Sales' } });
    expect(completed).to.have.lengthOf(1);
    await update(draft.id, { status: 'COMPLETED' });
    await update(draft.id, { status: 'COMPLETED' });
    await update(draft.id, { data: { topic: 'Support' } });
    expect(completed.map(({ submission }) => submission.id)).to.deep.equal([id, draft.id]);
    expect(completed[1]?.submission).to.deep.include({ status: 'COMPLETED', data: { ...draft.data, topic: 'Sales' } });
    expect(completed[1]?.submission.contactId).to.be.a('string');
  });

  it('hears of submissions that are deleted, erased with or unlinked from their person, or merged away', async () => {
    const actor = await operator(server.app, workspaceId);
    const [one, two, three, four] = [
      await createSubmission(server.app, bot),
      await createSubmission(server.app, bot),
      await createSubmission(server.app, bot),
      await createSubmission(server.app, bot),
    ];
    await server.app.submissions.remove(actor, one.id);
    expect(ended).to.deep.equal([one.id]);
    await server.app.contacts.remove(actor, two.contactId ?? '', false);
    await server.app.contacts.remove(actor, three.contactId ?? '', true);
    expect(ended).to.deep.equal([one.id, two.id, three.id]);
    const kept = await createSubmission(server.app, bot);
    await server.app.contacts.merge(actor, kept.contactId ?? '', four.contactId ?? '');
    expect(ended).to.deep.equal([one.id, two.id, three.id, four.id]);
  });

  it('hears of submissions that are older than the plan keeps', async () => {
    const { id } = await createSubmission(server.app, bot);
    await createSubmission(server.app, bot);
    const at = new Date(Date.now() - 400 * dayMs);
    const old = idFloor(at) + id.slice(9);
    await server.app.database.pool.query('update submissions set id = $2, created_at = $3 where id = $1', [
      id,
      old,
      at,
    ]);
    await server.app.workspaces.change(workspaceId, { plan: 'PRO' });
    await deleteOldSubmissions({ ...server.app, log: createLog('silent') });
    expect(ended).to.deep.equal([old]);
  });

  it('is part of the same commit: where it fails, nothing happened', async () => {
    failure = new Error('no room');
    let met: unknown;
    await createSubmission(server.app, bot).catch((error: unknown) => (met = error));
    expect(met).to.have.property('message', 'no room');
    expect([await count('submissions'), await count('contacts'), await count('events')]).to.deep.equal([0, 0, 0]);
    const { id } = await createSubmission(server.app, bot);
    failure = new Error('no room');
    await server.app.submissions.remove(await operator(server.app, workspaceId), id).catch(() => undefined);
    expect(await count('submissions')).to.equal(1);
  });
});
