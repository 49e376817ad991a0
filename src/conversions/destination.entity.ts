import { Field, Float, ID, ObjectType } from 'type-graphql';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { enumType } from '../platform/graphql/enum-type.js';
import { bulky, Costs, partOfRow } from '../platform/graphql/field-cost.js';
import { Node } from '../platform/graphql/node.js';
import { DateTime, JSONObject } from '../platform/graphql/scalars.js';
import { ConversionPlatformEnum } from './conversion-platform.js';
import type { PersonField } from './platforms/platform.js';

const DestinationStatusEnum = enumType('ConversionDestinationStatus', 'Whether conversions are sent or held.', {
  ACTIVE: ['ACTIVE', 'Conversions are sent.'],
  PAUSED: ['PAUSED', 'Conversions are held, for as long as the platform takes them.'],
});
export type DestinationStatus = keyof typeof DestinationStatusEnum;

const DestinationPauseReasonEnum = enumType('ConversionPauseReason', 'Why a destination is paused.', {
  AUTH_BROKEN: ['AUTH_BROKEN', 'The platform refuses the credential.'],
  CONFIG_BROKEN: ['CONFIG_BROKEN', 'The platform refuses the ids, the rights or the settings of the account.'],
  MANUAL: ['MANUAL', 'Someone paused it.'],
  PLAN: ['PLAN', "The workspace's plan does not include conversions."],
});
export type DestinationPauseReason = keyof typeof DestinationPauseReasonEnum;

export const ConsentModeEnum = enumType('ConversionConsentMode', 'Of whom the platform is told.', {
  REQUIRED: ['REQUIRED', 'Of those who granted `ad_user_data`.'],
  NOT_REQUIRED: ['NOT_REQUIRED', 'Of all who did not deny it; the workspace answers for that.'],
});
export type ConsentMode = keyof typeof ConsentModeEnum;

@ObjectType('ConversionValue', { description: 'What a conversion is worth.', simpleResolvers: true })
export class ConversionValue {
  @Field(() => Float, { nullable: true, description: 'The same amount for each; null where a field says it.' })
  amount!: number | null;

  @Field(() => String, { nullable: true, description: 'The number field of the bot that says the amount.' })
  field!: string | null;

  @Field(() => String, { description: 'ISO 4217.' })
  currency!: string;
}

@ObjectType('ConversionCredential', {
  description: 'A token or a key as it may be shown; itself it is written and never read.',
  simpleResolvers: true,
})
export class ConversionCredential {
  @Field(() => String, { description: "Its end: the token's, or the key id's." })
  lastFour!: string;

  @Field(() => DateTime, { description: 'When it was given.' })
  setAt!: Date;

  @Field(() => DateTime, { nullable: true, description: 'When it ends; null where the platform sets no end.' })
  expiresAt!: Date | null;
}

@ObjectType('ConversionDestination', {
  description: "An ad platform that is told of a bot's completed submissions; one for each bot and platform.",
  simpleResolvers: true,
  implements: Node,
})
@Entity('conversion_destinations')
export class ConversionDestination {
  @Field(() => ID, { description: 'The destination id.' })
  @PrimaryColumn({ type: 'text', collation: 'C' })
  id!: string;

  @Column({ name: 'workspace_id', type: 'text', collation: 'C' })
  workspaceId!: string;

  @Column({ name: 'intake_bot_id', type: 'text', collation: 'C' })
  intakeBotId!: string;

  /** The name of one of `platforms`. */
  @Field(() => ConversionPlatformEnum, { description: 'Which platform.' })
  @Column({ type: 'text' })
  platform!: string;

  @Field(() => DestinationStatusEnum, { description: 'Whether conversions are sent or held.' })
  @Column({ type: 'text' })
  status!: DestinationStatus;

  @Field(() => DestinationPauseReasonEnum, {
    nullable: true,
    description: 'Why it is paused; null while it is active.',
  })
  @Column({ name: 'pause_reason', type: 'text', nullable: true })
  pauseReason!: DestinationPauseReason | null;

  @Costs(bulky)
  @Field(() => JSONObject, { description: "The ids of the account, by their names in the platform's input." })
  @Column({ type: 'json' })
  settings!: Record<string, string>;

  /** Sealed; blank once the destination is deleted. */
  @Column({ name: 'credential', type: 'text' })
  sealedCredential!: string;

  @Column({ name: 'credential_last_four', type: 'text', nullable: true })
  credentialLastFour!: string | null;

  @Column({ name: 'credential_set_at', type: 'timestamptz', precision: 3 })
  credentialSetAt!: Date;

  @Column({ name: 'credential_expires_at', type: 'timestamptz', precision: 3, nullable: true })
  credentialExpiresAt!: Date | null;

  /** How many days before the credential expires Owners and Admins were last told so. */
  @Column({ name: 'expiry_told_days', type: 'smallint', nullable: true })
  expiryToldDays!: number | null;

  @Field(() => String, { description: 'What the platform calls it: `Lead`, unless it was named otherwise.' })
  @Column({ name: 'event_name', type: 'text' })
  eventName!: string;

  @Costs(partOfRow)
  @Field(() => ConversionValue, { nullable: true, description: 'What each is worth; null: nothing is said of it.' })
  @Column({ type: 'json', nullable: true })
  value!: ConversionValue | null;

  /** The bot's field for each canonical field that is mapped by hand. */
  @Costs(bulky)
  @Field(() => JSONObject, {
    description: "The bot's fields that say who it was, by `email`, `phone`, … ; what is absent is found by itself.",
  })
  @Column({ type: 'json' })
  mapping!: Partial<Record<PersonField, string>>;

  @Field(() => String, {
    nullable: true,
    description: 'The country, ISO 3166, by which national phone numbers are read; null: they are not sent.',
  })
  @Column({ name: 'default_country', type: 'text', nullable: true })
  defaultCountry!: string | null;

  @Field(() => ConsentModeEnum, { description: 'Of whom the platform is told.' })
  @Column({ name: 'consent_mode', type: 'text' })
  consentMode!: ConsentMode;

  @Field(() => String, { nullable: true, description: "The platform's code for tests; null where there is none." })
  @Column({ name: 'test_code', type: 'text', nullable: true })
  testCode!: string | null;

  @Field(() => DateTime, { nullable: true, description: 'When a conversion was last sent to it.' })
  @Column({ name: 'last_sent_at', type: 'timestamptz', precision: 3, nullable: true })
  lastSentAt!: Date | null;

  @Column({ name: 'deleted_at', type: 'timestamptz', precision: 3, nullable: true })
  deletedAt!: Date | null;

  @Field(() => DateTime, { description: 'When it was created.' })
  @Column({ name: 'created_at', type: 'timestamptz', precision: 3 })
  createdAt!: Date;

  @Field(() => DateTime, { description: 'When somebody last changed it.' })
  @Column({ name: 'updated_at', type: 'timestamptz', precision: 3 })
  updatedAt!: Date;
}
