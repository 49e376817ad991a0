import type { Database } from '../platform/postgres/database.js';
import { dayMs, nowMs } from '../platform/clock.js';
import type { Jobs, Queue } from '../platform/postgres/jobs.js';
import { errorFields, type Log } from '../platform/log.js';
import type { Notifications } from '../platform/postgres/notifications.js';
import { prepared } from '../platform/postgres/statement.js';
import { originKeptMs } from './completions.js';
import {
  conversionQueue,
  conversionQueues,
  keys,
  resumeQueue,
  type ConversionJob,
  type ConversionKey,
  type OpenConversions,
  type ResumeJob,
} from './open-conversions.js';
import { platforms } from './platforms/platforms.js';
import { inFlightMax, type ConversionSender } from './sender.js';
import { conversionsDue } from './topics.js';

const choresQueue: Queue = { name: 'conversions-chores' };
const choresCron = '* * * * *';

export const allConversionQueues: readonly Queue[] = [...conversionQueues, choresQueue];

/** Of one platform in one process: two batches, so that a request which takes long does not hold up all others. */
const batch = { batchSize: 8, batchesAtOnce: 2, groupConcurrency: inFlightMax };
/** Whoever is so late was left by its process, or its job was lost. */
const overdueMs = 60_000;
const endedKeptMs = 30 * dayMs;
const chunkRows = 1_000;

const expireHeld = prepared<ConversionKey>(`
  update conversions set snapshot = null, updated_at = $3, ended_at = $3,
    status = case when reference is null then 'EXPIRED' else 'DELIVERED' end,
    reason = case when reference is null then null else 'unconfirmed' end
  where id in (
    select id from conversions where platform = $1 and occurred_at < $2 and status = 'HELD' limit ${chunkRows}
    for no key update skip locked
  ) returning ${keys}
`);
const blankRejected = prepared<{ id: string }>(`
  update conversions set snapshot = null, updated_at = $3 where id in (
    select id from conversions
    where platform = $1 and occurred_at < $2 and status = 'REJECTED' and snapshot is not null limit ${chunkRows}
    for no key update skip locked
  ) returning id
`);
const forgetEnded = prepared<{ id: string }>(`
  delete from conversions where id in (
    select id from conversions where ended_at < $1 limit ${chunkRows} for update skip locked
  ) returning id
`);
const forgetOrigins = prepared('delete from conversion_origins where created_at < $1');

export interface ConversionWorkerParts {
  database: Database;
  jobs: Jobs;
  notifications: Notifications;
  open: OpenConversions;
  sender: ConversionSender;
  log: Log;
  /** Unix milliseconds. */
  now?: () => number;
}

/** Works the jobs of conversions, and does once a minute what no job asks for. */
export class ConversionWorker {
  private readonly now: () => number;

  constructor(private readonly parts: ConversionWorkerParts) {
    this.now = parts.now ?? nowMs;
  }

  async start(): Promise<void> {
    const { jobs, notifications, open } = this.parts;
    const wake = new Map<string, () => void>();
    for (const { name } of platforms) {
      const handle = async (some: readonly { data: ConversionJob }[]) => await this.try(some.map(({ data }) => data));
      wake.set(name, await jobs.workGroups<ConversionJob>(conversionQueue(name), batch, handle));
    }
    notifications.on(conversionsDue, (names) => {
      for (const name of names) wake.get(name)?.();
    });
    await jobs.work<ResumeJob>(resumeQueue, {}, async (some) => {
      for (const { data } of some) await open.goOn(data);
    });
    await jobs.work(choresQueue.name, { pollingIntervalSeconds: 10 }, async () => await this.chores());
    await jobs.schedule(choresQueue.name, choresCron);
    await open.watchSending();
  }

  /** What ended long ago is forgotten, what was held too long expires, and what was left without a job gets one. */
  async chores(): Promise<void> {
    const { database, open, log } = this.parts;
    const now = this.now();
    const rescued = await open.rescue(overdueMs);
    if (rescued > 0) log.info({ conversions: rescued }, 'conversions that were left got a new job');
    for (const { name, ageDaysMax } of platforms) {
      const values = [name, new Date(now - ageDaysMax * dayMs), new Date(now)];
      await inChunks(async () => {
        const expired = await database.query(expireHeld, values);
        for (const conversion of expired) open.tell(conversion);
        return expired;
      });
      await inChunks(async () => await database.query(blankRejected, values));
    }
    await inChunks(async () => await database.query(forgetEnded, [new Date(now - endedKeptMs)]));
    await database.query(forgetOrigins, [new Date(now - originKeptMs)]);
  }

  /** Each conversion is tried whatever becomes of the others; a job that failed comes again and finds what is left. */
  private async try(jobs: readonly ConversionJob[]): Promise<void> {
    const { sender, log } = this.parts;
    const tries = await Promise.allSettled(jobs.map(async ({ id, destinationId }) => sender.try(id, destinationId)));
    const failed = tries.find((outcome) => outcome.status === 'rejected');
    if (failed === undefined) return;
    log.warn({ error: errorFields(failed.reason) }, 'a conversion could not be tried and will be tried again');
    throw failed.reason;
  }
}

async function inChunks(work: () => Promise<readonly unknown[]>): Promise<void> {
  while ((await work()).length === chunkRows);
}
