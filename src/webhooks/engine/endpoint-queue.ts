/**
 * One file because what may start depends on all of the state below, and nobody else assigns to it. The deliveries of one
 * endpoint, in the one worker that delivers to it: what may start next, and what of the table is in memory. No IO.
 *
 * What may start:
 *
 * | state       | what starts                                  | until                                               |
 * | ----------- | -------------------------------------------- | --------------------------------------------------- |
 * | suspended   | nothing: it may be another worker's by now   | the worker's lease is back and it was read anew     |
 * | paused      | nothing: paused, deleted or without a plan   | the endpoint is changed                             |
 * | backing off | nothing before a time                        | that time (`Retry-After`; half-open: the next probe) |
 * | half-open   | the oldest that is due, one at a time        | one succeeds                                        |
 * | in order    | the oldest, one at a time, due or waited for | its `maxConcurrency` is no longer 1                 |
 * | open        | pending ones in order, and failed ones when they are due, as many at once as its limit allows |  |
 *
 * What is in memory: the next pending ones in order, up to `lastReadId`, and the failed ones that are due first. The
 * table may have more (`table`), and is read when little is left (`wants`, `beginReading`, `endReading`). A delivery
 * whose attempt ended is in memory until its result is stored, since until then the table shows it as it was.
 */

import { isAhead } from '../../platform/id.js';
import type { Waiter } from '../../platform/outbound/hosts.js';
import type { EndpointSnapshot } from '../endpoints/endpoint-snapshot.js';
import { afterAttempt, isHalfOpen, sendsNotBefore, type EndpointHealth } from '../policy/endpoint-health.js';
import type { Verdict } from '../policy/retry.js';
import type { EventText } from '../wire/event-text.js';

/** An open delivery in memory. */
export interface Delivery {
  readonly id: string;
  readonly event: EventText;
  /** Attempts made. */
  readonly attempts: number;
  /** Of one that failed: when it may be tried again, in Unix milliseconds. */
  readonly dueAt: number | null;
  /** Of a redelivery or a replay: when somebody asked for it. */
  readonly askedAt: number | null;
}

/** An attempt under way, with the endpoint as it was when the attempt began. */
export interface DeliveryAttempt {
  readonly delivery: Delivery;
  readonly snapshot: EndpointSnapshot;
  readonly number: number;
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly startedStep: number;
  /** Breaks its post off; null where the endpoint may be sent to any number of times at once. */
  readonly cutOff: AbortController | null;
  /** Whether the table shows that it is under way. */
  isMarked: boolean;
}

/** How many of each the queue wants from the table. */
export interface Wants {
  /** Pending ones behind `afterId`; in order, failed ones too. */
  next: number;
  afterId: string;
  failed: number;
}

/** What was read of the table. */
export interface Found {
  readonly next: readonly Delivery[];
  /** All up to it were read. */
  lastReadId: string;
  hasMore: boolean;
  readonly failed: readonly Delivery[];
  /** Of the first failed one that was not read; null when all were. */
  nextFailedAt: number | null;
}

/** What a queue may have in memory of either kind, and what the events' texts may come to. */
export const queuedMax = 256;
export const queuedBytesMax = 2 * 1_024 * 1_024;
const lowWater = 64;

export class EndpointQueue {
  readonly hostWaiter: Waiter;
  private snapshotNow: EndpointSnapshot;
  private healthNow: EndpointHealth;
  private steps = 0;
  private isSuspended = false;
  /** The revision in which it was paused here: what is read until that is stored does not know it yet. */
  private pausedRevision: number | null = null;
  private idleSince: number | null = null;

  /** In order, and among them nothing that failed unless the endpoint is sent to in order. */
  private pending: Delivery[] = [];
  /** By age. */
  private failed: Delivery[] = [];
  private sending: DeliveryAttempt[] = [];
  private unstored: { delivery: Delivery; failed: boolean }[] = [];

  /** Behind `lastReadId` the table has nothing more, perhaps something, or something. */
  private table: 'nothing' | 'perhaps' | 'more' = 'perhaps';
  private lastReadId = '';
  /** When the table's failed ones want a look beside those in memory; null: never. */
  private nextFailedAt: number | null = 0;
  /** While the table is read: what happened that the reading may not have seen. */
  private reading: { morePending: boolean; moreFailed: boolean; isStale: boolean; storedIds: Set<string> } | null =
    null;

