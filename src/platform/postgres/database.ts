import { hash } from 'node:crypto';
import type { Pool } from 'pg';
import { getMetadataArgsStorage, type DataSource, type EntityManager, type QueryRunner } from 'typeorm';
import { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { Connections, type Lent } from './connections.js';
import { poolOf, type DatabaseClient } from './database-client.js';
import { isEndedStatement } from '../errors.js';
import { OpenTransaction, type Write } from './open-transaction.js';
import { planOnce } from './planner-settings.js';
import { Reading, runQuery } from './run-query.js';
import { lastWritesOf, GroupCommit, type Appender, type Increment } from './group-commit.js';
import { Displaced, LastingConnection, PipelinedConnections } from './pipelined-connections.js';
import { workAccount, type WorkAccount } from '../work/work-account.js';
import { WorkspaceShares } from '../work/workspace-shares.js';

/** A statement that PostgreSQL plans once a connection. TypeORM prepares nothing; hot paths say so here. */
export interface Statement<Row> {
  readonly name: string;
  readonly text: string;
  /** Whether it is over in a moment, and may share a connection with others. */
  readonly isBrief: boolean;
  /** Whether its rows are a list's, which may end early: `isCut` then says so of them. */
  readonly isPage?: boolean;
  /** Only a type: what a row of the answer looks like. */
  readonly row?: Row;
}

const names = new Map<string, string>();

/** So many statements have one. */
export const preparedNames = (): number => names.size;

/** Texts are few: those of the code, and of the lists in it. What the form of a caller's filter made is `planned`. */
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
    private readonly account: WorkAccount | null,
    private readonly lend: () => Promise<Lent>,
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

  /** For maintenance: each further statement may take so long. */
  async allow(statementMsMax: number): Promise<void> {
    await (this.opened ?? (await this.open())).allow(statementMsMax);
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
  async commit(shared: GroupCommit): Promise<void> {
    const opened = this.opening === null ? null : await this.opening;
    if (opened !== null) {
      const last = await lastWritesOf([this]).catch(async (error: unknown) => {
        throw await opened.rollback(error);
      });
      for (const write of last) opened.write(write);
      await opened.commit();
    } else if (this.writes.length + this.appended.size + this.increments.length > 0) {
      await shared.commit(this, { workspaceId: this.account?.workspaceId ?? '', check: () => this.account?.check() });
    }
    for (const listener of this.listeners) listener();
  }

  /** What went wrong first: a statement that was waited for may only have met what an earlier one left behind. */
  async rollback(met: unknown): Promise<unknown> {
    const opened = await this.opening?.catch(() => null);
    return opened ? await opened.rollback(met) : met;
  }

  private open(): Promise<OpenTransaction> {
    return (this.opening ??= this.lend().then((lent) => {
      const opened = new OpenTransaction(lent);
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

/** Requests have these, and of them each workspace its share; one more reads for a transaction that holds one already. */
const requestsMax = 12;
const requestsOfEachMax = 6;
const besideMax = 1;
/** Who calls, signs in, asks for more points, or whether we are ready, waits for no tenant. */
const reservedMax = 4;
/** Strangers together, and those of one address: nobody's sign-in waits behind somebody else's. */
const strangersMax = 3;
const strangersOfEachMax = 1;
const jobsMax = 2;
/** Of those that commit together there is one at a time, and perhaps one before that waits for a lock. */
const commitsMax = 2;
/** Brief reads of one workspace under way on the shared connections: the others wait for no more than these. */
const briefOfEachMax = 16;
/** What a request has PostgreSQL do, in one statement. */
const statementMsMax = 10_000;
/** What takes longer is not brief, whatever we took it for. */
const briefMsMax = 500;
const briefTriesMax = 3;
const reservedMsMax = 5_000;
/** Somebody signs in whose workspace is being changed: others who do wait no longer than this. */
const reservedLockMsMax = 2_000;
const jobsMsMax = 60_000;
const lastingMsMax = 30_000;
/** The most ids, and the most bytes, that a brief read is about. */
const briefIdsMax = 50;
const briefBytesMax = 262_144;
/** For so long a workspace whose reads were not brief has no share of the connections that all share. */
const apartMs = 60_000;
const apartMax = 10_000;

/** A few connections that no tenant's statement ever holds, nor the end of a request ends. */
export class Reserved {
  constructor(readonly pool: Pool) {}

  async query<Row extends object>({ name, text }: Statement<Row>, values: unknown[] = []): Promise<Row[]> {
    return (await runQuery<Row>(this.pool, { name, text, values })).rows;
  }
}

/**
 * Where statements go. A request's account says whose they are: brief reads to the two connections that all share, all
 * else to the requests' pool by the workspace's share. What no request asked for goes to the pool of the house, which is
 * TypeORM's; pg-boss and what must never wait for a tenant have their own.
 */
export class Database {
  private readonly shared: PipelinedConnections;
  private readonly briefShares = new WorkspaceShares({ total: Infinity, each: briefOfEachMax });
  /** Workspaces whose reads are wide or slow, and until when they are taken for that. */
  private readonly apart = new Map<string, number>();
  private readonly pools: Pool[] = [];
  private readonly requests: Connections;
  private readonly house: Connections;
  private readonly strangers: Connections;
  private readonly together: Connections;
  private readonly commits = new GroupCommit(async (workspaceId) => await this.lendFor(workspaceId));
  /** For what must not wait for tenants, whoever's request it is part of. */
  readonly reserved: Reserved;

  constructor(readonly source: DataSource) {
    const options = this.pool.options;
    const open = (max: number, ms: number) => this.opened(poolOf({ ...options, max, statementMsMax: ms }));
    const reserved = this.opened(
      poolOf({ ...options, max: reservedMax, statementMsMax: reservedMsMax, lock_timeout: reservedLockMsMax }),
    );
    const cancel = (processId: number) =>
      void reserved.query('select pg_cancel_backend($1)', [processId]).catch(() => {});
    this.shared = new PipelinedConnections(() => ({ ...options, statementMsMax: briefMsMax }));
    this.requests = new Connections(
      open(requestsMax + besideMax, statementMsMax),
      new WorkspaceShares({ total: requestsMax, each: requestsOfEachMax }),
      cancel,
    );
    this.house = new Connections(this.pool, null, cancel);
    this.together = new Connections(open(commitsMax, statementMsMax), null, cancel);
    this.strangers = new Connections(
      reserved,
      new WorkspaceShares({ total: strangersMax, each: strangersOfEachMax }),
      cancel,
    );
    this.reserved = new Reserved(reserved);
  }

  get manager(): EntityManager {
    return this.source.manager;
  }

  /** The pool that TypeORM opened: of what no request asked for. */
  get pool(): Pool {
    const { driver } = this.source;
    if (!(driver instanceof PostgresDriver)) throw new Error('The data source is not PostgreSQL');
    return driver.master as Pool;
  }

  /** One of its own for pg-boss, so that neither it nor tenants hold up the other. */
  jobsPool(): Pool {
    return this.opened(poolOf({ ...this.pool.options, max: jobsMax, statementMsMax: jobsMsMax }));
  }

  async query<Row extends object>(statement: Statement<Row>, values: unknown[] = []): Promise<Row[]> {
    const account = workAccount();
    account?.check();
    const mayBeBrief = statement.isBrief && (account === null || account.workspaceId !== null);
    if (mayBeBrief && !values.some(isLongList)) {
      const workspaceId = account?.workspaceId ?? '';
      for (let tries = 0; tries < briefTriesMax && !this.isApart(workspaceId); tries += 1) {
        const rows = await this.readBriefly(statement, values, account, workspaceId);
        if (rows !== null) return rows;
      }
    }
    return await this.readAlone(statement, values, account);
  }

  /** A connection of one's own, to be closed, for one who sends the same few statements over and over. */
  connection(): LastingConnection {
    return new LastingConnection(() => ({ ...this.pool.options, statementMsMax: lastingMsMax }), planOnce);
  }

  async close(): Promise<void> {
    await this.shared.close();
    await Promise.all(this.pools.map(async (pool) => await pool.end()));
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
    const account = workAccount();
    account?.check();
    const workspaceId = account?.sharer ?? '';
    const purpose = { account, workspaceId, onlyReads: false };
    const tx = new Tx(this.source, account, async () => await this.connectionsOf(account).lend(purpose));
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

  /** Null when it was not brief, or was displaced by one that was not. */
  private async readBriefly<Row extends object>(
    { name, text, isPage = false }: Statement<Row>,
    values: unknown[],
    account: WorkAccount | null,
    workspaceId: string,
  ): Promise<Row[] | null> {
    const wait = this.briefShares.enter(workspaceId, account, true);
    if (wait !== null) await wait;
    const reading = new Reading({ name, text, values }, account, isPage);
    try {
      const { rows } = await this.shared.query<Row>(reading);
      account?.check();
      if (reading.isCut) cut.add(rows);
      return rows;
    } catch (error) {
      account?.check();
      account?.release(reading.held);
      if (isEndedStatement(error)) {
        this.setApart(workspaceId);
        reading.shared?.displace();
      } else if (!(error instanceof Displaced)) {
        throw error;
      }
      return null;
    } finally {
      this.briefShares.leave(workspaceId);
      if (reading.bytes > briefBytesMax) this.setApart(workspaceId);
    }
  }

  private async readAlone<Row extends object>(
    { name, text, isPage = false }: Statement<Row>,
    values: unknown[],
    account: WorkAccount | null,
  ): Promise<Row[]> {
    account?.checkReading();
    const workspaceId = account?.sharer ?? '';
    const lent = await this.connectionsOf(account).lend({ account, workspaceId, onlyReads: true });
    const reading = new Reading({ name, text, values }, account, isPage);
    reading.client = lent.client as unknown as DatabaseClient;
    try {
      const { rows } = await runQuery<Row>(lent.client, reading);
      account?.checkReading();
      if (reading.isCut) {
        lent.abandon();
        cut.add(rows);
      }
      return rows;
    } catch (error) {
      account?.checkReading();
      throw error;
    } finally {
      lent.giveBack();
      if (reading.bytes > briefBytesMax) this.setApart(account?.workspaceId ?? '');
    }
  }

  private connectionsOf(account: WorkAccount | null): Connections {
    if (account === null) return this.house;
    return account.workspaceId === null ? this.strangers : this.requests;
  }

  /** For those that commit together, of all or of one workspace. */
  private async lendFor(workspaceId: string | null): Promise<Lent> {
    const connections = workspaceId === null ? this.together : workspaceId === '' ? this.house : this.requests;
    return await connections.lend({ account: null, workspaceId: workspaceId ?? '', onlyReads: false });
  }

  private isApart(workspaceId: string): boolean {
    const until = this.apart.get(workspaceId);
    if (until === undefined) return false;
    if (performance.now() < until) return true;
    this.apart.delete(workspaceId);
    return false;
  }

  private setApart(workspaceId: string): void {
    // What no request asked for may be wide.
    if (workspaceId === '') return;
    this.apart.delete(workspaceId);
    if (this.apart.size >= apartMax) this.apart.delete(this.apart.keys().next().value ?? '');
    this.apart.set(workspaceId, performance.now() + apartMs);
  }

  private opened(pool: Pool): Pool {
    this.pools.push(pool);
    return pool;
  }
}

/** Rows behind which there are more, which the answer had no room for. */
const cut = new WeakSet<object[]>();
export const isCut = (rows: object[]): boolean => cut.has(rows);

const isLongList = (value: unknown) => Array.isArray(value) && value.length > briefIdsMax;

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
