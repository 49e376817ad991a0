/**
 * One file because a key has one life: the same rows and the same cache say how it is made, found at the door, rotated
 * and ended.
 */
import type { BlockList } from 'node:net';
import { blockListOf, isWithin } from '../platform/addresses.js';
import type { SessionService } from '../accounts/session.service.js';
import { operatorIn, type AuditedActor, type AuditService } from '../audit/audit.service.js';
import { Actor, type Origin, type Scope } from '../platform/actor.js';
import { clock, now } from '../platform/clock.js';
import type { Database, Tx } from '../platform/postgres/database.js';
import { byIds, columnsOf, partsOf, pipelined, prepared } from '../platform/postgres/statement.js';
import {
  authenticationRequired,
  conflict,
  invalid,
  notFound,
  planLimitExceeded,
  rateLimitExceeded,
  workspaceArchived,
} from '../platform/errors.js';
import { isId, newId, nextMoment } from '../platform/id.js';
import { LookupCache } from '../platform/async/lookup-cache.js';
import { errorFields, type Log } from '../platform/log.js';
import { Conditions, countRows, readPage, type List, type Page } from '../platform/postgres/keyset-page.js';
import type { PageRequest } from '../platform/page-request.js';
import type { Notifications } from '../platform/postgres/notifications.js';
import { isInLast } from '../platform/postgres/time-range.js';
import type { Unread, Valid } from '../platform/validate.js';
import { plans } from '../workspaces/plans.js';
import { actorWorkspace, Workspace } from '../workspaces/workspace.entity.js';
import { workspaceChanged } from '../workspaces/workspace.service.js';
import { hashOf, hintOf, isApiKeyText, newApiKeyText } from './api-key-text.js';
import { ApiKey } from './api-key.entity.js';
import type { CreateApiKey, RotateApiKey } from './api-key.input.js';

/** `last_used_at` is written this often, for all keys in one statement, never with a request. */
const usesWrittenEveryMs = 30_000;
/** So many earlier secrets of a key may work beside its newest one, after rotations with an overlap. */
const earlierSecretsMax = 5;
/**
 * Keys that people of a workspace make or rotate within an hour. A new key has a budget of its own: without this bound,
 * somebody who makes a key, uses its budget up and revokes it would have as many budgets as they like.
 */
const changesPerHourMax = 30;

interface KnownKey {
  key: ApiKey;
  /** Of the secret that was shown, in hex. */
  secretHash: string;
  /** Until when the secret that was shown works, where a rotation has replaced it; null while it is the newest. */
  shownUntil: Date | null;
  workspace: Workspace;
  allowed: BlockList | null;
}

