import {
  eventComponents,
  eventSchemaName,
  intakeBotSummaryFields,
  submissionFields,
  submissionSummaryFields,
} from '../events/event-schema.view.js';
import { eventTypes } from '../events/event-type.js';
import { fieldTypes } from '../intake-bots/bot-schema.js';
import { AttributionConsentInput, AttributionInput } from '../submissions/submission.input.js';
import { MessageRoleEnum } from '../submissions/submission.entity.js';
import { AttemptOutcomeEnum } from '../webhooks/deliveries/delivery.entity.js';
import { scopes } from '../platform/actor.js';
import { webhookTimeoutMsDefault } from '../platform/config.js';
import { plans } from '../workspaces/plans.js';
import {
  arrayOf,
  closed,
  count,
  flag,
  integer,
  id,
  object,
  oneOf,
  orNull,
  ref,
  text,
  time,
  type JsonSchema,
} from '../platform/json-schema.js';
import { listEntriesMax, textCharactersMax } from '../platform/text/storable-json.js';
import { patternCharactersMax } from '../platform/text/safe-pattern.js';
import { describedBody } from '../platform/input-schema.js';

const createdAt = time('When it was created.');
const updatedAt = time('When it last changed.');
const anyText = { maxLength: textCharactersMax };
const name = { minLength: 1, maxLength: 100 };
const length = { minimum: 0, maximum: textCharactersMax };

const { id: submissionId, status: submissionStatus } = submissionFields;

const webhook = {
  id: id('The webhook.'),
  url: text('Where events are posted.', { format: 'uri' }),
  events: arrayOf(ref('EventType'), 'What it listens to.'),
  status: ref('WebhookStatus', 'While it is paused its events are held.'),
  description: orNull(text('What it is for.')),
  last_delivery_at: orNull(time('When an event was last posted.')),
  last_delivery_ok: orNull(flag('Whether that succeeded.')),
  consecutive_fails: count('Failures since the last success; the tenth pauses it.'),
  created_at: createdAt,
  updated_at: updatedAt,
};

