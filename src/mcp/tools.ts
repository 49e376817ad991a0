/** One file because it is the list of all that agents may call: what each is called, does and answers. */
import type { ApiKeyService } from '../api-keys/api-key.service.js';
import { callerView } from '../api-keys/caller.view.js';
import type { ContactService } from '../contacts/contact.service.js';
import { requirePayloads } from '../events/event-type.js';
import type { EventService } from '../events/event.service.js';
import type { Idempotency } from '../http/idempotency.js';
import type { IntakeBotService } from '../intake-bots/intake-bot.service.js';
import type { Actor } from '../platform/actor.js';
import { dayMs, nowMs } from '../platform/clock.js';
import type { Page } from '../platform/postgres/keyset-page.js';
import type { PageRequest } from '../platform/page-request.js';
import { isoTime } from '../platform/postgres/timestamps.js';
import type { Secrets } from '../platform/secrets.js';
import type { RecordService } from '../records/record.service.js';
import { submissionCreatedView } from '../submissions/submission.view.js';
import type { SubmissionService } from '../submissions/submission.service.js';
import { madeAt, type WebhookDeliveryService } from '../webhooks/deliveries/delivery.service.js';
import type { SentRequestService } from '../webhooks/deliveries/sent-request.service.js';
import type { TestEventService } from '../webhooks/deliveries/test-event.service.js';
import type { WebhookEndpointService } from '../webhooks/endpoints/endpoint.service.js';
import type { EndpointStatsService } from '../webhooks/endpoints/endpoint-stats.service.js';
import type { ReplayService } from '../webhooks/replays/replay.service.js';
import type { NoticeService } from '../workspaces/notice.service.js';
import { plans, webhookEndpointsMax } from '../workspaces/plans.js';
import type { WorkspaceService } from '../workspaces/workspace.service.js';
import * as inputs from './inputs.js';
import * as outputs from './outputs.js';
import { followed, startReplay } from './replay-tools.js';
import { reading, searching, writing, type Tool } from './tool.js';
import {
  attemptOutcome,
  attemptView,
  botRow,
  botView,
  contactRow,
  deliveryView,
  endpointRow,
  recordRow,
  submissionRow,
  submissionView,
  withoutNulls,
} from './views.js';

export interface ToolServices {
  workspaces: WorkspaceService;
  notices: NoticeService;
  apiKeys: ApiKeyService;
  intakeBots: IntakeBotService;
  submissions: SubmissionService;
  contacts: ContactService;
  records: RecordService;
  eventLog: EventService;
  webhookEndpoints: WebhookEndpointService;
  endpointStats: EndpointStatsService;
  webhookDeliveries: WebhookDeliveryService;
  sentRequests: SentRequestService;
  testEvents: TestEventService;
  replays: ReplayService;
  idempotency: Idempotency;
  secrets: Secrets;
}

const answerBytesMax = 4_096;
const messagesMax = 100;
/** Of a delivery that was tried more often, the last. */
const attemptsMax = 20;

const pageOf = ({ limit, cursor }: { limit: number; cursor?: string | undefined }): PageRequest => ({
  limit,
  cursor: cursor ?? null,
  direction: 'older',
});

/** The cursor of the next page, and how it is said. */
function goesOn({ rows, hasMore }: Pick<Page<{ id: string }>, 'rows' | 'hasMore'>) {
  const last = rows.at(-1);
  const next = hasMore && last !== undefined ? { next_cursor: last.id } : {};
  return { next, more: hasMore ? ' There are more: pass next_cursor as cursor.' : ' There are no more.' };
}

const count = (number: number, thing: string) => `${number} ${thing}${number === 1 ? '' : 's'}`;

