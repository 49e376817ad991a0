/** One file because every change of an endpoint goes through one lock, one audit entry and one notification. */
import type { AuditAction } from '../../audit/audit-entry.entity.js';
import type { AuditService } from '../../audit/audit.service.js';
import type { Actor, Confirm } from '../../platform/actor.js';
import { now } from '../../platform/clock.js';
import type { Database, Tx } from '../../platform/postgres/database.js';
import { byIds, columnsOf, pipelined, prepared, rowOf } from '../../platform/postgres/statement.js';
import { conflict, notFound, planLimitExceeded } from '../../platform/errors.js';
import { isId, newId, nextMoment } from '../../platform/id.js';
import { isSameJson, isSameSet } from '../../platform/text/storable-json.js';
import type { AddressRefusal, RefusalRule } from '../../platform/outbound/address-guard.js';
import type { Outbound } from '../../platform/outbound/outbound.js';
import { Conditions, countRows, readPage, type List, type Page } from '../../platform/postgres/keyset-page.js';
import type { PageRequest } from '../../platform/page-request.js';
import type { Secrets } from '../../platform/secrets.js';
import type { Jobs } from '../../platform/postgres/jobs.js';
import type { Notifications } from '../../platform/postgres/notifications.js';
import type { StoredRows } from '../../platform/postgres/stored-rows.js';
import { given, keysOf, readWith, sentTo, type Unread, type Valid } from '../../platform/validate.js';
import { requireVersion, type ExpectedVersions } from '../../platform/version.js';
import { requireFeature, requireStorage, webhookEndpointsMax } from '../../workspaces/plans.js';
import { lockDeliveryOrder } from '../store/delivery-order-lock.js';
import { addNotices } from '../../workspaces/notice.service.js';
import { deliveryUpdated, endpointChanged, updated } from '../topics.js';
import { skipInRanges, skipOldest, skippedAtOnceMax } from '../store/open-deliveries.js';
import { newSecret } from '../wire/signature.js';
import { movedByHand, pausedByHand, resumedByHand } from './pausing.js';
import { openedHeaders, sealedFor } from './endpoint-snapshot.js';
import { webhookVersion } from './endpoint.view.js';
import { WebhookEndpoint, type SealedSecret } from './endpoint.entity.js';
import {
  UpdateWebhookEndpoint,
  urlCharactersMax,
  type CreateWebhookEndpoint,
  type PatchWebhook,
  type RegisterWebhook,
  type ResumeWebhookEndpoint,
  type RotateWebhookSecret,
} from './endpoint.input.js';

const columns = `${columnsOf(WebhookEndpoint, 'e')}, s.consecutive_fails as "consecutiveFails",
  s.last_delivery_at as "lastDeliveryAt", s.last_delivery_ok as "lastDeliveryOk"`;
const tables = 'webhook_endpoints e join webhook_endpoint_states s on s.endpoint_id = e.id';

const selectMany = pipelined<WebhookEndpoint>(`select ${columns} from ${tables} where ${byIds('e')}`);
const selectOne = pipelined<WebhookEndpoint>(
  `select ${columns} from ${tables} where e.id = $1 and e.workspace_id = $2 and e.deleted_at is null`,
);
const lockOne = prepared<WebhookEndpoint>(`
  select ${columns} from ${tables} where e.id = $1 and e.workspace_id = $2 and e.deleted_at is null
  for no key update of e
`);
const lockWorkspace = prepared('select from workspaces where id = $1 for no key update');
const countOfWorkspace = prepared<{ endpoints: number }>(
  'select count(*)::int as endpoints from webhook_endpoints where workspace_id = $1 and deleted_at is null',
);
const row = rowOf(WebhookEndpoint);
const insertOne = prepared(`insert into webhook_endpoints ${row.inserted}`);
const insertState = prepared('insert into webhook_endpoint_states (endpoint_id) values ($1)');
const updateOne = prepared(`update webhook_endpoints set ${row.assigned} where id = $1`);

