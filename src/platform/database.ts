import { hash } from 'node:crypto';
import type { Pool } from 'pg';
import { getMetadataArgsStorage, type DataSource, type EntityManager, type QueryRunner } from 'typeorm';
import { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { OpenTransaction, type Write } from './open-transaction.js';
import { planOnce } from './plan-by-index.js';
import { runQuery } from './run-query.js';
import { lastWritesOf, SharedCommits, type Appender, type Increment } from './shared-commits.js';
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

/** A statement that PostgreSQL plans each time, by its values and by what the tables hold then: one over many rows. */
export function planned<Row extends object = object>(text: string): Statement<Row> {
  return { name: '', text, isBrief: false };
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

/**
 * One transaction: TypeORM's manager and prepared statements on the same connection. What only writes is gathered, and
 * may share its commit with others; whoever reads gets a connection of its own with the first read.
 */
export class Tx {
  private readonly listeners: (() => void)[] = [];
  readonly writes: Write[] = [];
  readonly appended = new Map<Appender<unknown>, unknown[]>();
  readonly increments: Increment[] = [];
  /** People that it speaks of: what a door keeps of it is found by them when one is erased. */
  readonly subjects = new Set<string>();
  /** What is kept of its answer says nothing of anybody, whatever it names. */
  speaksOfNobody = false;
  private opening: Promise<OpenTransaction> | null = null;
  private opened: OpenTransaction | null = null;
  private runner: QueryRunner | null = null;

  constructor(
    private readonly source: DataSource,
    private readonly pool: Pool,
  ) {}

  /** Made for those that ask for it: most transactions have no use for TypeORM. */
  get manager(): EntityManager {
    if (this.runner === null) {
      const runner = this.source.createQueryRunner();
      const connect = async () => {
        const { client } = await this.open();
        return Object.assign(runner, { databaseConnection: client }).databaseConnection;
      };
      this.runner = Object.assign(runner, { connect, isTransactionActive: true });
    }
    return this.runner.manager;
  }

  async query<Row extends object>(statement: Statement<Row>, values: unknown[] = []): Promise<Row[]> {
    return await (this.opened ?? (await this.open())).query(statement, values);
  }

  /**
   * Does not wait: what goes wrong with it is thrown at the commit, which it prevents. Writes in a row reach the server
   * together, so that the locks they take are held for no round trip of ours.
   * `explain` may turn PostgreSQL's error into one for the caller.
   */
  write(statement: Statement<object>, values: unknown[] = [], explain?: (error: unknown) => unknown): void {
    const write = { statement, values, explain };
    if (this.opened !== null) this.opened.write(write);
    else if (this.opening === null) this.writes.push(write);
    // Behind the read that is opening it.
    else this.opening.then((opened) => opened.write(write)).catch(() => undefined);
  }

  /** Sent after all writes, with what others append that commit together with this. */
  append<Item>(appender: Appender<Item>, items: readonly Item[]): void {
    const known = this.appended.get(appender as Appender<unknown>);
    if (known === undefined) this.appended.set(appender as Appender<unknown>, [...items]);
    else known.push(...items);
  }

  /** Adds to a row that many add to: `counter` takes the values of `key`, then the number. Sent at the very end. */
  increment(
    counter: Statement<object>,
    key: readonly unknown[],
    by: number,
    explain?: (error: unknown) => unknown,
  ): void {
    this.increments.push({ counter, key, by, explain });
  }

  speakOf(subjectIds: readonly string[]): void {
    for (const id of subjectIds) this.subjects.add(id);
  }

  /** Called once the commit is certain; a rolled back transaction never calls it. */
  afterCommit(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** @throws the first error of a statement that was not waited for; then nothing was committed */
  async commit(shared: SharedCommits): Promise<void> {
    const opened = this.opening === null ? null : await this.opening;
    if (opened !== null) {
      const last = await lastWritesOf([this]).catch(async (error: unknown) => {
        throw await opened.rollback(error);
      });
      for (const write of last) opened.write(write);
      await opened.commit();
    } else if (this.writes.length + this.appended.size + this.increments.length > 0) {
      await shared.commit(this);
    }
    for (const listener of this.listeners) listener();
  }

  /** What went wrong first: a statement that was waited for may only have met what an earlier one left behind. */
  async rollback(met: unknown): Promise<unknown> {
    const opened = await this.opening?.catch(() => null);
    return opened ? await opened.rollback(met) : met;
  }

  private open(): Promise<OpenTransaction> {
    return (this.opening ??= OpenTransaction.on(this.pool).then((opened) => {
      for (const write of this.writes.splice(0)) opened.write(write);
      return (this.opened = opened);
    }));
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
  private readonly commits = new SharedCommits(() => this.pool);

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
      : await runQuery<Row>(this.pool, { name, text, values });
    return rows;
  }

  /** A connection of one's own, to be closed, for one who sends the same few statements over and over. */
  connection(): LastingConnection {
    return new LastingConnection(() => this.pool.options, planOnce);
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
    const tx = new Tx(this.source, this.pool);
    let result: T;
    try {
      await guard?.begin(tx);
      result = await work(tx);
      await guard?.conclude(tx, result);
    } catch (error) {
      throw await tx.rollback(error);
    }
    await tx.commit(this.commits);
    return result;
  }
}

/** PostgreSQL's SQLSTATE for a violated unique index, whichever library wrapped it. */
export const isUniqueViolation = (thrown: unknown, constraint?: string) => violates(thrown, '23505', constraint);

/** How a statement that only reads makes a commit fail: `1 / 0`. */
export const isDivisionByZero = (thrown: unknown) => violates(thrown, '22012', undefined);

/** What a row names is gone. */
export const isForeignKeyViolation = (thrown: unknown, constraint?: string) => violates(thrown, '23503', constraint);

function violates(thrown: unknown, sqlState: string, constraint: string | undefined): boolean {
  const { code, constraint: violated } = (thrown ?? {}) as { code?: unknown; constraint?: unknown };
  return code === sqlState && (constraint === undefined || violated === constraint);
}

// 40001: serialization failure, 40P01: deadlock.
const isTransient = (thrown: unknown) =>
  thrown instanceof TryAgain || /^40(001|P01)$/.test(String((thrown as { code?: unknown } | null)?.code));