/** The published list, tool by tool: its name, what models read of it, the call and the answer. */
export function toolsOf(services: ToolServices, version: string): Tool[] {
  const { workspaces, notices, apiKeys, intakeBots, submissions, contacts, records, idempotency } = services;
  const { webhookEndpoints, endpointStats, webhookDeliveries, testEvents, replays } = services;
  return [
    reading(
      {
        name: 'get_workspace',
        title: 'Get workspace',
        description:
          'Shows the workspace and its plan, this key with its scopes and expiry, usage and limits, the points left this minute, and open notices. Call it first, or when something is refused.',
        scope: null,
        toolset: null,
        input: inputs.nothing,
        output: outputs.workspace,
      },
      async ({ actor, grant }, read) => {
        read();
        const [workspace, key, told, submitted] = await Promise.all([
          workspaces.get(actor),
          apiKeys.own(actor),
          notices.listFor(actor),
          workspaces.submissionsThisMonth(actor.workspaceId),
        ]);
        const { api, ...limits } = plans[workspace.plan];
        const caller = callerView({ workspace, key });
        return {
          says: `Workspace "${workspace.name}" on the plan ${workspace.plan}; this key may ${key.scopes.join(', ')}. ${grant.remaining} of ${grant.limit} points are left this minute.`,
          data: {
            workspace: caller.workspace,
            key: withoutNulls(caller.key),
            usage: {
              submissions_this_month: submitted,
              stored_bytes: workspace.storedBytes,
            },
            limits: withoutNulls({
              requests_per_minute: limits.requestsPerMinute,
              api_keys: limits.apiKeys,
              webhooks: limits.webhooks,
              webhook_endpoints: limits.webhooks ? webhookEndpointsMax : 0,
              submissions_per_month: limits.submissionsPerMonth,
              submission_retention_days: limits.submissionRetentionDays,
              storage_bytes: limits.storageBytes,
              api,
            }),
            points: { limit: grant.limit, remaining: grant.remaining, resets_at: isoTime(new Date(grant.resetAtMs)) },
            notices: told.map(({ kind, text, createdAt }) => ({ kind, text, created_at: isoTime(createdAt) })),
            version,
          },
        };
      },
    ),
    searching(
      {
        name: 'get_intake_bots',
        title: 'Get intake bots',
        description:
          'Lists the intake bots, which ask people questions, newest first; with intake_bot_id that one with its questions (schema). Read them before create_submission.',
        scope: 'read:intake-bots',
        toolset: 'intake',
        input: inputs.intakeBots,
        output: outputs.intakeBots,
      },
      'intake_bots',
      async ({ actor }, read) => {
        actor.require('read:intake-bots');
        const { intakeBotId, status, ...page } = read();
        if (intakeBotId !== undefined) {
          const bot = await intakeBots.get(actor, intakeBotId);
          const says = `The intake bot "${bot.name}" is ${bot.status} and has ${count(bot.schema.length, 'question')}.`;
          return { says, data: { intake_bots: [botView(bot)] }, isAlone: true };
        }
        const found = await intakeBots.list(actor, { status }, pageOf(page));
        const { next, more } = goesOn(found);
        return {
          says: `${count(found.rows.length, 'intake bot')}, newest first.${more}`,
          data: { intake_bots: found.rows.map(botRow), ...next },
        };
      },
    ),
    searching(
      {
        name: 'search_submissions',
        title: 'Search submissions',
        description:
          'Finds submissions, newest first, with their answers cut short; by bot, status, contact and time, of all time by default. get_submission shows one whole.',
        scope: 'read:submissions',
        toolset: 'intake',
        input: inputs.submissions,
        output: outputs.submissions,
      },
      'submissions',
      async ({ actor }, read) => {
        actor.require('read:submissions');
        const { intakeBotId, limit, cursor, ...filter } = read();
        const found = await submissions.search(actor, intakeBotId ?? null, filter, pageOf({ limit, cursor }), ['data']);
        const { next, more } = goesOn(found);
        return {
          says: `${count(found.rows.length, 'submission')}, newest first.${more}`,
          data: { submissions: found.rows.map(submissionRow), ...next },
        };
      },
    ),
    reading(
      {
        name: 'get_submission',
        title: 'Get submission',
        description: 'Shows one submission: its answers, and the conversation in which they were given.',
        scope: 'read:submissions',
        toolset: 'intake',
        input: inputs.submission,
        output: outputs.submission,
      },
      async ({ actor }, read) => {
        actor.require('read:submissions');
        const { submissionId } = read();
        const submission = await submissions.getWhole(actor, submissionId);
        const shown = submissionView(submission, submission.messages.slice(-messagesMax));
        const says = `The submission ${submission.id} is ${submission.status}, with ${count(shown.messages.length, 'message')}.`;
        return { says, data: { submission: shown } };
      },
    ),
    writing(
      {
        name: 'create_submission',
        title: 'Create submission',
        description:
          'Creates a submission of an ACTIVE intake bot from answers that you were given. All wrong answers are named at once. COMPLETED, the default, makes or finds the contact and fires webhooks.',
        hints: { destructiveHint: false, idempotentHint: true, openWorldHint: false },
        scope: 'write:intake-bots',
        feature: null,
        toolset: 'intake',
        input: inputs.newSubmission,
        output: outputs.submissionCreated,
      },
      idempotency,
      {
        change: async (actor, read, { args }) => {
          const { intake_bot_id: bot } = (args ?? {}) as { intake_bot_id?: unknown };
          // Without a bot the rules say so; with one, the bot is looked for before its answers are read.
          return await submissions.create(actor, typeof bot === 'string' ? bot : read().intakeBotId, () => read());
        },
        view: (made) => ({
          says: `The submission ${made.id} was created and is ${made.status}.`,
          data: { submission: submissionCreatedView(made) },
        }),
      },
    ),
    searching(
      {
        name: 'search_contacts',
        title: 'Search contacts',
        description: 'Finds people whom submissions named, newest first; by id, e-mail, phone, tag and time.',
        scope: 'read:contacts',
        toolset: 'intake',
        input: inputs.contacts,
        output: outputs.contacts,
      },
      'contacts',
      async ({ actor }, read) => {
        actor.require('read:contacts');
        const { contactId, limit, cursor, ...filter } = read();
        const found =
          contactId === undefined
            ? await contacts.list(actor, filter, pageOf({ limit, cursor }))
            : { rows: [await contacts.get(actor, contactId)], hasMore: false };
        const { next, more } = goesOn(found);
        return {
          says: `${count(found.rows.length, 'contact')}, newest first.${more}`,
          data: { contacts: found.rows.map(contactRow), ...next },
        };
      },
    ),
    searching(
      {
        name: 'search_records',
        title: 'Search records',
        description:
          'Finds records, which completed submissions left behind, newest first; by id, type, contact, submission and time.',
        scope: 'read:records',
        toolset: 'intake',
        input: inputs.records,
        output: outputs.records,
      },
      'records',
      async ({ actor }, read) => {
        actor.require('read:records');
        const { recordId, limit, cursor, ...filter } = read();
        const found =
          recordId === undefined
            ? await records.list(actor, filter, pageOf({ limit, cursor }))
            : { rows: [await records.get(actor, recordId)], hasMore: false };
        const { next, more } = goesOn(found);
        return {
          says: `${count(found.rows.length, 'record')}, newest first.${more}`,
          data: { records: found.rows.map(recordRow), ...next },
        };
      },
    ),
    searching(
      {
        name: 'get_webhook_endpoints',
        title: 'Get webhook endpoints',
        description:
          'Lists where events are posted, or one: its state, why it is paused, what it holds, and what its attempts came to since a moment, by default a day ago.',
        scope: 'manage:webhooks',
        toolset: 'webhooks',
        input: inputs.endpoints,
        output: outputs.endpoints,
      },
      'endpoints',
      async ({ actor }, read) => {
        actor.require('manage:webhooks');
        const { endpointId, since, ...page } = read();
        const found =
          endpointId === undefined
            ? await webhookEndpoints.list(actor, pageOf(page))
            : { rows: [await webhookEndpoints.get(actor, endpointId)], hasMore: false };
        const ids = found.rows.map(({ id }) => id);
        const from = since ?? new Date(nowMs() - dayMs);
        const [held, stats] = await Promise.all([
          webhookDeliveries.countsOf('endpoint', actor, ids, ['held']),
          endpointStats.stats(actor, ids, from, 1),
        ]);
        const rows = found.rows.map((one) => endpointRow(one, held.get(one.id) ?? 0, stats.get(one.id)?.[0]));
        const { next, more } = goesOn(found);
        const paused = found.rows.filter(({ status }) => status === 'paused').length;
        return {
          says: `${count(rows.length, 'webhook endpoint')}, newest first, ${paused} of them paused.${more}`,
          data: { endpoints: rows, ...next },
        };
      },
    ),
    searching(
      {
        name: 'search_deliveries',
        title: 'Search deliveries',
        description:
          'Finds deliveries of events to endpoints, newest first, finished ones of 30 days; by endpoint, status, type, outcome, time and text. get_delivery shows why one failed.',
        scope: 'manage:webhooks',
        toolset: 'webhooks',
        input: inputs.deliveries,
        output: outputs.deliveries,
      },
      'deliveries',
      async ({ actor }, read) => {
        actor.require('manage:webhooks');
        const { limit, cursor, ...filter } = read();
        const found = await webhookDeliveries.list(actor, filter, pageOf({ limit, cursor }));
        const [events, lasts] = await Promise.all([
          services.eventLog.getMany(actor, [...new Set(found.rows.map(({ eventId }) => eventId))]),
          webhookDeliveries.lastAttempts(actor, found.rows, { answers: false, heads: false }),
        ]);
        const types = new Map(events.map(({ id, type }) => [id, type]));
        const rows = found.rows.map((one) => {
          const last = lasts.get(one.id);
          const shown = deliveryView(one, types.get(one.eventId) ?? last?.eventType ?? null);
          return last === undefined ? shown : { ...shown, last_attempt: attemptOutcome(last) };
        });
        const { next, more } = goesOn(found);
        const looked =
          found.lookedTo === null ? {} : { next_cursor: found.lookedTo, searched_to: isoTime(madeAt(found.lookedTo)) };
        return {
          says: `${count(rows.length, 'delivery').replace(/ys$/, 'ies')}, newest first.${found.lookedTo === null ? more : ' The search goes on: pass next_cursor as cursor.'}`,
          data: { deliveries: rows, ...next, ...looked },
        };
      },
    ),
    reading(
      {
        name: 'get_delivery',
        title: 'Get delivery',
        description:
          "Shows one delivery: its event, and every attempt with its status, timings, error and the receiver's answer. What was sent and answered needs the read scope of the event.",
        scope: 'manage:webhooks',
        toolset: 'webhooks',
        input: inputs.delivery,
        output: outputs.delivery,
      },
      async ({ actor }, read) => {
        actor.require('manage:webhooks');
        const { deliveryId } = read();
        return await deliveryAnswer(services, actor, deliveryId);
      },
      { fieldBytesMax: answerBytesMax },
    ),
    reading(
      {
        name: 'get_replay',
        title: 'Get replay',
        description:
          'Shows how a replay goes: how many deliveries it has made, of how many. With wait_seconds it waits for the end.',
        scope: 'manage:webhooks',
        toolset: 'webhooks',
        input: inputs.replay,
        output: outputs.replayState,
      },
      async (call, read) => {
        call.actor.require('manage:webhooks');
        return await followed(replays, call, read());
      },
    ),
    writing(
      {
        name: 'redeliver_webhook',
        title: 'Redeliver webhook',
        description:
          'Sends the event of one delivery to its endpoint once more, with the same id and bytes, whether or not it arrived before. Ask your person first.',
        hints: { destructiveHint: false, idempotentHint: false, openWorldHint: true },
        scope: 'manage:webhooks',
        feature: 'webhooks',
        toolset: 'webhooks',
        input: inputs.redelivery,
        output: outputs.redelivered,
      },
      idempotency,
      {
        change: async (actor, read) => {
          actor.require('manage:webhooks');
          const { deliveryId } = read();
          return await webhookDeliveries.redeliver(actor, deliveryId);
        },
        view: (made) => ({
          says: `The event ${made.eventId} is sent once more, by the delivery ${made.id}; get_delivery tells what comes of it.`,
          data: { delivery: deliveryView(made) },
        }),
      },
    ),
    startReplay(services),
    writing(
      {
        name: 'send_test_event',
        title: 'Send test event',
        description:
          'Posts an example event to an endpoint at once, also to a paused one, and shows what it answered. Ten a minute; it counts towards nothing.',
        hints: { destructiveHint: false, idempotentHint: false, openWorldHint: true },
        scope: 'manage:webhooks',
        feature: 'webhooks',
        toolset: 'webhooks',
        input: inputs.testEvent,
        output: outputs.tested,
      },
      idempotency,
      {
        change: async (actor, read, { args }) => {
          actor.require('manage:webhooks');
          const { endpoint_id: endpoint } = (args ?? {}) as { endpoint_id?: unknown };
          return await testEvents.send(actor, typeof endpoint === 'string' ? endpoint : read().endpointId, () =>
            read(),
          );
        },
        view: (attempt) => ({
          says: `An example of ${attempt.eventType} was posted: ${attempt.outcome}${attempt.responseStatus === null ? '' : `, status ${attempt.responseStatus}`}.`,
          data: {
            endpoint_id: attempt.endpointId,
            ...(attempt.eventType !== null && { event_type: attempt.eventType }),
            attempt: attemptView(attempt, attempt.answer?.toString('utf8') ?? null),
          },
        }),
      },
    ),
  ];
}

