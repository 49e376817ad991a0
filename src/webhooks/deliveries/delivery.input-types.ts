import { Field, ID, InputType } from 'type-graphql';
import { EventTypeScalar, type EventType } from '../../events/event-type.js';
import { DateTimeRange } from '../../platform/graphql/relay-connection.js';
import type { WebhookDeliveryFilter } from './delivery-query.js';
import { DeliveryStatusEnum, type DeliveryStatus } from './delivery.entity.js';

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
