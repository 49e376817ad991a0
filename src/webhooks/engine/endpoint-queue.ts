import { isAhead } from '../../platform/id.js';
import type { Waiter } from '../../platform/outbound/hosts.js';
import type { EventText } from '../wire/event-text.js';
import { FreshQueue } from './read-ahead.js';
import { isProbed, type EndpointLife } from '../policy/endpoint-health.js';
import type { MadeRun, Place } from '../store/packed-deliveries.js';
import type { Subscriber } from '../endpoints/endpoint-snapshot.js';

/** A delivery that is open. */
export interface Delivery {
  readonly id: string;
  readonly event: EventText;
  /** Attempts made. */
  readonly attempts: number;
  /** Among those never attempted; null for one that was. */
  readonly place: Place | null;
  /** Unix milliseconds; null: at once. */
  readonly dueAt: number | null;
  /** Of a redelivery or a replay: since when it is wanted. */
  readonly askedAt: number | null;
}

/** What was read of the table for a lane. */
export interface Loaded {
  readonly fresh: Delivery[];
  hasMoreFresh: boolean;
  /** All up to it were read. */
  cursor: string;
  readonly retries: Delivery[];
  /** Of the first retry that was not read, or null when all were; where order counts, `Infinity` stands for more. */
  nextRetryAt: number | null;
}

interface Busy {
  readonly delivery: Delivery;
  /** Unix milliseconds. */
  readonly startedAt: number;
  isMarked: boolean;
}

const mebibyte = 1_024 * 1_024;
/** What any lane may have in memory. */
export const queuedMax = 256;
export const queuedBytesMax = 2 * mebibyte;
/** What fan-out offers is kept beyond that while the process has room: to read it back costs as much as to make it. */
const offeredMax = 8_192;
const offeredBytesMax = 8 * mebibyte;
/** Of all lanes of a process. */
export const roomBytes = 64 * mebibyte;
const lowWater = 32;

/**
 * The deliveries of one endpoint, in the one process that delivers to it: a bounded queue in memory before what waits
 * in the table. It decides what may start; it does no IO.
 */
export class Lane {
  life: EndpointLife;
  /** What is in flight, or ended and not yet stored: the table still shows it as it was. An array: see `Deadlines`. */
  private readonly busy: Busy[] = [];
  inFlight = 0;
  /** Being read from the table. */
  loading = false;
  /** Nothing starts while what is in memory may be stale. */
  suspended = false;
  /** Since when it has had nothing to do. */
  idleSince: number | null = null;
  /** Its place among those whose turn comes. */
  waitsForTurn = false;
  timer: NodeJS.Timeout | null = null;
  /** Stands for it where it waits for room at its host. */
  hostWaiter: Waiter | null = null;

  /** Never attempted, in order. */
  private fresh = new FreshQueue();
  /** Of these in the table: all up to here are in memory, busy or over. */
  private cursor = '';
  /** Whether the table has more of them than are known here; `perhaps` asks for a look. */
  private freshInTable: 'no' | 'perhaps' | 'yes' = 'perhaps';
  /** Failed before, in order; those that are due first, or all, as far as they fit. */
  private retries: Delivery[] = [];
  /** While the table was read, more came to it. */
  private lookedAgain = false;
  /** While the table was read, these changed in it. */
  private readonly storedMeanwhile = new Set<string>();
  /** While the table was read, what was in memory went. */
  private forgotten = false;
  /** Busy ones that the table may not have. */
  private readonly doubtful = new Set<string>();
  /** The revision of the endpoint in which it was paused here. */
  private pausedIn: number | null = null;
  private retriesInFlight = 0;
  private unstoredRetries = 0;
  /** When the table's retries want a look; null: there are none beside those in memory. */
  private retriesInTableAt: number | null = 0;

  constructor(
    public subscriber: Subscriber,
    private readonly concurrencyMax: number,
  ) {
    this.life = subscriber.life;
  }

  /** As it was read. A pause that was decided here stands: until it is stored, nothing that is read tells of it. */
  update(subscriber: Subscriber): void {
    this.subscriber = subscriber.revision === this.pausedIn ? { ...subscriber, delivers: false } : subscriber;
  }

  /** Until it is resumed, which begins its next revision. */
  pause(): void {
    this.pausedIn = this.subscriber.revision;
    this.update(this.subscriber);
  }

  /** What the texts of what was never attempted come to. */
  get freshBytes(): number {
    return this.fresh.bytes;
  }

  get endpointId(): string {
    return this.subscriber.endpointId;
  }

  /**
   * What fan-out made, in order. What does not fit stays in the table.
   * @param room bytes that the process has left for what is beyond a lane's own share
   */
  offer(runs: readonly MadeRun[], room: number, now: number): void {
    this.idleSince = null;
    this.distrustCursor();
    // Behind what the table still has, or what is just being read from it.
    if (this.freshInTable !== 'no' || this.loading || this.suspended) return;
    let left = this.subscriber.delivers && this.opensAt() <= now ? room : 0;
    for (const run of runs) {
      const { count, bytes, beyond } = this.fitting(run, left);
      if (count === 0) return;
      this.fresh.pushMade(run, count, bytes);
      this.cursor = run.idAt(count - 1);
      if (count < run.events.length) return;
      left -= beyond;
    }
  }

