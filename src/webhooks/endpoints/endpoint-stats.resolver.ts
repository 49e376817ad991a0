import { Arg, Ctx, FieldResolver, Int, Resolver, Root } from 'type-graphql';
import type { Actor } from '../../platform/actor.js';
import { Costs } from '../../platform/graphql/field-cost.js';
import type { OperationContext } from '../../platform/graphql/operation-context.js';
import { DateTime } from '../../platform/graphql/scalars.js';
import { WebhookEndpoint } from './endpoint.entity.js';
import { bucketsMax, type EndpointStatsService } from './endpoint-stats.service.js';
import { WebhookEndpointStats } from './endpoint-stats.view.js';

const bucketsDefault = 24;

@Resolver(() => WebhookEndpoint)
export class EndpointStatsResolver {
  constructor(private readonly service: EndpointStatsService) {}

  @Costs({ rows: { argument: 'buckets', byDefault: bucketsDefault, max: bucketsMax, perObject: 12 } })
  @FieldResolver(() => [WebhookEndpointStats], {
    description:
      'What its attempts came to, from `since` until now, in equal stretches of whole quarter-hours: those without ' +
      'attempts too, and the last ones may lie ahead. Test events do not count. Kept for 30 days.',
  })
  async stats(
    @Root() { id }: Pick<WebhookEndpoint, 'id'>,
    @Ctx() context: OperationContext,
    @Arg('since', () => DateTime, {
      description: 'From when on: the quarter-hour that it is in counts whole. At most 30 days ago.',
    })
    since: Date,
    @Arg('buckets', () => Int, { defaultValue: bucketsDefault, description: 'How many stretches, from 1 to 96.' })
    buckets: number,
  ): Promise<WebhookEndpointStats[]> {
    const read = (actor: Actor, ids: readonly string[]) => this.service.stats(actor, ids, since, buckets);
    return (await context.loadFor(`WebhookEndpoint.stats ${since.getTime()} ${buckets}`, id, read)) ?? [];
  }
}
