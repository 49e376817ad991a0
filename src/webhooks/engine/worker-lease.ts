import { errorFields, type Log } from '../../platform/log.js';
import type { DatabaseClient } from '../../platform/postgres/database-client.js';
import { ReconnectingClient } from '../../platform/postgres/reconnecting-client.js';
import { leaseSeconds, workerLockClass } from '../store/live-workers.js';

const leaseMs = leaseSeconds * 1_000;
const renewalMs = 3_000;

/** Shows that a worker lives: a lease, which it renews, and an advisory lock of a session of its own. */
export class WorkerLease {
  private readonly client: ReconnectingClient<number>;
  private current: number | null = null;
  /** In `performance.now()`: counted from before it was asked for, so that it ends here before it does for others. */
  private leasedUntil = 0;

  constructor(
    connectionString: string,
    log: Log,
    private readonly listener: {
      /** Also after a loss, under another id. */
      taken: (workerId: number) => void;
      lost: () => void;
      /** How many endpoints are behind, for the other workers. */
      behind: () => number;
      /** The time of a lease that was lost has run out: from now on others take what may not be sent to twice at once. */
      over: () => void;
    },
  ) {
    this.client = new ReconnectingClient<number>({
      config: {
        connectionString,
        application_name: 'iozen webhooks',
        keepAlive: true,
        connectionTimeoutMillis: 5_000,
      },
      open: async (client) => await this.insert(client),
      reopened: (workerId) => this.listener.taken(workerId),
      lost: (error) => {
        this.current = null;
        log.warn({ error: error === null ? null : errorFields(error) }, 'the webhook worker lost its lease');
        this.listener.lost();
        setTimeout(() => this.listener.over(), Math.max(0, this.leasedUntil - performance.now())).unref();
      },
      beat: async (client) => await this.renew(client),
      beatMs: renewalMs,
      // An answer that comes later finds the lease over.
      answerMsMax: leaseMs - renewalMs,
      firstDelayMs: 50,
      delayMsMax: 2_000,
    });
  }

  /** Null while the lease is lost, or may be: whatever this worker owned may be another's by now. */
  get id(): number | null {
    return this.isOver() ? null : this.current;
  }

  async take(): Promise<void> {
    this.listener.taken(await this.client.connect());
  }

  async leave(): Promise<void> {
    const { current } = this;
    this.current = null;
    await this.client.close(
      async (client) => await client.query('delete from webhook_workers where id = $1', [current]),
    );
  }

  private async insert(client: DatabaseClient): Promise<number> {
    // Leases of the dead are of no use once nobody would ask for them.
    await client.query(`delete from webhook_workers where leased_until < now() - interval '1 hour'`);
    const askedAt = performance.now();
    const { rows } = await client.query<{ id: number }>(
      `insert into webhook_workers (leased_until, behind) values (now() + interval '${leaseSeconds} seconds', 0)
       returning id`,
    );
    const id = rows[0]?.id ?? 0;
    await client.query('select pg_advisory_lock($1, $2)', [workerLockClass, id]);
    this.current = id;
    this.leasedUntil = askedAt + leaseMs;
    return id;
  }

  private async renew(client: DatabaseClient): Promise<void> {
    // Where this process slept, others have taken what it owned.
    if (this.isOver()) throw new Error('the lease ran out');
    const askedAt = performance.now();
    const { rowCount } = await client.query(
      `update webhook_workers set leased_until = now() + interval '${leaseSeconds} seconds', behind = $2
       where id = $1 and leased_until > now()`,
      [this.current, this.listener.behind()],
    );
    if (rowCount === 0 || this.isOver()) throw new Error('the lease ran out');
    this.leasedUntil = askedAt + leaseMs;
  }

  private isOver(): boolean {
    return performance.now() >= this.leasedUntil;
  }
}
