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

/** One request under a key, as far as it must be the same request to get the same answer. */
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
  /** Whether an earlier request made it. */
  replayed: boolean;
}

/** Makes the guard that a service's transaction commits with; `answerOf` is given what the transaction returns. */
export type Keep = (answerOf: (result: unknown) => string) => CommitGuard;

interface RecordRow {
  fingerprint: Buffer;
  /** Sealed; null once erased, or while it is being erased. */
  answer: string | null;
  createdAt: Date;
}

const selectOne = pipelined<RecordRow>(
  `select fingerprint, case when not ${namesErased('subjects')} then answer end as answer, created_at as "createdAt"
   from idempotency_records where id = $1`,
);
// Fails at once while another holds it, and the transaction with it: nobody waits for the answer.
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
 * The first answer to a request under an idempotency key, again to every later one, for 24 hours. Both doors use it.
 * The record commits in the transaction of what it protects, so that no crash parts them; answers are sealed, as some
 * hold a secret.
 */
export class Idempotency {
  constructor(
    private readonly database: Database,
    private readonly secrets: Secrets,
  ) {}

  /**
   * Answers from the record, or does the work and keeps its answer; what throws is not kept.
   * @throws idempotency_conflict while the first request still runs, and for another request under the same key
   */
  async once(request: IdempotentRequest, work: (keep: Keep) => Promise<string>): Promise<OnceAnswer> {
    const record = new KeptRecord(request, this.secrets);
    const kept = await this.find(record);
    if (kept !== null) return { text: kept, replayed: true };
    try {
      return { text: await work((answerOf) => record.guard(answerOf)), replayed: false };
    } catch (thrown) {
      // The same request may have committed meanwhile, and be what this one failed of.
      const text = await this.find(record);
      if (text !== null) return { text, replayed: true };
      throw thrown instanceof Overtaken ? stillRunning() : thrown;
    }
  }

  /** Blanks answers that speak of these ids; a retry of their requests is then a conflict. Returns how many it blanked. */
  async erase(tx: Tx, workspaceId: string, ids: readonly string[], limit: number | null = null): Promise<number> {
    return (await tx.query(eraseMany, [workspaceId, ids, limit])).length;
  }

  /** Deletes what is expired, in small batches. */
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

  /** Its answer; null when it is expired, and about to be purged. */
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

/** The ids that an answer names, and the people behind it, by which it can be found for erasure. */
const subjectsOf = (text: string, people: Iterable<string>): string[] => [
  ...new Set([...(text.match(/\bc[a-z0-9]{24}\b/g) ?? []), ...people]),
];

/** 1–255 printable characters; the quotes that the IETF draft puts around them are not part of it. */
export function readIdempotencyKey(header: string): string | null {
  const key = /^"(.*)"$/.exec(header)?.[1] ?? header;
  return /^[\x20-\x7e]{1,255}$/.test(key) ? key : null;
}
