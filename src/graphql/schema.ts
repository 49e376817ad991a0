/** One file because it is the list of all that GraphQL has: its resolvers, what they need, and where streams and nodes come from. */
import { printSchemaWithDirectives } from '@graphql-tools/utils';
import { isInterfaceType, lexicographicSortSchema, type GraphQLSchema } from 'graphql';
import { buildSchemaSync, type ClassType } from 'type-graphql';
import { AccountResolver } from '../accounts/account.resolver.js';
import type { AccountService } from '../accounts/account.service.js';
import { SessionResolver, ViewerSessions } from '../accounts/session.resolver.js';
import { MemberResolver } from '../accounts/member.resolver.js';
import type { MemberService } from '../accounts/member.service.js';
import {
  ApiKeyResolver,
  RemovedMemberApiKeys,
  ViewerApiKey,
  WorkspaceUsageApiKeys,
} from '../api-keys/api-key.resolver.js';
import type { ApiKeyService } from '../api-keys/api-key.service.js';
import { AuditResolver } from '../audit/audit.resolver.js';
import type { AuditService } from '../audit/audit.service.js';
import { ContactResolver } from '../contacts/contact.resolver.js';
import type { ContactService } from '../contacts/contact.service.js';
import { ErasureResolver } from '../contacts/erasure.resolver.js';
import type { ErasureService } from '../contacts/erasure.service.js';
import {
  ConversionResolver,
  DestinationConversions,
  SubmissionConversions,
} from '../conversions/conversion.resolver.js';
import type { ConversionFeed } from '../conversions/conversion-feed.js';
import type { ConversionService } from '../conversions/conversion.service.js';
import { ConversionDestinationResolver } from '../conversions/destination.resolver.js';
import type { ConversionDestinationService } from '../conversions/destination.service.js';
import type { EventFeed } from '../events/event-feed.js';
import { EventFeedResolver, type EventOccurredArgs } from '../events/event-feed.resolver.js';
import { EventResolver } from '../events/event.resolver.js';
import type { EventService } from '../events/event.service.js';
import { IntakeBotResolver } from '../intake-bots/intake-bot.resolver.js';
import type { IntakeBotService } from '../intake-bots/intake-bot.service.js';
import type { OperationContext } from '../platform/graphql/operation-context.js';
import { nodeTypeOf } from '../platform/graphql/node.js';
import { DateTime } from '../platform/graphql/scalars.js';
import { subscribedLater } from '../platform/graphql/subscription-source.js';
import { ContactRecords, RecordContactResolver, RecordResolver } from '../records/record.resolver.js';
import type { RecordService } from '../records/record.service.js';
import {
  ContactSubmissions,
  IntakeBotSubmissions,
  MessageResolver,
  SubmissionResolver,
} from '../submissions/submission.resolver.js';
import { wideIn } from '../submissions/submission-lists.js';
import type { SubmissionService } from '../submissions/submission.service.js';
import { ReplayResolver } from '../webhooks/replays/replay.resolver.js';
import type { ReplayService } from '../webhooks/replays/replay.service.js';
import type { WebhookFeed } from '../webhooks/feed.js';
import { WebhookFeedResolver } from '../webhooks/feed.resolver.js';
import type { WebhookDeliveryService } from '../webhooks/deliveries/delivery.service.js';
import type { SentRequestService } from '../webhooks/deliveries/sent-request.service.js';
import type { WebhookEndpointService } from '../webhooks/endpoints/endpoint.service.js';
import { WebhookAttemptResolver } from '../webhooks/deliveries/attempt.resolver.js';
import {
  EventDeliveries,
  WebhookDeliveryConnectionResolver,
  WebhookDeliveryResolver,
} from '../webhooks/deliveries/delivery.resolver.js';
import type { TestEventService } from '../webhooks/deliveries/test-event.service.js';
import { EndpointDeliveriesResolver } from '../webhooks/deliveries/endpoint-deliveries.resolver.js';
import { EndpointStatsResolver } from '../webhooks/endpoints/endpoint-stats.resolver.js';
import type { EndpointStatsService } from '../webhooks/endpoints/endpoint-stats.service.js';
import { WebhookEndpointResolver } from '../webhooks/endpoints/endpoint.resolver.js';
import type { NoticeService } from '../workspaces/notice.service.js';
import { WorkspaceResolver } from '../workspaces/workspace.resolver.js';
import type { WorkspaceService } from '../workspaces/workspace.service.js';
import { NodeResolver } from './node.resolver.js';
import type { TrustedDocumentService } from '../api-keys/trusted-document.service.js';
import { TrustedDocumentsResolver } from './trusted-documents.resolver.js';

