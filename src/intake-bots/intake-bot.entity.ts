import { Field, Float, ID, Int, ObjectType } from 'type-graphql';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { enumType } from '../platform/graphql/enum-type.js';
import { Costs, listInRow } from '../platform/graphql/field-cost.js';
import { Node } from '../platform/graphql/node.js';
import { DateTime } from '../platform/graphql/scalars.js';
import type { SchemaItem } from './bot-schema.js';

export const IntakeBotStatusEnum = enumType(
  'IntakeBotStatus',
  'Where a bot is in its life: DRAFT → ACTIVE ⇄ PAUSED → ARCHIVED, and ARCHIVED → PAUSED.',
  {
    DRAFT: ['DRAFT', 'Being made; takes no submissions.'],
    ACTIVE: ['ACTIVE', 'Takes submissions.'],
    PAUSED: ['PAUSED', 'Takes no submissions for now.'],
    ARCHIVED: ['ARCHIVED', 'Put away; takes no submissions.'],
  },
);
export type IntakeBotStatus = keyof typeof IntakeBotStatusEnum;

@ObjectType('SchemaItem', { description: 'A field of a bot, or something it only shows.', simpleResolvers: true })
class SchemaItemType implements SchemaItem {
  @Field(() => String, { description: "The key of its answer in a submission's data." })
  name!: string;

  @Field(() => String, { description: 'What people read.' })
  label!: string;

  @Field(() => String, {
    description:
      '`text`, `textarea`, `email`, `phone`, `url`, `number`, `date`, `boolean`, `select`, `multi_select`, ' +
      '`file`, `geolocation`, `hidden`, or `group`, a heading; anything where `kind` is another than `field`.',
  })
  type!: string;

  @Field(() => Boolean, { description: 'Whether a completed submission must answer it.' })
  required!: boolean;

  @Costs(listInRow)
  @Field(() => [String], { nullable: true, description: 'What a select or multi_select offers.' })
  options?: string[];

  @Field(() => String, { nullable: true, description: 'A hint below the field.' })
  helperText?: string;

  @Field(() => String, { nullable: true, description: 'A hint inside the field.' })
  placeholder?: string;

  @Field(() => Float, { nullable: true, description: 'The smallest number, or the fewest entries.' })
  min?: number;

  @Field(() => Float, { nullable: true, description: 'The largest number, or the most entries.' })
  max?: number;

  @Field(() => Int, { nullable: true, description: 'The fewest characters.' })
  minLength?: number;

  @Field(() => Int, { nullable: true, description: 'The most characters.' })
  maxLength?: number;

  @Field(() => String, {
    nullable: true,
    description: 'A regular expression in RE2 syntax that the whole text matches.',
  })
  pattern?: string;

  @Field(() => String, { nullable: true, description: '`content`: display only. Absent: an ordinary field.' })
  kind?: string;
}

@ObjectType('IntakeBot', { description: 'A conversational form.', simpleResolvers: true, implements: Node })
@Entity('intake_bots')
export class IntakeBot {
  @Field(() => ID, { description: 'The bot id.' })
  @PrimaryColumn({ type: 'text', collation: 'C' })
  id!: string;

  @Column({ name: 'workspace_id', type: 'text', collation: 'C' })
  workspaceId!: string;

  @Field(() => String, { description: 'Its name.' })
  @Column({ type: 'text' })
  name!: string;

  @Field(() => String, { nullable: true, description: 'What it is for.' })
  @Column({ type: 'text', nullable: true })
  description!: string | null;

  @Field(() => IntakeBotStatusEnum, { description: 'Only an ACTIVE bot takes submissions.' })
  @Column({ type: 'text' })
  status!: IntakeBotStatus;

  @Costs(listInRow)
  @Field(() => [SchemaItemType], { description: 'What it asks.' })
  @Column({ type: 'json' })
  schema!: SchemaItem[];

  @Field(() => Int, { description: 'Grows by one with each change of the schema.' })
  @Column({ name: 'schema_version', type: 'integer' })
  schemaVersion!: number;

  @Field(() => String, { nullable: true, description: 'The type of record that a completed submission makes, if any.' })
  @Column({ name: 'record_type', type: 'text', nullable: true })
  recordType!: string | null;

  @Field(() => DateTime, { description: 'When it was created.' })
  @Column({ name: 'created_at', type: 'timestamptz', precision: 3 })
  createdAt!: Date;

  @Field(() => DateTime, { description: 'When it last changed.' })
  @Column({ name: 'updated_at', type: 'timestamptz', precision: 3 })
  updatedAt!: Date;

  /** Made of the id and the server's address; no column. */
  @Field(() => String, { description: 'Where people fill it in.' })
  shareUrl?: string;

  /** A column of `intake_bot_totals`, so that counting a submission rewrites a narrow row and not the bot's. */
  @Field(() => Int, { description: 'How many submissions it has, test and unfinished ones too.' })
  submissionCount!: number;
}