/** What a new endpoint has, unless somebody sets it. */
const unset = {
  description: null,
  status: 'active' as const,
  pauseReason: null,
  pausedAt: null,
  payloadQuery: null,
  maxConcurrency: null,
  requestVersion: 0,
  bodyVersion: 0,
  deletedAt: null,
  consecutiveFails: 0,
  lastDeliveryAt: null,
  lastDeliveryOk: null,
};
const liveSecretsMax = 10;

/** Jobs that end what was open of deleted endpoints, where that is too much for the deletions themselves. */
export const skipQueue = 'webhook-skips';

export interface WithSecret {
  webhookEndpoint: WebhookEndpoint;
  /** The newest secret, shown this once. */
  secret: string;
}

export const storedEndpoints: StoredRows = {
  table: 'webhook_endpoints',
  bytes:
    '400 + pg_column_size(t.url) + coalesce(pg_column_size(t.payload_query), 0) + coalesce(pg_column_size(t.custom_headers), 0)',
  owner: 'workspace_id',
};

export class WebhookEndpointService {
  constructor(
    private readonly database: Database,
    private readonly jobs: Jobs,
    private readonly secrets: Secrets,
    private readonly outbound: Outbound,
    private readonly notifications: Notifications,
    private readonly audit: AuditService,
    private readonly confirm: Confirm,
  ) {}

  async list(actor: Actor, page: PageRequest): Promise<Page<WebhookEndpoint>> {
    actor.require('manage:webhooks');
    return await readPage<WebhookEndpoint>(this.database, listOf(actor), page);
  }

  async count(actor: Actor): Promise<number> {
    actor.require('manage:webhooks');
    return await countRows(this.database, listOf(actor));
  }

  async get(actor: Actor, id: string): Promise<WebhookEndpoint> {
    actor.require('manage:webhooks');
    return await this.find(actor.workspaceId, id);
  }

  /** Endpoints by their ids; also deleted ones, for as long as their deliveries are kept. */
  async getMany(actor: Actor, ids: readonly string[]): Promise<WebhookEndpoint[]> {
    actor.require('manage:webhooks');
    return await this.database.query(selectMany, [ids, actor.workspaceId]);
  }

  /** @throws plan_limit_exceeded at 50 endpoints */
  async create(
    actor: Actor,
    read: Unread<typeof CreateWebhookEndpoint> | Unread<typeof RegisterWebhook>,
  ): Promise<WithSecret> {
    actor.require('manage:webhooks');
    requireFeature(actor, 'webhooks');
    return await this.database.transaction(async (tx) => {
      const input: Partial<Valid<typeof CreateWebhookEndpoint>> & Valid<typeof RegisterWebhook> =
        await this.readReachable(read, null);
      requireStorage(actor);
      const secret = newSecret();
      const id = newId('webhookEndpoint');
      await tx.query(lockWorkspace, [actor.workspaceId]);
      await this.confirm(tx, actor);
      const [count] = await tx.query(countOfWorkspace, [actor.workspaceId]);
      const endpoints = count?.endpoints ?? 0;
      if (endpoints >= webhookEndpointsMax) throw planLimitExceeded('webhooks', endpoints, webhookEndpointsMax);
      const { customHeaders = null, ...settings } = given(input);
      const { at } = nextMoment();
      const webhookEndpoint: WebhookEndpoint = {
        ...unset,
        ...settings,
        id,
        workspaceId: actor.workspaceId,
        secrets: [this.sealSecret(id, secret)],
        customHeaders: this.sealHeaders(id, customHeaders),
        createdAt: at,
        updatedAt: at,
      };
      tx.write(insertOne, row.values(webhookEndpoint));
      tx.write(insertState, [id]);
      await this.audit.record(tx, actor, 'webhook_endpoint.created', id, { url: input.url, events: input.events });
      return { webhookEndpoint, secret };
    }, actor.guard);
  }

