import { ID, Int } from 'type-graphql';
import { z } from 'zod';
import { eventTypes, EventTypeScalar } from '../../events/event-type.js';
import { FragmentProblem } from '../../platform/graphql/json-fragments.js';
import { inputType } from '../../platform/graphql/input-type.js';
import { JSONObject } from '../../platform/graphql/scalars.js';
import { input, report } from '../../platform/validate.js';
import { EndpointStatusEnum } from './endpoint.entity.js';
import { customHeaders } from './custom-headers.js';
import { readPayloadQuery } from '../wire/payload-query.js';

export const urlCharactersMax = 2_048;
const url = z.string().min(1).max(urlCharactersMax);
const events = z
  .array(z.enum(eventTypes))
  .min(1)
  .max(100)
  .transform((types) => [...new Set(types)]);
const description = z.string().max(500).nullable().optional();
const payloadQueryCharactersMax = 10_000;
const payloadQuery = z
  .string()
  .min(1)
  .max(payloadQueryCharactersMax)
  .superRefine((text, context) => {
    if (text === '' || text.length > payloadQueryCharactersMax) return;
    try {
      readPayloadQuery(text);
    } catch (error) {
      if (!(error instanceof FragmentProblem)) throw error;
      report(context, [{ path: '', message: error.message, code: 'bad_format' }]);
    }
  })
  .nullable()
  .optional();
/** A payload query that is tried before an endpoint gets it. */
export const PreviewPayload = input(() => ({ payloadQuery }));
const maxConcurrency = z.int().min(1).max(100).nullable().optional();

export const CreateWebhookEndpoint = inputType('CreateWebhookEndpointInput', 'A new endpoint.', () => ({
  url: [url, String, 'An https URL with a public host, at most 2,048 characters.'],
  events: [events, [EventTypeScalar], 'What it listens to, one or more.'],
  description: [description, String, 'What it is for, at most 500 characters.'],
  customHeaders: [
    customHeaders.optional(),
    JSONObject,
    'At most 20 headers to add, as `{"X-Key": "value"}`: values of at most 4,096 visible ASCII characters.',
  ],
  payloadQuery: [
    payloadQuery,
    String,
    'One fragment for each event object, such as `fragment on Submission { id status }`; `data` then holds that.',
  ],
  maxConcurrency: [
    maxConcurrency,
    Int,
    'How many deliveries at once, 1 to 100; 1 keeps them in order. As many as the server allows by default.',
  ],
}));

export const UpdateWebhookEndpoint = inputType(
  'UpdateWebhookEndpointInput',
  'What to change of an endpoint; what is absent stays.',
  () => ({
    id: [ID, 'The endpoint.'],
    url: [url.optional(), String, 'Its URL, as at the start.'],
    events: [events.optional(), [EventTypeScalar], 'All it listens to anew, one or more.'],
    description: [description, String, 'What it is for, at most 500 characters; null removes it.'],
    customHeaders: [
      customHeaders.optional(),
      JSONObject,
      'All its headers anew; null removes them. Left out, they stay, unless `url` leads to another origin than before.',
    ],
    payloadQuery: [payloadQuery, String, 'What it selects, at most 10,000 characters; null: whole objects.'],
    maxConcurrency: [maxConcurrency, Int, 'How many deliveries at once, 1 to 100; null: as many as the server allows.'],
  }),
);

/** What may be registered over REST, as the published contract has it. */
export const RegisterWebhook = input(() => ({ url, events, description }));

/** What may be changed over REST, as the published contract has it; `active` resumes, `paused` pauses. */
export const PatchWebhook = input(() => ({
  url: url.optional(),
  events: events.optional(),
  description,
  status: z.enum(EndpointStatusEnum).optional(),
}));

const endpointId = [ID, 'The endpoint.'] as const;

export const DeleteWebhookEndpoint = inputType('DeleteWebhookEndpointInput', 'The endpoint to delete.', () => ({
  id: endpointId,
}));

export const PauseWebhookEndpoint = inputType(
  'PauseWebhookEndpointInput',
  'The endpoint whose events to hold.',
  () => ({
    id: endpointId,
  }),
);

export const ResumeWebhookEndpoint = inputType(
  'ResumeWebhookEndpointInput',
  'The endpoint to deliver to again.',
  () => ({
    id: endpointId,
    skipHeld: [z.boolean().default(false), Boolean, 'Drop what is held instead of sending it.'],
  }),
);

const overlapSecondsDefault = 86_400;
const overlapSecondsMax = 7 * 86_400;

export const RotateWebhookSecret = inputType(
  'RotateWebhookSecretInput',
  'The endpoint that gets a new secret.',
  () => ({
    id: endpointId,
    overlapSeconds: [
      z.int().min(0).max(overlapSecondsMax).default(overlapSecondsDefault),
      Int,
      'How many seconds the old one signs beside it: 0 to 604,800, a day by default.',
    ],
  }),
);
