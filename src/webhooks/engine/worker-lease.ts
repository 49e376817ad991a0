import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { DatabaseClient } from '../../platform/postgres/database-client.js';
import { errorFields, type Log } from '../../platform/log.js';

/** The first key of the advisory locks by which workers show that they live; the second is the worker's id. */
const lockClass = 1_768_905_582;
const leaseSeconds = 10;
const leaseMs = leaseSeconds * 1_000;
const renewalMs = 3_000;
const reconnectDelayMsMax = 2_000;

/**
 * Ids of workers that live. `kill -9` and a restart of PostgreSQL end the session and with it the lock, so they show at
 * once; a process that hangs or a network that swallows everything shows when the lease runs out.
 */
export const liveWorkers = `
  select w.id from webhook_workers w
  where w.leased_until > now() and exists (
    select from pg_locks l
    where l.locktype = 'advisory' and l.classid = ${lockClass} and l.objid = w.id::oid and l.objsubid = 2
      and l.database = (select oid from pg_database where datname = current_database())
  )
`;

/** A worker's place among the workers, held by a session of its own. */
export class Seat {
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
      // Seats of the dead are of no use once nobody would ask for them.
      await client.query(`delete from webhook_workers where leased_until < now() - interval '1 hour'`);
      const askedAt = performance.now();
      const { rows } = await client.query<{ id: number }>(
        `insert into webhook_workers (leased_until) values (now() + interval '${leaseSeconds} seconds') returning id`,
      );
      const id = rows[0]?.id ?? 0;
      await client.query('select pg_advisory_lock($1, $2)', [lockClass, id]);
      if (this.stopped) throw new Error('the worker left while it took a seat');
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
    this.log.warn({ error: error === null ? null : errorFields(error) }, 'the webhook worker lost its seat');
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
