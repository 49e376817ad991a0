import type { Pool } from 'pg';
import { PgBoss, type Job } from 'pg-boss';
import type { Database, Tx } from './database.js';
import { prepared, type Statement } from './statement.js';
import { errorFields, type Log } from '../log.js';
import type { Write } from './statement.js';

export interface Queue {
  name: string;
  /** How often a job whose handler throws is tried again. */
  retryLimit?: number;
  retryDelaySeconds?: number;
  /** How long a job may run before another process takes it. */
  expireInSeconds?: number;
  /** How long a finished job stays for whoever looks; an hour unless said otherwise. */
  keptSeconds?: number;
}

export interface NewJob {
  data: object;
  startAfter?: Date;
  /** Jobs with a lower number wait behind all others that are due; 0 unless said otherwise. */
  priority?: number;
  /** Whose job it is, where a queue is worked with a bound for each group. */
  group?: { id: string };
}

export interface GroupWork {
  batchSize: number;
  /** So many batches are worked beside each other, so that a job which takes long holds up one of them alone. */
  batchesAtOnce: number;
  /** So many jobs of a group are worked at once, over all processes. */
  groupConcurrency: number;
}

/** Jobs that commit with the change which asks for them: pg-boss, on a pool of its own. */
export class Jobs {
  private readonly boss: PgBoss;
  private readonly pool: Pool;

  constructor(
    database: Database,
    private readonly log: Log,
    role: { works: boolean },
  ) {
    this.pool = database.jobsPool();
    this.boss = new PgBoss({
      db: { executeSql: async (text, values) => await this.pool.query(text, values) },
      // Its spans would have nobody to go to: our tracing keeps its provider to itself.
      openTelemetry: { enabled: false },
      supervise: role.works,
      schedule: role.works,
      maintenanceIntervalSeconds: 300,
      // A claimed cron slot is looked up this often; schedules here are hourly or daily.
      cronMonitorIntervalSeconds: 30,
    });
    this.boss.on('error', (error) => this.log.error({ error: errorFields(error) }, 'jobs failed'));
  }

  /** Creates pg-boss's own tables and the queues; safe to call from several processes at once. */
  async start(queues: readonly Queue[]): Promise<void> {
    await this.boss.start();
    for (const queue of queues) {
      const options = {
        retryLimit: queue.retryLimit ?? 5,
        retryDelay: queue.retryDelaySeconds ?? 5,
        retryBackoff: true,
        expireInSeconds: queue.expireInSeconds ?? 300,
        deleteAfterSeconds: queue.keptSeconds ?? 3_600,
      };
      if ((await this.boss.getQueue(queue.name)) === null) await this.boss.createQueue(queue.name, options);
      else await this.boss.updateQueue(queue.name, options);
    }
  }

  /** Finishes the jobs in hand within `timeoutMs`; jobs that take longer go back to their queue. */
  async stop(timeoutMs: number): Promise<void> {
    await this.boss.stop({ graceful: true, timeout: timeoutMs, close: false });
  }

  /** One statement however many jobs; they exist if and when `tx` commits. */
  async enqueue(tx: Tx, queue: string, jobs: readonly NewJob[]): Promise<void> {
    if (jobs.length === 0) return;
    for (const { statement, values } of await this.insertion(queue, jobs)) tx.write(statement, values);
  }

  /** The write that adds jobs to a queue. */
  async insertion(queue: string, jobs: readonly NewJob[]): Promise<Write[]> {
    const writes: Write[] = [];
    const executeSql = async (text: string, values: unknown[] = []) => {
      writes.push({ statement: statementOf(text), values });
      return { rows: [] };
    };
    await this.boss.insert(queue, [...jobs], { db: { executeSql } });
    return writes;
  }

  /** Works a queue: `handle` gets what is due, at most `batchSize` at once. Returns how to take no more. */
  async work<T extends object>(
    queue: string,
    options: { batchSize?: number; pollingIntervalSeconds?: number },
    handle: (jobs: Job<T>[]) => Promise<void>,
  ): Promise<() => void> {
    const id = await this.boss.work<T>(
      queue,
      { batchSize: options.batchSize ?? 1, pollingIntervalSeconds: options.pollingIntervalSeconds ?? 2 },
      handle,
    );
    return () => void this.boss.offWork(queue, { id, wait: false });
  }

  /**
   * Works a queue of which no group may take all: a group with many jobs leaves room for the others. After a batch it
   * looks for more without a pause.
   * @returns how to look at once, instead of at the next look two seconds later
   */
  async workGroups<T extends object>(
    queue: string,
    { batchSize, batchesAtOnce, groupConcurrency }: GroupWork,
    handle: (jobs: Job<T>[]) => Promise<void>,
  ): Promise<() => void> {
    const ids: string[] = [];
    const wake = (id: string | undefined) => {
      if (id !== undefined) this.boss.notifyWorker(id);
    };
    for (let number = 0; number < batchesAtOnce; number += 1) {
      const work = async (jobs: Job<T>[]) => {
        await handle(jobs);
        wake(ids[number]);
      };
      ids.push(await this.boss.work<T>(queue, { batchSize, groupConcurrency, pollingIntervalSeconds: 2 }, work));
    }
    return () => ids.forEach(wake);
  }

  /** Runs `queue`'s job by the clock (UTC, five cron fields), once over all processes. */
  async schedule(queue: string, cron: string): Promise<void> {
    await this.boss.schedule(queue, cron);
  }
}

/** pg-boss's own texts, of a few KB each and always the same: they are prepared once a connection. */
const statements = new Map<string, Statement<object>>();

function statementOf(text: string): Statement<object> {
  const statement = statements.get(text) ?? prepared(text);
  statements.set(text, statement);
  return statement;
}
