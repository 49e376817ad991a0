/**
 * One file because one question runs through it: whose is an address, when contacts are made, found, changed, merged
 * or deleted?
 */
import type { AuditService } from '../audit/audit.service.js';
import type { Actor, Confirm } from '../platform/actor.js';
import {
  isDivisionByZero,
  isUniqueViolation,
  TryAgain,
  type Database,
  type Tx,
} from '../platform/postgres/database.js';
import { byIds, columnsOf, forReplica, pipelined, prepared, rowOf } from '../platform/postgres/statement.js';
import { normalEmail } from '../platform/text/email-address.js';
import { conflict, invalid, notFound, validationFailed, type Issue } from '../platform/errors.js';
import { isId, newId, nextMoment } from '../platform/id.js';
import { isSameJson, isSameSet } from '../platform/text/storable-json.js';
import { keptBytesMax, keptJsonIssues, mergeJson } from '../platform/text/kept-json.js';
import { toE164 } from '../platform/text/phone-number.js';
import { Conditions, countRows, readPage, type List, type Page } from '../platform/postgres/keyset-page.js';
import type { PageRequest } from '../platform/page-request.js';
import type { StoredRows } from '../platform/postgres/stored-rows.js';
import { given, readWith, spell, type Unread } from '../platform/validate.js';
import { requireStorage } from '../workspaces/plans.js';
import type { EventErasureService } from '../events/event-erasure.service.js';
import { momentAfter, type EventPublisher, type NewEvent } from '../events/publish.js';
import { addressSubject } from './address-subject.js';
import { contactAddress, type AddressField, type ContactAddress } from './contact-address.js';
import { Contact, nobody } from './contact.entity.js';
import { tagsMax, type CreateContact, type UpdateContact, type ContactFilter } from './contact.input.js';
import { contactView } from './contact.view.js';
import type { Erasure } from './erasure.entity.js';
import type { ErasureNote } from './erasure-note.js';
import type { ErasureNoteService } from './erasure-note.service.js';
import type { BegunErasure, EarlierErasure, Eraser, ErasureService } from './erasure.service.js';

/** The most addresses that a contact takes over from merged ones: with more it would be no single person. */
export const otherAddressesMax = 50;

const columns = columnsOf(Contact, 'c');
const submissionCount = '(select count(*)::int from submissions s where s.contact_id = c.id) as "submissionCount"';
const counted = `${columns}, ${submissionCount}`;
const smallCounted = `${columnsOf(Contact, 'c', { without: ['customFields'] })}, ${submissionCount}`;

// In SQL: a contact that is being erased stays as an empty row until nothing refers to the row any more.
const isThere = 'c.erased_at is null';
const selectOne = pipelined<Contact>(
  `select ${counted} from contacts c where c.id = $1 and c.workspace_id = $2 and ${isThere}`,
);
const selectMany = (whole: boolean) =>
  forReplica(
    pipelined<Contact>(`
    select ${whole ? counted : smallCounted} from contacts c
    where ${byIds('c')} and ${isThere}
  `),
  );
/** In SQL, the contact that has an address as another of its; `$1` is the workspace. */
const ownerOfOther = (kind: 'email' | 'phone', address: string) => `
  select contact_id from contact_addresses where workspace_id = $1 and kind = '${kind}' and address = ${address}
`;
/**
 * In SQL, the contact that has an address, as its own or as another of its. Each table by its index,
 * one after the other: joined by `or`, PostgreSQL reads all contacts of a large workspace where most have few.
 */
const ownerOf = (kind: 'email' | 'phone', address: string) => `
  select id as contact_id from contacts where workspace_id = $1 and ${kind} = ${address}
  union all
  ${ownerOfOther(kind, address)}
`;
// Without `submissionCount`: each submission runs this, and counting thousands of them each time would be slow.
const selectMatches = pipelined<Match>(`
  with of_email as materialized (${ownerOf('email', '$2')}), of_phone as materialized (${ownerOf('phone', '$3')})
  select ${columns}, exists (select from of_email o where o.contact_id = c.id) as "hasEmail",
    exists (select from of_phone o where o.contact_id = c.id) as "hasPhone"
  from contacts c
  where c.id = any (array(select contact_id from of_email union all select contact_id from of_phone))
  order by c.id
`);
const lockOne = prepared<Contact>(
  `select ${counted} from contacts c where c.id = $1 and ${isThere} for no key update of c`,
);
/** Holds contacts that a submission speaks of beside the one that it is linked to, so that their erasure waits for it. */
const holdOthers = prepared('select from contacts where id = any($1) order by id for key share');
const row = rowOf(Contact);
const insertOne = prepared(`insert into contacts ${row.inserted}`);
const updateOne = prepared(`update contacts set ${row.assigned} where id = $1`);
const locking = (strength: string) =>
  prepared<Contact>(`
    select ${counted} from contacts c where ${byIds('c')} and ${isThere}
    order by c.id for ${strength} of c
  `);
