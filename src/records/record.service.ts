/** One file because a record and its links to contacts change under one lock, that of the record. */
import type { Actor } from '../platform/actor.js';
import { isForeignKeyViolation, type Database, type Tx } from '../platform/postgres/database.js';
import { byIds, columnsOf, forReplica, pipelined, prepared } from '../platform/postgres/statement.js';
import { notFound, planLimitExceeded, validationFailed } from '../platform/errors.js';
import { isId, newId, nextMoment } from '../platform/id.js';
import { isSameJson } from '../platform/text/storable-json.js';
import { keptBytesMax, keptJsonIssues, mergeJson } from '../platform/text/kept-json.js';
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
import type { StoredRows } from '../platform/postgres/stored-rows.js';
import { readWith, type Unread } from '../platform/validate.js';
import { requireStorage } from '../workspaces/plans.js';
import type { ContactService } from '../contacts/contact.service.js';
import type { Erased, ErasedPerson } from '../contacts/erasure.service.js';
import { contactsErasedWithSubmissions } from '../events/event-erasure.service.js';
import { RecordEntity, type LinkedRecord } from './record.entity.js';
import type { CreateRecord, LinkRecordContact, UpdateRecord, RecordFilter } from './record.input.js';

/** The role of the person whose submission the record was made of. */
const submitter = 'submitter';

/** So many links of one record are shown. */
export const linksReadMax = 100;

const links = `coalesce((
    select json_agg(json_build_object('id', l.contact_id, 'role', l.role) order by l.contact_id, l.role)
    from (
      select l.contact_id, l.role from record_contacts l where l.record_id = r.id
      order by l.contact_id, l.role limit ${linksReadMax}
    ) l
  ), '[]') as "contacts"`;
const linked = `${columnsOf(RecordEntity, 'r')}, ${links}`;
const smallLinked = `${columnsOf(RecordEntity, 'r', { without: ['data'] })}, ${links}`;

/**
 * In SQL, of a link `l`: whether its record is erased with one of these contacts, because it was made of a submission of
 * theirs, or is about nobody else. Other records stay and lose the link.
 */
const goesWith = (contacts: string) => `(
  l.contact_id = any (${contacts}) and (l.role = '${submitter}' or not exists (
    select from record_contacts other where other.record_id = l.record_id and other.contact_id <> all (${contacts})
  ))
)`;
/** In SQL, of a record `r`: false where it is being erased with a person. */
const isShown = `case when exists (select from erasing_subjects where with_submissions) then not exists (
  select from record_contacts l where l.record_id = r.id and ${goesWith(contactsErasedWithSubmissions)}
) else true end`;
const selectMany = (whole: boolean) =>
  forReplica(
    pipelined<LinkedRecord>(`
    select ${whole ? linked : smallLinked} from records r
    where ${byIds('r')} and ${isShown}
  `),
  );
const insertOne = prepared(`
  insert into records (id, workspace_id, record_type, data, submission_id, created_at, updated_at)
  values ($1, $2, $3, $4, $5, $6, $6)
`);
const insertLink = prepared('insert into record_contacts (record_id, contact_id, role) values ($1, $2, $3)');

const lockOne = prepared<RecordEntity>(`
  select ${columnsOf(RecordEntity, 'r')} from records r where r.id = $1 and r.workspace_id = $2 for no key update
`);
const updateOne = prepared('update records set record_type = $2, data = $3, updated_at = $4 where id = $1');
const linkOnce = prepared(`
  insert into record_contacts (record_id, contact_id, role) values ($1, $2, $3) on conflict do nothing
`);
const relink = prepared(`
  with moved as (delete from record_contacts where contact_id = $1 returning record_id, role)
  insert into record_contacts (record_id, contact_id, role) select record_id, $2, role from moved
  on conflict do nothing
`);

export const storedRecords: StoredRows = {
  table: 'records',
  bytes: '150 + pg_column_size(t.data)',
  owner: 'workspace_id',
};

export const storedLinks: StoredRows = {
  table: 'record_contacts',
  bytes: '100',
  owner: 'record_id',
  through: { table: 'records', owner: 'workspace_id' },
};

