/**
 * One file because all that opens, holds, frees and ends conversions keeps to one order of locks, the destination before
 * its conversions, and leaves the same two things behind: a row that says what is due, and a job that comes for it.
 */
import { notableMs, now as timeNow } from '../platform/clock.js';
import { conflict, notFound } from '../platform/errors.js';
import type { Database, Tx } from '../platform/postgres/database.js';
import type { Appender } from '../platform/postgres/group-commit.js';
import type { Jobs, NewJob, Queue } from '../platform/postgres/jobs.js';
import type { Notifications } from '../platform/postgres/notifications.js';
import { recordset, recordsetValues, type Columns } from '../platform/postgres/recordset.js';
import { prepared } from '../platform/postgres/statement.js';
import type { Conversion } from './conversion.entity.js';
import { platformNamed, platforms } from './platforms/platforms.js';
import { conversionsDue, conversionUpdated, updated } from './topics.js';

/** A job is one conversion; what is to be done stands in the conversion's row, so that a job may be lost or come twice. */
export interface ConversionJob {
  id: string;
  destinationId: string;
}

/** Goes on with what was too much for one transaction. */
export interface ResumeJob {
  destinationId: string;
  skip: boolean;
  /** What was held later than this is not meant. ISO 8601. */
  heldUntil: string;
}

export const conversionQueue = (platform: string) => `conversions-${platform}`;
export const resumeQueue = 'conversions-resume';

export const conversionQueues: readonly Queue[] = [
  ...platforms.map(({ name }) => ({ name: conversionQueue(name), expireInSeconds: 60, keptSeconds: 60 })),
  { name: resumeQueue },
];

/** New submissions come before what was tried, held or left before, however much there is of that. */
const behind = -1;
const batchRows = 500;
const gatherMs = 200;

export type NewConversion = Pick<
  Conversion,
  | 'id'
  | 'workspaceId'
  | 'destinationId'
  | 'intakeBotId'
  | 'submissionId'
  | 'platform'
  | 'eventId'
  | 'eventName'
  | 'occurredAt'
  | 'status'
  | 'reason'
  | 'snapshot'
  | 'dropped'
  | 'nextAttemptAt'
  | 'retryUntil'
  | 'endedAt'
>;

export type ConversionKey = Pick<Conversion, 'id' | 'workspaceId' | 'destinationId' | 'platform'>;

const columns: Columns<NewConversion> = {
  id: ['text', ({ id }) => id],
  workspace_id: ['text', ({ workspaceId }) => workspaceId],
  destination_id: ['text', ({ destinationId }) => destinationId],
  intake_bot_id: ['text', ({ intakeBotId }) => intakeBotId],
  submission_id: ['text', ({ submissionId }) => submissionId],
  platform: ['text', ({ platform }) => platform],
  event_id: ['text', ({ eventId }) => eventId],
  event_name: ['text', ({ eventName }) => eventName],
  occurred_at: ['timestamptz', ({ occurredAt }) => occurredAt],
  status: ['text', ({ status }) => status],
  reason: ['text', ({ reason }) => reason],
  snapshot: ['text', ({ snapshot }) => snapshot],
  // PostgreSQL has no lists of lists of different lengths.
  dropped: ['text', ({ dropped }) => dropped.join('\n')],
  next_attempt_at: ['timestamptz', ({ nextAttemptAt }) => nextAttemptAt],
  retry_until: ['timestamptz', ({ retryUntil }) => retryUntil],
  ended_at: ['timestamptz', ({ endedAt }) => endedAt],
};
const names = Object.keys(columns).join(', ');
const read = names.replace('dropped', "string_to_array(coalesce(dropped, ''), E'\\n')");
const insertMany = prepared(`
  insert into conversions (${names}, created_at, updated_at)
  select ${read}, occurred_at, occurred_at from ${recordset(columns, 'added', 1)}
  on conflict (submission_id, destination_id) do nothing
`);

const isOpen = "status in ('PENDING', 'SENDING', 'ACCEPTED', 'HELD')";
export const keys = 'id, workspace_id as "workspaceId", destination_id as "destinationId", platform';
const ending = (which: string, reason: string) =>
  prepared<ConversionKey>(`
    update conversions set snapshot = null, next_attempt_at = null, updated_at = $2, ended_at = coalesce(ended_at, $2),
      status = case when ${isOpen} then 'SKIPPED' else status end,
      reason = case when ${isOpen} then '${reason}' else reason end
    where ${which} and (${isOpen} or snapshot is not null) returning ${keys}
  `);
const endOfSubmissions = ending('submission_id = any($1)', 'erased');
const endOfDestination = ending('destination_id = $1', 'destination_deleted');
const forgetOrigins = prepared('delete from conversion_origins where submission_id = any($1)');

