import { eventTypes } from '../events/event-type.js';
import { fieldTypes } from '../intake-bots/bot-schema.js';
import { IntakeBotStatusEnum } from '../intake-bots/intake-bot.entity.js';
import { CreateSubmission, UpdateSubmission } from '../submissions/submission.input.js';
import { MessageRoleEnum, SubmissionStatusEnum } from '../submissions/submission.entity.js';
import { PatchIntakeBot } from '../intake-bots/intake-bot.input.js';
import { PatchWebhook, RegisterWebhook } from '../webhooks/endpoints/endpoint.input.js';
import {
  body,
  flag,
  id,
  integer,
  arrayOf,
  object,
  oneOf,
  orNull,
  ref,
  text,
  time,
  type JsonSchema,
} from './json-schema.js';

const createdAt = time('When it was created.');
const updatedAt = time('When it last changed.');
const botStatus = oneOf(Object.values(IntakeBotStatusEnum), 'Only an ACTIVE bot takes submissions.');
const submissionStatus = oneOf(Object.values(SubmissionStatusEnum), 'How far it is; COMPLETED never goes back.');
const anything = (description: string): JsonSchema => ({ type: 'object', description, additionalProperties: true });

const intakeBotSummary = {
  id: id('The intake bot.'),
  name: text('Its name.'),
  status: botStatus,
  submission_count: integer('How many submissions it has.'),
  created_at: createdAt,
  updated_at: updatedAt,
};

const schemaItem = {
  name: text('The key of its value in `data`.'),
  label: text('What people read.'),
  type: text(`For a field one of: ${fieldTypes.join(', ')}.`),
  required: flag('Whether a COMPLETED submission must have a value.'),
  options: arrayOf(text('An option.'), 'Of select and multi_select.'),
  helper_text: text('A hint beside the field.'),
  placeholder: text('Shown while it is empty.'),
  min: { type: 'number', description: 'The least number, or the fewest entries.' },
  max: { type: 'number', description: 'The greatest number, or the most entries.' },
  min_length: integer('The fewest characters.'),
  max_length: integer('The most characters.'),
  pattern: text('RE2 syntax; the whole text must match.'),
  kind: text('Absent or `field`: a field. `content` is display only; skip kinds you do not know.'),
};
const optionalInItems = Object.keys(schemaItem).filter((key) => !/^(name|label|type|required)$/.test(key));

const submission = {
  id: id('The submission.'),
  data: ref('Answers'),
  status: submissionStatus,
  ai_summary: orNull(text('A summary written by the assistant, where there is one.')),
  is_test: flag('A test submission fires webhooks and counts towards no limit.'),
  file_count: integer('How many files the answers link to.'),
};
const submissionTimes = {
  schema_version: integer("The version of the bot's schema that the answers were checked against."),
  created_at: createdAt,
  updated_at: updatedAt,
};

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
  IntakeBotSummary: object(intakeBotSummary),
  IntakeBot: object({
    ...intakeBotSummary,
    description: orNull(text('What it is for.')),
    share_url: text('Where people fill it in.', { format: 'uri' }),
    schema: arrayOf(ref('SchemaItem'), 'Its fields, in order.'),
  }),
  SchemaItem: object(schemaItem, optionalInItems),
  NewSchemaItem: object(schemaItem, ['label', 'required', ...optionalInItems]),
  Answers: {
    type: 'object',
    description: 'Values by the names of fields, as they were sent.',
    additionalProperties: {
      anyOf: [{ type: ['string', 'number', 'boolean', 'null'] }, { type: 'array', items: { type: 'string' } }],
    },
  },
  SubmissionSummary: object({
    ...submission,
    message_count: integer('How many messages the conversation has.'),
    ...submissionTimes,
  }),
  Submission: object({
    ...submission,
    ...submissionTimes,
    intake_bot_id: id('The bot it answers.'),
    messages: arrayOf(ref('Message'), 'The conversation, oldest first.'),
  }),
  SubmissionCreated: object({ id: submission.id, status: submissionStatus, created_at: createdAt }),
  Message: object({
    id: id('The message.'),
    role: oneOf(Object.values(MessageRoleEnum), 'Who said it.'),
    content: text('What was said.'),
    created_at: createdAt,
  }),
  Contact: object({
    id: id('The contact.'),
    email: orNull(text('In lower case, its domain in ASCII; one contact has it.')),
    phone: orNull(text('In E.164; one contact has it.')),
    first_name: orNull(text('First name.')),
    last_name: orNull(text('Last name.')),
    tags: arrayOf(text('A tag.')),
    custom_fields: anything('Whatever else is known.'),
    submission_count: integer('How many submissions are linked to it.'),
    created_at: createdAt,
    updated_at: updatedAt,
  }),
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
  Pagination: object({
    has_more: flag('Whether there is a next page.'),
    next_cursor: orNull(text('What to pass as `cursor` for the next page.')),
  }),
};

export const createSubmission = body(CreateSubmission, {
  data: ref('Answers'),
  status: { description: 'COMPLETED fires `submission.completed`; IN_PROGRESS may lack required fields.' },
  isTest: { description: 'Fires webhooks, and counts towards no limit.' },
});

export const updateSubmission = body(UpdateSubmission, {
  data: { ...ref('Answers'), description: 'Merged into what is there; null removes a value.' },
  status: { description: 'COMPLETED cannot go back.' },
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