/** What resolvers call. */
export interface GraphqlServices {
  audit: AuditService;
  workspaces: WorkspaceService;
  notices: NoticeService;
  accounts: AccountService;
  members: MemberService;
  apiKeys: ApiKeyService;
  eventLog: EventService;
  eventFeed: EventFeed;
  webhookFeed: WebhookFeed;
  contacts: ContactService;
  erasures: ErasureService;
  records: RecordService;
  intakeBots: IntakeBotService;
  submissions: SubmissionService;
  conversionDestinations: ConversionDestinationService;
  conversions: ConversionService;
  conversionFeed: ConversionFeed;
  trustedDocuments: TrustedDocumentService;
  webhookEndpoints: WebhookEndpointService;
  endpointStats: EndpointStatsService;
  testEvents: TestEventService;
  webhookDeliveries: WebhookDeliveryService;
  sentRequests: SentRequestService;
  replays: ReplayService;
}

/** Every resolver, with what it needs: to add one is to add its line. */
const resolvers = [
  line(NodeResolver, (services) => new NodeResolver(nodeSources(services))),
  line(AuditResolver, ({ audit }) => new AuditResolver(audit)),
  line(WorkspaceResolver, ({ workspaces, notices }) => new WorkspaceResolver(workspaces, notices)),
  line(AccountResolver, ({ accounts, workspaces }) => new AccountResolver(accounts, workspaces)),
  line(SessionResolver, ({ accounts }) => new SessionResolver(accounts)),
  line(ViewerSessions, ({ accounts }) => new ViewerSessions(accounts)),
  line(MemberResolver, ({ members }) => new MemberResolver(members)),
  line(ApiKeyResolver, ({ apiKeys }) => new ApiKeyResolver(apiKeys)),
  line(ViewerApiKey, ({ apiKeys }) => new ViewerApiKey(apiKeys)),
  line(RemovedMemberApiKeys, ({ apiKeys }) => new RemovedMemberApiKeys(apiKeys)),
  line(WorkspaceUsageApiKeys, ({ apiKeys }) => new WorkspaceUsageApiKeys(apiKeys)),
  line(EventResolver, ({ eventLog }) => new EventResolver(eventLog)),
  line(EventFeedResolver, () => new EventFeedResolver()),
  line(WebhookFeedResolver, () => new WebhookFeedResolver()),
  line(ContactResolver, ({ contacts }) => new ContactResolver(contacts)),
  line(ErasureResolver, ({ erasures }) => new ErasureResolver(erasures)),
  line(RecordResolver, ({ records }) => new RecordResolver(records)),
  line(RecordContactResolver, ({ contacts }) => new RecordContactResolver(contacts)),
  line(ContactRecords, ({ records }) => new ContactRecords(records)),
  line(IntakeBotResolver, ({ intakeBots }) => new IntakeBotResolver(intakeBots)),
  line(
    SubmissionResolver,
    ({ submissions, intakeBots, contacts, eventLog }) =>
      new SubmissionResolver(submissions, intakeBots, contacts, eventLog),
  ),
  line(MessageResolver, ({ submissions }) => new MessageResolver(submissions)),
  line(IntakeBotSubmissions, ({ submissions }) => new IntakeBotSubmissions(submissions)),
  line(ContactSubmissions, ({ submissions }) => new ContactSubmissions(submissions)),
  line(
    ConversionDestinationResolver,
    ({ conversionDestinations, conversions, intakeBots }) =>
      new ConversionDestinationResolver(conversionDestinations, conversions, intakeBots),
  ),
  line(
    ConversionResolver,
    ({ conversions, conversionDestinations, submissions }) =>
      new ConversionResolver(conversions, conversionDestinations, submissions),
  ),
  line(DestinationConversions, ({ conversions }) => new DestinationConversions(conversions)),
  line(SubmissionConversions, ({ conversions }) => new SubmissionConversions(conversions)),
  line(WebhookEndpointResolver, ({ webhookEndpoints }) => new WebhookEndpointResolver(webhookEndpoints)),
  line(EndpointStatsResolver, ({ endpointStats }) => new EndpointStatsResolver(endpointStats)),
  line(
    EndpointDeliveriesResolver,
    ({ webhookDeliveries, testEvents }) => new EndpointDeliveriesResolver(webhookDeliveries, testEvents),
  ),
  line(
    WebhookDeliveryResolver,
    ({ webhookDeliveries, webhookEndpoints, eventLog, sentRequests }) =>
      new WebhookDeliveryResolver(webhookDeliveries, webhookEndpoints, eventLog, sentRequests),
  ),
  line(WebhookDeliveryConnectionResolver, () => new WebhookDeliveryConnectionResolver()),
  line(
    WebhookAttemptResolver,
    ({ webhookDeliveries, sentRequests }) => new WebhookAttemptResolver(webhookDeliveries, sentRequests),
  ),
  line(EventDeliveries, ({ webhookDeliveries }) => new EventDeliveries(webhookDeliveries)),
  line(ReplayResolver, ({ replays, webhookEndpoints }) => new ReplayResolver(replays, webhookEndpoints)),
  line(TrustedDocumentsResolver, ({ trustedDocuments }) => new TrustedDocumentsResolver(trustedDocuments)),
] as const;

