/** One file because it is the map of the system: every service is built here, once, after those that it needs. */
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { blockListOf } from './platform/addresses.js';
import { dataSourceFor } from '../ormconfig.js';
import { AccountService } from './accounts/account.service.js';
import { MemberService } from './accounts/member.service.js';
import { accountPurgeCron, accountPurgeQueue, deleteEnded } from './accounts/purge.js';
import { SessionService } from './accounts/session.service.js';
import { SignInTries } from './accounts/sign-in-tries.js';
import { ApiKeyService } from './api-keys/api-key.service.js';
import { expiryNoticesCron, expiryNoticesQueue, tellOfExpiringKeys } from './api-keys/expiry-notices.js';
import { auditDigestCron, auditDigestQueue, AuditDigestService } from './audit/audit-digest.service.js';
import { AuditService, storedAuditEntries } from './audit/audit.service.js';
import { ContactService, storedContacts } from './contacts/contact.service.js';
import { ErasureNoteService } from './contacts/erasure-note.service.js';
import { erasureCron, erasureQueue, ErasureService, type AnswerEraser } from './contacts/erasure.service.js';
import { Completions } from './conversions/completions.js';
import { ConversionFeed } from './conversions/conversion-feed.js';
import { ConversionService, storedConversions } from './conversions/conversion.service.js';
import { allConversionQueues, ConversionWorker } from './conversions/conversion-worker.js';
import { destinationsCron, destinationsQueue, tellOfExpiringCredentials } from './conversions/credential-expiry.js';
import { ConversionDestinationService, storedDestinations } from './conversions/destination.service.js';
import { ConversionMetrics } from './conversions/metrics.js';
import { OpenConversions } from './conversions/open-conversions.js';
import { PlatformClient } from './conversions/platform-client.js';
import { ConversionSender } from './conversions/sender.js';
import { EventErasureService } from './events/event-erasure.service.js';
import { EventFeed } from './events/event-feed.js';
import { EventService, storedEvents } from './events/event.service.js';
import { EventPublisher } from './events/publish.js';
import { Apollo } from './graphql/apollo.js';
import { Documents } from './graphql/documents.js';
import { EventStreams } from './graphql/event-streams.js';
import { Execution } from './graphql/execution.js';
import { readGuides } from './docs/guides.js';
import { DocsSite } from './docs/site.js';
import { explorerRouter, leadToExplorer } from './graphql/explorer.js';
import { Admission } from './graphql/admission.js';
import { Results } from './graphql/results.js';
import { graphqlSchema, schemaText } from './graphql/schema.js';
import { SendBacklog } from './graphql/send-backlog.js';
import { GraphqlTransport } from './graphql/transport.js';
import { WebSockets } from './graphql/web-sockets.js';
import { storedDocuments, TrustedDocumentService } from './api-keys/trusted-document.service.js';
import { attributionScript } from './http/attribution-script.js';
import { AccessLog } from './http/access-log.js';
import { Authenticator } from './http/authenticate.js';
import { BodyRoom } from './http/body-room.js';
import { BodyReader } from './http/body.js';
import { connectionLimits, HttpConnections, type ConnectionLimits } from './http/connections.js';
import { consoleRouter } from './http/console.js';
import { crossOrigin } from './http/cors.js';
import { Idempotency, idempotencyCron, idempotencyQueue, storedAnswers } from './http/idempotency.js';
import { entranceRouter } from './http/entrance.js';
import { operatorRouter } from './http/operator.js';
import { RateLimiter } from './http/rate-limit/rate-limiter.js';
import { httpApp, HttpServer } from './http/server.js';
import { RequestMetrics } from './http/request-metrics.js';
import { RevocationWatch } from './http/revocation-watch.js';
import { Strangers } from './http/rate-limit/strangers.js';
import { IntakeBotService, storedIntakeBots } from './intake-bots/intake-bot.service.js';
import type { Confirm } from './platform/actor.js';
import { within } from './platform/async/deadline.js';
import { clock, clockTrouble, nowMs } from './platform/clock.js';
import { type Config } from './platform/config.js';
import { checkDatabase } from './platform/postgres/database-check.js';
import { Database, type Reserved } from './platform/postgres/database.js';
import { pipelined } from './platform/postgres/statement.js';
import {
  explainedStart,
  startEmbeddedPostgres,
  type EmbeddedPostgres,
  type Note,
} from './platform/embedded-postgres/server.js';
import { whenTimeIsAhead } from './platform/id.js';
import { installedVersion } from './platform/installed-version.js';
import { Jobs, type Queue } from './platform/postgres/jobs.js';
import { errorFields, type Log } from './platform/log.js';
import { Metrics } from './platform/metrics.js';
import { Outbound } from './platform/outbound/outbound.js';
import { migrate } from './platform/postgres/migrate.js';
import { keptSecret } from './platform/secret-file.js';
import { Secrets } from './platform/secrets.js';
import { Notifications } from './platform/postgres/notifications.js';
import { Tracing } from './platform/tracing.js';
import { RecordService, storedLinks, storedRecords } from './records/record.service.js';
import { instructions } from './mcp/instructions.js';
import { Prompts } from './mcp/prompts.js';
import { Resources } from './mcp/resources.js';
import { toolsOf } from './mcp/tools.js';
import { McpTransport } from './mcp/transport.js';
import { Pages } from './rest/pages.js';
import { restRouter } from './rest/router.js';
import { restRoutes } from './rest/routes.js';
import { deleteOldSubmissions, retentionCron, retentionQueue } from './submissions/retention.js';
import { storedMessages, storedSubmissions, SubmissionService } from './submissions/submission.service.js';
import { ReplayService } from './webhooks/replays/replay.service.js';
import { unusableDatabase } from './platform/postgres/unusable-database.js';
import { WebhookFeed } from './webhooks/feed.js';
import { storedAttempts, WebhookDeliveryService } from './webhooks/deliveries/delivery.service.js';
import { SentRequestService } from './webhooks/deliveries/sent-request.service.js';
import { TestEventService } from './webhooks/deliveries/test-event.service.js';
import { EndpointStatsService } from './webhooks/endpoints/endpoint-stats.service.js';
import { storedEndpoints, WebhookEndpointService } from './webhooks/endpoints/endpoint.service.js';
import { countRefusals } from './webhooks/engine/metrics.js';
import { webhookQueues, WebhookWorker } from './webhooks/engine/worker.js';
import { StorageService, storageCron, storageQueue } from './workspaces/storage.service.js';
import { forgetOldNotices, noticeRetentionCron, noticeRetentionQueue } from './workspaces/notice-retention.js';
import { NoticeService } from './workspaces/notice.service.js';
import { workspaceChanged, WorkspaceService } from './workspaces/workspace.service.js';

