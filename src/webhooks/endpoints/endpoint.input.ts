import { z } from 'zod';
import { eventTypes } from '../../events/event-type.js';
import { input, report } from '../../platform/validate.js';
import { endpointStatuses } from './endpoint.entity.js';
import { customHeaders } from './custom-headers.js';
import { PayloadQueryProblem, readPayloadQuery } from '../wire/payload-query.js';

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
    if (text.length > payloadQueryCharactersMax) return;
    try {
      readPayloadQuery(text);
    } catch (error) {
      if (!(error instanceof PayloadQueryProblem)) throw error;
      report(context, [{ path: '', message: error.message, code: 'bad_format' }]);
    }
  })
  .nullable()
  .optional();
const maxConcurrency = z.int().min(1).max(100).nullable().optional();

export const CreateWebhookEndpoint = input(() => ({
  url,
  events,
  description,
  customHeaders: customHeaders.optional(),
  payloadQuery,
  maxConcurrency,
}));

export const UpdateWebhookEndpoint = input(() => ({
  url: url.optional(),
  events: events.optional(),
  description,
  customHeaders: customHeaders.optional(),
  payloadQuery,
  maxConcurrency,
}));

/** What a legacy client may register. */
export const RegisterWebhook = input(() => ({ url, events, description }));

/** What a legacy client may change; `active` resumes, `paused` pauses. */
export const PatchWebhook = input(() => ({
  url: url.optional(),
  events: events.optional(),
  description,
  status: z.enum(endpointStatuses).optional(),
}));

export const ResumeWebhookEndpoint = input(() => ({ skipHeld: z.boolean().default(false) }));

const overlapSecondsDefault = 86_400;
const overlapSecondsMax = 7 * 86_400;

export const RotateWebhookSecret = input(() => ({
  overlapSeconds: z.int().min(0).max(overlapSecondsMax).default(overlapSecondsDefault),
}));

export const SendTestEvent = input(() => ({ type: z.enum(eventTypes).nullable().optional() }));
