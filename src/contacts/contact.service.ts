import type { AuditService } from '../audit/audit.service.js';
import type { Actor } from '../platform/actor.js';
import {
  brief,
  columnsOf,
  isUniqueViolation,
  prepared,
  TryAgain,
  type Database,
  type Tx,
} from '../platform/database.js';
import { normalEmail } from '../platform/email-address.js';
import { conflict, invalid, notFound, validationFailed, type Issue } from '../platform/errors.js';
import { isId, newId, nextMoment } from '../platform/id.js';
import { isSameJson, isSameSet } from '../platform/json-text.js';
import { keptBytesMax, keptJsonIssues, mergeJson } from '../platform/kept-json.js';
import { toE164 } from '../platform/phone-number.js';
import { Conditions, countRows, readPage, type List, type Page, type PageRequest } from '../platform/page.js';
import { readWith, spell, type Unread } from '../platform/validate.js';
import type { EventService } from '../events/event.service.js';
import { momentAfter, type Events, type Happening } from '../events/publish.js';
import { contactAddress, type AddressField, type ContactAddress } from './contact-address.js';
import { Contact } from './contact.entity.js';
import { tagsMax, type CreateContact, type UpdateContact } from './contact.input.js';
import { contactView } from './contact.view.js';

/** How many submissions a contact has is counted when it is asked for, never kept. */
export type CountedContact = Contact;

export interface ContactFilter {
  email?: string | null;
  phone?: string | null;
  tag?: string | null;
  createdAt?: { gte?: Date | null; lt?: Date | null } | null;
}

const columns = columnsOf(Contact, 'c');
const counted = `${columns}, (select count(*)::int from submissions s where s.contact_id = c.id) as "submissionCount"`;

const selectOne = brief<CountedContact>(`select ${counted} from contacts c where c.id = $1 and c.workspace_id = $2`);
const selectMany = brief<CountedContact>(
  `select ${counted} from contacts c where c.id = any($1) and c.workspace_id = $2`,
);
// Not counted: a contact may have thousands of submissions, and every one of them looks here.
const selectMatches = brief<Contact>(
  `select ${columns} from contacts c where c.workspace_id = $1 and (c.email = $2 or c.phone = $3) order by c.id`,
);
const lockOne = prepared<CountedContact>(`select ${counted} from contacts c where c.id = $1 for no key update of c`);
const insertOne = prepared(`
  insert into contacts (id, workspace_id, email, phone, first_name, last_name, created_at, updated_at)
  values ($1, $2, $3, $4, $5, $6, $7, $7)
`);
const fillOne = prepared(
  'update contacts set email = $2, phone = $3, first_name = $4, last_name = $5, updated_at = $6 where id = $1',
);

const insertWhole = prepared(`
  insert into contacts (id, workspace_id, email, phone, first_name, last_name, tags, custom_fields, created_at, updated_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
`);
const updateOne = prepared(`
  update contacts
  set email = $2, phone = $3, first_name = $4, last_name = $5, tags = $6, custom_fields = $7, updated_at = $8
  where id = $1
`);
const lockMany = prepared<CountedContact>(
  `select ${counted} from contacts c where c.id = any($1) and c.workspace_id = $2 order by c.id for no key update of c`,
);
const deleteOne = prepared('delete from contacts where id = $1');

/** A later room that keeps something of a contact's, told in the transaction of the change. */
export interface ContactFollower {
  /** Everything of the one contact is the other's from now on. */
  merge: (tx: Tx, fromId: string, intoId: string) => void;
  /** Ids of the objects of its own that say who the contact is. */
  namesOf: (tx: Tx, id: string) => Promise<string[]>;
}

/** The contact of a submission, and what others are to hear of it: in the submission's own commit. */
export interface ResolvedContact {
  id: string;
  happenings: Happening[];
}

export class ContactService {
  private readonly followers: ContactFollower[] = [];

