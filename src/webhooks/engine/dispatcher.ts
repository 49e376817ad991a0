/**
 * One file because one loop runs through it: read what is due, start attempts in fair turns, store what they came to,
 * read again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { within } from '../../platform/async/deadline.js';
import { NoRoom, type Outbound } from '../../platform/outbound/outbound.js';
import type { Config } from '../../platform/config.js';
import type { Database } from '../../platform/postgres/database.js';
import { errorFields } from '../../platform/log.js';
import type { Secrets } from '../../platform/secrets.js';
import { readSnapshots, type EndpointSnapshot } from '../endpoints/endpoint-snapshot.js';
import type { Result, SlowDelivery } from './attempt-recorder.js';
import { deliver, type DeliverParts } from './deliver.js';
import type { DueDeliveries } from './due-deliveries.js';
import { EndpointQueue, type DeliveryAttempt } from './endpoint-queue.js';
import { FairScheduler } from './fair-scheduler.js';

export type Sender = Pick<Outbound, 'post' | 'hasRoom' | 'shareWith'>;

export interface DispatcherParts extends DeliverParts {
  database: Database;
  secrets: Secrets;
  outbound: Sender;
  settings: Config['webhooks'];
  due: DueDeliveries;
  /** Whether this worker has its lease: without it, what is in memory may be another's by now. */
  isLeased: () => boolean;
  /** The endpoint turned out to be in a workspace that is archived, or whose plan does not deliver. */
  onWorkspaceStopped: (workspaceId: string) => void;
}

const idleEndpointMs = 10_000;
const leavePollMs = 20;
const timerMsMax = 60_000;
/** No reading is under way for longer. */
const staleMsMax = 60_000;
/** Results that wait for a database that is away; beyond them nothing new is sent. */
const unstoredMax = 2_000;

/** The endpoint queues of this worker: reads what is due into them, and starts attempts in fair turns. */
export class Dispatcher {
  private readonly queues = new Map<string, EndpointQueue>();
  /** Endpoints that are this worker's and cannot be read: without a queue until they are changed. */
  private readonly unreadable = new Set<string>();
  /** Endpoints without a queue that are this worker's until the table says whose they are now. */
  private readonly leaving = new Set<string>();
  private readonly scheduler = new FairScheduler();
  private readonly timers = new Map<EndpointQueue, NodeJS.Timeout>();
  private inFlight = 0;
  private isReading = false;
  private startsSoon = false;
  private stopped = false;
  private onAllEnded: (() => void) | null = null;

  constructor(private readonly parts: DispatcherParts) {}

  has(endpointId: string): boolean {
    return this.queues.has(endpointId);
  }

  endpointIds(of: (workspaceId: string) => boolean = () => true): string[] {
    return [...this.queues.values()].filter(({ workspaceId }) => of(workspaceId)).map(({ endpointId }) => endpointId);
  }

  /** All that is this worker's, whether it has a queue, cannot be read, or is being handed over. */
  ownedIds(): string[] {
    return [...this.queues.keys(), ...this.unreadable, ...this.leaving];
  }

  /** How many endpoints have more waiting than this worker has begun. */
  get behind(): number {
    return this.queuesBehind().length;
  }

  /**
   * Lets go of so many endpoints that are behind: begins nothing more of them, and closes those of which nothing is under
   * way within `timeoutMs`; the others go on. Until `left` is called with what this returns, they count as this worker's.
   */
  async leave(count: number, timeoutMs: number): Promise<string[]> {
    // What has least in flight stands still for the shortest time.
    const chosen = this.queuesBehind()
      .toSorted((a, b) => a.inFlight - b.inFlight)
      .slice(0, count);
    for (const queue of chosen) queue.suspend();
    for (let waited = 0; waited < timeoutMs && !chosen.every(({ isLeft }) => isLeft); waited += leavePollMs) {
      await sleep(leavePollMs);
    }
    const here = chosen.filter((queue) => this.queues.get(queue.endpointId) === queue);
    const gone = this.parts.isLeased() ? here.filter(({ isLeft }) => isLeft) : [];
    for (const queue of gone) {
      this.leaving.add(queue.endpointId);
      this.close(queue);
    }
    // While the lease is lost they stay suspended, and its return reads them anew.
    await this.reload(here.filter((queue) => !gone.includes(queue)).map(({ endpointId }) => endpointId));
    return gone.map(({ endpointId }) => endpointId);
  }

  left(endpointIds: readonly string[]): void {
    for (const id of endpointIds) this.leaving.delete(id);
  }

  snapshots(): EndpointSnapshot[] {
    return [...this.queues.values()].map(({ snapshot }) => snapshot);
  }

  /** Whether there is nothing that it could do at this moment. */
  isQuiet(): boolean {
    const now = this.parts.now();
    if (this.inFlight > 0 || this.isReading || this.parts.recorder.size > 0) return false;
    return [...this.queues.values()].every(
      (queue) => queue.isSettled && !queue.canStart(now) && queue.wants(now) === null,
    );
  }