/** What answers and bodies are made of, by name. */
export const schemas: Readonly<Record<string, JsonSchema>> = {
  ...eventComponents,
  EventType: oneOf(eventTypes, 'What happened.'),
  Event: {
    description: 'What happened, as webhooks are posted it; `type` says what `data` holds.',
    oneOf: eventTypes.map((type) => ref(eventSchemaName(type))),
    discriminator: {
      propertyName: 'type',
      mapping: Object.fromEntries(eventTypes.map((type) => [type, ref(eventSchemaName(type))['$ref']])),
    },
  },
  WebhookStatus: oneOf(['active', 'paused'], 'Whether events are posted or held.'),
  MessageRole: oneOf(Object.values(MessageRoleEnum), 'Who said it.'),
  Scope: oneOf(scopes, 'What a key may do.'),
  IntakeBotSummary: {
    ...object(intakeBotSummaryFields),
    description: 'An intake bot in a list: the bot by itself has its schema.',
  },
  SubmissionSummary: {
    ...object({ ...submissionSummaryFields, message_count: count('How many messages the conversation has.') }),
    description: 'A submission in a list: the submission by itself has its messages.',
  },
  Submission: {
    ...object({
      ...submissionFields,
      messages: arrayOf(ref('Message'), 'The conversation, oldest first.'),
    }),
    description: 'One set of answers to a bot, and the conversation in which they were given.',
  },
  SubmissionCreated: {
    ...object({ id: submissionId, status: submissionStatus, created_at: createdAt }),
    description: 'What a new submission is known by.',
  },
  Message: {
    ...object({
      id: id('The message.'),
      role: ref('MessageRole', 'Who said it.'),
      content: text('What was said.'),
      created_at: createdAt,
    }),
    description: 'One line of the conversation behind a submission.',
  },
  Record: {
    ...object({
      id: id('The record.'),
      record_type: text('What kind of thing it is.'),
      data: { type: 'object', description: 'What is known of it.', additionalProperties: true },
      submission_id: orNull(id('The submission it was made from.')),
      contacts: arrayOf(ref('RecordContact'), 'Whom it concerns.'),
      created_at: createdAt,
      updated_at: updatedAt,
    }),
    description: 'What a completed submission left behind.',
  },
  RecordContact: {
    ...object({ id: id('A contact.'), role: text('What the contact is to the record.') }),
    description: 'A contact whom a record concerns.',
  },
  Webhook: { ...object(webhook), description: 'An address to which events are posted.' },
  WebhookCreated: {
    ...object({
      ...webhook,
      secret: text('Signs the deliveries. Shown here only.', { pattern: '^whsec_[A-Za-z0-9+/]{43}=$' }),
    }),
    description: 'A new webhook, and the secret that its deliveries are signed with.',
  },
  WebhookAttemptOutcome: oneOf(Object.values(AttemptOutcomeEnum), 'What an attempt came to.'),
  WebhookAttempt: {
    ...object({
      at: time('When it began.'),
      outcome: ref(
        'WebhookAttemptOutcome',
        `\`success\` for 2xx within ${webhookTimeoutMsDefault / 1_000} seconds; else what stood in the way.`,
      ),
      response_status: orNull(integer('The HTTP status; null when no answer began.')),
      response_body: orNull(
        text('The first 16 KiB of the answer; null without one, or without the read scope of what the event tells of.'),
      ),
      error: orNull(text('What went wrong, in words.')),
      address: orNull(text('The address dialled.')),
      timings: ref('WebhookTimings', 'How long each part took.'),
    }),
    description: 'One request to a webhook, and what came of it.',
  },
  WebhookTimings: {
    ...object({
      dns_ms: orNull(count('Looking the name up.')),
      connect_ms: orNull(count('Connecting.')),
      tls_ms: orNull(count('Agreeing on TLS.')),
      first_byte_ms: orNull(count("From the request to the answer's first byte.")),
      total_ms: count('All in.'),
    }),
    description: 'Milliseconds; null for what did not happen.',
  },
  Plan: oneOf(Object.keys(plans), 'What a workspace pays for.'),
  Caller: {
    ...object({
      workspace: ref('CallerWorkspace', 'Where the key belongs.'),
      key: ref('CallerKey', 'The key that calls.'),
    }),
    description: 'Who calls.',
  },
  CallerWorkspace: {
    ...object({ id: id('The workspace.'), name: text('Its name.'), plan: ref('Plan', 'Its plan.') }),
    description: 'The workspace that a key belongs to.',
  },
  CallerKey: {
    ...object({
      id: id('The key; it is no secret.'),
      name: text('What it is for.'),
      scopes: arrayOf(ref('Scope'), 'What it may do.'),
      expires_at: orNull(time('When it stops working; null: never.')),
    }),
    description: 'An API key, without its secret.',
  },
  Pagination: {
    ...object({
      has_more: flag('Whether there is a next page.'),
      next_cursor: orNull(text('What to pass as `cursor` for the next page; null on the last.')),
    }),
    description: 'Where a list goes on.',
  },
  NewAnswers: {
    type: 'object',
    description: 'Values by the names of fields; null is no value.',
    additionalProperties: {
      anyOf: [
        { type: ['number', 'boolean', 'null'] },
        { type: 'string', ...anyText },
        { type: 'array', items: { type: 'string', ...anyText }, maxItems: listEntriesMax },
      ],
    },
  },
  NewSchemaItem: {
    ...closed(
      object(
        {
          name: text('The key of its value in `data`. A field has one, and no other field has the same.', name),
          label: text('What people read; the name by default.', anyText),
          type: text(`Of a field one of: ${fieldTypes.join(', ')}.`, name),
          required: flag('Whether a COMPLETED submission must have a value; by default not.'),
          options: arrayOf(text('An option.', { minLength: 1, ...anyText }), 'Of select and multi_select.', {
            maxItems: listEntriesMax,
          }),
          helper_text: text('A hint beside the field.', anyText),
          placeholder: text('Shown while it is empty.', anyText),
          min: { type: 'number', format: 'double', description: 'The least number, or the fewest entries.' },
          max: { type: 'number', format: 'double', description: 'The greatest number, or the most entries.' },
          min_length: { type: 'integer', format: 'int32', description: 'The fewest characters.', ...length },
          max_length: { type: 'integer', format: 'int32', description: 'The most characters.', ...length },
          pattern: text('RE2 syntax; the whole text must match.', { maxLength: patternCharactersMax }),
          kind: text('Absent or `field`: a field. `content` is display only.', { maxLength: name.maxLength }),
        },
        ['label', 'required', 'options', 'helper_text', 'placeholder', 'min', 'max', 'min_length', 'max_length'].concat(
          ['pattern', 'kind'],
        ),
      ),
    ),
    description: 'A field that a bot is to have.',
  },
  Attribution: {
    ...describedBody(AttributionInput, { consent: ref('AttributionConsent') }).schema,
    description: 'Where a submission came from; what is absent stays.',
  },
  AttributionConsent: {
    ...describedBody(AttributionConsentInput, { limitedUse: { type: 'boolean' } }).schema,
    description: 'What a person consented to; what is absent stays.',
  },
};
