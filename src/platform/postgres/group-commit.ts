/**
 * One file because a group that is formed, sent, broken up and tried again is one state, which each of these steps
 * leaves to the next.
 */
import { LRUCache } from 'lru-cache';
import type { Lent } from './connections.js';
import { isConnectionLoss } from '../errors.js';
import { OpenTransaction } from './open-transaction.js';
import type { Statement, Write } from './statement.js';

/** Rows of one kind, inserted together by the transactions that commit together. */
export interface Appender<Item> {
  writesOf: (items: readonly Item[]) => Promise<Write[]>;
}

/** Adds to a row that many transactions add to; `counter` takes the key's values and then the number. */
export interface Increment {
  counter: Statement<object>;
  key: readonly unknown[];
  by: number;
  explain?: ((error: unknown) => unknown) | undefined;
}

/** What a transaction does last, whatever the order in which it was asked to. */
export interface LastWrites {
  appended: ReadonlyMap<Appender<unknown>, readonly unknown[]>;
  increments: readonly Increment[];
}

/** All that a transaction comes to that has read nothing. */
export interface Writes extends LastWrites {
  writes: readonly Write[];
}

/** Whoever commits: of no workspace, for what no request asked for. */
export interface Committer {
  workspaceId: string;
  /** @throws when nobody waits for it any more */
  check: () => void;
}

interface Member extends Writes {
  committer: Committer;
  resolve: () => void;
  reject: (error: unknown) => void;
}

const membersMax = 64;
/** A group that takes longer waits for somebody's lock perhaps, and the next does not wait for it. */
const patienceMs = 20;
/** It breaks up when it has waited this long for a lock: the others of it have nothing to do with that. */
const breakUp: Statement<object> = { name: 'break up', text: "set local lock_timeout = '50ms'", isPipelined: false };
/** Whoever waited for a lock, or writes as much as this, commits with its own workspace alone, the former for a while. */
const apartMs = 10_000;
const apartMax = 10_000;
const charactersMax = 65_536;
/** So often what is left of a group is tried together, before each is tried alone. */
const triesMax = 4;

/**
 * Transactions that only write and that come while others are committed go together in the next one: one flush, one
 * process woken, and one lock of each counter for all of them. Eight together cost PostgreSQL a third of what eight do by
 * themselves, and the counter of a busy bot is no queue any more (`bench/rest`). Whoever a group fails of, or waits for, is
 * tried alone, so that nobody fails for another; who waited for a lock is of no group but its own workspace's for a while,
 * so that one workspace's locks never hold up another's commits time and again.
 */
export class GroupCommit {
  private readonly all: Groups;
  private readonly ofWorkspaces = new Map<string, Groups>();
  /** Workspaces that commit by themselves. */
  private readonly apart = new LRUCache<string, true>({ max: apartMax, ttl: apartMs });

  /** @param lend a connection for all, or for one workspace */
  constructor(private readonly lend: (workspaceId: string | null) => Promise<Lent>) {
    this.all = new Groups(
      async () => await lend(null),
      (member) => this.goApart(member),
    );
  }

  /** Resolves once they are committed; `explain` of what failed says what is thrown. */
  async commit({ writes, appended, increments }: Writes, committer: Committer): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const member = { writes, appended, increments, committer, resolve, reject };
      const isApart = this.apart.has(committer.workspaceId);
      if (isApart || writes.some(isLarge)) this.groupsOf(committer.workspaceId).add(member);
      else this.all.add(member);
    });
  }

  private goApart(member: Member): void {
    const { workspaceId } = member.committer;
    this.apart.set(workspaceId, true);
    this.groupsOf(workspaceId).add(member);
  }

  private groupsOf(workspaceId: string): Groups {
    let groups = this.ofWorkspaces.get(workspaceId);
    if (groups === undefined) {
      const whenIdle = () => void this.ofWorkspaces.delete(workspaceId);
      groups = new Groups(async () => await this.lend(workspaceId), null, whenIdle);
      this.ofWorkspaces.set(workspaceId, groups);
    }
    return groups;
  }
}

const isLarge = ({ values }: Write) =>
  values.some((value) => typeof value === 'string' && value.length > charactersMax);

/** One group after the other. */
class Groups {
  private waiting: Member[] = [];
  /** The group that the next one waits for. */
  private underWay: readonly Member[] | null = null;

  constructor(
    private readonly lend: () => Promise<Lent>,
    /** Takes over whom a group waited for; null where each of it is tried alone. */
    private readonly goApart: ((member: Member) => void) | null,
    private readonly whenIdle = () => {},
  ) {}

  add(member: Member): void {
    this.waiting.push(member);
    this.start();
  }