  /** What fan-out made is in the table now, `lastId` the last of it. Returns whether it is to be read there. */
  committed(lastId: string): boolean {
    this.distrustCursor();
    if (lastId <= this.cursor) return false;
    this.freshInTable = 'yes';
    this.lookedAgain = true;
    return true;
  }

  /** The table may have deliveries that come before what is offered next. */
  mistrustOffers(): void {
    if (this.freshInTable === 'no') this.freshInTable = 'perhaps';
    this.lookedAgain = true;
  }

  /** There may be more in the table than is known here. */
  lookAgain(): void {
    this.distrustCursor();
    this.mistrustOffers();
    this.retriesInTableAt = 0;
  }

  /** The queue is read anew: something else wrote to the table, or the endpoint was changed. */
  forget(): void {
    this.fresh = new FreshQueue();
    this.retries = [];
    this.cursor = '';
    this.forgotten = this.loading;
    this.lookAgain();
  }

  /** Before one that a clock made which was ahead, others come: the queue is read from its start. */
  private distrustCursor(): void {
    if (isAhead(this.cursor)) this.forget();
  }

  /** What fan-out made may not have come into the table: what is there is read anew, and goes before what is known here. */
  doubt(): void {
    this.forget();
    for (const { delivery } of this.busy) this.doubtful.add(delivery.id);
  }

  /** What to read, or null when there is nothing to read or no use in it. */
  wanted(now: number): { cursor: string; fresh: number; retries: number } | null {
    if (this.loading || !this.subscriber.delivers || this.opensAt() > now) return null;
    const isDue = this.freshInTable === 'perhaps' || (this.freshInTable === 'yes' && this.fresh.length <= lowWater);
    const fresh = isDue ? Math.max(1, queuedMax - this.fresh.length) : 0;
    const retries = this.wantsRetries(now) ? queuedMax + this.busy.length : 0;
    return fresh > 0 || retries > 0 ? { cursor: this.cursor, fresh, retries } : null;
  }

  beginLoading(): void {
    this.loading = true;
    this.lookedAgain = false;
    this.storedMeanwhile.clear();
  }

  /** `wanted` is what was asked for. */
  loaded(found: Loaded | undefined, wanted: { fresh: number; retries: number }): void {
    // Forgotten while it was read: what came may be stale, and will be read again.
    if (found === undefined || this.forgotten) {
      this.forgotten = false;
      return;
    }
    const changed = new Set([...this.storedMeanwhile, ...this.busy.map(({ delivery }) => delivery.id)]);
    if (wanted.fresh > 0) {
      for (const delivery of found.fresh) if (!changed.has(delivery.id)) this.fresh.push(delivery);
      if (found.cursor > this.cursor) this.cursor = found.cursor;
      if (found.hasMoreFresh) this.freshInTable = 'yes';
      else this.freshInTable = this.lookedAgain ? 'perhaps' : 'no';
    }
    if (wanted.retries > 0) {
      const known = new Set(this.retries.map(({ id }) => id));
      this.retries.push(...found.retries.filter(({ id }) => !known.has(id) && !changed.has(id)));
      this.retriesInTableAt = this.lookedAgain ? 0 : found.nextRetryAt;
      this.arrangeRetries();
    }
  }

  /** The next delivery to start, which is then in flight; null when none may. */
  start(now: number): Delivery | null {
    if (!this.mayStart(now)) return null;
    const retry = this.nextRetry(now);
    const fresh = this.fresh.first;
    let delivery: Delivery | null;
    if (retry === null || fresh === null) delivery = retry ?? fresh;
    else if (this.alone) delivery = retry.id < fresh.id ? retry : fresh;
    // First attempts are not stuck behind retries: these have half of the places.
    else delivery = retry.id < fresh.id && this.retriesInFlight * 2 < this.limit ? retry : fresh;
    if (delivery === null) return null;
    if (this.inOrder && (delivery.dueAt ?? 0) > now) return null;

    if (delivery === fresh) this.fresh.shift();
    else this.retries.splice(this.retries.indexOf(delivery), 1);
    if (delivery.attempts > 0) this.retriesInFlight += 1;
    this.inFlight += 1;
    this.busy.push({ delivery, startedAt: now, isMarked: false });
    this.idleSince = null;
    return delivery;
  }

  /** It is not yet stored: until then the table knows nothing of it. */
  ended(delivery: Delivery, willRetry: boolean): void {
    this.inFlight -= 1;
    if (delivery.attempts > 0) this.retriesInFlight -= 1;
    if (willRetry) this.unstoredRetries += 1;
    const busy = this.busy.find((one) => one.delivery === delivery);
    // What it came to is stored next.
    if (busy !== undefined) busy.isMarked = true;
  }

