/** One file because one decision runs through it: whose connection does a statement take? */
import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { Connections, type Lent } from './connections.js';
import { within } from '../async/deadline.js';
import { answerMsMax, failUnknown, poolOf, type DatabaseClient } from './database-client.js';
import { runnerOn } from './driver-internals.js';
import { errorCode, isEndedStatement } from '../errors.js';
import { commitMsMax, OpenTransaction } from './open-transaction.js';
import type { Statement, Write } from './statement.js';
import { planOnce } from './planner-settings.js';
import { Reading, runQuery } from './run-query.js';
import { lastWritesOf, GroupCommit, type Appender, type Increment } from './group-commit.js';
import { Displaced, LastingConnection, PipelinedConnections, readIf, type Condition } from './pipelined-connections.js';
import { Replica, type ReplicaOutcome } from './replica.js';
import { workAccount, type WorkAccount } from '../work/work-account.js';
import { WorkspaceShares } from '../work/workspace-shares.js';

/**
 * One transaction, for prepared statements and TypeORM's manager alike. A transaction that only writes is gathered until
 * its commit, which it may share with others; one that reads gets a connection of its own with its first read.
 */
export class Tx {
  private readonly listeners: (() => void)[] = [];
  readonly writes: Write[] = [];
  readonly appended = new Map<Appender<unknown>, unknown[]>();
  readonly increments: Increment[] = [];
  /** Names of people that the answer speaks of: by these, erasure finds the answer if idempotency keeps it. */
  readonly subjects = new Set<string>();
  /** Whether the kept answer says nothing of anybody, although it names ids. */
  speaksOfNobody = false;
  private opening: Promise<OpenTransaction> | null = null;
  private opened: OpenTransaction | null = null;
  private runner: QueryRunner | null = null;

  constructor(
    private readonly source: DataSource,
    private readonly account: WorkAccount | null,
    private readonly lend: () => Promise<Lent>,
    private readonly heavily: Heavily,
  ) {}

  /** TypeORM's manager; made when it is first asked for, as most transactions do without. */
  get manager(): EntityManager {
    this.runner ??= runnerOn(this.source, async () => (await this.open()).client);
    return this.runner.manager;
  }

  async query<Row extends object>(statement: Statement<Row>, values: unknown[] = []): Promise<Row[]> {
    if (statement.isHeavy === true) return await this.heavily(this.account, async () => this.ask(statement, values));
    return await this.ask(statement, values);
  }

  /** For maintenance: from here on each statement may take so long. */
  async allow(statementMsMax: number): Promise<void> {
    await (this.opened ?? (await this.open())).allow(statementMsMax);
  }

  /**
   * Sends a statement without waiting for its answer; a failure prevents the commit, which throws it. Writes in a row
   * reach the server together, so that no lock is held for a round trip.
   * @param explain may turn PostgreSQL's error into an error for the caller
   */
  write(statement: Statement<object>, values: unknown[] = [], explain?: (error: unknown) => unknown): void {
    const write = { statement, values, explain };
    if (this.opened !== null) this.opened.write(write);
    else if (this.opening === null) this.writes.push(write);
    // The first read is opening the connection: the write goes behind it.
    else this.opening.then((opened) => opened.write(write)).catch(() => undefined);
  }

  /** Appends rows; they are sent after all writes, together with those of transactions that share the commit. */
  append<Item>(appender: Appender<Item>, items: readonly Item[]): void {
    const known = this.appended.get(appender as Appender<unknown>);
    if (known === undefined) this.appended.set(appender as Appender<unknown>, [...items]);
    else known.push(...items);
  }

  /** Adds to a row to which many add; sent last of all, so that its lock is held for as short as can be. */
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

