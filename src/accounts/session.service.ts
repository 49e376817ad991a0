import { Actor, type Origin, type Role } from '../platform/actor.js';
import { dayMs, now, nowMs } from '../platform/clock.js';
import type { Database, Tx } from '../platform/postgres/database.js';
import { columnsOf, partsOf, pipelined, prepared } from '../platform/postgres/statement.js';
import { authenticationRequired, invalidCredentials, notFound, workspaceArchived } from '../platform/errors.js';
import { isId, newId } from '../platform/id.js';
import { LookupCache } from '../platform/async/lookup-cache.js';
import { errorFields, type Log } from '../platform/log.js';
import type { Notifications } from '../platform/postgres/notifications.js';
import { actorWorkspace, Workspace } from '../workspaces/workspace.entity.js';
import { workspaceChanged } from '../workspaces/workspace.service.js';
import { Session } from './session.entity.js';
import { isToken, newToken, tokenHash } from './token.js';
import { User } from './user.entity.js';

/** A session that is not used for so long ends. */
const sessionIdleMs = 30 * dayMs;
/** A session ends after so long, however much it is used. */
export const sessionLifeMs = 90 * dayMs;
/** Sessions of one person; a further one ends the session that was unused longest. */
export const liveSessionsMax = 20;
const useWrittenAfterMs = 60_000;
/** Of how a browser names itself so much is kept. */
const userAgentCharactersMax = 400;

interface KnownSession {
  /** When this process last saw the session used; the row is written once a minute at most. */
  usedMs: number;
  session: Session;
  user: Pick<User, 'id' | 'role'>;
  workspace: Workspace;
}

type SessionRow = Record<keyof Session | `user.${'id' | 'role'}` | `workspace.${keyof Workspace}`, unknown>;

const alive = 's.last_used_at > $2 and s.created_at > $3';
const selectByHash = pipelined<SessionRow>(`
  select ${columnsOf(Session, 's')}, ${columnsOf(User, 'u', { only: ['id', 'role'], under: 'user' })},
    ${columnsOf(Workspace, 'w', { under: 'workspace' })}
  from sessions s join users u on u.id = s.user_id join workspaces w on w.id = u.workspace_id
  where s.hash = $1 and ${alive}
`);
const selectUsable = prepared<{ id: string }>(`
  select s.id from sessions s join users u on u.id = s.user_id join workspaces w on w.id = u.workspace_id
  where s.id = any($1) and ${alive} and w.archived_at is null
`);
// While this lock is held, the person neither signs in elsewhere nor changes the password.
const lockPerson = prepared<Workspace & { role: Role }>(`
  select u.role, ${columnsOf(Workspace, 'w')} from users u join workspaces w on w.id = u.workspace_id
  where u.id = $1 and u.password_hash = $2
  for no key update of u
`);
// Keeps the session from ending until the commit; its time of use may still be written.
const keepOne = prepared<{ archivedAt: Date | null }>(`
  select w.archived_at as "archivedAt"
  from sessions s join users u on u.id = s.user_id join workspaces w on w.id = u.workspace_id
  where s.id = $1 and ${alive}
  for key share of s
`);
const insertOne = prepared(
  `insert into sessions (id, hash, user_id, created_at, last_used_at, address, user_agent)
   values ($1, $2, $3, $4, $4, $5, $6)`,
);
const deleteEnded = prepared('delete from sessions where user_id = $1 and (last_used_at <= $2 or created_at <= $3)');
const deleteOne = prepared('delete from sessions where id = $1');
const selectOthers = prepared<{ id: string; lastUsedAt: Date }>(
  'select id, last_used_at as "lastUsedAt" from sessions where user_id = $1 and id <> $2 order by id desc',
);
const columns = columnsOf(Session, 's', { without: ['hash'] });
const selectAll = pipelined<Session>(
  `select ${columns} from sessions s where s.user_id = $1 and ${alive} order by s.id desc limit ${liveSessionsMax}`,
);
// While this lock is held, the person does not sign in elsewhere, and two sessions cannot end each other.
const lockOwner = prepared('select from users where id = $1 for no key update');
const deleteOneOf = prepared<Session>(
  `delete from sessions s where s.id = $1 and ${alive} and s.user_id = $4 returning ${columns}`,
);
const deleteOthers = prepared<{ id: string }>('delete from sessions where user_id = $1 and id <> $2 returning id');
const deleteMany = prepared('delete from sessions where id = any($1)');
const deleteAll = prepared<{ id: string }>('delete from sessions where user_id = $1 returning id');
const touch = prepared('update sessions set last_used_at = $2 where id = $1 and last_used_at < $2');

