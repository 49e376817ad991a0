import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { Request } from 'express';
import type { SessionService } from '../accounts/session.service.js';
import type { ApiKeyService } from '../api-keys/api-key.service.js';
import type { Actor, Origin } from '../platform/actor.js';
import type { Transport } from '../platform/graphql/operation-context.js';
import { authenticationRequired, csrfRequired, Failure, workspaceArchived } from '../platform/errors.js';
import { requireFeature } from '../workspaces/plans.js';
import { belongsTo } from './connections.js';
import { factsOf } from './request.js';
import { cannotBeForged, sessionCookieOn, sessionTokenOf } from './session.js';

/**
 * The caller, or a stranger with the reason why the credential that they showed is refused: the door says it only after
 * it has counted the stranger. A credential that could not be looked up is neither, and throws.
 */
export async function callerOf(
  identified: Promise<Actor | null>,
): Promise<{ actor: Actor | null; refusal: Failure | null }> {
  try {
    return { actor: await identified, refusal: null };
  } catch (thrown) {
    if (thrown instanceof Failure && thrown.status < 500) return { actor: null, refusal: thrown };
    throw thrown;
  }
}

/** @throws what a caller is refused for who is known: workspace_archived, feature_not_available */
export function requireAccess(actor: Actor): void {
  if (actor.workspace.archived) throw workspaceArchived();
  if (actor.kind === 'key') requireFeature(actor, 'api');
}

export class Authenticator {
  constructor(
    private readonly apiKeys: ApiKeyService,
    private readonly sessions: SessionService,
    private readonly publicUrl: () => string,
  ) {}

  /**
   * The caller, by key or by session; null without either, and for a session that has ended.
   * @throws authentication_required for a wrong key, csrf_required for a cookie that another site may have sent
   */
  async actorOf(request: Request): Promise<Actor | null> {
    const { headers } = request;
    if (headers.authorization !== undefined) return await this.keyOf(request);
    if (sessionTokenOf(headers, this.publicUrl()) !== null && !cannotBeForged(headers)) throw csrfRequired();
    return this.noted(request, await this.sessionOf(headers, factsOf(request).origin));
  }

  /** The caller, by key alone: REST knows no sessions. */
  async keyOf(request: Request): Promise<Actor | null> {
    const { origin } = factsOf(request);
    return this.noted(request, await this.bearerOf(request.headers.authorization, origin));
  }

  /**
   * The caller who opens a WebSocket. A browser lets any page open one and sends our cookie along, so a session counts
   * only for pages of `PUBLIC_URL`.
   * @param authorization sent in `connection_init`, as browsers cannot set the header
   */
  async actorOfUpgrade(headers: IncomingHttpHeaders, origin: Origin, authorization?: string): Promise<Actor | null> {
    const bearer = await this.bearerOf(authorization ?? headers.authorization, origin);
    if (bearer !== null) return bearer;
    const publicUrl = this.publicUrl();
    if (sessionTokenOf(headers, publicUrl) === null) return null;
    if (headers.origin !== new URL(publicUrl).origin) throw csrfRequired({ cause: 'the Origin is not PUBLIC_URL' });
    return await this.sessionOf(headers, origin);
  }

  /** Sets and clears the session cookie on an answer. */
  cookieOn(response: ServerResponse): NonNullable<Transport['cookie']> {
    return sessionCookieOn(response, this.publicUrl());
  }

  private async bearerOf(authorization: string | undefined, origin: Origin): Promise<Actor | null> {
    if (authorization === undefined) return null;
    const key = bearerIn(authorization);
    if (key === '') throw authenticationRequired({ cause: 'the Authorization header is not a bearer token' });
    return await this.apiKeys.authenticate(key, origin);
  }

  private async sessionOf(headers: IncomingHttpHeaders, origin: Origin): Promise<Actor | null> {
    const token = sessionTokenOf(headers, this.publicUrl());
    return token === null ? null : await this.sessions.authenticate(token, origin);
  }

  private noted(request: Request, actor: Actor | null): Actor | null {
    const facts = factsOf(request);
    facts.caller = actor?.id ?? null;
    facts.account.workspaceId = actor?.workspaceId ?? null;
    if (actor !== null) belongsTo(request.socket, actor.workspaceId);
    return actor;
  }
}

/** The token of `Authorization: Bearer …`; empty where there is none. */
export const bearerIn = (authorization = '') => /^bearer +(\S+)$/i.exec(authorization)?.[1] ?? '';
