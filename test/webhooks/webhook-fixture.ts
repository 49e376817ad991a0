import { randomBytes } from 'node:crypto';
import { dataSourceFor } from '../../ormconfig.js';
import { AuditService } from '../../src/audit/audit.service.js';
import type { EventType } from '../../src/events/event-type.js';
import { EventErasureService } from '../../src/events/event-erasure.service.js';
import { EventService } from '../../src/events/event.service.js';
import { EventPublisher } from '../../src/events/publish.js';
import { operatorOf, type Actor } from '../../src/platform/actor.js';
import type { Tx } from '../../src/platform/postgres/database.js';
import { newId, nextMoment } from '../../src/platform/id.js';
import { Jobs } from '../../src/platform/postgres/jobs.js';
import { createLog } from '../../src/platform/log.js';
import { migrate } from '../../src/platform/postgres/migrate.js';
import { Outbound } from '../../src/platform/outbound/outbound.js';
import { Secrets } from '../../src/platform/secrets.js';
import { Metrics } from '../../src/platform/metrics.js';
import { Tracing } from '../../src/platform/tracing.js';
import { TestEventService } from '../../src/webhooks/deliveries/test-event.service.js';
import { WebhookEndpointService, type WithSecret } from '../../src/webhooks/endpoints/endpoint.service.js';
import { ReplayService } from '../../src/webhooks/replays/replay.service.js';
import { WebhookDeliveryService } from '../../src/webhooks/deliveries/delivery.service.js';
import { webhookQueues, WebhookWorker } from '../../src/webhooks/engine/worker.js';
import { actorWorkspace } from '../../src/workspaces/workspace.entity.js';
import { WorkspaceService } from '../../src/workspaces/workspace.service.js';
import { cloneDatabase } from '../support/postgres.js';
import { LossyNotifications, SlowDatabase } from '../support/troubled.js';

export const secondsSchedule = [10, 30, 90, 300, 900, 2_700, 7_200, 21_600, 64_800].map((seconds) => seconds * 1_000);

/** Makes a delivery by hand: `$1` is its id, `$2` the endpoint, `$3` the event. */
export const insertDelivery = `
  insert into webhook_open_deliveries (endpoint_id, id, event_id) values ($2, $1, $3)
`;

interface Settings {
  retryDelaysMs?: number[];
  timeoutMs?: number;
  concurrency?: number;
  concurrencyPerEndpoint?: number;
}

/** There is no door here that anybody came through. */
const confirmed = async () => {};

/** The webhook feature with what it stands on, on a database of its own; no doors. */
export class WebhookFixture {
  readonly jobs: Jobs;
  readonly notifications: LossyNotifications;
  readonly events: EventPublisher;
  readonly audit: AuditService;
  readonly eventLog: EventService;
  readonly eventErasure = new EventErasureService();
  readonly workspaces: WorkspaceService;
  readonly endpoints: WebhookEndpointService;
  readonly testEvents: TestEventService;
  readonly deliveries: WebhookDeliveryService;
  readonly replays: ReplayService;
  readonly outbound: Outbound;
  readonly secrets = new Secrets([Buffer.alloc(32, 7)]);
  readonly log = createLog('silent');
  readonly metrics = new Metrics();
  readonly tracing = new Tracing(null);
  readonly settings: Required<Settings> & { allowedCidrs: string[] };
  /** What the workers take for the time; tests may step it. */
  clockOffsetMs = 0;
  /** Instead of the machine's clock, where nothing may pass by itself. */
  frozenAt: number | null = null;
  private readonly workers = new Set<WebhookWorker>();

  private constructor(
    readonly database: SlowDatabase,
    readonly url: string,
    settings: Settings,
    private readonly drop: () => Promise<void>,
  ) {
    this.settings = {
      allowedCidrs: ['127.0.0.0/8'],
      retryDelaysMs: secondsSchedule,
      timeoutMs: 2_000,
      concurrency: 128,
      concurrencyPerEndpoint: 8,
      ...settings,
    };
    this.jobs = new Jobs(database, this.log, { works: true });
    this.notifications = new LossyNotifications(database, url, this.log);
    this.events = new EventPublisher(this.jobs, this.notifications, this.tracing);
    this.audit = new AuditService(database, this.secrets);
    this.eventLog = new EventService(database);
    this.workspaces = new WorkspaceService(database, this.notifications, this.audit, confirmed);
    this.outbound = new Outbound(this.settings);
    this.endpoints = new WebhookEndpointService(
      database,
      this.jobs,
      this.secrets,
      this.outbound,
      this.notifications,
      this.audit,
      confirmed,
    );
    this.testEvents = new TestEventService(database, this.secrets, this.outbound, this.endpoints);
    this.deliveries = new WebhookDeliveryService(database, this.notifications, this.audit, confirmed, this.settings);
    this.eventErasure.onErase(async (tx, events) => await this.deliveries.erase(tx, events));
    this.replays = new ReplayService(database, this.endpoints, this.notifications, this.audit, confirmed);
  }

  static async open(settings: Settings = {}): Promise<WebhookFixture> {
    const { url, drop } = await cloneDatabase();
    return await WebhookFixture.on(url, settings, drop);
  }

