import type { Actor } from '../platform/actor.js';
import type { Database, Tx } from '../platform/postgres/database.js';
import { byIds, columnsOf, prepared, type Statement } from '../platform/postgres/statement.js';
import { notFound } from '../platform/errors.js';
import { isId, newId, nextMoment } from '../platform/id.js';
import { Conditions, countRows, readPage, type List, type Page } from '../platform/postgres/keyset-page.js';
import type { PageRequest } from '../platform/page-request.js';
import { Notice } from './notice.entity.js';

const columns = columnsOf(Notice, 'n');
const selectMany = prepared<Notice>(`select ${columns} from notices n where ${byIds('n')}`);
const dismissOne = prepared<Notice>(`
  update notices n set dismissed_at = coalesce(n.dismissed_at, $3) where n.id = $1 and n.workspace_id = $2
  returning ${columns}
`);

const selectFor = prepared<Notice>(`
  select ${columns} from notices n
  where n.workspace_id = $1 and n.dismissed_at is null
    and (n.kind = any($2) or n.kind = any($3) and n.params ->> 'api_key_id' = $4)
  order by n.id desc limit $5
`);

const insertMany = prepared(`
  insert into notices (id, workspace_id, kind, text, params, created_at)
  select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::json[], $6::timestamptz[])
`);
const noticesOfKeyMax = 10;

/**
 * Every kind, and the keys that are shown its notices, beside Owners and Admins. Over GraphQL a kind is plain text, so that
 * another one changes no schema.
 */
export const noticeKinds = {
  api_key_expiring: 'the key itself',
  webhook_failing: 'keys that manage webhooks',
  webhook_paused: 'keys that manage webhooks',
  webhook_held: 'keys that manage webhooks',
  webhook_headers_removed: 'keys that manage webhooks',
  conversion_destination_paused: 'no key',
  conversion_credential_expiring: 'no key',
} as const;
type NoticeKind = keyof typeof noticeKinds;

const kindsFor = (keys: (typeof noticeKinds)[NoticeKind]): NoticeKind[] =>
  (Object.keys(noticeKinds) as NoticeKind[]).filter((kind) => noticeKinds[kind] === keys);
const kindsOfWebhooks = kindsFor('keys that manage webhooks');
const kindsOfItself = kindsFor('the key itself');

export interface NewNotice {
  workspaceId: string;
  kind: NoticeKind;
  /** What the notice says, for people. */
  text: string;
  /** What the notice names, for programs. */
  params: Record<string, unknown>;
}

/**
 * Tells the Owners and Admins of a workspace, in the commit of the change that the notices are about. `at` is when that change
 * happened, and becomes their `createdAt`.
 */
export function addNotices(tx: Tx, notices: readonly NewNotice[], at: Date): void {
  if (notices.length === 0) return;
  tx.write(insertMany, [
    notices.map(() => newId('notice')),
    notices.map(({ workspaceId }) => workspaceId),
    notices.map(({ kind }) => kind),
    notices.map(({ text }) => text),
    notices.map(({ params }) => JSON.stringify(params)),
    notices.map(() => at),
  ]);
}

/** So many days before something expires. */
const expiryDays = [3, 14];
const expiringAtOnce = 500;

/**
 * Tells Owners and Admins of what expires in 14 days, and once more in 3: each once, in the commit that notes it.
 * @param mark marks what expires within `$2` days of `$1` and was not told of yet, at most `$3` of it
 */
export async function tellOfExpiring<Row extends object>(
  database: Database,
  mark: Statement<Row>,
  noticeOf: (row: Row, at: Date) => NewNotice,
  at: Date,
): Promise<void> {
  // The nearest first: whoever is told of two days need not be told of 14.
  for (const days of expiryDays) {
    let told: number;
    do {
      told = await database.transaction(async (tx) => {
        const expiring = await tx.query(mark, [at, days, expiringAtOnce]);
        const notices = expiring.map((row) => noticeOf(row, at));
        addNotices(tx, notices, at);
        return notices.length;
      });
    } while (told === expiringAtOnce);
  }
}

/** What a workspace's Owners and Admins should know; the room that learns of something adds the notice of it. */
export class NoticeService {
  constructor(private readonly database: Database) {}

  /** The notices that nobody has dismissed. */
  async list(actor: Actor, page: PageRequest): Promise<Page<Notice>> {
    actor.requireRole('ADMIN');
    return await readPage<Notice>(this.database, listOf(actor), page);
  }

  /** The latest of them that concern what a key may see: webhooks for who manages them, and the key's own end. */
  async listFor(actor: Actor): Promise<Notice[]> {
    const kinds = actor.may('manage:webhooks') ? kindsOfWebhooks : [];
    const values = [actor.workspaceId, kinds, kindsOfItself, actor.id, noticesOfKeyMax];
    return await this.database.query(selectFor, values);
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
