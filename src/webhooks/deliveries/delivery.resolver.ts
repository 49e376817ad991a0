import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import { EventEntity } from '../../events/event.entity.js';
import type { EventService, ListedEvent } from '../../events/event.service.js';
import type { Actor } from '../../platform/actor.js';
import type { OperationContext } from '../../platform/graphql/operation-context.js';
import { payloadType } from '../../platform/graphql/payload-type.js';
import {
  ConnectionArgs,
  connectionOf,
  connectionUnder,
  type Connection,
} from '../../platform/graphql/relay-connection.js';
import { bulky, Costs } from '../../platform/graphql/field-cost.js';
import { connectionPage } from '../../platform/page-request.js';
import { DateTime } from '../../platform/graphql/scalars.js';
import { WebhookAttempt, WebhookDelivery, WebhookDeliveryConnection } from './delivery.entity.js';
import { Redeliver, WebhookDeliveryFilterInput } from './delivery.input.js';
import { madeAt, type WebhookDeliveryService } from './delivery.service.js';
import type { SentRequestService } from './sent-request.service.js';
import { WebhookEndpoint } from '../endpoints/endpoint.entity.js';
import type { WebhookEndpointService } from '../endpoints/endpoint.service.js';

const RedeliverPayload = payloadType('RedeliverPayload', 'What was made.', {
  webhookDelivery: [WebhookDelivery, 'The new delivery of the same event.'],
});

type Searched = Connection<WebhookDelivery> & { searchedTo?: Date | null };

@Resolver(() => WebhookDeliveryConnection)
export class WebhookDeliveryConnectionResolver {
  @FieldResolver(() => DateTime, {
    nullable: true,
    description:
      'How far a search looked in its time, which was over before the page was full: `endCursor` goes on from ' +
      'there. Null when the page is full, or everything was looked at.',
  })
  searchedTo(@Root() { searchedTo = null }: Searched): Date | null {
    return searchedTo;
  }
}

@Resolver(() => WebhookDelivery)
export class WebhookDeliveryResolver {
  constructor(
    private readonly deliveries: WebhookDeliveryService,
    private readonly endpoints: WebhookEndpointService,
    private readonly eventLog: EventService,
    private readonly sentRequests: SentRequestService,
  ) {}

  @Query(() => WebhookDelivery, {
    name: 'webhookDelivery',
    nullable: true,
    description: 'A delivery by its id. Needs `manage:webhooks`, or an Owner or Admin.',
  })
  async get(
    @Ctx('actor') actor: Actor,
    @Arg('id', () => ID, { description: 'The delivery id.' }) id: string,
  ): Promise<WebhookDelivery> {
    return await this.deliveries.get(actor, id);
  }

  @Costs({ searchIn: 'filter' })
  @Query(() => WebhookDeliveryConnection, {
    name: 'webhookDeliveries',
    description:
      'The deliveries of the workspace, newest first; finished ones for 30 days. Needs `manage:webhooks`, or ' +
      'an Owner or Admin.',
  })
  async list(
    @Ctx('actor') actor: Actor,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Arg('filter', () => WebhookDeliveryFilterInput, { nullable: true, description: 'Which ones.' })
    filter?: WebhookDeliveryFilterInput | null,
  ): Promise<Searched> {
    const page = connectionPage(args, 'webhookDelivery');
    const found = await this.deliveries.list(actor, filter ?? {}, page);
    const connection = connectionOf(page, found, () => this.deliveries.count(actor, filter ?? {}));
    if (found.lookedTo === null) return Object.assign(connection, { searchedTo: null });
    const { pageInfo } = connection;
    // The next page goes on behind the last delivery that the search looked at, which need not be on this page.
    const place = page.direction === 'older' ? 'endCursor' : 'startCursor';
    return Object.assign(connection, {
      searchedTo: madeAt(found.lookedTo),
      pageInfo: { ...pageInfo, [place]: found.lookedTo },
    });
  }

  @FieldResolver(() => EventEntity, { nullable: true, description: 'What it tells of.' })
  async event(
    @Root() { eventId }: Pick<WebhookDelivery, 'eventId'>,
    @Ctx() context: OperationContext,
  ): Promise<ListedEvent | null> {
    return await context.load('event', eventId, (actor, ids) => this.eventLog.getMany(actor, ids));
  }