const lockMany = locking('no key update');
/** Waits for transactions that have linked something to the contact; later ones wait for this one and find it gone. */
const lockToDelete = locking('update');
const deleteOne = prepared('delete from contacts where id = $1');

const selectAddresses = prepared<{ contactId: string; address: string }>(`
  select contact_id as "contactId", address from contact_addresses where contact_id = any($1) order by kind, address
`);
const selectOtherAddresses = pipelined<{ id: string; addresses: string[] }>(`
  select c.id, array(
    select a.address from contact_addresses a where a.contact_id = c.id order by a.kind, a.address
  ) as addresses
  from contacts c where ${byIds('c')}
`);
const insertAddresses = prepared(`
  insert into contact_addresses (workspace_id, kind, address, contact_id)
  select $1, kind, address, $4 from unnest($2::text[], $3::text[]) a (kind, address)
`);
const moveAddresses = prepared('update contact_addresses set contact_id = $2 where contact_id = $1');
/** An address that becomes the contact's own is no longer one of its other addresses. */
const promote = prepared(`
  delete from contact_addresses
  where contact_id = $1 and (kind = 'email' and address = $2 or kind = 'phone' and address = $3)
`);
// Fails, by a division by zero, where another contact has an address: no unique index covers both tables of addresses.
const findUntaken = prepared(`
  select 1 / (not exists (${ownerOfOther('email', '$2')} union all ${ownerOfOther('phone', '$3')}))::int
`);

export const storedContacts: StoredRows = {
  table: 'contacts',
  bytes: '200 + pg_column_size(t.custom_fields) + pg_column_size(t.tags)',
  owner: 'workspace_id',
};

/** A later room that keeps something of contacts; it acts in the transaction of the merge or deletion. */
export interface ContactFollower {
  /** Gives everything that belongs to one contact to the other. */
  merge: (tx: Tx, fromId: string, intoId: string) => void | Promise<void>;
  erase: Eraser;
}

/** A contact that a submission may speak of. */
type Match = Contact & { hasEmail: boolean; hasPhone: boolean };

/** The contact of a submission, and the events to publish in the submission's commit. */
export interface ResolvedContact {
  id: string;
  /** Ids of the contact and of others that have one of the addresses. */
  people: string[];
  events: NewEvent[];
}

/** The answer to a deletion; what idempotency keeps of it does not say who the person was. */
export class DeletedContact {
  constructor(
    readonly contact: Contact,
    readonly erasure: Erasure,
  ) {}

  toJSON(): object {
    const { id, createdAt, updatedAt, submissionCount } = this.contact;
    return { contact: { id, createdAt, updatedAt, submissionCount, ...nobody }, erasure: this.erasure };
  }
}

export class ContactService {
  private readonly followers: ContactFollower[] = [];

  constructor(
    private readonly database: Database,
    private readonly events: EventPublisher,
    private readonly eventErasure: EventErasureService,
    private readonly erasures: ErasureService,
    private readonly erasureNotes: ErasureNoteService,
    private readonly audit: AuditService,
    private readonly confirm: Confirm,
  ) {}

  follow(follower: ContactFollower): void {
    this.followers.push(follower);
    this.erasures.over(follower.erase);
  }

  /** @param whole with `customFields`, here and in `getMany` */
  async list(actor: Actor, filter: ContactFilter, page: PageRequest, whole = true): Promise<Page<Contact>> {
    actor.require('read:contacts');
    return await readPage<Contact>(this.database, listOf(actor, filter, whole ? counted : smallCounted), page);
  }

  async count(actor: Actor, filter: ContactFilter): Promise<number> {
    actor.require('read:contacts');
    return await countRows(this.database, listOf(actor, filter));
  }

