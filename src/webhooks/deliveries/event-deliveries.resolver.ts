import { Args, Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { Event } from '../../events/event.entity.js';
import type { OperationContext } from '../../platform/graphql/operation-context.js';
import { ConnectionArgs, connectionUnder, type Connection } from '../../platform/graphql/relay-connection.js';
import { type WebhookDelivery, WebhookDeliveryConnection } from './delivery.entity.js';
import type { WebhookDeliveryService } from './delivery.service.js';

/** `Event.deliveries`: the forward view of an earlier room's type. */
@Resolver(() => Event)
export class EventDeliveries {
  constructor(private readonly deliveries: WebhookDeliveryService) {}

  @FieldResolver(() => WebhookDeliveryConnection, {
    name: 'deliveries',
    description: 'Its deliveries, to all endpoints.',
  })
  async deliveriesOf(
    @Root() { id }: Pick<Event, 'id'>,
    @Ctx() context: OperationContext,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
  ): Promise<Connection<WebhookDelivery>> {
    return await connectionUnder(context, id, args, {
      field: 'Event.deliveries',
      kind: 'webhookDelivery',
      pages: (actor, ids, page) => this.deliveries.pagesOfEvents(actor, ids, page),
      counts: (actor, ids) => this.deliveries.countsOfEvents(actor, ids),
    });
  }
}