export const serverRoles = ['all', 'api', 'worker'] as const;
export type ServerRole = (typeof serverRoles)[number];

interface Chore {
  queue: Queue;
  /** In UTC, and in no minute in which another begins. */
  cron: string;
  run: (app: App) => Promise<unknown>;
  /** Jobs of the queue that a change makes are taken sooner than by the half minute. */
  pollingIntervalSeconds?: number;
}

/** What is due by the clock: pg-boss lets one process at a time do each. Those of webhooks and conversions are their workers'. */
const chores: readonly Chore[] = [
  { queue: erasureQueue, cron: erasureCron, run: goOnErasing, pollingIntervalSeconds: 2 },
  { queue: expiryNoticesQueue, cron: expiryNoticesCron, run: tellOfExpiringKeys },
  { queue: retentionQueue, cron: retentionCron, run: deleteOldSubmissions },
  { queue: destinationsQueue, cron: destinationsCron, run: lookAfterDestinations },
  { queue: storageQueue, cron: storageCron, run: async ({ storage }) => await storage.measure() },
  { queue: accountPurgeQueue, cron: accountPurgeCron, run: deleteEnded },
  { queue: idempotencyQueue, cron: idempotencyCron, run: async ({ idempotency }) => await idempotency.purge() },
  { queue: auditDigestQueue, cron: auditDigestCron, run: async ({ auditDigests }) => await auditDigests.make() },
  { queue: noticeRetentionQueue, cron: noticeRetentionCron, run: forgetOldNotices },
];