/** Topic of `Notifications`: the subjects are ids of sessions, or of people all of whose sessions ended. */
export const sessionsEnded = 'sessions-ended';

/** People signed in: a token in a cookie, its hash in a row. */
export class SessionService {
  private readonly lookups = new LookupCache<KnownSession>(async (name) => this.lookUp(Buffer.from(name, 'base64')));

  constructor(
    private readonly database: Database,
    private readonly notifications: Notifications,
    private readonly log: Log,
  ) {
    notifications.on(sessionsEnded, (ids) =>
      this.lookups.forget(({ session, user }) => ids.includes(session.id) || ids.includes(user.id)),
    );
    notifications.on(workspaceChanged, (ids) => this.lookups.forget(({ workspace }) => ids.includes(workspace.id)));
    notifications.onReconnect(() => this.lookups.clear());
  }

  /** Who calls with this token; null when its session has ended or never was. */
  async authenticate(token: string, origin: Origin): Promise<Actor | null> {
    if (!isToken(token)) return null;
    const found = await this.lookups.get(tokenHash(token).toString('base64'));
    if (found === null || !isAlive(found.session)) return null;
    const { session, user, workspace } = found;
    found.usedMs = nowMs();
    return new Actor('user', user.id, actorWorkspace(workspace), { role: user.role, sessionId: session.id }, origin);
  }

  /** Which of these sessions have not ended, by a look into the database, never by what this process remembers. */
  async usable(ids: readonly string[]): Promise<Set<string>> {
    const found = await this.database.reserved.query(selectUsable, [ids, ...sessionBounds()]);
    return new Set(found.map(({ id }) => id));
  }

  /**
   * Begins a session and returns its token, of which only the hash is kept. It begins only if the person's password is
   * still the one that was found right. Beyond 20 sessions the one that was unused longest ends.
   * @throws invalid_credentials, workspace_archived
   */
  async start(
    tx: Tx,
    { id: userId, passwordHash }: Pick<User, 'id' | 'passwordHash'>,
    origin: Origin | null,
  ): Promise<{ actor: Actor; token: string; ended: number }> {
    const [found] = await tx.query(lockPerson, [userId, passwordHash]);
    if (found === undefined) throw invalidCredentials({ cause: 'the password was changed meanwhile' });
    const { role, ...workspace } = found;
    if (workspace.archivedAt !== null) throw workspaceArchived();
    const [id, token] = [newId('session'), newToken()];
    await tx.query(deleteEnded, [userId, ...sessionBounds()]);
    const userAgent = origin?.userAgent?.slice(0, userAgentCharactersMax) ?? null;
    await tx.query(insertOne, [id, tokenHash(token), userId, now(), origin?.address ?? null, userAgent]);
    const ended = await this.endUnused(tx, userId, id);
    const granted = { role, sessionId: id };
    const actor = new Actor('user', userId, actorWorkspace(workspace), granted, origin);
    return { actor, token, ended };
  }

  /** Makes room for a new session. Returns how many ended. */
  private async endUnused(tx: Tx, userId: string, newId: string): Promise<number> {
    const others = await tx.query(selectOthers, [userId, newId]);
    if (others.length < liveSessionsMax) return 0;
    const usedMs = new Map<string, number>();
    for (const known of this.lookups.all()) if (known.user.id === userId) usedMs.set(known.session.id, known.usedMs);
    const lastMs = ({ id, lastUsedAt }: { id: string; lastUsedAt: Date }) =>
      Math.max(lastUsedAt.getTime(), usedMs.get(id) ?? 0);
    const unused = others.toSorted((a, b) => lastMs(b) - lastMs(a)).slice(liveSessionsMax - 1);
    const ids = unused.map(({ id }) => id);
    await tx.query(deleteMany, [ids]);
    this.tellOfEnd(tx, ids);
    return ids.length;
  }