  async get(actor: Actor, id: string): Promise<Contact> {
    actor.require('read:contacts');
    const [contact] = isId(id, 'contact') ? await this.database.query(selectOne, [id, actor.workspaceId]) : [];
    if (contact === undefined) throw notFound('contact');
    return contact;
  }

  async getMany(actor: Actor, ids: readonly string[], whole: boolean): Promise<Contact[]> {
    actor.require('read:contacts');
    return await this.database.query(selectMany(whole), [ids, actor.workspaceId]);
  }

  /** By contact, the addresses that merged duplicates brought along. */
  async otherAddresses(actor: Actor, ids: readonly string[]): Promise<Map<string, string[]>> {
    actor.require('read:contacts');
    const rows = await this.database.query(selectOtherAddresses, [ids, actor.workspaceId]);
    return new Map(rows.map(({ id, addresses }) => [id, addresses]));
  }

  /** The digests of the addresses in a submission's answers. */
  addressSubjects(
    workspaceId: string,
    fields: readonly AddressField[],
    data: Readonly<Record<string, unknown>>,
  ): string[] {
    const { email, phone } = contactAddress(fields, data);
    return [email, phone].flatMap((address) => (address === null ? [] : [addressSubject(workspaceId, address)]));
  }

  /** @throws conflict when another contact has the e-mail or phone */
  async create(actor: Actor, read: Unread<typeof CreateContact>): Promise<Contact> {
    actor.requireRole('MEMBER');
    return await this.database.transaction(async (tx) => {
      const input = readWith(read, (sent) => customFieldIssues(sent.customFields, {}));
      if ((input.email ?? input.phone ?? null) === null) {
        throw invalid('email', 'required', 'is required when there is no phone');
      }
      requireStorage(actor);
      const moment = nextMoment();
      const contact = Object.assign(new Contact(), {
        id: newId('contact'),
        workspaceId: actor.workspaceId,
        email: input.email ?? null,
        phone: input.phone ?? null,
        firstName: input.firstName ?? null,
        lastName: input.lastName ?? null,
        tags: distinct(input.tags),
        customFields: input.customFields,
        createdAt: moment.at,
        updatedAt: moment.at,
        submissionCount: 0,
      } satisfies Contact);
      const { id, workspaceId } = contact;
      tx.write(insertOne, row.values(contact), taken);
      tx.write(findUntaken, [workspaceId, contact.email, contact.phone], takenAsOther);
      const data = { contact: contactView(contact) };
      this.events.publish(tx, { workspaceId, type: 'contact.created', moment, subjectId: id, people: [], data });
      return contact;
    }, actor.guard);
  }

  /** A change that changes nothing is not written and publishes nothing. @throws conflict as `create` does */
  async update(actor: Actor, id: string, read: Unread<typeof UpdateContact>): Promise<Contact> {
    actor.requireRole('MEMBER');
    return await this.database.transaction(async (tx) => {
      const known = await this.get(actor, id);
      const { customFields, tags, ...changes } = readWith(read, (sent) => [
        ...customFieldIssues(mergeJson(known.customFields, sent.customFields), known.customFields),
        ...tagIssues(sent.tags, known.tags),
      ]);
      const [before] = await tx.query(lockMany, [[id], actor.workspaceId]);
      if (before === undefined) throw notFound('contact');
      const given = {
        ...changes,
        ...(tags === undefined ? {} : { tags: distinct(tags) }),
        ...(customFields === undefined ? {} : { customFields: mergeJson(before.customFields, customFields) }),
      };
      const requireRoom = (after: Contact) => requireStorage(actor, row.values(after), row.values(before));
      return await this.change(tx, before, given, { requireRoom });
    }, actor.guard);
  }