  /** `wake` is called when the endpoint's host may have room again. */
  constructor(
    snapshot: EndpointSnapshot,
    private readonly concurrencyMax: number,
    wake: (queue: EndpointQueue) => void,
  ) {
    this.snapshotNow = snapshot;
    this.healthNow = snapshot.health;
    this.hostWaiter = { party: snapshot.workspaceId, wake: () => wake(this) };
  }

  get endpointId(): string {
    return this.snapshotNow.endpointId;
  }

  get workspaceId(): string {
    return this.snapshotNow.workspaceId;
  }

  get snapshot(): EndpointSnapshot {
    return this.snapshotNow;
  }

  get health(): EndpointHealth {
    return this.healthNow;
  }

  /** Whether it is sent to one at a time, each delivery until it ends. */
  get inOrder(): boolean {
    return this.snapshotNow.maxConcurrency === 1;
  }

  /** Nothing starts, since what is in memory may be another worker's by now, until `update`. */
  suspend(): void {
    this.isSuspended = true;
  }

  /** Breaks off what is under way, where another worker might go beyond the endpoint's own bound with what it starts. */
  cutOff(): void {
    for (const attempt of this.sending) attempt.cutOff?.abort();
  }

  /**
   * The endpoint was read anew, and the table will be. A pause that was decided here stands, until a resume begins the
   * endpoint's next revision; with that begins another health.
   */
  update(snapshot: EndpointSnapshot): void {
    if (snapshot.revision !== this.snapshotNow.revision) this.healthNow = snapshot.health;
    this.snapshotNow = snapshot.revision === this.pausedRevision ? { ...snapshot, delivers: false } : snapshot;
    this.isSuspended = false;
    this.forget();
  }

  /** The table may have pending ones that are not known here. */
  expectPending(): void {
    // Before one that a clock made which was ahead, others come: it is read from its start.
    if (isAhead(this.lastReadId)) return this.forget();
    if (this.table === 'nothing') this.table = 'perhaps';
    if (this.reading !== null) this.reading.morePending = true;
  }

  /** The table may have anything that is not known here. */
  lookAgain(): void {
    this.expectPending();
    this.nextFailedAt = 0;
    if (this.reading !== null) this.reading.moreFailed = true;
  }

  /** Somebody else changed the table: what is in memory is read anew. */
  private forget(): void {
    this.pending = [];
    this.failed = [];
    this.lastReadId = '';
    this.table = 'perhaps';
    this.nextFailedAt = 0;
    if (this.reading !== null) this.reading.isStale = true;
  }

  /** What to read of the table; null: nothing, or what is read could not be sent. */
  wants(now: number): Wants | null {
    if (this.reading !== null || this.isSuspended || !this.snapshotNow.delivers) return null;
    if (sendsNotBefore(this.healthNow) > now) return null;
    const wantsNext = this.table === 'perhaps' || (this.table === 'more' && this.pending.length <= lowWater);
    const next = wantsNext ? Math.max(1, queuedMax - this.pending.length) : 0;
    // Those under way are in the table too, and may be the first due.
    const failed = this.wantsFailed(now) ? queuedMax + this.sending.length + this.unstored.length : 0;
    return next + failed > 0 ? { next, afterId: this.lastReadId, failed } : null;
  }

  beginReading(): void {
    this.reading = { morePending: false, moreFailed: false, isStale: false, storedIds: new Set() };
  }

  /** `found` null: it failed. */
  endReading(wanted: Wants, found: Found | null): void {
    const { reading } = this;
    this.reading = null;
    if (reading === null || reading.isStale || found === null) return;
    const known = new Set([...reading.storedIds, ...this.failed.map(({ id }) => id)]);
    for (const { delivery } of [...this.sending, ...this.unstored]) known.add(delivery.id);
    const isNew = ({ id }: Delivery) => !known.has(id);
    if (wanted.next > 0) {
      this.pending.push(...found.next.filter(isNew));
      if (found.lastReadId > this.lastReadId) this.lastReadId = found.lastReadId;
      if (found.hasMore) this.table = 'more';
      else this.table = reading.morePending ? 'perhaps' : 'nothing';
    }
    if (wanted.failed > 0) {
      this.nextFailedAt = reading.moreFailed ? 0 : found.nextFailedAt;
      this.addFailed(found.failed.filter(isNew));
    }
  }

