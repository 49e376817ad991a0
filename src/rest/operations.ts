import * as demo from '../events/demo-set.view.js';
import { exampleEvent } from '../events/example.view.js';
import { intakeBotVersion } from '../intake-bots/intake-bot.view.js';
import { submissionVersion } from '../submissions/submission.view.js';
import { webhookVersion } from '../webhooks/endpoints/endpoint.view.js';

/** What the OpenAPI document says of an operation beside its route, with examples of the demo set. */
export interface Operation {
  tag: keyof typeof tags;
  /** What it does and when to use it. */
  description: string;
  /** The ids in the path, by their names there. */
  ids?: Readonly<Record<string, NamedId>>;
  body?: object;
  /** Of a change: the version of the thing before it, as `ETag` has it. */
  version?: string;
  /** Of a list: the `next_cursor` of the page before. */
  cursor?: string;
  /** Of a list that may be asked for in part: what to ask for. */
  filters?: Readonly<Record<string, string>>;
  /** What `data` of the answer holds. */
  data: object;
}

interface NamedId {
  description: string;
  example: string;
}

export const tags = {
  'Intake bots': 'What asks: a bot has a schema, and people or programs answer it.',
  Submissions: 'One set of answers to a bot.',
  Contacts: 'The people that submissions speak of, found by e-mail or phone.',
  Records: 'What completed submissions leave behind, of bots that say so.',
  Webhooks: 'Where events are posted. Needs a plan with webhooks.',
  Events: 'What happened, as webhooks are posted it.',
  Account: 'Who calls.',
};

const intakeBot = { description: 'The id of the intake bot.', example: demo.intakeBot.id };
const submission = { description: 'The id of the submission.', example: demo.submission.id };
const contact = { description: 'The id of the contact.', example: demo.contact.id };
const record = { description: 'The id of the record.', example: demo.record.id };
const webhook = { description: 'The id of the webhook.', example: demo.webhook.id };

type InCamelCase<Key> = Key extends `${infer First}_${infer Rest}` ? `${First}${Capitalize<InCamelCase<Rest>>}` : Key;

