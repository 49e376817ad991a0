import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditService } from '../audit/audit.service.js';
import type { EventService } from '../events/event.service.js';
import type { Config } from '../platform/config.js';
import type { Database } from '../platform/database.js';
import type { Jobs, Queue } from '../platform/jobs.js';
import { story, type Log } from '../platform/log.js';
import type { Metrics } from '../platform/metrics.js';
import type { Outbound } from '../platform/outbound.js';
import type { Secrets } from '../platform/secrets.js';
import type { Signals } from '../platform/signals.js';
import type { Tracing } from '../platform/tracing.js';
import { Claims } from './claims.js';
import { requestOf } from './delivery-request.js';
import { EventTexts } from './event-texts.js';
import { deliveriesDue, FanOut, type Batch } from './fan-out.js';
import { Lane, type Delivery } from './lane.js';
import { maintain, maintenanceCron, maintenanceQueue } from './maintenance.js';
import { afterAttempt } from './pause.js';
import { followPlans } from './plan-pauses.js';
import type { ReplayService } from './replay.service.js';
import { DeliveryNews } from './delivery-news.js';
import { Results, wakeUpQueue, type Result, type WakeUp } from './results.js';
import { Seat } from './seat.js';
import { readSubscribers, type Subscriber } from './subscriber.js';
import { Turns } from './turns.js';
import { WebhookMetrics } from './webhook-metrics.js';
import { nextOf, verdictOn } from './verdict.js';
import { payloadsErased } from './webhook-delivery.service.js';
import { endpointChanged } from './webhook-endpoint.service.js';
import { workspaceChanged } from '../workspaces/workspace.service.js';

export interface WebhookWorkerParts {
  database: Database;
  /** For the session that shows that this worker lives. */
  connectionString: string;
  jobs: Jobs;
  signals: Signals;
  secrets: Secrets;
  outbound: Outbound;
  replays: ReplayService;
  audit: AuditService;
  eventLog: EventService;
  log: Log;
  metrics: Metrics;
  tracing: Tracing;
  settings: Config['webhooks'];
  /** Unix milliseconds. */
  now?: () => number;
  random?: () => number;
}

/** The queues this feature works, beside the fan-out's. */
export const webhookQueues: readonly Queue[] = [{ name: wakeUpQueue }, { name: maintenanceQueue }];

const lookMs = 1_000;
const slowMs = 1_000;
const idleLaneMs = 10_000;
const timerMsMax = 60_000;
const finishInFlightMs = 20_000;
const storeLastMsMax = 5_000;
/** Results that wait for a database that is away; beyond them nothing new is sent. */
const unstoredMax = 2_000;

/**
 * Delivers. Every endpoint is one worker's at a time: its lane. What is due is read in order, sent fairly, and what came
 * of it stored in batches; the table is the truth, the lanes in memory are how it is worked.
 */
export class WebhookWorker {
  private readonly lanes = new Map<string, Lane>();
  private readonly turns = new Turns();
  private readonly texts: EventTexts;
  private readonly metrics: WebhookMetrics;
  private readonly claims: Claims;
  private readonly results: Results;
  private readonly news: DeliveryNews;
  private readonly fanOut: FanOut;
  private readonly seat: Seat;
  private readonly now: () => number;
  private inFlight = 0;
  private turn = 0;
  private loading = false;
  private changing = 0;
  private looking: Promise<void> | null = null;
  private nextLook: Promise<void> | null = null;
  private ticker: NodeJS.Timeout | null = null;
  private stopping = false;
  private formerId: number | null = null;
  private settled: (() => void) | null = null;
  private readonly unsubscribe: (() => void)[] = [];

