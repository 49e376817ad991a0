import {
  answers,
  contactFields,
  intakeBotFields,
  intakeBotSummaryFields,
  optionalInItems,
  schemaItemFields,
  submissionFields,
  submissionSummaryFields,
} from '../events/event-schema.view.js';
import { eventTypes } from '../events/event-type.js';
import { fieldTypes } from '../intake-bots/bot-schema.js';
import {
  AttributionConsentInput,
  AttributionInput,
  CreateSubmission,
  UpdateSubmission,
} from '../submissions/submission.input.js';
import { MessageRoleEnum } from '../submissions/submission.entity.js';
import { PatchIntakeBot } from '../intake-bots/intake-bot.input.js';
import { PatchWebhook, RegisterWebhook } from '../webhooks/endpoints/endpoint.input.js';
import {
  flag,
  id,
  integer,
  arrayOf,
  object,
  oneOf,
  orNull,
  text,
  time,
  type JsonSchema,
} from '../platform/json-schema.js';
import { body, describedBody, ref } from './json-schema.js';

const createdAt = time('When it was created.');
const updatedAt = time('When it last changed.');
const anything = (description: string): JsonSchema => ({ type: 'object', description, additionalProperties: true });

const schemaItem = { ...schemaItemFields, type: text(`For a field one of: ${fieldTypes.join(', ')}.`) };
const data = ref('Answers');
const { id: submissionId, status: submissionStatus } = submissionFields;

const webhook = {
  id: id('The webhook.'),
  url: text('Where events are posted.'),
  events: arrayOf(oneOf(eventTypes, 'An event type.'), 'What it listens to.'),
  status: oneOf(['active', 'paused'], 'While it is paused its events are held.'),
  description: orNull(text('What it is for.')),
  last_delivery_at: orNull(time('When an event was last posted.')),
  last_delivery_ok: orNull(flag('Whether that succeeded.')),
  consecutive_fails: integer('Failures since the last success; the tenth pauses it.'),
  created_at: createdAt,
  updated_at: updatedAt,
};

/** What answers are made of. Unknown keys are forbidden, so that a test notices a field that is not documented. */
export const schemas: Readonly<Record<string, JsonSchema>> = {
  IntakeBotSummary: object(intakeBotSummaryFields),
  IntakeBot: object({ ...intakeBotFields, schema: arrayOf(ref('SchemaItem'), 'Its fields, in order.') }),
  SchemaItem: object(schemaItem, optionalInItems),
  NewSchemaItem: object(schemaItem, ['label', 'required', ...optionalInItems]),
  Answers: answers,
  SubmissionSummary: object({
    ...submissionSummaryFields,
    data,
    message_count: integer('How many messages the conversation has.'),
  }),
  Submission: object({
    ...submissionFields,
    data,
    messages: arrayOf(ref('Message'), 'The conversation, oldest first.'),
  }),
  SubmissionCreated: object({ id: submissionId, status: submissionStatus, created_at: createdAt }),
  Message: object({
    id: id('The message.'),
    role: oneOf(Object.values(MessageRoleEnum), 'Who said it.'),
    content: text('What was said.'),
    created_at: createdAt,
  }),
  Contact: object(contactFields),
  Record: object({
    id: id('The record.'),
    record_type: text('What kind of thing it is.'),
    data: anything('What is known of it.'),
    submission_id: orNull(id('The submission it was made from.')),
    contacts: arrayOf(object({ id: id('A contact.'), role: text('What the contact is to the record.') })),
    created_at: createdAt,
    updated_at: updatedAt,
  }),
  Webhook: object(webhook),
  WebhookCreated: object({ ...webhook, secret: text('Signs the deliveries. Shown here only.') }),
  Attribution: describedBody(AttributionInput, { consent: ref('AttributionConsent') }).schema,
  AttributionConsent: describedBody(AttributionConsentInput, { limitedUse: { type: 'boolean' } }).schema,
  Pagination: object({
    has_more: flag('Whether there is a next page.'),
    next_cursor: orNull(text('What to pass as `cursor` for the next page.')),
  }),
};

export const createSubmission = body(CreateSubmission, {
  data: ref('Answers'),
  status: { description: 'COMPLETED fires `submission.completed`; IN_PROGRESS may lack required fields.' },
  isTest: { description: 'Fires webhooks, and counts towards no limit.' },
  attribution: { ...ref('Attribution'), description: CreateSubmission.descriptions.attribution },
});

export const updateSubmission = body(UpdateSubmission, {
  data: { ...ref('Answers'), description: 'Merged into what is there; null removes a value.' },
  status: { description: 'COMPLETED cannot go back.' },
  attribution: { ...ref('Attribution'), description: UpdateSubmission.descriptions.attribution },
});

export const patchIntakeBot = body(PatchIntakeBot, {
  name: { description: 'A new name.' },
  description: { description: 'What it is for; null for nothing.' },
  status: { description: 'DRAFT → ACTIVE ⇄ PAUSED → ARCHIVED, and ARCHIVED → PAUSED.' },
  schema: { ...arrayOf(ref('NewSchemaItem')), description: 'All its fields, in order.' },
});

export const registerWebhook = body(RegisterWebhook, {
  url: { description: 'A public https address.' },
  events: { description: 'What it listens to.' },
  description: { description: 'What it is for.' },
});

export const patchWebhook = body(PatchWebhook, {
  url: { description: 'Another public https address.' },
  events: { description: 'What it listens to from now on.' },
  description: { description: 'What it is for.' },
  status: { description: '`active` resumes it and sends what was held, `paused` pauses it.' },
});
