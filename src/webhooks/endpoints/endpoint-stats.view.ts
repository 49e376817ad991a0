import { Field, Int, ObjectType } from 'type-graphql';
import { DateTime } from '../../platform/graphql/scalars.js';

@ObjectType('WebhookEndpointStats', {
  description: 'What the attempts of an endpoint came to that ended in one stretch of time.',
  simpleResolvers: true,
})
export class WebhookEndpointStats {
  @Field(() => DateTime, { description: 'When it begins; it ends where the next one begins.' })
  at!: Date;

  @Field(() => Int, { description: 'How many attempts succeeded.' })
  delivered!: number;

  @Field(() => Int, { description: 'How many attempts failed.' })
  failed!: number;

  @Field(() => Int, {
    nullable: true,
    description: 'Half of all attempts took at most so many milliseconds, give or take a tenth; null without any.',
  })
  p50Ms!: number | null;

  @Field(() => Int, {
    nullable: true,
    description: 'And 95 of a hundred at most so many.',
  })
  p95Ms!: number | null;
}