const columns = columnsOf(ApiKey, 'k');
const selectByHash = pipelined<ApiKey & { workspace: Workspace }>(`
  select ${columns}, ${columnsOf(Workspace, 'w', { under: 'workspace' })},
    (select s.until from api_key_secrets s where s.hash = $1) as "earlierUntil"
  from api_keys k join workspaces w on w.id = k.workspace_id
  where k.hash = $1 or k.previous_hash = $1 or k.id = (select s.api_key_id from api_key_secrets s where s.hash = $1)
`);
const selectMany = pipelined<ApiKey>(`select ${columns} from api_keys k where ${byIds('k')}`);
const lockOne = prepared<ApiKey>(
  `select ${columns} from api_keys k where k.id = $1 and k.workspace_id = $2 for no key update`,
);
const lockWorkspace = prepared<Workspace>(
  `select ${columnsOf(Workspace, 'w')} from workspaces w where w.id = $1 for no key update`,
);
const selectName = prepared<{ name: string }>('select name from users where id = $1 and workspace_id = $2');
const countLive = prepared<{ live: number }>(`
  select count(*)::int as live from api_keys
  where workspace_id = $1 and revoked_at is null and (expires_at is null or expires_at > $2)
`);
// Deletes keys that ended beyond the latest 1,000; what was done with them stays in the audit log.
const forgetEnded = prepared(`
  delete from api_keys where id in (
    select k.id from api_keys k
    where k.workspace_id = $1 and (k.revoked_at is not null or k.expires_at <= $2)
    order by k.id desc offset $3
  )
`);
const selectLive = prepared<ApiKey>(`
  select ${columns} from api_keys k
  where k.workspace_id = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > $2)
  order by k.id desc
`);
// Keeps the key from being revoked until the commit; the time of its last use waits until then, too.
const keepOne = prepared<{ archivedAt: Date | null }>(`
  select w.archived_at as "archivedAt" from api_keys k join workspaces w on w.id = k.workspace_id
  where k.id = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > $2)
    and (k.hash = $3 or (k.previous_hash = $3 and k.previous_until > $2)
      or exists (select from api_key_secrets s where s.hash = $3 and s.until > $2))
  for share of k
`);
const forgetEarlier = prepared('delete from api_key_secrets where api_key_id = $1 and until <= $2');
const countEarlier = prepared<{ secrets: number }>(
  'select count(*)::int as secrets from api_key_secrets where api_key_id = $1',
);
const insertEarlier = prepared('insert into api_key_secrets (hash, api_key_id, until) values ($1, $2, $3)');
const deleteEarlier = prepared('delete from api_key_secrets where api_key_id = $1');
const lastHour = `array(select at from unnest(c.at) as at where ${isInLast('1 hour', 'at')} order by at)`;
const countChange = prepared<{ counted: number }>(`
  insert into api_key_changes as c (workspace_id, at) values ($1, array[now()])
  on conflict (workspace_id) do update set at = ${lastHour} || now() where cardinality(${lastHour}) < $2
  returning 1 as counted
`);
const oldestChange = prepared<{ freeInSeconds: number }>(`
  select ceil(extract(epoch from (${lastHour})[1] + interval '1 hour' - now()))::int as "freeInSeconds"
  from api_key_changes c where c.workspace_id = $1
`);
const selectUsable = prepared<{ hash: Buffer }>(`
  with shown as (
    select hash, id, null::timestamptz as until from api_keys where hash = any($1)
    union all select previous_hash, id, previous_until from api_keys where previous_hash = any($1)
    union all select hash, api_key_id, until from api_key_secrets where hash = any($1)
  )
  select shown.hash from shown join api_keys k on k.id = shown.id join workspaces w on w.id = k.workspace_id
  where (shown.until is null or shown.until > $2)
    and k.revoked_at is null and (k.expires_at is null or k.expires_at > $2)
    and w.archived_at is null and w.plan = any($3)
`);
// Skips rows that somebody else has locked until the next time: a time of use is not worth a deadlock.
const writeUses = prepared(`
  with used as (
    select k.id, u.at from api_keys k join unnest($1::text[], $2::timestamptz[]) as u (id, at) on u.id = k.id
    where k.last_used_at is null or k.last_used_at < u.at
    for no key update of k skip locked
  )
  update api_keys k set last_used_at = used.at from used where k.id = used.id
`);

/** So many keys that have ended are kept, the latest ones; older ones are deleted when another key is made. */
const endedKept = 1_000;
const plansWithApi = Object.entries(plans).flatMap(([plan, { api }]) => (api ? [plan] : []));

/** Topic of `Notifications`: the subjects are key ids. */
export const apiKeyChanged = 'api-key-changed';

export interface NewApiKey {
  apiKey: ApiKey;
  /** The key itself, shown this once. */
  secret: string;
}

export class ApiKeyService {
  private readonly lookups = new LookupCache<KnownKey>(async (text) => this.lookUp(text));
  private readonly uses = new Map<string, number>();
  private usesTimer: NodeJS.Timeout | null = null;

  constructor(
    private readonly database: Database,
    private readonly notifications: Notifications,
    private readonly audit: AuditService,
    private readonly sessions: SessionService,
    private readonly log: Log,
  ) {
    notifications.on(apiKeyChanged, (ids) => this.lookups.forget(({ key }) => ids.includes(key.id)));
    notifications.on(workspaceChanged, (ids) => this.lookups.forget(({ workspace }) => ids.includes(workspace.id)));
    notifications.onReconnect(() => this.lookups.clear());
  }

