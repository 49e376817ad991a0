import { z } from 'zod';
import { eventTypes } from '../events/event-type.js';
import { IntakeBotStatusEnum } from '../intake-bots/intake-bot.entity.js';
import { isId, type Kind } from '../platform/id.js';
import { body, type Body } from '../platform/input-schema.js';
import type { JsonSchema } from '../platform/json-schema.js';
import { input, isoDate, nested, report, type Spelling } from '../platform/validate.js';
import { CreateSubmission } from '../submissions/submission.input.js';
import { SubmissionStatusEnum } from '../submissions/submission.entity.js';
import { AttemptOutcomeEnum } from '../webhooks/deliveries/delivery.entity.js';
import { SendTestEvent } from '../webhooks/deliveries/delivery.input.js';
import { StartReplay } from '../webhooks/replays/replay.input.js';
import { DeliveryStatusEnum } from '../webhooks/store/delivery-status.js';

/** A page is short: a model reads all of it. */
const rowsMax = 50;
const rowsDefault = 20;
const waitSecondsMax = 45;

const largestToldBound = 1_000_000;

const limit = z.int().min(1).max(rowsMax).default(rowsDefault);
const cursorOf = (kind: Kind) =>
  z
    .string()
    .superRefine((text, context) => {
      if (!isId(text, kind)) {
        report(context, [{ path: '', code: 'bad_format', message: 'is not a cursor of this list: take next_cursor' }]);
      }
    })
    .optional();
const paged = (kind: Kind) => ({ limit, cursor: cursorOf(kind) });
const id = z.string();
const oneOfMany = <T extends Readonly<Record<string, string>>>(values: T) => z.array(z.enum(values)).min(1).optional();
const text = z.string().optional();
/** The service looks at the key itself: it is no part of what is done. */
const idempotencyKey = z.unknown().optional();

const TimeRange = input(() => ({ gte: isoDate.optional(), lt: isoDate.optional() }));
const StatusRange = input(() => ({ gte: z.int().optional(), lt: z.int().optional() }));
const within = (spelling: Spelling) => nested(TimeRange, spelling).optional();

const time = { type: 'string', format: 'date-time' };
const key = { type: 'string' };
const timeRange = (description: string) => ({
  type: 'object',
  description,
  properties: { gte: time, lt: time },
});

/**
 * The schema of an input, as short as it may be: every conversation carries it. Bounds that nobody reaches and patterns
 * that repeat a format are left out; the rules still hold.
 */
function brief<Shape extends z.ZodRawShape>({ input: rules, schema }: Body<Shape>): Body<Shape> {
  return { input: rules, schema: shortened(schema) as JsonSchema };
}

function shortened(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shortened);
  if (value === null || typeof value !== 'object') return value;
  const told = Object.entries(value).filter(([keyword, said]) => isTold(keyword, said));
  return Object.fromEntries(told.map(([keyword, said]) => [keyword, shortened(said)]));
}

function isTold(keyword: string, said: unknown): boolean {
  if (keyword === 'pattern' || keyword === 'minItems') return false;
  if (keyword === 'format') return said === 'date-time';
  return typeof said !== 'number' || (said >= 0 && said <= largestToldBound);
}

const described = <Shape extends z.ZodRawShape>(
  shape: (spelling: Spelling) => Shape,
  keys: Record<keyof Shape & string, JsonSchema>,
) => brief(body(input(shape), keys));

const page = { limit: {}, cursor: {} };
const once = { type: 'string', description: 'Any text of your own: a repeated call with it does nothing twice.' };

export const nothing = described(() => ({}), {});

export const intakeBots = described(
  () => ({ intakeBotId: id.optional(), status: oneOfMany(IntakeBotStatusEnum), ...paged('intakeBot') }),
  { intakeBotId: { description: 'This one, with its questions.' }, status: {}, ...page },
);

export const submissions = described(
  (spelling) => ({
    intakeBotId: id.optional(),
    status: oneOfMany(SubmissionStatusEnum),
    contactId: id.optional(),
    isTest: z.boolean().optional(),
    createdAt: within(spelling),
    ...paged('submission'),
  }),
  { intakeBotId: key, status: {}, contactId: key, isTest: {}, createdAt: timeRange('Created within.'), ...page },
);

export const submission = described(() => ({ submissionId: id }), { submissionId: {} });

