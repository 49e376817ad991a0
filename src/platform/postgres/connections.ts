import type { Pool, PoolClient } from 'pg';
import type { DatabaseClient } from './database-client.js';
import { socketOf } from './driver-internals.js';
import { serviceUnavailable } from '../errors.js';
import type { Abandonable, WorkAccount } from '../work/work-account.js';
import type { WorkspaceShares } from '../work/workspace-shares.js';

/** What a connection is lent for. */
export interface Purpose {
  /** The account of the request that the connection is for; null where no request asked. */
  account: WorkAccount | null;
  /** The workspace, or the stranger's network, whose share it takes from. */
  workspaceId: string;
  onlyReads: boolean;
}

/** Lends the connections of a pool, each to one borrower at a time; with shares, each workspace gets no more than its own. */
export class Connections {
  constructor(
    readonly pool: Pool,
    private readonly shares: WorkspaceShares | null,
    /** Ends the statement that a backend of PostgreSQL's is working at. */
    private readonly cancel: (processId: number) => void,
  ) {}

  async lend({ account, workspaceId, onlyReads }: Purpose): Promise<Lent> {
    // A read beside a transaction of the same request takes no second place in the share: two requests that each wait for a
    // second place would wait for each other.
    const isBeside = onlyReads && account !== null && account.transactions > 0;
    const shares = isBeside ? null : this.shares;
    const wait = shares?.enter(workspaceId, account, onlyReads) ?? null;
    if (wait !== null) await wait;
    let client: PoolClient;
    try {
      client = await this.pool.connect();
    } catch (error) {
      shares?.leave(workspaceId);
      throw error;
    }
    return new Lent(client, { account, workspaceId, onlyReads }, shares, this.cancel);
  }
}

/** A connection that is lent until it is given back. One that was abandoned is closed: nobody waits for its statement. */
export class Lent implements Abandonable {
  readonly account: WorkAccount | null;
  readonly onlyReads: boolean;
  private readonly workspaceId: string;
  /** Why the connection is not used again; a statement under way on it fails by itself. */
  private broken: Error | undefined;
  private isAbandonable = true;
  /** The client's own bound, to be put back after `allow`. */
  private silentMsMax: number | null = null;
  /** A bound method: a function literal here would keep everything of a transaction alive for long, see `runQuery`. */
  private readonly onError = this.breaks.bind(this);

  constructor(
    readonly client: PoolClient,
    { account, workspaceId, onlyReads }: Purpose,
    private readonly shares: WorkspaceShares | null,
    private readonly cancel: (processId: number) => void,
  ) {
    this.account = account;
    this.workspaceId = workspaceId;
    this.onlyReads = onlyReads;
    client.on('error', this.onError);
    account?.begin(this);
    if (!onlyReads && account !== null) account.transactions += 1;
    // The caller may have left while the connection was waited for.
    if (account?.refusal) this.abandon();
  }

  /** Ends the statement under way: for this process at once, for PostgreSQL as soon as the cancel reaches it. */
  abandon(): void {
    if (!this.isAbandonable || this.broken !== undefined) return;
    this.broken = this.account?.refusal ?? serviceUnavailable({ cause: 'nobody waits for it' });
    const { processID } = this.client as unknown as DatabaseClient;
    socketOf(this.client).destroy();
    if (processID !== null) this.cancel(processID);
  }

  /** From here on each statement of the transaction may take so long. */
  async allow(statementMsMax: number): Promise<void> {
    const client = this.client as unknown as DatabaseClient;
    this.silentMsMax ??= client.silentMsMax;
    client.silentMsMax = statementMsMax + this.silentMsMax;
    await client.query(`set local statement_timeout = ${statementMsMax}`);
  }

  /** From here on (a commit is under way) a caller who leaves ends nothing. */
  keep(): void {
    this.isAbandonable = false;
  }

  giveBack(): void {
    const { client, account } = this;
    account?.end(this);
    if (!this.onlyReads && account !== null) account.transactions -= 1;
    if (this.silentMsMax !== null) (client as unknown as DatabaseClient).silentMsMax = this.silentMsMax;
    client.removeListener('error', this.onError);
    client.release(this.broken);
    this.shares?.leave(this.workspaceId);
  }

  private breaks(error: Error): void {
    this.broken ??= error;
  }
}