/** Every queue of jobs: to add one is to add its line. */
export const queues: readonly Queue[] = [...webhookQueues, ...chores.map(({ queue }) => queue), ...allConversionQueues];

const finishInFlightMs = 20_000;
const anchorMs = 60_000;
const databaseTime = pipelined<{ ms: number }>('select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms');
/** For so long `/readyz` waits for the database, before it calls this process not ready. */
const answerMsMax = 3_000;

/** Everything that there is, built once, each service after those that it needs. */
export class App {
  readonly metrics = new Metrics();
  readonly tracing: Tracing;
  readonly database: Database;
  readonly jobs: Jobs;
  readonly notifications: Notifications;
  readonly secrets: Secrets;
  readonly idempotency: Idempotency;
  readonly rateLimiter: RateLimiter;
  readonly strangers = new Strangers();
  private readonly bodyRoom = new BodyRoom();
  readonly bodies = new BodyReader(this.bodyRoom);
  private readonly accessLog: AccessLog;

  readonly audit: AuditService;
  readonly auditDigests: AuditDigestService;
  readonly workspaces: WorkspaceService;
  readonly storage: StorageService;
  readonly notices: NoticeService;
  readonly sessions: SessionService;
  readonly accounts: AccountService;
  readonly members: MemberService;
  readonly apiKeys: ApiKeyService;
  readonly revocations: RevocationWatch;
  readonly events: EventPublisher;
  readonly eventLog: EventService;
  readonly eventErasure: EventErasureService;
  readonly eventFeed: EventFeed;
  readonly webhookFeed: WebhookFeed;
  readonly trustedDocuments: TrustedDocumentService;
  readonly erasures: ErasureService;
  readonly erasureNotes: ErasureNoteService;
  readonly contacts: ContactService;
  readonly records: RecordService;
  readonly intakeBots: IntakeBotService;
  readonly submissions: SubmissionService;
  readonly conversionDestinations: ConversionDestinationService;
  readonly conversions: ConversionService;
  readonly conversionFeed: ConversionFeed;
  readonly conversionWorker: ConversionWorker;
  private readonly platformClient: PlatformClient;
  readonly outbound: Outbound;
  readonly webhookEndpoints: WebhookEndpointService;
  readonly endpointStats: EndpointStatsService;
  readonly testEvents: TestEventService;
  readonly webhookDeliveries: WebhookDeliveryService;
  readonly sentRequests: SentRequestService;
  readonly replays: ReplayService;
  readonly webhookWorker: WebhookWorker;

  private http: HttpServer | null = null;
  private apollo: Apollo | null = null;
  private eventStreams: EventStreams | null = null;
  private webSockets: WebSockets | null = null;
  private mcp: McpTransport | null = null;
  private port: number;
  /** Why this process is not ready, as `/readyz` says it; null when it is. */
  private unready: string | null = 'starting';
  private works = false;
  private anchoring: NodeJS.Timeout | null = null;
  private clockTold: string | null = null;

