import {
  arrayOf,
  flag,
  id,
  integer,
  object,
  oneOf,
  orNull,
  text,
  time,
  type JsonSchema,
} from '../platform/json-schema.js';
import { describeEventType, eventTypes, type EventType } from './event-type.js';

type Fields = Readonly<Record<string, JsonSchema>>;

const createdAt = time('When it was created.');
const updatedAt = time('When it last changed.');

/** Values by the names of fields. */
export const answers: JsonSchema = {
  type: 'object',
  description: 'Values by the names of fields, as they were sent.',
  additionalProperties: {
    anyOf: [{ type: ['string', 'number', 'boolean', 'null'] }, { type: 'array', items: { type: 'string' } }],
  },
};

/** What REST lists of a submission, and events tell of it. */
export const submissionSummaryFields = {
  id: id('The submission.'),
  data: answers,
  status: oneOf(['IN_PROGRESS', 'COMPLETED'], 'How far it is; COMPLETED never goes back.'),
  ai_summary: orNull(text('A summary written by the assistant, where there is one.')),
  is_test: flag('A test submission fires webhooks and counts towards no limit.'),
  file_count: integer('How many files the answers link to.'),
  schema_version: integer("The version of the bot's schema that the answers were checked against."),
  created_at: createdAt,
  updated_at: updatedAt,
} as const satisfies Fields;

/** A submission, as events tell of it. */
export const submissionFields = {
  ...submissionSummaryFields,
  intake_bot_id: id('The bot it answers.'),
} as const satisfies Fields;

/** A contact, as events and REST tell of it. */
export const contactFields = {
  id: id('The contact.'),
  email: orNull(text('In lower case, its domain in ASCII; one contact has it.')),
  phone: orNull(text('In E.164; one contact has it.')),
  first_name: orNull(text('First name.')),
  last_name: orNull(text('Last name.')),
  tags: arrayOf(text('A tag.')),
  custom_fields: { type: 'object', description: 'Whatever else is known.', additionalProperties: true },
  submission_count: integer('How many submissions are linked to it.'),
  created_at: createdAt,
  updated_at: updatedAt,
} as const satisfies Fields;

export const schemaItemFields = {
  name: text('The key of its value in `data`.'),
  label: text('What people read.'),
  type: text('Of a field: what its value is.'),
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
} as const satisfies Fields;
/** Of an item in a bot's schema, what may be absent. */
export const optionalInItems = Object.keys(schemaItemFields).filter((key) => !/^(name|label|type|required)$/.test(key));

const botStatus = oneOf(['DRAFT', 'ACTIVE', 'PAUSED', 'ARCHIVED'], 'Only an ACTIVE bot takes submissions.');

/** What REST lists of a bot. */
export const intakeBotSummaryFields = {
  id: id('The intake bot.'),
  name: text('Its name.'),
  status: botStatus,
  submission_count: integer('How many submissions it has.'),
  created_at: createdAt,
  updated_at: updatedAt,
} as const satisfies Fields;

/** A bot, as events and REST tell of it. */
export const intakeBotFields = {
  ...intakeBotSummaryFields,
  description: orNull(text('What it is for.')),
  share_url: text('Where people fill it in.', { format: 'uri' }),
  schema: arrayOf(open(schemaItemFields, optionalInItems), 'Its fields, in order.'),
} as const satisfies Fields;

const changes = arrayOf(text('A field.'), 'The names of the fields that changed.');

/** What `data` of each type of event holds. */
const dataOf: Readonly<Record<EventType, Fields>> = {
  'submission.completed': { submission: open(submissionFields) },
  'submission.updated': { submission: open(submissionFields), changes },
  'contact.created': { contact: open(contactFields) },
  'contact.updated': { contact: open(contactFields), changes },
  'intake-bot.status-changed': { intake_bot: open(intakeBotFields), previous_status: botStatus },
};

/** The body of each type of event, as JSON Schema without references: for both doors, and for receivers of webhooks. */
export const eventSchemas = Object.fromEntries(
  eventTypes.map((type) => [type, eventSchema(type)]),
) as unknown as Readonly<Record<EventType, JsonSchema>>;

function eventSchema(type: EventType): JsonSchema {
  const data = dataOf[type];
  return {
    ...open({
      id: text('The event, the same in every repetition.', { pattern: '^evt_c[a-z0-9]{24}$' }),
      type: { type: 'string', const: type, description: 'What happened.' },
      created_at: time('When it happened.'),
      data: {
        ...open(data, Object.keys(data)),
        description: 'What it happened to, as it was then; empty once the person of whom it speaks was erased.',
      },
    }),
    description: describeEventType[type],
  };
}

/** An object to which keys may be added one day: receivers must not trip over them. */
function open(fields: Fields, optional: readonly string[] = []): JsonSchema {
  const { additionalProperties: _, ...schema } = object(fields, optional);
  return schema;
}
