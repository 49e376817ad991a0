import type { ApiKeyService } from '../api-keys/api-key.service.js';
import { callerView } from '../api-keys/caller.view.js';
import type { ContactService } from '../contacts/contact.service.js';
import { contactView } from '../contacts/contact.view.js';
import type { EventService } from '../events/event.service.js';
import type { IntakeBotService } from '../intake-bots/intake-bot.service.js';
import { intakeBotSummaryView, intakeBotVersion, intakeBotView, schemaView } from '../intake-bots/intake-bot.view.js';
import type { RecordService } from '../records/record.service.js';
import { recordView } from '../records/record.view.js';
import type { SubmissionService } from '../submissions/submission.service.js';
import {
  submissionCreatedView,
  submissionListedView,
  submissionVersion,
  submissionView,
} from '../submissions/submission.view.js';
import { attemptView } from '../webhooks/deliveries/attempt.view.js';
import type { TestEventService } from '../webhooks/deliveries/test-event.service.js';
import type { WebhookEndpointService } from '../webhooks/endpoints/endpoint.service.js';
import { webhookCreatedView, webhookVersion, webhookView } from '../webhooks/endpoints/endpoint.view.js';
import type { WorkspaceService } from '../workspaces/workspace.service.js';
import { arrayOf, ref } from '../platform/json-schema.js';
import { pageSizeMax } from '../platform/page-request.js';
import { get, list, patch, post, remove, type Route } from './route.js';
import {
  createSubmission,
  listEvents,
  patchIntakeBot,
  patchWebhook,
  registerWebhook,
  sendTestEvent,
  updateSubmission,
} from './bodies.js';

export interface RestServices {
  intakeBots: IntakeBotService;
  submissions: SubmissionService;
  contacts: ContactService;
  records: RecordService;
  webhookEndpoints: WebhookEndpointService;
  testEvents: TestEventService;
  eventLog: EventService;
  workspaces: WorkspaceService;
  apiKeys: ApiKeyService;
}

/** A page of these. */
const listOf = (name: string) => arrayOf(ref(name), undefined, { maxItems: pageSizeMax });

