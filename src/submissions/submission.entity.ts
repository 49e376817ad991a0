import { Field, ID, Int, ObjectType } from 'type-graphql';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { enumType } from '../platform/graphql/enum-type.js';
import { bulky, Costs } from '../platform/graphql/field-cost.js';
import { Node } from '../platform/graphql/node.js';
import { DateTime, JSONObject } from '../platform/graphql/scalars.js';
import type { Answers } from './answers.js';
import { AttributionView, type Attribution } from './attribution.view.js';

export const SubmissionStatusEnum = enumType(
  'SubmissionStatus',
  'How far a submission is. COMPLETED never goes back.',
  {
    IN_PROGRESS: ['IN_PROGRESS', 'A draft; required fields may be missing.'],
    COMPLETED: ['COMPLETED', 'Done; every required field is there.'],
  },
);
export type SubmissionStatus = keyof typeof SubmissionStatusEnum;

@ObjectType('Submission', { description: 'One set of answers to a bot.', simpleResolvers: true, implements: Node })
@Entity('submissions')
export class Submission {
  @Field(() => ID, { description: 'The submission id.' })
  @PrimaryColumn({ type: 'text', collation: 'C' })
  id!: string;

  @Column({ name: 'workspace_id', type: 'text', collation: 'C' })
  workspaceId!: string;

  @Field(() => ID, { description: 'The bot it answers.' })
  @Column({ name: 'intake_bot_id', type: 'text', collation: 'C' })
  intakeBotId!: string;

  @Column({ name: 'contact_id', type: 'text', collation: 'C', nullable: true })
  contactId!: string | null;

  @Costs(bulky)
  @Field(() => JSONObject, {
    description: 'The answers by field name, as they were sent: texts, numbers, booleans, lists of texts, or null.',
  })
  @Column({ type: 'json' })
  data!: Answers;

  @Field(() => SubmissionStatusEnum, { description: 'How far it is.' })
  @Column({ type: 'text' })
  status!: SubmissionStatus;

  @Field(() => String, { nullable: true, description: 'A summary written by the assistant, where there is one.' })
  @Column({ name: 'ai_summary', type: 'text', nullable: true })
  aiSummary!: string | null;

  @Field(() => Boolean, { description: 'A test submission fires webhooks and counts towards no limit.' })
  @Column({ name: 'is_test', type: 'boolean' })
  isTest!: boolean;

  @Field(() => Int, { description: 'How many files the answers link to.' })
  @Column({ name: 'file_count', type: 'integer' })
  fileCount!: number;

  @Field(() => Int, { description: "The version of the bot's schema that the answers were checked against." })
  @Column({ name: 'schema_version', type: 'integer' })
  schemaVersion!: number;

  @Costs(bulky)
  @Field(() => AttributionView, {
    nullable: true,
    description: 'Where it came from, and what the person consented to; null where nothing is known.',
  })
  @Column({ type: 'json', nullable: true })
  attribution!: Attribution | null;

  @Field(() => DateTime, { description: 'When it was created.' })
  @Column({ name: 'created_at', type: 'timestamptz', precision: 3 })
  createdAt!: Date;

  @Field(() => DateTime, { description: 'When its answers or its status last changed.' })
  @Column({ name: 'updated_at', type: 'timestamptz', precision: 3 })
  updatedAt!: Date;
}

export const MessageRoleEnum = enumType('MessageRole', 'Who said it.', {
  ASSISTANT: ['assistant', 'The bot.'],
  USER: ['user', 'The person answering.'],
});

@ObjectType('Message', {
  description: 'One line of the conversation behind a submission.',
  simpleResolvers: true,
  implements: Node,
})
@Entity('submission_messages')
export class Message {
  @Field(() => ID, { description: 'The message id.' })
  @PrimaryColumn({ type: 'text', collation: 'C' })
  id!: string;

  @Column({ name: 'submission_id', type: 'text', collation: 'C' })
  submissionId!: string;

  @Field(() => MessageRoleEnum, { description: 'Who said it.' })
  @Column({ type: 'text' })
  role!: 'assistant' | 'user';

  @Costs(bulky)
  @Field(() => String, { description: 'What was said.' })
  @Column({ type: 'text' })
  content!: string;

  @Field(() => DateTime, { description: 'When it was said.' })
  @Column({ name: 'created_at', type: 'timestamptz', precision: 3 })
  createdAt!: Date;
}

export type SubmissionWithMessages = Submission & { messages: Message[] };
