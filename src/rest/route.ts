import type { z } from 'zod';
import type { Keep } from '../http/idempotency.js';
import type { Actor, Scope } from '../platform/actor.js';
import type { Issue } from '../platform/errors.js';
import type { Kind } from '../platform/id.js';
import { flag, id, object, ref, type JsonSchema } from '../platform/json-schema.js';
import { workAccount } from '../platform/work/work-account.js';
import { jsonPieces, largeBytesMin } from '../platform/text/json-pieces.js';
import type { Page } from '../platform/postgres/keyset-page.js';
import { readRestPage, restPage, type PageRequest } from '../platform/page-request.js';
import { validate, type Unread, type Input } from '../platform/validate.js';
import type { ExpectedVersions } from '../platform/version.js';
import type { Body } from '../platform/input-schema.js';
import type { Summary } from './operations.js';

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
  /** What the door has found wrong with the request, to be told with what the route's rules find. */
  issues: readonly Issue[];
  /** Keeps the answer of a request under an idempotency key; null for other requests. */
  keep: Keep | null;
  /** The versions of the thing that the caller is ready to change. */
  expected: ExpectedVersions;
}

export interface RestAnswer {
  text: string;
  /** The text of a large answer in pieces; `text` is empty then. */
  pieces?: readonly Buffer[];
  /** The version of the one thing that was read. */
  version?: string | null;
}

/** One line of the published contract: the only place where a route exists. */
export interface Route {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below `/api/v1`, with `:name` for parameters. */
  path: string;
  /** A few words; the operation is named by them, too, and they lead to what is said of it. */
  summary: Summary;
  /** null: any key may. */
  scope: Scope | null;
  /** What the plan must include beside the API itself. */
  feature: 'webhooks' | null;
  /** Whether it takes `limit` and `cursor`. */
  isList: boolean;
  /** What the query may have beside them, by name. */
  filters: Readonly<Record<string, JsonSchema>>;
  /** What the request's body must be; null when it has none. */
  body: JsonSchema | null;
  /** What stands in `data` of the answer. */
  data: JsonSchema;
  answer(call: RestCall): Promise<RestAnswer>;
}

/** The keys of `data` with their schemas; a `View` makes their values of a result. */
type Schemas<Key extends string> = Readonly<Record<Key, JsonSchema>>;
type View<T, Key extends string> = (result: T) => Record<Key, unknown>;

const textOf = (data: object) => JSON.stringify({ success: true, data });
const success = (data: object): RestAnswer => ({ text: textOf(data) });

/** The answer to a read, which may be large. */
async function successOfRead(data: object, version: string | null = null): Promise<RestAnswer> {
  if ((workAccount()?.bytes ?? 0) < largeBytesMin) return { text: textOf(data), version };
  return { text: '', pieces: await jsonPieces({ success: true, data }), version };
}

export function get<T, Path extends string, Key extends string>(
  path: Path,
  summary: Summary,
  scope: Scope | null,
  call: (actor: Actor, params: Params<Path>) => Promise<T>,
  schemas: Schemas<Key>,
  view: View<T, Key>,
  /** Makes the version of what may be changed; null for what may not. */
  versionOf: ((result: T) => string) | null = null,
): Route {
  const answer = async ({ actor, params }: RestCall) => {
    const found = await call(actor, params as Params<Path>);
    return await successOfRead(view(found), versionOf?.(found));
  };
  return { ...reading, path, summary, scope, data: object(schemas), answer };
}

export function list<
  T,
  P extends Page<T>,
  Path extends string,
  Key extends string,
  Shape extends z.ZodRawShape = z.ZodRawShape,
>(
  path: Path,
  summary: Summary,
  scope: Scope,
  kind: Kind,
  call: (actor: Actor, page: () => PageRequest, params: Params<Path>, filter: Unread<Input<Shape>>) => Promise<P>,
  schemas: Schemas<Key>,
  view: View<P, Key>,
  /** Of which part of the list a caller may ask; null where the list is whole. */
  filter: Body<Shape> | null = null,
): Route {
  const filters = (filter?.schema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>;
  const answer = async ({ actor, params, query }: RestCall) => {
    const page = () => restPage(query, kind);
    const readFilter = () => {
      // What else a query has is passed over, as it is everywhere.
      const named = Object.fromEntries(Object.entries(query).filter(([name]) => name in filters));
      if (filter === null) throw new Error(`${path} has no filter`);
      return validate(filter.input, named, 'snake_case', readRestPage(query, kind).issues);
    };
    const found = await call(actor, page, params as Params<Path>, readFilter);
    return await successOfRead({ ...view(found), pagination: paginationOf(found) });
  };
  const data = object({ ...schemas, pagination: ref('Pagination') });
  return { ...reading, path, summary, scope, isList: true, filters, data, answer };
}

const reading = { method: 'GET', feature: null, isList: false, filters: {}, body: null } as const;

export const post = writing('POST');
export const patch = writing('PATCH');

export function remove<Path extends string>(
  path: Path,
  summary: Summary,
  scope: Scope,
  call: (actor: Actor, params: Params<Path>, expected: ExpectedVersions) => Promise<{ id: string }>,
): Route {
  const answer = async ({ actor, params, expected }: RestCall) =>
    success({ deleted: true, id: (await call(actor, params as Params<Path>, expected)).id });
  const data = object({ deleted: { ...flag('It is gone.'), const: true }, id: id('What was deleted.') });
  return { ...reading, method: 'DELETE', path, summary, scope, data, answer };
}

function writing(method: 'POST' | 'PATCH') {
  return <Shape extends z.ZodRawShape, T, Path extends string, Key extends string>(
    path: Path,
    summary: Summary,
    scope: Scope,
    { input, schema }: Body<Shape>,
    call: (actor: Actor, params: Params<Path>, read: Unread<Input<Shape>>, expected: ExpectedVersions) => Promise<T>,
    schemas: Schemas<Key>,
    view: View<T, Key>,
    more: { feature?: 'webhooks' } = {},
  ): Route => {
    const show = (result: T) => success(view(result));
    const answer = async ({ actor, params, body, issues, keep, expected }: RestCall) => {
      // The call returns what its transaction returns, so the record can be made of that, inside the transaction.
      const guarded = keep === null ? actor : actor.guardedBy(keep((result) => show(result as T).text));
      const read = () => validate(input, body, 'snake_case', issues);
      return show(await call(guarded, params as Params<Path>, read, expected));
    };
    return { ...reading, method, path, summary, scope, ...more, body: schema, data: object(schemas), answer };
  };
}

function paginationOf({ rows, hasMore }: Page<unknown>) {
  const last = rows.at(-1) as { id: string } | undefined;
  return { has_more: hasMore, next_cursor: hasMore && last !== undefined ? last.id : null };
}

/** A path as documents write it: `/intake-bots/{id}`. */
export const templateOf = (path: string) => path.replace(/:(\w+)/g, '{$1}');