  @FieldResolver(() => WebhookEndpoint, {
    nullable: true,
    description: 'Where it goes; a deleted one too, for a while.',
  })
  async endpoint(
    @Root() { endpointId }: Pick<WebhookDelivery, 'endpointId'>,
    @Ctx() context: OperationContext,
  ): Promise<WebhookEndpoint | null> {
    return await context.load('webhookEndpoint', endpointId, (actor, ids) => this.endpoints.getMany(actor, ids));
  }

  @Costs({ flat: 10 })
  @FieldResolver(() => [WebhookAttempt], { description: 'Its attempts, the first one first.' })
  async attempts(
    @Root() { id, endpointId }: Pick<WebhookDelivery, 'id' | 'endpointId'>,
    @Ctx() context: OperationContext,
  ): Promise<WebhookAttempt[]> {
    const found = await context.loadFor('WebhookDelivery.attempts', `${endpointId} ${id}`, async (actor, keys) =>
      byKey(keys, await this.deliveries.attempts(actor, keys.map(keyParts), largeOf(context))),
    );
    return found ?? [];
  }

  @FieldResolver(() => WebhookAttempt, {
    nullable: true,
    description: 'Its last attempt; null while there was none.',
  })
  async lastAttempt(
    @Root() { id, endpointId }: Pick<WebhookDelivery, 'id' | 'endpointId'>,
    @Ctx() context: OperationContext,
  ): Promise<WebhookAttempt | null> {
    const found = await context.loadFor('WebhookDelivery.lastAttempt', `${endpointId} ${id}`, async (actor, keys) =>
      byKey(keys, await this.deliveries.lastAttempts(actor, keys.map(keyParts), largeOf(context))),
    );
    return found ?? null;
  }

  @Costs(bulky)
  @FieldResolver(() => String, {
    nullable: true,
    description:
      'The exact text that was sent, after `payloadQuery`; of one that waits for its first attempt, what will ' +
      'be. Null where the payload query was changed since, the event is gone, or nothing was sent. Needs the ' +
      'read scope of the object inside, too.',
  })
  async requestBody(@Root() delivery: WebhookDelivery, @Ctx() context: OperationContext): Promise<string | null> {
    const { id, endpointId, eventId, endedAt } = delivery;
    const key = `${endpointId} ${id} ${eventId} ${endedAt === null}`;
    const found = await context.loadFor('WebhookDelivery.requestBody', key, async (actor, keys) =>
      byKey(keys, await this.sentRequests.bodies(actor, keys.map(keyParts))),
    );
    return found === undefined ? null : this.sentRequests.shown(context.actor, found);
  }

  @Mutation(() => RedeliverPayload, {
    description:
      'Sends the same event once more, as a new delivery: the same id and bytes. Needs `manage:webhooks` and ' +
      'the read scope of what the event tells of, or an Owner or Admin.',
  })
  async redeliver(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => Redeliver.type, { description: 'Which.' }) { deliveryId }: { deliveryId: string },
  ): Promise<InstanceType<typeof RedeliverPayload>> {
    return { webhookDelivery: await this.deliveries.redeliver(actor, deliveryId) };
  }
}

const largeOf = (context: OperationContext) => ({
  answers: context.selects('responseBody'),
  heads: context.selects('responseHeaders'),
});

/** What a delivery is looked up by, as one text. */
function keyParts(key: string) {
  const [endpointId = '', id = '', eventId = '', isOpen] = key.split(' ');
  return { endpointId, id, eventId, isOpen: isOpen === 'true' };
}

function byKey<T>(keys: readonly string[], found: ReadonlyMap<string, T>): Map<string, T> {
  const all = keys.map((key) => [key, found.get(keyParts(key).id)] as const);
  return new Map(all.flatMap(([key, one]) => (one === undefined ? [] : [[key, one]])));
}

/** `Event.deliveries`: the forward view of a type of an earlier room. */
@Resolver(() => EventEntity)
export class EventDeliveries {
  constructor(private readonly deliveries: WebhookDeliveryService) {}

  @FieldResolver(() => WebhookDeliveryConnection, {
    name: 'deliveries',
    description: 'Its deliveries, to all endpoints.',
  })
  async deliveriesOf(
    @Root() { id }: Pick<EventEntity, 'id'>,
    @Ctx() context: OperationContext,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
  ): Promise<Connection<WebhookDelivery>> {
    return await connectionUnder(context, id, args, {
      field: 'Event.deliveries',
      kind: 'webhookDelivery',
      pages: (actor, ids, page) => this.deliveries.pagesOf('event', actor, ids, page),
      counts: (actor, ids) => this.deliveries.countsOf('event', actor, ids),
    });
  }
}
