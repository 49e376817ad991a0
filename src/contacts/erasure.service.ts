/**
 * One file because the commit that begins an erasure and the jobs that go on with it take the same steps over the same rows,
 * and have to agree on what is left.
 */
import type { ErasedBatch, EventErasureService } from '../events/event-erasure.service.js';
import type { Actor } from '../platform/actor.js';
import { dayMs, now, nowMs } from '../platform/clock.js';
import type { Database, Tx } from '../platform/postgres/database.js';
import { byIds, pipelined, prepared } from '../platform/postgres/statement.js';
import { notFound } from '../platform/errors.js';
import { idFloor, isId, newId } from '../platform/id.js';
import type { Jobs, Queue } from '../platform/postgres/jobs.js';
import { errorFields, type Log } from '../platform/log.js';
import type { Secrets } from '../platform/secrets.js';
import { spell } from '../platform/validate.js';
import { nobody } from './contact.entity.js';
import type { Erasure, ErasureCounts } from './erasure.entity.js';
import { sealNote, type ErasureNote, type SealedNote } from './erasure-note.js';

export const erasureQueue: Queue = { name: 'contact-erasure' };
/** Goes on with erasures whose own job was lost with its process. */
export const erasureCron = '*/5 * * * *';

/** So many rows of each kind are erased in the commit that deletes the contact; jobs erase the others. */
const atOnceMax = 10_000;
/** So many rows of each kind a job erases in one transaction, which then takes a fraction of a second. */
const batchRows = 1_000;
/** A job ends after so long and the next one goes on, so that a process can stop between them. */
const jobMsMax = 10_000;
const keptDays = 90;
/** Longer than idempotency keeps any answer. */
const answersKeptMs = 2 * dayMs;

/** A person who is to be erased, as the rooms know the person that keep something. */
export interface ErasedPerson {
  workspaceId: string;
  contactId: string;
  /** Names of the person: ids of the contact and of duplicates that were merged into it, and digests of addresses. */
  subjectIds: readonly string[];
  /** Whether submissions, with their messages, and records are deleted, too. */
  withSubmissions: boolean;
  /** A submission that is linked to no contact is the person's by its addresses, if its id is smaller than this. */
  before: string;
}

export interface Erased {
  counts: Partial<ErasureCounts>;
  /** Ids of what was deleted or unlinked: kept answers may name these objects instead of the person. */
  objectIds?: readonly string[];
  /** Whether the room keeps nothing more of the person. */
  isAll: boolean;
}

/** Erases what one room keeps of a person, about `limit` rows at most. */
export type Eraser = (tx: Tx, person: ErasedPerson, limit: number) => Promise<Erased>;
/** Erases answers to requests that speak of the person, or of objects that were the person's. */
export type AnswerEraser = (
  tx: Tx,
  person: ErasedPerson,
  limit: number,
  objectIds: readonly string[],
) => Promise<Erased>;

export const erasureColumns = `x.id, x.status, x.created_at as "createdAt", x.finished_at as "finishedAt", json_build_object(
    'events', x.events, 'attempts', x.attempts, 'submissions', x.submissions, 'messages', x.messages,
    'records', x.records, 'idempotencyRecords', x.idempotency_records
  ) as "counts"`;
