import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { ConversionSkipReason, ConversionVerdictKind } from './platforms/platform.js';

export type ConversionStatus =
  'PENDING' | 'SENDING' | 'ACCEPTED' | 'DELIVERED' | 'REJECTED' | 'SKIPPED' | 'EXPIRED' | 'HELD';

/** One request of a conversion, as it is kept. */
export interface ConversionAttempt {
  /** ISO 8601. */
  at: string;
  /** The HTTP status; null where no answer came. */
  status: number | null;
  code: string | null;
  message: string;
  traceId: string | null;
  ms: number;
}

/** One completed submission on its way to one destination. */
@Entity('conversions')
export class Conversion {
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

  @Column({ type: 'text' })
  platform!: string;

  @Column({ name: 'event_id', type: 'text' })
  eventId!: string;

  @Column({ name: 'event_name', type: 'text' })
  eventName!: string;

  @Column({ name: 'occurred_at', type: 'timestamptz', precision: 3 })
  occurredAt!: Date;

  @Column({ type: 'text' })
  status!: ConversionStatus;

  /** What the last answer meant; null before the first one. */
  @Column({ type: 'text', nullable: true })
  verdict!: ConversionVerdictKind | null;

  /** Why it was skipped, or what else there is to say of its end. */
  @Column({ type: 'text', nullable: true })
  reason!: ConversionSkipReason | 'unconfirmed' | null;

  /** Sealed; null once nothing more of it may be sent. */
  @Column({ type: 'text', nullable: true })
  snapshot!: string | null;

  /** Names of what was left out of what was sent. */
  @Column({ type: 'text', array: true })
  dropped!: string[];

  /** By which the platform is asked what became of it. */
  @Column({ type: 'text', nullable: true })
  reference!: string | null;

  /** The last 100, the first one first. */
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

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3 })
  createdAt!: Date;

  @Column({ name: 'updated_at', type: 'timestamptz', precision: 3 })
  updatedAt!: Date;

  @Column({ name: 'ended_at', type: 'timestamptz', precision: 3, nullable: true })
  endedAt!: Date | null;
}