async function deliveryAnswer(services: ToolServices, actor: Actor, deliveryId: string) {
  const { webhookDeliveries, sentRequests, eventLog } = services;
  const delivery = await webhookDeliveries.get(actor, deliveryId);
  const { id, endpointId, eventId, endedAt } = delivery;
  const [attempts, events] = await Promise.all([
    webhookDeliveries.attempts(actor, [delivery], { answers: true, heads: false }),
    eventLog.getMany(actor, [eventId]),
  ]);
  const tried = attempts.get(id) ?? [];
  const type = events[0]?.type ?? tried.at(-1)?.eventType ?? null;
  const withheld = type === null ? 'of an event that is no longer kept' : withheldFrom(actor, type);
  const bodies =
    withheld === null
      ? await sentRequests.bodies(actor, [{ id, endpointId, eventId, isOpen: endedAt === null }])
      : new Map<string, { text: string | null }>();
  const sent = bodies.get(id)?.text ?? null;
  const last = tried.at(-1);
  const shown = tried.slice(-attemptsMax);
  return {
    says: `The delivery ${id} is ${delivery.status} after ${count(tried.length, 'attempt')}${last === undefined ? '' : `, the last one came to ${last.outcome}`}.${shown.length < tried.length ? ` The last ${shown.length} attempts are shown.` : ''}`,
    data: {
      delivery: deliveryView(delivery, type),
      attempts: shown.map((one) => attemptView(one, withheld === null ? (one.answer?.toString('utf8') ?? null) : null)),
      ...(withheld !== null && { withheld }),
      ...(sent !== null && { untrusted: { request_body: sent } }),
    },
  };
}

/** Why the caller does not see what events of this type say, and what receivers answer to them. */
function withheldFrom(actor: Actor, type: Parameters<typeof requirePayloads>[1][number]): string | null {
  try {
    requirePayloads(actor, [type]);
    return null;
  } catch (thrown) {
    return `Bodies are left out. ${(thrown as Error).message}`;
  }
}