const selectMany = pipelined<Erasure>(`select ${erasureColumns} from erasures x where ${byIds('x')}`);
const insertOne = prepared(`
  insert into erasures (id, workspace_id, contact_id, with_submissions, status, created_at, stepped_at)
  values ($1, $2, $3, $4, 'RUNNING', $5, $6)
`);
const setNote = prepared('update erasures set sealed_note = $2 where id = $1');
const count = prepared<Erasure>(`
  update erasures x set events = events + $2, attempts = attempts + $3, submissions = submissions + $4,
    messages = messages + $5, records = records + $6, idempotency_records = idempotency_records + $7,
    stepped_at = $8::timestamptz, status = $9::text,
    finished_at = case when $9::text = 'DONE' then $8::timestamptz end
  where x.id = $1 returning ${erasureColumns}
`);
const emptied = Object.entries(nobody).map(
  ([name, value]) => `${spell(name, 'snake_case')} = ${value === null ? 'null' : "'{}'"}`,
);
const hideContact = prepared(`update contacts set ${emptied.join(', ')}, erased_at = $2 where id = $1`);
const forgetAddresses = prepared('delete from contact_addresses where contact_id = $1');
const deleteContact = prepared('delete from contacts where id = $1');
// Waits for transactions that have linked something to the contact; later ones find it gone.
const lockContact = prepared('select from contacts where id = $1 for update');
const selectRunning = prepared<{ id: string }>("select id from erasures where status = 'RUNNING' order by stepped_at");
const lockRunning = prepared<Running>(`
  select id, workspace_id as "workspaceId", contact_id as "contactId", with_submissions as "withSubmissions",
    created_at as "createdAt"
  from erasures where id = $1 and status = 'RUNNING' for update skip locked
`);
const deleteOld = prepared("delete from erasures where status = 'DONE' and finished_at < $1");

interface Running {
  id: string;
  workspaceId: string;
  contactId: string;
  withSubmissions: boolean;
  createdAt: Date;
}

/** An erasure that a transaction has begun; `conclude` has to be the last thing that the transaction does. */
export interface BegunErasure {
  erasure: Erasure;
  batch: ErasedBatch;
  /** For a list outside of the database. */
  note: SealedNote;
}

/** An erasure that was made before, and is made again in a database that was restored. */
export type EarlierErasure = Pick<ErasureNote, 'id' | 'createdAt'>;

/**
 * Erases people. The commit that begins an erasure erases what one commit can bear and hides the rest from everybody;
 * jobs then overwrite the rest in small transactions. The rows themselves say what is done, so a crash loses the work of
 * one small transaction at most.
 */
export class ErasureService {
  private readonly erasers: Eraser[] = [];
  private answerEraser: AnswerEraser | null = null;

  constructor(
    private readonly database: Database,
    private readonly eventErasure: EventErasureService,
    private readonly jobs: Jobs,
    private readonly secrets: Secrets,
    private readonly log: Log,
  ) {}

  /** Adds a room's eraser. Erasers run in the order in which they were added, before the events are erased. */
  over(eraser: Eraser): void {
    this.erasers.push(eraser);
  }

  onAnswers(eraser: AnswerEraser): void {
    this.answerEraser = eraser;
  }

  async get(actor: Actor, id: string): Promise<Erasure> {
    actor.requireRole('MEMBER');
    const [erasure] = isId(id, 'erasure') ? await this.getMany(actor, [id]) : [];
    if (erasure === undefined) throw notFound('erasure');
    return erasure;
  }

  async getMany(actor: Actor, ids: readonly string[]): Promise<Erasure[]> {
    actor.requireRole('MEMBER');
    return await this.database.query(selectMany, [ids, actor.workspaceId]);
  }

  /** Begins to erase a contact that the transaction has locked, if there is still one. */
  async begin(
    tx: Tx,
    contact: { id: string; workspaceId: string },
    addresses: readonly string[],
    withSubmissions: boolean,
    earlier: EarlierErasure | null = null,
  ): Promise<BegunErasure> {
    const { id: contactId, workspaceId } = contact;
    const at = now();
    const { id, createdAt } = earlier ?? { id: newId('erasure'), createdAt: at };
    // What came later than an earlier erasure was never part of it.
    const before = earlier === null ? '~' : idFloor(createdAt);
    tx.write(insertOne, [id, workspaceId, contactId, withSubmissions, createdAt, at]);
    const subjectIds = await this.eventErasure.mark(tx, id, { contactId, addresses }, withSubmissions, before);
    const [ids, digests] = [subjectIds.filter((name) => !isDigest(name)), subjectIds.filter(isDigest)];
    const contactIds = [contactId, ...ids.filter((name) => name !== contactId)] as const;
    const note = sealNote(this.secrets, {
      id,
      workspaceId,
      createdAt,
      contactIds,
      addresses: digests,
      withSubmissions,
    });
    tx.write(setNote, [id, note.sealed]);
    tx.write(hideContact, [contactId, at]);
    tx.write(forgetAddresses, [contactId]);
    const person = { workspaceId, contactId, subjectIds, withSubmissions, before };
    const begun = await this.advance(tx, id, person, atOnceMax + 1, true);
    if (begun.erasure.status === 'RUNNING') await this.ask(tx);
    return { ...begun, note };
  }