  /**
   * Who calls with this key. A made-up key is refused by its checksum, before any query.
   * @throws authentication_required, with the reason for the log alone
   */
  async authenticate(text: string, origin: Origin): Promise<Actor> {
    const found = await this.lookups.get(text);
    if (found === null) throw authenticationRequired({ cause: 'malformed or unknown key' });
    const { key, secretHash, shownUntil, workspace, allowed } = found;
    const nowMs = clock.nowMs();
    if (key.revokedAt !== null) throw authenticationRequired({ cause: `key ${key.id} is revoked` });
    if (key.expiresAt !== null && key.expiresAt.getTime() <= nowMs) {
      throw authenticationRequired({ cause: `key ${key.id} is expired` });
    }
    if (shownUntil !== null && shownUntil.getTime() <= nowMs) {
      throw authenticationRequired({ cause: `key ${key.id} was rotated` });
    }
    if (allowed !== null && !isWithin(allowed, origin.address ?? '')) {
      throw authenticationRequired({ cause: `key ${key.id} may not be used from this address` });
    }
    this.noteUse(key.id, nowMs);
    const { scopes, documentsOnly } = key;
    return new Actor('key', key.id, actorWorkspace(workspace), { scopes, documentsOnly, secretHash }, origin);
  }

  /** Which of these secrets, by their hashes in hex, still work: by a look into the database, never by what is remembered. */
  async usable(secretHashes: readonly string[]): Promise<Set<string>> {
    const hashes = secretHashes.map((hash) => Buffer.from(hash, 'hex'));
    const found = await this.database.reserved.query(selectUsable, [hashes, now(), plansWithApi]);
    return new Set(found.map(({ hash }) => hash.toString('hex')));
  }

  /** `Confirm` for keys, and for people by way of their sessions. */
  async confirm(tx: Tx, actor: Actor): Promise<void> {
    if (actor.kind !== 'key') return await this.sessions.confirm(tx, actor);
    const [found] = await tx.query(keepOne, [actor.id, now(), Buffer.from(actor.credentialId, 'hex')]);
    if (found === undefined) throw authenticationRequired({ cause: `key ${actor.id} or its secret ended meanwhile` });
    if (found.archivedAt !== null) throw workspaceArchived();
  }

  /** For operators, who name a key by its id alone. */
  async find(id: string): Promise<ApiKey> {
    const key = isId(id, 'apiKey') ? await this.database.manager.findOneBy(ApiKey, { id }) : null;
    if (key === null) throw notFound('api_key');
    return key;
  }

  /** The key with which the caller calls; null when the caller is a person. */
  async ownOf(actor: Actor): Promise<ApiKey | null> {
    if (actor.kind !== 'key') return null;
    const [key] = await this.database.query(selectMany, [[actor.id], actor.workspaceId]);
    return key ?? null;
  }

  /** The same for a caller who can only be a key. @throws authentication_required when it is gone meanwhile */
  async own(actor: Actor): Promise<ApiKey> {
    const key = await this.ownOf(actor);
    if (key === null) throw authenticationRequired({ cause: `key ${actor.id} is gone` });
    return key;
  }

  async getMany(actor: Actor, ids: readonly string[]): Promise<ApiKey[]> {
    actor.requireRole('ADMIN');
    return await this.database.query(selectMany, [ids, actor.workspaceId]);
  }

  async list(actor: Actor, page: PageRequest): Promise<Page<ApiKey>> {
    actor.requireRole('ADMIN');
    return await readPage<ApiKey>(this.database, listOf(actor), page);
  }

  async count(actor: Actor): Promise<number> {
    actor.requireRole('ADMIN');
    return await countRows(this.database, listOf(actor));
  }

  /** Keys that count towards the plan. */
  async countLive(workspaceId: string): Promise<number> {
    const [count] = await this.database.query(countLive, [workspaceId, now()]);
    return count?.live ?? 0;
  }

  /** Keys that still work and whose secret this person was shown, at their making or a rotation. */
  async madeBy(actor: Actor, userId: string): Promise<ApiKey[]> {
    actor.requireRole('ADMIN');
    const live = await this.database.query(selectLive, [actor.workspaceId, now()]);
    const ids = live.map(({ id }) => id);
    const made = await this.audit.doneBy(userId, actor.workspaceId, ['api_key.created', 'api_key.rotated'], ids);
    return live.filter(({ id }) => made.has(id));
  }

  /** @throws plan_limit_exceeded; live keys are counted under a lock. rate_limit_exceeded beyond 30 changes an hour */
  async create(actor: Actor, read: Unread<typeof CreateApiKey>): Promise<NewApiKey> {
    actor.requireRole('ADMIN');
    return await this.database.transaction(async (tx) => {
      const input = read();
      if (input.expiresAt && input.expiresAt.getTime() <= clock.nowMs()) {
        throw invalid('expiresAt', 'out_of_range', 'must be in the future');
      }
      await this.lockRights(tx, actor);
      await this.countChange(tx, actor);
      return await this.insert(tx, actor.workspaceId, input, actor);
    }, actor.guard);
  }