  /** A change that changes nothing is not written. */
  async update(actor: Actor, id: string, read: Unread<typeof UpdateWebhookEndpoint>): Promise<WebhookEndpoint> {
    actor.require('manage:webhooks');
    return await this.database.transaction(async (tx) => {
      const known = await this.find(actor.workspaceId, id);
      const changes = await this.readReachable(read, known.url);
      const decide = (before: WebhookEndpoint) => this.changed(tx, before, changes);
      return await this.change(tx, actor, id, 'webhook_endpoint.updated', decide, told);
    }, actor.guard);
  }

  /** The change that REST has, where resuming and pausing is a change of status. @throws precondition_failed */
  async patch(
    actor: Actor,
    id: string,
    read: Unread<typeof PatchWebhook>,
    expected: ExpectedVersions = null,
  ): Promise<WebhookEndpoint> {
    actor.require('manage:webhooks');
    if (sentTo(read).status === 'active') requireFeature(actor, 'webhooks');
    return await this.database.transaction(async (tx) => {
      const known = await this.find(actor.workspaceId, id);
      const { status, ...changes } = await this.readReachable(read, known.url);
      const decide = (before: WebhookEndpoint) => {
        requireVersion(expected, webhookVersion(before));
        return this.changed(tx, before, changes);
      };
      const changed = await this.change(tx, actor, id, 'webhook_endpoint.updated', decide, told);
      if (status === 'paused') return await this.change(tx, actor, id, 'webhook_endpoint.paused', pausedByHand);
      if (status === 'active') return await this.change(tx, actor, id, 'webhook_endpoint.resumed', resumed(tx, false));
      return changed;
    });
  }

  /** Deletes an endpoint. Its open deliveries end as skipped; attempts stay on record. */
  async remove(actor: Actor, id: string, expected: ExpectedVersions = null): Promise<WebhookEndpoint> {
    actor.require('manage:webhooks');
    return await this.database.transaction(async (tx) => {
      const decide = (before: WebhookEndpoint) => {
        requireVersion(expected, webhookVersion(before));
        return { ...before, secrets: [], customHeaders: null, deletedAt: nextMoment(before.updatedAt).at };
      };
      const deleted = await this.change(tx, actor, id, 'webhook_endpoint.deleted', decide, ({ url }) => ({ url }));
      // Before the lock, which everybody's deliveries wait for.
      const skip = { at: deleted.deletedAt ?? deleted.updatedAt, reason: 'endpoint_deleted' } as const;
      let skipped = await skipOldest(tx, id, skip);
      // A transaction that makes deliveries for it has committed, or will find the endpoint deleted.
      await lockDeliveryOrder(tx);
      if (skipped < skippedAtOnceMax) skipped += await skipOldest(tx, id, skip);
      if (skipped >= skippedAtOnceMax) await this.jobs.enqueue(tx, skipQueue, [{ data: { endpointId: id } }]);
      return deleted;
    }, actor.guard);
  }

  /** Holds the endpoint's deliveries until somebody resumes it: a plan that comes back does not. */
  async pause(actor: Actor, id: string): Promise<WebhookEndpoint> {
    actor.require('manage:webhooks');
    return await this.database.transaction(async (tx) => {
      return await this.change(tx, actor, id, 'webhook_endpoint.paused', pausedByHand);
    }, actor.guard);
  }

  /** Sends the oldest held delivery, and once that succeeds the others; or drops them all with `skipHeld`. */
  async resume(actor: Actor, id: string, read: Unread<typeof ResumeWebhookEndpoint>): Promise<WebhookEndpoint> {
    actor.require('manage:webhooks');
    requireFeature(actor, 'webhooks');
    return await this.database.transaction(async (tx) => {
      await this.find(actor.workspaceId, id);
      const { skipHeld } = read();
      if (skipHeld) {
        // Nothing brings back what was skipped, so a right that has ended counts before, not only at the end.
        await this.database.transaction(async (own) => await this.confirm(own, actor));
        // In transactions of their own: those of all at once would be waited for too long.
        const at = now();
        await skipInRanges(this.database, id, { at, reason: 'dropped' });
        this.notifications.send(deliveryUpdated, updated.many(actor.workspaceId, id, at));
      }
      const details = () => (skipHeld ? { skip_held: true } : {});
      return await this.change(tx, actor, id, 'webhook_endpoint.resumed', resumed(tx, skipHeld), details);
    }, actor.guard);
  }

