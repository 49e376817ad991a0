import { Router, type ErrorRequestHandler, type Request, type RequestHandler, type Response } from 'express';
import type { Authenticator } from '../http/authenticate.js';
import { parseBody, readBody } from '../http/body.js';
import { failureOf } from '../http/failure.js';
import { factsOf } from '../http/request.js';
import type { Actor } from '../platform/actor.js';
import {
  authenticationRequired,
  methodNotAllowed,
  notFound,
  workspaceArchived,
  type Failure,
} from '../platform/errors.js';
import { requireFeature } from '../workspaces/plans.js';
import type { Route } from './route.js';

const actorKept = new WeakMap<Request, Actor>();

/** `/api/v1`: the table of routes as Express knows it. The order of refusals is the order of this file. */
export function restRouter(routes: readonly Route[], authenticator: Authenticator): Router {
  const router = Router({ caseSensitive: true, strict: false });
  router.use(admit(authenticator));
  for (const [path, sharing] of Map.groupBy(routes, (route) => route.path)) {
    for (const route of sharing) router[verbs[route.method]](path, handle(route));
    router.all(path, refuseMethod(sharing));
  }
  router.use(() => {
    throw notFound('route');
  });
  router.use(fail);
  return router;
}

const verbs = { GET: 'get', POST: 'post', PATCH: 'patch', DELETE: 'delete' } as const;

/** 401 → archived → plan. */
function admit(authenticator: Authenticator): RequestHandler {
  return async (request, _response, next) => {
    const actor = await authenticator.actorOf(request);
    if (actor === null) throw authenticationRequired();
    if (actor.workspace.archived) throw workspaceArchived();
    requireFeature(actor, 'api');
    actorKept.set(request, actor);
    next();
  };
}

/** 415, 413, broken JSON → scope; feature, 404 and validation are the service's. */
function handle(route: Route): RequestHandler {
  return async (request, response) => {
    const actor = actorOf(request);
    const body = route.takesBody ? parseBody(await readBody(request)) : undefined;
    actor.require(route.scope);
    const params = request.params as Record<string, string>;
    send(response, 200, { success: true, data: await route.answer({ actor, params, query: request.query, body }) });
  };
}

function refuseMethod(routes: readonly Route[]): RequestHandler {
  const allowed = routes.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  return (request, response) => {
    if (request.method !== 'OPTIONS') throw methodNotAllowed([...allowed, 'OPTIONS']);
    response.setHeader('Allow', [...allowed, 'OPTIONS'].join(', '));
    response.status(204).end();
  };
}

const fail: ErrorRequestHandler = (thrown: unknown, request, response, next) => {
  if (response.headersSent) return next(thrown);
  // Express reports a path it cannot decode so.
  const cause = thrown instanceof URIError ? notFound('route') : thrown;
  sendFailure(response, failureOf(cause, factsOf(request).log));
};

export function sendFailure(response: Response, failure: Failure): void {
  for (const [name, value] of Object.entries(failure.headers)) response.setHeader(name, value);
  const { code, message, details } = failure;
  send(response, failure.status, { success: false, error: { code, message, details: respell(details) } });
}

function send(response: Response, status: number, envelope: object): void {
  response.status(status).type('application/json').send(JSON.stringify(envelope));
}

/** Services name fields as we do, `intakeBot.status`; what a door read is spelled already. */
function respell(details: Readonly<Record<string, unknown>>): object {
  const { issues } = details as { issues?: { path: string; code: string }[] };
  if (issues === undefined) return details;
  const respelled = issues.map((issue) => ({
    ...issue,
    path: issue.path.replace(/^intakeBot\./, 'intake_bot.'),
  }));
  return { ...details, issues: respelled };
}

function actorOf(request: Request): Actor {
  const actor = actorKept.get(request);
  if (actor === undefined) throw authenticationRequired();
  return actor;
}