  /**
   * A new secret for the same key. The secret before it goes on working for the overlap that the caller asks for, and
   * earlier secrets until the end of theirs.
   * @throws conflict when a sixth earlier secret would work; rate_limit_exceeded beyond 30 changes an hour
   */
  async rotate(actor: Actor, id: string, read: Unread<typeof RotateApiKey>): Promise<NewApiKey> {
    actor.requireRole('ADMIN');
    return await this.database.transaction(async (tx) => {
      await this.get(actor, id);
      const { overlapSeconds } = read();
      await this.lockRights(tx, actor);
      const key = await this.lock(tx, actor, id);
      const { at } = nextMoment();
      if (key.revokedAt !== null || (key.expiresAt !== null && key.expiresAt <= at)) {
        throw conflict('api_key_ended', 'This key was revoked or has expired.');
      }
      await this.countChange(tx, actor);
      await this.keepEarlier(tx, key, at, overlapSeconds > 0);
      const secret = newApiKeyText();
      const untilMs = Math.min(at.getTime() + overlapSeconds * 1_000, key.expiresAt?.getTime() ?? Infinity);
      const rotated = {
        hash: hashOf(secret),
        hint: hintOf(secret),
        previousHash: overlapSeconds === 0 ? null : key.hash,
        previousUntil: overlapSeconds === 0 ? null : new Date(untilMs),
      };
      await tx.manager.update(ApiKey, { id, workspaceId: actor.workspaceId }, rotated);
      await this.audit.record(tx, actor, 'api_key.rotated', id, { overlap_seconds: overlapSeconds });
      tx.afterCommit(() => this.notifications.send(apiKeyChanged, id));
      return { apiKey: Object.assign(key, rotated), secret };
    }, actor.guard);
  }

  /** Ends all secrets of the key. */
  async revoke(actor: Actor, id: string): Promise<ApiKey> {
    actor.requireRole('ADMIN');
    return await this.database.transaction(async (tx) => {
      await this.get(actor, id);
      await this.lockRights(tx, actor);
      const key = await this.lock(tx, actor, id);
      if (key.revokedAt !== null) return key;
      const revoked = { revokedAt: nextMoment().at, previousHash: null, previousUntil: null };
      await tx.manager.update(ApiKey, { id, workspaceId: actor.workspaceId }, revoked);
      await tx.query(deleteEarlier, [id]);
      await this.audit.record(tx, actor, 'api_key.revoked', id, { name: key.name });
      tx.afterCommit(() => this.notifications.send(apiKeyChanged, id));
      return Object.assign(key, revoked);
    }, actor.guard);
  }

  /** @param by who makes the key, an operator if absent; `secret` is the key's text, a new one if absent */
  async insert(
    tx: Tx,
    workspaceId: string,
    input: Valid<typeof CreateApiKey>,
    by: AuditedActor = operatorIn(workspaceId),
    secret = newApiKeyText(),
  ): Promise<NewApiKey> {
    const [workspace] = await tx.query(lockWorkspace, [workspaceId]);
    if (workspace === undefined) throw notFound('workspace');
    const { at } = nextMoment();
    const [count] = await tx.query(countLive, [workspaceId, at]);
    const max = plans[workspace.plan].apiKeys;
    if ((count?.live ?? 0) >= max) throw planLimitExceeded('api_keys', count?.live ?? 0, max);
    const [person] = by.kind === 'user' ? await tx.query(selectName, [by.id, workspaceId]) : [];
    const apiKey = Object.assign(new ApiKey(), {
      id: newId('apiKey'),
      workspaceId,
      name: input.name,
      hash: hashOf(secret),
      hint: hintOf(secret),
      previousHash: null,
      previousUntil: null,
      scopes: [...new Set<Scope>(input.scopes)],
      allowedCidrs: input.allowedCidrs,
      documentsOnly: input.documentsOnly,
      expiresAt: input.expiresAt ?? null,
      revokedAt: null,
      lastUsedAt: null,
      createdAt: at,
      createdBy: person === undefined ? null : by.id,
      createdByName: person?.name ?? null,
    });
    await tx.query(forgetEnded, [workspaceId, at, endedKept]);
    await tx.manager.insert(ApiKey, apiKey);
    const { id, name, scopes, allowedCidrs, expiresAt } = apiKey;
    const details = { name, scopes, allowed_cidrs: allowedCidrs, expires_at: expiresAt };
    await this.audit.record(tx, by, 'api_key.created', id, details);
    return { apiKey, secret };
  }

