import type { Request } from 'express';
import type { ApiKeyService } from '../api-keys/api-key.service.js';
import type { Actor } from '../platform/actor.js';
import { authenticationRequired } from '../platform/errors.js';
import { factsOf } from './request.js';

export class Authenticator {
  constructor(private readonly apiKeys: ApiKeyService) {}

  /** Who calls; null when nothing says who. @throws authentication_required for what says so wrongly */
  async actorOf(request: Request): Promise<Actor | null> {
    const { authorization } = request.headers;
    if (authorization === undefined) return null;
    const facts = factsOf(request);
    const [, key] = /^bearer +(\S+)$/i.exec(authorization) ?? [];
    if (key === undefined) throw authenticationRequired({ cause: 'the Authorization header is not a bearer token' });
    const actor = await this.apiKeys.authenticate(key, facts.origin);
    facts.caller = actor.id;
    return actor;
  }
}
