import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditService } from '../../audit/audit.service.js';
import type { EventService } from '../../events/event.service.js';
import { fanOutQueue, type FanOutJob } from '../../events/publish.js';
import { now, nowMs } from '../../platform/clock.js';
import type { Config } from '../../platform/config.js';
import type { Database } from '../../platform/postgres/database.js';
import type { Jobs, Queue } from '../../platform/postgres/jobs.js';
import { errorFields, type Log } from '../../platform/log.js';
import type { Metrics } from '../../platform/metrics.js';
import type { Secrets } from '../../platform/secrets.js';
import type { Notifications } from '../../platform/postgres/notifications.js';
import type { Tracing } from '../../platform/tracing.js';
import { workspaceChanged } from '../../workspaces/workspace.service.js';
import { Claims } from './due-deliveries.js';
import { DeliveryUpdates } from '../deliveries/delivery-updates.js';
import { Dispatch, type Sender } from './dispatcher.js';
import { EventTexts } from './event-text-cache.js';
import { FanOut, type Batch } from './fan-out.js';
import { chores, maintenanceCron, maintenanceQueue } from './maintenance.js';
import { followPlans } from '../endpoints/pausing.js';
import type { ReplayService } from '../replays/replay.service.js';
import { Results, wakeUpQueue, type RetryWakeUp } from './attempt-recorder.js';
import { Seat } from './worker-lease.js';
import { readNews } from '../endpoints/endpoint-snapshot.js';
import { deliveriesDue, endpointChanged, payloadsErased } from '../topics.js';
import { WebhookMetrics } from './metrics.js';

export interface WebhookWorkerParts {
  database: Database;
  /** For the session that shows that this worker lives. */
  connectionString: string;
  jobs: Jobs;
  notifications: Notifications;
  secrets: Secrets;
  outbound: Sender;
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

/** The queues this feature works. */
export const webhookQueues: readonly Queue[] = [
  { name: fanOutQueue, keptSeconds: 60 },
  { name: wakeUpQueue },
  { name: maintenanceQueue, retryDelaySeconds: 300 },
];

const lookMs = 1_000;
const slowMs = 1_000;
const finishInFlightMs = 20_000;
const storeLastMsMax = 5_000;

/**
 * Delivers. Every endpoint is one worker's at a time: its lane. What is due is read in order, sent fairly, and what came
 * of it stored in batches; the table is the truth, the lanes in memory are how it is worked.
 */
export class WebhookWorker {
  private readonly texts: EventTexts;
  private readonly claims: Claims;
  private readonly results: Results;
  private readonly dispatch: Dispatch;
  private readonly fanOut: FanOut;
  private readonly seat: Seat;
  private readonly now: () => number;
  private readonly unsubscribe: (() => void)[] = [];
  private ticker: NodeJS.Timeout | null = null;
  private looking: Promise<void> | null = null;
  private nextLook: Promise<void> | null = null;
  /** How many reactions to notifications are under way. */
  private reacting = 0;
  private stopping = false;
  private formerId: number | null = null;
  /** The seat under which all that was this worker's before is its own again, where nobody took it. */
  private settledId: number | null = null;
  private advancing: Promise<void> | null = null;

