/**
 * One file because it is the map of the engine: the parts of a worker are built here, started, told of changes, and
 * stopped. What they do, and the words they use, is in README.md beside this file.
 */
import type { AuditService } from '../../audit/audit.service.js';
import type { EventService } from '../../events/event.service.js';
import { fanOutQueue, type FanOutJob } from '../../events/publish.js';
import { within } from '../../platform/async/deadline.js';
import { SingleFlight } from '../../platform/async/single-flight.js';
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
import { DueDeliveries } from './due-deliveries.js';
import { DeliveryUpdates } from '../deliveries/delivery-updates.js';
import { Dispatcher, type Sender } from './dispatcher.js';
import { EventTexts } from './event-text-cache.js';
import { EndpointOwnership } from './endpoint-ownership.js';
import { FanOut } from './fan-out.js';
import { chores, maintenanceCron, maintenanceQueue } from './maintenance.js';
import { skipQueue } from '../endpoints/endpoint.service.js';
import { followWorkspaces, type ChangedEndpoint } from '../endpoints/pausing.js';
import type { ReplayService } from '../replays/replay.service.js';
import { AttemptRecorder, wakeUpQueue, type RetryWakeUp } from './attempt-recorder.js';
import { WorkerLease } from './worker-lease.js';
import { shareLoad, type WorkerLoad } from '../policy/load-sharing.js';
import { readMissed } from './missed-notifications.js';
import { skipOfDeleted } from '../store/open-deliveries.js';
import { deliveriesDue, deliveryUpdated, endpointChanged, payloadsErased, updated } from '../topics.js';
import { WebhookMetrics } from './metrics.js';

export interface WebhookWorkerParts {
  database: Database;
  /** For the session of the worker's lease. */
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
  /** How often it looks at everything; each second, unless somebody is to see what it does by what it is told alone. */
  lookMs?: number;
  /** Unix milliseconds. */
  now?: () => number;
  random?: () => number;
}

/** The queues this feature works. */
export const webhookQueues: readonly Queue[] = [
  { name: fanOutQueue, keptSeconds: 60 },
  { name: wakeUpQueue },
  { name: skipQueue },
  { name: maintenanceQueue, retryDelaySeconds: 300 },
];

const lookMs = 1_000;
const slowMs = 1_000;
const finishInFlightMs = 20_000;
const storeLastMsMax = 5_000;
/** Two renewals of a lease, by which a worker tells how far it is behind. */
const betweenHandOversMs = 6_000;
/** An endpoint whose receiver takes longer stays where it is. */
const leaveMsMax = 1_000;

/** Delivers webhooks. */
export class WebhookWorker {
  private readonly texts: EventTexts;
  private readonly ownership: EndpointOwnership;
  private readonly recorder: AttemptRecorder;
  private readonly updates: DeliveryUpdates;
  private readonly dispatcher: Dispatcher;
  private readonly fanOut: FanOut;
  private readonly lease: WorkerLease;
  private readonly now: () => number;
  private readonly unsubscribe: (() => void)[] = [];
  private ticker: NodeJS.Timeout | null = null;
  private readonly looks = new SingleFlight(async () => await this.lookOnce());
  private readonly replaySteps = new SingleFlight(async () => await this.advanceReplays());
  /** How many reactions to notifications are under way. */
  private reacting = 0;
  private stopping = false;
  /** In `performance.now()`. */
  private handsOverAgainAt = 0;
  /** Of its lease, and before it those whose endpoints are not inherited yet. */
  private readonly leases: number[] = [];

  constructor(private readonly parts: WebhookWorkerParts) {
    const { database, jobs, notifications, audit, log } = parts;
    this.now = parts.now ?? nowMs;
    this.texts = new EventTexts(database);
    this.ownership = new EndpointOwnership(database);
    const updates = (this.updates = new DeliveryUpdates(notifications));
    this.recorder = new AttemptRecorder(database, jobs, audit, log, {
      id: () => this.workerId,
      onStored: (result, revision) => {
        this.dispatcher.stored(result, revision !== null);
        if (revision === null) return;
        updates.send(result.queue.workspaceId, { endpointId: result.endpointId, id: result.delivery.id });
        if (revision !== result.queue.snapshot.revision) this.react(() => this.onChanged([result.endpointId]));
      },
      onMarked: (delivery) => updates.send(delivery.workspaceId, delivery),
      onPaused: (endpoint) => this.tellChanged(endpoint),
    });
    this.dispatcher = new Dispatcher({
      ...parts,
      due: new DueDeliveries(database, this.texts, (workspaceId, delivery) => updates.send(workspaceId, delivery)),
      recorder: this.recorder,
      metrics: new WebhookMetrics(parts.metrics, database),
      now: this.now,
      isLeased: () => this.workerId !== null,
      onWorkspaceStopped: (workspaceId) => this.react(() => this.onWorkspacesChanged([workspaceId])),
    });
    this.fanOut = new FanOut(database, notifications, log, (endpointIds) => this.onMade(endpointIds));
    this.lease = new WorkerLease(parts.connectionString, log, {
      taken: (id) => this.react(() => this.onLease(id)),
      lost: () => this.dispatcher.suspend(),
      behind: () => this.dispatcher.behind,
      over: () => {
        if (this.workerId === null) this.dispatcher.cutOff();
      },
    });
  }

