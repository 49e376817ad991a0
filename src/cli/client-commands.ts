import { Agent } from 'undici';
import { eventTypes, type EventType } from '../events/event-type.js';
import { readClientConfig, type ClientConfig } from '../platform/config.js';
import { isEventId } from '../platform/id.js';
import { newSecret, signingSecret } from '../webhooks/wire/signature.js';
import { forward, receiverOf } from './forward.js';
import { GraphqlClient, Refusal } from './graphql-client.js';
import { oneOf, type Options } from './options.js';
import { UsageError } from './usage-error.js';

/** Events and deliveries that one call lists at most. */
const listedMax = 100;
const deliveryStatuses = ['PENDING', 'DELIVERING', 'DELIVERED', 'RETRYING', 'EXHAUSTED', 'HELD', 'SKIPPED'] as const;

export const trigger = calling(sendExample);
export const listEvents = calling(eventsOf);
export const resendEvent = calling(resend);
export const listDeliveries = calling(deliveriesOf);

interface Answer {
  /** What a program reads. */
  json: object;
  /** What a person reads. */
  lines: string[];
  /** Why what was asked for came to nothing. */
  failure?: string;
}

/** A command that calls a server with `IOZEN_API_KEY` and prints what it answers. */
function calling(answer: (api: GraphqlClient, options: Options, config: ClientConfig) => Promise<Answer>) {
  return async (options: Options, asJson: boolean): Promise<number> => {
    const config = readClientConfig();
    const agent = new Agent({ connect: { timeout: 5_000 } });
    try {
      const api = new GraphqlClient(config.url, config.apiKey, agent, new AbortController().signal);
      const { json, lines, failure } = await answer(api, options, config);
      process.stdout.write(asJson ? `${JSON.stringify(json)}\n` : lines.map((line) => `${line}\n`).join(''));
      if (failure === undefined) return 0;
      process.stderr.write(`${failure}\n`);
      return 1;
    } finally {
      await agent.destroy();
    }
  };
}

/** An example to an endpoint, through the server; or, signed as a delivery would be, to a receiver on this machine. */
async function sendExample(api: GraphqlClient, options: Options, { webhookSecret }: ClientConfig): Promise<Answer> {
  const type = oneOf('TYPE', options['type'] ?? '', eventTypes);
  const { endpoint, 'forward-to': receiver } = options;
  if ((endpoint === undefined) === (receiver === undefined)) {
    throw new UsageError('One of --endpoint and --forward-to says where the example goes');
  }
  return receiver === undefined
    ? await sendToEndpoint(api, endpoint ?? '', type)
    : await sendToReceiver(api, receiverOf(receiver), type, webhookSecret);
}

async function sendToEndpoint(api: GraphqlClient, endpointId: string, type: EventType): Promise<Answer> {
  const { sendTestEvent } = await api.query<{
    sendTestEvent: { attempt: { outcome: string; responseStatus: number | null; error: string | null } };
  }>(
    `mutation ($input: SendTestEventInput!) {
      sendTestEvent(input: $input) { attempt { outcome responseStatus error } }
    }`,
    { input: { endpointId, type } },
  );
  const { outcome, responseStatus: status, error } = sendTestEvent.attempt;
  const json = { type, endpoint_id: endpointId, outcome, status, error };
  return {
    json,
    lines: [`${type}  → ${error ?? status}`],
    ...(outcome !== 'SUCCESS' && { failure: notTaken(error, status) }),
  };
}

async function sendToReceiver(
  api: GraphqlClient,
  receiver: URL,
  type: EventType,
  webhookSecret: string | null,
): Promise<Answer> {
  const asked = '{ eventTypes { type example } }';
  const { eventTypes: known } = await api.query<{ eventTypes: { type: EventType; example: { id: string } }[] }>(asked);
  const example = known.find((one) => one.type === type)?.example;
  if (example === undefined) throw new Refusal(`${api.url} has no example of ${type}.`);
  const secret = webhookSecret ?? newSecret();
  const event = { id: example.id, type, payload: example };
  const never = new AbortController().signal;
  const forwarded = await forward(event, receiver, [signingSecret(secret, null)], never);
  const { status, error, ms } = forwarded;
  const failed = error !== null || status === null || status < 200 || status > 299;
  const signed = webhookSecret === null ? [`Signed with ${secret} (IOZEN_WEBHOOK_SECRET keeps one)`] : [];
  return {
    json: forwarded,
    lines: [...signed, `${type}  → ${error ?? status} (${ms} ms)`],
    ...(failed && { failure: notTaken(error, status) }),
  };
}

const notTaken = (error: string | null, status: number | null) =>
  `The receiver did not take it: ${error ?? `it answered ${status}, and success is 200 to 299`}.`;

interface ListedEvent {
  id: string;
  type: EventType;
  createdAt: string;
}

async function eventsOf(api: GraphqlClient, options: Options): Promise<Answer> {
  const type = options['type']?.split(',').map((one) => oneOf('type', one.trim(), eventTypes)) ?? null;
  const filter = { type, subjectId: options['subject'] ?? null };
  const { events } = await api.query<{ events: Listed<ListedEvent> }>(
    `query ($first: Int, $after: String, $filter: EventFilter) {
      events(first: $first, after: $after, filter: $filter) {
        nodes { id type createdAt } pageInfo { endCursor hasNextPage }
      }
    }`,
    { ...pageOf(options), filter },
  );
  const rows = events.nodes.map(({ id, type: of, createdAt }) => ({ id, type: of, created_at: createdAt }));
  const lines = rows.map((row) => `${row.created_at}  ${row.type.padEnd(longestType)}  ${row.id}`);
  return listed('events', rows, lines, events);
}

