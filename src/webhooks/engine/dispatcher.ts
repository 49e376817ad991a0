import { nowMs } from '../../platform/clock.js';
import type { Config } from '../../platform/config.js';
import type { Database } from '../../platform/postgres/database.js';
import { errorFields, type Log } from '../../platform/log.js';
import { NoRoom, type Outbound } from '../../platform/outbound/outbound.js';
import type { Outcome } from '../../platform/outbound/attempt.js';
import type { Secrets } from '../../platform/secrets.js';
import type { Tracing } from '../../platform/tracing.js';
import type { Claims } from './due-deliveries.js';
import { requestOf, type DeliveryRequest } from '../wire/request.js';
import type { Batch } from './fan-out.js';
import { Lane, roomBytes, type Delivery } from './endpoint-queue.js';
import { afterAttempt } from '../policy/endpoint-health.js';
import type { Result, SlowAttempt } from '../store/attempt-statements.js';
import type { Results } from './attempt-recorder.js';
import { readSubscribers, type Subscriber } from '../endpoints/endpoint-snapshot.js';
import { Turns } from './fair-scheduler.js';
import { nextOf, verdictOn } from '../policy/retry.js';
import type { WebhookMetrics } from './metrics.js';

/** What delivers needs of `Outbound`; without `hasRoom` no host is ever full. */
export type Sender = Pick<Outbound, 'post'> & Partial<Pick<Outbound, 'hasRoom' | 'shareWith'>>;

export interface DispatchParts {
  database: Database;
  secrets: Secrets;
  outbound: Sender;
  log: Log;
  tracing: Tracing;
  settings: Config['webhooks'];
  claims: Claims;
  results: Results;
  metrics: WebhookMetrics;
  /** Unix milliseconds. */
  now: () => number;
  random?: (() => number) | undefined;
  /** Whether this worker has its seat: without it, what is in memory may be another's by now. */
  isSeated: () => boolean;
  /** The endpoint turned out to be in a workspace whose plan does not deliver. */
  onLacksPlan: (workspaceId: string) => void;
}

const idleLaneMs = 10_000;
const timerMsMax = 60_000;
/** No reading is under way for longer. */
const staleMsMax = 60_000;
/** Results that wait for a database that is away; beyond them nothing new is sent. */
const unstoredMax = 2_000;

/** The lanes of this worker: reads what is due, sends it in fair turns, and decides what becomes of it. */
export class Dispatch {
  private readonly lanes = new Map<string, Lane>();
  /** This worker's, but without a lane until they are changed. */
  private readonly unreadable = new Set<string>();
  private readonly turns = new Turns();
  private inFlight = 0;
  private turn = 0;
  private loading = false;
  private pumpsSoon = false;
  private stopped = false;
  private settled: (() => void) | null = null;

  constructor(private readonly parts: DispatchParts) {}

  has(endpointId: string): boolean {
    return this.lanes.has(endpointId);
  }

  endpointIds(of: (workspaceId: string) => boolean = () => true): string[] {
    return [...this.lanes.values()]
      .filter(({ subscriber }) => of(subscriber.workspaceId))
      .map(({ endpointId }) => endpointId);
  }

  /** All that is this worker's, whether it has a lane or cannot be read. */
  heldIds(): string[] {
    return [...this.lanes.keys(), ...this.unreadable];
  }

  subscribers(): Subscriber[] {
    return [...this.lanes.values()].map(({ subscriber }) => subscriber);
  }

  /** Whether there is nothing that it could do at this moment. */
  isQuiet(): boolean {
    const now = this.parts.now();
    if (this.inFlight > 0 || this.loading || this.parts.results.size > 0) return false;
    return [...this.lanes.values()].every(
      (lane) => !lane.suspended && !lane.loading && !lane.canStart(now) && lane.wanted(now) === null,
    );
  }

  /** For endpoints that became this worker's. */
  async open(endpointIds: readonly string[]): Promise<void> {
    const missing = endpointIds.filter((id) => !this.lanes.has(id));
    if (missing.length === 0) return;
    for (const subscriber of await this.read(missing)) {
      if (this.lanes.has(subscriber.endpointId)) continue;
      const lane = new Lane(subscriber, this.parts.settings.concurrencyPerEndpoint);
      this.lanes.set(subscriber.endpointId, lane);
      if (subscriber.lacksPlan) this.parts.onLacksPlan(subscriber.workspaceId);
      this.kick(lane);
    }
    this.pump();
  }

