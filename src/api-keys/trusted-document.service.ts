import type { AuditAction } from '../audit/audit-entry.entity.js';
import type { AuditService } from '../audit/audit.service.js';
import type { Actor, Confirm } from '../platform/actor.js';
import type { Database, Tx } from '../platform/postgres/database.js';
import { pipelined, prepared } from '../platform/postgres/statement.js';
import { planLimitExceeded } from '../platform/errors.js';
import { nextMoment } from '../platform/id.js';
import { pageOf, type Page } from '../platform/postgres/keyset-page.js';
import type { PageRequest } from '../platform/page-request.js';
import type { Notifications } from '../platform/postgres/notifications.js';
import type { StoredRows } from '../platform/postgres/stored-rows.js';
import { requireStorage, trustedDocumentsMax } from '../workspaces/plans.js';

const selectOne = pipelined<{ text: string }>(
  'select text from trusted_documents where workspace_id = $1 and hash = $2',
);
const selectTrusted = prepared<{ place: number }>(`
  select place::int from unnest($1::text[], $2::bytea[]) with ordinality wanted (workspace_id, hash, place)
  join trusted_documents using (workspace_id, hash)
`);
/** @param wantsText an SQL condition; where it is false, `text` is null */
const columns = (wantsText: string) =>
  `'sha256:' || encode(hash, 'hex') as "documentId", case when ${wantsText} then text end as text, created_at as "createdAt"`;
const selectOlder = prepared<TrustedDocument>(`
  select ${columns('$5')} from trusted_documents where workspace_id = $1 and (created_at, hash) < ($2, $3)
  order by created_at desc, hash desc limit $4
`);
const selectNewer = prepared<TrustedDocument>(`
  select ${columns('$5')} from trusted_documents where workspace_id = $1 and (created_at, hash) > ($2, $3)
  order by created_at, hash limit $4
`);
const countAll = prepared<{ count: number }>(
  'select count(*)::int as count from trusted_documents where workspace_id = $1',
);
const lockWorkspace = prepared('select from workspaces where id = $1 for no key update');
const insertMany = prepared<Named>(`
  insert into trusted_documents (workspace_id, hash, text, created_at)
  select $1, sha256(convert_to(text, 'UTF8')), text, $3 from unnest($2::text[]) as t (text)
  on conflict do nothing returning 'sha256:' || encode(hash, 'hex') as "documentId"
`);
const deleteMany = prepared<Named>(`
  delete from trusted_documents where workspace_id = $1 and hash = any($2)
  returning 'sha256:' || encode(hash, 'hex') as "documentId"
`);

export const storedDocuments: StoredRows = {
  table: 'trusted_documents',
  bytes: '100 + pg_column_size(t.text)',
  owner: 'workspace_id',
};

/** Topic of `Notifications`: the subjects are workspace ids. */
export const documentsDistrusted = 'documents-distrusted';

type Named = Pick<TrustedDocument, 'documentId'>;

/** The form of the list's cursors: the moment when a document was trusted, by which the list is sorted, and its hash. */
export const documentCursor = /^[0-9a-z]{9}[0-9a-f]{64}$/;

export interface TrustedDocument {
  /** `sha256:<64 hex digits>` of the text in UTF-8. */
  documentId: string;
  text: string;
  createdAt: Date;
}

/** Documents that a workspace has said its programs run; a key can be limited to them. */
export class TrustedDocumentService {
  constructor(
    private readonly database: Database,
    private readonly notifications: Notifications,
    private readonly audit: AuditService,
    private readonly confirm: Confirm,
  ) {}

  /** The `id` of a row is its cursor. */
  async list(actor: Actor, page: PageRequest, wantsText: boolean): Promise<Page<TrustedDocument & { id: string }>> {
    actor.requireRole('ADMIN');
    const { cursor, direction, limit } = page;
    const older = direction === 'older';
    const start = cursor === null ? (older ? ends.newest : ends.oldest) : placeIn(cursor);
    const values = [actor.workspaceId, start.at, start.hash, limit + 1, wantsText];
    const rows = await this.database.query(older ? selectOlder : selectNewer, values);
    return pageOf(
      rows.map((row) => ({ ...row, id: cursorOf(row) })),
      page,
    );
  }