  /** On a database that is there and stays. */
  static async on(url: string, settings: Settings = {}, drop = async () => {}): Promise<WebhookFixture> {
    const source = await dataSourceFor(url).initialize();
    await migrate(source);
    const fixture = new WebhookFixture(new SlowDatabase(source), url, settings, drop);
    await fixture.jobs.start(webhookQueues);
    await fixture.notifications.start();
    return fixture;
  }

  async startWorker(
    outbound: Pick<Outbound, 'post'> = this.outbound,
    options: { lookMs?: number } = {},
  ): Promise<WebhookWorker> {
    const { database, jobs, notifications, secrets, replays, audit, eventLog, log, settings, url } = this;
    const worker = new WebhookWorker({
      database,
      connectionString: url,
      jobs,
      notifications,
      secrets,
      outbound:
        outbound instanceof Outbound ? outbound : { hasRoom: () => true, shareWith: () => undefined, ...outbound },
      replays,
      audit,
      eventLog,
      log,
      metrics: this.metrics,
      tracing: this.tracing,
      settings,
      now: () => (this.frozenAt ?? Date.now()) + this.clockOffsetMs,
      ...options,
      ...(this.frozenAt !== null && { random: () => 0 }),
    });
    this.workers.add(worker);
    await worker.start();
    return worker;
  }

  /** Stops the worker and forgets it: a fixture that outlives many workers would keep all of them. */
  async stopWorker(worker: WebhookWorker): Promise<void> {
    await worker.stop();
    this.workers.delete(worker);
  }

  async close(): Promise<void> {
    for (const worker of this.workers) await worker.stop();
    this.outbound.close();
    await this.jobs.stop(1_000);
    await this.notifications.stop();
    await this.database.close();
    await this.drop();
  }

  /** A new workspace, as its operator. */
  async workspace(plan: 'FREE' | 'PRO' | 'BUSINESS' = 'BUSINESS'): Promise<Actor> {
    const workspace = await this.database.transaction(
      async (tx) => await this.workspaces.create(tx, `Workspace ${randomBytes(4).toString('hex')}`, plan),
    );
    return operatorOf(actorWorkspace(workspace));
  }

  async endpoint(
    actor: Actor,
    url: string,
    more: { events?: EventType[]; maxConcurrency?: number; customHeaders?: Record<string, string> } = {},
  ): Promise<WithSecret> {
    return await this.endpoints.create(actor, () => ({ url, events: ['contact.created'], ...more }));
  }

  /** Commits one change with its events; returns the ids of the events. */
  async publish(
    actor: Pick<Actor, 'workspaceId'>,
    count = 1,
    type: EventType = 'contact.created',
    notes = '',
  ): Promise<string[]> {
    return await this.database.transaction((tx) => Promise.resolve(this.publishWith(tx, actor, count, type, notes)));
  }

  /** The same events, in a transaction of the caller's. */
  publishWith(
    tx: Tx,
    { workspaceId }: Pick<Actor, 'workspaceId'>,
    count = 1,
    type: EventType = 'contact.created',
    notes = '',
  ): string[] {
    const events = Array.from({ length: count }, () => {
      const moment = nextMoment();
      const id = newId('contact');
      const contact = { id, email: 'jane@example.com', phone: null, first_name: 'Jané', tags: ['a', 'b'], notes };
      return { workspaceId, type, moment, subjectId: id, people: [], data: { contact } };
    });
    this.events.publish(tx, ...events);
    return events.map(({ moment }) => moment.eventId);
  }

  /** What the deletion of a contact does to the events about it. */
  async erase({ workspaceId }: Pick<Actor, 'workspaceId'>, contactId: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      const id = newId('erasure');
      await tx.manager.query(
        `insert into erasures (id, workspace_id, contact_id, with_submissions, status, created_at, stepped_at)
         values ($1, $2, $3, false, 'RUNNING', now(), now())`,
        [id, workspaceId, contactId],
      );
      await this.eventErasure.mark(tx, id, { contactId, addresses: [] }, false, '~');
      const batch = await this.eventErasure.erase(tx, id, workspaceId, 100, true);
      this.eventErasure.unmark(tx, id, contactId);
      await batch.conclude(tx);
    });
  }

  /** And to what came of them. */
  async eraseEvents({ workspaceId }: Pick<Actor, 'workspaceId'>, eventIds: readonly string[]): Promise<void> {
    await this.database.transaction(async (tx) => {
      const { conclude } = await this.deliveries.erase(tx, { workspaceId, eventIds, isFirst: true });
      await conclude(tx);
    });
  }

  async rows<Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.database.pool.query<Row>(text, values)).rows;
  }

  /** Until the workers go by every change that was made: they hear of it beside what is published next. */
  async followed(): Promise<void> {
    await this.eventually(async () => [...this.workers].every((worker) => worker.isQuiet()));
  }

  /** Asks until it is so; for what has no event to wait for. */
  async eventually(isSo: () => Promise<boolean>, timeoutMs = 10_000): Promise<void> {
    for (const endsAt = Date.now() + timeoutMs; !(await isSo());) {
      if (Date.now() > endsAt) throw new Error(`not so within ${timeoutMs} ms: ${isSo.toString()}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
