/**
 * One file because a group that is formed, sent, broken up and tried again is one state, which each of these steps
 * leaves to the next.
 */
import { LRUCache } from 'lru-cache';
import type { Lent } from './connections.js';
import { errorCode, isConnectionLoss } from '../errors.js';
import { commitMsMax, OpenTransaction } from './open-transaction.js';
import type { Statement, Write } from './statement.js';

/** Inserts rows of one kind, together for all transactions that share a commit. */
export interface Appender<Item> {
  writesOf: (items: readonly Item[]) => Promise<Write[]>;
}

/** Adds to a row to which many transactions add; `counter` takes the values of `key` and then the number. */
export interface Increment {
  counter: Statement<object>;
  key: readonly unknown[];
  by: number;
  explain?: ((error: unknown) => unknown) | undefined;
}

/** What a transaction sends last, in whichever order it was asked for. */
export interface LastWrites {
  appended: ReadonlyMap<Appender<unknown>, readonly unknown[]>;
  increments: readonly Increment[];
}

/** Everything that a transaction which has read nothing sends. */
export interface Writes extends LastWrites {
  writes: readonly Write[];
}

/** On whose behalf a transaction commits; the workspace is '' where no request asked for it. */
export interface Committer {
  workspaceId: string;
  /** @throws when nobody waits for the transaction any more */
  check: () => void;
}

interface Member extends Writes {
  committer: Committer;
  resolve: () => void;
  reject: (error: unknown) => void;
}

const membersMax = 64;
/** A group that takes longer may be waiting for a lock: the next group then starts beside it. */
const patienceMs = 20;
/** A group that has waited for a lock for so long breaks up, for the sake of its members that do not need the lock. */
const breakUp: Statement<object> = { name: 'break up', text: "set local lock_timeout = '50ms'", isPipelined: false };
/** A workspace whose transaction waited for a lock commits in groups of its own for so long. */
const apartMs = 10_000;
const apartMax = 10_000;
const charactersMax = 65_536;
/** What is left of a group is tried together so often, before each member is tried alone. */
const triesMax = 4;

/**
 * Commits transactions that only write in groups: those that come while a group is being committed form the next one. A
 * group costs one flush, one wake-up of a process and one lock of each counter. Eight transactions together cost
 * PostgreSQL a third of what eight cost by themselves, and the counter of a busy bot is no queue any more (`bench/rest`).
 * A member that makes its group fail, or wait for a lock, is tried alone, so that no other member fails for it. After a
 * wait for a lock, the member's workspace commits in groups of its own for a while, so that one workspace's locks do not
 * hold up the others' commits time and again.
 */
export class GroupCommit {
  private readonly all: Groups;
  private readonly ofWorkspaces = new Map<string, Groups>();
  /** Workspaces that commit in groups of their own for now. */
  private readonly apart = new LRUCache<string, true>({ max: apartMax, ttl: apartMs });

  /** @param lend gives a connection for a group of all workspaces (null), or of one */
  constructor(private readonly lend: (workspaceId: string | null) => Promise<Lent>) {
    this.all = new Groups(
      async () => await lend(null),
      (member) => this.goApart(member),
    );
  }

  /** Resolves once the writes are committed; throws what a failed write's `explain` makes of its error. */
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

/** Commits one group after the other. */
class Groups {
  private waiting: Member[] = [];
  /** The group that the next one waits for. */
  private underWay: readonly Member[] | null = null;

  constructor(
    private readonly lend: () => Promise<Lent>,
    /** Is given a member whose lock the group waited for; null: such a member is tried alone here. */
    private readonly goApart: ((member: Member) => void) | null,
    private readonly whenIdle = () => {},
  ) {}

  add(member: Member): void {
    this.waiting.push(member);
    this.start();
  }

  /** Starts the next group, once the event loop has read everything that came in the same turn. */
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
      // After a lost connection nobody knows whether the group was committed; after any other error it was not.
      if (isConnectionLoss(error)) for (const { reject } of group) reject(error);
      else
        await this.breakUp(group, tries, error, error instanceof Broken ? ownersOf(error.at - 1, group, last) : group);
      return;
    }
    for (const { resolve } of group) resolve();
  }

  /** The other members go first: what they commit may be the reason why these failed. */
  private async breakUp(group: readonly Member[], tries: number, error: unknown, of: readonly Member[]): Promise<void> {
    const isLocked = error instanceof Broken && errorCode(error.cause) === lockNotAvailable;
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
      await tx.commit(commitMsMax);
    } catch (error) {
      // `failedAt` counts `begin` as the first write.
      throw tx.failedAt === null || isConnectionLoss(error) ? error : new Broken(tx.failedAt - 1, error);
    }
  }
}

/** The write at this place among those that were sent failed. */
class Broken extends Error {
  constructor(
    readonly at: number,
    cause: unknown,
  ) {
    super('a write failed', { cause });
  }
}

const lockNotAvailable = '55P03';

function isWaitedFor({ committer, reject }: Member): boolean {
  try {
    committer.check();
    return true;
  } catch (error) {
    reject(error);
    return false;
  }
}

/** The members of a group whose write is at this place; `last` are the writes behind all members' own. */
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
  // A write of `last` that is no counter's was appended for all members.
  return owners.length > 0 ? owners : group;
}

/**
 * Appended rows, and then the counters: their rows are locked from there to the commit, so they come at the very end, in
 * an order that is the same for everybody, so that no two transactions wait for each other.
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