  /** Once all that came in with it has been read too. */
  private start(): void {
    if (this.underWay !== null) return;
    if (this.waiting.length === 0) return this.whenIdle();
    const group: Member[] = [];
    this.underWay = group;
    const goOn = () => {
      if (this.underWay !== group) return;
      this.underWay = null;
      this.start();
    };
    setImmediate(() => {
      group.push(...this.waiting.splice(0, membersMax).filter(isWaitedFor));
      const timer = setTimeout(goOn, patienceMs);
      void this.commitAll(group).finally(() => {
        clearTimeout(timer);
        goOn();
      });
    });
  }

  private async commitAll(group: readonly Member[], tries = 1): Promise<void> {
    if (group.length === 0) return;
    const last = await lastWritesOf(group);
    try {
      await this.send([{ statement: breakUp, values: [] }, ...group.flatMap(({ writes }) => writes), ...last]);
    } catch (error) {
      // Whether it was committed is not known when the connection was lost; after all else it was not.
      if (isConnectionLoss(error)) for (const { reject } of group) reject(error);
      else
        await this.breakUp(group, tries, error, error instanceof Broken ? ownersOf(error.at - 1, group, last) : group);
      return;
    }
    for (const { resolve } of group) resolve();
  }

  /** The others go first: what they commit may be what those failed of. */
  private async breakUp(group: readonly Member[], tries: number, error: unknown, of: readonly Member[]): Promise<void> {
    const isLocked = error instanceof Broken && codeOf(error.cause) === lockNotAvailable;
    const others = group.filter((member) => !of.includes(member));
    if (isLocked && this.goApart !== null) for (const member of of) this.goApart(member);
    if (tries < triesMax) await this.commitAll(others, tries + 1);
    else for (const member of others) this.commitAlone(member).then(member.resolve, member.reject);
    if (isLocked && this.goApart !== null) return;
    for (const member of of) this.commitAlone(member).then(member.resolve, member.reject);
  }

  private async commitAlone(member: Member): Promise<void> {
    try {
      await this.send([...member.writes, ...(await lastWritesOf([member]))]);
    } catch (error) {
      throw error instanceof Broken ? error.cause : error;
    }
  }

  /** @throws Broken */
  private async send(writes: readonly Write[]): Promise<void> {
    const tx = new OpenTransaction(await this.lend());
    for (const write of writes) tx.write(write);
    try {
      await tx.commit();
    } catch (error) {
      // The first is `begin`.
      throw tx.failedAt === null || isConnectionLoss(error) ? error : new Broken(tx.failedAt - 1, error);
    }
  }
}

/** Of the writes that were sent, the one at this place failed. */
class Broken extends Error {
  constructor(
    readonly at: number,
    cause: unknown,
  ) {
    super('a write failed', { cause });
  }
}

const lockNotAvailable = '55P03';
const codeOf = (thrown: unknown) => (thrown as { code?: unknown } | null)?.code;

function isWaitedFor({ committer, reject }: Member): boolean {
  try {
    committer.check();
    return true;
  } catch (error) {
    reject(error);
    return false;
  }
}

/** Of which members of a group the write at this place is; `last` are those behind their own. */
function ownersOf(at: number, group: readonly Member[], last: readonly Write[]): readonly Member[] {
  let before = 0;
  for (const member of group) {
    before += member.writes.length;
    if (at < before) return [member];
  }
  const { statement, values } = last[at - before] ?? {};
  const key = JSON.stringify(values?.slice(0, -1));
  const owners = group.filter(({ increments }) =>
    increments.some((one) => one.counter.text === statement?.text && JSON.stringify(one.key) === key),
  );
  // What is no counter's was appended for all.
  return owners.length > 0 ? owners : group;
}

/**
 * Counters at the very end, since their rows are locked from there to the commit, and in one order for everybody, so that
 * no two transactions wait for each other.
 */
export async function lastWritesOf(transactions: readonly LastWrites[]): Promise<Write[]> {
  const rows = new Map<Appender<unknown>, unknown[]>();
  const counters = new Map<string, Increment>();
  for (const { appended, increments } of transactions) {
    for (const [appender, items] of appended) rows.set(appender, [...(rows.get(appender) ?? []), ...items]);
    for (const increment of increments) {
      const id = `${increment.counter.name} ${JSON.stringify(increment.key)}`;
      counters.set(id, { ...increment, by: increment.by + (counters.get(id)?.by ?? 0) });
    }
  }
  const inserts = await Promise.all([...rows].map(async ([appender, items]) => await appender.writesOf(items)));
  const additions = [...counters]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { counter, key, by, explain }]) => ({ statement: counter, values: [...key, by], explain }));
  return [...inserts.flat(), ...additions];
}