  /** Adds a listener that is called once the commit is certain, and never after a rollback. */
  afterCommit(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** @throws the first error of a write, and then nothing was committed */
  async commit(shared: GroupCommit): Promise<void> {
    const opened = this.opening === null ? null : await this.opening;
    if (opened !== null) {
      const last = await lastWritesOf([this]).catch(async (error: unknown) => {
        throw await opened.rollback(error);
      });
      for (const write of last) opened.write(write);
      await opened.commit(this.account === null ? Infinity : commitMsMax);
    } else if (this.writes.length + this.appended.size + this.increments.length > 0) {
      await shared.commit(this, { workspaceId: this.account?.workspaceId ?? '', check: () => this.account?.check() });
    }
    for (const listener of this.listeners) listener();
  }

  /** @returns the first error: a read may have failed only because a write before it had */
  async rollback(met: unknown): Promise<unknown> {
    const opened = await this.opening?.catch(() => null);
    return opened ? await opened.rollback(met) : met;
  }

  private async ask<Row extends object>(statement: Statement<Row>, values: unknown[]): Promise<Row[]> {
    return await (this.opened ?? (await this.open())).query(statement, values);
  }

  private open(): Promise<OpenTransaction> {
    return (this.opening ??= this.lend().then((lent) => {
      const opened = new OpenTransaction(lent);
      for (const write of this.writes.splice(0)) opened.write(write);
      return (this.opened = opened);
    }));
  }
}

/** What a door adds to a service's transaction: the idempotency record, which commits with the change it protects. */
export interface CommitGuard {
  begin(tx: Tx): Promise<void>;
  /** @param result what the transaction returns */
  conclude(tx: Tx, result: unknown): Promise<void>;
  /** What the transaction returned when it committed under this key before; then it does not run again. */
  readonly recalled?: { result: unknown };
  /** Called when the transaction did not commit and is not tried again. */
  failed?(error: unknown): void;
}

/** Thrown inside a transaction that met a concurrent one: when it is tried again, it finds what the other committed. */
export class TryAgain extends Error {}

const transactionAttemptsMax = 4;

/** Does what has a heavy statement in it, once the workspace's share of those has room. */
type Heavily = <T>(account: WorkAccount | null, work: () => Promise<T>) => Promise<T>;

/** Connections for requests, each workspace's share of them, and one for reads beside a request's own transaction. */
const requestsMax = 12;
const requestsOfEachMax = 6;
const besideMax = 1;
const ownWaitMsMax = 2_000;
/**
 * Of statements that each keep a core of PostgreSQL's busy. On two cores, beside six dry runs of replays at once a quiet
 * workspace's create took 473 ms at p99, beside two 76 (`bench/neighbours`).
 */
const heavyMax = 8;
const heavyOfEachMax = 2;
const heavyWaitMsMax = 5_000;
/** Connections for what must not wait for any workspace: authentication, sign-ins, points, readiness. */
const reservedMax = 4;
/** Of these, what all strangers may hold, and those of one address: no sign-in waits behind another address's. */
const strangersMax = 3;
const strangersOfEachMax = 1;
const jobsMax = 2;
/** Connections to a replica, beside two pipelined ones. */
const replicaMax = 6;
const replicaOfEachMax = 3;
const replicaConnectMsMax = 1_000;
/** One group of transactions commits at a time, beside perhaps an earlier one that waits for a lock. */
const commitsMax = 2;
/** Pipelined reads of one workspace that are under way at once: the reads of all others wait behind no more than these. */
const pipelinedOfEachMax = 16;
/** The longest that a statement of a request may take. */
const statementMsMax = 10_000;
/** PostgreSQL ends a pipelined read that takes longer, and the read runs again on a connection of its own. */
const pipelinedMsMax = 500;
const pipelinedTriesMax = 3;
const reservedMsMax = 5_000;
/** What waits for a standby is committed: cancelled, it would count before it is known to last. */
const cancelBackend =
  "select pg_cancel_backend(pid) from pg_stat_activity where pid = $1 and wait_event is distinct from 'SyncRep'";
/** A sign-in whose workspace is locked gives its connection back after so long, so that others' sign-ins go on. */
const reservedLockMsMax = 2_000;
const jobsMsMax = 60_000;
const lastingMsMax = 30_000;
/** A read about more ids than this, or of more bytes, is not pipelined: others' reads would wait behind it. */
const pipelinedIdsMax = 50;
const pipelinedBytesMax = 262_144;
/** For so long a workspace whose pipelined reads were wide or slow reads on connections of its own share instead. */
const apartMs = 60_000;
const apartMax = 10_000;

/** Where a read may go: the connections that all share, and those that are lent. */
interface Side {
  shared: PipelinedConnections;
  connectionsFor: (account: WorkAccount | null) => Connections;
  /** What the server has to meet for a read to count; null on the primary. */
  condition: Condition | null;
}

/** A few connections that no workspace's statement can hold, and whose statements outlive the request. */
export class Reserved {
  constructor(readonly pool: Pool) {}