  private constructor(
    readonly config: Config,
    readonly log: Log,
    private readonly embedded: EmbeddedPostgres | null,
    /** Migrations that this start applied. */
    readonly applied: readonly string[],
    foundation: { database: Database; jobs: Jobs; url: string; secretsKeys: Buffer[] },
  ) {
    this.port = config.port;
    this.tracing = new Tracing(config.otlp);
    this.accessLog = new AccessLog(log);
    const { database, jobs } = foundation;
    this.database = database;
    this.jobs = jobs;
    this.secrets = new Secrets(foundation.secretsKeys);
    this.idempotency = new Idempotency(database, this.secrets);
    this.notifications = new Notifications(database, foundation.url, log);
    this.rateLimiter = new RateLimiter(database, this.notifications, log);
    this.audit = new AuditService(database, this.secrets);
    this.auditDigests = new AuditDigestService(database, this.secrets, log);
    const confirm: Confirm = async (tx, actor) => await this.apiKeys.confirm(tx, actor);
    this.workspaces = new WorkspaceService(database, this.notifications, this.audit, confirm);
    this.storage = new StorageService(database, this.notifications, log, [
      storedSubmissions,
      storedMessages,
      storedContacts,
      storedRecords,
      storedLinks,
      storedIntakeBots,
      storedEvents,
      storedEndpoints,
      storedAttempts,
      storedDocuments,
      storedAnswers,
      storedAuditEntries,
      storedDestinations,
      storedConversions,
    ]);
    this.notices = new NoticeService(database);
    this.sessions = new SessionService(database, this.notifications, log);
    const tries = new SignInTries(database.reserved);
    this.accounts = new AccountService(database, this.audit, this.sessions, tries);
    this.members = new MemberService(database, this.audit, this.sessions, this.accounts, () => this.publicUrl);
    this.apiKeys = new ApiKeyService(database, this.notifications, this.audit, this.sessions, log);
    this.events = new EventPublisher(jobs, this.notifications, this.tracing);
    this.eventLog = new EventService(database);
    this.eventErasure = new EventErasureService();
    this.eventFeed = new EventFeed(this.eventLog, this.notifications);
    this.trustedDocuments = new TrustedDocumentService(database, this.notifications, this.audit, confirm);
    this.revocations = new RevocationWatch(this.apiKeys, this.sessions, this.trustedDocuments, this.notifications, log);
    this.erasures = new ErasureService(database, this.eventErasure, jobs, this.secrets, log);
    this.erasureNotes = new ErasureNoteService(database, this.secrets, log);
    this.contacts = new ContactService(
      database,
      this.events,
      this.eventErasure,
      this.erasures,
      this.erasureNotes,
      this.audit,
      confirm,
    );
    this.records = new RecordService(database, this.contacts);
    this.intakeBots = new IntakeBotService(database, this.events, () => this.publicUrl);
    this.submissions = new SubmissionService(
      database,
      this.workspaces,
      this.events,
      this.contacts,
      this.records,
      this.intakeBots,
      this.audit,
      this.eventErasure,
      confirm,
    );
    this.erasures.onAnswers(answerEraser(this.idempotency));
    const { allowedCidrs } = config.webhooks;
    this.platformClient = new PlatformClient({ ...config.conversions, allowedCidrs }, nowMs);
    const open = new OpenConversions(database, jobs, this.notifications);
    this.conversionDestinations = new ConversionDestinationService(
      database,
      this.secrets,
      this.audit,
      confirm,
      this.intakeBots,
      this.notifications,
      open,
      this.platformClient,
    );
    this.conversions = new ConversionService(database, this.audit, confirm, open);
    this.submissions.follow(new Completions(this.conversionDestinations, open, this.secrets));
    const sender = new ConversionSender({
      database,
      secrets: this.secrets,
      destinations: this.conversionDestinations,
      open,
      client: this.platformClient,
      metrics: new ConversionMetrics(this.metrics, database),
      log,
      now: nowMs,
    });
    this.conversionWorker = new ConversionWorker({
      database,
      jobs,
      notifications: this.notifications,
      open,
      sender,
      log,
    });
    this.conversionFeed = new ConversionFeed(this.conversions, this.conversionDestinations, this.notifications);
    this.outbound = new Outbound({ ...config.webhooks, onRefused: countRefusals(this.metrics) });
    this.webhookEndpoints = new WebhookEndpointService(
      database,
      jobs,
      this.secrets,
      this.outbound,
      this.notifications,
      this.audit,
      confirm,
    );
    this.endpointStats = new EndpointStatsService(database);
    this.testEvents = new TestEventService(database, this.secrets, this.outbound, this.webhookEndpoints);
    this.webhookDeliveries = new WebhookDeliveryService(
      database,
      this.notifications,
      this.audit,
      confirm,
      config.webhooks,
    );
    this.sentRequests = new SentRequestService(database, this.secrets, this.tracing);
    this.eventErasure.onErase((tx, events) => this.webhookDeliveries.erase(tx, events));
    this.replays = new ReplayService(database, this.webhookEndpoints, this.notifications, this.audit, confirm);
    this.webhookFeed = new WebhookFeed(this.webhookEndpoints, this.webhookDeliveries, this.replays, this.notifications);
    this.webhookWorker = new WebhookWorker({
      database,
      connectionString: foundation.url,
      jobs,
      notifications: this.notifications,
      secrets: this.secrets,
      outbound: this.outbound,
      replays: this.replays,
      audit: this.audit,
      eventLog: this.eventLog,
      log,
      metrics: this.metrics,
      tracing: this.tracing,
      settings: config.webhooks,
    });
  }

