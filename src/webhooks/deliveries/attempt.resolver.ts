import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import type { Actor } from '../../platform/actor.js';
import { bulky, Costs } from '../../platform/graphql/field-cost.js';
import { WebhookAttempt } from './delivery.entity.js';
import type { WebhookDeliveryService } from './delivery.service.js';

@Resolver(() => WebhookAttempt)
export class WebhookAttemptResolver {
  constructor(private readonly deliveries: WebhookDeliveryService) {}

  @Costs(bulky)
  @FieldResolver(() => String, {
    nullable: true,
    description: 'The first 16 KiB of the answer. Needs the read scope of the object inside the event, too.',
  })
  responseBody(
    @Root() attempt: Pick<WebhookAttempt, 'answer' | 'eventType'>,
    @Ctx('actor') actor: Actor,
  ): string | null {
    return this.deliveries.responseBody(actor, attempt);
  }
}
