import type { ErasedBatch, EventErasureService } from '../events/event-erasure.service.js';
import type { Actor } from '../platform/actor.js';
import { dayMs, now, nowMs } from '../platform/clock.js';
import type { Database, Tx } from '../platform/postgres/database.js';
import { pipelined, prepared } from '../platform/postgres/statement.js';
import { notFound } from '../platform/errors.js';
import { idFloor, isId, newId } from '../platform/id.js';
import type { Jobs, Queue } from '../platform/postgres/jobs.js';
import { errorFields, type Log } from '../platform/log.js';
import type { Erasure, ErasureCounts } from './erasure.entity.js';

export const erasureQueue: Queue = { name: 'contact-erasure' };
/** Should the job that an erasure asked for be lost with the process that had it. */
export const erasureCron = '*/5 * * * *';

/** Of each kind, in the commit that deletes the contact; one more shows that there is more. */
const atOnceMax = 10_000;
/** And afterwards, in one transaction: a fraction of a second. */
const batchRows = 1_000;
/** A job ends after that and the next goes on, so that a process that stops waits for none. */
const jobMsMax = 10_000;
const keptDays = 90;
/** Longer than any answer is kept for a retry. */
const answersKeptMs = 2 * dayMs;

/** A person as those know them who keep something of theirs. */
export interface ErasedPerson {
  workspaceId: string;
  contactId: string;
  /** By which things speak of the person: the contact, duplicates that were merged into it, digests of addresses. */
  subjectIds: readonly string[];
  /** Whether submissions, their messages and records go too. */
  withSubmissions: boolean;
  /** What no contact was linked to is the person's by its addresses, if it is older than this id. */
  before: string;
}

export interface Erased {
  counts: Partial<ErasureCounts>;
  /** Of what was deleted or unlinked: answers to requests may speak of these instead of the person. */
  objectIds?: readonly string[];
  /** Whether none is left. */
  isAll: boolean;
}

/** Erases what its room keeps of a person, at most about `limit` rows. */
export type Eraser = (tx: Tx, person: ErasedPerson, limit: number) => Promise<Erased>;
/** And of answers to requests that speak of the person, or of these objects, which were theirs. */
export type AnswerEraser = (
  tx: Tx,
  person: ErasedPerson,
  limit: number,
  objectIds: readonly string[],
) => Promise<Erased>;

const columns = `x.id, x.status, x.created_at as "createdAt", x.finished_at as "finishedAt", json_build_object(
    'events', x.events, 'attempts', x.attempts, 'submissions', x.submissions, 'messages', x.messages,
    'records', x.records, 'idempotencyRecords', x.idempotency_records
  ) as "counts"`;
const selectMany = pipelined<Erasure>(`select ${columns} from erasures x where x.id = any($1) and x.workspace_id = $2`);
const insertOne = prepared(`
  insert into erasures (id, workspace_id, contact_id, with_submissions, status, created_at, stepped_at)
  values ($1, $2, $3, $4, 'RUNNING', $5, $5)
`);
const count = prepared<Erasure>(`
  update erasures x set events = events + $2, attempts = attempts + $3, submissions = submissions + $4,
    messages = messages + $5, records = records + $6, idempotency_records = idempotency_records + $7,
    stepped_at = $8::timestamptz, status = $9::text,
    finished_at = case when $9::text = 'DONE' then $8::timestamptz end
  where x.id = $1 returning ${columns}
`);
const hideContact = prepared(`
  update contacts set email = null, phone = null, first_name = null, last_name = null, tags = '{}', custom_fields = '{}',
    erased_at = $2
  where id = $1
`);
const forgetAddresses = prepared('delete from contact_addresses where contact_id = $1');
const deleteContact = prepared('delete from contacts where id = $1');
// Whoever was about to link something to it has done so, or finds that it is gone.
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

/** An erasure that the transaction has begun, and what it has still to do last. */
export interface BegunErasure {
  erasure: Erasure;
  batch: ErasedBatch;
}

/**
 * Erases people: at once as much as one commit may bear; of the rest nothing is seen from then on, and jobs overwrite it
 * in small transactions. What is done is told by the rows, so that a crash costs the last of those at most.
 */
export class ErasureService {
  private readonly erasers: Eraser[] = [];
  private answerEraser: AnswerEraser | null = null;

  constructor(
    private readonly database: Database,
    private readonly eventErasure: EventErasureService,
    private readonly jobs: Jobs,
    private readonly log: Log,
  ) {}

  /** Called in the order in which they came, before the events are erased. */
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

  /** For who has locked the contact. `conclude` is to be the last thing of the transaction. */
  async begin(
    tx: Tx,
    contact: { id: string; workspaceId: string },
    addresses: readonly string[],
    withSubmissions: boolean,
  ): Promise<BegunErasure> {
    const { id: contactId, workspaceId } = contact;
    const [id, at] = [newId('erasure'), now()];
    tx.write(insertOne, [id, workspaceId, contactId, withSubmissions, at]);
    const subjectIds = await this.eventErasure.mark(tx, id, { contactId, addresses }, withSubmissions);
    tx.write(hideContact, [contactId, at]);
    tx.write(forgetAddresses, [contactId]);
    const person = { workspaceId, contactId, subjectIds, withSubmissions, before: '~' };
    const begun = await this.advance(tx, id, person, atOnceMax + 1);
    if (begun.erasure.status === 'RUNNING') await this.ask(tx);
    return begun;
  }

  async conclude(tx: Tx, { batch }: BegunErasure): Promise<void> {
    await this.eventErasure.conclude(tx, batch);
  }

  /** Takes every erasure that runs to its end, or as far as a job may go. */
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
      // None is left, or another process has them in hand.
      if (isStill) return;
    }
  }

  /** Starts what another process may have left undone. */
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
    await this.advance(tx, id, { ...person, subjectIds, before: idFloor(createdAt) }, batchRows);
    return true;
  }

  /**
   * First what events are published of: who changes it holds its row until the commit, so that everything is found which
   * came of the change.
   */
  private async advance(tx: Tx, id: string, person: ErasedPerson, limit: number): Promise<BegunErasure> {
    const erased: Erased[] = [];
    for (const eraser of this.erasers) erased.push(await eraser(tx, person, limit));
    const batch = await this.eventErasure.erase(tx, id, person.workspaceId, limit);
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

const kinds = ['events', 'attempts', 'submissions', 'messages', 'records', 'idempotencyRecords'] as const;

/** What the events happened to, as far as answers about it may still be kept. */
const changedLately = ({ blanked }: ErasedBatch): Set<string> => {
  const since = `evt_${idFloor(new Date(nowMs() - answersKeptMs))}`;
  return new Set(blanked.filter(({ id }) => id >= since).map(({ subjectId }) => subjectId));
};
