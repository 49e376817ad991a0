import { Field, ID, InputType, Int } from 'type-graphql';
import { EventTypeScalar, type EventType } from '../../events/event-type.js';
import { DateTimeRange } from '../../platform/graphql/relay-connection.js';
import { DateTime, JSONObject } from '../../platform/graphql/scalars.js';
import { ReplayOnlyEnum, type ReplayOnly } from '../replays/replay.entity.js';
import { DeliveryStatusEnum, type DeliveryStatus } from '../deliveries/delivery.entity.js';
import type { WebhookDeliveryFilter } from '../deliveries/delivery-query.js';

@InputType('WebhookDeliveryFilter', { description: 'Which deliveries to list.' })
export class WebhookDeliveryFilterInput implements WebhookDeliveryFilter {
  @Field(() => ID, { nullable: true, description: 'To this endpoint.' })
  endpointId?: string | null;

  @Field(() => [DeliveryStatusEnum], { nullable: true, description: 'In one of these states.' })
  status?: DeliveryStatus[] | null;

  @Field(() => [EventTypeScalar], { nullable: true, description: 'Of events of these types.' })
  eventType?: EventType[] | null;

  @Field(() => DateTimeRange, { nullable: true, description: 'Made within.' })
  createdAt?: DateTimeRange | null;

  @Field(() => String, {
    nullable: true,
    description:
      'A text in the event, an answer or an error, as it was typed and in either case, or an id; at most 200 characters. Needs the read scopes of everything events tell of.',
  })
  search?: string | null;
}

@InputType('CreateWebhookEndpointInput', { description: 'A new endpoint.' })
export class CreateWebhookEndpointInput {
  @Field(() => String, { description: 'An https URL with a public host.' })
  url!: string;

  @Field(() => [EventTypeScalar], { description: 'What it listens to, one or more.' })
  events!: EventType[];

  @Field(() => String, { nullable: true, description: 'What it is for, at most 500 characters.' })
  description?: string | null;

  @Field(() => JSONObject, { nullable: true, description: 'At most 20 headers to add: names and values.' })
  customHeaders?: Record<string, unknown> | null;

  @Field(() => String, {
    nullable: true,
    description:
      'One fragment for each event object, such as `fragment on Submission { id status }`; `data` then holds that.',
  })
  payloadQuery?: string | null;

  @Field(() => Int, { nullable: true, description: 'How many deliveries at once; 1 keeps them in order.' })
  maxConcurrency?: number | null;
}

@InputType('UpdateWebhookEndpointInput', { description: 'What to change of an endpoint; what is absent stays.' })
export class UpdateWebhookEndpointInput {
  @Field(() => ID, { description: 'The endpoint.' })
  id!: string;

  @Field(() => String, { nullable: true, description: 'Its URL.' })
  url?: string;

  @Field(() => [EventTypeScalar], { nullable: true, description: 'All it listens to anew.' })
  events?: EventType[];

  @Field(() => String, { nullable: true, description: 'What it is for; null removes it.' })
  description?: string | null;

  @Field(() => JSONObject, {
    nullable: true,
    description:
      'All its headers anew; null removes them. Left out, they stay, unless `url` leads to another origin than before.',
  })
  customHeaders?: Record<string, unknown> | null;

  @Field(() => String, { nullable: true, description: 'What it selects; null: whole objects.' })
  payloadQuery?: string | null;

  @Field(() => Int, { nullable: true, description: 'How many deliveries at once; null: as many as allowed.' })
  maxConcurrency?: number | null;
}

@InputType()
abstract class OneWebhookEndpoint {
  @Field(() => ID, { description: 'The endpoint.' })
  id!: string;
}

@InputType('DeleteWebhookEndpointInput', { description: 'The endpoint to delete.' })
export class DeleteWebhookEndpointInput extends OneWebhookEndpoint {}

@InputType('PauseWebhookEndpointInput', { description: 'The endpoint whose events to hold.' })
export class PauseWebhookEndpointInput extends OneWebhookEndpoint {}

@InputType('ResumeWebhookEndpointInput', { description: 'The endpoint to deliver to again.' })
export class ResumeWebhookEndpointInput extends OneWebhookEndpoint {
  @Field(() => Boolean, { nullable: true, description: 'Drop what is held instead of sending it.' })
  skipHeld?: boolean;
}

@InputType('RotateWebhookSecretInput', { description: 'The endpoint that gets a new secret.' })
export class RotateWebhookSecretInput extends OneWebhookEndpoint {
  @Field(() => Int, { nullable: true, description: 'How long the old one signs too: a day by default, 7 at most.' })
  overlapSeconds?: number;
}

@InputType('SendTestEventInput', { description: 'Where to send an example.' })
export class SendTestEventInput {
  @Field(() => ID, { description: 'The endpoint.' })
  endpointId!: string;

  @Field(() => EventTypeScalar, { nullable: true, description: 'Of which type; by default one it listens to.' })
  type?: EventType | null;
}

@InputType('RedeliverInput', { description: 'What to send once more.' })
export class RedeliverInput {
  @Field(() => ID, { description: 'The delivery.' })
  deliveryId!: string;
}

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
