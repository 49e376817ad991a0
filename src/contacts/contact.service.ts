import type { Actor } from '../platform/actor.js';
import { columnsOf, isUniqueViolation, prepared, TryAgain, type Database, type Tx } from '../platform/database.js';
import { notFound } from '../platform/errors.js';
import { isId, newId, nextMoment } from '../platform/id.js';
import { Conditions, countRows, readPage, type List, type Page, type PageRequest } from '../platform/page.js';
import type { Happening } from '../events/publish.js';
import { contactAddress, type AddressField, type ContactAddress } from './contact-address.js';
import { Contact } from './contact.entity.js';
import { contactView } from './contact.view.js';

/** How many submissions a contact has is counted when it is asked for, never kept. */
export type CountedContact = Contact & { submissionCount: number };

export interface ContactFilter {
  email?: string | null;
  phone?: string | null;
  tag?: string | null;
  createdAt?: { gte?: Date | null; lt?: Date | null } | null;
}

const columns = columnsOf(Contact, 'c');
const counted = `${columns}, (select count(*)::int from submissions s where s.contact_id = c.id) as "submissionCount"`;

const selectOne = prepared<CountedContact>(`select ${counted} from contacts c where c.id = $1 and c.workspace_id = $2`);
const selectMany = prepared<CountedContact>(
  `select ${counted} from contacts c where c.id = any($1) and c.workspace_id = $2`,
);
const selectMatches = prepared<Contact>(
  `select ${columns} from contacts c where c.workspace_id = $1 and (c.email = $2 or c.phone = $3) order by c.id`,
);
const lockOne = prepared<Contact>(`select ${columns} from contacts c where c.id = $1 for no key update`);
const insertOne = prepared<{ id: string }>(`
  insert into contacts (id, workspace_id, email, phone, first_name, last_name, created_at, updated_at)
  values ($1, $2, $3, $4, $5, $6, $7, $7) on conflict do nothing returning id
`);
const fillOne = prepared(
  'update contacts set email = $2, phone = $3, first_name = $4, last_name = $5, updated_at = $6 where id = $1',
);

/** A contact linked to something new, and what others are to hear of it once the link is made. */
export interface ResolvedContact {
  id: string;
  happening: (() => Promise<Happening>) | null;
}

export class ContactService {
  constructor(private readonly database: Database) {}

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
    for (;;) {
      const matches = await tx.query(selectMatches, [workspaceId, address.email, address.phone]);
      // E-mail wins if the two point at different people.
      const found = matches.find(({ email }) => email !== null && email === address.email) ?? matches[0];
      if (found !== undefined) return await this.fill(tx, found, address, matches);
      const created = await this.create(tx, workspaceId, address);
      if (created !== null) return created;
      // Another submission made it meanwhile: its commit was awaited, so now it is found.
    }
  }

  private async create(tx: Tx, workspaceId: string, address: ContactAddress): Promise<ResolvedContact | null> {
    const moment = nextMoment();
    const id = newId('contact');
    const values = [id, workspaceId, address.email, address.phone, address.firstName, address.lastName, moment.at];
    if ((await tx.query(insertOne, values)).length === 0) return null;
    return {
      id,
      happening: async () => ({ ...(await subject(tx, workspaceId, id)), type: 'contact.created', moment }),
    };
  }

  private async fill(tx: Tx, found: Contact, address: ContactAddress, matches: Contact[]): Promise<ResolvedContact> {
    const unchanged = { id: found.id, happening: null };
    if (missing(found, address, matches).length === 0) return unchanged;
    const [contact] = await tx.query(lockOne, [found.id]);
    const changes = contact === undefined ? [] : missing(contact, address, matches);
    if (contact === undefined || changes.length === 0) return unchanged;
    const moment = nextMoment(contact.updatedAt);
    const filled = { ...contact, ...Object.fromEntries(changes.map((name) => [name, address[name]])) };
    await tx
      .query(fillOne, [contact.id, filled.email, filled.phone, filled.firstName, filled.lastName, moment.at])
      .catch(elsewhere);
    return {
      id: contact.id,
      happening: async () => {
        const { workspaceId, subjectId, data } = await subject(tx, contact.workspaceId, contact.id);
        const names = changes.map((name) => spelled[name]);
        return { workspaceId, subjectId, type: 'contact.updated', moment, data: { ...data, changes: names } };
      },
    };
  }
}

function elsewhere(error: unknown): never {
  if (isUniqueViolation(error)) throw new TryAgain('another contact took the address meanwhile', { cause: error });
  throw error;
}

const spelled = { email: 'email', phone: 'phone', firstName: 'first_name', lastName: 'last_name' } as const;

/** The empty fields that the address fills; an e-mail or phone that another contact has stays with that one. */
function missing(contact: Contact, address: ContactAddress, matches: Contact[]): (keyof ContactAddress)[] {
  const names = Object.keys(spelled) as (keyof ContactAddress)[];
  return names.filter((name) => {
    if (contact[name] !== null || address[name] === null) return false;
    return !matches.some(
      (other) => other.id !== contact.id && other[name] === address[name] && /email|phone/.test(name),
    );
  });
}

async function subject(tx: Tx, workspaceId: string, id: string) {
  const [contact] = await tx.query(selectOne, [id, workspaceId]);
  if (contact === undefined) throw new Error(`contact ${id} is gone within its own transaction`);
  return { workspaceId, subjectId: id, data: { contact: contactView(contact) } };
}

function listOf(actor: Actor, filter: ContactFilter): List {
  const where = new Conditions()
    .and('c.workspace_id = $?', actor.workspaceId)
    .and('c.email = $?', filter.email?.trim().toLowerCase())
    .and('c.phone = $?', filter.phone)
    .and('$? = any(c.tags)', filter.tag)
    .between('c.created_at', filter.createdAt);
  return { from: `${counted} from contacts c`, id: 'c.id', where };
}