  /**
   * Opens the database, the embedded one if no other is named, and brings it up to date.
   * @param onMigrated is told how many migrations are applied, of how many that were not
   */
  static async open(
    config: Config,
    log: Log,
    role: ServerRole | 'command' = 'command',
    onMigrated?: (migrations: number, of: number) => void,
  ): Promise<App> {
    const note: Note = (message, level = 'info') => log[level](message);
    const { dataDir } = config;
    // A server starts its embedded database again when that ends; a command fails instead.
    const keepsRunning = role !== 'command';
    const embedded =
      config.databaseUrl === null ? await startEmbeddedPostgres({ dataDir, log: note, keepsRunning }) : null;
    const url = config.databaseUrl ?? embedded?.url ?? '';
    const source = dataSourceFor(url);
    let database: Database | null = null;
    let jobs: Jobs | null = null;
    try {
      const secretsKeys = config.secretsKeys ?? [await generatedKey(config.dataDir)];
      await source.initialize();
      await checkDatabase(source);
      const applied = await migrate(source, onMigrated);
      database = new Database(source, config.databaseReplicaUrl, (why) => {
        if (why === null) log.info('lists are read from the replica again');
        else log.warn({ error: errorFields(why) }, 'the replica is left aside, and lists are read from the primary');
      });
      const { reserved } = database;
      whenTimeIsAhead((ms) => {
        log.error({ until: new Date(ms) }, 'a clock that was ahead wrote to the database; its time is not followed');
      });
      await clock.anchor(async () => await readTime(reserved));
      jobs = new Jobs(database, log, { works: role === 'all' || role === 'worker' });
      await jobs.start(queues);
      return new App(config, log, embedded, applied, { database, jobs, url, secretsKeys });
    } catch (error) {
      await jobs?.stop(0).catch(() => undefined);
      if (database !== null) await database.close();
      else if (source.isInitialized) await source.destroy();
      await embedded?.stop();
      throw embedded === null ? unusableDatabase(error) : explainedStart(error, dataDir);
    }
  }

  get publicUrl(): string {
    const host = this.config.host.includes(':') ? `[${this.config.host}]` : this.config.host;
    return this.config.publicUrl ?? `http://${host}:${this.port}`;
  }

  /** Takes requests and works jobs, as the role says. It is ready once `beforeReady` is done. */
  async serve(
    role: ServerRole,
    limits: Partial<ConnectionLimits> = {},
    beforeReady: () => Promise<void> = async () => {},
  ): Promise<void> {
    await this.notifications.start();
    this.anchoring = setInterval(() => void this.anchor(), anchorMs).unref();
    this.tellOfClock();
    await this.listen(role, limits);
    if (role !== 'api') await Promise.all([this.webhookWorker.start(), this.conversionWorker.start(), this.tidy()]);
    this.works = role !== 'api';
    await beforeReady();
    this.unready = null;
  }