/** Links of one record, over all roles. */
const linksMax = 100;
const selectOfContact = prepared<{ id: string }>(`
  select distinct l.record_id as id from record_contacts l where l.contact_id = $1 and ${goesWith('array[$1]')}
  order by l.record_id limit $2
`);
const deleteMany = prepared<{ id: string }>('delete from records where id = any($1) returning id');
const deleteOfSubmissions = prepared<{ id: string }>('delete from records where submission_id = any($1) returning id');
const unlinkSome = prepared<{ id: string }>(`
  delete from record_contacts where ctid = any (array(
    select ctid from record_contacts where contact_id = $1 limit $2
  )) returning record_id as id
`);

export class RecordService {
  constructor(
    private readonly database: Database,
    private readonly contacts: ContactService,
  ) {
    contacts.follow({
      merge: (tx, fromId, intoId) => tx.write(relink, [fromId, intoId]),
      erase: async (tx, person, limit) => await this.erase(tx, person, limit),
    });
  }

  /** @param whole with `data`, here and in what follows */
  async list(actor: Actor, filter: RecordFilter, page: PageRequest, whole = true): Promise<Page<LinkedRecord>> {
    actor.require('read:records');
    return await readPage<LinkedRecord>(this.database, listOf(actor, filter, whole ? linked : smallLinked), page);
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

  async getMany(actor: Actor, ids: readonly string[], whole = true): Promise<LinkedRecord[]> {
    actor.require('read:records');
    return await this.database.query(selectMany(whole), [ids, actor.workspaceId]);
  }

  /** A page of records of each of these contacts, which the actor has been found entitled to. */
  async pagesUnder(
    actor: Actor,
    contactIds: readonly string[],
    filter: RecordFilter,
    page: PageRequest,
    whole: boolean,
  ): Promise<Map<string, Page<LinkedRecord>>> {
    actor.require('read:records');
    const list = listUnder(actor, filter, whole ? linked : smallLinked);
    return await readPages<LinkedRecord>(this.database, list, contactIds, page);
  }

  async countsUnder(actor: Actor, contactIds: readonly string[], filter: RecordFilter) {
    actor.require('read:records');
    return await countRowsOfEach(this.database, listUnder(actor, filter), contactIds);
  }

  async create(actor: Actor, read: Unread<typeof CreateRecord>): Promise<LinkedRecord> {
    actor.requireRole('ADMIN');
    return await this.database.transaction(async (tx) => {
      const { recordType, data } = readWith(read, (sent) => dataIssues(sent.data, {}));
      requireStorage(actor);
      const { at } = nextMoment();
      const id = newId('record');
      tx.write(insertOne, [id, actor.workspaceId, recordType, JSON.stringify(data), null, at]);
      return await this.within(tx, actor, id);
    }, actor.guard);
  }

  /** `data` is merged, null removes a value. A change that changes nothing is not written. */
  async update(actor: Actor, id: string, read: Unread<typeof UpdateRecord>): Promise<LinkedRecord> {
    actor.requireRole('ADMIN');
    return await this.database.transaction(async (tx) => {
      const known = await this.get(actor, id);
      const { recordType, data } = readWith(read, (sent) => dataIssues(mergeJson(known.data, sent.data), known.data));
      const [before] = await tx.query(lockOne, [id, actor.workspaceId]);
      if (before === undefined) throw notFound('record');
      const after = { recordType: recordType ?? before.recordType, data: mergeJson(before.data, data) };
      // Reviewed again under the lock, as another change may have come between.
      const issues = dataIssues(after.data, before.data);
      if (issues.length > 0) throw validationFailed(issues);
      if (after.recordType !== before.recordType || !isSameJson(after.data, before.data)) {
        requireStorage(actor, after, { recordType: before.recordType, data: before.data });
        const { at } = nextMoment(before.updatedAt);
        tx.write(updateOne, [id, after.recordType, JSON.stringify(after.data), at]);
      }
      return await this.within(tx, actor, id);
    }, actor.guard);
  }

  /** Linking what is linked already changes nothing. @throws plan_limit_exceeded at 100 links */
  async link(
    actor: Actor,
    id: string,
    contactId: string,
    read: Unread<typeof LinkRecordContact>,
  ): Promise<LinkedRecord> {
    actor.requireRole('ADMIN');
    return await this.database.transaction(async (tx) => {
      await this.get(actor, id);
      await this.contacts.get(actor, contactId);
      const { role } = read();
      // The lock of the record makes links one at a time, so that none is counted too few.
      await tx.query(lockOne, [id, actor.workspaceId]);
      const { contacts } = await this.within(tx, actor, id);
      const isNew = !contacts.some((link) => link.id === contactId && link.role === role);
      if (isNew) requireStorage(actor);
      if (isNew && contacts.length >= linksMax) {
        throw planLimitExceeded('record_contacts', contacts.length, linksMax, ' a record');
      }
      tx.write(linkOnce, [id, contactId, role], contactIsGone);
      return await this.within(tx, actor, id);
    }, actor.guard);
  }

  private async within(tx: Tx, actor: Actor, id: string): Promise<LinkedRecord> {
    const [record] = await tx.query(selectMany(true), [[id], actor.workspaceId]);
    if (record === undefined) throw notFound('record');
    return record;
  }

  /** Makes the record of a completed submission, where its bot has a record type. */
  createFor(
    tx: Tx,
    submission: { id: string; workspaceId: string; data: object; at: Date },
    recordType: string,
    contactId: string | null,
  ): void {
    const id = newId('record');
    const { workspaceId, data, at } = submission;
    tx.write(insertOne, [id, workspaceId, recordType, JSON.stringify(data), submission.id, at]);
    if (contactId !== null) tx.write(insertLink, [id, contactId, submitter]);
  }

  /** Deletes the records that were made of these submissions. @returns their ids */
  async removeOf(tx: Tx, submissionIds: readonly string[]): Promise<string[]> {
    return (await tx.query(deleteOfSubmissions, [submissionIds])).map(({ id }) => id);
  }

  private async erase(tx: Tx, { contactId, withSubmissions }: ErasedPerson, limit: number): Promise<Erased> {
    const found = withSubmissions ? await tx.query(selectOfContact, [contactId, limit]) : [];
    const ids = found.map(({ id }) => id);
    const deleted = ids.length === 0 ? [] : await tx.query(deleteMany, [ids]);
    const unlinked = ids.length === limit ? [] : await tx.query(unlinkSome, [contactId, limit]);
    const isAll = ids.length < limit && unlinked.length < limit;
    return { counts: { records: deleted.length }, objectIds: ids, isAll };
  }
}

const dataIssues = (after: unknown, before: object) =>
  keptJsonIssues(after, { path: 'data', bytesMax: keptBytesMax.object, before });

/** The contact was merged or deleted after it was found. */
const contactIsGone = (error: unknown) =>
  isForeignKeyViolation(error, 'record_contacts_contact_id_fkey') ? notFound('contact', { cause: error }) : error;

function listOf(actor: Actor, filter: RecordFilter, selected = linked): List {
  return { from: `${selected} from records r`, id: 'r.id', where: conditionsOf(actor, filter), isForReplica: true };
}

function listUnder(actor: Actor, filter: RecordFilter, selected = linked): List {
  const where = conditionsOf(actor, filter).always(
    'exists (select 1 from record_contacts l where l.record_id = r.id and l.contact_id = parent.id)',
  );
  return { from: `${selected} from records r`, id: 'r.id', where, isForReplica: true };
}

function conditionsOf(actor: Actor, filter: RecordFilter): Conditions {
  return new Conditions()
    .within('r.workspace_id = $?', actor.workspaceId)
    .always(isShown)
    .and('r.record_type = $?', filter.recordType)
    .and('r.submission_id = $?', filter.submissionId)
    .and('exists (select 1 from record_contacts l where l.record_id = r.id and l.contact_id = $?)', filter.contactId)
    .createdIn('r', filter.createdAt);
}
