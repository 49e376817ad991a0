import { ListEvents } from '../events/event.input.js';
import { schemaItemsMax } from '../intake-bots/bot-schema.js';
import { PatchIntakeBot } from '../intake-bots/intake-bot.input.js';
import { arrayOf, ref } from '../platform/json-schema.js';
import { CreateSubmission, UpdateSubmission } from '../submissions/submission.input.js';
import { SendTestEvent } from '../webhooks/deliveries/delivery.input.js';
import { PatchWebhook, RegisterWebhook } from '../webhooks/endpoints/endpoint.input.js';
import { body } from '../platform/input-schema.js';

export const createSubmission = body(CreateSubmission, {
  data: ref('NewAnswers', "The answers, checked against the bot's schema; every issue is named at once."),
  status: ref('SubmissionStatus', 'COMPLETED fires `submission.completed`; IN_PROGRESS may lack required fields.'),
  isTest: { description: 'Fires webhooks, and counts towards no limit.' },
  attribution: ref('Attribution', CreateSubmission.descriptions.attribution),
});

export const updateSubmission = body(UpdateSubmission, {
  data: ref('NewAnswers', 'Merged into what is there; null removes a value.'),
  status: ref('SubmissionStatus', 'COMPLETED cannot go back.'),
  attribution: ref('Attribution', UpdateSubmission.descriptions.attribution),
});

export const patchIntakeBot = body(PatchIntakeBot, {
  name: { description: 'A new name.' },
  description: { description: 'What it is for; null for nothing.' },
  status: ref('IntakeBotStatus', 'DRAFT → ACTIVE ⇄ PAUSED → ARCHIVED, and ARCHIVED → PAUSED.'),
  schema: arrayOf(ref('NewSchemaItem'), 'All its fields, in order.', { maxItems: schemaItemsMax }),
});

export const registerWebhook = body(RegisterWebhook, {
  url: { description: 'A public https address.', format: 'uri' },
  events: { description: 'What it listens to.', items: ref('EventType') },
  description: { description: 'What it is for.' },
});

export const patchWebhook = body(PatchWebhook, {
  url: { description: 'Another public https address.', format: 'uri' },
  events: { description: 'What it listens to from now on.', items: ref('EventType') },
  description: { description: 'What it is for.' },
  status: ref('WebhookStatus', '`active` resumes it and sends what was held, `paused` pauses it.'),
});

export const sendTestEvent = body(SendTestEvent, {
  type: ref('EventType', 'Of which type; by default one it listens to.'),
});

export const listEvents = body(ListEvents, { type: ref('EventType', 'Of this type alone.') });