  /** Compares the clock with the database's; while the database is away, the clock goes on by itself. */
  private async anchor(): Promise<void> {
    await clock.anchor(async () => await readTime(this.database.reserved)).catch(() => undefined);
    this.tellOfClock();
  }

  private tellOfClock(): void {
    const trouble = clockTrouble(clock.differences());
    const differs = trouble !== null;
    if (differs && this.clockTold === null) this.log.error({ ...clock.differences() }, trouble);
    if (!differs && this.clockTold !== null) this.log.info('the clocks agree again');
    this.clockTold = trouble;
  }

  /** Takes no more requests and jobs, finishes those in hand, gives back the others, and stops an embedded database. */
  async stop(): Promise<void> {
    this.unready = 'stopping';
    if (this.anchoring !== null) clearInterval(this.anchoring);
    const abort = setTimeout(() => this.http?.abort(), finishInFlightMs).unref();
    this.storage.stop();
    this.eventStreams?.stop();
    await Promise.all([
      this.webSockets?.stop(),
      this.mcp?.stop(),
      this.http?.stop(),
      this.jobs.stop(finishInFlightMs),
      ...(this.works ? [this.webhookWorker.stop()] : []),
    ]);
    clearTimeout(abort);
    this.accessLog.sumUp();
    await this.apollo?.stop();
    await this.revocations.stop();
    await this.rateLimiter.stop();
    await this.apiKeys.stop();
    this.outbound.close();
    this.platformClient.close();
    await this.notifications.stop();
    await this.tracing.stop();
    await this.database.close();
    await this.embedded?.stop();
  }

  private async tidy(): Promise<void> {
    for (const { queue, cron, run, pollingIntervalSeconds = 30 } of chores) {
      await this.jobs.work(queue.name, { pollingIntervalSeconds }, async () => void (await run(this)));
      await this.jobs.schedule(queue.name, cron);
    }
    this.notifications.on(workspaceChanged, (ids) => this.followWorkspaces(ids));
    await this.erasures.wake();
  }

  /** A change that is missed here is found within the hour. */
  private followWorkspaces(workspaceIds: readonly string[]): void {
    this.conversionDestinations.followWorkspaces(workspaceIds).catch((error: unknown) => {
      this.log.warn({ error: errorFields(error) }, 'conversions did not follow a change of a workspace at once');
    });
  }

