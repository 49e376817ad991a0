import { Arg, ID, Resolver, Root, Subscription } from 'type-graphql';
import { subscribedLater } from '../platform/graphql/subscription-source.js';
import { Replay } from './replays/replay.entity.js';
import { WebhookDelivery } from './deliveries/delivery.entity.js';

@Resolver()
export class WebhookFeedResolver {
  @Subscription(() => WebhookDelivery, {
    subscribe: subscribedLater,
    description:
      'Deliveries as they change, from now on: made, held, attempted, ended. At most 20 a second: those that change ' +
      'faster come later, each as it then stands, and none is left out. Needs `manage:webhooks`, or an Owner or Admin.',
  })
  deliveryUpdated(
    @Root() delivery: WebhookDelivery,
    @Arg('endpointId', () => ID, {
      nullable: true,
      description: 'Of this endpoint alone, and not before they are attempted, held or ended. Absent: of all.',
    })
    _endpointId?: string | null,
  ): WebhookDelivery {
    return delivery;
  }

  @Subscription(() => Replay, {
    subscribe: subscribedLater,
    description:
      'How a replay stands, now and as it goes on; ends when it has ended. Needs `manage:webhooks`, or an ' +
      'Owner or Admin.',
  })
  replayProgressed(@Root() replay: Replay, @Arg('id', () => ID, { description: 'The replay.' }) _id: string): Replay {
    return replay;
  }
}