  /**
   * The contact takes over the duplicate's submissions, records, tags, and the values of fields that it has empty; the
   * duplicate is deleted. Addresses of the duplicate for which the contact has one already become other addresses of it.
   */
  async merge(actor: Actor, id: string, duplicateId: string): Promise<Contact> {
    actor.requireRole('MEMBER');
    return await this.database.transaction(async (tx) => {
      await this.get(actor, id);
      await this.get(actor, duplicateId);
      if (id === duplicateId) throw invalid('duplicateId', 'not_allowed', 'must be another contact');
      const locked = await tx.query(lockToDelete, [[id, duplicateId], actor.workspaceId]);
      const into = locked.find((contact) => contact.id === id);
      const from = locked.find((contact) => contact.id === duplicateId);
      if (into === undefined || from === undefined) throw notFound('contact');
      await this.confirm(tx, actor);
      const dropped = (['email', 'phone'] as const).flatMap((kind) => {
        const address = into[kind] === null ? null : from[kind];
        return address === null ? [] : [{ kind, address }];
      });
      const kept = await tx.query(selectAddresses, [[id, duplicateId]]);
      if (kept.length + dropped.length > otherAddressesMax) {
        const message = `would leave the contact with more than ${otherAddressesMax} other addresses`;
        throw invalid('duplicateId', 'out_of_range', message);
      }
      for (const follower of this.followers) await follower.merge(tx, duplicateId, id);
      this.eventErasure.move(tx, actor.workspaceId, duplicateId, id);
      tx.write(moveAddresses, [duplicateId, id]);
      tx.write(deleteOne, [duplicateId]);
      const [kinds, addresses] = [dropped.map(({ kind }) => kind), dropped.map(({ address }) => address)];
      if (dropped.length > 0) tx.write(insertAddresses, [actor.workspaceId, kinds, addresses, id], taken);
      into.submissionCount += from.submissionCount;
      const survivor = await this.change(
        tx,
        into,
        {
          email: into.email ?? from.email,
          phone: into.phone ?? from.phone,
          firstName: into.firstName ?? from.firstName,
          lastName: into.lastName ?? from.lastName,
          tags: distinct([...into.tags, ...from.tags]),
          customFields: { ...from.customFields, ...into.customFields },
        } satisfies typeof nobody,
        { reasons: ['merged'] },
      );
      await this.audit.record(tx, actor, 'contact.merged', id, { duplicate_id: duplicateId });
      return survivor;
    }, actor.guard);
  }

  /**
   * Deletes the contact and erases the person from everything that is kept. `eraseSubmissions` deletes their submissions
   * and records as well, for which a person needs the role ADMIN.
   */
  async remove(actor: Actor, id: string, eraseSubmissions: boolean): Promise<DeletedContact> {
    actor.requireRole(eraseSubmissions ? 'ADMIN' : 'MEMBER');
    return await this.database.transaction(async (tx) => {
      const [contact] = isId(id, 'contact') ? await tx.query(lockToDelete, [[id], actor.workspaceId]) : [];
      if (contact === undefined) throw notFound('contact');
      // Nothing brings back what was erased.
      await this.confirm(tx, actor);
      const begun = await this.erase(tx, actor, contact, [], eraseSubmissions, null);
      tx.speaksOfNobody = true;
      return new DeletedContact(contact, begun.erasure);
    }, actor.guard);
  }

  /**
   * Erases once more whom an earlier erasure erased, in a database that was restored from a backup of before.
   * @returns null where the database knows of the erasure already
   */
  async replayErasure(actor: Actor, earlier: ErasureNote): Promise<Erasure | null> {
    if (await this.erasureNotes.isKnown(earlier.id)) return null;
    const { workspaceId, contactIds, addresses, withSubmissions } = earlier;
    const [contactId, ...merged] = contactIds;
    // Duplicates that were merged into the contact only after the backup are contacts of their own again.
    for (const id of merged) {
      await this.database.transaction(async (tx) => {
        const [contact] = await tx.query(lockToDelete, [[id], workspaceId]);
        if (contact !== undefined) await this.erase(tx, actor, contact, addresses, withSubmissions, null);
      });
    }
    return await this.database.transaction(async (tx) => {
      const [contact] = await tx.query(lockToDelete, [[contactId], workspaceId]);
      // Drafts and events may name the person in a backup that does not have the contact yet, or has it no more.
      const person = contact ?? { id: contactId, workspaceId, email: null, phone: null };
      return (await this.erase(tx, actor, person, addresses, withSubmissions, earlier)).erasure;
    });
  }

