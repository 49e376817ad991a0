import { hash } from 'node:crypto';
import { namesErased } from '../events/event-erasure.service.js';
import type { Actor } from '../platform/actor.js';
import { dayMs, nowMs } from '../platform/clock.js';
import {
  isDivisionByZero,
  isUniqueViolation,
  type CommitGuard,
  type Database,
  type Tx,
} from '../platform/postgres/database.js';
import { pipelined, prepared } from '../platform/postgres/statement.js';
import { idempotencyConflict } from '../platform/errors.js';
import type { Queue } from '../platform/postgres/jobs.js';
import type { Secrets } from '../platform/secrets.js';
import type { StoredRows } from '../platform/postgres/stored-rows.js';

export const keptForMs = dayMs;
const purgeBatchRows = 1_000;

export const idempotencyQueue: Queue = { name: 'idempotency-purge' };
export const idempotencyCron = '53 * * * *';

/** What has to be the same of two requests under one key, so that the second gets the first one's answer. */
export interface IdempotentRequest {
  actor: Actor;
  key: string;
  method: string;
  /** Without the query. */
  path: string;
  body: Buffer;
}

export interface OnceAnswer {
  text: string;
  /** Whether an earlier request made the answer. */
  replayed: boolean;
}

/** Makes the guard of a service's transaction; `answerOf` turns what the transaction returns into the answer to keep. */
export type Keep = (answerOf: (result: unknown) => string) => CommitGuard;

interface RecordRow {
  fingerprint: Buffer;
  /** The sealed answer; null once it was erased, and while it is being erased. */
  answer: string | null;
  createdAt: Date;
}

const selectOne = pipelined<RecordRow>(
  `select fingerprint, case when not ${namesErased('subjects')} then answer end as answer, created_at as "createdAt"
   from idempotency_records where id = $1`,
);
// Fails, by a division by zero, while another transaction holds the lock: so the taking needs no answer of its own.
const takeLock = prepared('select 1 / pg_try_advisory_xact_lock($1)::int');
const insertOne = prepared(`
  insert into idempotency_records (id, workspace_id, fingerprint, answer, subjects, created_at)
  values ($1, $2, $3, $4, $5, $6)
`);
const deleteOne = prepared('delete from idempotency_records where id = $1 and created_at <= $2');
export const eraseMany = prepared<{ id: Buffer }>(`
  update idempotency_records set answer = null, subjects = '{}' where id in (
    select id from idempotency_records where workspace_id = $1 and subjects && $2 and answer is not null limit $3
  ) returning id
`);
const deleteExpired = prepared<{ id: Buffer }>(`
  delete from idempotency_records
  where id in (select id from idempotency_records where created_at <= $1 limit $2) returning id
`);

export const storedAnswers: StoredRows = {
  table: 'idempotency_records',
  bytes: '150 + coalesce(pg_column_size(t.answer), 0) + pg_column_size(t.subjects)',
  owner: 'workspace_id',
};

/**
 * Answers every later request under an idempotency key, for 24 hours, as the first one was answered. The record commits
 * in the transaction of the change that it protects, so that no crash can part them; answers are sealed, as some hold a
 * secret.
 */
export class Idempotency {
  /**
   * The keys whose first request runs in this process. A request that sends something out, such as a test event, writes
   * nothing until that was answered, so no lock in the database would keep a second one from sending it, too.
   */
  private readonly running = new Set<string>();

  constructor(
    private readonly database: Database,
    private readonly secrets: Secrets,
  ) {}

  /**
   * Answers from the record, or does the work and keeps its answer; work that throws leaves no record.
   * @throws idempotency_conflict while the first request still runs, and for another request under the same key
   */
  async once(request: IdempotentRequest, work: (keep: Keep) => Promise<string>): Promise<OnceAnswer> {
    const record = new KeptRecord(request, this.secrets);
    const name = record.id.toString('base64');
    // Looked at before, too: the first request may begin to run, and be done, while its record is looked for.
    if (this.running.has(name)) throw stillRunning();
    const kept = await this.find(record);
    if (kept !== null) return { text: kept, replayed: true };
    if (this.running.has(name)) throw stillRunning();
    this.running.add(name);
    try {
      return { text: await work((answerOf) => record.guard(answerOf)), replayed: false };
    } catch (thrown) {
      // The same request may have committed meanwhile, in another process, which is why this one failed.
      const text = await this.find(record);
      if (text !== null) return { text, replayed: true };
      throw thrown instanceof Overtaken ? stillRunning() : thrown;
    } finally {
      this.running.delete(name);
    }
  }