/** The published contract, line by line: method and path, what it does, the scope, the call, the answer. */
export function restRoutes(services: RestServices): Route[] {
  const { intakeBots, submissions, contacts, records, webhookEndpoints, testEvents } = services;
  const { eventLog, workspaces, apiKeys } = services;
  return [
    get(
      '/me',
      'Get caller',
      null,
      async (actor) => ({ workspace: await workspaces.get(actor), key: await apiKeys.own(actor) }),
      { me: ref('Caller') },
      (caller) => ({ me: callerView(caller) }),
    ),
    list(
      '/intake-bots',
      'List intake bots',
      'read:intake-bots',
      'intakeBot',
      (actor, page) => intakeBots.list(actor, {}, page()),
      { intake_bots: listOf('IntakeBotSummary') },
      ({ rows }) => ({
        intake_bots: rows.map(intakeBotSummaryView),
      }),
    ),
    get(
      '/intake-bots/:id',
      'Get intake bot',
      'read:intake-bots',
      (actor, { id }) => intakeBots.get(actor, id),
      { intake_bot: ref('IntakeBot') },
      (bot) => ({ intake_bot: intakeBotView(bot) }),
      intakeBotVersion,
    ),
    patch(
      '/intake-bots/:id',
      'Change intake bot',
      'write:intake-bots',
      patchIntakeBot,
      (actor, { id }, input, expected) => intakeBots.update(actor, id, input, expected),
      { intake_bot: ref('IntakeBot') },
      (bot) => ({ intake_bot: intakeBotView(bot) }),
    ),
    list(
      '/intake-bots/:id/submissions',
      'List submissions',
      'read:submissions',
      'submission',
      (actor, page, { id }) => submissions.listOf(actor, id, page),
      { submissions: listOf('SubmissionSummary'), schema: arrayOf(ref('SchemaItem'), "The bot's fields, in order.") },
      (found) => ({
        submissions: found.rows.map(submissionListedView),
        schema: schemaView(found.schema),
      }),
    ),
    get(
      '/intake-bots/:id/submissions/:submissionId',
      'Get submission',
      'read:submissions',
      (actor, { id, submissionId }) => submissions.getOf(actor, id, submissionId),
      { submission: ref('Submission') },
      (found) => ({ submission: submissionView(found) }),
      submissionVersion,
    ),
    post(
      '/intake-bots/:id/submissions',
      'Create submission',
      'write:intake-bots',
      createSubmission,
      (actor, { id }, input) => submissions.create(actor, id, input),
      { submission: ref('SubmissionCreated') },
      (made) => ({ submission: submissionCreatedView(made) }),
    ),
    patch(
      '/intake-bots/:id/submissions/:submissionId',
      'Change submission',
      'write:intake-bots',
      updateSubmission,
      (actor, { id: intakeBotId, submissionId }, input, expected) =>
        submissions.updateOf(actor, intakeBotId, submissionId, input, expected),
      { submission: ref('Submission') },
      (found) => ({ submission: submissionView(found) }),
    ),
    list(
      '/contacts',
      'List contacts',
      'read:contacts',
      'contact',
      (actor, page) => contacts.list(actor, {}, page()),
      { contacts: listOf('Contact') },
      ({ rows }) => ({ contacts: rows.map(contactView) }),
    ),
    get(
      '/contacts/:id',
      'Get contact',
      'read:contacts',
      (actor, { id }) => contacts.get(actor, id),
      { contact: ref('Contact') },
      (contact) => ({ contact: contactView(contact) }),
    ),
    list(
      '/records',
      'List records',
      'read:records',
      'record',
      (actor, page) => records.list(actor, {}, page()),
      { records: listOf('Record') },
      ({ rows }) => ({ records: rows.map(recordView) }),
    ),
    get(
      '/records/:id',
      'Get record',
      'read:records',
      (actor, { id }) => records.get(actor, id),
      { record: ref('Record') },
      (record) => ({ record: recordView(record) }),
    ),
    list(
      '/webhooks',
      'List webhooks',
      'manage:webhooks',
      'webhookEndpoint',
      (actor, page) => webhookEndpoints.list(actor, page()),
      { webhooks: listOf('Webhook') },
      ({ rows }) => ({ webhooks: rows.map(webhookView) }),
    ),
    post(
      '/webhooks',
      'Register webhook',
      'manage:webhooks',
      registerWebhook,
      (actor, _, input) => webhookEndpoints.create(actor, input),
      { webhook: ref('WebhookCreated') },
      (made) => ({ webhook: webhookCreatedView(made) }),
      { feature: 'webhooks' },
    ),
    get(
      '/webhooks/:id',
      'Get webhook',
      'manage:webhooks',
      (actor, { id }) => webhookEndpoints.get(actor, id),
      { webhook: ref('Webhook') },
      (endpoint) => ({ webhook: webhookView(endpoint) }),
      webhookVersion,
    ),
    patch(
      '/webhooks/:id',
      'Change webhook',
      'manage:webhooks',
      patchWebhook,
      (actor, { id }, input, expected) => webhookEndpoints.patch(actor, id, input, expected),
      { webhook: ref('Webhook') },
      (endpoint) => ({ webhook: webhookView(endpoint) }),
    ),
    post(
      '/webhooks/:id/test',
      'Send test event',
      'manage:webhooks',
      sendTestEvent,
      (actor, { id }, input) => testEvents.send(actor, id, input),
      { attempt: ref('WebhookAttempt') },
      (attempt) => ({ attempt: attemptView(attempt) }),
      { feature: 'webhooks' },
    ),
    remove('/webhooks/:id', 'Delete webhook', 'manage:webhooks', (actor, { id }, expected) =>
      webhookEndpoints.remove(actor, id, expected),
    ),
    list(
      '/events',
      'List events',
      'manage:webhooks',
      'event',
      (actor, page, _, filter) => eventLog.listTold(actor, filter, page),
      { events: listOf('Event') },
      ({ rows }) => ({ events: rows.map(({ told }) => told) }),
      listEvents,
    ),
  ];
}