/** What the demo set shows as REST does, with its fields named as in the code. */
const inCamelCase = <T extends object>(shown: T) =>
  Object.fromEntries(
    Object.entries(shown).map(([key, value]) => [
      key.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  ) as { [Key in keyof T as InCamelCase<Key>]: T[Key] };

const paged = (id: string) => ({ pagination: { has_more: true, next_cursor: id } });
const { schema } = demo.intakeBot;
const whole = { ...demo.submission, messages: demo.messages };

/** Every operation, by its summary. */
const operations = {
  'Get caller': {
    tag: 'Account',
    description:
      'Shows the API key that calls, with its scopes, and the workspace it belongs to. Use it to check a key, and to label a connection.',
    data: { me: { workspace: demo.workspace, key: demo.apiKey } },
  },
  'List intake bots': {
    tag: 'Intake bots',
    description:
      'Lists the intake bots of the workspace, newest first. Start here: submissions are read and created under the id of a bot.',
    cursor: demo.intakeBot.id,
    data: { intake_bots: [demo.intakeBotSummary], ...paged(demo.intakeBot.id) },
  },
  'Get intake bot': {
    tag: 'Intake bots',
    description:
      'Shows one intake bot with its schema: which fields a submission has, their types, and which of them are required. Read it before you create submissions.',
    ids: { id: intakeBot },
    data: { intake_bot: demo.intakeBot },
  },
  'Change intake bot': {
    tag: 'Intake bots',
    description:
      'Changes what you send of an intake bot, and leaves the rest. Use it to rename a bot, to open or close it for submissions by `status`, or to replace its whole `schema`. A change of status fires `intake-bot.status-changed`.',
    ids: { id: intakeBot },
    version: intakeBotVersion(inCamelCase({ ...demo.intakeBot, schema_version: demo.submission.schema_version })),
    body: { description: demo.intakeBot.description, status: 'ACTIVE' },
    data: { intake_bot: demo.intakeBot },
  },
  'List submissions': {
    tag: 'Submissions',
    description:
      "Lists the submissions of an intake bot, newest first, beside the bot's `schema`, by which a table of them can be made.",
    ids: { id: intakeBot },
    cursor: demo.submission.id,
    data: {
      submissions: [{ ...demo.submissionSummary, message_count: demo.messages.length }],
      schema,
      ...paged(demo.submission.id),
    },
  },
  'Get submission': {
    tag: 'Submissions',
    description: 'Shows one submission: its answers, how far it is, and the conversation in which they were given.',
    ids: { id: intakeBot, submissionId: submission },
    data: { submission: whole },
  },
  'Create submission': {
    tag: 'Submissions',
    description:
      "Creates a submission of an ACTIVE intake bot from answers that you have: from a form of your own, or an import. They are checked against the bot's schema, and all issues are named at once. COMPLETED, the default, makes or finds the contact and fires `submission.completed`; IN_PROGRESS keeps what is there so far. Send an `Idempotency-Key`, so that a repeated request makes no second submission.",
    ids: { id: intakeBot },
    body: { data: demo.adasAnswers },
    data: {
      submission: {
        id: demo.submission.id,
        status: demo.submission.status,
        created_at: demo.submission.created_at,
      },
    },
  },
  'Change submission': {
    tag: 'Submissions',
    description:
      'Merges answers into a submission, or completes it. What you leave out stays, and null removes a value. A change fires `submission.updated`, and completing it `submission.completed`.',
    ids: { id: intakeBot, submissionId: submission },
    version: submissionVersion({ updatedAt: new Date(demo.submission.updated_at), attribution: null }),
    body: { data: { message: demo.adasAnswers.message } },
    data: { submission: whole },
  },
  'List contacts': {
    tag: 'Contacts',
    description:
      'Lists the contacts of the workspace, newest first: the people whom its submissions named by e-mail or phone.',
    cursor: demo.contact.id,
    data: { contacts: [demo.contact], ...paged(demo.contact.id) },
  },
  'Get contact': {
    tag: 'Contacts',
    description: 'Shows one contact, such as one that an event, or a record, names by its id.',
    ids: { id: contact },
    data: { contact: demo.contact },
  },
  'List records': {
    tag: 'Records',
    description:
      'Lists the records of the workspace, newest first: what completed submissions of bots with a record type left behind.',
    cursor: demo.record.id,
    data: { records: [demo.record], ...paged(demo.record.id) },
  },
  'Get record': {
    tag: 'Records',
    description: 'Shows one record with the submission it was made from and the contacts whom it concerns.',
    ids: { id: record },
    data: { record: demo.record },
  },
  'List webhooks': {
    tag: 'Webhooks',
    description:
      'Lists the webhooks of the workspace, newest first, and how their last deliveries went. Secrets are not shown.',
    cursor: demo.oldWebhook.id,
    data: { webhooks: [demo.webhook, demo.oldWebhook], ...paged(demo.oldWebhook.id) },
  },
  'Register webhook': {
    tag: 'Webhooks',
    description:
      'Registers an address to which events are posted from now on. Keep the `secret` of the answer: deliveries are signed with it, and it is shown here only.',
    body: { url: demo.webhook.url, events: demo.webhook.events, description: demo.webhook.description },
    data: {
      webhook: {
        ...demo.webhook,
        last_delivery_at: null,
        last_delivery_ok: null,
        secret: demo.webhookSecret,
      },
    },
  },
  'Get webhook': {
    tag: 'Webhooks',
    description: 'Shows one webhook, and how its last delivery went. Its secret is not shown.',
    ids: { id: webhook },
    data: { webhook: demo.webhook },
  },
  'Change webhook': {
    tag: 'Webhooks',
    description:
      'Changes what you send of a webhook, and leaves the rest. Use it to listen to other events, or to pause and resume it by `status`: what happens while it is paused is held, and sent when it is resumed.',
    ids: { id: webhook },
    version: webhookVersion(inCamelCase(demo.webhook)),
    body: { events: demo.webhook.events, status: 'active' },
    data: { webhook: demo.webhook },
  },
  'Send test event': {
    tag: 'Webhooks',
    description:
      'Posts an example of an event to a webhook at once, also to one that is paused, and shows what came of it. Use it while you set a receiver up. It counts towards nothing, is not kept, and may be sent ten times a minute.',
    ids: { id: webhook },
    body: { type: demo.webhook.events[0] },
    data: { attempt: demo.attempt },
  },
  'Delete webhook': {
    tag: 'Webhooks',
    description:
      'Deletes a webhook. What was not delivered yet is not sent any more. To stop for a while, pause it by a change of its `status`.',
    ids: { id: { ...webhook, example: demo.oldWebhook.id } },
    version: webhookVersion(inCamelCase(demo.oldWebhook)),
    data: { deleted: true, id: demo.oldWebhook.id },
  },
  'List events': {
    tag: 'Events',
    description:
      'Lists what happened in the workspace, newest first, as webhooks are posted it: of the types whose read scope the key has. Use it for samples of each type, or to catch up after an outage of your receiver.',
    cursor: demo.eventId,
    filters: { type: 'submission.completed' },
    data: { events: [exampleEvent('submission.completed')], ...paged(demo.eventId) },
  },
} satisfies Record<string, Operation>;

export type Summary = keyof typeof operations;

export const operationOf = (summary: Summary): Operation => operations[summary];