  /**
   * A new secret. The one before goes on signing beside it for the overlap that the caller asks for, and earlier ones
   * until the end of theirs. @throws conflict when an eleventh secret would sign
   */
  async rotateSecret(actor: Actor, id: string, read: Unread<typeof RotateWebhookSecret>): Promise<WithSecret> {
    actor.require('manage:webhooks');
    return await this.database.transaction(async (tx) => {
      await this.find(actor.workspaceId, id);
      const { overlapSeconds } = read();
      const secret = newSecret();
      const webhookEndpoint = await this.change(tx, actor, id, 'webhook_secret.rotated', (before) => {
        const { at } = nextMoment(before.updatedAt);
        const expiresAt = new Date(at.getTime() + overlapSeconds * 1_000).toISOString();
        const old = before.secrets
          .map((kept): SealedSecret => (kept.expiresAt === null ? { ...kept, expiresAt } : kept))
          .filter((kept) => Date.parse(kept.expiresAt ?? '') > at.getTime());
        if (old.length >= liveSecretsMax) {
          throw conflict('too_many_secrets', `${liveSecretsMax - 1} earlier secrets of this endpoint still sign.`);
        }
        return { ...before, secrets: [this.sealSecret(id, secret), ...old] };
      });
      return { webhookEndpoint, secret };
    }, actor.guard);
  }

  /** The names of the headers that go with every delivery; their values are shown to nobody. */
  customHeaderNames(endpoint: WebhookEndpoint): string[] {
    return Object.keys(openedHeaders(this.secrets, endpoint));
  }

  /** For services that have found the caller entitled. */
  async find(workspaceId: string, id: string, tx?: Tx): Promise<WebhookEndpoint> {
    const [endpoint] = isId(id, 'webhookEndpoint')
      ? await (tx ?? this.database).query(selectOne, [id, workspaceId])
      : [];
    if (endpoint === undefined) throw notFound('webhook');
    return endpoint;
  }

  private changed(
    tx: Tx,
    before: WebhookEndpoint,
    { customHeaders, ...changes }: Valid<typeof UpdateWebhookEndpoint>,
  ): WebhookEndpoint {
    const after = { ...before, ...given(changes) };
    if (isSameSet(after.events, before.events)) after.events = before.events;
    if (customHeaders !== undefined && !isSameJson(customHeaders ?? {}, openedHeaders(this.secrets, before))) {
      after.customHeaders = this.sealHeaders(before.id, customHeaders);
    }
    if (customHeaders === undefined && originOf(before) !== originOf(after)) this.removeHeaders(tx, before, after);
    if (after.url !== before.url) return movedByHand(tx, after);
    return isSameJson(after, before) ? before : after;
  }

  private async change(
    tx: Tx,
    actor: Actor,
    id: string,
    action: AuditAction,
    decide: (before: WebhookEndpoint) => WebhookEndpoint | Promise<WebhookEndpoint>,
    details: (after: WebhookEndpoint, before: WebhookEndpoint) => Record<string, unknown> = () => ({}),
  ): Promise<WebhookEndpoint> {
    const [before] = isId(id, 'webhookEndpoint') ? await tx.query(lockOne, [id, actor.workspaceId]) : [];
    if (before === undefined) throw notFound('webhook');
    const since = now();
    const after = await decide(before);
    if (after === before) return before;
    await this.confirm(tx, actor);
    after.updatedAt = nextMoment(before.updatedAt).at;
    countVersions(after, before);
    tx.write(updateOne, row.values(after));
    await this.audit.record(tx, actor, action, id, details(after, before));
    tx.afterCommit(() => this.notifications.send(endpointChanged, id));
    // What is open is held now, no longer, or skipped.
    if (after.status !== before.status || after.deletedAt !== before.deletedAt)
      tx.afterCommit(() => this.notifications.send(deliveryUpdated, updated.many(actor.workspaceId, id, since)));
    return after;
  }