  /** For endpoints that became this worker's. */
  async open(endpointIds: readonly string[]): Promise<void> {
    const missing = endpointIds.filter((id) => !this.queues.has(id));
    if (missing.length === 0) return;
    for (const snapshot of await this.read(missing)) {
      if (this.queues.has(snapshot.endpointId)) continue;
      const { concurrencyPerEndpoint } = this.parts.settings;
      const queue = new EndpointQueue(snapshot, concurrencyPerEndpoint, (woken) => this.wake(woken));
      this.queues.set(snapshot.endpointId, queue);
      if (snapshot.workspaceStopped) this.parts.onWorkspaceStopped(snapshot.workspaceId);
      this.proceed(queue);
    }
    this.startAll();
  }

  /** Deliveries were made. Returns the endpoints that have no queue here. */
  expect(endpointIds: readonly string[]): string[] {
    for (const queue of this.known(endpointIds)) {
      queue.expectPending();
      this.proceed(queue);
    }
    this.startAll();
    return endpointIds.filter((id) => !this.queues.has(id));
  }

  /** There may be more in the table than is known here. */
  lookAgain(): void {
    for (const queue of this.queues.values()) {
      queue.lookAgain();
      this.proceed(queue);
    }
    this.startAll();
  }

  /** Reads anew what the endpoints are and what they have to deliver. */
  async reload(endpointIds: readonly string[]): Promise<void> {
    for (const id of endpointIds) this.unreadable.delete(id);
    const known = endpointIds.filter((id) => this.queues.has(id));
    if (known.length === 0) return;
    const read = new Map((await this.read(known)).map((snapshot) => [snapshot.endpointId, snapshot]));
    for (const queue of this.known(known)) {
      const snapshot = read.get(queue.endpointId);
      if (snapshot === undefined) {
        this.close(queue);
        continue;
      }
      // Read before what is known, and answered after it; one that is far older was changed while a clock was ahead.
      const olderByMs = queue.snapshot.edition - snapshot.edition;
      if (olderByMs > 0 && olderByMs < staleMsMax) continue;
      queue.update(snapshot);
      if (!this.parts.isLeased()) queue.suspend();
      this.proceed(queue);
    }
    this.startAll();
  }

  /** Nothing more starts until `keepOnly` says what is still this worker's. */
  suspend(): void {
    for (const queue of this.queues.values()) queue.suspend();
  }

  /** Breaks off posts beside which another worker may start one by now, to endpoints that bound how many they get at once. */
  cutOff(): void {
    for (const queue of this.queues.values()) queue.cutOff();
  }

  async keepOnly(endpointIds: readonly string[]): Promise<void> {
    const kept = new Set(endpointIds);
    for (const queue of this.queues.values()) if (!kept.has(queue.endpointId)) this.lose(queue);
    await this.reload(endpointIds);
  }

  /** Closes queues that have had nothing to do for a while; their endpoints are to be given back. */
  closeIdle(): string[] {
    const now = this.parts.now();
    return [...this.queues.values()].flatMap((queue) => {
      const idleMs = queue.idleMs(now, now + idleEndpointMs);
      if (idleMs === null || (idleMs < idleEndpointMs && queue.snapshot.delivers)) return [];
      this.close(queue);
      return [queue.endpointId];
    });
  }

  /** Deliveries whose attempt has been under way for longer than this, each once. */
  takeSlow(longerThanMs: number): SlowDelivery[] {
    const since = this.parts.now() - longerThanMs;
    return [...this.queues.values()].flatMap((queue) =>
      queue.takeSlow(since).map(({ id }) => ({ workspaceId: queue.workspaceId, endpointId: queue.endpointId, id })),
    );
  }

  /** A result was stored; `isOurs` false: it was not, since the endpoint is another's. */
  stored({ queue, delivery, next }: Result, isOurs: boolean): void {
    queue.stored(delivery, next.dueAt);
    if (!isOurs) this.lose(queue);
    else if (next.dueAt !== null) this.proceed(queue);
    if (this.parts.recorder.size < unstoredMax) this.startAll();
  }

  /** Starts nothing more, and waits for what is in flight, but not for ever. */
  async stop(timeoutMs: number): Promise<void> {
    this.stopped = true;
    for (const timer of this.timers.values()) clearTimeout(timer);
    if (this.inFlight === 0) return;
    const allEnded = new Promise<void>((resolve) => (this.onAllEnded = resolve));
    await within(timeoutMs, allEnded, () => {});
  }

  private queuesBehind(): EndpointQueue[] {
    const now = this.parts.now();
    return [...this.queues.values()].filter((queue) => queue.isBehind(now));
  }

  private known(endpointIds: readonly string[]): EndpointQueue[] {
    return endpointIds.flatMap((id) => this.queues.get(id) ?? []);
  }