  private async erase(
    tx: Tx,
    actor: Actor,
    contact: Pick<Contact, 'id' | 'workspaceId' | 'email' | 'phone'>,
    knownAddresses: readonly string[],
    withSubmissions: boolean,
    earlier: EarlierErasure | null,
  ): Promise<BegunErasure> {
    const { id, workspaceId, email, phone } = contact;
    const others = await tx.query(selectAddresses, [[id]]);
    const addresses = [email, phone, ...others.map(({ address }) => address)]
      .filter((address) => address !== null)
      .map((address) => addressSubject(workspaceId, address));
    const all = distinct([...addresses, ...knownAddresses]);
    const begun = await this.erasures.begin(tx, contact, all, withSubmissions, earlier);
    const details = { erasure_id: begun.erasure.id, erased_submissions: withSubmissions };
    // The entry stays for ever, so it must say nothing of the person.
    await this.audit.record(tx, actor, 'contact.deleted', id, details);
    await this.erasures.conclude(tx, begun);
    tx.afterCommit(() => this.erasureNotes.tell(begun.note));
    return begun;
  }

  /**
   * @param changes may be none; then nothing is written unless there are `reasons`, which the event names in place of them
   * @param requireRoom throws when the contact would become larger than may be kept
   */
  private async change(
    tx: Tx,
    before: Contact,
    changes: Partial<Contact>,
    { reasons, requireRoom }: { reasons?: string[]; requireRoom?: (after: Contact) => void } = {},
  ): Promise<Contact> {
    const after = Object.assign(new Contact(), before, given(changes));
    const names = changeable.filter((name) => !same[name](before, after));
    if (names.length === 0 && reasons === undefined) return before;
    if (after.email === null && after.phone === null) {
      throw invalid('email', 'not_allowed', 'cannot be removed when there is no phone');
    }
    const issues = growthIssues(before, after);
    if (issues.length > 0) throw validationFailed(issues);
    requireRoom?.(after);
    const moment = await momentAfter(tx, before.id, before.updatedAt);
    after.updatedAt = moment.at;
    tx.write(updateOne, row.values(after), taken);
    const { id: subjectId, workspaceId, email, phone } = after;
    if (names.includes('email') || names.includes('phone')) {
      tx.write(promote, [subjectId, email, phone]);
      tx.write(findUntaken, [workspaceId, email, phone], takenAsOther);
    }
    const told = reasons ?? names.map((name) => spell(name, 'snake_case'));
    const data = { contact: contactView(after), changes: told };
    this.events.publish(tx, { workspaceId, type: 'contact.updated', moment, subjectId, people: [], data });
    return after;
  }

  /**
   * Finds or makes the contact that a completed submission speaks of, by its e-mail or phone; null when the submission
   * has neither. Empty fields of the contact are filled, none is overwritten. Two submissions of a new person at the same
   * moment make one contact.
   */
  async resolve(
    tx: Tx,
    workspaceId: string,
    fields: readonly AddressField[],
    data: Readonly<Record<string, unknown>>,
  ): Promise<ResolvedContact | null> {
    const address = contactAddress(fields, data);
    if (address.email === null && address.phone === null) return null;
    // A read without a lock, outside the transaction: where a contact changes meanwhile, the write meets a unique index.
    const matches = await this.database.query(selectMatches, [workspaceId, address.email, address.phone]);
    // Where e-mail and phone belong to different contacts, the e-mail decides.
    const found = matches.find(({ hasEmail }) => hasEmail) ?? matches[0];
    if (found === undefined) return createFromAnswers(tx, workspaceId, address);
    const others = matches.filter((match) => match !== found).map(({ id }) => id);
    if (others.length > 0) tx.write(holdOthers, [others]);
    const { events } = await fillFromAnswers(tx, found, address, matches);
    return { id: found.id, people: [found.id, ...others], events };
  }
}

const sameText = (name: 'email' | 'phone' | 'firstName' | 'lastName') => (one: Contact, other: Contact) =>
  one[name] === other[name];
const same: Readonly<Record<keyof typeof nobody, (one: Contact, other: Contact) => boolean>> = {
  email: sameText('email'),
  phone: sameText('phone'),
  firstName: sameText('firstName'),
  lastName: sameText('lastName'),
  tags: (one, other) => isSameSet(one.tags, other.tags),
  customFields: (one, other) => isSameJson(one.customFields, other.customFields),
};
const changeable = Object.keys(same) as (keyof typeof nobody)[];

const distinct = (texts: readonly string[]) => [...new Set(texts)];