  /** Reads an input and judges its URL, unless that is the `known` one: a caller gets every issue at once. */
  private async readReachable<I>(read: Unread<I>, known: string | null): Promise<Valid<I>> {
    const { url } = sentTo(read) as { url?: unknown };
    const isNew = typeof url === 'string' && url !== '' && url.length <= urlCharactersMax && url !== known;
    const refusal = isNew ? await this.outbound.check(url) : null;
    return readWith(read, () =>
      refusal === null ? [] : [{ path: 'url', code: refusal.code, message: toOwner(refusal) }],
    );
  }

  private sealSecret(id: string, secret: string): SealedSecret {
    return { sealed: this.secrets.seal(secret, sealedFor(id)), expiresAt: null };
  }

  /** Custom headers may hold secrets of the former receiver, so they are removed when the URL moves to another origin. */
  private removeHeaders(tx: Tx, { customHeaders, url }: WebhookEndpoint, after: WebhookEndpoint): void {
    if (customHeaders === null) return;
    after.customHeaders = null;
    const { id, workspaceId } = after;
    const text =
      `The custom headers of the webhook to ${url} were removed when it was moved to ${after.url}: they may have been ` +
      'meant for the former address alone. Give them again if the new one is to have them.';
    addNotices(tx, [{ workspaceId, kind: 'webhook_headers_removed', text, params: { endpoint_id: id } }], now());
  }

  private sealHeaders(id: string, headers: Record<string, string> | null): string | null {
    if (headers === null || Object.keys(headers).length === 0) return null;
    return this.secrets.seal(JSON.stringify(headers), sealedFor(id));
  }
}

const resumed =
  (tx: Tx, skipHeld: boolean) =>
  async (before: WebhookEndpoint): Promise<WebhookEndpoint> => {
    if (before.status === 'active') return before;
    // What came since the others were skipped.
    if (skipHeld) await skipOldest(tx, before.id, { at: nextMoment(before.updatedAt).at, reason: 'dropped' });
    return resumedByHand(tx, before);
  };

const aboutForm: ReadonlySet<RefusalRule> = new Set(['malformed', 'scheme', 'credentials', 'port']);

/** Whoever gives an address that we do not post to is mostly trying a receiver out. */
const toOwner = ({ rule, message }: AddressRefusal) =>
  aboutForm.has(rule)
    ? message
    : `${message}; how to reach a receiver on your own machine: /docs/webhooks#develop-a-receiver-on-your-own-machine`;

const originOf = ({ url }: WebhookEndpoint) => new URL(url).origin;

function listOf(actor: Actor): List {
  const where = new Conditions().within('e.deleted_at is null and e.workspace_id = $?', actor.workspaceId);
  return { from: `${columns} from ${tables}`, id: 'e.id', where };
}

/** By its headers and its body: a path is in neither. */
function countVersions(after: WebhookEndpoint, before: WebhookEndpoint): void {
  const shaping = ['secrets', 'customHeaders', 'payloadQuery'] as const;
  const isOther = originOf(after) !== originOf(before) || shaping.some((name) => after[name] !== before[name]);
  if (isOther) after.requestVersion = before.requestVersion + 1;
  if (after.payloadQuery !== before.payloadQuery) after.bodyVersion = after.requestVersion;
}

/** The details of a change for the audit log: URL and events as they are now; of the rest only that it changed. */
function told(after: WebhookEndpoint, before: WebhookEndpoint): Record<string, unknown> {
  const changes = keysOf(UpdateWebhookEndpoint).filter(
    (name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]),
  );
  const { url, events } = after;
  return { changes, ...(changes.includes('url') && { url }), ...(changes.includes('events') && { events }) };
}
