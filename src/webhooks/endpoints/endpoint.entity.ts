import { Field, ID, Int, ObjectType } from 'type-graphql';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { EventTypeScalar, type EventType } from '../../events/event-type.js';
import { enumType, type ValueOf } from '../../platform/graphql/enum-type.js';
import { Costs, listInRow } from '../../platform/graphql/field-cost.js';
import { Node } from '../../platform/graphql/node.js';
import { DateTime } from '../../platform/graphql/scalars.js';

export const EndpointStatusEnum = enumType('WebhookEndpointStatus', 'Whether events are delivered or held.', {
  ACTIVE: ['active', 'Events are delivered.'],
  PAUSED: ['paused', 'Events are held, for 30 days.'],
});
export type EndpointStatus = ValueOf<typeof EndpointStatusEnum>;

const PauseReasonEnum = enumType('WebhookPauseReason', 'Why an endpoint is paused.', {
  FAILURES: ['failures', 'Ten failures in a row.'],
  GONE: ['gone', 'It answered 410 Gone.'],
  MANUAL: ['manual', 'Someone paused it.'],
  PLAN: ['plan', "The workspace's plan does not include webhooks."],
});
export type PauseReason = ValueOf<typeof PauseReasonEnum>;

/** A secret at rest. The newest of an endpoint is its first and never expires. */
export interface SealedSecret {
  sealed: string;
  /** ISO 8601; null: until it is rotated. */
  expiresAt: string | null;
}

@ObjectType('WebhookEndpoint', {
  description: 'Where events are delivered to.',
  simpleResolvers: true,
  implements: Node,
})
@Entity('webhook_endpoints')
export class WebhookEndpoint {
  @Field(() => ID, { description: 'The endpoint id.' })
  @PrimaryColumn({ type: 'text', collation: 'C' })
  id!: string;

  @Column({ name: 'workspace_id', type: 'text', collation: 'C' })
  workspaceId!: string;

  @Field(() => String, { description: 'What is posted to.' })
  @Column({ type: 'text' })
  url!: string;

  @Costs(listInRow)
  @Field(() => [EventTypeScalar], { description: 'What it listens to.' })
  @Column({ type: 'text', array: true })
  events!: EventType[];

  @Field(() => String, { nullable: true, description: 'What it is for.' })
  @Column({ type: 'text', nullable: true })
  description!: string | null;

  @Field(() => EndpointStatusEnum, { description: 'Whether events are delivered or held.' })
  @Column({ type: 'text' })
  status!: EndpointStatus;

  @Field(() => PauseReasonEnum, { nullable: true, description: 'Why it is paused; null while it is active.' })
  @Column({ name: 'pause_reason', type: 'text', nullable: true })
  pauseReason!: PauseReason | null;

  @Field(() => DateTime, { nullable: true, description: 'Since when it is paused; null while it is active.' })
  @Column({ name: 'paused_at', type: 'timestamptz', precision: 3, nullable: true })
  pausedAt!: Date | null;

  @Column({ type: 'json' })
  secrets!: SealedSecret[];

  @Column({ name: 'custom_headers', type: 'text', nullable: true })
  customHeaders!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'One fragment for each event object, which selects what `data` holds; null: the whole object.',
  })
  @Column({ name: 'payload_query', type: 'text', nullable: true })
  payloadQuery!: string | null;

  @Field(() => Int, {
    nullable: true,
    description: 'How many deliveries at once; 1 keeps them in order. Null: as many as the server allows.',
  })
  @Column({ name: 'max_concurrency', type: 'integer', nullable: true })
  maxConcurrency!: number | null;

  /** How often anything was changed that shapes the requests to it: an attempt keeps by which one it was sent. */
  @Column({ name: 'request_version', type: 'integer' })
  requestVersion!: number;

  /** Which one it was when what shapes their bodies was changed last. */
  @Column({ name: 'body_version', type: 'integer' })
  bodyVersion!: number;

  @Column({ name: 'deleted_at', type: 'timestamptz', precision: 3, nullable: true })
  deletedAt!: Date | null;

  @Field(() => DateTime, { description: 'When it was created.' })
  @Column({ name: 'created_at', type: 'timestamptz', precision: 3 })
  createdAt!: Date;

  @Field(() => DateTime, { description: 'When it last changed.' })
  @Column({ name: 'updated_at', type: 'timestamptz', precision: 3 })
  updatedAt!: Date;

  /** This and the next two are columns of `webhook_endpoint_states`, so that an attempt rewrites a narrow row. */
  @Field(() => Int, { description: 'Failures in a row; ten pause it.' })
  consecutiveFails!: number;

  @Field(() => DateTime, { nullable: true, description: 'When the last attempt ended.' })
  lastDeliveryAt!: Date | null;

  @Field(() => Boolean, { nullable: true, description: 'Whether the last attempt succeeded.' })
  lastDeliveryOk!: boolean | null;
}