  /** Whether `start` would start one. */
  canStart(now: number): boolean {
    return this.next(now) !== null;
  }

  /** Starts the next attempt that may start; null when none may. */
  start(now: number): DeliveryAttempt | null {
    const delivery = this.next(now);
    if (delivery === null) return null;
    if (delivery === this.pending[0]) this.pending.shift();
    else this.failed.splice(this.failed.indexOf(delivery), 1);
    this.idleSince = null;
    const attempt: DeliveryAttempt = {
      delivery,
      snapshot: this.snapshotNow,
      number: delivery.attempts + 1,
      startedAt: now,
      startedStep: (this.steps += 1),
      cutOff: this.snapshotNow.maxConcurrency === null ? null : new AbortController(),
      isMarked: false,
    };
    this.sending.push(attempt);
    return attempt;
  }

  /** Whether the endpoint was resumed or moved since the attempt began. */
  isStale(attempt: DeliveryAttempt): boolean {
    return attempt.snapshot.revision !== this.snapshotNow.revision;
  }

  /** What an attempt's answer means for the endpoint. Returns whether it is paused by it, and what is to be told. */
  judge(
    attempt: DeliveryAttempt,
    verdict: Verdict,
    endedAt: number,
    retryDelaysMs: readonly number[],
    random?: () => number,
  ): { pause: 'failures' | 'gone' | null; warning: number | null } {
    const steps = { startedStep: attempt.startedStep, endedStep: (this.steps += 1) };
    const { health, pause, warning } = afterAttempt(
      this.healthNow,
      { ...verdict, ...steps, endedAt },
      retryDelaysMs,
      random,
    );
    // Of an endpoint that was resumed meanwhile a failure says nothing, and of one that was moved nothing does.
    const isElsewhere = attempt.snapshot.url !== this.snapshotNow.url;
    if (isElsewhere || (this.isStale(attempt) && verdict.kind !== 'success')) return { pause: null, warning: null };
    this.healthNow = health;
    if (pause === null || !this.snapshotNow.delivers) return { pause: null, warning };
    this.pausedRevision = this.snapshotNow.revision;
    this.snapshotNow = { ...this.snapshotNow, delivers: false };
    return { pause, warning };
  }

  /** The attempt is over, and its result will be stored. */
  ended(attempt: DeliveryAttempt, failed: boolean): void {
    this.remove(attempt);
    this.unstored.push({ delivery: attempt.delivery, failed });
  }

  /** The result is stored: the delivery is over, or due again. */
  stored(delivery: Delivery, dueAt: number | null): void {
    const at = this.unstored.findIndex((one) => one.delivery === delivery);
    if (at !== -1) this.unstored.splice(at, 1);
    this.reading?.storedIds.add(delivery.id);
    if (dueAt !== null) this.addFailed([{ ...delivery, attempts: delivery.attempts + 1, dueAt }]);
  }

  /** Nothing is known of the attempt, and the table is read anew, so that its delivery is sent once more. */
  abandoned(attempt: DeliveryAttempt): void {
    this.remove(attempt);
    this.forget();
  }

  /** Deliveries whose attempt began before `since`, each once. */
  takeSlow(since: number): Delivery[] {
    const slow = this.sending.filter(({ startedAt, isMarked }) => !isMarked && startedAt <= since);
    for (const attempt of slow) attempt.isMarked = true;
    return slow.map(({ delivery }) => delivery);
  }

  /** The moment that changes what may start or is to be read; null when only an event can. */
  wakesAt(): number | null {
    const dueAt = this.snapshotNow.delivers ? this.nextDueAt() : null;
    return dueAt === null ? null : Math.max(dueAt, sendsNotBefore(this.healthNow));
  }

  /** Whether more waits than may be begun now: what another worker could do meanwhile. */
  isBehind(now: number): boolean {
    if (this.isSuspended || !this.snapshotNow.delivers || this.pending.length === 0) return false;
    return sendsNotBefore(this.healthNow) <= now;
  }

