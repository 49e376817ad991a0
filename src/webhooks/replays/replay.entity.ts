import { Field, ID, Int, ObjectType } from 'type-graphql';
import { enumType } from '../../platform/graphql/enum-type.js';
import { connectionType } from '../../platform/graphql/relay-connection.js';
import { Node } from '../../platform/graphql/node.js';
import { DateTime } from '../../platform/graphql/scalars.js';

export const ReplayOnlyEnum = enumType('ReplayOnly', 'Which events a replay sends once more.', {
  ALL: ['ALL', 'All that the endpoint listens to.'],
  FAILED: ['FAILED', 'Those whose delivery was exhausted, and none of which succeeded or is open since.'],
  MISSED: ['MISSED', 'Those of the last 30 days that it listened to and never got, for whatever reason.'],
});
export type ReplayOnly = keyof typeof ReplayOnlyEnum;

const ReplayStatusEnum = enumType('ReplayStatus', 'Where a replay stands.', {
  RUNNING: ['RUNNING', 'Deliveries are being made.'],
  DONE: ['DONE', 'All deliveries are made; a dry run is done at once.'],
  CANCELLED: ['CANCELLED', 'Stopped; what was made stays.'],
});
export type ReplayStatus = keyof typeof ReplayStatusEnum;

@ObjectType('Replay', {
  description: 'Events sent once more, over a range of time.',
  simpleResolvers: true,
  implements: Node,
})
export class Replay {
  @Field(() => ID, { description: 'The replay id.' })
  id!: string;

  endpointId!: string;

  @Field(() => ReplayStatusEnum, { description: 'Where it stands.' })
  status!: ReplayStatus;

  @Field(() => ReplayOnlyEnum, { description: 'Which events.' })
  only!: ReplayOnly;

  @Field(() => DateTime, { description: 'Of events from then on.' })
  since!: Date;

  @Field(() => DateTime, { description: 'Of events before then.' })
  until!: Date;

  @Field(() => Int, { description: 'Deliveries made a second, at most.' })
  ratePerSecond!: number;

  @Field(() => Boolean, { description: 'Whether it only counts.' })
  dryRun!: boolean;

  @Field(() => Int, {
    nullable: true,
    description: 'How many events there were when it was started; null until they are counted.',
  })
  total!: number | null;

  @Field(() => Boolean, {
    description: 'Whether they are counted; a dry run that took too long answers with the total it had come to.',
  })
  counted!: boolean;

  @Field(() => Int, { description: 'How many deliveries were made.' })
  done!: number;

  @Field(() => DateTime, { description: 'When it was started.' })
  createdAt!: Date;
}

export const ReplayConnection = connectionType('Replay', Replay);
