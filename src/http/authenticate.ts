import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { Request } from 'express';
import type { SessionService } from '../accounts/session.service.js';
import type { ApiKeyService } from '../api-keys/api-key.service.js';
import type { Actor, Origin } from '../platform/actor.js';
import type { Transport } from '../platform/graphql/operation-context.js';
import { authenticationRequired, csrfRequired, Failure } from '../platform/errors.js';
import { belongsTo } from './connections.js';
import { factsOf } from './request.js';
import { cannotBeForged, sessionCookieOn, sessionTokenOf } from './session.js';

/**
 * Who calls; a stranger with what they are refused for, if they showed anything at all, to be said once they are counted.
 * What could not be looked up is no verdict, and is thrown.
 */
export async function callerOf(
  identify: () => Promise<Actor | null>,
): Promise<{ actor: Actor | null; refusal: Failure | null }> {
  try {
    return { actor: await identify(), refusal: null };
  } catch (thrown) {
    if (thrown instanceof Failure && thrown.status < 500) return { actor: null, refusal: thrown };
    throw thrown;
  }
}

export class Authenticator {
  constructor(
    private readonly apiKeys: ApiKeyService,
    private readonly sessions: SessionService,
    private readonly publicUrl: () => string,
  ) {}

  /**
   * Who calls, by key or by session; null when nothing says who, or a session that has ended.
   * @throws authentication_required for what says so wrongly, csrf_required for a cookie that another site may have sent
   */
  async actorOf(request: Request): Promise<Actor | null> {
    const { headers } = request;
    if (headers.authorization !== undefined) return await this.keyOf(request);
    if (sessionTokenOf(headers, this.publicUrl()) !== null && !cannotBeForged(headers)) throw csrfRequired();
    return this.noted(request, await this.sessionOf(headers, factsOf(request).origin));
  }

  /** Who calls, by key alone: for the door that knows no sessions. */
  async keyOf(request: Request): Promise<Actor | null> {
    const { origin } = factsOf(request);
    return this.noted(request, await this.bearerOf(request.headers.authorization, origin));
  }

  /**
   * Who opens a WebSocket. Browsers let any page open one and send our cookie along, so a session counts only for pages
   * of `PUBLIC_URL`.
   * @param authorization what the client gave in its place, browsers being unable to set headers
   */
  async actorOfUpgrade(headers: IncomingHttpHeaders, origin: Origin, authorization?: string): Promise<Actor | null> {
    const bearer = await this.bearerOf(authorization ?? headers.authorization, origin);
    if (bearer !== null) return bearer;
    const publicUrl = this.publicUrl();
    if (sessionTokenOf(headers, publicUrl) === null) return null;
    if (headers.origin !== new URL(publicUrl).origin) throw csrfRequired({ cause: 'the Origin is not PUBLIC_URL' });
    return await this.sessionOf(headers, origin);
  }

  /** Where an answer's session cookie goes. */
  cookieOn(response: ServerResponse): NonNullable<Transport['cookie']> {
    return sessionCookieOn(response, this.publicUrl());
  }

  private async bearerOf(authorization: string | undefined, origin: Origin): Promise<Actor | null> {
    if (authorization === undefined) return null;
    const [, key] = /^bearer +(\S+)$/i.exec(authorization) ?? [];
    if (key === undefined) throw authenticationRequired({ cause: 'the Authorization header is not a bearer token' });
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