  constructor(
    private readonly database: Database,
    private readonly publisher: Events,
    private readonly events: EventService,
    private readonly audit: AuditService,
  ) {}

  follow(follower: ContactFollower): void {
    this.followers.push(follower);
  }

  async list(actor: Actor, filter: ContactFilter, page: PageRequest): Promise<Page<CountedContact>> {
    actor.require('read:contacts');
    return await readPage<CountedContact>(this.database, listOf(actor, filter), page);
  }

  async count(actor: Actor, filter: ContactFilter): Promise<number> {
    actor.require('read:contacts');
    return await countRows(this.database, listOf(actor, filter));
  }

  async get(actor: Actor, id: string): Promise<CountedContact> {
    actor.require('read:contacts');
    const [contact] = isId(id, 'contact') ? await this.database.query(selectOne, [id, actor.workspaceId]) : [];
    if (contact === undefined) throw notFound('contact');
    return contact;
  }

  async getMany(actor: Actor, ids: readonly string[]): Promise<CountedContact[]> {
    actor.require('read:contacts');
    return await this.database.query(selectMany, [ids, actor.workspaceId]);
  }

  /** @throws conflict when another contact has the e-mail or phone */
  async create(actor: Actor, read: Unread<typeof CreateContact>): Promise<CountedContact> {
    actor.requireRole('MEMBER');
    return await this.database.transaction(async (tx) => {
      const input = readWith(read, (sent) => customFieldIssues(sent.customFields, {}));
      if ((input.email ?? input.phone ?? null) === null) {
        throw invalid('email', 'required', 'is required when there is no phone');
      }
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
      });
      const { id, workspaceId, createdAt } = contact;
      const [, ...values] = valuesOf(contact);
      tx.write(insertWhole, [id, workspaceId, ...values.slice(0, -1), createdAt, createdAt], taken);
      const data = { contact: contactView(contact) };
      this.publisher.publish(tx, { workspaceId, type: 'contact.created', moment, subjectId: id, data });
      return contact;
    }, actor.guard);
  }

  /** What changes nothing is not written and fires nothing. @throws conflict as `create` does */
  async update(actor: Actor, id: string, read: Unread<typeof UpdateContact>): Promise<CountedContact> {
    actor.requireRole('MEMBER');
    return await this.database.transaction(async (tx) => {
      const { customFields: known } = await this.get(actor, id);
      const { customFields, tags, ...changes } = readWith(read, (sent) =>
        customFieldIssues(mergeJson(known, sent.customFields), known),
      );
      const [before] = await tx.query(lockMany, [[id], actor.workspaceId]);
      if (before === undefined) throw notFound('contact');
      return await this.change(tx, before, {
        ...changes,
        ...(tags === undefined ? {} : { tags: distinct(tags) }),
        ...(customFields === undefined ? {} : { customFields: mergeJson(before.customFields, customFields) }),
      });
    }, actor.guard);
  }

  /** The duplicate's submissions, records, tags and what the other lacks go over to it; the duplicate is gone. */
  async merge(actor: Actor, id: string, duplicateId: string): Promise<CountedContact> {
    actor.requireRole('MEMBER');
    return await this.database.transaction(async (tx) => {
      await this.get(actor, id);
      await this.get(actor, duplicateId);
      if (id === duplicateId) throw invalid('duplicateId', 'not_allowed', 'must be another contact');
      const locked = await tx.query(lockMany, [[id, duplicateId], actor.workspaceId]);
      const into = locked.find((contact) => contact.id === id);
      const from = locked.find((contact) => contact.id === duplicateId);
      if (into === undefined || from === undefined) throw notFound('contact');
      for (const follower of this.followers) follower.merge(tx, duplicateId, id);
      this.events.move(tx, actor.workspaceId, duplicateId, id);
      tx.write(deleteOne, [duplicateId]);
      into.submissionCount += from.submissionCount;
      const survivor = await this.change(tx, into, {
        email: into.email ?? from.email,
        phone: into.phone ?? from.phone,
        firstName: into.firstName ?? from.firstName,
        lastName: into.lastName ?? from.lastName,
        tags: distinct([...into.tags, ...from.tags]),
        customFields: { ...from.customFields, ...into.customFields },
      });
      await this.audit.record(tx, actor, 'contact.merged', id, { duplicate_id: duplicateId });
      return survivor;
    }, actor.guard);
  }

  /** Deletes the contact, and erases it from whatever is kept for delivery: one commit. */
  async remove(actor: Actor, id: string): Promise<CountedContact> {
    actor.requireRole('MEMBER');
    return await this.database.transaction(async (tx) => {
      const [contact] = isId(id, 'contact') ? await tx.query(lockMany, [[id], actor.workspaceId]) : [];
      if (contact === undefined) throw notFound('contact');
      // Before the erasure, which takes the lock that everybody's deliveries wait for. It says nothing of the person.
      await this.audit.record(tx, actor, 'contact.deleted', id);
      const named = await Promise.all(this.followers.map((follower) => follower.namesOf(tx, id)));
      await this.events.erase(tx, actor.workspaceId, [id, ...named.flat()]);
      tx.write(deleteOne, [id]);
      return contact;
    }, actor.guard);
  }

  private async change(tx: Tx, before: CountedContact, changes: Partial<CountedContact>): Promise<CountedContact> {
    const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
    const after = Object.assign(new Contact(), before, given);
    const names = changeable.filter((name) => !same[name](before, after));
    if (names.length === 0) return before;
    if (after.email === null && after.phone === null) {
      throw invalid('email', 'not_allowed', 'cannot be removed when there is no phone');
    }
    const issues = growthIssues(before, after);
    if (issues.length > 0) throw validationFailed(issues);
    const moment = await momentAfter(tx, before.id, before.updatedAt);
    after.updatedAt = moment.at;
    tx.write(updateOne, valuesOf(after), taken);
    const { id: subjectId, workspaceId } = after;
    const data = { contact: contactView(after), changes: names.map((name) => spell(name, 'snake_case')) };
    this.publisher.publish(tx, { workspaceId, type: 'contact.updated', moment, subjectId, data });
    return after;
  }

  /**
   * The contact that a completed submission speaks of, found by e-mail or phone, else made; null when it names neither.
   * Empty fields are filled, none is overwritten. Two submissions at the same instant make one contact.
   */
  async resolve(
    tx: Tx,
    workspaceId: string,
    fields: readonly AddressField[],
    data: Readonly<Record<string, unknown>>,
  ): Promise<ResolvedContact | null> {
    const address = contactAddress(fields, data);
    if (address.email === null && address.phone === null) return null;
    // Locks nothing, so it needs no transaction: what changes meanwhile is met by the unique indexes at the write.
    const matches = await this.database.query(selectMatches, [workspaceId, address.email, address.phone]);
    // E-mail wins if the two point at different people.
    const found = matches.find(({ email }) => email !== null && email === address.email) ?? matches[0];
    return found === undefined ? create(tx, workspaceId, address) : await fill(tx, found, address, matches);
  }
}