const lockDestination = prepared<{ status: string; platform: string }>(
  'select status, platform from conversion_destinations where id = $1 and deleted_at is null for no key update',
);
const someHeld = `
  select id from conversions where destination_id = $1 and status = 'HELD' and updated_at <= $3
  order by id limit ${batchRows} for no key update
`;
/** One that was held beyond its seven days is tried for a day more, within the age that its platform takes. */
const oneDayMore =
  "greatest(retry_until, least(occurred_at + $4 * interval '1 day', $2::timestamptz + interval '1 day'))";
// What a platform has taken is asked after, and never sent again.
const resumeSome = prepared<ConversionKey>(`
  with resumed as (
    update conversions set status = case when reference is null then 'PENDING' else 'ACCEPTED' end,
      next_attempt_at = $2, updated_at = $2, retry_until = ${oneDayMore}
    where id in (${someHeld}) returning ${keys}
  )
  select * from resumed order by id
`);
const skipSome = prepared<ConversionKey>(`
  update conversions set status = 'SKIPPED', reason = 'held_dropped', snapshot = null, updated_at = $2, ended_at = $2
  where id in (${someHeld}) returning ${keys}
`);
const lockOne = prepared<ConversionKey & Pick<Conversion, 'status' | 'snapshot'>>(
  `select ${keys}, status, snapshot from conversions where id = $1 for no key update`,
);
const resendOne = prepared(`
  update conversions set status = 'PENDING', reason = null, ended_at = null, next_attempt_at = $2, updated_at = $2,
    retry_until = ${oneDayMore.replace('$4', '$3')}
  where id = $1
`);
const holdOne = prepared<ConversionKey>(`
  update conversions set status = 'HELD', next_attempt_at = null, updated_at = $2
  where id = $1 and ${isOpen} returning ${keys}
`);
// Whoever had these has died with its job, or the job was lost.
const rescueSome = prepared<ConversionKey>(`
  update conversions set next_attempt_at = $1, updated_at = $1 where id in (
    select id from conversions where status in ('PENDING', 'SENDING', 'ACCEPTED') and next_attempt_at < $2
    order by next_attempt_at limit ${batchRows} for no key update skip locked
  ) returning ${keys}
`);
const selectSending = prepared<ConversionKey & { nextAttemptAt: Date }>(`
  select ${keys}, next_attempt_at as "nextAttemptAt" from conversions
  where status = 'SENDING' order by next_attempt_at limit ${batchRows}
`);

/** What is open of conversions: what is due has a job, and what changes is told to those who look. */
export class OpenConversions {
  private readonly due = new Set<string>();
  private dueTimer: NodeJS.Timeout | null = null;

  constructor(
    private readonly database: Database,
    private readonly jobs: Jobs,
    private readonly notifications: Notifications,
    private readonly now: () => Date = timeNow,
  ) {}

  /** New conversions and their jobs, in the commit of the submission; they wait for no answer. */
  add(tx: Tx, conversions: readonly NewConversion[]): void {
    tx.append(this.appender, conversions);
    tx.afterCommit(() => {
      for (const conversion of conversions) {
        // One that is due is told of with its first try.
        if (conversion.status === 'PENDING') this.tellDue(conversion.platform);
        else this.tell(conversion);
      }
    });
  }

  /** Adds the job that comes for a conversion at its time. */
  async enqueue(tx: Tx, { id, platform, destinationId }: Omit<ConversionKey, 'workspaceId'>, at: Date): Promise<void> {
    // A whole second later than it is due: the clocks of PostgreSQL and of this process differ.
    const startAfter = new Date(Math.ceil(at.getTime() / 1_000) * 1_000);
    const job = { ...jobOf(behind)({ id, destinationId }), startAfter };
    await this.jobs.enqueue(tx, conversionQueue(platform), [job]);
  }

  /** Holds a conversion of a destination that is paused. @returns false where it is not paused any more */
  async hold(tx: Tx, { id, destinationId }: Pick<ConversionKey, 'id' | 'destinationId'>): Promise<boolean> {
    // With the destination locked, a resume either finds this one held, or came before.
    const [destination] = await tx.query(lockDestination, [destinationId]);
    if (destination?.status !== 'PAUSED') return false;
    this.changed(tx, await tx.query(holdOne, [id, this.now()]));
    return true;
  }

  /** What is held of an active destination is sent, the oldest first; with `skip` it ends as skipped. */
  async resumeHeld(tx: Tx, destinationId: string, skip: boolean, heldUntil?: Date): Promise<void> {
    const [destination] = await tx.query(lockDestination, [destinationId]);
    if (destination?.status !== 'ACTIVE') return;
    const { ageDaysMax } = platformNamed(destination.platform);
    // While it is locked nothing more is held; what is left after this commit may be beside what is held anew.
    const at = this.now();
    const values = [destinationId, at, heldUntil ?? 'infinity'];
    const some = skip ? await tx.query(skipSome, values) : await tx.query(resumeSome, [...values, ageDaysMax]);
    this.changed(tx, some);
    if (!skip) await this.enqueueNow(tx, some);
    if (some.length < batchRows) return;
    const data: ResumeJob = {
      destinationId,
      skip,
      heldUntil: (heldUntil ?? new Date(at.getTime() + notableMs)).toISOString(),
    };
    await this.jobs.enqueue(tx, resumeQueue, [{ data }]);
  }

