import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { DatabaseClient } from '../../platform/postgres/database-client.js';
import { errorFields, type Log } from '../../platform/log.js';
import { workerLockClass } from '../store/live-workers.js';

const leaseSeconds = 10;
const leaseMs = leaseSeconds * 1_000;
const renewalMs = 3_000;
const reconnectDelayMsMax = 2_000;

/** Shows that a worker lives: a lease, which it renews, and the lock of a session of its own. */
export class WorkerLease {
  private client: Client | null = null;
  private renewal: NodeJS.Timeout | null = null;
  private stopped = false;
  private current: number | null = null;
  /** In `performance.now()`: counted from before it was asked for, so that it ends here before it does for others. */
  private leasedUntil = 0;
  /** Whose renewal has not been answered yet. */
  private asking: Client | null = null;

  constructor(
    private readonly connectionString: string,
    private readonly log: Log,
    private readonly listener: {
      /** Also after a loss, under another id. */
      taken: (id: number) => void;
      lost: () => void;
    },
  ) {}

  /** Null while it is lost, or may be: whatever this worker held may be another's by now. */
  get id(): number | null {
    return this.isOver() ? null : this.current;
  }

  async take(): Promise<void> {
    const client = new DatabaseClient({
      connectionString: this.connectionString,
      application_name: 'iozen webhooks',
      keepAlive: true,
      connectionTimeoutMillis: 5_000,
    });
    client.on('error', (error) => this.lose(client, error));
    client.on('end', () => this.lose(client, null));
    await client.connect();
    try {
      // Leases of the dead are of no use once nobody would ask for them.
      await client.query(`delete from webhook_workers where leased_until < now() - interval '1 hour'`);
      const askedAt = performance.now();
      const { rows } = await client.query<{ id: number }>(
        `insert into webhook_workers (leased_until) values (now() + interval '${leaseSeconds} seconds') returning id`,
      );
      const id = rows[0]?.id ?? 0;
      await client.query('select pg_advisory_lock($1, $2)', [workerLockClass, id]);
      if (this.stopped) throw new Error('the worker left while it took a lease');
      this.client = client;
      this.current = id;
      this.leasedUntil = askedAt + leaseMs;
      this.renewal = setInterval(() => void this.renew(client, id), renewalMs);
      this.listener.taken(id);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
  }

  async leave(): Promise<void> {
    this.stopped = true;
    if (this.renewal !== null) clearInterval(this.renewal);
    const { client, current } = this;
    this.client = null;
    this.current = null;
    if (client === null) return;
    await client.query('delete from webhook_workers where id = $1', [current]).catch(() => undefined);
    await client.end().catch(() => undefined);
  }

  private async renew(client: Client, id: number): Promise<void> {
    const askedAt = performance.now();
    try {
      // Without an answer, or while this process slept.
      if (this.isOver()) throw new Error('the lease ran out');
      if (this.asking === client) return;
      this.asking = client;
      const { rowCount } = await client.query(
        `update webhook_workers set leased_until = now() + interval '${leaseSeconds} seconds'
         where id = $1 and leased_until > now()`,
        [id],
      );
      if (rowCount === 0 || this.isOver()) throw new Error('the lease ran out');
      if (this.client === client) this.leasedUntil = askedAt + leaseMs;
      if (this.asking === client) this.asking = null;
    } catch (error) {
      this.lose(client, error);
    }
  }

  private isOver(): boolean {
    return performance.now() >= this.leasedUntil;
  }

  private lose(client: Client, error: unknown): void {
    if (this.client !== client || this.stopped) return;
    this.client = null;
    this.current = null;
    if (this.renewal !== null) clearInterval(this.renewal);
    this.log.warn({ error: error === null ? null : errorFields(error) }, 'the webhook worker lost its lease');
    client.end().catch(() => undefined);
    this.listener.lost();
    void this.takeAgain();
  }

  private async takeAgain(): Promise<void> {
    for (let delayMs = 50; !this.stopped; delayMs = Math.min(delayMs * 2, reconnectDelayMsMax)) {
      try {
        return await this.take();
      } catch {
        await sleep(delayMs);
      }
    }
  }
}
