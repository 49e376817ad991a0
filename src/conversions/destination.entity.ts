import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { PersonField } from './platforms/platform.js';

export type DestinationStatus = 'ACTIVE' | 'PAUSED';
export type DestinationPauseReason = 'AUTH_BROKEN' | 'CONFIG_BROKEN' | 'MANUAL' | 'PLAN';
export type ConsentMode = 'REQUIRED' | 'NOT_REQUIRED';

/** What a conversion is worth: a fixed amount, or what a number field of the bot was answered with. */
export interface ConversionValue {
  amount: number | null;
  field: string | null;
  currency: string;
}

/** An ad platform that is told of a bot's completed submissions. */
@Entity('conversion_destinations')
export class ConversionDestination {
  @PrimaryColumn({ type: 'text', collation: 'C' })
  id!: string;

  @Column({ name: 'workspace_id', type: 'text', collation: 'C' })
  workspaceId!: string;

  @Column({ name: 'intake_bot_id', type: 'text', collation: 'C' })
  intakeBotId!: string;

  /** The name of one of `platforms`. */
  @Column({ type: 'text' })
  platform!: string;

  @Column({ type: 'text' })
  status!: DestinationStatus;

  @Column({ name: 'pause_reason', type: 'text', nullable: true })
  pauseReason!: DestinationPauseReason | null;

  @Column({ type: 'json' })
  settings!: Record<string, string>;

  /** Sealed; blank once the destination is deleted. */
  @Column({ type: 'text' })
  credential!: string;

  @Column({ name: 'credential_last_four', type: 'text', nullable: true })
  credentialLastFour!: string | null;

  @Column({ name: 'credential_set_at', type: 'timestamptz', precision: 3 })
  credentialSetAt!: Date;

  @Column({ name: 'credential_expires_at', type: 'timestamptz', precision: 3, nullable: true })
  credentialExpiresAt!: Date | null;

  /** How many days before the credential expires Owners and Admins were last told so. */
  @Column({ name: 'expiry_told_days', type: 'smallint', nullable: true })
  expiryToldDays!: number | null;

  @Column({ name: 'event_name', type: 'text' })
  eventName!: string;

  @Column({ type: 'json', nullable: true })
  value!: ConversionValue | null;

  /** The bot's field for each canonical field that is mapped by hand. */
  @Column({ type: 'json' })
  mapping!: Partial<Record<PersonField, string>>;

  @Column({ name: 'default_country', type: 'text', nullable: true })
  defaultCountry!: string | null;

  @Column({ name: 'consent_mode', type: 'text' })
  consentMode!: ConsentMode;

  @Column({ name: 'test_code', type: 'text', nullable: true })
  testCode!: string | null;

  @Column({ name: 'last_sent_at', type: 'timestamptz', precision: 3, nullable: true })
  lastSentAt!: Date | null;

  @Column({ name: 'deleted_at', type: 'timestamptz', precision: 3, nullable: true })
  deletedAt!: Date | null;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3 })
  createdAt!: Date;

  @Column({ name: 'updated_at', type: 'timestamptz', precision: 3 })
  updatedAt!: Date;
}
