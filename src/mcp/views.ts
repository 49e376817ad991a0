import type { Contact } from '../contacts/contact.entity.js';
import { contactView } from '../contacts/contact.view.js';
import { intakeBotSummaryView, intakeBotView } from '../intake-bots/intake-bot.view.js';
import { isoTime } from '../platform/postgres/timestamps.js';
import type { LinkedRecord } from '../records/record.entity.js';
import { recordView } from '../records/record.view.js';
import type { Message, Submission } from '../submissions/submission.entity.js';
import type { WebhookAttempt, WebhookDelivery } from '../webhooks/deliveries/delivery.entity.js';
import type { WebhookEndpoint } from '../webhooks/endpoints/endpoint.entity.js';
import { webhookView } from '../webhooks/endpoints/endpoint.view.js';
import type { WebhookEndpointStats } from '../webhooks/endpoints/endpoint-stats.view.js';
import type { Replay } from '../webhooks/replays/replay.entity.js';
import { cutText, cutValue } from './foreign-text.js';

/*
 * What goes out to agents: as over REST, without what is null, and with everything that strangers typed below `untrusted`.
 */

type Data = Record<string, unknown>;

/** Models pay for every null. */
export const withoutNulls = (data: Data): Data =>
  Object.fromEntries(Object.entries(data).filter(([, value]) => value != null));

const at = (date: Date | null) => date && isoTime(date);

type Bot = Parameters<typeof intakeBotView>[0];
export const botRow = (bot: Bot) => withoutNulls(intakeBotSummaryView(bot));

/** A bot with its questions. */
export function botView(bot: Bot): Data {
  const whole = intakeBotView(bot);
  const isSmall = Buffer.byteLength(JSON.stringify(whole.schema)) <= questionsBytesMax;
  return withoutNulls(isSmall ? whole : { ...whole, ...withFewerQuestions(whole.schema) });
}

/** So much of an answer may questions take. */
const questionsBytesMax = 16_384;
const labelBytesMax = 160;
const optionsMax = 20;

/** Names and types of as many questions as fit, without what only a person at the form needs. */
function withFewerQuestions(schema: readonly Data[]): Data {
  const short = schema.map(({ label, options, ...question }) => ({
    ...withoutNulls({ ...question, helper_text: null, placeholder: null }),
    label: cutText(String(label), labelBytesMax),
    ...(Array.isArray(options) && { options: cutValue(options.slice(0, optionsMax), labelBytesMax) }),
  }));
  let bytes = 0;
  const left = short.findIndex((one) => (bytes += Buffer.byteLength(JSON.stringify(one))) > questionsBytesMax);
  const fitting = left === -1 ? short : short.slice(0, left);
  return { schema: fitting, questions_left_out: schema.length - fitting.length || null };
}

export const submissionRow = (submission: Submission) =>
  withoutNulls({
    id: submission.id,
    intake_bot_id: submission.intakeBotId,
    contact_id: submission.contactId,
    status: submission.status,
    is_test: submission.isTest,
    created_at: isoTime(submission.createdAt),
    updated_at: isoTime(submission.updatedAt),
    untrusted: withoutNulls({ data: submission.data, ai_summary: submission.aiSummary }),
  });

/** @param messages the oldest first */
export const submissionView = (submission: Submission, messages: readonly Message[]) => ({
  ...submissionRow(submission),
  file_count: submission.fileCount,
  schema_version: submission.schemaVersion,
  messages: messages.map(({ id, role, content, createdAt }) => ({
    id,
    role,
    created_at: isoTime(createdAt),
    untrusted: { content },
  })),
});

/* What REST shows of people and records beside these is a stranger's, and so is what is added there. */

export function contactRow(contact: Contact) {
  const { id, submission_count, created_at, updated_at, ...typed } = contactView(contact);
  return { id, submission_count, created_at, updated_at, untrusted: withoutNulls(typed) };
}

export function recordRow(record: LinkedRecord) {
  const { id, record_type, submission_id, contacts, created_at, updated_at, ...typed } = recordView(record);
  return withoutNulls({ id, record_type, submission_id, contacts, created_at, updated_at, untrusted: typed });
}

export const endpointRow = (endpoint: WebhookEndpoint, held: number, stats: WebhookEndpointStats | undefined) =>
  withoutNulls({
    ...webhookView(endpoint),
    pause_reason: endpoint.pauseReason,
    paused_at: at(endpoint.pausedAt),
    held,
    counts:
      stats &&
      withoutNulls({
        since: isoTime(stats.at),
        delivered: stats.delivered,
        failed: stats.failed,
        p50_ms: stats.p50Ms,
        p95_ms: stats.p95Ms,
      }),
  });

export const deliveryView = (delivery: WebhookDelivery, eventType: string | null = null) =>
  withoutNulls({
    id: delivery.id,
    endpoint_id: delivery.endpointId,
    event_id: delivery.eventId,
    event_type: eventType,
    status: delivery.status,
    attempt_count: delivery.attemptCount,
    attempts_left: delivery.attemptsLeft,
    next_attempt_at: at(delivery.nextAttemptAt),
    skip_reason: delivery.skipReason,
    created_at: isoTime(delivery.createdAt),
    ended_at: at(delivery.endedAt),
  });

export const attemptOutcome = ({ outcome, responseStatus }: WebhookAttempt) =>
  withoutNulls({ outcome, response_status: responseStatus });

/** @param answer what the receiver answered, for callers who may see what it was sent */
export const attemptView = (attempt: WebhookAttempt, answer: string | null) =>
  withoutNulls({
    number: attempt.number,
    at: isoTime(attempt.at),
    ...attemptOutcome(attempt),
    timings: withoutNulls({
      dns_ms: attempt.timings.dnsMs,
      connect_ms: attempt.timings.connectMs,
      tls_ms: attempt.timings.tlsMs,
      first_byte_ms: attempt.timings.firstByteMs,
      total_ms: attempt.timings.totalMs,
    }),
    untrusted: withoutNulls({ response_body: answer, error: attempt.error }),
  });

/** What a replay is about, whether it only counted or sends. */
export const replayRange = (replay: Replay) => ({
  endpoint_id: replay.endpointId,
  only: replay.only,
  since: isoTime(replay.since),
  until: isoTime(replay.until),
  counted: replay.counted,
});

export const replayView = (replay: Replay) =>
  withoutNulls({
    replay_id: replay.id,
    ...replayRange(replay),
    status: replay.status,
    total: replay.total,
    done: replay.done,
    rate_per_second: replay.ratePerSecond,
    created_at: isoTime(replay.createdAt),
  });
