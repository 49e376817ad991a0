import { hash } from 'node:crypto';
import type { Writable } from 'node:stream';
import type { ClientBase, Pool } from 'pg';
import { getMetadataArgsStorage, type DataSource, type EntityManager, type QueryRunner } from 'typeorm';
import { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { runPrepared } from './run-prepared.js';
import { LastingConnection, SharedConnections } from './shared-connections.js';

/** A statement that PostgreSQL plans once a connection. TypeORM prepares nothing; hot paths say so here. */
export interface Statement<Row> {
  readonly name: string;
  readonly text: string;
  /** Whether it is over in a moment, and may share a connection with others. */
  readonly isBrief: boolean;
  /** Only a type: what a row of the answer looks like. */
  readonly row?: Row;
}

const names = new Map<string, string>();

/** Texts are few: those of the code, and those that the forms of a filter come to. */
function nameOf(text: string): string {
  const name = names.get(text) ?? hash('sha256', text, 'base64url').slice(0, 20);
  names.set(text, name);
  return name;
}

export function prepared<Row extends object = object>(text: string): Statement<Row> {
  return { name: nameOf(text), text, isBrief: false };
}

/** A read of a few rows by their key, or of one page of an index; nothing that locks or writes. */
export function brief<Row extends object = object>(text: string): Statement<Row> {
  return { name: nameOf(text), text, isBrief: true };
}

/**
 * The select list of an entity, `b."created_at" as "createdAt", …`: a prepared statement answers with the same
 * properties as TypeORM, and a column is named in one place.
 */
export function columnsOf(entity: new () => object, alias: string, only?: readonly string[]): string {
  const columns = getMetadataArgsStorage().filterColumns(entity);
  return columns
    .filter((column) => only === undefined || only.includes(column.propertyName))
    .map((column) => `${alias}."${column.options.name ?? column.propertyName}" as "${column.propertyName}"`)
    .join(', ');
}

/** One transaction: TypeORM's manager and prepared statements on the same connection. */
export class Tx {
  private readonly committed: (() => void)[] = [];
  private readonly sent: Promise<unknown>[] = [];
  private begun = false;
  private runner: QueryRunner | null = null;

  constructor(
    private readonly source: DataSource,
    private readonly client: ClientBase,
  ) {}

  /** Made for those that ask for it: most transactions have no use for TypeORM. */
  get manager(): EntityManager {
    this.begin();
    const known = { databaseConnection: this.client, isTransactionActive: true };
    this.runner ??= Object.assign(this.source.createQueryRunner(), known);
    return this.runner.manager;
  }

  async query<Row extends object>({ name, text }: Statement<Row>, values: unknown[] = []): Promise<Row[]> {
    this.begin();
    return (await runPrepared<Row>(this.client, { name, text, values })).rows;
  }

  /**
   * Sends a statement and does not wait: what goes wrong with it is thrown at the commit, which it prevents. Writes in
   * a row reach the server together, so that the locks they take are held for no round trip of ours.
   * `explain` may turn PostgreSQL's error into one for the caller.
   */
  write(statement: Statement<object>, values: unknown[] = [], explain?: (error: unknown) => unknown): void {
    this.begin();
    this.send(statement, values, explain);
  }

  /** Called once the commit is certain; a rolled back transaction never calls it. */
  afterCommit(listener: () => void): void {
    this.committed.push(listener);
  }

  /** @throws the first error of a statement that was not waited for; then nothing was committed */
  async commit(): Promise<void> {
    if (this.begun) {
      this.gather();
      const commit = this.client.query('commit');
      const [ended, ...writes] = await Promise.allSettled([commit, ...this.sent]);
      const failed = writes.find(({ status }) => status === 'rejected') ?? ended;
      if (failed.status === 'rejected') throw failed.reason;
      if ((await commit).command !== 'COMMIT') throw new Error('PostgreSQL rolled the transaction back');
    }
    for (const listener of this.committed) listener();
  }

  /** What went wrong first: a statement that was waited for may only have met what an earlier one left behind. */
  async rollback(met: unknown): Promise<unknown> {
    if (!this.begun) return met;
    const [, ...writes] = await Promise.allSettled([this.client.query('rollback'), ...this.sent]);
    const failed = writes.find(({ status }) => status === 'rejected');
    return failed?.status === 'rejected' ? failed.reason : met;
  }

  /** With the first statement, so that it costs no round trip; what is read elsewhere before needs no transaction yet. */
  private begin(): void {
    this.gather();
    if (this.begun) return;
    this.begun = true;
    this.send(begin);
  }

  private send({ name, text }: Statement<object>, values: unknown[] = [], explain?: (error: unknown) => unknown): void {
    const answer = runPrepared(this.client, { name, text, values }).catch((error: unknown) => {
      throw explain?.(error) ?? error;
    });
    // Looked at when the transaction ends.
    answer.catch(() => undefined);
    this.sent.push(answer);
  }

  /** Statements sent in the same turn of the event loop leave in one packet: a system call costs more than most of them. */
  private gather(): void {
    const { stream } = (this.client as unknown as { connection: { stream: Writable } }).connection;
    if (stream.writableCorked > 0) return;
    stream.cork();
    process.nextTick(() => stream.uncork());
  }
}

/** What a door adds to a service's transaction: the idempotency record, which commits with what it protects. */
export interface CommitGuard {
  begin(tx: Tx): Promise<void>;
  /** `result` is what the transaction returns. */
  conclude(tx: Tx, result: unknown): Promise<void>;
  /** What the transaction returned when it committed under this guard before: it does not run again. */
  readonly recalled?: { result: unknown };
  /** The transaction did not commit, and is not tried again. */
  failed?(error: unknown): void;
}

/** Thrown inside a transaction that met a concurrent one and will find what that one committed. */
export class TryAgain extends Error {}

const transactionAttemptsMax = 4;

export class Database {
  private readonly shared = new SharedConnections(() => this.pool.options);

  constructor(readonly source: DataSource) {}

  get manager(): EntityManager {
    return this.source.manager;
  }

  /** The pool that TypeORM opened; the whole process shares it. */
  get pool(): Pool {
    const { driver } = this.source;
    if (!(driver instanceof PostgresDriver)) throw new Error('The data source is not PostgreSQL');
    return driver.master as Pool;
  }

  async query<Row extends object>(statement: Statement<Row>, values: unknown[] = []): Promise<Row[]> {
    const { name, text, isBrief } = statement;
    const { rows } = isBrief
      ? await this.shared.query<Row>({ name, text, values })
      : await runPrepared<Row>(this.pool, { name, text, values });
    return rows;
  }

  /** A connection of one's own, to be closed, for one who sends a statement after the other. */
  connection(): LastingConnection {
    return new LastingConnection(() => this.pool.options);
  }

  async close(): Promise<void> {
    await this.shared.close();
    await this.source.destroy();
  }

  /**
   * What belongs together commits together: everything that `work` does with its `tx`, or nothing. After a deadlock or
   * `TryAgain` it runs once more from the start. `guard` is what a door puts into the same commit.
   */
  async transaction<T>(work: (tx: Tx) => Promise<T>, guard: CommitGuard | null = null): Promise<T> {
    if (guard?.recalled !== undefined) return guard.recalled.result as T;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.attempt(work, guard);
      } catch (error) {
        if (attempt < transactionAttemptsMax && isTransient(error)) continue;
        guard?.failed?.(error);
        throw error;
      }
    }
  }

  private async attempt<T>(work: (tx: Tx) => Promise<T>, guard: CommitGuard | null): Promise<T> {
    const client = await this.pool.connect();
    // One that broke is not used again; what was under way on it fails by itself.
    let broken: Error | undefined;
    const onError = (error: Error) => (broken = error);
    client.on('error', onError);
    const tx = new Tx(this.source, client);
    try {
      let result: T;
      try {
        await guard?.begin(tx);
        result = await work(tx);
        await guard?.conclude(tx, result);
      } catch (error) {
        throw await tx.rollback(error);
      }
      await tx.commit();
      return result;
    } finally {
      client.removeListener('error', onError);
      client.release(broken);
    }
  }
}

const begin = prepared('begin');

/** PostgreSQL's SQLSTATE for a violated unique index, whichever library wrapped it. */
export function isUniqueViolation(thrown: unknown, constraint?: string): boolean {
  const { code, constraint: violated } = (thrown ?? {}) as { code?: unknown; constraint?: unknown };
  return code === '23505' && (constraint === undefined || violated === constraint);
}

// 40001: serialization failure, 40P01: deadlock.
const isTransient = (thrown: unknown) =>
  thrown instanceof TryAgain || /^40(001|P01)$/.test(String((thrown as { code?: unknown } | null)?.code));
