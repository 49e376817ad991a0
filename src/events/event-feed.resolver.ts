import { Arg, ID, Resolver, Root, Subscription } from 'type-graphql';
import { subscribedLater } from '../platform/graphql/subscription-source.js';
import { EventTypeScalar, type EventType } from './event-type.js';
import { EventEntity } from './event.entity.js';
import type { ListedEvent } from './event.service.js';

export interface EventOccurredArgs {
  types?: EventType[] | null;
  after?: string | null;
}

@Resolver()
export class EventFeedResolver {
  @Subscription(() => EventEntity, {
    subscribe: subscribedLater,
    description:
      'What happens from now on, or from behind an event: nothing is skipped and nothing told twice. Needs ' +
      '`manage:webhooks`, or an Owner or Admin.',
  })
  eventOccurred(
    @Root() event: ListedEvent,
    @Arg('types', () => [EventTypeScalar], { nullable: true, description: 'Of these types; of all when absent.' })
    _types?: EventType[] | null,
    @Arg('after', () => ID, {
      nullable: true,
      description: 'The last event that was seen; `resource_not_found` where it is no longer kept.',
    })
    _after?: string | null,
  ): ListedEvent {
    return event;
  }
}