  /** Writes the times of use that this process has not written yet. */
  async stop(): Promise<void> {
    if (this.usesTimer !== null) clearInterval(this.usesTimer);
    await this.writeUses();
  }

  /** Rights in a workspace change one at a time, so the caller's own rights are looked at again once the lock is held. */
  private async lockRights(tx: Tx, actor: Actor): Promise<void> {
    await tx.query(lockWorkspace, [actor.workspaceId]);
    await this.sessions.confirm(tx, actor);
  }

  /** Counts a change towards the hour's 30; an operator's is not counted. */
  private async countChange(tx: Tx, { kind, workspaceId }: Actor): Promise<void> {
    if (kind === 'operator') return;
    const counted = await tx.query(countChange, [workspaceId, changesPerHourMax]);
    if (counted.length > 0) return;
    const [oldest] = await tx.query(oldestChange, [workspaceId]);
    throw rateLimitExceeded(Math.max(1, oldest?.freeInSeconds ?? 3_600));
  }

  /** Keeps the secret before the last one until its overlap ends; `another`: the last one is about to be kept, too. */
  private async keepEarlier(tx: Tx, { id, previousHash, previousUntil }: ApiKey, at: Date, another: boolean) {
    await tx.query(forgetEarlier, [id, at]);
    if (previousHash !== null && previousUntil !== null && previousUntil > at) {
      await tx.query(insertEarlier, [previousHash, id, previousUntil]);
    }
    const [count] = await tx.query(countEarlier, [id]);
    if (another && (count?.secrets ?? 0) >= earlierSecretsMax) {
      throw conflict('too_many_secrets', `${earlierSecretsMax} earlier secrets of this key still work.`);
    }
  }

  private async get(actor: Actor, id: string): Promise<ApiKey> {
    const [key] = isId(id, 'apiKey') ? await this.database.query(selectMany, [[id], actor.workspaceId]) : [];
    if (key === undefined) throw notFound('api_key');
    return key;
  }

  private async lock(tx: Tx, actor: Actor, id: string): Promise<ApiKey> {
    const [key] = await tx.query(lockOne, [id, actor.workspaceId]);
    if (key === undefined) throw notFound('api_key');
    return key;
  }

  private async lookUp(text: string): Promise<KnownKey | null> {
    if (!isApiKeyText(text)) return null;
    const hash = hashOf(text);
    const [row] = await this.database.reserved.query(selectByHash, [hash]);
    if (row === undefined) return null;
    const { workspace, rest } = partsOf(row, 'workspace');
    const { earlierUntil, ...properties } = rest as ApiKey & { earlierUntil: Date | null };
    const key = Object.assign(new ApiKey(), properties);
    const shownUntil = key.hash.equals(hash) ? null : (earlierUntil ?? key.previousUntil);
    const allowed = key.allowedCidrs.length === 0 ? null : blockListOf(key.allowedCidrs);
    const secretHash = hash.toString('hex');
    return { key, secretHash, shownUntil, workspace: Object.assign(new Workspace(), workspace), allowed };
  }

  private noteUse(id: string, nowMs: number): void {
    this.uses.set(id, nowMs);
    this.usesTimer ??= setInterval(() => void this.writeUses(), usesWrittenEveryMs).unref();
  }

  private async writeUses(): Promise<void> {
    if (this.uses.size === 0) return;
    const columns = [[...this.uses.keys()], [...this.uses.values()].map((atMs) => new Date(atMs))];
    this.uses.clear();
    try {
      await this.database.reserved.query(writeUses, columns);
    } catch (error) {
      this.log.warn({ error: errorFields(error) }, 'when keys were last used could not be written');
    }
  }
}

function listOf(actor: Actor): List {
  const where = new Conditions().within('k.workspace_id = $?', actor.workspaceId);
  return { from: `${columns} from api_keys k`, id: 'k.id', where };
}
