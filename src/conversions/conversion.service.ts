import type { AuditService } from '../audit/audit.service.js';
import type { Actor, Confirm } from '../platform/actor.js';
import { dayMs, nowMs } from '../platform/clock.js';
import { notFound } from '../platform/errors.js';
import { idFloor, isId } from '../platform/id.js';
import type { Database } from '../platform/postgres/database.js';
import {
  Conditions,
  countRows,
  countRowsOfEach,
  readPage,
  readPages,
  type List,
  type Page,
} from '../platform/postgres/keyset-page.js';
import type { PageRequest } from '../platform/page-request.js';
import { byIds, columnsOf, heavy, isOf, prepared } from '../platform/postgres/statement.js';
import type { StoredRows } from '../platform/postgres/stored-rows.js';
import { requireFeature } from '../workspaces/plans.js';
import { summaryOf, type Counted } from './conversion-summary.js';
import { Conversion, type ConversionStatus } from './conversion.entity.js';
import type { OpenConversions } from './open-conversions.js';

export interface ConversionFilter {
  destinationId?: string | null;
  intakeBotId?: string | null;
  submissionId?: string | null;
  status?: readonly ConversionStatus[] | null;
  createdAt?: { gte?: Date | null; lt?: Date | null } | null;
}

/** What a list of conversions may be read under. */
export type ConversionParent = 'destination' | 'submission';

/** Without `attempts` where nobody asks for them: a hundred take some 50 KB. What is sealed is the sender's alone. */
const columnsFor = (whole: boolean) =>
  columnsOf(Conversion, 'c', { without: ['snapshot', ...(whole ? [] : ['attempts'])] });
const selectMany = (whole: boolean) =>
  prepared<Conversion>(`select ${columnsFor(whole)} from conversions c where ${byIds('c')}`);
const countByStanding = heavy(
  prepared<Counted & { destinationId: string }>(`
    select c.destination_id as "destinationId", c.status, c.reason, count(*)::int as count from conversions c
    where c.destination_id = any($1) and ${isOf('c')} and c.id >= $3
    group by 1, 2, 3
  `),
);

export const storedConversions: StoredRows = {
  table: 'conversions',
  bytes: '600 + coalesce(pg_column_size(t.snapshot), 0) + pg_column_size(t.attempts)',
  owner: 'workspace_id',
};

/** Shows what became of conversions; the sender makes and sends them. */
export class ConversionService {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditService,
    private readonly confirm: Confirm,
    private readonly open: OpenConversions,
  ) {}

  /** @param whole with `attempts`, here and in the methods below */
  async list(actor: Actor, filter: ConversionFilter, page: PageRequest, whole: boolean): Promise<Page<Conversion>> {
    actor.requireRole('ADMIN');
    return await readPage<Conversion>(this.database, listOf(actor, filter, whole), page);
  }

  async count(actor: Actor, filter: ConversionFilter): Promise<number> {
    actor.requireRole('ADMIN');
    return await countRows(this.database, listOf(actor, filter, false));
  }

  async getMany(actor: Actor, ids: readonly string[], whole: boolean): Promise<Conversion[]> {
    actor.requireRole('ADMIN');
    return await this.database.query(selectMany(whole), [ids, actor.workspaceId]);
  }

  /** A page of conversions of each of these destinations or submissions. */
  async pagesUnder(
    actor: Actor,
    parent: ConversionParent,
    parentIds: readonly string[],
    page: PageRequest,
    whole: boolean,
  ): Promise<Map<string, Page<Conversion>>> {
    actor.requireRole('ADMIN');
    return await readPages<Conversion>(this.database, listUnder(actor, parent, whole), parentIds, page);
  }

  async countsUnder(actor: Actor, parent: ConversionParent, parentIds: readonly string[]) {
    actor.requireRole('ADMIN');
    return await countRowsOfEach(this.database, listUnder(actor, parent, false), parentIds);
  }

  /** Of each of these destinations a sentence on what became of its conversions in the last day. */
  async summaries(actor: Actor, destinationIds: readonly string[]): Promise<Map<string, string>> {
    actor.requireRole('ADMIN');
    const since = idFloor(new Date(nowMs() - dayMs));
    const counted = await this.database.query(countByStanding, [destinationIds, actor.workspaceId, since]);
    const grouped = Map.groupBy(counted, ({ destinationId }) => destinationId);
    return new Map(destinationIds.map((id) => [id, summaryOf(grouped.get(id) ?? [])]));
  }

  /** Sends a rejected one once more, with the same event id. @throws conflict unless it is rejected */
  async resend(actor: Actor, id: string): Promise<Conversion> {
    actor.requireRole('ADMIN');
    requireFeature(actor, 'conversions');
    return await this.database.transaction(async (tx) => {
      const [found] = isId(id, 'conversion') ? await tx.query(selectMany(false), [[id], actor.workspaceId]) : [];
      if (found === undefined) throw notFound('conversion');
      await this.confirm(tx, actor);
      await this.open.resend(tx, id);
      await this.audit.record(tx, actor, 'conversion.resent', id, { destination_id: found.destinationId });
      const [resent = found] = await tx.query(selectMany(true), [[id], actor.workspaceId]);
      return resent;
    }, actor.guard);
  }
}

function listOf(actor: Actor, filter: ConversionFilter, whole: boolean): List {
  const { destinationId, intakeBotId, submissionId, status, createdAt } = filter;
  const where = new Conditions()
    .within('c.workspace_id = $?', actor.workspaceId)
    .within('c.destination_id = $?', destinationId)
    .within('c.intake_bot_id = $?', intakeBotId)
    .within('c.submission_id = $?', submissionId)
    .and('c.status = any($?)', status)
    .createdIn('c', createdAt);
  return { from: `${columnsFor(whole)} from conversions c`, id: 'c.id', where, isForReplica: true };
}

function listUnder(actor: Actor, parent: ConversionParent, whole: boolean): List {
  const where = new Conditions().within('c.workspace_id = $?', actor.workspaceId).always(`c.${parent}_id = parent.id`);
  return { from: `${columnsFor(whole)} from conversions c`, id: 'c.id', where, isForReplica: true };
}
