import { Field, ID, InputType } from 'type-graphql';
import { z } from 'zod';
import { eventTypes, EventTypeScalar, type EventType } from '../../events/event-type.js';
import { inputType } from '../../platform/graphql/input-type.js';
import { DateTimeRange, IntRange } from '../../platform/graphql/relay-connection.js';
import type { OutcomeKind } from '../../platform/outbound/attempt.js';
import type { WebhookDeliveryFilter } from '../store/delivery-query.js';
import { DeliveryStatusEnum, type DeliveryStatus } from '../store/delivery-status.js';
import { AttemptOutcomeEnum } from './delivery.entity.js';

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

  @Field(() => IntRange, { nullable: true, description: 'Whose last attempt was answered with such an HTTP status.' })
  responseStatus?: IntRange | null;

  @Field(() => [AttemptOutcomeEnum], { nullable: true, description: 'Whose last attempt came to one of these.' })
  outcome?: OutcomeKind[] | null;

  @Field(() => String, {
    nullable: true,
    description:
      'A text in the event, an answer or an error, as it was typed and in either case, or an id; at most 200 characters. Needs the read scopes of everything events tell of.',
  })
  search?: string | null;
}

export const SendTestEvent = inputType('SendTestEventInput', 'Where to send an example.', () => ({
  endpointId: [ID, 'The endpoint.'],
  type: [z.enum(eventTypes).nullable().optional(), EventTypeScalar, 'Of which type; by default one it listens to.'],
}));

export const Redeliver = inputType('RedeliverInput', 'What to send once more.', () => ({
  deliveryId: [ID, 'The delivery.'],
}));
