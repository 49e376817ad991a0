import type { Pool } from 'pg';
import type { Statement } from './database.js';
import { isConnectionLoss } from './errors.js';
import { OpenTransaction, type Write } from './open-transaction.js';

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

interface Member extends Writes {
  resolve: () => void;
  reject: (error: unknown) => void;
}

const membersMax = 64;
/** A group that takes longer waits for somebody's lock perhaps, and the next does not wait for it. */
const patienceMs = 20;
/** It breaks up when it has waited this long for a lock: the others of it have nothing to do with that. */
const breakUp: Statement<object> = { name: 'break up', text: "set local lock_timeout = '100ms'", isBrief: false };

/**
 * Transactions that only write and that come while others are committed go together in the next one: one flush, one
 * process woken, and one lock of each counter for all of them. Eight together cost PostgreSQL a third of what eight do by
 * themselves, and the counter of a busy bot is no queue any more (`bench/rest`). What fails together is tried alone, so
 * that nobody fails for another.
 */
export class SharedCommits {
  private waiting: Member[] = [];
  /** The group that the next one waits for. */
  private underWay: readonly Member[] | null = null;

  constructor(private readonly pool: () => Pool) {}

  /** Resolves once they are committed; `explain` of what failed says what is thrown. */
  async commit({ writes, appended, increments }: Writes): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.waiting.push({ writes, appended, increments, resolve, reject });
      this.start();
    });
  }

  /** Once all that came in with it has been read too. */
  private start(): void {
    if (this.underWay !== null || this.waiting.length === 0) return;
    const group: Member[] = [];
    this.underWay = group;
    const goOn = () => {
      if (this.underWay !== group) return;
      this.underWay = null;
      this.start();
    };
    setImmediate(() => {
      group.push(...this.waiting.splice(0, membersMax));
      const timer = setTimeout(goOn, patienceMs);
      void this.commitAll(group).finally(() => {
        clearTimeout(timer);
        goOn();
      });
    });
  }

  private async commitAll(group: readonly Member[]): Promise<void> {
    try {
      await this.commitTogether(group);
    } catch (error) {
      // Whether it was committed is not known when the connection was lost; after all else it was not.
      if (isConnectionLoss(error)) for (const { reject } of group) reject(error);
      else for (const member of group) this.commitAlone(member).then(member.resolve, member.reject);
      return;
    }
    for (const { resolve } of group) resolve();
  }

  private async commitTogether(group: readonly Member[]): Promise<void> {
    await this.send([
      { statement: breakUp, values: [] },
      ...group.flatMap(({ writes }) => writes),
      ...(await lastWritesOf(group)),
    ]);
  }

  private async commitAlone(member: Member): Promise<void> {
    await this.send([...member.writes, ...(await lastWritesOf([member]))]);
  }

  private async send(writes: readonly Write[]): Promise<void> {
    const tx = await OpenTransaction.on(this.pool());
    for (const write of writes) tx.write(write);
    await tx.commit();
  }
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