  async query<Row extends object>({ name, text }: Statement<Row>, values: unknown[] = []): Promise<Row[]> {
    const answer = runQuery<Row>(this.pool, { name, text, values });
    return (await within(reservedMsMax + answerMsMax, answer, failUnknown)).rows;
  }
}

/**
 * Sends each statement to its pool, so that no workspace can hold the connections that another needs:
 *
 * - a read that a replica may answer goes there, in the same two ways, where there is one that has caught up;
 * - a pipelined read goes to the two connections that all callers share;
 * - any other statement of a request goes to the requests' pool, within its workspace's share;
 * - a stranger's (no workspace yet) goes to the reserved pool, within the strangers' share;
 * - what no request asked for (workers, maintenance) goes to the pool that TypeORM opened, `background`;
 * - transactions that only write go to `together`, where they share commits;
 * - `reserved` and pg-boss have pools of their own, which no workspace's statement ever enters.
 */
export class Database {
  private readonly shared: PipelinedConnections;
  private readonly pipelinedShares = new WorkspaceShares({ total: Infinity, each: pipelinedOfEachMax, ownWaitMsMax });
  /** Workspaces whose pipelined reads were wide or slow a moment ago. */
  private readonly apart = new LRUCache<string, true>({ max: apartMax, ttl: apartMs });
  private readonly heavyShares = new WorkspaceShares({
    total: heavyMax,
    each: heavyOfEachMax,
    ownWaitMsMax: heavyWaitMsMax,
  });
  private readonly pools = new Map<string, Pool>();
  private readonly requests: Connections;
  private readonly background: Connections;
  private readonly strangers: Connections;
  private readonly together: Connections;
  private readonly commits = new GroupCommit(async (workspaceId) => await this.lendFor(workspaceId));
  /** For statements that must not wait for any workspace's, whichever request they are part of. */
  readonly reserved: Reserved;

  private readonly primarySide: Side;
  private readonly replicaSide: Omit<Side, 'condition'> | null = null;
  private readonly replica: Replica | null = null;

  /** @param replicaTold is told why a replica is left aside, and null when it serves again */
  constructor(
    readonly source: DataSource,
    replicaUrl: string | null = null,
    replicaTold: (why: unknown) => void = () => {},
  ) {
    const options = this.pool.options;
    const open = (name: string, max: number, ms: number) =>
      this.opened(name, poolOf({ ...options, max, statementMsMax: ms }));
    const reserved = this.opened(
      'reserved',
      poolOf({ ...options, max: reservedMax, statementMsMax: reservedMsMax, lock_timeout: reservedLockMsMax }),
    );
    const cancel = (processId: number) => void reserved.query(cancelBackend, [processId]).catch(() => {});
    this.shared = new PipelinedConnections(() => ({ ...options, statementMsMax: pipelinedMsMax }));
    this.requests = new Connections(
      open('requests', requestsMax + besideMax, statementMsMax),
      new WorkspaceShares({ total: requestsMax, each: requestsOfEachMax, ownWaitMsMax }),
      cancel,
    );
    this.background = new Connections(this.pool, null, cancel);
    this.together = new Connections(open('commits', commitsMax, statementMsMax), null, cancel);
    this.strangers = new Connections(
      reserved,
      new WorkspaceShares({ total: strangersMax, each: strangersOfEachMax, ownWaitMsMax }),
      cancel,
    );
    this.reserved = new Reserved(reserved);
    const connectionsFor = (account: WorkAccount | null) => this.connectionsOf(account);
    this.primarySide = { shared: this.shared, connectionsFor, condition: null };
    if (replicaUrl === null) return;
    const ofReplica = {
      ...options,
      connectionString: replicaUrl,
      connectionTimeoutMillis: replicaConnectMsMax,
      mayBeStandby: true,
    };
    const pool = this.opened('replica', poolOf({ ...ofReplica, max: replicaMax, statementMsMax }));
    const shares = new WorkspaceShares({ total: replicaMax, each: replicaOfEachMax, ownWaitMsMax });
    // Behind one address there may be several replicas, each with numbers of its own: PostgreSQL ends what nobody awaits at
    // the time limit.
    const lone = new Connections(pool, shares, () => {});
    const shared = new PipelinedConnections(() => ({ ...ofReplica, statementMsMax: pipelinedMsMax }));
    this.replicaSide = { shared, connectionsFor: () => lone };
    this.replica = new Replica(this.shared, shared, replicaTold);
  }

