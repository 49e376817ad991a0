import type { Actor } from '../platform/actor.js';
import type { Database } from '../platform/postgres/database.js';
import { columnsOf, prepared } from '../platform/postgres/statement.js';
import { notFound } from '../platform/errors.js';
import { isId, nextMoment } from '../platform/id.js';
import {
  Conditions,
  countRows,
  readPage,
  type List,
  type Page,
  type PageRequest,
} from '../platform/postgres/keyset-page.js';
import { Notice } from './notice.entity.js';

const columns = columnsOf(Notice, 'n');
const selectMany = prepared<Notice>(`select ${columns} from notices n where n.id = any($1) and n.workspace_id = $2`);
const dismissOne = prepared<Notice>(`
  update notices n set dismissed_at = coalesce(n.dismissed_at, $3) where n.id = $1 and n.workspace_id = $2
  returning ${columns}
`);

/** What a workspace's Owners and Admins should know; those who know it write it. */
export class NoticeService {
  constructor(private readonly database: Database) {}

  /** Those that nobody has dismissed. */
  async list(actor: Actor, page: PageRequest): Promise<Page<Notice>> {
    actor.requireRole('ADMIN');
    return await readPage<Notice>(this.database, listOf(actor), page);
  }

  async count(actor: Actor): Promise<number> {
    actor.requireRole('ADMIN');
    return await countRows(this.database, listOf(actor));
  }

  async getMany(actor: Actor, ids: readonly string[]): Promise<Notice[]> {
    actor.requireRole('ADMIN');
    return await this.database.query(selectMany, [ids, actor.workspaceId]);
  }

  async dismiss(actor: Actor, id: string): Promise<Notice> {
    actor.requireRole('ADMIN');
    return await this.database.transaction(async (tx) => {
      const values = [id, actor.workspaceId, nextMoment().at];
      const [notice] = isId(id, 'notice') ? await tx.query(dismissOne, values) : [];
      if (notice === undefined) throw notFound('notice');
      return notice;
    }, actor.guard);
  }
}

function listOf(actor: Actor): List {
  const where = new Conditions().and('n.workspace_id = $?', actor.workspaceId).always('n.dismissed_at is null');
  return { from: `${columns} from notices n`, id: 'n.id', where };
}