  stored(delivery: Delivery, retryAt: number | null): void {
    this.over(delivery);
    if (this.loading) this.storedMeanwhile.add(delivery.id);
    const isDoubtful = this.doubtful.delete(delivery.id);
    if (retryAt === null) return;
    this.unstoredRetries -= 1;
    if (isDoubtful) return this.lookAgain();
    this.retries.push({ ...delivery, attempts: delivery.attempts + 1, place: null, dueAt: retryAt });
    this.arrangeRetries();
  }

  /** Sorted by age; what is too many goes, the latest due or, where order counts, the youngest. */
  private arrangeRetries(): void {
    if (this.retries.length > queuedMax) {
      if (!this.inOrder) this.retries.sort((a, b) => (a.dueAt ?? 0) - (b.dueAt ?? 0));
      const [first] = this.retries.splice(queuedMax);
      this.retriesInTableAt = this.inOrder ? Infinity : Math.min(this.retriesInTableAt ?? Infinity, first?.dueAt ?? 0);
    }
    this.retries.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Nothing is known of its attempt, so it goes once more. */
  abandoned(delivery: Delivery): void {
    this.ended(delivery, false);
    this.over(delivery);
    this.forget();
  }

  private over(delivery: Delivery): void {
    const index = this.busy.findIndex((one) => one.delivery === delivery);
    if (index !== -1) this.busy.splice(index, 1);
  }

  /** What has been under way since `since` and was not told of before. */
  slow(since: number): readonly Delivery[] {
    const slow = this.busy.filter(({ startedAt, isMarked }) => !isMarked && startedAt <= since);
    for (const one of slow) one.isMarked = true;
    return slow.map(({ delivery }) => delivery);
  }

  /** Whether `start` would start something. */
  canStart(now: number): boolean {
    if (!this.mayStart(now)) return false;
    const retry = this.nextRetry(now);
    if (!this.inOrder) return retry !== null || this.fresh.length > 0;
    const fresh = this.fresh.first;
    const head = retry !== null && (fresh === null || retry.id < fresh.id) ? retry : fresh;
    return head !== null && (head.dueAt ?? 0) <= now;
  }

  /** The moment that changes what may start or is to be read; null when only an event can. */
  wakesAt(): number | null {
    if (!this.subscriber.delivers) return null;
    const hasFresh = this.fresh.length > 0 || this.freshInTable !== 'no';
    if (hasFresh && !this.inOrder) return this.opensAt();
    const due = this.retries.map(({ dueAt }) => dueAt ?? 0);
    if (this.retriesInTableAt !== null) due.push(this.retriesInTableAt);
    if (!hasFresh && due.length === 0) return null;
    return Math.max(this.opensAt(), Math.min(...due, Infinity));
  }

  /** Nothing to send for now; only then may it be given back. */
  get isIdle(): boolean {
    return this.busy.length === 0 && !this.loading && (!this.subscriber.delivers || this.fresh.length === 0);
  }

  private mayStart(now: number): boolean {
    if (this.suspended || !this.subscriber.delivers || this.inFlight >= this.limit || this.opensAt() > now)
      return false;
    if (!this.alone) return true;
    // The oldest goes first, so it must be known which that is.
    if (this.wantsRetries(now) || (this.freshInTable !== 'no' && this.fresh.length === 0)) return false;
    return !this.inOrder || this.unstoredRetries === 0;
  }

  /** How many of these, from the first on, may be kept, what their texts come to, and how much of that is of `room`. */
  private fitting({ events }: MadeRun, room: number): { count: number; bytes: number; beyond: number } {
    let { length, bytes } = this.fresh;
    let beyond = 0;
    for (const event of events) {
      if (event === null) break;
      const size = event.body.length;
      const isOwnShare = length < queuedMax && bytes < queuedBytesMax;
      if (!isOwnShare) {
        if (length >= offeredMax || bytes + size > offeredBytesMax || beyond + size > room) break;
        beyond += size;
      }
      length += 1;
      bytes += size;
    }
    return { count: length - this.fresh.length, bytes: bytes - this.fresh.bytes, beyond };
  }

  private wantsRetries(now: number): boolean {
    if (this.retriesInTableAt === null || this.retries.length > lowWater) return false;
    if (!this.inOrder) return this.retriesInTableAt <= now;
    return this.retriesInTableAt !== Infinity || this.retries.length === 0;
  }

  /** Before it nothing is sent at all. */
  private opensAt(): number {
    const probeAt = isProbed(this.life) ? (this.life.probeAt ?? 0) : 0;
    return Math.max(this.life.gateUntil ?? 0, probeAt);
  }

  private nextRetry(now: number): Delivery | null {
    return (this.inOrder ? this.retries[0] : this.retries.find(({ dueAt }) => (dueAt ?? 0) <= now)) ?? null;
  }

  /** One at a time, each until it ends. */
  get inOrder(): boolean {
    return this.subscriber.maxConcurrency === 1;
  }

  private get alone(): boolean {
    return this.inOrder || isProbed(this.life);
  }

  private get limit(): number {
    return this.alone ? 1 : Math.min(this.concurrencyMax, this.subscriber.maxConcurrency ?? Infinity);
  }
}
