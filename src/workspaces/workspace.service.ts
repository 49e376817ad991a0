import { operatorIn, type AuditService } from '../audit/audit.service.js';
import type { Actor, Confirm, Plan } from '../platform/actor.js';
import { now } from '../platform/clock.js';
import type { Database, Tx } from '../platform/postgres/database.js';
import { columnsOf, prepared } from '../platform/postgres/statement.js';
import { notFound, planLimitExceeded } from '../platform/errors.js';
import { newId, nextMoment } from '../platform/id.js';
import type { Notifications } from '../platform/postgres/notifications.js';
import type { Unread } from '../platform/validate.js';
import { plans } from './plans.js';
import { Workspace } from './workspace.entity.js';
import type { UpdateWorkspace } from './workspace.input.js';

const selectOne = prepared<Workspace>(`select ${columnsOf(Workspace, 'w')} from workspaces w where w.id = $1`);
const lockOne = prepared<Workspace>(
  `select ${columnsOf(Workspace, 'w')} from workspaces w where w.id = $1 for no key update`,
);
const selectUsage = prepared<{ submissions: number }>(
  'select submissions from workspace_usage where workspace_id = $1 and month = $2',
);
const selectAny = prepared<{ at: Date }>('select created_at as at from workspaces union all select now() limit 1');
// The month's row holds what the plan allows, and its check constraint refuses one submission too many: so the count is a
// write whose result nobody waits for before the commit.
const addToMonth = prepared(`
  insert into workspace_usage as u (workspace_id, month, submissions, allowed)
  select id, $2, $4, ($3::json ->> plan)::integer from workspaces where id = $1
  on conflict (workspace_id, month)
  do update set submissions = u.submissions + excluded.submissions, allowed = excluded.allowed
`);

/** A topic of `Notifications`; its subjects are ids of workspaces. */
export const workspaceChanged = 'workspace-changed';

export class WorkspaceService {
  constructor(
    private readonly database: Database,
    private readonly notifications: Notifications,
    private readonly audit: AuditService,
    private readonly confirm: Confirm,
  ) {}

  /** The actor's own workspace. */
  async get(actor: Actor): Promise<Workspace> {
    return await this.find(actor.workspaceId);
  }

  async getMany(actor: Actor, ids: readonly string[]): Promise<Workspace[]> {
    return ids.includes(actor.workspaceId) ? [await this.get(actor)] : [];
  }

  async find(id: string): Promise<Workspace> {
    const [workspace] = await this.database.query(selectOne, [id]);
    if (workspace === undefined) throw notFound('workspace');
    return workspace;
  }

  /** Reads a row of a table, as requests do. @throws when the database cannot serve requests */
  async probe(): Promise<void> {
    const [row] = await this.database.reserved.query(selectAny);
    if (!(row?.at instanceof Date) || Number.isNaN(row.at.getTime())) throw new Error('a row cannot be read');
  }

  async isEmpty(): Promise<boolean> {
    return !(await this.database.manager.existsBy(Workspace, {}));
  }

  async create(tx: Tx, name: string, plan: Plan): Promise<Workspace> {
    const { at } = nextMoment();
    const stored = { storedBytes: 0, storedMeasuredAt: null };
    const open = { archivedAt: null, agentsMayConnect: true };
    const workspace = { id: newId('workspace'), name, plan, ...open, ...stored, createdAt: at, updatedAt: at };
    await tx.manager.insert(Workspace, workspace);
    await this.audit.record(tx, operatorIn(workspace.id), 'workspace.created', workspace.id, { name, plan });
    return Object.assign(new Workspace(), workspace);
  }

  async update(actor: Actor, read: Unread<typeof UpdateWorkspace>): Promise<Workspace> {
    actor.requireRole('ADMIN');
    return await this.database.transaction(async (tx) => {
      const input = read();
      if (input.agentsMayConnect !== undefined) actor.requireRole('OWNER');
      const workspace = await this.lock(tx, actor.workspaceId);
      const { name = workspace.name, agentsMayConnect = workspace.agentsMayConnect } = input;
      const isRenamed = name !== workspace.name;
      const isSwitched = agentsMayConnect !== workspace.agentsMayConnect;
      if (!isRenamed && !isSwitched) return workspace;
      await this.confirm(tx, actor);
      const { id, name: previous } = workspace;
      const { at } = nextMoment(workspace.updatedAt);
      if (isRenamed) await this.audit.record(tx, actor, 'workspace.updated', id, { name, previous_name: previous });
      if (isSwitched) {
        const switched = { agents_may_connect: agentsMayConnect };
        await this.audit.record(tx, actor, 'workspace.agents_switched', id, switched);
      }
      return await this.write(tx, workspace, { name, agentsMayConnect, updatedAt: at });
    }, actor.guard);
  }

  /** Changes a workspace, for operators; every process hears of it at once. */
  async change(id: string, change: { plan?: Plan; archived?: true }): Promise<Workspace> {
    const by = operatorIn(id);
    return await this.database.transaction(async (tx) => {
      const workspace = await this.lock(tx, id);
      const { at } = nextMoment(workspace.updatedAt);
      const { plan: previous, archivedAt: archivedBefore } = workspace;
      const { plan = previous } = change;
      const archivedAt = archivedBefore ?? (change.archived ? at : null);
      if (plan === previous && archivedAt === archivedBefore) return workspace;
      if (plan !== previous)
        await this.audit.record(tx, by, 'workspace.plan_changed', id, { plan, previous_plan: previous });
      if (archivedAt !== archivedBefore) await this.audit.record(tx, by, 'workspace.archived', id);
      return await this.write(tx, workspace, { plan, archivedAt, updatedAt: at });
    });
  }

  /** The number of submissions in this calendar month, UTC; test submissions are not counted. */
  async submissionsThisMonth(workspaceId: string): Promise<number> {
    const [usage] = await this.database.query(selectUsage, [workspaceId, monthOf(now())]);
    return usage?.submissions ?? 0;
  }

  /**
   * Counts a submission, exactly also when many come at once: the month's row is locked last, until the commit, which
   * throws plan_limit_exceeded when there is one too many.
   */
  countSubmission(tx: Tx, workspaceId: string, at: Date): void {
    tx.increment(addToMonth, [workspaceId, monthOf(at), submissionsAllowed], 1, (error) => {
      const { constraint, detail = '' } = error as { constraint?: string; detail?: string };
      if (constraint !== 'workspace_usage_allowed') return error;
      // PostgreSQL's detail: "Failing row contains (<workspace>, <month>, <submissions>, <allowed>)."
      const [submissions = 1, allowed = 0] = (/(\d+), (\d+)\)/.exec(detail)?.slice(1) ?? []).map(Number);
      return planLimitExceeded('submissions', submissions - 1, allowed, ' a month');
    });
  }

  private async lock(tx: Tx, id: string): Promise<Workspace> {
    const [workspace] = await tx.query(lockOne, [id]);
    if (workspace === undefined) throw notFound('workspace');
    return workspace;
  }

  private async write(tx: Tx, workspace: Workspace, changes: Partial<Workspace>): Promise<Workspace> {
    await tx.manager.update(Workspace, { id: workspace.id }, changes);
    tx.afterCommit(() => this.notifications.send(workspaceChanged, workspace.id));
    return Object.assign(workspace, changes);
  }
}

const submissionsAllowed = JSON.stringify(
  Object.fromEntries(Object.entries(plans).map(([plan, { submissionsPerMonth }]) => [plan, submissionsPerMonth])),
);

export const monthOf = (at: Date) => `${at.toISOString().slice(0, 7)}-01`;