  /** Straight from fan-out, without a look at the table. */
  offer(batches: readonly Batch[]): void {
    const now = this.parts.now();
    let room = roomBytes;
    for (const { freshBytes } of this.lanes.values()) room -= freshBytes;
    for (const { endpointId, runs } of batches) {
      const lane = this.lanes.get(endpointId);
      if (lane === undefined) continue;
      const before = lane.freshBytes;
      lane.offer(runs, room, now);
      room -= lane.freshBytes - before;
      this.kick(lane);
    }
    this.pump();
  }

  /** Others made deliveries that its lanes may not have heard of yet: before what is offered next, they read those. */
  mistrustOffers(): void {
    for (const lane of this.lanes.values()) lane.mistrustOffers();
  }

  /** They are in the table now. Returns the endpoints that have no lane here. */
  committed(batches: readonly Batch[]): string[] {
    const elsewhere: string[] = [];
    for (const { endpointId, runs } of batches) {
      const lane = this.lanes.get(endpointId);
      if (lane === undefined) elsewhere.push(endpointId);
      else if (lane.committed(runs.at(-1)?.row.lastId ?? '')) this.kick(lane);
    }
    return elsewhere;
  }

  /** They may not have come into the table. */
  doubt(batches: readonly Batch[]): void {
    for (const { endpointId } of batches) {
      const lane = this.lanes.get(endpointId);
      if (lane === undefined) continue;
      lane.doubt();
      this.kick(lane);
    }
  }

  /** There may be more in the table than is known here. */
  lookAgain(endpointIds: Iterable<string> = this.lanes.keys()): void {
    for (const endpointId of endpointIds) {
      const lane = this.lanes.get(endpointId);
      if (lane === undefined) continue;
      lane.lookAgain();
      this.kick(lane);
    }
    this.pump();
  }

  /** Reads anew what the endpoints are and what they have to deliver. */
  async reload(endpointIds: readonly string[]): Promise<void> {
    for (const id of endpointIds) this.unreadable.delete(id);
    const known = endpointIds.filter((id) => this.lanes.has(id));
    if (known.length === 0) return;
    const found = new Map((await this.read(known)).map((subscriber) => [subscriber.endpointId, subscriber]));
    for (const endpointId of known) {
      const lane = this.lanes.get(endpointId);
      const subscriber = found.get(endpointId);
      if (lane === undefined) continue;
      if (subscriber === undefined) {
        this.close(lane);
        continue;
      }
      // Read before what is known, and answered after it; one that is far older was changed while a clock was ahead.
      const olderByMs = lane.subscriber.edition - subscriber.edition;
      if (olderByMs > 0 && olderByMs < staleMsMax) continue;
      // Resumed: what is in flight now says nothing of the life that starts here.
      if (subscriber.revision !== lane.subscriber.revision) {
        lane.life = { ...subscriber.life, countedTurn: (this.turn += 1) };
      }
      lane.update(subscriber);
      lane.suspended = !this.parts.isSeated();
      lane.forget();
      this.kick(lane);
    }
    this.pump();
  }

  /** Nothing more starts until `keepOnly` says what is still this worker's. */
  suspend(): void {
    for (const lane of this.lanes.values()) lane.suspended = true;
  }

  async keepOnly(endpointIds: readonly string[]): Promise<void> {
    const kept = new Set(endpointIds);
    for (const lane of this.lanes.values()) if (!kept.has(lane.endpointId)) this.close(lane);
    await this.reload(endpointIds);
  }

  /** Closes lanes that have had nothing to do for a while; they are to be given back. */
  closeIdle(): string[] {
    const now = this.parts.now();
    const idle: string[] = [];
    for (const lane of this.lanes.values()) {
      const wakesAt = lane.wakesAt();
      if (!lane.isIdle || (wakesAt !== null && wakesAt < now + idleLaneMs)) lane.idleSince = null;
      else lane.idleSince ??= now;
      if (lane.idleSince === null || (now - lane.idleSince < idleLaneMs && lane.subscriber.delivers)) continue;
      this.close(lane);
      idle.push(lane.endpointId);
    }
    return idle;
  }

  /** Attempts that have taken longer than this, each told of once. */
  slow(longerThanMs: number): SlowAttempt[] {
    const since = this.parts.now() - longerThanMs;
    return [...this.lanes.values()].flatMap((lane) =>
      lane.slow(since).map((delivery) => ({ endpointId: lane.endpointId, delivery })),
    );
  }