  get manager(): EntityManager {
    return this.source.manager;
  }

  /** The pool that TypeORM opened: for what no request asked for. */
  get pool(): Pool {
    const { driver } = this.source;
    if (!(driver instanceof PostgresDriver)) throw new Error('The data source is not PostgreSQL');
    return driver.master as Pool;
  }

  /** A pool of pg-boss's own, so that neither its statements nor those of requests wait for the others. */
  jobsPool(): Pool {
    return this.opened('jobs', poolOf({ ...this.pool.options, max: jobsMax, statementMsMax: jobsMsMax }));
  }

  async query<Row extends object>(statement: Statement<Row>, values: unknown[] = []): Promise<Row[]> {
    const account = workAccount();
    account?.check();
    const { replica, replicaSide } = this;
    if (statement.isForReplica === true && replica !== null && replicaSide !== null && account !== null) {
      const read = async (condition: Condition) =>
        await this.readOn({ ...replicaSide, condition }, statement, values, account);
      const rows = await replica.read(read);
      if (rows !== null) return rows;
    }
    return await this.readOn(this.primarySide, statement, values, account);
  }

  /** What became of reads that a replica might have answered; null where there is none. */
  get replicaReads(): Readonly<Record<ReplicaOutcome, number>> | null {
    return this.replica?.reads ?? null;
  }

  /** A connection of the caller's own, who has to close it: for sending the same few statements over and over. */
  connection(): LastingConnection {
    return new LastingConnection(() => ({ ...this.pool.options, statementMsMax: lastingMsMax }), planOnce);
  }

  /** How many connections each pool has, how many of them are idle, and how many callers wait for one. */
  poolStates(): { pool: string; total: number; idle: number; waiting: number }[] {
    return [...this.pools, ['background', this.pool] as const].map(([pool, state]) => ({
      pool,
      total: state.totalCount,
      idle: state.idleCount,
      waiting: state.waitingCount,
    }));
  }

  async close(): Promise<void> {
    await this.shared.close();
    await this.replicaSide?.shared.close();
    await Promise.all([...this.pools.values()].map(async (pool) => await pool.end()));
    await this.source.destroy();
  }

  /**
   * Commits everything that `work` does with its `tx`, or nothing of it. After a deadlock or a `TryAgain`, `work` runs
   * again from the start. `guard` adds to the same commit what a door wants to keep.
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
    const tx = new Tx(this.source, account, async () => await this.connectionsOf(account).lend(purpose), this.heavily);
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

  private async readOn<Row extends object>(
    side: Side,
    statement: Statement<Row>,
    values: unknown[],
    account: WorkAccount | null,
  ): Promise<Row[]> {
    const mayPipeline = statement.isPipelined && (account === null || account.workspaceId !== null);
    if (mayPipeline && !values.some(isLongList)) {
      const workspaceId = account?.workspaceId ?? '';
      for (let tries = 0; tries < pipelinedTriesMax && !this.apart.has(workspaceId); tries += 1) {
        const rows = await this.readPipelined(side, statement, values, account, workspaceId);
        if (rows !== null) return rows;
      }
    }
    if (statement.isHeavy !== true) return await this.readAlone(side, statement, values, account);
    return await this.heavily(account, async () => this.readAlone(side, statement, values, account));
  }

  /** Null when the read took too long, or failed of another that did: the caller then reads on a connection alone. */
  private async readPipelined<Row extends object>(
    { shared, condition }: Side,
    { name, text, isPage = false }: Statement<Row>,
    values: unknown[],
    account: WorkAccount | null,
    workspaceId: string,
  ): Promise<Row[] | null> {
    const wait = this.pipelinedShares.enter(workspaceId, account, true);
    if (wait !== null) await wait;
    const reading = new Reading({ name, text, values }, account, isPage);
    try {
      const { rows } = await shared.query<Row>(reading, condition);
      account?.check();
      if (reading.isCut) cut.add(rows);
      return rows;
    } catch (error) {
      account?.check();
      account?.release(reading.held);
      if (isEndedStatement(error)) {
        this.setApart(workspaceId);
        reading.shared?.displace();
      } else if (!(error instanceof Displaced) && !isUnknownStatement(error)) {
        throw error;
      }
      return null;
    } finally {
      this.pipelinedShares.leave(workspaceId);
      if (reading.bytes > pipelinedBytesMax) this.setApart(workspaceId);
    }
  }