  /** Blanks answers that name these ids; a retry of their requests is a conflict then. @returns how many it blanked */
  async erase(tx: Tx, workspaceId: string, ids: readonly string[], limit: number | null = null): Promise<number> {
    return (await tx.query(eraseMany, [workspaceId, ids, limit])).length;
  }

  /** Deletes records older than 24 hours, in small batches. */
  async purge(now = nowMs()): Promise<void> {
    let deleted: object[];
    do deleted = await this.database.query(deleteExpired, [new Date(now - keptForMs), purgeBatchRows]);
    while (deleted.length === purgeBatchRows);
  }

  private async find(record: KeptRecord): Promise<string | null> {
    const [row] = await this.database.query(selectOne, [record.id]);
    return row === undefined ? null : record.open(row);
  }
}

/** Another request under the same key committed while this one ran; this one was rolled back. */
export class Overtaken extends Error {}

class KeptRecord {
  readonly id: Buffer;
  private readonly fingerprint: Buffer;
  private readonly context: string;
  private isExpired = false;

  constructor(
    private readonly request: IdempotentRequest,
    private readonly secrets: Secrets,
  ) {
    const { actor, key, method, path, body } = request;
    this.id = digest(`${actor.kind}:${actor.id}\n${key}`);
    this.fingerprint = digest(`${method}\n${path}\n${hash('sha256', body)}`);
    this.context = `idempotency_record:${this.id.toString('base64url')}`;
  }

  /** The answer of a record; null when the record has expired and is about to be purged. */
  open({ fingerprint, answer, createdAt }: RecordRow): string | null {
    this.isExpired = createdAt.getTime() <= nowMs() - keptForMs;
    if (this.isExpired) return null;
    if (!fingerprint.equals(this.fingerprint)) {
      throw idempotencyConflict('This Idempotency-Key was used for another request.');
    }
    if (answer === null) throw idempotencyConflict('The first answer under this Idempotency-Key was erased.');
    return this.secrets.open(answer, this.context);
  }

  guard(answerOf: (result: unknown) => string): CommitGuard {
    return {
      begin: async (tx) => {
        tx.write(takeLock, [this.id.readBigInt64BE()], (error) => (isDivisionByZero(error) ? stillRunning() : error));
        if (this.isExpired) tx.write(deleteOne, [this.id, new Date(nowMs() - keptForMs)]);
      },
      conclude: async (tx, result) => {
        const text = answerOf(result);
        const { workspaceId } = this.request.actor;
        const sealed = this.secrets.seal(text, this.context);
        const subjects = tx.speaksOfNobody ? [] : subjectsOf(text, tx.subjects);
        const values = [this.id, workspaceId, this.fingerprint, sealed, subjects, new Date(nowMs())];
        tx.write(insertOne, values, (error) => (isUniqueViolation(error) ? new Overtaken() : error));
      },
    };
  }
}

const digest = (text: string): Buffer => hash('sha256', text, 'buffer');

const stillRunning = () =>
  idempotencyConflict('The first request under this Idempotency-Key still runs.', { 'Retry-After': '1' });

/** The ids that an answer names and the people that its transaction spoke of: by these, erasure finds the answer. */
const subjectsOf = (text: string, people: Iterable<string>): string[] => [
  ...new Set([...(text.match(/\bc[a-z0-9]{24}\b/g) ?? []), ...people]),
];

/** 1–255 printable characters; the quotes that the IETF draft puts around them are not part of it. */
export function readIdempotencyKey(header: string): string | null {
  const key = /^"(.*)"$/.exec(header)?.[1] ?? header;
  return /^[\x20-\x7e]{1,255}$/.test(key) ? key : null;
}
