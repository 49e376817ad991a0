import type { Actor, Plan } from '../platform/actor.js';
import { columnsOf, prepared, type Database, type Tx } from '../platform/database.js';
import { notFound, planLimitExceeded } from '../platform/errors.js';
import { newId, nextMoment } from '../platform/id.js';
import type { Signals } from '../platform/signals.js';
import { plans } from './plans.js';
import { Workspace } from './workspace.entity.js';

const selectOne = prepared<Workspace>(`select ${columnsOf(Workspace, 'w')} from workspaces w where w.id = $1`);
const selectUsage = prepared<{ submissions: number }>(
  'select submissions from workspace_usage where workspace_id = $1 and month = $2',
);
const countOne = prepared<{ submissions: number; plan: Plan }>(`
  insert into workspace_usage as u (workspace_id, month, submissions) values ($1, $2, 1)
  on conflict (workspace_id, month) do update set submissions = u.submissions + 1
  returning u.submissions, (select plan from workspaces where id = $1) as plan
`);

/** Topics of `Signals`: the subjects are workspace ids. */
export const workspaceChanged = 'workspace-changed';

export class WorkspaceService {
  constructor(
    private readonly database: Database,
    private readonly signals: Signals,
  ) {}

  /** The actor's own. */
  async get(actor: Actor): Promise<Workspace> {
    return await this.find(actor.workspaceId);
  }

  async find(id: string): Promise<Workspace> {
    const [workspace] = await this.database.query(selectOne, [id]);
    if (workspace === undefined) throw notFound('workspace');
    return workspace;
  }

  async isEmpty(): Promise<boolean> {
    return !(await this.database.manager.existsBy(Workspace, {}));
  }

  async create(tx: Tx, name: string, plan: Plan): Promise<Workspace> {
    const { at } = nextMoment();
    const workspace = { id: newId('workspace'), name, plan, archivedAt: null, createdAt: at, updatedAt: at };
    await tx.manager.insert(Workspace, workspace);
    return Object.assign(new Workspace(), workspace);
  }

  /** For operators: takes effect at once, in every process. */
  async change(id: string, change: { plan?: Plan; archived?: true }): Promise<Workspace> {
    await this.database.transaction(async (tx) => {
      const workspace = await tx.manager.findOne(Workspace, { where: { id }, lock: { mode: 'pessimistic_write' } });
      if (workspace === null) throw notFound('workspace');
      const { at } = nextMoment(workspace.updatedAt);
      const archivedAt = workspace.archivedAt ?? (change.archived ? at : null);
      await tx.manager.update(Workspace, { id }, { plan: change.plan ?? workspace.plan, archivedAt, updatedAt: at });
      tx.afterCommit(() => this.signals.send(workspaceChanged, id));
    });
    return await this.find(id);
  }

  /** Submissions of the current calendar month, UTC, test ones aside. */
  async submissionsThisMonth(workspaceId: string): Promise<number> {
    const [usage] = await this.database.query(selectUsage, [workspaceId, monthOf(new Date())]);
    return usage?.submissions ?? 0;
  }

  /**
   * Exact under concurrency: the month's row is locked from here to the commit, so this comes last.
   * @throws plan_limit_exceeded
   */
  async countSubmission(tx: Tx, workspaceId: string, at: Date): Promise<void> {
    const [usage] = await tx.query(countOne, [workspaceId, monthOf(at)]);
    const max = plans[usage?.plan ?? 'FREE'].submissionsPerMonth;
    const current = (usage?.submissions ?? 1) - 1;
    if (current >= max) throw planLimitExceeded('submissions', current, max);
  }
}

const monthOf = (at: Date) => `${at.toISOString().slice(0, 7)}-01`;