const changeable = ['email', 'phone', 'firstName', 'lastName', 'tags', 'customFields'] as const;

const sameText = (name: 'email' | 'phone' | 'firstName' | 'lastName') => (one: Contact, other: Contact) =>
  one[name] === other[name];
const same: Readonly<Record<(typeof changeable)[number], (one: Contact, other: Contact) => boolean>> = {
  email: sameText('email'),
  phone: sameText('phone'),
  firstName: sameText('firstName'),
  lastName: sameText('lastName'),
  tags: (one, other) => isSameSet(one.tags, other.tags),
  customFields: (one, other) => isSameJson(one.customFields, other.customFields),
};

const valuesOf = ({ id, email, phone, firstName, lastName, tags, customFields, updatedAt }: Contact) => [
  id,
  email,
  phone,
  firstName,
  lastName,
  tags,
  JSON.stringify(customFields),
  updatedAt,
];

const distinct = (tags: readonly string[]) => [...new Set(tags)];

const customFieldIssues = (after: unknown, before: object) =>
  keptJsonIssues(after, { path: 'customFields', bytesMax: keptBytesMax.object, before });

/** What became of a change, or of two contacts that are one: only growth beyond the bounds is refused. */
function growthIssues(before: Contact, after: Contact): Issue[] {
  const issues = customFieldIssues(after.customFields, before.customFields);
  if (after.tags.length <= Math.max(tagsMax, before.tags.length)) return issues;
  return [...issues, { path: 'tags', message: `must have at most ${tagsMax} entries`, code: 'too_long' }];
}