  constructor(private readonly parts: WebhookWorkerParts) {
    const { database, jobs, notifications, audit, log } = parts;
    this.now = parts.now ?? nowMs;
    this.texts = new EventTexts(database);
    this.claims = new Claims(database, this.texts);
    const updates = new DeliveryUpdates(notifications);
    this.results = new Results(database, jobs, audit, log, {
      id: () => (this.seat.id === this.settledId ? this.seat.id : null),
      committing: () => this.fanOut.committing,
      onStored: (result, isOurs, revision) => {
        this.dispatch.stored(result, isOurs);
        const { endpointId, subscriber } = result.lane;
        if (isOurs) updates.send(endpointId, result.delivery.id);
        if (isOurs && revision !== subscriber.revision) this.react(() => this.onChanged([endpointId]));
      },
      onPaused: (endpointId) => notifications.send(endpointChanged, endpointId),
    });
    this.dispatch = new Dispatch({
      ...parts,
      claims: this.claims,
      results: this.results,
      metrics: new WebhookMetrics(parts.metrics, database),
      now: this.now,
      isSeated: () => this.seat.id !== null,
      onLacksPlan: (workspaceId) => this.react(() => this.onPlansChanged([workspaceId])),
    });
    this.fanOut = new FanOut(database, notifications, this.texts, log, {
      made: (batches) => this.dispatch.offer(batches),
      madeElsewhere: () => this.dispatch.mistrustOffers(),
      committed: (batches) => this.onCommitted(batches),
      lost: (batches) => this.dispatch.doubt(batches),
    });
    this.seat = new Seat(parts.connectionString, log, {
      taken: (id) => this.react(() => this.onSeat(id)),
      lost: () => this.dispatch.suspend(),
    });
  }

  async start(): Promise<void> {
    const { notifications, jobs } = this.parts;
    await this.seat.take();
    this.unsubscribe.push(
      notifications.on(deliveriesDue, (endpointIds) => this.dispatch.lookAgain(endpointIds)),
      notifications.on(endpointChanged, (endpointIds) => this.react(() => this.onChanged(endpointIds))),
      notifications.on(payloadsErased, (workspaceIds) => this.react(() => this.onErased(workspaceIds))),
      notifications.on(workspaceChanged, (workspaceIds) => this.react(() => this.onPlansChanged(workspaceIds))),
      notifications.onReconnect(() => {
        this.texts.forget();
        this.react(() => this.onChanged(this.dispatch.endpointIds()));
      }),
    );
    this.fanOut.start();
    this.ticker = setInterval(() => void this.look(), lookMs);
    await this.look();
    // What waits is on its way meanwhile.
    const often = { batchSize: 500, pollingIntervalSeconds: 1 };
    const seldom = { pollingIntervalSeconds: 30 };
    this.unsubscribe.push(
      await jobs.work<FanOutJob>(fanOutQueue, often, async () => await this.fanOut.finish()),
      await jobs.work<RetryWakeUp>(wakeUpQueue, often, async () => await this.look()),
      await jobs.work(maintenanceQueue, seldom, async () => await this.maintain()),
    );
    await jobs.schedule(maintenanceQueue, maintenanceCron);
    await this.maintain().catch(() => undefined);
  }

