import { parse } from 'node:querystring';
import type { Request, RequestHandler, Response } from 'express';
import { senderOf } from '../http/body-room.js';
import { callerOf, requireAccess, type Authenticator } from '../http/authenticate.js';
import type { BodyReader } from '../http/body.js';
import { versionsIn } from '../http/etag.js';
import { failureOf, inSnakeCase } from '../http/failure.js';
import { readIdempotencyKey, type Idempotency } from '../http/idempotency.js';
import { setRateLimitHeaders } from '../http/rate-limit/headers.js';
import type { RateLimiter } from '../http/rate-limit/rate-limiter.js';
import { factsOf, type RequestFacts } from '../http/request.js';
import { jsonType, send, sendEmpty } from '../http/send.js';
import type { Strangers } from '../http/rate-limit/strangers.js';
import {
  authenticationRequired,
  documentsOnlyKey,
  rateLimitExceeded,
  type Failure,
  type Issue,
} from '../platform/errors.js';
import { readJsonInTurn } from '../platform/text/read-json.js';
import { plans, requireFeature } from '../workspaces/plans.js';
import type { Pages } from './pages.js';
import { RouteTable } from './route-table.js';
import type { RestAnswer, RestCall, Route } from './route.js';

export interface RestDoor {
  routes: readonly Route[];
  authenticator: Authenticator;
  strangers: Strangers;
  limiter: Pick<RateLimiter, 'take'>;
  bodies: BodyReader;
  idempotency: Idempotency;
  /** What anybody may read, without a key. */
  pages: Pages;
}

/** `/api/v1`: the table of routes as Express knows it. The order of refusals is the order of this function. */
export function restRouter({
  routes,
  authenticator,
  strangers,
  limiter,
  bodies,
  idempotency,
  pages,
}: RestDoor): RequestHandler {
  const table = new RouteTable(routes);

  async function answer(request: Request, response: Response): Promise<void> {
    const { path, query } = partsOf(request.url);
    const page = pages.find(path);
    if (page !== null) return await pages.answer(page, request, response);

    const { actor, refusal } = await callerOf(authenticator.keyOf(request));
    if (actor === null) {
      strangers.enter(factsOf(request).origin.address);
      throw refusal ?? authenticationRequired();
    }
    requireAccess(actor);
    if (actor.documentsOnly) throw documentsOnlyKey();
    const grant = await limiter.take(actor.id, plans[actor.workspace.plan].requestsPerMinute, 1);
    setRateLimitHeaders(grant, factsOf(request));
    if (!grant.allowed) throw rateLimitExceeded(grant.retryAfterSeconds);
    if (request.method === 'OPTIONS') return describe(request, response, table.allowed(path));
    const { route, template, params } = table.match(request.method, path);
    factsOf(request).route = template;
    const bytes = route.body === null ? null : await bodies.read(request, response, senderOf(actor));
    const { value: body, issues } =
      bytes === null ? { value: undefined, issues: [] } : await readJsonInTurn(actor.workspaceId, bytes);
    if (route.scope !== null) actor.require(route.scope);
    if (route.feature !== null) requireFeature(actor, route.feature);

    const isChange = route.method === 'PATCH' || route.method === 'DELETE';
    const expected = isChange ? versionsIn(request.headers['if-match']) : null;
    // A list may end early where its answer would be too large, as it can say that there is more.
    factsOf(request).account.endsEarly = route.isList;
    const call = { actor, params, query: parse(query), body, issues, keep: null, expected };
    const key = route.method === 'POST' ? request.headers['idempotency-key'] : undefined;
    const answered =
      typeof key === 'string' && bytes !== null
        ? await answerOnce(route, call, { key, path, body: bytes }, factsOf(request))
        : await route.answer(call);
    await send(request, response, { status: 200, type: jsonType, ...answered });
  }

  async function answerOnce(
    route: Route,
    call: RestCall,
    { key: header, path, body }: { key: string; path: string; body: Buffer },
    facts: RequestFacts,
  ): Promise<RestAnswer> {
    const key = readIdempotencyKey(header);
    // An issue like others, so that the route says first when the thing itself is not there.
    if (key === null) return await route.answer({ ...call, issues: [...call.issues, notAKey] });
    const request = { actor: call.actor, key, method: route.method, path, body };
    const { text, replayed } = await idempotency.once(
      request,
      async (keep) => (await route.answer({ ...call, keep })).text,
    );
    if (replayed) facts.setHeader('Idempotency-Replayed', 'true');
    return { text };
  }

  return async (request, response) => {
    try {
      await answer(request, response);
    } catch (thrown) {
      await sendFailure(request, response, failureOf(thrown, factsOf(request).log));
    }
  };
}

const notAKey: Issue = {
  path: 'Idempotency-Key',
  message: 'must have 1 to 255 printable characters',
  code: 'bad_format',
};

/** Parts a URL at its first question mark: a query may hold further ones. */
function partsOf(url: string): { path: string; query: string } {
  const end = url.indexOf('?');
  return end === -1 ? { path: url, query: '' } : { path: url.slice(0, end), query: url.slice(end + 1) };
}

function describe(request: Request, response: Response, methods: readonly string[]): void {
  factsOf(request).setHeader('Allow', methods.join(', '));
  sendEmpty(request, response, 204);
}

async function sendFailure(request: Request, response: Response, failure: Failure): Promise<void> {
  for (const [name, value] of Object.entries(failure.headers)) factsOf(request).setHeader(name, value);
  const { status, code } = failure;
  const text = JSON.stringify({ success: false, error: { code, ...inSnakeCase(failure) } });
  await send(request, response, { status, type: jsonType, text });
}