const taken = (error: unknown) =>
  isUniqueViolation(error)
    ? conflict('duplicate_contact', 'Another contact has this e-mail address or phone number.')
    : error;

function create(tx: Tx, workspaceId: string, address: ContactAddress): ResolvedContact {
  const moment = nextMoment();
  const contact = Object.assign(new Contact(), {
    ...address,
    id: newId('contact'),
    workspaceId,
    tags: [],
    customFields: {},
    createdAt: moment.at,
    updatedAt: moment.at,
  });
  const { id, email, phone, firstName, lastName } = contact;
  tx.write(insertOne, [id, workspaceId, email, phone, firstName, lastName, moment.at], meanwhile);
  const data = { contact: contactView({ ...contact, submissionCount: 1 }) };
  return { id, happenings: [{ workspaceId, type: 'contact.created', moment, subjectId: id, data }] };
}

async function fill(
  tx: Tx,
  found: Contact,
  address: ContactAddress,
  matches: readonly Contact[],
): Promise<ResolvedContact> {
  const unchanged = { id: found.id, happenings: [] };
  if (missing(found, address, matches).length === 0) return unchanged;
  const [contact] = await tx.query(lockOne, [found.id]);
  const changes = contact === undefined ? [] : missing(contact, address, matches);
  if (contact === undefined || changes.length === 0) return unchanged;
  const moment = await momentAfter(tx, contact.id, contact.updatedAt);
  for (const name of changes) contact[name] = address[name];
  contact.updatedAt = moment.at;
  contact.submissionCount += 1;
  const { id, workspaceId, email, phone, firstName, lastName } = contact;
  tx.write(fillOne, [id, email, phone, firstName, lastName, moment.at], meanwhile);
  const data = { contact: contactView(contact), changes: changes.map((name) => spelled[name]) };
  return { id, happenings: [{ workspaceId, type: 'contact.updated', moment, subjectId: id, data }] };
}

/** Another submission made or filled the contact: its commit was awaited, so the next try finds it. */
const meanwhile = (error: unknown) =>
  isUniqueViolation(error) ? new TryAgain('another contact took the address', { cause: error }) : error;

const spelled = { email: 'email', phone: 'phone', firstName: 'first_name', lastName: 'last_name' } as const;

/** The empty fields that the address fills; an e-mail or phone that another contact has stays with that one. */
function missing(contact: Contact, address: ContactAddress, matches: readonly Contact[]): (keyof ContactAddress)[] {
  const names = Object.keys(spelled) as (keyof ContactAddress)[];
  return names.filter((name) => {
    if (contact[name] !== null || address[name] === null) return false;
    return !matches.some(
      (other) => other.id !== contact.id && other[name] === address[name] && /email|phone/.test(name),
    );
  });
}

function listOf(actor: Actor, filter: ContactFilter): List {
  const where = new Conditions()
    .within('c.workspace_id = $?', actor.workspaceId)
    .and('c.email = $?', filter.email == null ? null : normalEmail(filter.email))
    .and('c.phone = $?', filter.phone == null ? null : (toE164(filter.phone) ?? filter.phone))
    .and('$? = any(c.tags)', filter.tag)
    .between('c.created_at', filter.createdAt);
  return { from: `${counted} from contacts c`, id: 'c.id', where };
}