  /** Takes nothing more, finishes what is in flight, at most 20 s, stores it and gives the endpoints back. */
  async stop(): Promise<void> {
    this.stopping = true;
    if (this.ticker !== null) clearInterval(this.ticker);
    for (const unsubscribe of this.unsubscribe) unsubscribe();
    await this.fanOut.stop();
    await (this.nextLook ?? this.looking);
    await this.advancing;
    await this.dispatch.stop(finishInFlightMs);
    const { id } = this.seat;
    if (id !== null) {
      // What a database that is away cannot take is sent again by whoever is next.
      await Promise.race([this.results.drain(), sleep(storeLastMsMax, null, { ref: false })]);
      await this.claims.giveBack(id, this.dispatch.heldIds()).catch(() => undefined);
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
    const isBusy = this.reacting > 0 || this.looking !== null || this.nextLook !== null || this.fanOut.isRunning;
    return !isBusy && this.advancing === null && this.seat.id !== null && this.dispatch.isQuiet();
  }

  /** Looks at everything now, as it does every second: what a lost signal or a crashed worker left behind. */
  async look(): Promise<void> {
    // One under way may have looked before what this call is about.
    this.nextLook ??= this.lookAfter(this.looking);
    await this.nextLook;
  }

  /** What is due daily, and what of a change of plan a lost signal left undone. @throws when a part could not be done */
  async maintain(): Promise<void> {
    let failed: unknown = null;
    for (const chore of [...chores(this.parts, new Date(this.now())), async () => await this.onPlansChanged(null)]) {
      try {
        await chore();
      } catch (error) {
        failed = error;
        this.parts.log.warn(
          { error: errorFields(error) },
          'a part of webhook maintenance failed and will be tried again',
        );
      }
    }
    if (failed !== null) throw failed;
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
    this.texts.age();
    try {
      await this.dispatch.open(await this.claims.takeOrphans(id, this.now(), this.dispatch.heldIds()));
      await this.claims.giveBack(id, this.dispatch.closeIdle());
      this.results.mark(this.dispatch.slow(slowMs));
      const { changed, erasures, eventsWait, workers } = await readNews(
        this.parts.database,
        this.dispatch.subscribers(),
      );
      this.parts.outbound.shareWith?.(workers);
      if (eventsWait) this.fanOut.wake();
      await this.dispatch.reload(this.texts.follow(erasures) ? this.dispatch.endpointIds() : changed);
    } catch (error) {
      this.parts.log.warn({ error: errorFields(error) }, 'looking for due webhook deliveries failed');
    }
    this.dispatch.lookAgain();
    this.advancing ??= this.advanceReplays().finally(() => (this.advancing = null));
  }

  /** Beside the look, which what is due must not wait for. */
  private async advanceReplays(): Promise<void> {
    try {
      await this.parts.replays.advance(new Date(this.now()));
    } catch (error) {
      this.parts.log.warn({ error: errorFields(error) }, 'advancing webhook replays failed and will be tried again');
    }
  }

  /** Also after a loss: what this worker had is still its own where nobody has taken it since. */
  private async onSeat(id: number): Promise<void> {
    const former = this.formerId;
    this.formerId = id;
    if (former === null) {
      this.settledId = id;
      return;
    }
    const had = this.dispatch.heldIds();
    const inherited = await this.claims.inherit(id, former, had).catch(() => []);
    this.settledId = id;
    await this.dispatch.keepOnly(inherited);
    await this.look();
  }

  private async onChanged(endpointIds: readonly string[]): Promise<void> {
    await this.dispatch.reload(endpointIds);
    // One that was resumed is nobody's yet.
    if (endpointIds.some((id) => !this.dispatch.has(id))) await this.look();
  }

  private async onErased(workspaceIds: readonly string[]): Promise<void> {
    this.texts.forget();
    await this.dispatch.reload(this.dispatch.endpointIds((id) => workspaceIds.includes(id)));
  }

  private async onPlansChanged(workspaceIds: readonly string[] | null): Promise<void> {
    const changed = await followPlans(this.parts.database, this.parts.audit, workspaceIds, now());
    for (const endpointId of changed) this.parts.notifications.send(endpointChanged, endpointId);
  }

  private onCommitted(batches: readonly Batch[]): void {
    const unknown = this.dispatch.committed(batches);
    // Without a seat, all may be another's.
    const elsewhere = this.seat.id === null ? batches.map(({ endpointId }) => endpointId) : unknown;
    for (const endpointId of elsewhere) this.parts.notifications.send(deliveriesDue, endpointId);
    if (elsewhere.length > 0) this.react(() => this.takeFree(elsewhere));
  }

  /** Those of them that are nobody's. */
  private async takeFree(endpointIds: readonly string[]): Promise<void> {
    const { id } = this.seat;
    if (id !== null) await this.dispatch.open(await this.claims.takeFree(id, endpointIds));
  }

  /** What fails here is found again by looking. */
  private react(reaction: () => Promise<void>): void {
    this.reacting += 1;
    reaction()
      .catch((error: unknown) =>
        this.parts.log.warn({ error: errorFields(error) }, 'a change to webhooks was not followed'),
      )
      .finally(() => (this.reacting -= 1));
  }
}
