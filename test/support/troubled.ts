import { Database } from '../../src/platform/postgres/database.js';
import type { Statement } from '../../src/platform/postgres/statement.js';
import { Notifications } from '../../src/platform/postgres/notifications.js';

/** Notifications of a process that may die before it tells of a change: topics in `lost` reach nobody. */
export class LossyNotifications extends Notifications {
  readonly lost = new Set<string>();

  override send(topic: string, subject?: string): void {
    if (!this.lost.has(topic)) super.send(topic, subject);
  }
}

type Delay = (when: 'before' | 'after') => Promise<void>;

/** A database that may be slow to begin a statement, or to answer it. */
export class SlowDatabase extends Database {
  private readonly delays = new Map<(text: string) => boolean, Delay>();

  override async query<Row extends object>(statement: Statement<Row>, values?: unknown[]): Promise<Row[]> {
    const delay = [...this.delays].find(([isMeant]) => isMeant(statement.text))?.[1];
    await delay?.('before');
    const rows = await super.query(statement, values);
    await delay?.('after');
    return rows;
  }

  /** Each such statement begins so much later. */
  beginLate(isMeant: (text: string) => boolean, beginAfter: () => Promise<unknown>): void {
    this.delays.set(isMeant, async (when) => {
      if (when === 'before') await beginAfter();
    });
  }

  /** The next such statement runs, which resolves `read`, and is answered once `answer` is called. */
  answerLate(isMeant: (text: string) => boolean): { read: Promise<void>; answer: () => void } {
    const read = Promise.withResolvers<void>();
    const late = Promise.withResolvers<void>();
    this.delays.set(isMeant, async (when) => {
      if (when === 'before') {
        this.delays.delete(isMeant);
      } else {
        read.resolve();
        await late.promise;
      }
    });
    return { read: read.promise, answer: () => late.resolve() };
  }
}
