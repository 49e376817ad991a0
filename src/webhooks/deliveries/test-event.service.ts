import { scopeOfPayload, type EventType } from '../../events/event-type.js';
import { exampleOf, exampleSent } from '../../events/example.view.js';
import type { Actor } from '../../platform/actor.js';
import { nowMs } from '../../platform/clock.js';
import type { Database } from '../../platform/postgres/database.js';
import { testsOf } from '../../platform/postgres/tests-per-minute.js';
import { notFound, rateLimitExceeded } from '../../platform/errors.js';
import { newId, nextMoment } from '../../platform/id.js';
import { NoRoom, type Outbound } from '../../platform/outbound/outbound.js';
import type { Secrets } from '../../platform/secrets.js';
import type { Unread } from '../../platform/validate.js';
import { requireFeature } from '../../workspaces/plans.js';
import { EventText } from '../wire/event-text.js';
import { readPayloadQuery, selectPayload } from '../wire/payload-query.js';
import { requestOf } from '../wire/request.js';
import type { PreviewPayload } from '../endpoints/endpoint.input.js';
import { readSnapshots } from '../endpoints/endpoint-snapshot.js';
import type { WebhookAttempt } from './delivery.entity.js';
import type { SendTestEvent } from './delivery.input.js';
import type { WebhookEndpointService } from '../endpoints/endpoint.service.js';

const countTest = testsOf('webhook_endpoint_states', 'endpoint_id');

/** Shows what an endpoint that somebody is setting up would be sent, and sends it examples. */
export class TestEventService {
  constructor(
    private readonly database: Database,
    private readonly secrets: Secrets,
    private readonly outbound: Outbound,
    private readonly endpoints: WebhookEndpointService,
  ) {}

  /** The body that an endpoint with this payload query would be sent of the example. @throws validation_failed */
  preview(actor: Actor, type: EventType, read: Unread<typeof PreviewPayload>): Record<string, unknown> {
    actor.require('manage:webhooks');
    const { payloadQuery } = read();
    const example = Buffer.from(exampleSent(type));
    const body = payloadQuery ? selectPayload(readPayloadQuery(payloadQuery), type, example) : example;
    return JSON.parse(body.toString()) as Record<string, unknown>;
  }

  /**
   * Posts an example at once, also to a paused endpoint; it does not count towards the endpoint's health and is not kept.
   * Without a `type`, it is of the first one that the endpoint listens to.
   * @throws rate_limit_exceeded beyond ten in a minute, and while the endpoint's host has no room
   */
  async send(actor: Actor, id: string, read: Unread<typeof SendTestEvent>): Promise<WebhookAttempt> {
    actor.require('manage:webhooks');
    requireFeature(actor, 'webhooks');
    return await this.database.transaction(async () => {
      const endpoint = await this.endpoints.find(actor.workspaceId, id);
      // Asked before the example is counted, since one that finds no room is not sent.
      if (!this.outbound.hasRoom(endpoint.url, actor.workspaceId)) throw rateLimitExceeded(1);
      const type = read().type ?? endpoint.events[0] ?? 'submission.completed';
      await countTest(this.database, id);
      const [snapshot] = await readSnapshots(this.database, this.secrets, [id], (_, error) => {
        throw error;
      });
      if (snapshot === undefined) throw notFound('webhook', { cause: 'deleted meanwhile' });
      const moment = nextMoment();
      const deliveryId = newId('webhookDelivery');
      const example = new EventText(exampleOf(type, moment));
      const { headers, body } = requestOf(snapshot, example, { deliveryId, number: 1, now: nowMs() });
      const outcome = await this.outbound
        .post(snapshot.url, headers, body, actor.workspaceId)
        .catch((error: unknown) => {
          throw error instanceof NoRoom ? rateLimitExceeded(1) : error;
        });
      const { url, requestVersion } = snapshot;
      const customNames = Object.keys(snapshot.headers);
      return {
        deliveryId,
        endpointId: id,
        eventId: example.id,
        eventType: type,
        requestVersion,
        sent: { headers, body, url, eventType: type, customNames, exact: true },
        number: 1,
        at: moment.at,
        outcome: outcome.outcome,
        responseStatus: outcome.status,
        // A receiver's answer is for whoever may see what it is sent; GraphQL says so by an error of the field.
        answer: actor.may(scopeOfPayload[type]) ? outcome.body : null,
        head: outcome.head,
        error: outcome.error,
        address: outcome.address,
        timings: outcome.timings,
      };
    }, actor.guard);
  }
}