  /** Whether nothing of it is under way and nothing starts, so that another worker may go on from the table. */
  get isLeft(): boolean {
    return this.isSuspended && !this.isUnderWay;
  }

  /** How many attempts are under way. */
  get inFlight(): number {
    return this.sending.length;
  }

  /** Whether nothing is under way, being read or being suspended: whatever happens next comes from outside or in time. */
  get isSettled(): boolean {
    return !this.isUnderWay && !this.isSuspended;
  }

  /** For how long it has had nothing to do, with nothing ahead until `soon`: then it may be given back. Null: it has. */
  idleMs(now: number, soon: number): number | null {
    const hasPending = this.snapshotNow.delivers && this.pending.length > 0;
    const wakesAt = this.wakesAt();
    if (this.isUnderWay || hasPending || (wakesAt !== null && wakesAt < soon)) this.idleSince = null;
    else this.idleSince ??= now;
    return this.idleSince === null ? null : now - this.idleSince;
  }

  private get isUnderWay(): boolean {
    return this.sending.length + this.unstored.length > 0 || this.reading !== null;
  }

  private next(now: number): Delivery | null {
    if (!this.mayStart(now)) return null;
    const [pending = null] = this.pending;
    const failed = (this.inOrder ? this.failed[0] : this.failed.find(({ dueAt }) => (dueAt ?? 0) <= now)) ?? null;
    let next = failed ?? pending;
    if (pending !== null && failed !== null) {
      const isOlder = failed.id < pending.id;
      // First attempts are not stuck behind others: these have half of the places.
      const hasPlace = this.oneByOne || this.sending.filter(({ number }) => number > 1).length * 2 < this.limit;
      next = isOlder && hasPlace ? failed : pending;
    }
    return next !== null && (next.dueAt ?? 0) <= now ? next : null;
  }

  private mayStart(now: number): boolean {
    if (this.isSuspended || !this.snapshotNow.delivers || this.sending.length >= this.limit) return false;
    if (sendsNotBefore(this.healthNow) > now) return false;
    if (!this.oneByOne) return true;
    // The oldest goes first, so it must be known which that is.
    if (this.wantsFailed(now) || (this.table !== 'nothing' && this.pending.length === 0)) return false;
    return !this.inOrder || !this.unstored.some(({ failed }) => failed);
  }

  private get oneByOne(): boolean {
    return this.inOrder || isHalfOpen(this.healthNow);
  }

  private get limit(): number {
    return this.oneByOne ? 1 : Math.min(this.concurrencyMax, this.snapshotNow.maxConcurrency ?? Infinity);
  }

  /** In order, failed ones are read in their place among the others. */
  private wantsFailed(now: number): boolean {
    if (this.inOrder || this.nextFailedAt === null || this.failed.length > lowWater) return false;
    return this.nextFailedAt <= now;
  }

  private nextDueAt(): number | null {
    const [pending] = this.pending;
    if (this.inOrder) {
      const [failed] = this.failed;
      const first = failed !== undefined && (pending === undefined || failed.id < pending.id) ? failed : pending;
      if (first !== undefined) return first.dueAt ?? 0;
      return this.table === 'nothing' ? null : 0;
    }
    if (pending !== undefined || this.table !== 'nothing') return 0;
    const due = this.failed.map(({ dueAt }) => dueAt ?? 0);
    if (this.nextFailedAt !== null) due.push(this.nextFailedAt);
    return due.length === 0 ? null : Math.min(...due);
  }

  /** Where they are too many, those due last are left to the table. */
  private addFailed(deliveries: readonly Delivery[]): void {
    this.failed.push(...deliveries);
    if (this.failed.length > queuedMax && !this.inOrder) {
      this.failed.sort((a, b) => (a.dueAt ?? 0) - (b.dueAt ?? 0));
      const [first] = this.failed.splice(queuedMax);
      this.nextFailedAt = Math.min(this.nextFailedAt ?? Infinity, first?.dueAt ?? 0);
    }
    this.failed.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  private remove(attempt: DeliveryAttempt): void {
    const at = this.sending.indexOf(attempt);
    if (at !== -1) this.sending.splice(at, 1);
  }
}