export const contacts = described(
  (spelling) => ({
    contactId: id.optional(),
    email: text,
    phone: text,
    tag: text,
    createdAt: within(spelling),
    ...paged('contact'),
  }),
  {
    contactId: key,
    email: {},
    phone: { description: 'In E.164.' },
    tag: {},
    createdAt: timeRange('Created within.'),
    ...page,
  },
);

export const records = described(
  (spelling) => ({
    recordId: id.optional(),
    recordType: text,
    contactId: id.optional(),
    submissionId: id.optional(),
    createdAt: within(spelling),
    ...paged('record'),
  }),
  {
    recordId: key,
    recordType: {},
    contactId: key,
    submissionId: key,
    createdAt: timeRange('Created within.'),
    ...page,
  },
);

export const endpoints = described(
  () => ({ endpointId: id.optional(), since: isoDate.optional(), ...paged('webhookEndpoint') }),
  { endpointId: {}, since: { ...time, description: 'Counts attempts from then on; by default a day.' }, ...page },
);

export const deliveries = described(
  (spelling) => ({
    endpointId: id.optional(),
    status: oneOfMany(DeliveryStatusEnum),
    eventType: z.array(z.enum(eventTypes)).min(1).optional(),
    outcome: oneOfMany(AttemptOutcomeEnum),
    responseStatus: nested(StatusRange, spelling).optional(),
    search: text,
    createdAt: within(spelling),
    ...paged('webhookDelivery'),
  }),
  {
    endpointId: key,
    status: {},
    eventType: {},
    outcome: { description: 'Of the last attempt.' },
    responseStatus: {
      type: 'object',
      properties: { gte: { type: 'integer' }, lt: { type: 'integer' } },
    },
    search: { description: 'A text in the event, an answer or an error, or an id.' },
    createdAt: timeRange('Made within.'),
    ...page,
  },
);

export const delivery = described(() => ({ deliveryId: id }), { deliveryId: {} });

export const replay = described(() => ({ replayId: id, waitSeconds: z.int().min(0).max(waitSecondsMax).default(0) }), {
  replayId: {},
  waitSeconds: { description: 'Waits so long for its end, and tells of its progress.' },
});

/** The rules of a submission, which every door reads it by, and which bot it answers. */
export const newSubmission = described(
  (spelling) => ({ intakeBotId: id, ...CreateSubmission[spelling].shape, idempotencyKey }),
  {
    intakeBotId: {},
    data: {
      type: 'object',
      additionalProperties: true,
      description: "The answers by the names of the bot's questions; get_intake_bots has them.",
    },
    status: { type: 'string' },
    isTest: { type: 'boolean', description: 'Counts towards no limit.' },
    attribution: {
      type: 'object',
      description: 'Where it came from: utm_source, gclid, landing_page, consent and so on.',
    },
    idempotencyKey: once,
  },
);

export const redelivery = described(() => ({ deliveryId: id, idempotencyKey }), {
  deliveryId: {},
  idempotencyKey: once,
});

export const testEvent = described(
  (spelling) => ({ endpointId: id, ...SendTestEvent[spelling].shape, idempotencyKey }),
  {
    endpointId: {},
    type: { type: 'string', enum: [...eventTypes], description: 'By default one that the endpoint listens to.' },
    idempotencyKey: once,
  },
);

/** The rules of a replay, with other defaults: an agent counts first, and sends what failed. */
export const newReplay = described(
  (spelling) => {
    const { since, until, ratePerSecond } = StartReplay[spelling].shape;
    return {
      endpointId: id,
      since,
      until,
      only: z.enum(['ALL', 'FAILED', 'MISSED']).default('FAILED'),
      ratePerSecond,
      dryRun: z.boolean().default(true),
      confirm: z.union([z.int(), z.string().regex(/^\d{1,9}$/, 'must be a count')]).optional(),
      idempotencyKey,
    };
  },
  {
    endpointId: {},
    since: { ...time, anyOf: undefined },
    until: { ...time, anyOf: undefined, description: 'By default now.' },
    only: { description: 'FAILED: exhausted ones. MISSED: never delivered, of 30 days.' },
    ratePerSecond: {},
    dryRun: { description: 'Only counts.' },
    confirm: { type: 'integer', anyOf: undefined, description: 'The count just told, agreed to by your person.' },
    idempotencyKey: once,
  },
);
