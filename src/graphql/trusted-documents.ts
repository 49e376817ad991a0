import type { Actor } from '../platform/actor.js';
import { brief, prepared, type Database } from '../platform/database.js';
import { nextMoment } from '../platform/id.js';

const selectOne = brief<{ text: string }>('select text from trusted_documents where workspace_id = $1 and hash = $2');
const selectAll = prepared<TrustedDocument>(`
  select 'sha256:' || encode(hash, 'hex') as "documentId", text, created_at as "createdAt"
  from trusted_documents where workspace_id = $1 order by created_at desc, hash
`);
const insertMany = prepared(`
  insert into trusted_documents (workspace_id, hash, text, created_at)
  select $1, sha256(convert_to(text, 'UTF8')), text, $3 from unnest($2::text[]) as t (text)
  on conflict do nothing
`);
const deleteMany = prepared('delete from trusted_documents where workspace_id = $1 and hash = any($2)');

export interface TrustedDocument {
  /** `sha256:<64 hex digits>` of the text in UTF-8. */
  documentId: string;
  text: string;
  createdAt: Date;
}

/** Documents that a workspace has said its programs run; a key can be limited to them. */
export class TrustedDocuments {
  constructor(private readonly database: Database) {}

  async list(actor: Actor): Promise<TrustedDocument[]> {
    actor.requireRole('ADMIN');
    return await this.database.query(selectAll, [actor.workspaceId]);
  }

  /** The texts were found valid by the door. */
  async trust(actor: Actor, texts: readonly string[]): Promise<void> {
    actor.requireRole('ADMIN');
    await this.database.transaction(async (tx) => {
      tx.write(insertMany, [actor.workspaceId, texts, nextMoment().at]);
    }, actor.guard);
  }

  async distrust(actor: Actor, documentIds: readonly string[]): Promise<void> {
    actor.requireRole('ADMIN');
    await this.database.transaction(async (tx) => {
      const hashes = documentIds.flatMap((id) => hashIn(id) ?? []);
      tx.write(deleteMany, [actor.workspaceId, hashes.map((hash) => Buffer.from(hash, 'hex'))]);
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

  private async textOf(workspaceId: string, hash: string): Promise<string | null> {
    const [row] = await this.database.query(selectOne, [workspaceId, Buffer.from(hash, 'hex')]);
    return row?.text ?? null;
  }
}

const hashIn = (documentId: string) => /^sha256:([0-9a-f]{64})$/.exec(documentId)?.[1] ?? null;