interface ListedDelivery {
  id: string;
  status: string;
  createdAt: string;
  attemptCount: number;
  nextAttemptAt: string | null;
  skipReason: string | null;
  event: { id: string; type: string } | null;
  endpoint: { id: string; url: string } | null;
  lastAttempt: { responseStatus: number | null; error: string | null } | null;
}

async function deliveriesOf(api: GraphqlClient, options: Options): Promise<Answer> {
  const status = options['status']
    ?.split(',')
    .map((one) => oneOf('status', one.trim().toUpperCase(), deliveryStatuses));
  const filter = { status: status ?? null, endpointId: options['endpoint'] ?? null, search: options['search'] ?? null };
  const { webhookDeliveries: found } = await api.query<{ webhookDeliveries: Listed<ListedDelivery> }>(
    `query ($first: Int, $after: String, $filter: WebhookDeliveryFilter) {
      webhookDeliveries(first: $first, after: $after, filter: $filter) {
        nodes {
          id status createdAt attemptCount nextAttemptAt skipReason
          event { id type } endpoint { id url } lastAttempt { responseStatus error }
        }
        pageInfo { endCursor hasNextPage }
      }
    }`,
    { ...pageOf(options), filter },
  );
  const rows = found.nodes.map(({ event, endpoint, lastAttempt, ...delivery }) => ({
    id: delivery.id,
    status: delivery.status,
    event_id: event?.id ?? null,
    event_type: event?.type ?? null,
    endpoint_id: endpoint?.id ?? null,
    url: endpoint?.url ?? null,
    attempts: delivery.attemptCount,
    last_status: lastAttempt?.responseStatus ?? null,
    last_error: lastAttempt?.error ?? null,
    next_attempt_at: delivery.nextAttemptAt,
    skip_reason: delivery.skipReason,
    created_at: delivery.createdAt,
  }));
  const lines = rows.map((row) =>
    [
      row.created_at,
      row.status.padEnd(longestStatus),
      (row.event_type ?? '').padEnd(longestType),
      row.id,
      `→ ${row.url ?? 'a deleted endpoint'}`,
      `(${row.attempts} ${row.attempts === 1 ? 'attempt' : 'attempts'}, ${lastOf(row)})`,
    ].join('  '),
  );
  return listed('deliveries', rows, lines, found);
}

/** What a receiver said last, and why a delivery that was skipped went no further. */
function lastOf(row: { last_error: string | null; last_status: number | null; skip_reason: string | null }): string {
  const answer = row.last_error ?? row.last_status;
  if (row.skip_reason === null) return String(answer ?? 'no answer yet');
  return answer === null ? row.skip_reason : `${answer}, ${row.skip_reason}`;
}

/** Sends an event again to each endpoint that it went to, or to one of them: the same id and bytes. */
async function resend(api: GraphqlClient, { id = '', endpoint }: Options): Promise<Answer> {
  if (!isEventId(id)) throw new UsageError('ID must be the id of an event: evt_…, as `iozen events list` prints it');
  const { event } = await api.query<{
    event: { deliveries: { nodes: { id: string; endpoint: { id: string; url: string } | null }[] } };
  }>('query ($id: ID!) { event(id: $id) { deliveries(first: 100) { nodes { id endpoint { id url } } } } }', { id });
  const latest = new Map<string, { id: string; url: string }>();
  // The newest first: of several deliveries to one endpoint the last one is sent again.
  for (const { id: deliveryId, endpoint: to } of event.deliveries.nodes) {
    if (to !== null && (endpoint ?? to.id) === to.id && !latest.has(to.id)) {
      latest.set(to.id, { id: deliveryId, url: to.url });
    }
  }
  if (latest.size === 0) {
    const why = endpoint === undefined ? 'It went to no endpoint' : `It did not go to ${endpoint}`;
    throw new Refusal(`${why}: what an event went to, \`iozen deliveries list --search ${id}\` tells.`);
  }
  const rows: { endpoint_id: string; url: string; delivery_id: string }[] = [];
  for (const [endpointId, { id: deliveryId, url }] of latest) {
    const { redeliver } = await api.query<{ redeliver: { webhookDelivery: { id: string } } }>(
      'mutation ($input: RedeliverInput!) { redeliver(input: $input) { webhookDelivery { id } } }',
      { input: { deliveryId } },
    );
    rows.push({ endpoint_id: endpointId, url, delivery_id: redeliver.webhookDelivery.id });
  }
  const lines = rows.map(({ url, delivery_id: made }) => `${id}  → ${url}  (delivery ${made})`);
  return { json: { event_id: id, deliveries: rows }, lines };
}

const longestType = Math.max(...eventTypes.map(({ length }) => length));
const longestStatus = Math.max(...deliveryStatuses.map(({ length }) => length));

interface Listed<Row> {
  nodes: Row[];
  pageInfo: { endCursor: string | null; hasNextPage: boolean };
}

function pageOf({ limit = '20', after = null }: { limit?: string; after?: string | null }) {
  const first = Number(limit);
  if (!Number.isInteger(first) || first < 1 || first > listedMax) {
    throw new UsageError(`--limit must be a number from 1 to ${listedMax}`);
  }
  return { first, after };
}

function listed(name: string, rows: readonly object[], lines: string[], { pageInfo }: Listed<unknown>): Answer {
  const next = pageInfo.hasNextPage ? pageInfo.endCursor : null;
  const more = next === null ? [] : [`There are more: --after ${next}`];
  const json = { [name]: rows, next_cursor: next };
  // A search ends when its time is over, and may have found nothing by then.
  const none = next === null ? `No ${name}.` : `No ${name} so far.`;
  return { json, lines: [...(rows.length === 0 ? [none] : lines), ...more] };
}
