import { firstWaiting } from '../../events/event.service.js';
import type { Plan } from '../../platform/actor.js';
import type { Database } from '../../platform/postgres/database.js';
import { pipelined, prepared } from '../../platform/postgres/statement.js';
import type { Secrets } from '../../platform/secrets.js';
import { plans } from '../../workspaces/plans.js';
import { readPayloadQuery, type PayloadQuery } from '../wire/payload-query.js';
import { newLife, type EndpointLife } from '../policy/endpoint-health.js';
import { signingSecret, type SigningSecret } from '../wire/signature.js';
import type { SealedSecret } from './endpoint.entity.js';

/** What the secrets of an endpoint are sealed for. */
export const sealedFor = (endpointId: string) => `webhook_endpoint:${endpointId}`;

/** An endpoint as its worker sees it: opened, parsed and ready to be sent to. */
export interface Subscriber {
  readonly endpointId: string;
  readonly workspaceId: string;
  /** Active, not deleted, and in a workspace whose plan delivers. */
  readonly delivers: boolean;
  /** Whether the plan alone is in the way. */
  readonly lacksPlan: boolean;
  readonly url: string;
  readonly secrets: readonly SigningSecret[];
  readonly headers: Readonly<Record<string, string>>;
  readonly payloadQuery: PayloadQuery | null;
  readonly maxConcurrency: number | null;
  readonly revision: number;
  /** Grows with every change of the endpoint or its workspace. */
  readonly edition: number;
  readonly life: EndpointLife;
}

interface Row {
  id: string;
  workspaceId: string;
  plan: Plan;
  usable: boolean;
  active: boolean;
  url: string;
  secrets: SealedSecret[];
  customHeaders: string | null;
  payloadQuery: string | null;
  maxConcurrency: number | null;
  revision: number;
  edition: number;
  consecutiveFails: number;
  probing: boolean;
  probeAt: Date | null;
  gateUntil: Date | null;
}

const edition = '((extract(epoch from e.updated_at) + extract(epoch from w.updated_at)) * 1000)::float8';
const selectMany = prepared<Row>(`
  select e.id, e.workspace_id as "workspaceId", w.plan, w.archived_at is null as usable,
    e.status = 'active' and e.deleted_at is null as active, e.url, e.secrets, e.custom_headers as "customHeaders",
    e.payload_query as "payloadQuery", e.max_concurrency as "maxConcurrency", s.revision,
    ${edition} as edition, s.consecutive_fails as "consecutiveFails", s.probing, s.probe_at as "probeAt", s.gate_until as "gateUntil"
  from webhook_endpoints e
  join webhook_endpoint_states s on s.endpoint_id = e.id
  join workspaces w on w.id = e.workspace_id
  where e.id = any($1)
`);

export interface News {
  /** The endpoints of those known that were changed since, or are gone. */
  changed: string[];
  /** How often events were blanked. */
  erasures: string;
  /** Whether events wait for fan-out. */
  eventsWait: boolean;
  /** How many processes deliver. */
  workers: number;
}

const selectNews = pipelined<News>(`
  select erasures, array(
    select known.id from unnest($1::text[], $2::float8[]) as known (id, edition)
    where not exists (
      select from webhook_endpoints e join workspaces w on w.id = e.workspace_id
      where e.id = known.id and ${edition} = known.edition
    )
  ) as changed, exists (${firstWaiting}) as "eventsWait",
    (select count(*)::int from webhook_workers where leased_until > now()) as workers
  from webhook_fan_out
`);

/** What a lost signal would have told. */
export async function readNews(
  database: Database,
  known: readonly Pick<Subscriber, 'endpointId' | 'edition'>[],
): Promise<News> {
  const values = [known.map(({ endpointId }) => endpointId), known.map(({ edition }) => edition)];
  const [news] = await database.query(selectNews, values);
  if (news === undefined) throw new Error('webhook_fan_out has no row');
  return news;
}

/** Reads endpoints; `unreadable` is told of each that cannot be opened, for want of its key in `SECRETS_KEY`, say. */
export async function readSubscribers(
  database: Database,
  secrets: Secrets,
  endpointIds: readonly string[],
  unreadable: (endpointId: string, error: unknown) => void,
): Promise<Subscriber[]> {
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

function opened(row: Row, secrets: Secrets): Subscriber {
  const { id, workspaceId, url, payloadQuery, maxConcurrency, revision, edition, consecutiveFails, probing } = row;
  const hasPlan = row.usable && plans[row.plan].webhooks;
  const context = sealedFor(id);
  return {
    endpointId: id,
    workspaceId,
    delivers: row.active && hasPlan,
    lacksPlan: row.active && !hasPlan,
    url,
    secrets: row.secrets.map(({ sealed, expiresAt }) =>
      signingSecret(secrets.open(sealed, context), expiresAt === null ? null : Date.parse(expiresAt)),
    ),
    headers:
      row.customHeaders === null
        ? {}
        : (JSON.parse(secrets.open(row.customHeaders, context)) as Record<string, string>),
    payloadQuery: payloadQuery === null ? null : readPayloadQuery(payloadQuery),
    maxConcurrency,
    revision,
    edition,
    life: {
      ...newLife,
      consecutiveFails,
      probing,
      probeAt: row.probeAt?.getTime() ?? null,
      gateUntil: row.gateUntil?.getTime() ?? null,
    },
  };
}
