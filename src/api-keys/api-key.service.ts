import { isIP, type BlockList } from 'node:net';
import { Actor, type Origin, type Scope } from '../platform/actor.js';
import { blockListOf } from '../platform/config.js';
import { columnsOf, prepared, type Database, type Tx } from '../platform/database.js';
import { authenticationRequired, invalid, notFound, planLimitExceeded } from '../platform/errors.js';
import { newId, nextMoment } from '../platform/id.js';
import type { Signals } from '../platform/signals.js';
import type { Unread, Valid } from '../platform/validate.js';
import { plans } from '../workspaces/plans.js';
import { actorWorkspace, Workspace } from '../workspaces/workspace.entity.js';
import { workspaceChanged } from '../workspaces/workspace.service.js';
import { hashOf, hintOf, isApiKeyText, newApiKeyText } from './api-key-text.js';
import { ApiKey } from './api-key.entity.js';
import type { CreateApiKey } from './api-key.input.js';

/** How long a process may go on by what it knew of a key, should the signal of a change be lost. */
const knownForMs = 30_000;
const knownKeysMax = 10_000;

interface KnownKey {
  key: ApiKey;
  workspace: Workspace;
  allowed: BlockList | null;
  knownAt: number;
}

const selectByHash = prepared<ApiKey & { workspace: Workspace }>(`
  select ${columnsOf(ApiKey, 'k')}, ${columnsOf(Workspace, 'w').replaceAll(' as "', ' as "workspace.')}
  from api_keys k join workspaces w on w.id = k.workspace_id where k.hash = $1
`);
const lockWorkspace = prepared<Workspace>(
  `select ${columnsOf(Workspace, 'w')} from workspaces w where w.id = $1 for no key update`,
);
const countLive = prepared<{ live: number }>(`
  select count(*)::int as live from api_keys
  where workspace_id = $1 and revoked_at is null and (expires_at is null or expires_at > $2)
`);

/** Topic of `Signals`: the subjects are key ids. */
export const apiKeyChanged = 'api-key-changed';

export interface NewApiKey {
  apiKey: ApiKey;
  /** The key itself, shown this once. */
  secret: string;
}

export class ApiKeyService {
  private readonly known = new Map<string, KnownKey>();

  constructor(
    private readonly database: Database,
    private readonly signals: Signals,
  ) {
    signals.on(apiKeyChanged, (ids) => this.forget(({ key }) => ids.includes(key.id)));
    signals.on(workspaceChanged, (ids) => this.forget(({ workspace }) => ids.includes(workspace.id)));
    signals.onReconnect(() => this.known.clear());
  }

  /**
   * Who calls with this key. A made-up key is refused by its checksum, before any query.
   * @throws authentication_required, with the reason for the log alone
   */
  async authenticate(text: string, origin: Origin): Promise<Actor> {
    if (!isApiKeyText(text)) throw authenticationRequired({ cause: 'malformed key' });
    const { key, workspace, allowed } = await this.recall(hashOf(text));
    if (key.revokedAt !== null) throw authenticationRequired({ cause: `key ${key.id} is revoked` });
    if (key.expiresAt !== null && key.expiresAt.getTime() <= Date.now()) {
      throw authenticationRequired({ cause: `key ${key.id} is expired` });
    }
    if (allowed !== null && !within(allowed, origin.address)) {
      throw authenticationRequired({ cause: `key ${key.id} may not be used from this address` });
    }
    return new Actor('key', key.id, actorWorkspace(workspace), { scopes: key.scopes }, origin);
  }

  /** For operators, who name a key by its id alone. */
  async find(id: string): Promise<ApiKey> {
    const key = await this.database.manager.findOneBy(ApiKey, { id });
    if (key === null) throw notFound('api_key');
    return key;
  }

  async list(actor: Actor): Promise<ApiKey[]> {
    actor.requireRole('ADMIN');
    return await this.database.manager.find(ApiKey, {
      where: { workspaceId: actor.workspaceId },
      order: { id: 'DESC' },
    });
  }