/** Where the events of each subscription come from. */
const feeds = (services: GraphqlServices): Record<string, Feed> => ({
  deliveryUpdated: ({ actor }, { endpointId = null }: { endpointId?: string | null }) =>
    services.webhookFeed.followDeliveries(actor, endpointId),
  replayProgressed: ({ actor }, { id }: { id: string }) => services.webhookFeed.followReplay(actor, id),
  conversionUpdated: ({ actor }, { destinationId = null }: { destinationId?: string | null }) =>
    services.conversionFeed.follow(actor, destinationId),
  eventOccurred: ({ actor, transport }, { types = null, after = null }: EventOccurredArgs) =>
    services.eventFeed.follow(actor, types, transport.lastEventId ?? after),
});

type Feed = (context: OperationContext, args: never) => Promise<AsyncGenerator<object, void>>;

const nodeSources = (services: GraphqlServices): ConstructorParameters<typeof NodeResolver>[0] => ({
  intakeBot: (actor, ids, context) => services.intakeBots.getMany(actor, ids, context.selects('schema')),
  submission: (actor, ids, context) => services.submissions.getMany(actor, ids, wideIn(context)),
  message: (actor, ids, context) => services.submissions.getMessages(actor, ids, context.selects('content')),
  contact: (actor, ids, context) => services.contacts.getMany(actor, ids, context.selects('customFields')),
  erasure: (actor, ids) => services.erasures.getMany(actor, ids),
  record: (actor, ids, context) => services.records.getMany(actor, ids, context.selects('data')),
  event: (actor, ids) => services.eventLog.getMany(actor, ids),
  apiKey: (actor, ids) => services.apiKeys.getMany(actor, ids),
  user: (actor, ids) => services.members.getMany(actor, ids),
  webhookEndpoint: (actor, ids) => services.webhookEndpoints.getMany(actor, ids),
  webhookDelivery: (actor, ids) => services.webhookDeliveries.getMany(actor, ids),
  replay: (actor, ids) => services.replays.getMany(actor, ids),
  workspace: (actor, ids) => services.workspaces.getMany(actor, ids),
  notice: (actor, ids) => services.notices.getMany(actor, ids),
  invitation: (actor, ids) => services.members.getInvitations(actor, ids),
  auditEntry: (actor, ids) => services.audit.getMany(actor, ids),
  conversionDestination: (actor, ids) => services.conversionDestinations.getMany(actor, ids),
  conversion: (actor, ids, context) => services.conversions.getMany(actor, ids, context.selects('attempts')),
});

/** The schema; `services` are needed to run it, not to print it. */
export function graphqlSchema(services: GraphqlServices | null): GraphQLSchema {
  const built = new Map(services === null ? [] : resolvers.map(([resolver, build]) => [resolver, build(services)]));
  const [first, ...others] = resolvers.map(([resolver]) => resolver);
  if (first === undefined) throw new Error('there are no resolvers');
  const schema = buildSchemaSync({
    resolvers: [first, ...others],
    container: { get: (resolver: ClassType) => built.get(resolver) },
    scalarsMap: [{ type: Date, scalar: DateTime }],
    orphanedTypes: [],
    // Required by the builder, and not used: each subscription has a source of its own.
    pubSub: { publish: subscribedLater, subscribe: subscribedLater },
    validate: false,
  });
  if (services !== null) {
    const fields = schema.getSubscriptionType()?.getFields() ?? {};
    for (const [name, source] of Object.entries(feeds(services))) {
      const field = fields[name];
      if (field === undefined) throw new Error(`there is no subscription ${name}`);
      field.subscribe = (_root, args, context: OperationContext) => source(context, args as never);
    }
  }
  // The builder would wrap `resolveType` in a promise, which compiled queries do not wait for.
  const node = schema.getType('Node');
  if (isInterfaceType(node)) node.resolveType = nodeTypeOf;
  // The builder gives the root types no description.
  const roots = {
    Query: schema.getQueryType(),
    Mutation: schema.getMutationType(),
    Subscription: schema.getSubscriptionType(),
  };
  for (const [name, type] of Object.entries(roots))
    if (type) type.description = describeRoot[name as keyof typeof roots];
  return schema;
}

const describeRoot = {
  Query: 'Reads, for an API key or a session: a key needs the scope that is named, a person the role.',
  Mutation:
    'Writes. Each takes one input, and answers with what changed. A key needs the scope that is named, a ' +
    'person the role. Any may refuse a value (`validation_failed`), an id (`resource_not_found`), and what ' +
    'the plan has no room for (`plan_limit_exceeded`, `storage`); what else one refuses is named with it. ' +
    'See `/docs/errors`.',
  Subscription: 'Follows what happens, over WebSocket (`graphql-transport-ws`) or server-sent events.',
};

/** What `schema.graphql` holds, byte for byte. */
export function schemaText(schema: GraphQLSchema): string {
  return `${printSchemaWithDirectives(lexicographicSortSchema(schema))}\n`;
}

function line<Resolver extends object>(
  // oxlint-disable-next-line typescript/no-explicit-any -- whatever its constructor takes, `build` gives.
  resolver: new (...needs: any[]) => Resolver,
  build: (services: GraphqlServices) => Resolver,
): [ClassType, (services: GraphqlServices) => object] {
  return [resolver, build];
}