  async conclude(tx: Tx, { batch }: BegunErasure): Promise<void> {
    await batch.conclude(tx);
  }

  /** Goes on with every erasure that runs, to its end or until the job has run for long enough. */
  async goOn(): Promise<void> {
    const until = performance.now() + jobMsMax;
    for (;;) {
      const running = await this.database.query(selectRunning);
      let isStill = true;
      let failed: unknown = null;
      for (const { id } of running) {
        if (performance.now() > until) return await this.database.transaction(async (tx) => await this.ask(tx));
        try {
          if (await this.database.transaction(async (tx) => await this.step(tx, id))) isStill = false;
        } catch (error) {
          failed = error;
          this.log.warn(
            { erasure: id, error: errorFields(error) },
            'an erasure was interrupted and will be tried again',
          );
        }
      }
      if (failed !== null) throw failed;
      // No erasure runs, or another process is at work on each that does.
      if (isStill) return;
    }
  }

  /** Asks for a job where an erasure runs that another process may have left. */
  async wake(): Promise<void> {
    if ((await this.database.query(selectRunning)).length === 0) return;
    await this.database.transaction(async (tx) => await this.ask(tx));
  }

  async forgetOld(at = nowMs()): Promise<void> {
    await this.database.query(deleteOld, [new Date(at - keptDays * dayMs)]);
  }

  private async ask(tx: Tx): Promise<void> {
    await this.jobs.enqueue(tx, erasureQueue.name, [{ data: {} }]);
  }

  private async step(tx: Tx, id: string): Promise<boolean> {
    const [running] = await tx.query(lockRunning, [id]);
    if (running === undefined) return false;
    const { createdAt, ...person } = running;
    tx.write(lockContact, [person.contactId]);
    const subjectIds = await this.eventErasure.marked(tx, id);
    await this.advance(tx, id, { ...person, subjectIds, before: idFloor(createdAt) }, batchRows, false);
    return true;
  }

  /**
   * Rooms come first, events last: a change holds its object's row until its commit, so once a room has passed that row,
   * the events of the change are there to be found.
   */
  private async advance(
    tx: Tx,
    id: string,
    person: ErasedPerson,
    limit: number,
    isFirst: boolean,
  ): Promise<Omit<BegunErasure, 'note'>> {
    const erased: Erased[] = [];
    for (const eraser of this.erasers) erased.push(await eraser(tx, person, limit));
    const batch = await this.eventErasure.erase(tx, id, person.workspaceId, limit, isFirst);
    erased.push({ counts: { events: batch.blanked.length, attempts: batch.attempts }, isAll: batch.isAll });
    const objectIds = [...erased.flatMap(({ objectIds = [] }) => objectIds), ...changedLately(batch)];
    if (this.answerEraser !== null) erased.push(await this.answerEraser(tx, person, limit, objectIds));
    const isAll = erased.every((one) => one.isAll);
    if (isAll) {
      this.eventErasure.unmark(tx, id, person.contactId);
      tx.write(deleteContact, [person.contactId]);
    }
    const told = kinds.map((kind) => erased.reduce((sum, { counts }) => sum + (counts[kind] ?? 0), 0));
    const [erasure] = await tx.query(count, [id, ...told, now(), isAll ? 'DONE' : 'RUNNING']);
    if (erasure === undefined) throw notFound('erasure');
    return { erasure, batch };
  }
}

const isDigest = (subjectId: string) => subjectId.startsWith('@');
const kinds = ['events', 'attempts', 'submissions', 'messages', 'records', 'idempotencyRecords'] as const;

/** Objects of the blanked events that are recent enough for an answer about them to be kept still. */
const changedLately = ({ blanked }: ErasedBatch): Set<string> => {
  const since = `evt_${idFloor(new Date(nowMs() - answersKeptMs))}`;
  return new Set(blanked.filter(({ id }) => id >= since).map(({ subjectId }) => subjectId));
};
