import { Arg, Args, Ctx, FieldResolver, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import { EventTypeScalar, type EventType } from '../../events/event-type.js';
import type { Actor } from '../../platform/actor.js';
import { bulky, Costs, counted } from '../../platform/graphql/field-cost.js';
import type { OperationContext } from '../../platform/graphql/operation-context.js';
import { payloadType } from '../../platform/graphql/payload-type.js';
import { ConnectionArgs, connectionUnder, type Connection } from '../../platform/graphql/relay-connection.js';
import { JSONObject } from '../../platform/graphql/scalars.js';
import { validate } from '../../platform/validate.js';
import { WebhookEndpoint } from '../endpoints/endpoint.entity.js';
import { PreviewPayload } from '../endpoints/endpoint.input.js';
import { WebhookAttempt, type WebhookDelivery, WebhookDeliveryConnection } from './delivery.entity.js';
import { SendTestEvent } from './delivery.input.js';
import type { WebhookDeliveryService } from './delivery.service.js';
import type { TestEventService } from './test-event.service.js';

const SendTestEventPayload = payloadType('SendTestEventPayload', 'What came of it.', {
  attempt: [WebhookAttempt, 'The whole attempt.'],
});

/** The deliveries of an endpoint: the forward view of a type of an earlier room. */
@Resolver(() => WebhookEndpoint)
export class EndpointDeliveriesResolver {
  constructor(
    private readonly deliveries: WebhookDeliveryService,
    private readonly testEvents: TestEventService,
  ) {}

  @Costs(counted)
  @FieldResolver(() => Int, { description: 'How many deliveries wait until it is resumed.' })
  async heldCount(@Root() { id }: Pick<WebhookEndpoint, 'id'>, @Ctx() context: OperationContext): Promise<number> {
    const counts = (actor: Actor, ids: readonly string[]) => this.deliveries.countsOf('endpoint', actor, ids, ['held']);
    return (await context.loadFor('WebhookEndpoint.heldCount', id, counts)) ?? 0;
  }

  @FieldResolver(() => WebhookDeliveryConnection, {
    name: 'deliveries',
    description: 'What was sent to it, or will be.',
  })
  async deliveriesOf(
    @Root() { id }: Pick<WebhookEndpoint, 'id'>,
    @Ctx() context: OperationContext,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
  ): Promise<Connection<WebhookDelivery>> {
    return await connectionUnder(context, id, args, {
      field: 'WebhookEndpoint.deliveries',
      kind: 'webhookDelivery',
      pages: (actor, ids, page) => this.deliveries.pagesOf('endpoint', actor, ids, page),
      counts: (actor, ids) => this.deliveries.countsOf('endpoint', actor, ids),
    });
  }

  @Costs(bulky)
  @Query(() => JSONObject, {
    nullable: true,
    description:
      'What an endpoint with this payload query would be sent of the example that `eventTypes` has of the type. A ' +
      'query that no endpoint may have is refused, as it is of an endpoint. Needs `manage:webhooks`, or an Owner ' +
      'or Admin.',
  })
  previewPayload(
    @Ctx('actor') actor: Actor,
    @Arg('type', () => EventTypeScalar, { description: 'Of which type.' }) type: EventType,
    @Arg('payloadQuery', () => String, { nullable: true, description: 'As of an endpoint; null: the whole object.' })
    payloadQuery: string | null = null,
  ): Record<string, unknown> {
    return this.testEvents.preview(actor, type, () => validate(PreviewPayload, { payloadQuery }, 'camelCase'));
  }

  @Mutation(() => SendTestEventPayload, {
    description:
      'Posts an example at once, to a paused endpoint too. `rate_limit_exceeded` beyond ten a minute, ' +
      '`feature_not_available` (`webhooks`) where the plan has none. Needs `manage:webhooks`, or an Owner or ' +
      'Admin.',
  })
  async sendTestEvent(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => SendTestEvent.type, { description: 'Where, and of which type.' })
    { endpointId, ...input }: { endpointId: string },
  ): Promise<InstanceType<typeof SendTestEventPayload>> {
    const read = () => validate(SendTestEvent, input, 'camelCase');
    return { attempt: await this.testEvents.send(actor, endpointId, read) };
  }
}
