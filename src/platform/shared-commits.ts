import type { Pool } from 'pg';
import { isConnectionLoss } from './errors.js';
import { OpenTransaction, type Write } from './open-transaction.js';
import type { Statement } from './database.js';

/** Adds to a row that many transactions add to; `counter` takes the key's values and then the number. */
export interface Increment {
  counter: Statement<object>;
  key: readonly unknown[];
  by: number;
  explain?: ((error: unknown) => unknown) | undefined;
}

/** All that a transaction comes to that has read nothing. */
export interface Writes {
  writes: readonly Write[];
  increments: readonly Increment[];
}

interface Member extends Writes {
  resolve: () => void;
  reject: (error: unknown) => void;
}

const membersMax = 64;
/** A group that takes longer waits for somebody's lock, and is no longer waited for. */
const patienceMs = 20;

/**
 * Transactions that only write and that come while others are committed go together in the next one: one flush, one
 * process woken, and one lock of each counter for all of them. It costs PostgreSQL a third of what a transaction each
 * does, and the counter of a busy bot is no queue any more (`bench/graphql`). One that fails fails nobody else:
 * then each of its group goes alone.
 */
export class SharedCommits {
  private waiting: Member[] = [];
  private underWay = 0;
  private starting = false;

  constructor(private readonly pool: () => Pool) {}

  /** Resolves once they are committed; `explain` of what failed says what is thrown. */
  async commit(writes: Writes): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.waiting.push({ ...writes, resolve, reject });
      this.start();
    });
  }

  /** Once all that came in with it has been read too. */
  private start(): void {
    if (this.starting || this.underWay > 0 || this.waiting.length === 0) return;
    this.starting = true;
    setImmediate(() => {
      this.starting = false;
      const group = this.waiting.splice(0, membersMax);
      this.underWay += 1;
      let isWaitedFor = true;
      const goOn = () => {
        if (!isWaitedFor) return;
        isWaitedFor = false;
        this.underWay -= 1;
        this.start();
      };
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
      // Whether it was committed is not known.
      if (group.length === 1 || isConnectionLoss(error)) for (const { reject } of group) reject(error);
      else for (const member of group) this.commitTogether([member]).then(member.resolve, member.reject);
      return;
    }
    for (const { resolve } of group) resolve();
  }

  private async commitTogether(group: readonly Member[]): Promise<void> {
    const tx = await OpenTransaction.on(this.pool());
    for (const { writes } of group) for (const write of writes) tx.write(write);
    for (const write of countersLast(group.flatMap(({ increments }) => increments))) tx.write(write);
    await tx.commit();
  }
}

/**
 * Last, since their rows are locked from there to the commit, and in one order for everybody, so that no two transactions
 * wait for each other.
 */
export function countersLast(increments: readonly Increment[]): Write[] {
  const summed = new Map<string, Increment>();
  for (const increment of increments) {
    const id = `${increment.counter.name} ${JSON.stringify(increment.key)}`;
    summed.set(id, { ...increment, by: increment.by + (summed.get(id)?.by ?? 0) });
  }
  return [...summed]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { counter, key, by, explain }]) => ({ statement: counter, values: [...key, by], explain }));
}
