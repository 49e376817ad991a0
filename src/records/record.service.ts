import type { Actor } from '../platform/actor.js';
import { columnsOf, prepared, type Database, type Tx } from '../platform/database.js';
import { notFound } from '../platform/errors.js';
import { isId, newId } from '../platform/id.js';
import { Conditions, countRows, readPage, type List, type Page, type PageRequest } from '../platform/page.js';
import { RecordEntity } from './record.entity.js';

/** A record with the contacts it is linked to, and in which role. */
export type LinkedRecord = RecordEntity & { contacts: { id: string; role: string }[] };

export interface RecordFilter {
  recordType?: string | null;
  contactId?: string | null;
  createdAt?: { gte?: Date | null; lt?: Date | null } | null;
}

const linked = `${columnsOf(RecordEntity, 'r')}, coalesce((
    select json_agg(json_build_object('id', l.contact_id, 'role', l.role) order by l.contact_id, l.role)
    from record_contacts l where l.record_id = r.id
  ), '[]') as "contacts"`;

const selectMany = prepared<LinkedRecord>(
  `select ${linked} from records r where r.id = any($1) and r.workspace_id = $2`,
);
const insertOne = prepared(`
  insert into records (id, workspace_id, record_type, data, submission_id, created_at, updated_at)
  values ($1, $2, $3, $4, $5, $6, $6)
`);
const insertLink = prepared('insert into record_contacts (record_id, contact_id, role) values ($1, $2, $3)');

export class RecordService {
  constructor(private readonly database: Database) {}

  async list(actor: Actor, filter: RecordFilter, page: PageRequest): Promise<Page<LinkedRecord>> {
    actor.require('read:records');
    return await readPage<LinkedRecord>(this.database, listOf(actor, filter), page);
  }

  async count(actor: Actor, filter: RecordFilter): Promise<number> {
    actor.require('read:records');
    return await countRows(this.database, listOf(actor, filter));
  }

  async get(actor: Actor, id: string): Promise<LinkedRecord> {
    actor.require('read:records');
    const [record] = isId(id, 'record') ? await this.getMany(actor, [id]) : [];
    if (record === undefined) throw notFound('record');
    return record;
  }

  async getMany(actor: Actor, ids: readonly string[]): Promise<LinkedRecord[]> {
    actor.require('read:records');
    return await this.database.query(selectMany, [ids, actor.workspaceId]);
  }

  /** The record that a completed submission of a bot with a record type makes. */
  async createFor(
    tx: Tx,
    submission: { id: string; workspaceId: string; data: object; at: Date },
    recordType: string,
    contactId: string | null,
  ): Promise<void> {
    const id = newId('record');
    const { workspaceId, data, at } = submission;
    await tx.query(insertOne, [id, workspaceId, recordType, JSON.stringify(data), submission.id, at]);
    if (contactId !== null) await tx.query(insertLink, [id, contactId, 'submitter']);
  }
}

function listOf(actor: Actor, filter: RecordFilter): List {
  const where = new Conditions()
    .and('r.workspace_id = $?', actor.workspaceId)
    .and('r.record_type = $?', filter.recordType)
    .and('exists (select 1 from record_contacts l where l.record_id = r.id and l.contact_id = $?)', filter.contactId)
    .between('r.created_at', filter.createdAt);
  return { from: `${linked} from records r`, id: 'r.id', where };
}