  constructor(private readonly parts: WebhookWorkerParts) {
    const { database, jobs, signals, log, connectionString } = parts;
    this.now = parts.now ?? Date.now;
    this.texts = new EventTexts(database);
    this.metrics = new WebhookMetrics(parts.metrics, database);
    this.claims = new Claims(database, this.texts);
    this.news = new DeliveryNews(signals);
    this.results = new Results(database, jobs, parts.audit, log, {
      id: () => this.seat.id,
      onStored: (result, isOurs, revision) => {
        if (isOurs) this.news.tell(result.lane.endpointId, result.delivery.id);
        this.onStored(result, isOurs, revision);
      },
      onPaused: (endpointId) => signals.send(endpointChanged, endpointId),
    });
    this.fanOut = new FanOut(database, signals, this.texts, log, {
      take: async (tx, ids) => (this.seat.id === null ? [] : await this.claims.takeFree(tx, this.seat.id, ids)),
      hand: (batches, taken) => this.hand(batches, taken),
    });
    this.seat = new Seat(connectionString, log, {
      taken: (id) => void this.onSeat(id),
      lost: () => this.onSeatLost(),
    });
  }

  async start(): Promise<void> {
    const { signals, jobs } = this.parts;
    await this.seat.take();
    this.unsubscribe.push(
      signals.on(deliveriesDue, (endpointIds) => this.onDue(endpointIds)),
      signals.on(endpointChanged, (endpointIds) => void this.onChanged(endpointIds)),
      signals.on(payloadsErased, (workspaceIds) => void this.onErased(workspaceIds)),
      signals.on(workspaceChanged, (workspaceIds) => void this.onPlansChanged(workspaceIds)),
    );
    signals.onReconnect(() => void this.onChanged([...this.lanes.keys()]));
    await jobs.work<WakeUp>(wakeUpQueue, { batchSize: 500, pollingIntervalSeconds: 1 }, async () => await this.look());
    await jobs.work(maintenanceQueue, { pollingIntervalSeconds: 30 }, async () => await this.maintain());
    await jobs.schedule(maintenanceQueue, maintenanceCron);
    await this.maintain();
    this.ticker = setInterval(() => void this.look(), lookMs);
    this.fanOut.start();
    await this.look();
  }

