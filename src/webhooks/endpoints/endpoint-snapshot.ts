import type { Plan } from '../../platform/actor.js';
import type { Database } from '../../platform/postgres/database.js';
import { columnsOf, prepared } from '../../platform/postgres/statement.js';
import type { Secrets } from '../../platform/secrets.js';
import { plans } from '../../workspaces/plans.js';
import { readPayloadQuery, type PayloadQuery } from '../wire/payload-query.js';
import { goodHealth, type EndpointHealth } from '../policy/endpoint-health.js';
import { signingSecret, type SigningSecret } from '../wire/signature.js';
import { WebhookEndpoint } from './endpoint.entity.js';

/** The context for which the secrets of an endpoint are sealed. */
export const sealedFor = (endpointId: string) => `webhook_endpoint:${endpointId}`;

/** The custom headers of an endpoint. */
export function openedHeaders(
  secrets: Secrets,
  { id, customHeaders }: Pick<WebhookEndpoint, 'id' | 'customHeaders'>,
): Record<string, string> {
  return customHeaders === null
    ? {}
    : (JSON.parse(secrets.open(customHeaders, sealedFor(id))) as Record<string, string>);
}

/** An endpoint as its worker has read it: secrets opened, query parsed, ready to be sent to. */
export interface EndpointSnapshot {
  readonly endpointId: string;
  readonly workspaceId: string;
  /** Whether the endpoint is active, not deleted, and in a workspace that is not archived and whose plan delivers. */
  readonly delivers: boolean;
  /** Whether only its workspace, archived or of another plan, keeps it from being delivered to. */
  readonly workspaceStopped: boolean;
  readonly url: string;
  readonly secrets: readonly SigningSecret[];
  readonly headers: Readonly<Record<string, string>>;
  readonly payloadQuery: PayloadQuery | null;
  readonly maxConcurrency: number | null;
  readonly requestVersion: number;
  readonly revision: number;
  /** Grows with every change of the endpoint or its workspace. */
  readonly edition: number;
  readonly health: EndpointHealth;
}

interface Row extends Omit<WebhookEndpoint, 'lastDeliveryAt' | 'lastDeliveryOk'> {
  plan: Plan;
  isArchived: boolean;
  revision: number;
  edition: number;
  halfOpen: boolean;
  probeAt: Date | null;
  notBefore: Date | null;
}

/** In SQL: grows with every change of the endpoint `e` or its workspace `w`. */
export const editionOf = '((extract(epoch from e.updated_at) + extract(epoch from w.updated_at)) * 1000)::float8';
const selectMany = prepared<Row>(`
  select ${columnsOf(WebhookEndpoint, 'e')}, w.plan, w.archived_at is not null as "isArchived", s.revision,
    ${editionOf} as edition, s.consecutive_fails as "consecutiveFails", s.half_open as "halfOpen", s.probe_at as "probeAt",
    s.not_before as "notBefore"
  from webhook_endpoints e
  join webhook_endpoint_states s on s.endpoint_id = e.id
  join workspaces w on w.id = e.workspace_id
  where e.id = any($1)
`);

/** Reads endpoints; `unreadable` is called for each that cannot be opened, say because `SECRETS_KEY` lacks its key. */
export async function readSnapshots(
  database: Database,
  secrets: Secrets,
  endpointIds: readonly string[],
  unreadable: (endpointId: string, error: unknown) => void,
): Promise<EndpointSnapshot[]> {
  const rows = await database.query(selectMany, [endpointIds]);
  return rows.flatMap((row) => {
    try {
      return [opened(row, secrets)];
    } catch (error) {
      unreadable(row.id, error);
      return [];
    }
  });
}

function opened(row: Row, secrets: Secrets): EndpointSnapshot {
  const { id, workspaceId, url, payloadQuery, maxConcurrency, requestVersion } = row;
  const { revision, edition, consecutiveFails, halfOpen } = row;
  const isActive = row.status === 'active' && row.deletedAt === null;
  const workspaceDelivers = !row.isArchived && plans[row.plan].webhooks;
  return {
    endpointId: id,
    workspaceId,
    delivers: isActive && workspaceDelivers,
    workspaceStopped: isActive && !workspaceDelivers,
    url,
    secrets: row.secrets.map(({ sealed, expiresAt }) =>
      signingSecret(secrets.open(sealed, sealedFor(id)), expiresAt === null ? null : Date.parse(expiresAt)),
    ),
    headers: openedHeaders(secrets, row),
    payloadQuery: payloadQuery === null ? null : readPayloadQuery(payloadQuery),
    maxConcurrency,
    requestVersion,
    revision,
    edition,
    health: {
      ...goodHealth,
      consecutiveFails,
      halfOpen,
      probeAt: row.probeAt?.getTime() ?? null,
      notBefore: row.notBefore?.getTime() ?? null,
    },
  };
}
