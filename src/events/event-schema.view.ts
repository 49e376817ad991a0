import {
  arrayOf,
  count,
  flag,
  id,
  inlined,
  integer,
  object,
  oneOf,
  orNull,
  ref,
  text,
  time,
  type JsonSchema,
} from '../platform/json-schema.js';
import { describeEventType, eventTypes, type EventType } from './event-type.js';

type Fields = Readonly<Record<string, JsonSchema>>;

/**
 * An object in events. The text of an event is frozen when the event happens, and may be sent again a month later: what
 * is added to an object from now on is absent there. So only the keys of 1.0 are required, of which no key is ever added
 * to `first`, and a receiver that validates takes events of before an upgrade.
 */
const frozen = (fields: Fields, first: string): JsonSchema =>
  object(
    fields,
    Object.keys(fields).filter((key) => !first.split(' ').includes(key)),
  );

const createdAt = time('When it was created.');
const updatedAt = time('When it last changed.');

/** What REST lists of a submission, and events tell of it. */
export const submissionSummaryFields = {
  id: id('The submission.'),
  data: ref('Answers'),
  status: ref('SubmissionStatus', 'How far it is; COMPLETED never goes back.'),
  ai_summary: orNull(text('A summary written by the assistant, where there is one.')),
  is_test: flag('A test submission fires webhooks and counts towards no limit.'),
  file_count: count('How many files the answers link to.'),
  schema_version: integer("The version of the bot's schema that the answers were checked against."),
  created_at: createdAt,
  updated_at: updatedAt,
} as const satisfies Fields;

/** A submission, as events tell of it. */
export const submissionFields = {
  ...submissionSummaryFields,
  intake_bot_id: id('The bot it answers.'),
} as const satisfies Fields;

export const schemaItemFields = {
  name: text('The key of its value in `data`.'),
  label: text('What people read.'),
  type: text('Of a field: what its value is.'),
  required: flag('Whether a COMPLETED submission must have a value.'),
  options: arrayOf(text('An option.'), 'Of select and multi_select.'),
  helper_text: text('A hint beside the field.'),
  placeholder: text('Shown while it is empty.'),
  min: { type: 'number', format: 'double', description: 'The least number, or the fewest entries.' },
  max: { type: 'number', format: 'double', description: 'The greatest number, or the most entries.' },
  min_length: count('The fewest characters.'),
  max_length: count('The most characters.'),
  pattern: text('RE2 syntax; the whole text must match.'),
  kind: text('Absent or `field`: a field. `content` is display only; skip kinds you do not know.'),
} as const satisfies Fields;
/** What REST lists of a bot. */
export const intakeBotSummaryFields = {
  id: id('The intake bot.'),
  name: text('Its name.'),
  status: ref('IntakeBotStatus', 'Only an ACTIVE bot takes submissions.'),
  submission_count: count('How many submissions it has.'),
  created_at: createdAt,
  updated_at: updatedAt,
} as const satisfies Fields;

const changes = arrayOf(text('A field.'), 'The names of the fields that changed.');

/** What `data` of each type of event holds. */
const dataOf: Readonly<Record<EventType, Fields>> = {
  'submission.completed': { submission: ref('EventSubmission') },
  'submission.updated': { submission: ref('EventSubmission'), changes },
  'contact.created': { contact: ref('Contact') },
  'contact.updated': { contact: ref('Contact'), changes },
  'intake-bot.status-changed': {
    intake_bot: ref('IntakeBot'),
    previous_status: ref('IntakeBotStatus', 'What it was before.'),
  },
};

/** `SubmissionCompletedEvent` of `submission.completed`. */
export const eventSchemaName = (type: EventType) =>
  `${type.replace(/(?:^|[.-])(\w)/g, (_, letter: string) => letter.toUpperCase())}Event`;

/** The schemas that events and REST have in common, and of each type of event, by their names in the OpenAPI document. */
export const eventComponents: Readonly<Record<string, JsonSchema>> = {
  SubmissionStatus: oneOf(['IN_PROGRESS', 'COMPLETED'], 'How far a submission is.'),
  IntakeBotStatus: oneOf(['DRAFT', 'ACTIVE', 'PAUSED', 'ARCHIVED'], 'What an intake bot does now.'),
  Answers: {
    type: 'object',
    description: 'Values by the names of fields, as they were sent.',
    additionalProperties: {
      anyOf: [{ type: ['string', 'number', 'boolean', 'null'] }, { type: 'array', items: { type: 'string' } }],
    },
  },
  EventSubmission: {
    ...frozen(
      submissionFields,
      'id data status ai_summary is_test file_count schema_version created_at updated_at intake_bot_id',
    ),
    description: 'A submission, as events tell of it.',
  },
  Contact: {
    ...frozen(
      {
        id: id('The contact.'),
        email: orNull(text('In lower case, its domain in ASCII; one contact has it.')),
        phone: orNull(text('In E.164; one contact has it.')),
        first_name: orNull(text('First name.')),
        last_name: orNull(text('Last name.')),
        tags: arrayOf(text('A tag.'), 'What it was marked with.'),
        custom_fields: { type: 'object', description: 'Whatever else is known.', additionalProperties: true },
        submission_count: count('How many submissions are linked to it.'),
        created_at: createdAt,
        updated_at: updatedAt,
      },
      'id email phone first_name last_name tags custom_fields submission_count created_at updated_at',
    ),
    description: 'A person, found by e-mail or phone.',
  },
  IntakeBot: {
    ...frozen(
      {
        ...intakeBotSummaryFields,
        description: orNull(text('What it is for.')),
        share_url: text('Where people fill it in.', { format: 'uri' }),
        schema: arrayOf(ref('SchemaItem'), 'Its fields, in order.'),
      },
      'id name status submission_count created_at updated_at description share_url schema',
    ),
    description: 'What asks: its schema says which fields a submission has.',
  },
  SchemaItem: {
    ...frozen(schemaItemFields, 'name label type required'),
    description: "A field of a bot, or something that the bot's form only shows.",
  },
  ...Object.fromEntries(eventTypes.map((type) => [eventSchemaName(type), eventSchema(type)])),
};

/** The body of each type of event, as JSON Schema without references: for GraphQL, and for receivers of webhooks. */
export const eventSchemas = Object.fromEntries(
  eventTypes.map((type) => [type, inlined(ref(eventSchemaName(type)), eventComponents)]),
) as unknown as Readonly<Record<EventType, JsonSchema>>;

function eventSchema(type: EventType): JsonSchema {
  const data = dataOf[type];
  return {
    ...frozen(
      {
        id: text('The event, the same in every repetition.', { pattern: '^evt_c[a-z0-9]{24}$' }),
        type: { type: 'string', const: type, description: 'What happened.' },
        created_at: time('When it happened.'),
        data: {
          ...object(data, Object.keys(data)),
          description: 'What it happened to, as it was then; empty once the person of whom it speaks was erased.',
        },
      },
      'id type created_at data',
    ),
    description: describeEventType[type],
  };
}
