import type { z } from 'zod';
import type { Actor, Scope } from '../platform/actor.js';
import type { Kind } from '../platform/id.js';
import { restPage, type Page, type PageRequest } from '../platform/page.js';
import { validate, type Input, type Unread } from '../platform/validate.js';

/** `{ id: string }` of `/intake-bots/:id`. */
export type Params<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Record<Name, string> & Params<`/${Rest}`>
  : Path extends `${string}:${infer Name}`
    ? Record<Name, string>
    : object;

export interface RestCall {
  actor: Actor;
  params: Readonly<Record<string, string>>;
  query: Readonly<Record<string, unknown>>;
  body: unknown;
}

/** One line of the published contract: the only place where a route exists. */
export interface Route {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below `/api/v1`, with `:name` for parameters. */
  path: string;
  scope: Scope;
  takesBody: boolean;
  /** What stands in `data` of the answer. */
  answer(call: RestCall): Promise<object>;
}

type View<T> = (result: T) => object;

export function get<T, Path extends string>(
  path: Path,
  scope: Scope,
  call: (actor: Actor, params: Params<Path>) => Promise<T>,
  view: View<T>,
): Route {
  const answer = async ({ actor, params }: RestCall) => view(await call(actor, params as Params<Path>));
  return { method: 'GET', path, scope, takesBody: false, answer };
}

export function list<T, P extends Page<T>, Path extends string>(
  path: Path,
  scope: Scope,
  kind: Kind,
  call: (actor: Actor, page: () => PageRequest, params: Params<Path>) => Promise<P>,
  view: View<P>,
): Route {
  const answer = async ({ actor, params, query }: RestCall) => {
    const found = await call(actor, () => restPage(query, kind), params as Params<Path>);
    return { ...view(found), pagination: paginationOf(found) };
  };
  return { method: 'GET', path, scope, takesBody: false, answer };
}

export const post = writing('POST');
export const patch = writing('PATCH');

export function remove<Path extends string>(
  path: Path,
  scope: Scope,
  call: (actor: Actor, params: Params<Path>) => Promise<{ id: string }>,
): Route {
  const answer = async ({ actor, params }: RestCall) => ({
    deleted: true,
    id: (await call(actor, params as Params<Path>)).id,
  });
  return { method: 'DELETE', path, scope, takesBody: false, answer };
}

function writing(method: 'POST' | 'PATCH') {
  return <Shape extends z.ZodRawShape, T, Path extends string>(
    path: Path,
    scope: Scope,
    input: Input<Shape>,
    call: (actor: Actor, params: Params<Path>, read: Unread<Input<Shape>>) => Promise<T>,
    view: View<T>,
  ): Route => {
    const answer = async ({ actor, params, body }: RestCall) =>
      view(await call(actor, params as Params<Path>, () => validate(input, body, 'snake_case')));
    return { method, path, scope, takesBody: true, answer };
  };
}

function paginationOf({ rows, hasMore }: Page<unknown>) {
  const last = rows.at(-1) as { id: string } | undefined;
  return { has_more: hasMore, next_cursor: hasMore && last !== undefined ? last.id : null };
}