  private async readAlone<Row extends object>(
    { connectionsFor, condition }: Side,
    { name, text, isPage = false }: Statement<Row>,
    values: unknown[],
    account: WorkAccount | null,
  ): Promise<Row[]> {
    account?.checkReading();
    const workspaceId = account?.sharer ?? '';
    const lent = await connectionsFor(account).lend({ account, workspaceId, onlyReads: true });
    const reading = new Reading({ name, text, values }, account, isPage);
    reading.client = lent.client as unknown as DatabaseClient;
    try {
      const { rows } = await readIf<Row>(lent.client, condition, reading);
      account?.checkReading();
      if (reading.isCut) {
        lent.abandon();
        cut.add(rows);
      }
      return rows;
    } catch (error) {
      account?.checkReading();
      account?.release(reading.held);
      throw error;
    } finally {
      lent.giveBack();
      if (reading.bytes > pipelinedBytesMax) this.setApart(account?.workspaceId ?? '');
    }
  }

  /** Heavy work takes its connection inside of its share, so that it holds none while it waits for the share. */
  private readonly heavily: Heavily = async (account, work) => {
    const workspaceId = account?.workspaceId ?? null;
    if (workspaceId === null) return await work();
    const wait = this.heavyShares.enter(workspaceId, account, true);
    if (wait !== null) await wait;
    try {
      return await work();
    } finally {
      this.heavyShares.leave(workspaceId);
    }
  };

  private connectionsOf(account: WorkAccount | null): Connections {
    if (account === null) return this.background;
    return account.workspaceId === null ? this.strangers : this.requests;
  }

  /** Lends a connection to a group that commits together: of all workspaces, or of one. */
  private async lendFor(workspaceId: string | null): Promise<Lent> {
    const connections = workspaceId === null ? this.together : workspaceId === '' ? this.background : this.requests;
    return await connections.lend({ account: null, workspaceId: workspaceId ?? '', onlyReads: false });
  }

  private setApart(workspaceId: string): void {
    // Workers and maintenance may read what is wide.
    if (workspaceId !== '') this.apart.set(workspaceId, true);
  }

  private opened(name: string, pool: Pool): Pool {
    this.pools.set(name, pool);
    return pool;
  }
}

/** Lists of rows that ended early, because the answer had no room for more. */
const cut = new WeakSet<object[]>();
export const isCut = (rows: object[]): boolean => cut.has(rows);

const isLongList = (value: unknown) => Array.isArray(value) && value.length > pipelinedIdsMax;

/** Whether a unique index was violated, whichever library wrapped PostgreSQL's error. */
export const isUniqueViolation = (thrown: unknown, constraint?: string) => violates(thrown, '23505', constraint);

/** Whether a statement divided by zero: that is how a statement that only reads can make its transaction fail. */
export const isDivisionByZero = (thrown: unknown) => violates(thrown, '22012', undefined);

/** Whether a row refers to another row that is gone. */
export const isForeignKeyViolation = (thrown: unknown, constraint?: string) => violates(thrown, '23503', constraint);

function violates(thrown: unknown, sqlState: string, constraint: string | undefined): boolean {
  if (errorCode(thrown) !== sqlState) return false;
  return constraint === undefined || (thrown as { constraint?: unknown }).constraint === constraint;
}

/** Whether a statement is unknown on its connection: the read before it, which was to prepare it, was ended too early. */
const isUnknownStatement = (thrown: unknown) => errorCode(thrown) === '26000';

// 40001: serialization failure, 40P01: deadlock.
const isTransient = (thrown: unknown) => thrown instanceof TryAgain || /^40(001|P01)$/.test(errorCode(thrown));
