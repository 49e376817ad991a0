import type { Writable } from 'node:stream';
import type { Pool, PoolClient } from 'pg';
import type { Statement } from './database.js';
import { runQuery } from './run-query.js';

/** A statement whose answer nobody waits for before the commit. */
export interface Write {
  statement: Statement<object>;
  values: unknown[];
  /** May turn PostgreSQL's error into one for the caller. */
  explain?: ((error: unknown) => unknown) | undefined;
}

const begin: Statement<object> = { name: 'begin', text: 'begin', isBrief: false };

/** A transaction on a connection of its own, which is given back when it ends. It begins at once. */
export class OpenTransaction {
  private readonly sent: Promise<unknown>[] = [];
  /** A connection that broke is not used again; what was under way on it fails by itself. */
  private broken: Error | undefined;
  /** Bound, as a function literal here would keep all of a transaction for long: see `runQuery`. */
  private readonly onError = this.breaks.bind(this);

  private constructor(readonly client: PoolClient) {
    client.on('error', this.onError);
    this.write({ statement: begin, values: [] });
  }

  static async on(pool: Pool): Promise<OpenTransaction> {
    return new OpenTransaction(await pool.connect());
  }

  async query<Row extends object>({ name, text }: Statement<Row>, values: unknown[]): Promise<Row[]> {
    this.gather();
    return (await runQuery<Row>(this.client, { name, text, values })).rows;
  }

  write({ statement: { name, text }, values, explain }: Write): void {
    this.gather();
    const answer = runQuery(this.client, { name, text, values }).catch((error: unknown) => {
      throw explain?.(error) ?? error;
    });
    // Looked at when the transaction ends.
    answer.catch(() => undefined);
    this.sent.push(answer);
  }

  /** @throws the first error of a statement that was not waited for; then nothing was committed */
  async commit(): Promise<void> {
    try {
      this.gather();
      const commit = runQuery(this.client, { text: 'commit' });
      const [ended, ...writes] = await Promise.allSettled([commit, ...this.sent]);
      const failed = writes.find(({ status }) => status === 'rejected') ?? ended;
      if (failed.status === 'rejected') throw failed.reason;
      if ((await commit).command !== 'COMMIT') throw new Error('PostgreSQL rolled the transaction back');
    } finally {
      this.giveBack();
    }
  }

  /** What went wrong first: a statement that was waited for may only have met what an earlier one left behind. */
  async rollback(met: unknown): Promise<unknown> {
    try {
      const [, ...writes] = await Promise.allSettled([runQuery(this.client, { text: 'rollback' }), ...this.sent]);
      const failed = writes.find(({ status }) => status === 'rejected');
      return failed?.status === 'rejected' ? failed.reason : met;
    } finally {
      this.giveBack();
    }
  }

  private breaks(error: Error): void {
    this.broken = error;
  }

  private giveBack(): void {
    this.client.removeListener('error', this.onError);
    this.client.release(this.broken);
  }

  /** Statements sent in the same turn of the event loop leave in one packet: a system call costs more than most of them. */
  private gather(): void {
    const { stream } = (this.client as unknown as { connection: { stream: Writable } }).connection;
    if (stream.writableCorked > 0) return;
    stream.cork();
    process.nextTick(() => stream.uncork());
  }
}