  /** Goes on with a resume, in a transaction of its own. */
  async goOn({ destinationId, skip, heldUntil }: ResumeJob): Promise<void> {
    await this.database.transaction(async (tx) => this.resumeHeld(tx, destinationId, skip, new Date(heldUntil)));
  }

  /** What is open of a deleted destination ends as skipped. */
  async endOpen(tx: Tx, destinationId: string): Promise<void> {
    this.changed(tx, await tx.query(endOfDestination, [destinationId, this.now()]));
  }

  /** What is open of these submissions ends as skipped, and nothing that was to be sent of them is kept. */
  async endOf(tx: Tx, submissionIds: readonly string[]): Promise<void> {
    tx.write(forgetOrigins, [submissionIds]);
    this.changed(tx, await tx.query(endOfSubmissions, [submissionIds, this.now()]));
  }

  /** Sends a conversion that was rejected once more, by the same event id. @throws conflict unless it was, or too old */
  async resend(tx: Tx, conversionId: string): Promise<void> {
    const [conversion] = await tx.query(lockOne, [conversionId]);
    if (conversion === undefined) throw notFound('conversion');
    const { status, snapshot, platform } = conversion;
    if (status !== 'REJECTED') throw conflict('not_rejected', 'Only what was rejected is sent once more.');
    if (snapshot === null) {
      throw conflict('conversion_expired', 'The platform takes no conversion of this age, and what it said is gone.');
    }
    tx.write(resendOne, [conversionId, this.now(), platformNamed(platform).ageDaysMax]);
    await this.enqueueNow(tx, [conversion]);
    this.changed(tx, [conversion]);
  }

  /** Adds jobs for what should long have been done: the process that had it died, or its job was lost. */
  async rescue(overdueMs: number): Promise<number> {
    for (let rescued = 0; ;) {
      const at = this.now();
      const some = await this.database.transaction(async (tx) => {
        const due = await tx.query(rescueSome, [at, new Date(at.getTime() - overdueMs)]);
        await this.enqueueNow(tx, due);
        return due.length;
      });
      rescued += some;
      if (some < batchRows) return rescued;
    }
  }

  /** Adds a job for the moment at which what is being sent may be taken from a process that has died. */
  async watchSending(): Promise<void> {
    await this.database.transaction(async (tx) => {
      for (const { nextAttemptAt, ...key } of await tx.query(selectSending)) await this.enqueue(tx, key, nextAttemptAt);
    });
  }

  /** Tells those who look of conversions that the transaction changes. */
  changed(tx: Tx, conversions: readonly Omit<ConversionKey, 'platform'>[]): void {
    tx.afterCommit(() => {
      for (const conversion of conversions) this.tell(conversion);
    });
  }

  /** Tells those who look of a conversion that has changed. */
  tell({ workspaceId, id, destinationId }: Omit<ConversionKey, 'platform'>): void {
    this.notifications.send(conversionUpdated, updated(workspaceId, { destinationId, id }));
  }

  /** A few times a second at most: workers take what is due in batches, and each notification is a statement. */
  private tellDue(platform: string): void {
    this.due.add(platform);
    this.dueTimer ??= setTimeout(() => {
      this.dueTimer = null;
      for (const name of this.due) this.notifications.send(conversionsDue, name);
      this.due.clear();
    }, gatherMs).unref();
  }

  private async enqueueNow(tx: Tx, conversions: readonly ConversionKey[]): Promise<void> {
    for (const [platform, some] of Map.groupBy(conversions, (conversion) => conversion.platform)) {
      // Jobs of one insert are worked in no order but that of their priorities: what waited longest comes first, give or
      // take the batch that a worker fetches.
      const jobs = some.map((conversion, index) => jobOf(behind - index)(conversion));
      await this.jobs.enqueue(tx, conversionQueue(platform), jobs);
      tx.afterCommit(() => this.tellDue(platform));
    }
  }

  /** All conversions that commit together are one statement, and one more for each platform that is to be told of some. */
  private readonly appender: Appender<NewConversion> = {
    writesOf: async (conversions) => {
      const due = conversions.filter(({ status }) => status === 'PENDING');
      const jobs = [...Map.groupBy(due, ({ platform }) => platform)].map(async ([platform, some]) =>
        this.jobs.insertion(conversionQueue(platform), some.map(jobOf(0))),
      );
      const insertion = { statement: insertMany, values: recordsetValues(columns, conversions) };
      return [insertion, ...(await Promise.all(jobs)).flat()];
    },
  };
}

const jobOf =
  (priority: number) =>
  ({ id, destinationId }: Pick<ConversionKey, 'id' | 'destinationId'>): NewJob => {
    const data: ConversionJob = { id, destinationId };
    return { data, priority, group: { id: destinationId } };
  };