  async count(actor: Actor): Promise<number> {
    actor.requireRole('ADMIN');
    const [row] = await this.database.query(countAll, [actor.workspaceId]);
    return row?.count ?? 0;
  }

  /** @param texts which the GraphQL door has found valid. @throws plan_limit_exceeded beyond 1,000 documents */
  async trust(actor: Actor, texts: readonly string[]): Promise<void> {
    actor.requireRole('ADMIN');
    await this.database.transaction(async (tx) => {
      // The lock of the workspace makes additions one at a time, so that none is counted too few.
      await tx.query(lockWorkspace, [actor.workspaceId]);
      const added = await tx.query(insertMany, [actor.workspaceId, texts, nextMoment().at]);
      if (added.length > 0) requireStorage(actor);
      const [row] = await tx.query(countAll, [actor.workspaceId]);
      const count = row?.count ?? 0;
      if (added.length > 0 && count > trustedDocumentsMax) {
        throw planLimitExceeded('trusted_documents', count - added.length, trustedDocumentsMax);
      }
      await this.record(tx, actor, 'trusted_documents.added', added);
    }, actor.guard);
  }

  async distrust(actor: Actor, documentIds: readonly string[]): Promise<void> {
    actor.requireRole('ADMIN');
    await this.database.transaction(async (tx) => {
      const hashes = documentIds.flatMap((id) => hashIn(id) ?? []);
      const values = [actor.workspaceId, hashes.map((hash) => Buffer.from(hash, 'hex'))];
      const removed = await tx.query(deleteMany, values);
      await this.record(tx, actor, 'trusted_documents.removed', removed);
      if (removed.length > 0) tx.afterCommit(() => this.notifications.send(documentsDistrusted, actor.workspaceId));
    }, actor.guard);
  }

  /** The text of a trusted document of the caller's workspace. */
  async find(actor: Actor | null, documentId: string): Promise<string | null> {
    const hash = hashIn(documentId);
    return actor === null || hash === null ? null : await this.textOf(actor.workspaceId, hash);
  }

  async isTrusted(actor: Actor, hash: string): Promise<boolean> {
    return (await this.textOf(actor.workspaceId, hash)) !== null;
  }

  /** Which of these documents, by their hashes in hex, are trusted: by a look into the database, whoever asks. */
  async trustedAmong<Document extends { workspaceId: string; hash: string }>(
    documents: readonly Document[],
  ): Promise<Document[]> {
    const columns = [
      documents.map(({ workspaceId }) => workspaceId),
      documents.map(({ hash }) => Buffer.from(hash, 'hex')),
    ];
    const found = await this.database.reserved.query(selectTrusted, columns);
    return found.flatMap(({ place }) => documents[place - 1] ?? []);
  }

  private async record(tx: Tx, actor: Actor, action: AuditAction, documents: readonly Named[]): Promise<void> {
    if (documents.length === 0) return;
    await this.confirm(tx, actor);
    const ids = documents.map(({ documentId }) => documentId);
    await this.audit.record(tx, actor, action, actor.workspaceId, { document_ids: ids });
  }

  private async textOf(workspaceId: string, hash: string): Promise<string | null> {
    const [row] = await this.database.query(selectOne, [workspaceId, Buffer.from(hash, 'hex')]);
    return row?.text ?? null;
  }
}

const ends = {
  newest: { at: 'infinity', hash: Buffer.alloc(0) },
  oldest: { at: '-infinity', hash: Buffer.alloc(0) },
};

const cursorOf = ({ createdAt, documentId }: TrustedDocument) =>
  createdAt.getTime().toString(36).padStart(9, '0') + documentId.slice(-64);

const placeIn = (cursor: string) => ({
  at: new Date(parseInt(cursor.slice(0, 9), 36)),
  hash: Buffer.from(cursor.slice(9), 'hex'),
});

export const isDocumentId = (text: string) => hashIn(text) !== null;

const hashIn = (documentId: string) => /^sha256:([0-9a-f]{64})$/.exec(documentId)?.[1] ?? null;
