import type { PoolClient, QueryResult } from 'pg';
import { within } from '../async/deadline.js';
import type { Lent } from './connections.js';
import { failUnknown } from './database-client.js';
import { socketOf } from './driver-internals.js';
import type { Statement, Write } from './statement.js';
import { Reading, runQuery } from './run-query.js';

const begin: Statement<object> = { name: 'begin', text: 'begin', isPipelined: false };

/** For so long a request waits for a commit, which itself may wait for a standby without end. */
export const commitMsMax = 10_000;

/** A transaction on a connection of its own; it begins at once, and gives the connection back when it ends. */
export class OpenTransaction {
  private readonly sent: Promise<unknown>[] = [];
  /** The place of the first write that failed, `begin` being at 0; null when none did. */
  failedAt: number | null = null;
  constructor(private readonly lent: Lent) {
    this.write({ statement: begin, values: [] });
  }

  get client(): PoolClient {
    return this.lent.client;
  }

  async query<Row extends object>({ name, text }: Statement<Row>, values: unknown[]): Promise<Row[]> {
    const { account } = this.lent;
    account?.check();
    this.gather();
    const { rows } = await runQuery<Row>(this.client, new Reading({ name, text, values }, account, false));
    account?.check();
    return rows;
  }

  async allow(statementMsMax: number): Promise<void> {
    await this.lent.allow(statementMsMax);
  }

  write({ statement: { name, text }, values, explain }: Write): void {
    this.gather();
    const answer = runQuery(this.client, { name, text, values }).catch((error: unknown) => {
      throw explain?.(error) ?? error;
    });
    // The rejection is looked at when the transaction ends.
    answer.catch(() => undefined);
    this.sent.push(answer);
  }

  /**
   * A commit may wait for a standby. The caller waits no longer than this; the connection waits on, and is nobody else's
   * until the commit has ended.
   * @throws the first error of a write, and then nothing was committed; or that nobody knows whether it was
   */
  async commit(waitMsMax = Infinity): Promise<void> {
    try {
      this.lent.account?.check();
    } catch (refusal) {
      this.lent.giveBack();
      throw refusal;
    }
    this.lent.keep();
    this.gather();
    const ended = this.endOf(runQuery(this.client, { text: 'commit' }));
    try {
      await (waitMsMax === Infinity ? ended : within(waitMsMax, ended, failUnknown));
    } catch (error) {
      throw this.why(error);
    }
  }

  private async endOf(commit: Promise<QueryResult>): Promise<void> {
    try {
      const [ended, ...writes] = await Promise.allSettled([commit, ...this.sent]);
      const at = writes.findIndex(({ status }) => status === 'rejected');
      if (at !== -1) this.failedAt = at;
      const failed = writes[at] ?? ended;
      if (failed.status === 'rejected') throw failed.reason;
      if ((await commit).command !== 'COMMIT') throw new Error('PostgreSQL rolled the transaction back');
    } finally {
      this.lent.giveBack();
    }
  }

  /** @returns the first error: a read may have failed only because a write before it had */
  async rollback(met: unknown): Promise<unknown> {
    try {
      const [, ...writes] = await Promise.allSettled([runQuery(this.client, { text: 'rollback' }), ...this.sent]);
      const failed = writes.find(({ status }) => status === 'rejected');
      return this.why(failed?.status === 'rejected' ? failed.reason : met);
    } finally {
      this.lent.giveBack();
    }
  }

  /** The reason of the refusal, where the request was refused: its abandoned connection says only that it is gone. */
  private why(error: unknown): unknown {
    return this.lent.account?.refusal ?? error;
  }

  /** Statements sent in the same turn of the event loop leave in one packet: a system call costs more than most of them. */
  private gather(): void {
    const socket = socketOf(this.client);
    if (socket.writableCorked > 0) return;
    socket.cork();
    process.nextTick(() => socket.uncork());
  }
}
