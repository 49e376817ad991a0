import type { Pool, PoolClient } from 'pg';
import type { DatabaseClient } from './database-client.js';
import { socketOf } from './driver-internals.js';
import { serviceUnavailable } from '../errors.js';
import type { Abandonable, WorkAccount } from '../work/work-account.js';
import type { WorkspaceShares } from '../work/workspace-shares.js';

/** What a connection is lent for. */
export interface Purpose {
  /** Null: not for a request. */
  account: WorkAccount | null;
  /** Whose share it is of. */
  workspaceId: string;
  onlyReads: boolean;
}

/** The connections of a pool, lent to one at a time; where there are shares, each workspace has its own. */
export class Connections {
  constructor(
    readonly pool: Pool,
    private readonly shares: WorkspaceShares | null,
    /** Ends what a backend is doing. */
    private readonly cancel: (processId: number) => void,
  ) {}

  async lend({ account, workspaceId, onlyReads }: Purpose): Promise<Lent> {
    // Its share has one for the transaction that it reads beside: two for each could keep each other waiting.
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

/** A connection that is somebody's until it is given back. What was abandoned on it is not waited for: it is closed. */
export class Lent implements Abandonable {
  readonly account: WorkAccount | null;
  readonly onlyReads: boolean;
  private readonly workspaceId: string;
  /** One that broke is not used again; what was under way on it fails by itself. */
  private broken: Error | undefined;
  private isAbandonable = true;
  /** Of the connection, before it was allowed more. */
  private silentMsMax: number | null = null;
  /** Bound, as a function literal here would keep all of a transaction for long: see `runQuery`. */
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
    // The caller may have left while it was waited for.
    if (account?.refusal) this.abandon();
  }

  /** What is under way is over for this process at once, and for PostgreSQL in a moment. */
  abandon(): void {
    if (!this.isAbandonable || this.broken !== undefined) return;
    this.broken = this.account?.refusal ?? serviceUnavailable({ cause: 'nobody waits for it' });
    const { processID } = this.client as unknown as DatabaseClient;
    socketOf(this.client).destroy();
    if (processID !== null) this.cancel(processID);
  }

  /** Each statement of the transaction on it may take so long. */
  async allow(statementMsMax: number): Promise<void> {
    const client = this.client as unknown as DatabaseClient;
    this.silentMsMax ??= client.silentMsMax;
    client.silentMsMax = statementMsMax + this.silentMsMax;
    await client.query(`set local statement_timeout = ${statementMsMax}`);
  }

  /** From here on it ends as it ends, whoever has left. */
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
