import { isoTime } from '../../platform/postgres/timestamps.js';
import { versionOf } from '../../platform/version.js';
import type { WebhookEndpoint } from './endpoint.entity.js';
import { PatchWebhook } from './endpoint.input.js';

/** An endpoint over REST, in a list and by itself. */
export const webhookView = (endpoint: WebhookEndpoint) => ({
  id: endpoint.id,
  url: endpoint.url,
  events: endpoint.events,
  status: endpoint.status,
  description: endpoint.description,
  last_delivery_at: endpoint.lastDeliveryAt && isoTime(endpoint.lastDeliveryAt),
  last_delivery_ok: endpoint.lastDeliveryOk,
  consecutive_fails: endpoint.consecutiveFails,
  created_at: isoTime(endpoint.createdAt),
  updated_at: isoTime(endpoint.updatedAt),
});

/** The version that `If-Match` compares: of what REST may change of an endpoint. */
export const webhookVersion = ({
  url,
  events,
  description,
  status,
}: Pick<WebhookEndpoint, 'url' | 'description' | 'status'> & { events: readonly string[] }) =>
  versionOf(PatchWebhook, { url, events: events.toSorted(), description, status });

/** A new endpoint over REST: the only answer that shows the secret. */
export const webhookCreatedView = ({
  webhookEndpoint,
  secret,
}: {
  webhookEndpoint: WebhookEndpoint;
  secret: string;
}) => ({
  ...webhookView(webhookEndpoint),
  secret,
});
