import { Field, ID, InputType, Int } from 'type-graphql';
import { DateTime } from '../../platform/graphql/scalars.js';
import { ReplayOnlyEnum, type ReplayOnly } from './replay.entity.js';

@InputType('StartReplayInput', { description: 'What to send once more, over a range of time.' })
export class StartReplayInput {
  @Field(() => ID, { description: 'The endpoint.' })
  endpointId!: string;

  @Field(() => DateTime, { description: 'Events from then on.' })
  since!: Date;

  @Field(() => DateTime, { nullable: true, description: 'Events before then; now by default.' })
  until?: Date | null;

  @Field(() => ReplayOnlyEnum, { nullable: true, description: 'Which of them; ALL by default.' })
  only?: ReplayOnly;

  @Field(() => Int, { nullable: true, description: 'Deliveries a second: 50 by default, 100 at most.' })
  ratePerSecond?: number;

  @Field(() => Boolean, { nullable: true, description: 'Only count them.' })
  dryRun?: boolean;
}

@InputType('CancelReplayInput', { description: 'The replay to stop.' })
export class CancelReplayInput {
  @Field(() => ID, { description: 'The replay.' })
  id!: string;
}