const customFieldIssues = (after: unknown, before: object) =>
  keptJsonIssues(after, { path: 'customFields', bytesMax: keptBytesMax.object, before });

/** Why a contact may not be kept as it would become: only growth beyond the bounds is refused. */
function growthIssues(before: Contact, after: Contact): Issue[] {
  return [...customFieldIssues(after.customFields, before.customFields), ...tagIssues(after.tags, before.tags)];
}

function tagIssues(after: unknown, before: readonly string[]): Issue[] {
  if (!Array.isArray(after) || after.length <= Math.max(tagsMax, before.length)) return [];
  return [{ path: 'tags', message: `must have at most ${tagsMax} entries`, code: 'too_long' }];
}

const duplicate = () => conflict('duplicate_contact', 'Another contact has this e-mail address or phone number.');
const taken = (error: unknown) => (isUniqueViolation(error) ? duplicate() : error);
const takenAsOther = (error: unknown) => (isDivisionByZero(error) ? duplicate() : error);

function createFromAnswers(tx: Tx, workspaceId: string, address: ContactAddress): ResolvedContact {
  const moment = nextMoment();
  const id = newId('contact');
  const times = { createdAt: moment.at, updatedAt: moment.at };
  const contact: Contact = { ...nobody, ...address, id, workspaceId, ...times, submissionCount: 1 };
  tx.write(insertOne, row.values(contact), meanwhile);
  const data = { contact: contactView(contact) };
  const events: NewEvent[] = [{ workspaceId, type: 'contact.created', moment, subjectId: id, people: [], data }];
  return { id, people: [id], events };
}

async function fillFromAnswers(
  tx: Tx,
  found: Match,
  address: ContactAddress,
  matches: readonly Match[],
): Promise<Pick<ResolvedContact, 'events'>> {
  if (missing(found, address, matches).length === 0) return { events: [] };
  const [contact] = await tx.query(lockOne, [found.id]);
  if (contact === undefined) throw new TryAgain('the contact was merged or deleted');
  const changes = missing(contact, address, matches);
  if (changes.length === 0) return { events: [] };
  const moment = await momentAfter(tx, contact.id, contact.updatedAt);
  for (const name of changes) contact[name] = address[name];
  contact.updatedAt = moment.at;
  contact.submissionCount += 1;
  const { id, workspaceId, email, phone } = contact;
  tx.write(updateOne, row.values(contact), meanwhile);
  if (changes.includes('email') || changes.includes('phone')) tx.write(promote, [id, email, phone]);
  const data = { contact: contactView(contact), changes: changes.map((name) => spell(name, 'snake_case')) };
  return { events: [{ workspaceId, type: 'contact.updated', moment, subjectId: id, people: [], data }] };
}

/** Another submission made or filled the contact: the unique index waited for its commit, so the next try finds it. */
const meanwhile = (error: unknown) =>
  isUniqueViolation(error) ? new TryAgain('another contact took the address', { cause: error }) : error;

/** The empty fields that the address fills; an e-mail or phone that another contact has stays with that one. */
function missing(contact: Contact, address: ContactAddress, matches: readonly Match[]): (keyof ContactAddress)[] {
  const names = ['email', 'phone', 'firstName', 'lastName'] as const;
  const others = matches.filter(({ id }) => id !== contact.id);
  const isAnothers = {
    email: others.some(({ hasEmail }) => hasEmail),
    phone: others.some(({ hasPhone }) => hasPhone),
    firstName: false,
    lastName: false,
  };
  return names.filter((name) => contact[name] === null && address[name] !== null && !isAnothers[name]);
}

const having = (kind: 'email' | 'phone') => `c.id = any (array(
  select h.contact_id from (values ($?::text)) a (address) cross join lateral (${ownerOf(kind, 'a.address')}) h
))`;

function listOf(actor: Actor, filter: ContactFilter, selected = counted): List {
  const where = new Conditions()
    .within('c.workspace_id = $?', actor.workspaceId)
    .always(isThere)
    .and(having('email'), filter.email == null ? null : normalEmail(filter.email))
    .and(having('phone'), filter.phone == null ? null : (toE164(filter.phone) ?? filter.phone))
    .and('$? = any(c.tags)', filter.tag)
    .createdIn('c', filter.createdAt);
  return { from: `${selected} from contacts c`, id: 'c.id', where, isForReplica: true };
}
