import type { AuditAction } from '../audit/audit-entry.entity.js';
import type { AuditService } from '../audit/audit.service.js';
import type { Actor } from '../platform/actor.js';
import { brief, prepared, type Database, type Tx } from '../platform/database.js';
import { nextMoment } from '../platform/id.js';

const selectOne = brief<{ text: string }>('select text from trusted_documents where workspace_id = $1 and hash = $2');
const selectAll = prepared<TrustedDocument>(`
  select 'sha256:' || encode(hash, 'hex') as "documentId", text, created_at as "createdAt"
  from trusted_documents where workspace_id = $1 order by created_at desc, hash
`);
const insertMany = prepared<Named>(`
  insert into trusted_documents (workspace_id, hash, text, created_at)
  select $1, sha256(convert_to(text, 'UTF8')), text, $3 from unnest($2::text[]) as t (text)
  on conflict do nothing returning 'sha256:' || encode(hash, 'hex') as "documentId"
`);
const deleteMany = prepared<Named>(`
  delete from trusted_documents where workspace_id = $1 and hash = any($2)
  returning 'sha256:' || encode(hash, 'hex') as "documentId"
`);

type Named = Pick<TrustedDocument, 'documentId'>;

export interface TrustedDocument {
  /** `sha256:<64 hex digits>` of the text in UTF-8. */
  documentId: string;
  text: string;
  createdAt: Date;
}

/** Documents that a workspace has said its programs run; a key can be limited to them. */
export class TrustedDocuments {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditService,
  ) {}

  async list(actor: Actor): Promise<TrustedDocument[]> {
    actor.requireRole('ADMIN');
    return await this.database.query(selectAll, [actor.workspaceId]);
  }

  /** The texts were found valid by the door. */
  async trust(actor: Actor, texts: readonly string[]): Promise<void> {
    actor.requireRole('ADMIN');
    await this.database.transaction(async (tx) => {
      const added = await tx.query(insertMany, [actor.workspaceId, texts, nextMoment().at]);
      await this.tell(tx, actor, 'trusted_documents.added', added);
    }, actor.guard);
  }

  async distrust(actor: Actor, documentIds: readonly string[]): Promise<void> {
    actor.requireRole('ADMIN');
    await this.database.transaction(async (tx) => {
      const hashes = documentIds.flatMap((id) => hashIn(id) ?? []);
      const values = [actor.workspaceId, hashes.map((hash) => Buffer.from(hash, 'hex'))];
      await this.tell(tx, actor, 'trusted_documents.removed', await tx.query(deleteMany, values));
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

  private async tell(tx: Tx, actor: Actor, action: AuditAction, documents: readonly Named[]): Promise<void> {
    if (documents.length === 0) return;
    const ids = documents.map(({ documentId }) => documentId);
    await this.audit.record(tx, actor, action, actor.workspaceId, { document_ids: ids });
  }

  private async textOf(workspaceId: string, hash: string): Promise<string | null> {
    const [row] = await this.database.query(selectOne, [workspaceId, Buffer.from(hash, 'hex')]);
    return row?.text ?? null;
  }
}

const hashIn = (documentId: string) => /^sha256:([0-9a-f]{64})$/.exec(documentId)?.[1] ?? null;