  /** Takes nothing more, finishes what is in flight, at most 20 s, stores it and gives the endpoints back. */
  async stop(): Promise<void> {
    this.stopping = true;
    if (this.ticker !== null) clearInterval(this.ticker);
    for (const unsubscribe of this.unsubscribe) unsubscribe();
    await this.fanOut.stop();
    await (this.nextLook ?? this.looking);
    for (const lane of this.lanes.values()) if (lane.timer !== null) clearTimeout(lane.timer);
    if (this.inFlight > 0) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, finishInFlightMs)));
      await Promise.race([late, new Promise<void>((resolve) => (this.settled = resolve))]);
      clearTimeout(timer);
    }
    const { id } = this.seat;
    if (id !== null) {
      // What a database that is away cannot take is sent again by whoever is next.
      await Promise.race([this.results.drain(), sleep(storeLastMsMax, null, { ref: false })]);
      await this.claims.giveBack(id, [...this.lanes.keys()]).catch(() => undefined);
    }
    this.results.stop();
    await this.seat.leave();
  }

  /** Whether it delivers: false while it has lost its seat or the database. */
  ready(): boolean {
    return !this.stopping && this.seat.id !== null;
  }

  /** Whether there is nothing that it could do at this moment. */
  isQuiet(): boolean {
    const now = this.now();
    if (this.inFlight > 0 || this.results.size > 0 || this.loading || this.changing > 0) return false;
    if (this.looking !== null || this.nextLook !== null || this.fanOut.isRunning || this.seat.id === null) return false;
    return [...this.lanes.values()].every(
      (lane) => !lane.suspended && !lane.loading && !lane.canStart(now) && lane.wanted(now) === null,
    );
  }

  /** Looks at everything now, as it does every second: what a lost signal or a crashed worker left behind. */
  async look(): Promise<void> {
    // One under way may have looked before what this call is about.
    this.nextLook ??= this.lookAfter(this.looking);
    await this.nextLook;
  }

  private async lookAfter(underWay: Promise<void> | null): Promise<void> {
    await underWay;
    this.nextLook = null;
    this.looking = this.lookOnce().finally(() => (this.looking = null));
    await this.looking;
  }

  private async lookOnce(): Promise<void> {
    const { id } = this.seat;
    if (id === null || this.stopping) return;
    try {
      const orphans = await this.claims.takeOrphans(id, this.now(), [...this.lanes.keys()]);
      await this.openLanes(orphans);
      await this.giveBackIdle(id);
      await this.markSlow();
      await this.parts.replays.advance(new Date(this.now()));
    } catch (error) {
      this.parts.log.warn({ error: story(error) }, 'looking for due webhook deliveries failed');
    }
    for (const lane of this.lanes.values()) {
      lane.lookAgain();
      this.kick(lane);
    }
    this.pump();
  }

  private async giveBackIdle(id: number): Promise<void> {
    const now = this.now();
    const idle: string[] = [];
    for (const lane of this.lanes.values()) {
      const wakesAt = lane.wakesAt();
      if (!lane.isIdle || (wakesAt !== null && wakesAt < now + idleLaneMs)) lane.idleSince = null;
      else lane.idleSince ??= now;
      if (lane.idleSince !== null && (now - lane.idleSince >= idleLaneMs || !lane.subscriber.delivers)) {
        this.close(lane);
        idle.push(lane.endpointId);
      }
    }
    await this.claims.giveBack(id, idle);
  }

  /** For who looks: an attempt that takes a moment is on record as under way. */
  private async markSlow(): Promise<void> {
    const slow = [...this.lanes.values()].flatMap((lane) =>
      lane.slow(this.now() - slowMs).map(({ id, startedAt }) => ({ endpointId: lane.endpointId, id, startedAt })),
    );
    if (slow.length > 0) await this.claims.markAttempting(slow);
  }

  private async onSeat(id: number): Promise<void> {
    const former = this.formerId;
    this.formerId = id;
    if (former === null) return;
    try {
      const inherited = new Set(await this.claims.inherit(id, former, [...this.lanes.keys()]));
      for (const lane of this.lanes.values()) if (!inherited.has(lane.endpointId)) this.close(lane);
      await this.reload([...inherited]);
    } catch (error) {
      this.parts.log.warn({ error: story(error) }, 'taking webhook endpoints again failed');
      for (const lane of this.lanes.values()) this.close(lane);
    }
    await this.look();
  }

  private onSeatLost(): void {
    for (const lane of this.lanes.values()) lane.suspended = true;
  }

  private onDue(endpointIds: readonly string[]): void {
    for (const endpointId of endpointIds) {
      const lane = this.lanes.get(endpointId);
      if (lane === undefined) continue;
      lane.lookAgain();
      this.kick(lane);
    }
    this.pump();
  }

  private async onChanged(endpointIds: readonly string[]): Promise<void> {
    this.changing += 1;
    try {
      await this.reload(endpointIds.filter((id) => this.lanes.has(id)));
      // One that was resumed is nobody's yet.
      if (endpointIds.some((id) => !this.lanes.has(id))) await this.look();
    } catch (error) {
      this.parts.log.warn({ error: story(error) }, 'reading changed webhook endpoints failed');
    } finally {
      this.changing -= 1;
    }
  }

  /** Also what of a change of plan a lost signal left undone. */
  async maintain(): Promise<void> {
    try {
      await maintain(this.parts, new Date(this.now()));
    } catch (error) {
      this.parts.log.warn({ error: story(error) }, 'webhook maintenance failed and will be tried again');
    }
    await this.onPlansChanged(null);
  }

  private async onPlansChanged(workspaceIds: readonly string[] | null): Promise<void> {
    try {
      const changed = await followPlans(this.parts.database, this.parts.audit, workspaceIds, new Date());
      for (const endpointId of changed) this.parts.signals.send(endpointChanged, endpointId);
    } catch (error) {
      this.parts.log.warn({ error: story(error) }, 'following a change of plan failed');
    }
  }

  private async onErased(workspaceIds: readonly string[]): Promise<void> {
    this.texts.forget();
    const lanes = [...this.lanes.values()].filter(({ subscriber }) => workspaceIds.includes(subscriber.workspaceId));
    await this.onChanged(lanes.map(({ endpointId }) => endpointId));
  }

  private hand(batches: readonly Batch[], taken: readonly string[]): string[] {
    const elsewhere: string[] = [];
    const isTaken = new Set(taken);
    for (const { endpointId, deliveries } of batches) {
      const lane = this.lanes.get(endpointId);
      if (lane !== undefined) {
        lane.offer(deliveries);
        this.kick(lane);
      } else if (!isTaken.has(endpointId)) elsewhere.push(endpointId);
    }
    this.pump();
    if (taken.length > 0) {
      this.changing += 1;
      void this.openLanes(taken)
        .catch((error: unknown) => {
          // They stay this worker's without a lane; looking again finds them.
          this.parts.log.warn({ error: story(error) }, 'reading webhook endpoints failed');
        })
        .finally(() => (this.changing -= 1));
    }
    return elsewhere;
  }

  private async openLanes(endpointIds: readonly string[]): Promise<void> {
    const missing = endpointIds.filter((id) => !this.lanes.has(id));
    if (missing.length === 0) return;
    for (const subscriber of await readSubscribers(this.parts.database, this.parts.secrets, missing)) {
      if (this.lanes.has(subscriber.endpointId)) continue;
      const lane = new Lane(subscriber, this.parts.settings.concurrencyPerEndpoint);
      this.lanes.set(subscriber.endpointId, lane);
      if (subscriber.lacksPlan) void this.onPlansChanged([subscriber.workspaceId]);
      this.kick(lane);
    }
    this.pump();
  }

  private close(lane: Lane): void {
    lane.suspended = true;
    if (lane.timer !== null) clearTimeout(lane.timer);
    this.lanes.delete(lane.endpointId);
  }

  /** Reads anew what the endpoints are and what they have to deliver. */
  private async reload(endpointIds: readonly string[]): Promise<void> {
    if (endpointIds.length === 0) return;
    const found = new Map<string, Subscriber>();
    for (const subscriber of await readSubscribers(this.parts.database, this.parts.secrets, endpointIds)) {
      found.set(subscriber.endpointId, subscriber);
    }
    for (const endpointId of endpointIds) {
      const lane = this.lanes.get(endpointId);
      const subscriber = found.get(endpointId);
      if (lane === undefined) continue;
      if (subscriber === undefined) {
        this.close(lane);
        continue;
      }
      // Resumed: what is in flight now says nothing of the life that starts here.
      if (subscriber.revision !== lane.subscriber.revision) {
        lane.life = { ...subscriber.life, countedTurn: (this.turn += 1) };
      }
      lane.subscriber = subscriber;
      lane.suspended = false;
      lane.forget();
      this.kick(lane);
    }
    this.pump();
  }

  /** Sees to it that the lane goes on as soon as it may. */
  private kick(lane: Lane): void {
    if (this.stopping || this.lanes.get(lane.endpointId) !== lane) return;
    const now = this.now();
    if (lane.canStart(now)) this.turns.add(lane);
    if (lane.wanted(now) !== null) void this.load();
    const wakesAt = lane.wakesAt();
    if (lane.timer !== null) clearTimeout(lane.timer);
    lane.timer = null;
    if (wakesAt === null || wakesAt <= now || wakesAt === Infinity) return;
    lane.timer = setTimeout(
      () => {
        this.kick(lane);
        this.pump();
      },
      Math.min(wakesAt - now, timerMsMax),
    );
  }

  /** One read at a time, for all lanes that want something. */
  private async load(): Promise<void> {
    if (this.loading) return;
    this.loading = true;
    try {
      // Those kicked in the same turn of the event loop are read together.
      await Promise.resolve();
      for (;;) {
        const now = this.now();
        const wanting = [...this.lanes.values()].flatMap((lane) => {
          const wanted = lane.suspended ? null : lane.wanted(now);
          return wanted === null ? [] : [{ lane, ...wanted, inOrder: lane.inOrder, endpointId: lane.endpointId }];
        });
        if (wanting.length === 0 || this.seat.id === null || this.stopping) return;
        for (const { lane } of wanting) lane.beginLoading();
        try {
          const loaded = await this.claims.load(wanting);
          for (const { lane, fresh, retries } of wanting) lane.loaded(loaded.get(lane.endpointId), { fresh, retries });
        } finally {
          for (const { lane } of wanting) lane.loading = false;
        }
        for (const { lane } of wanting) this.kick(lane);
        this.pump();
      }
    } catch (error) {
      this.parts.log.warn({ error: story(error) }, 'reading due webhook deliveries failed');
    } finally {
      this.loading = false;
    }
  }

  private pump(): void {
    const { concurrency } = this.parts.settings;
    while (!this.stopping && this.inFlight < concurrency && this.results.size < unstoredMax) {
      const lane = this.turns.next(concurrency - this.inFlight);
      if (lane === null) return;
      const delivery = lane.start(this.now());
      if (delivery === null) continue;
      void this.send(lane, delivery);
      if (lane.canStart(this.now())) this.turns.add(lane);
      else if (lane.wanted(this.now()) !== null) void this.load();
    }
  }

  private async send(lane: Lane, delivery: Delivery): Promise<void> {
    const { outbound, settings, random } = this.parts;
    const { subscriber } = lane;
    const startedAt = this.now();
    const startedTurn = (this.turn += 1);
    this.inFlight += 1;
    this.turns.started(lane);
    const number = delivery.attempts + 1;
    try {
      const attempt = { deliveryId: delivery.id, number, now: startedAt };
      const { headers, body } = requestOf(subscriber, delivery.event, attempt);
      if (number === 1) this.metrics.firstAttempt(delivery.event.id, startedAt);
      const outcome = await outbound.post(subscriber.url, headers, body);
      const endedAt = this.now();
      const verdict = verdictOn(outcome, endedAt);
      const ending = { ...verdict, startedTurn, endedTurn: (this.turn += 1), endedAt };
      const { life, pause, warning } = afterAttempt(lane.life, ending, settings.retryDelaysMs, random);
      const isStale = subscriber.revision !== lane.subscriber.revision;
      if (!isStale || verdict.kind === 'success') lane.life = life;
      const pauses = pause !== null && !isStale && lane.subscriber.delivers;
      const next = nextOf(verdict, { number, endedAt, pauses }, settings.retryDelaysMs, random);
      if (pauses) lane.subscriber = { ...lane.subscriber, delivers: false };
      lane.ended(delivery, next.ended === null);
      this.results.add({
        lane,
        delivery,
        startedAt,
        endedAt,
        outcome,
        next,
        pause: pauses ? pause : null,
        warning: isStale ? null : warning,
      });
      this.metrics.attempted(outcome.outcome);
      this.log(lane, delivery, number, outcome.outcome, outcome.status, outcome.timings.totalMs);
    } catch (error) {
      // Nothing is known of it, so it is sent again.
      this.parts.log.error({ error: story(error) }, 'a webhook attempt broke off');
      lane.abandoned(delivery);
    } finally {
      this.inFlight -= 1;
      this.turns.ended(lane);
      if (this.inFlight === 0) this.settled?.();
      this.kick(lane);
      this.pump();
    }
  }

  private onStored(result: Result, isOurs: boolean, revision: number): void {
    const { lane, delivery, next } = result;
    lane.stored(delivery, next.dueAt);
    if (!isOurs) {
      if (this.lanes.get(lane.endpointId) === lane) this.close(lane);
    } else if (revision !== lane.subscriber.revision) {
      void this.onChanged([lane.endpointId]);
    } else if (next.dueAt !== null) {
      this.kick(lane);
    }
    if (this.results.size < unstoredMax) this.pump();
  }

  private log(
    lane: Lane,
    { id, event }: Delivery,
    attempt: number,
    outcome: string,
    status: number | null,
    totalMs: number,
  ): void {
    const { log, tracing } = this.parts;
    const { endpointId } = lane;
    const facts = { delivery: id, endpoint: endpointId, event: event.id, attempt, outcome };
    log.info({ ...facts, status, totalMs }, 'webhook');
    tracing.record({
      name: 'webhook attempt',
      kind: 'client',
      startedAtMs: Date.now() - totalMs,
      ms: totalMs,
      failed: outcome !== 'success',
      attributes: { ...facts, 'http.response.status_code': status ?? undefined },
    });
  }
}