  private async read(endpointIds: readonly string[]): Promise<EndpointSnapshot[]> {
    const { database, secrets, log } = this.parts;
    return await readSnapshots(database, secrets, endpointIds, (endpointId, error) => {
      if (!this.unreadable.has(endpointId)) {
        log.error({ endpoint: endpointId, error: errorFields(error) }, 'a webhook endpoint cannot be read, and waits');
      }
      this.unreadable.add(endpointId);
    });
  }

  /** The endpoint is another worker's. */
  private lose(queue: EndpointQueue): void {
    queue.cutOff();
    this.close(queue);
  }

  private close(queue: EndpointQueue): void {
    queue.suspend();
    this.wakeAt(queue, null);
    if (this.queues.get(queue.endpointId) === queue) this.queues.delete(queue.endpointId);
  }

  /** Sees to it that the queue goes on as soon as it may: now, after a reading, or in time. */
  private proceed(queue: EndpointQueue): void {
    if (this.stopped || this.queues.get(queue.endpointId) !== queue) return;
    const now = this.parts.now();
    if (queue.canStart(now)) this.scheduler.add(queue);
    if (queue.wants(now) !== null) void this.readDue();
    this.wakeAt(queue, queue.wakesAt());
  }

  private wakeAt(queue: EndpointQueue, at: number | null): void {
    clearTimeout(this.timers.get(queue));
    this.timers.delete(queue);
    const now = this.parts.now();
    if (at === null || at <= now) return;
    const wake = () => {
      this.proceed(queue);
      this.startAll();
    };
    this.timers.set(queue, setTimeout(wake, Math.min(at - now, timerMsMax)));
  }

  /** One reading at a time, for all queues that want something. */
  private async readDue(): Promise<void> {
    if (this.isReading) return;
    this.isReading = true;
    try {
      // Queues that proceed in the same turn of the event loop are read together.
      await Promise.resolve();
      while (await this.readOnce());
    } catch (error) {
      this.parts.log.warn({ error: errorFields(error) }, 'reading due webhook deliveries failed');
    } finally {
      this.isReading = false;
    }
  }

  /** Returns whether there was anything to read. */
  private async readOnce(): Promise<boolean> {
    if (this.stopped || !this.parts.isLeased()) return false;
    const now = this.parts.now();
    const wanting = [...this.queues.values()].flatMap((queue) => {
      const wants = queue.wants(now);
      const { workspaceId, endpointId, inOrder } = queue;
      return wants === null ? [] : [{ queue, wants, workspaceId, endpointId, inOrder }];
    });
    if (wanting.length === 0) return false;
    for (const { queue } of wanting) queue.beginReading();
    const found = await this.parts.due.read(wanting).catch((error: unknown) => {
      for (const { queue, wants } of wanting) queue.endReading(wants, null);
      throw error;
    });
    for (const { queue, wants } of wanting) {
      queue.endReading(wants, found.get(queue.endpointId) ?? null);
      this.proceed(queue);
    }
    this.startAll();
    return true;
  }

  private startAll(): void {
    this.startsSoon = false;
    const { settings, recorder, now, isLeased } = this.parts;
    while (!this.stopped && isLeased() && this.inFlight < settings.concurrency && recorder.size < unstoredMax) {
      const queue = this.scheduler.next(settings.concurrency - this.inFlight);
      if (queue === null) return;
      if (!this.hostHasRoom(queue)) continue;
      const attempt = queue.start(now());
      if (attempt === null) continue;
      void this.run(queue, attempt);
      if (queue.canStart(attempt.startedAt)) this.scheduler.add(queue);
      else if (queue.wants(attempt.startedAt) !== null) void this.readDue();
    }
  }

  /** Where its host has none, the queue has its turn again as soon as that has, and others go before it. */
  private hostHasRoom({ snapshot, hostWaiter }: EndpointQueue): boolean {
    return this.parts.outbound.hasRoom(snapshot.url, snapshot.workspaceId, hostWaiter);
  }

  private wake(queue: EndpointQueue): void {
    if (this.queues.get(queue.endpointId) !== queue) return;
    this.scheduler.add(queue);
    // Usually whatever made room starts others at its end.
    if (!this.startsSoon) queueMicrotask(() => this.startAll());
    this.startsSoon = true;
  }

  private async run(queue: EndpointQueue, attempt: DeliveryAttempt): Promise<void> {
    this.inFlight += 1;
    this.scheduler.started(queue);
    try {
      await deliver(this.parts, queue, attempt);
    } catch (error) {
      // Else only where we are stopping; the next worker sends it.
      if (!(error instanceof NoRoom)) this.parts.log.warn({ error: errorFields(error) }, 'a webhook attempt broke off');
      queue.abandoned(attempt);
    } finally {
      this.inFlight -= 1;
      this.scheduler.ended(queue);
      if (this.inFlight === 0) this.onAllEnded?.();
      this.proceed(queue);
      this.startAll();
    }
  }
}
