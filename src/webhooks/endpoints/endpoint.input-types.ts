import { Field, ID, InputType, Int } from 'type-graphql';
import { EventTypeScalar, type EventType } from '../../events/event-type.js';
import { JSONObject } from '../../platform/graphql/scalars.js';

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