  async start(): Promise<void> {
    const { notifications, jobs } = this.parts;
    await this.lease.take();
    this.unsubscribe.push(
      notifications.on(deliveriesDue, (endpointIds) => this.dispatcher.expect(endpointIds)),
      notifications.on(endpointChanged, (endpointIds) => this.react(() => this.onChanged(endpointIds))),
      notifications.on(payloadsErased, (workspaceIds) => this.react(() => this.onErased(workspaceIds))),
      notifications.on(workspaceChanged, (workspaceIds) => this.react(() => this.onWorkspacesChanged(workspaceIds))),
      notifications.onReconnect(() => {
        this.texts.forget();
        this.react(() => this.onChanged(this.dispatcher.endpointIds()));
      }),
    );
    this.updates.start();
    this.fanOut.start();
    this.ticker = setInterval(() => void this.look(), this.parts.lookMs ?? lookMs);
    await this.look();
    // What waits is on its way meanwhile.
    const often = { batchSize: 500, pollingIntervalSeconds: 1 };
    const seldom = { pollingIntervalSeconds: 30 };
    this.unsubscribe.push(
      await jobs.work<FanOutJob>(fanOutQueue, often, async () => await this.fanOut.finish()),
      await jobs.work<RetryWakeUp>(wakeUpQueue, often, async () => await this.look()),
      await jobs.work(skipQueue, {}, async () => await skipOfDeleted(this.parts.database, new Date(this.now()))),
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
    await this.looks.idle();
    await this.replaySteps.idle();
    await this.dispatcher.stop(finishInFlightMs);
    const { workerId } = this;
    if (workerId !== null) {
      // What a database that is away cannot take is sent again by whoever is next.
      await within(storeLastMsMax, this.recorder.drain(), () => {});
      await this.ownership.giveBack(workerId, this.dispatcher.ownedIds()).catch(() => undefined);
    }
    this.recorder.stop();
    await this.lease.leave();
  }

  /** Whether it delivers: false while it has lost its lease or the database. */
  ready(): boolean {
    return !this.stopping && this.workerId !== null;
  }

  /**
   * Under which it works: null while it has no lease, and under a new one until it has inherited what was its own, or
   * found it taken. It would otherwise take its own endpoints for a dead worker's, and forget what it has sent.
   */
  private get workerId(): number | null {
    return this.leases.length === 1 ? this.lease.id : null;
  }

  /** Whether there is nothing that it could do at this moment. */
  isQuiet(): boolean {
    const isBusy = this.reacting > 0 || [this.looks, this.replaySteps, this.fanOut].some(({ isRunning }) => isRunning);
    return !isBusy && this.workerId !== null && this.dispatcher.isQuiet();
  }

  /** Looks at everything now, as it does every second: what a lost notification or a crashed worker left behind. */
  async look(): Promise<void> {
    await this.looks.run();
  }

  /** What is due daily, and what a lost notification left undone of a change of a workspace. @throws when a part failed */
  async maintain(): Promise<void> {
    let failed: unknown = null;
    const due = [...chores(this.parts, new Date(this.now())), async () => await this.onWorkspacesChanged(null)];
    for (const chore of due) {
      try {
        await chore();
      } catch (error) {
        failed = error;
        this.parts.log.warn({ error: errorFields(error) }, 'a part of webhook maintenance failed; it is tried again');
      }
    }
    if (failed !== null) throw failed;
  }

  private async lookOnce(): Promise<void> {
    const { workerId, dispatcher, ownership, texts } = this;
    if (workerId === null || this.stopping) return;
    texts.purge();
    let workers: readonly WorkerLoad[] = [];
    try {
      await dispatcher.open(await ownership.takeOrphans(workerId, this.now(), dispatcher.ownedIds()));
      await ownership.giveBack(workerId, dispatcher.closeIdle());
      this.recorder.mark(dispatcher.takeSlow(slowMs));
      const missed = await readMissed(this.parts.database, dispatcher.snapshots());
      this.parts.outbound.shareWith(missed.workers.length);
      workers = missed.workers;
      if (missed.eventsWait) this.fanOut.wake();
      await dispatcher.reload(texts.follow(missed.erasures) ? dispatcher.endpointIds() : missed.changed);
    } catch (error) {
      this.parts.log.warn({ error: errorFields(error) }, 'looking for due webhook deliveries failed');
    }
    dispatcher.lookAgain();
    // Beside the look, which what is due must not wait for.
    this.react(async () => await this.handOver(workers));
    if (!this.replaySteps.isRunning) void this.replaySteps.run();
  }

  /** Hands endpoints to workers that have less to do, and then waits until their leases have told what that came to. */
  private async handOver(workers: readonly WorkerLoad[]): Promise<void> {
    const { workerId, dispatcher, ownership, parts } = this;
    if (workerId === null || this.stopping || performance.now() < this.handsOverAgainAt) return;
    const shares = shareLoad(workerId, dispatcher.behind, workers);
    if (shares.size > 0) this.handsOverAgainAt = performance.now() + betweenHandOversMs;
    for (const [toId, count] of shares) {
      const given = await dispatcher.leave(count, leaveMsMax);
      try {
        // Where the lease was lost meanwhile and is another now, nothing is this one's to give.
        if (!this.stopping) await ownership.handOver(workerId, toId, given);
      } finally {
        dispatcher.left(given);
      }
      // Of one that is not its own yet a worker finds by a look that it is.
      for (const endpointId of given) parts.notifications.send(endpointChanged, endpointId);
    }
  }

  private async advanceReplays(): Promise<void> {
    try {
      await this.parts.replays.advance(new Date(this.now()));
    } catch (error) {
      this.parts.log.warn({ error: errorFields(error) }, 'advancing webhook replays failed and will be tried again');
    }
  }

  /** Also after a loss: what this worker had is still its own where nobody has taken it since. */
  private async onLease(id: number): Promise<void> {
    const former = [...this.leases];
    this.leases.push(id);
    if (former.length === 0) return;
    const had = this.dispatcher.ownedIds();
    const inherited = await this.ownership.inherit(id, former, had).catch(() => []);
    // A later lease came meanwhile, and inherits from all before it.
    if (this.leases.at(-1) !== id) return;
    this.leases.splice(0, former.length);
    await this.dispatcher.keepOnly(inherited);
    await this.look();
  }

  private async onChanged(endpointIds: readonly string[]): Promise<void> {
    await this.dispatcher.reload(endpointIds);
    // One that was resumed is nobody's yet.
    if (endpointIds.some((id) => !this.dispatcher.has(id))) await this.look();
  }

  private async onErased(workspaceIds: readonly string[]): Promise<void> {
    this.texts.forget();
    await this.dispatcher.reload(this.dispatcher.endpointIds((id) => workspaceIds.includes(id)));
  }

  private async onWorkspacesChanged(workspaceIds: readonly string[] | null): Promise<void> {
    const changed = await followWorkspaces(this.parts.database, this.parts.audit, workspaceIds, now());
    for (const endpoint of changed) this.tellChanged(endpoint);
  }

  /** An endpoint was paused, so that its deliveries are held, or resumed. */
  private tellChanged({ id, workspaceId }: ChangedEndpoint): void {
    this.parts.notifications.send(endpointChanged, id);
    this.parts.notifications.send(deliveryUpdated, updated.many(workspaceId, id, now()));
  }

  /** Fan-out made deliveries to these endpoints: whose that is not is told, and whose nobody is becomes this worker's. */
  private onMade(endpointIds: readonly string[]): void {
    const unknown = this.dispatcher.expect(endpointIds);
    // Without a lease, all may be another's.
    const elsewhere = this.workerId === null ? endpointIds : unknown;
    for (const endpointId of elsewhere) this.parts.notifications.send(deliveriesDue, endpointId);
    if (elsewhere.length > 0) this.react(() => this.takeFree(elsewhere));
  }

  private async takeFree(endpointIds: readonly string[]): Promise<void> {
    const { workerId } = this;
    if (workerId !== null) await this.dispatcher.open(await this.ownership.takeFree(workerId, endpointIds));
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
