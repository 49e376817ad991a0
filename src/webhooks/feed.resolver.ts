import { Arg, ID, Resolver, Root, Subscription } from 'type-graphql';
import { subscribedLater } from '../platform/graphql/subscription-source.js';
import { Replay } from './replays/replay.entity.js';
import { WebhookDelivery } from './deliveries/delivery.entity.js';

@Resolver()
export class WebhookFeedResolver {
  @Subscription(() => WebhookDelivery, {
    subscribe: subscribedLater,
    description: 'Deliveries of an endpoint as they change, from now on.',
  })
  deliveryUpdated(
    @Root() delivery: WebhookDelivery,
    @Arg('endpointId', () => ID, { description: 'The endpoint.' }) _endpointId: string,
  ): WebhookDelivery {
    return delivery;
  }

  @Subscription(() => Replay, {
    subscribe: subscribedLater,
    description: 'How a replay stands, now and as it goes on; ends when it has ended.',
  })
  replayProgressed(@Root() replay: Replay, @Arg('id', () => ID, { description: 'The replay.' }) _id: string): Replay {
    return replay;
  }
}
