import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import type { Actor } from '../../platform/actor.js';
import { bulky, Costs, readWithOthers } from '../../platform/graphql/field-cost.js';
import type { OperationContext } from '../../platform/graphql/operation-context.js';
import { AttemptHeaders, WebhookAttempt } from './delivery.entity.js';
import type { WebhookDeliveryService } from './delivery.service.js';
import type { SentRequestService } from './sent-request.service.js';
import { requestHeaders } from './shown-headers.js';

@Resolver(() => WebhookAttempt)
export class WebhookAttemptResolver {
  constructor(
    private readonly deliveries: WebhookDeliveryService,
    private readonly sentRequests: SentRequestService,
  ) {}

  @Costs(readWithOthers)
  @FieldResolver(() => AttemptHeaders, {
    nullable: true,
    description:
      'What was sent, made again from what is stored. Custom values are `•••`, and so are signatures to keys, ' +
      'and to whoever may not read the object inside the event. Null where the event is gone.',
  })
  async requestHeaders(
    @Root() attempt: WebhookAttempt,
    @Ctx() context: OperationContext,
  ): Promise<AttemptHeaders | null> {
    const { deliveryId, endpointId, eventId, requestVersion, number, at } = attempt;
    const key = JSON.stringify({ deliveryId, endpointId, eventId, requestVersion, number, at: at.getTime() });
    const sent =
      attempt.sent ??
      (await context.loadFor('WebhookAttempt.requestHeaders', key, async (actor, keys) => {
        const parts = keys.map((one) => JSON.parse(one) as Omit<WebhookAttempt, 'at'> & { at: number });
        const attempts = parts.map(({ at: ms, ...rest }) => ({ ...rest, at: new Date(ms) }));
        const requests = await this.sentRequests.requests(actor, attempts);
        return new Map([...requests].map(([place, request]) => [keys[place] ?? '', request]));
      }));
    return sent === undefined ? null : requestHeaders(context.actor, sent);
  }

  @Costs(readWithOthers)
  @FieldResolver(() => AttemptHeaders, {
    nullable: true,
    description:
      'Of the answer, at most 2 KiB; `set-cookie` and `authorization` are `•••`. Needs the read scope of the ' +
      'object inside the event, too.',
  })
  responseHeaders(
    @Root() attempt: Pick<WebhookAttempt, 'head' | 'eventType'>,
    @Ctx('actor') actor: Actor,
  ): AttemptHeaders | null {
    return this.deliveries.responseHeaders(actor, attempt);
  }

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