  private async listen(role: ServerRole, limits: Partial<ConnectionLimits>): Promise<void> {
    const authenticator = new Authenticator(this.apiKeys, this.sessions, () => this.publicUrl);
    const routes = restRoutes(this);
    const schema = graphqlSchema(this);
    const documents = new Documents(schema);
    const execution = new Execution(schema);
    const admission = new Admission(documents, this.trustedDocuments, this.rateLimiter, this.strangers);
    const trustedProxies = blockListOf(this.config.trustedProxies);
    const { revocations, idempotency, strangers, bodies, log } = this;
    const results = new Results(execution, log);
    const backlog = new SendBacklog();
    const eventStreams = new EventStreams(results, backlog, revocations);
    const webSockets = new WebSockets({
      schema,
      admission,
      results,
      backlog,
      authenticator,
      strangers,
      bodyRoom: this.bodyRoom,
      revocations,
      trustedProxies,
      log,
    });
    this.eventStreams = eventStreams;
    this.webSockets = webSockets;
    const apollo = new Apollo(schema, documents, execution, log);
    await apollo.start();
    this.apollo = apollo;
    const graphql = new GraphqlTransport({
      admission,
      apollo,
      authenticator,
      strangers,
      bodies,
      eventStreams,
      idempotency,
    });
    const serves = role !== 'worker';
    const pages = new Pages(routes, () => this.publicUrl);
    const version = installedVersion();
    const mcp = new McpTransport({
      surface: {
        name: 'iozen',
        version,
        instructions,
        tools: toolsOf(this, version),
        resources: new Resources(
          readGuides(() => this.publicUrl),
          schemaText(schema),
          () => JSON.stringify(pages.openApi()),
        ),
        prompts: new Prompts(this.intakeBots, this.webhookEndpoints),
      },
      authenticator,
      strangers,
      limiter: this.rateLimiter,
      bodies,
      revocations,
      metrics: this.metrics,
      log,
      publicUrl: () => this.publicUrl,
      corsOrigins: this.config.corsOrigins,
    });
    this.mcp = mcp;
    const app = httpApp({
      log,
      accessLog: this.accessLog,
      trustedProxies,
      tracing: this.tracing,
      requestMetrics: new RequestMetrics(this.metrics, this.database),
      isSecure: this.config.publicUrl?.startsWith('https:') === true,
      operator: operatorRouter({
        metrics: this.metrics,
        metricsToken: this.config.metricsToken,
        unready: async () => await this.reasonUnready(),
        remark: () => clockTrouble(clock.differences()),
      }),
      doors: serves
        ? {
            crossOrigin: crossOrigin(this.config.corsOrigins),
            rest: restRouter({
              routes,
              authenticator,
              strangers,
              limiter: this.rateLimiter,
              bodies,
              idempotency: this.idempotency,
              pages,
            }),
            graphql: graphql.handler(),
            mcp: mcp.handler,
            explorer: explorerRouter(),
            docs: new DocsSite(
              () => pages.openApi(),
              schema,
              () => this.publicUrl,
            ).handler,
            readers: leadToExplorer,
            entrance: entranceRouter(() => this.publicUrl),
            pages: consoleRouter(() => this.publicUrl),
            attributionScript: attributionScript(),
            schemaText: schemaText(schema),
          }
        : null,
    });
    const upgrade: WebSockets['upgrade'] = (...connection) => webSockets.upgrade(...connection);
    const connections = new HttpConnections(trustedProxies, { ...connectionLimits, ...limits });
    this.http = new HttpServer(app, serves ? upgrade : null, connections);
    this.port = await this.http.listen(this.config.port, this.config.host);
  }

  private async reasonUnready(): Promise<string | null> {
    if (this.unready !== null) return this.unready;
    if (this.works && !this.webhookWorker.ready()) return 'the webhook worker has no lease';
    try {
      await within(answerMsMax, this.workspaces.probe());
      return null;
    } catch (error) {
      this.log.warn({ error: errorFields(error) }, 'the database does not answer');
      return 'the database does not answer';
    }
  }
}

async function goOnErasing({ erasures }: App): Promise<void> {
  await erasures.goOn();
  await erasures.forgetOld();
}

async function lookAfterDestinations({ conversionDestinations, database }: App): Promise<void> {
  await conversionDestinations.followWorkspaces(null);
  await tellOfExpiringCredentials({ database });
  await conversionDestinations.forgetDeleted();
}

async function readTime(database: Reserved): Promise<number> {
  const [row] = await database.query(databaseTime);
  if (row === undefined) throw new Error('the database tells no time');
  return row.ms;
}

/** Erases the answers that idempotency keeps of a person, or of objects that were the person's. */
function answerEraser(idempotency: Idempotency): AnswerEraser {
  return async (tx, { workspaceId, subjectIds }, limit, objectIds) => {
    const named = await idempotency.erase(tx, workspaceId, subjectIds, limit);
    const others = objectIds.length === 0 ? 0 : await idempotency.erase(tx, workspaceId, objectIds);
    return { counts: { idempotencyRecords: named + others }, isAll: named < limit };
  };
}

/** The key that encrypts secrets at rest, made on the first start. */
async function generatedKey(dataDir: string): Promise<Buffer> {
  await mkdir(dataDir, { recursive: true });
  const key = await keptSecret(join(dataDir, 'secrets.key'), () => `${randomBytes(32).toString('base64')}\n`);
  return Buffer.from(key, 'base64');
}
