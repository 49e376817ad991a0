import { Field, ID, Int, ObjectType } from 'type-graphql';
import type { EventType } from '../../events/event-type.js';
import { connectionType } from '../../platform/graphql/relay-connection.js';
import { Costs, partOfRow } from '../../platform/graphql/field-cost.js';
import { enumType } from '../../platform/graphql/enum-type.js';
import { Node } from '../../platform/graphql/node.js';
import type { OutcomeKind } from '../../platform/outbound/attempt.js';
import { DateTime } from '../../platform/graphql/scalars.js';
import type { SentRequest } from '../wire/request.js';
import { DeliveryStatusEnum, SkipReasonEnum, type DeliveryStatus, type SkipReason } from '../store/delivery-status.js';

export const AttemptOutcomeEnum = enumType('WebhookAttemptOutcome', 'What an attempt came to.', {
  SUCCESS: ['success', '2xx within the deadline.'],
  HTTP_ERROR: ['http_error', 'Another status; redirects are not followed.'],
  TIMEOUT: ['timeout', 'A deadline struck.'],
  DNS: ['dns', 'The name did not resolve.'],
  TLS: ['tls', 'No trustworthy TLS connection.'],
  CONNECTION: ['connection', 'The connection failed or broke, or what came was not HTTP.'],
  REFUSED: ['refused', 'The URL leads to where webhooks are not sent.'],
}) satisfies Record<string, OutcomeKind>;

@ObjectType('WebhookDelivery', {
  description: 'One event on its way to one endpoint.',
  simpleResolvers: true,
  implements: Node,
})
export class WebhookDelivery {
  @Field(() => ID, { description: 'The delivery id, as in `X-IoZen-Delivery-Id`.' })
  id!: string;

  endpointId!: string;
  eventId!: string;

  @Field(() => DeliveryStatusEnum, { description: 'Where it stands.' })
  status!: DeliveryStatus;

  @Field(() => Int, { description: 'How many attempts were made.' })
  attemptCount!: number;

  @Field(() => Int, { description: 'How many attempts it has left at most; 0 when it is over.' })
  attemptsLeft!: number;

  @Field(() => DateTime, { nullable: true, description: 'Not before; null when it is due now, held or over.' })
  nextAttemptAt!: Date | null;

  @Field(() => SkipReasonEnum, {
    nullable: true,
    description: 'Why it was skipped; null unless it was, or was before reasons were kept.',
  })
  skipReason!: SkipReason | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When its last attempt ended or it was skipped; null while it is open.',
  })
  endedAt!: Date | null;

  @Field(() => DateTime, { description: 'When it was made.' })
  createdAt!: Date;
}

export const WebhookDeliveryConnection = connectionType('WebhookDelivery', WebhookDelivery);

@ObjectType('WebhookTimings', { description: 'Milliseconds; null for what did not happen.', simpleResolvers: true })
export class WebhookTimings {
  @Field(() => Int, { nullable: true, description: 'Looking the name up.' })
  dnsMs!: number | null;

  @Field(() => Int, { nullable: true, description: 'Connecting.' })
  connectMs!: number | null;

  @Field(() => Int, { nullable: true, description: 'Agreeing on TLS.' })
  tlsMs!: number | null;

  @Field(() => Int, { nullable: true, description: "From the request to the answer's first byte." })
  firstByteMs!: number | null;

  @Field(() => Int, { description: 'All in.' })
  totalMs!: number;
}

@ObjectType('WebhookHeader', { description: 'One header.', simpleResolvers: true })
export class AttemptHeader {
  @Field(() => String, { description: 'Its name, as it was written.' })
  name!: string;

  @Field(() => String, { description: 'Its value; `•••` for a secret one.' })
  value!: string;
}

@ObjectType('WebhookHeaders', {
  description: 'Headers, in the order in which they went over the line.',
  simpleResolvers: true,
})
export class AttemptHeaders {
  @Field(() => Boolean, {
    description: 'Whether these are all, and as they were: false where something was changed since, or did not fit.',
  })
  exact!: boolean;

  @Costs(partOfRow)
  @Field(() => [AttemptHeader], { description: 'Each of them.' })
  headers!: AttemptHeader[];
}

@ObjectType('WebhookAttempt', { description: 'One request of a delivery.', simpleResolvers: true })
export class WebhookAttempt {
  deliveryId!: string;
  endpointId!: string;
  eventId!: string;
  /** The endpoint's by which it was sent. */
  requestVersion!: number;
  /** Of a test event, which is kept nowhere. */
  sent?: SentRequest;
  /** Null for an attempt from before the type was kept with it, whose event is gone. */
  eventType!: EventType | null;

  @Field(() => Int, { description: '1, 2, 3 …' })
  number!: number;

  @Field(() => DateTime, { description: 'When it began.' })
  at!: Date;

  @Field(() => AttemptOutcomeEnum, { description: 'What it came to.' })
  outcome!: OutcomeKind;

  @Field(() => Int, { nullable: true, description: 'The HTTP status; null when no answer began.' })
  responseStatus!: number | null;

  answer!: Buffer | null;
  /** What is kept of the answer's headers, see `AnswerReader`. */
  head!: string | null;

  @Field(() => String, { nullable: true, description: 'What went wrong, in words.' })
  error!: string | null;

  @Field(() => String, { nullable: true, description: 'The address dialled.' })
  address!: string | null;

  @Costs(partOfRow)
  @Field(() => WebhookTimings, { description: 'How long each part took.' })
  timings!: WebhookTimings;
}