  /** `Confirm` for people: a change of a person's role, membership or password ends the person's sessions. */
  async confirm(tx: Tx, actor: Actor): Promise<void> {
    if (actor.kind !== 'user') return;
    const [found] = await tx.query(keepOne, [actor.credentialId, ...sessionBounds()]);
    if (found === undefined) throw authenticationRequired({ cause: 'the session ended meanwhile' });
    if (found.archivedAt !== null) throw workspaceArchived();
  }

  async end(actor: Actor): Promise<void> {
    await this.database.query(deleteOne, [actor.credentialId]);
    this.notifications.send(sessionsEnded, actor.credentialId);
  }

  /** The sessions of the person who calls, the newest first. */
  async list(actor: Actor): Promise<Session[]> {
    return await this.database.query(selectAll, [actor.id, ...sessionBounds()]);
  }

  /** Ends a session of the person who calls, in every process, once `tx` commits. @throws resource_not_found */
  async endOne(tx: Tx, actor: Actor, id: string): Promise<Session> {
    await this.lockOwn(tx, actor);
    const [session] = isId(id, 'session') ? await tx.query(deleteOneOf, [id, ...sessionBounds(), actor.id]) : [];
    if (session === undefined) throw notFound('session');
    this.tellOfEnd(tx, [id]);
    return session;
  }

  /** Ends the caller's sessions but the one that calls, in every process, once `tx` commits. @returns how many */
  async endOthers(tx: Tx, actor: Actor): Promise<number> {
    await this.lockOwn(tx, actor);
    await tx.query(deleteEnded, [actor.id, ...sessionBounds()]);
    const ended = await tx.query(deleteOthers, [actor.id, actor.credentialId]);
    const ids = ended.map(({ id }) => id);
    this.tellOfEnd(tx, ids);
    return ids.length;
  }

  /** Sessions of a person end one at a time, so the caller's own is looked at again once the lock is held. */
  private async lockOwn(tx: Tx, actor: Actor): Promise<void> {
    await tx.query(lockOwner, [actor.id]);
    await this.confirm(tx, actor);
  }

  private tellOfEnd(tx: Tx, ids: readonly string[]): void {
    tx.afterCommit(() => ids.forEach((id) => this.notifications.send(sessionsEnded, id)));
  }

  /** Ends all sessions of a person, in every process, once `tx` commits. @returns how many there were */
  async endAllOf(tx: Tx, userId: string): Promise<number> {
    const ended = await tx.query(deleteAll, [userId]);
    tx.afterCommit(() => this.notifications.send(sessionsEnded, userId));
    return ended.length;
  }

  private async lookUp(hash: Buffer): Promise<KnownSession | null> {
    const [row] = await this.database.reserved.query(selectByHash, [hash, ...sessionBounds()]);
    if (row === undefined) return null;
    const parts = partsOf(row, 'user', 'workspace');
    const session = Object.assign(new Session(), parts.rest);
    const user = Object.assign(new User(), parts.user);
    const workspace = Object.assign(new Workspace(), parts.workspace);
    if (nowMs() - session.lastUsedAt.getTime() > useWrittenAfterMs) void this.touch(session);
    return { session, user, workspace, usedMs: session.lastUsedAt.getTime() };
  }

  private async touch(session: Session): Promise<void> {
    try {
      session.lastUsedAt = now();
      await this.database.reserved.query(touch, [session.id, session.lastUsedAt]);
    } catch (error) {
      this.log.warn({ error: errorFields(error) }, 'when a session was last used could not be written');
    }
  }
}

/** Sessions last used, or begun, at or before these moments have ended. */
export const sessionBounds = () => [new Date(nowMs() - sessionIdleMs), new Date(nowMs() - sessionLifeMs)];

const isAlive = ({ lastUsedAt, createdAt }: Session) =>
  nowMs() - lastUsedAt.getTime() < sessionIdleMs && nowMs() - createdAt.getTime() < sessionLifeMs;
