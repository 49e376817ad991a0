import { Field, ID, Int, ObjectType } from 'type-graphql';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { enumType } from '../platform/graphql/enum-type.js';
import { Costs, listInRow } from '../platform/graphql/field-cost.js';
import { Node } from '../platform/graphql/node.js';
import { connectionType } from '../platform/graphql/relay-connection.js';
import { DateTime } from '../platform/graphql/scalars.js';
import { ConversionPlatformEnum } from './conversion-platform.js';
import type { ConversionSkipReason, ConversionVerdictKind } from './platforms/platform.js';

export const ConversionStatusEnum = enumType('ConversionStatus', 'Where a conversion stands.', {
  PENDING: ['PENDING', 'It waits for its first attempt, or for the next one.'],
  SENDING: ['SENDING', 'An attempt is under way.'],
  ACCEPTED: ['ACCEPTED', 'The platform took it, and is asked later what became of it.'],
  DELIVERED: ['DELIVERED', 'The platform has it.'],
  REJECTED: ['REJECTED', 'The platform refused it for good; it can be resent.'],
  SKIPPED: ['SKIPPED', 'It was not to be sent: see `reason`.'],
  EXPIRED: ['EXPIRED', 'It became too old for the platform before an attempt succeeded.'],
  HELD: ['HELD', 'It waits until its destination is resumed.'],
});
export type ConversionStatus = keyof typeof ConversionStatusEnum;

export const ConversionVerdictEnum = enumType('ConversionVerdict', "What a platform's answer means.", {
  DELIVERED: ['DELIVERED', 'It has the conversion.'],
  ACCEPTED: ['ACCEPTED', 'It took the conversion and says later what became of it.'],
  RETRY: ['RETRY', 'It could not take the conversion just then.'],
  REJECTED: ['REJECTED', 'It refuses this conversion.'],
  AUTH_BROKEN: ['AUTH_BROKEN', 'It refuses the credential.'],
  CONFIG_BROKEN: ['CONFIG_BROKEN', 'It refuses the ids, the rights or the settings of the account.'],
  SKIPPED: ['SKIPPED', 'It was not asked.'],
}) satisfies Record<ConversionVerdictKind | 'SKIPPED', string>;

@ObjectType('ConversionAttempt', {
  description: 'One request of a conversion, and what was answered.',
  simpleResolvers: true,
})
export class ConversionAttempt {
  /** ISO 8601: a list of attempts is kept as JSON. */
  @Field(() => DateTime, { description: 'When it began.' })
  at!: string;

  @Field(() => Int, { nullable: true, description: 'The HTTP status; null when no answer came.' })
  status!: number | null;

  @Field(() => String, { nullable: true, description: "The platform's own code, or the HTTP status." })
  code!: string | null;

  @Field(() => String, { description: "The platform's own words, or why no answer came." })
  message!: string;

  @Field(() => String, { nullable: true, description: "By which the platform's support finds the request." })
  traceId!: string | null;

  @Field(() => Int, { description: 'Milliseconds, all in.' })
  ms!: number;
}

@ObjectType('Conversion', {
  description: 'One completed submission on its way to one destination. Kept for 30 days after its end.',
  simpleResolvers: true,
  implements: Node,
})
@Entity('conversions')
export class Conversion {
  @Field(() => ID, { description: 'The conversion id.' })
  @PrimaryColumn({ type: 'text', collation: 'C' })
  id!: string;

  @Column({ name: 'workspace_id', type: 'text', collation: 'C' })
  workspaceId!: string;

  @Column({ name: 'destination_id', type: 'text', collation: 'C' })
  destinationId!: string;

  @Column({ name: 'intake_bot_id', type: 'text', collation: 'C' })
  intakeBotId!: string;

  /** The submission may be gone. */
  @Column({ name: 'submission_id', type: 'text', collation: 'C' })
  submissionId!: string;

  @Field(() => ConversionPlatformEnum, { description: 'To which platform.' })
  @Column({ type: 'text' })
  platform!: string;

  @Field(() => String, { description: 'By which the platform counts it once: `<submission id>:<event name>`.' })
  @Column({ name: 'event_id', type: 'text' })
  eventId!: string;

  @Column({ name: 'event_name', type: 'text' })
  eventName!: string;

  @Field(() => DateTime, { description: 'When the submission was completed.' })
  @Column({ name: 'occurred_at', type: 'timestamptz', precision: 3 })
  occurredAt!: Date;

  @Field(() => ConversionStatusEnum, { description: 'Where it stands.' })
  @Column({ type: 'text' })
  status!: ConversionStatus;

  /** What the last answer means; null before there was one. */
  @Column({ type: 'text', nullable: true })
  verdict!: ConversionVerdictKind | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Why it was skipped: `no_consent`, `no_match_keys`, `too_old`, `test_submission`, `plan`, `erased`, ' +
      '`destination_deleted`, `held_dropped`. `unconfirmed`: delivered, though the platform never said so.',
  })
  @Column({ type: 'text', nullable: true })
  reason!: ConversionSkipReason | 'unconfirmed' | null;

  /** Sealed; null once nothing more of it may be sent. */
  @Column({ type: 'text', nullable: true })
  snapshot!: string | null;

  @Costs(listInRow)
  @Field(() => [String], { description: 'Names of what was left out, as its form was wrong or its field is gone.' })
  @Column({ type: 'text', array: true })
  dropped!: string[];

  /** By which the platform is asked what became of it. */
  @Column({ type: 'text', nullable: true })
  reference!: string | null;

  @Costs(listInRow)
  @Field(() => [ConversionAttempt], { description: 'Its attempts, the last 100, the first one first.' })
  @Column({ type: 'json' })
  attempts!: ConversionAttempt[];

  /** Of one that is being sent: when another process may take it, as this one has died. */
  @Column({ name: 'next_attempt_at', type: 'timestamptz', precision: 3, nullable: true })
  nextAttemptAt!: Date | null;

  /** It is not tried again later than this. */
  @Column({ name: 'retry_until', type: 'timestamptz', precision: 3 })
  retryUntil!: Date;

  /** When the platform took it, to say later what became of it. */
  @Column({ name: 'accepted_at', type: 'timestamptz', precision: 3, nullable: true })
  acceptedAt!: Date | null;

  @Field(() => DateTime, { description: 'When it was made.' })
  @Column({ name: 'created_at', type: 'timestamptz', precision: 3 })
  createdAt!: Date;

  @Column({ name: 'updated_at', type: 'timestamptz', precision: 3 })
  updatedAt!: Date;

  @Field(() => DateTime, { nullable: true, description: 'When it ended; null while it is open.' })
  @Column({ name: 'ended_at', type: 'timestamptz', precision: 3, nullable: true })
  endedAt!: Date | null;
}

export const ConversionConnection = connectionType('Conversion', Conversion);