  /** @throws plan_limit_exceeded; live keys are counted under a lock */
  async create(actor: Actor, read: Unread<typeof CreateApiKey>): Promise<NewApiKey> {
    actor.requireRole('ADMIN');
    const input = read();
    if (input.expiresAt && input.expiresAt.getTime() <= Date.now()) {
      throw invalid('expiresAt', 'out_of_range', 'must be in the future');
    }
    return await this.database.transaction((tx) => this.insert(tx, actor.workspaceId, input), actor.guard);
  }

  async revoke(actor: Actor, id: string): Promise<ApiKey> {
    actor.requireRole('ADMIN');
    return await this.database.transaction(async (tx) => {
      const where = { id, workspaceId: actor.workspaceId };
      const key = await tx.manager.findOne(ApiKey, { where, lock: { mode: 'pessimistic_write' } });
      if (key === null) throw notFound('api_key');
      if (key.revokedAt !== null) return key;
      key.revokedAt = nextMoment().at;
      await tx.manager.update(ApiKey, where, { revokedAt: key.revokedAt });
      tx.afterCommit(() => this.signals.send(apiKeyChanged, id));
      return key;
    }, actor.guard);
  }

  async insert(tx: Tx, workspaceId: string, input: Valid<typeof CreateApiKey>): Promise<NewApiKey> {
    const [workspace] = await tx.query(lockWorkspace, [workspaceId]);
    if (workspace === undefined) throw notFound('workspace');
    const { at } = nextMoment();
    const [count] = await tx.query(countLive, [workspaceId, at]);
    const max = plans[workspace.plan].apiKeys;
    if ((count?.live ?? 0) >= max) throw planLimitExceeded('api_keys', count?.live ?? 0, max);
    const secret = newApiKeyText();
    const apiKey = Object.assign(new ApiKey(), {
      id: newId('apiKey'),
      workspaceId,
      name: input.name,
      hash: hashOf(secret),
      hint: hintOf(secret),
      scopes: [...new Set<Scope>(input.scopes)],
      allowedCidrs: input.allowedCidrs,
      documentsOnly: input.documentsOnly,
      expiresAt: input.expiresAt ?? null,
      revokedAt: null,
      lastUsedAt: null,
      createdAt: at,
    });
    await tx.manager.insert(ApiKey, apiKey);
    return { apiKey, secret };
  }

  private async recall(hash: Buffer): Promise<KnownKey> {
    const name = hash.toString('base64');
    const known = this.known.get(name);
    if (known !== undefined && Date.now() - known.knownAt < knownForMs) return known;
    const knownAt = Date.now();
    const [row] = await this.database.query(selectByHash, [hash]);
    if (row === undefined) throw authenticationRequired({ cause: 'unknown key' });
    const found = { ...split(row), knownAt };
    if (this.known.size >= knownKeysMax) this.known.delete(this.known.keys().next().value ?? '');
    this.known.set(name, found);
    return found;
  }

  private forget(isStale: (known: KnownKey) => boolean): void {
    for (const [name, known] of this.known) if (isStale(known)) this.known.delete(name);
  }
}

function split(row: object): Pick<KnownKey, 'key' | 'workspace' | 'allowed'> {
  const key = new ApiKey();
  const workspace = new Workspace();
  for (const [name, value] of Object.entries(row)) {
    if (name.startsWith('workspace.')) Object.assign(workspace, { [name.slice('workspace.'.length)]: value });
    else Object.assign(key, { [name]: value });
  }
  return { key, workspace, allowed: key.allowedCidrs.length === 0 ? null : blockListOf(key.allowedCidrs) };
}

function within(ranges: BlockList, address: string | null): boolean {
  const family = isIP(address ?? '');
  return family !== 0 && ranges.check(address ?? '', family === 6 ? 'ipv6' : 'ipv4');
}