  /** What was stored of an attempt. `isOurs` false: nothing was, the endpoint is another's. */
  stored({ lane, delivery, next }: Result, isOurs: boolean): void {
    lane.stored(delivery, next.dueAt);
    if (!isOurs && this.lanes.get(lane.endpointId) === lane) this.close(lane);
    else if (next.dueAt !== null) this.kick(lane);
    if (this.parts.results.size < unstoredMax) this.pump();
  }

  /** Starts nothing more, and waits for what is in flight, but not for ever. */
  async stop(timeoutMs: number): Promise<void> {
    this.stopped = true;
    for (const lane of this.lanes.values()) if (lane.timer !== null) clearTimeout(lane.timer);
    if (this.inFlight === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, timeoutMs)));
    await Promise.race([late, new Promise<void>((resolve) => (this.settled = resolve))]);
    clearTimeout(timer);
  }

  private async read(endpointIds: readonly string[]): Promise<Subscriber[]> {
    const { database, secrets, log } = this.parts;
    return await readSubscribers(database, secrets, endpointIds, (endpointId, error) => {
      if (!this.unreadable.has(endpointId)) {
        log.error({ endpoint: endpointId, error: errorFields(error) }, 'a webhook endpoint cannot be read, and waits');
      }
      this.unreadable.add(endpointId);
    });
  }

  private close(lane: Lane): void {
    lane.suspended = true;
    if (lane.timer !== null) clearTimeout(lane.timer);
    this.lanes.delete(lane.endpointId);
  }

  /** Sees to it that the lane goes on as soon as it may. */
  private kick(lane: Lane): void {
    if (this.stopped || this.lanes.get(lane.endpointId) !== lane) return;
    const now = this.parts.now();
    if (lane.canStart(now)) this.turns.add(lane);
    if (lane.wanted(now) !== null) void this.load();
    const wakesAt = lane.wakesAt();
    if (lane.timer !== null) clearTimeout(lane.timer);
    lane.timer = null;
    if (wakesAt === null || wakesAt <= now || wakesAt === Infinity) return;
    const wake = () => {
      this.kick(lane);
      this.pump();
    };
    lane.timer = setTimeout(wake, Math.min(wakesAt - now, timerMsMax));
  }

  /** One read at a time, for all lanes that want something. */
  private async load(): Promise<void> {
    if (this.loading) return;
    this.loading = true;
    try {
      // Those kicked in the same turn of the event loop are read together.
      await Promise.resolve();
      while (await this.loadOnce());
    } catch (error) {
      this.parts.log.warn({ error: errorFields(error) }, 'reading due webhook deliveries failed');
    } finally {
      this.loading = false;
    }
  }

  /** Returns whether there was anything to read. */
  private async loadOnce(): Promise<boolean> {
    const now = this.parts.now();
    const wanting = [...this.lanes.values()].flatMap((lane) => {
      const wanted = lane.suspended ? null : lane.wanted(now);
      return wanted === null ? [] : [{ lane, ...wanted, inOrder: lane.inOrder, endpointId: lane.endpointId }];
    });
    if (wanting.length === 0 || this.stopped || !this.parts.isSeated()) return false;
    for (const { lane } of wanting) lane.beginLoading();
    try {
      const loaded = await this.parts.claims.load(wanting);
      for (const { lane, fresh, retries } of wanting) lane.loaded(loaded.get(lane.endpointId), { fresh, retries });
    } finally {
      for (const { lane } of wanting) lane.loading = false;
    }
    for (const { lane } of wanting) this.kick(lane);
    this.pump();
    return true;
  }

  private pump(): void {
    this.pumpsSoon = false;
    const { settings, results, now, isSeated } = this.parts;
    while (!this.stopped && isSeated() && this.inFlight < settings.concurrency && results.size < unstoredMax) {
      const lane = this.turns.next(settings.concurrency - this.inFlight);
      if (lane === null) return;
      if (!this.hostHasRoom(lane)) continue;
      const startedAt = now();
      const delivery = lane.start(startedAt);
      if (delivery === null) continue;
      void this.send(lane, delivery, startedAt);
      if (lane.canStart(startedAt)) this.turns.add(lane);
      else if (lane.wanted(startedAt) !== null) void this.load();
    }
  }

  /** Where its host has none, the lane has its turn again as soon as that has, and others go before it. */
  private hostHasRoom(lane: Lane): boolean {
    const { outbound } = this.parts;
    const { url, workspaceId } = lane.subscriber;
    lane.hostWaiter ??= { party: workspaceId, wake: () => this.wake(lane) };
    return outbound.hasRoom?.(url, workspaceId, lane.hostWaiter) ?? true;
  }

  private wake(lane: Lane): void {
    if (this.lanes.get(lane.endpointId) !== lane) return;
    this.turns.add(lane);
    // Usually there is a pump at the end of what made room.
    if (!this.pumpsSoon) queueMicrotask(() => this.pump());
    this.pumpsSoon = true;
  }

  private async send(lane: Lane, delivery: Delivery, startedAt: number): Promise<void> {
    const attempt = {
      subscriber: lane.subscriber,
      number: delivery.attempts + 1,
      startedAt,
      startedTurn: (this.turn += 1),
    };
    this.inFlight += 1;
    this.turns.started(lane);
    if (attempt.number === 1) this.parts.metrics.firstAttempt(delivery, attempt.startedAt);
    try {
      const outcome = await this.post(delivery, attempt);
      this.decide(lane, delivery, attempt, outcome);
      this.record(lane, delivery, attempt.number, outcome);
    } catch (error) {
      // Else only where we are stopping; the next worker sends it.
      if (!(error instanceof NoRoom)) this.parts.log.warn({ error: errorFields(error) }, 'a webhook attempt broke off');
      lane.abandoned(delivery);
    } finally {
      this.inFlight -= 1;
      this.turns.ended(lane);
      if (this.inFlight === 0) this.settled?.();
      this.kick(lane);
      this.pump();
    }
  }

  private post(delivery: Delivery, { subscriber, number, startedAt }: Attempt): Promise<Outcome> {
    let request: DeliveryRequest;
    try {
      request = requestOf(subscriber, delivery.event, { deliveryId: delivery.id, number, now: startedAt });
    } catch (error) {
      // A fault of ours costs the delivery an attempt, so that it is neither lost nor tried without end.
      this.parts.log.error({ error: errorFields(error), delivery: delivery.id }, 'a webhook could not be prepared');
      return Promise.resolve(unprepared);
    }
    return this.parts.outbound.post(subscriber.url, request.headers, request.body, subscriber.workspaceId);
  }

  private decide(lane: Lane, delivery: Delivery, attempt: Attempt, outcome: Outcome): void {
    const { settings, random, results } = this.parts;
    const { number, startedAt, startedTurn } = attempt;
    const endedAt = this.parts.now();
    const verdict = verdictOn(outcome, endedAt);
    const ending = { ...verdict, startedTurn, endedTurn: (this.turn += 1), endedAt };
    const { life, pause, warning } = afterAttempt(lane.life, ending, settings.retryDelaysMs, random);
    // Resumed while it was in flight: a failure says nothing of the life that began then.
    const isStale = attempt.subscriber.revision !== lane.subscriber.revision;
    if (!isStale || verdict.kind === 'success') lane.life = life;
    const pauses = pause !== null && !isStale && lane.subscriber.delivers;
    if (pauses) lane.pause();
    const next = nextOf(verdict, { number, endedAt, pauses }, settings.retryDelaysMs, random);
    lane.ended(delivery, next.ended === null);
    results.add({
      lane,
      delivery,
      startedAt,
      endedAt,
      outcome,
      next,
      pause: pauses ? pause : null,
      warning: isStale ? null : warning,
    });
  }

  private record({ endpointId }: Lane, { id, event }: Delivery, attempt: number, outcome: Outcome): void {
    const { log, tracing, metrics } = this.parts;
    const { outcome: kind, status, timings } = outcome;
    const { totalMs } = timings;
    metrics.attempted(kind);
    const facts = { delivery: id, endpoint: endpointId, event: event.id, attempt, outcome: kind, status, totalMs };
    log.info(facts, 'webhook');
    if (!tracing.isOn) return;
    const { status: _, totalMs: ms, ...named } = facts;
    tracing.record({
      name: 'webhook attempt',
      kind: 'client',
      startedAtMs: nowMs() - ms,
      ms,
      failed: kind !== 'success',
      attributes: { ...named, 'http.response.status_code': status ?? undefined },
    });
  }
}

interface Attempt {
  /** The endpoint as it was when it began. */
  subscriber: Subscriber;
  number: number;
  startedAt: number;
  startedTurn: number;
}

const unprepared: Outcome = {
  outcome: 'connection',
  status: null,
  retryAfter: null,
  body: Buffer.alloc(0),
  error: 'the request could not be prepared',
  address: null,
  timings: { dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: null, totalMs: 0 },
};
