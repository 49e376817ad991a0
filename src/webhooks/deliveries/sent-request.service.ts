import { bodyOf } from '../../events/event-erasure.service.js';
import { eventTypes, requirePayloads, scopeOfPayload, type EventType } from '../../events/event-type.js';
import type { Actor } from '../../platform/actor.js';
import type { Database } from '../../platform/postgres/database.js';
import { byIds, prepared } from '../../platform/postgres/statement.js';
import { pauseForOthers } from '../../platform/work/pause-for-others.js';
import type { Secrets } from '../../platform/secrets.js';
import { placeOfAttempt, traceparentOf, type Tracing } from '../../platform/tracing.js';
import { readSnapshots, type EndpointSnapshot } from '../endpoints/endpoint-snapshot.js';
import { readPayloadQuery, selectPayload, type PayloadQuery } from '../wire/payload-query.js';
import { requestOf, unsignedRequestOf, type SentRequest } from '../wire/request.js';
import type { WebhookAttempt, WebhookDelivery } from './delivery.entity.js';

/** What was posted, where that is known. */
export interface SentBody {
  eventType: EventType;
  text: string | null;
}

type Of = Pick<WebhookDelivery, 'id' | 'endpointId' | 'eventId'> & { isOpen: boolean };

// Of a payload query that was changed since, nobody knows what it had selected.
const selectBodies = prepared<{ id: string; type: EventType; body: string | null; payloadQuery: string | null }>(`
  select wanted.id, event.type, e.payload_query as "payloadQuery",
    case when event.type = any ($6) and
      case when last.number is null then wanted.is_open else coalesce(last.request_version, 0) >= e.body_version end
    then ${bodyOf('event')} end as body
  from unnest($2::text[], $3::text[], $4::text[], $5::bool[]) as wanted (id, endpoint_id, event_id, is_open)
  join webhook_endpoints e on e.id = wanted.endpoint_id and e.workspace_id = $1
  join events event on event.id = wanted.event_id
  left join lateral (
    select a.number, a.request_version from webhook_attempts a
    where a.endpoint_id = wanted.endpoint_id and a.delivery_id = wanted.id and a.outcome is not null
    order by a.number desc, a.at desc limit 1
  ) last on true
`);

interface StoredEvent {
  id: string;
  type: EventType;
  body: string;
}
const selectEvents = prepared<StoredEvent>(
  `select e.id, e.type, ${bodyOf('e')} as body from events e where ${byIds('e')}`,
);
/** How the text of an event ends whose person was erased since, and of no other. */
const blankEnd = /"data"\s*:\s*\{\}\s*\}$/;

type OneAttempt = Pick<WebhookAttempt, 'deliveryId' | 'endpointId' | 'eventId' | 'requestVersion' | 'number' | 'at'>;

function bodyFor({ payloadQuery }: Pick<EndpointSnapshot, 'payloadQuery'>, { type, body }: StoredEvent): Buffer {
  const whole = Buffer.from(body);
  return payloadQuery === null ? whole : selectPayload(payloadQuery, type, whole);
}

/** Makes again what was sent, from what is stored: the frozen event, and the endpoint as it is. */
export class SentRequestService {
  constructor(
    private readonly database: Database,
    private readonly secrets: Secrets,
    private readonly tracing: Tracing,
  ) {}

  /** What was posted of each of these deliveries; of one that waits for its first attempt, what will be. */
  async bodies(actor: Actor, deliveries: readonly Of[]): Promise<Map<string, SentBody>> {
    actor.require('manage:webhooks');
    const rows = await this.database.query(selectBodies, [
      actor.workspaceId,
      deliveries.map(({ id }) => id),
      deliveries.map(({ endpointId }) => endpointId),
      deliveries.map(({ eventId }) => eventId),
      deliveries.map(({ isOpen }) => isOpen),
      eventTypes.filter((type) => actor.may(scopeOfPayload[type])),
    ]);
    const queries = new Map<string, PayloadQuery>();
    const bodies = new Map<string, SentBody>();
    for (const { id, type, body, payloadQuery } of rows) {
      if (body === null || payloadQuery === null) bodies.set(id, { eventType: type, text: body });
      else {
        const query = queries.get(payloadQuery) ?? readPayloadQuery(payloadQuery);
        queries.set(payloadQuery, query);
        const selected = selectPayload(query, type, Buffer.from(body));
        bodies.set(id, { eventType: type, text: selected.toString() });
        await pauseForOthers();
      }
    }
    return bodies;
  }

  /** What each of these attempts sent, by the attempt's place; missing where the event is gone, or no key opens secrets. */
  async requests(actor: Actor, attempts: readonly OneAttempt[]): Promise<Map<number, SentRequest>> {
    actor.require('manage:webhooks');
    const endpointIds = [...new Set(attempts.map(({ endpointId }) => endpointId))];
    const snapshots = await readSnapshots(this.database, this.secrets, endpointIds, () => {});
    const eventIds = [...new Set(attempts.map(({ eventId }) => eventId))];
    const events = await this.database.query(selectEvents, [eventIds, actor.workspaceId]);
    const endpointById = new Map(snapshots.map((snapshot) => [snapshot.endpointId, snapshot]));
    const eventById = new Map(events.map((event) => [event.id, event]));
    /** All attempts of a delivery sent the same. */
    const bodies = new Map<string, Buffer>();
    const requests = new Map<number, SentRequest>();
    for (const [place, { deliveryId, endpointId, eventId, requestVersion, number, at }] of attempts.entries()) {
      const [endpoint, event] = [endpointById.get(endpointId), eventById.get(eventId)];
      if (endpoint?.workspaceId !== actor.workspaceId || event === undefined) continue;
      const key = `${endpointId} ${eventId}`;
      const body = bodies.get(key) ?? bodyFor(endpoint, event);
      bodies.set(key, body);
      const { url, headers, secrets } = endpoint;
      const make = secrets.length === 0 ? unsignedRequestOf : requestOf;
      const traceparent = this.tracing.isOn ? traceparentOf(placeOfAttempt(eventId, deliveryId, number)) : null;
      const attempt = { deliveryId, number, now: at.getTime(), traceparent };
      requests.set(place, {
        ...make({ headers, secrets, payloadQuery: null }, { id: eventId, type: event.type, body }, attempt),
        url,
        eventType: event.type,
        customNames: Object.keys(headers),
        exact: endpoint.requestVersion === requestVersion && !blankEnd.test(event.body.slice(-20)),
      });
      await pauseForOthers();
    }
    return requests;
  }

  /** For callers who may see what the event says. */
  shown(actor: Actor, { eventType, text }: SentBody): string | null {
    requirePayloads(actor, [eventType]);
    return text;
  }
}
