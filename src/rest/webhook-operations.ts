import * as demo from '../events/demo-set.view.js';
import { exampleEvent } from '../events/example.view.js';
import { eventSchemaName } from '../events/event-schema.view.js';
import { describeEventType, eventTypes, type EventType } from '../events/event-type.js';
import { webhookTimeoutMsDefault } from '../platform/config.js';
import { ref } from '../platform/json-schema.js';
import { requestOf } from '../webhooks/wire/request.js';
import { signingSecret } from '../webhooks/wire/signature.js';

const headers: Readonly<Record<string, string>> = {
  'webhook-id': 'The id of the event, the same in every repetition.',
  'webhook-timestamp': 'Unix seconds of this attempt.',
  'webhook-signature': '`v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`; one for each live secret.',
  'X-IoZen-Event-Type': 'The type of the event.',
  'X-IoZen-Event-Id': 'The id of the event, too.',
  'X-IoZen-Timestamp': 'Unix seconds of this attempt, too.',
  'X-IoZen-Signature': '`sha256=` and the hex HMAC-SHA256 of the raw body.',
  'X-IoZen-Delivery-Id': 'The delivery.',
  'X-IoZen-Attempt': 'Which attempt it is, from 1.',
};

/** What the server posts to webhooks, as the OpenAPI document describes it: an operation for each type of event. */
export const webhookOperations = (): object =>
  Object.fromEntries(eventTypes.map((type) => [type, { post: operationOf(type) }]));

function operationOf(type: EventType): object {
  const example = exampleEvent(type);
  const sent = headersOf(type, example);
  return {
    operationId: type.replace(/[.-](\w)/g, (_, letter: string) => letter.toUpperCase()),
    summary: type,
    description: `${describeEventType[type]} Webhooks that listen to it are posted this.`,
    tags: ['Webhooks'],
    security: [],
    parameters: Object.entries(headers).map(([name, description]) => {
      return { name, in: 'header', required: true, description, schema: { type: 'string' }, example: sent[name] };
    }),
    requestBody: {
      required: true,
      content: { 'application/json': { schema: ref(eventSchemaName(type)), example } },
    },
    responses: {
      '2XX': { description: 'Taken: it is not sent again.' },
      410: { description: 'Gone: the webhook is paused.' },
      default: {
        description: `Anything else, or no answer within ${webhookTimeoutMsDefault / 1_000} seconds: it is sent again later.`,
      },
    },
  };
}

/** Those of the example's first delivery, with signatures that hold for its compact JSON and the demo set's secret. */
function headersOf(type: EventType, example: object): Readonly<Record<string, string>> {
  const event = { id: demo.eventId, type, body: Buffer.from(JSON.stringify(example)) };
  const recipient = { headers: {}, payloadQuery: null, secrets: [signingSecret(demo.webhookSecret, null)] };
  const attempt = { deliveryId: demo.deliveryId, number: 1, now: Date.parse(demo.completedAt) };
  return requestOf(recipient, event, attempt).headers;
}
