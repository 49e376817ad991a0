import { Field, ID, Int, ObjectType } from 'type-graphql';
import { enumType } from '../platform/graphql/enum-type.js';
import { Costs, partOfRow } from '../platform/graphql/field-cost.js';
import { Node } from '../platform/graphql/node.js';
import { DateTime } from '../platform/graphql/scalars.js';

const ErasureStatusEnum = enumType('ErasureStatus', 'How far an erasure is.', {
  RUNNING: ['RUNNING', 'Nothing of the person is shown or sent any more; the rest is being overwritten.'],
  DONE: ['DONE', 'Everything is overwritten or deleted.'],
});
export type ErasureStatus = keyof typeof ErasureStatusEnum;

@ObjectType('ErasureCounts', { description: 'What an erasure came to until now.', simpleResolvers: true })
export class ErasureCounts {
  @Field(() => Int, { description: 'Events whose payload was blanked.' })
  events!: number;

  @Field(() => Int, { description: 'Attempts of deliveries whose answer or error was blanked.' })
  attempts!: number;

  @Field(() => Int, { description: 'Submissions deleted; 0 unless submissions were to be erased too.' })
  submissions!: number;

  @Field(() => Int, { description: 'Messages deleted with their submissions.' })
  messages!: number;

  @Field(() => Int, { description: 'Records deleted; 0 unless submissions were to be erased too.' })
  records!: number;

  @Field(() => Int, { description: 'Answers blanked that were kept for retries under an idempotency key.' })
  idempotencyRecords!: number;
}

@ObjectType('Erasure', {
  description: 'A person being erased. It says nothing of who it was, and is kept for 90 days.',
  simpleResolvers: true,
  implements: Node,
})
export class Erasure {
  @Field(() => ID, { description: 'The erasure id.' })
  id!: string;

  @Field(() => ErasureStatusEnum, { description: 'How far it is.' })
  status!: ErasureStatus;

  @Costs(partOfRow)
  @Field(() => ErasureCounts, { description: 'What was erased until now.' })
  counts!: ErasureCounts;

  @Field(() => DateTime, { description: 'When the contact was deleted.' })
  createdAt!: Date;

  @Field(() => DateTime, { nullable: true, description: 'When the last of it was erased; null while it runs.' })
  finishedAt!: Date | null;
}
