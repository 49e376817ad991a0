/** Which page of a list somebody asks for, over either door; `postgres/keyset-page` reads it. */
import { invalid, validationFailed, type Issue } from './errors.js';
import { isEventId, isId, type Kind } from './id.js';

/** One page of a list that is sorted newest first by id. */
export interface PageRequest {
  limit: number;
  /** The id beyond which the page starts; null at the end the direction starts from. */
  cursor: string | null;
  direction: 'older' | 'newer';
}

export const pageSizeMax = 100;

/** REST: `limit` defaults to 50 and is clamped to 100; `cursor` is an id of the list's kind, its row may be gone. */
export function restPage(query: PageQuery, kind: Kind): PageRequest {
  const { page, issues } = readRestPage(query, kind);
  if (issues.length > 0) throw validationFailed(issues);
  return page;
}

interface PageQuery {
  limit?: unknown;
  cursor?: unknown;
}

/** The same with its issues, for a list whose other parameters may have issues too. */
export function readRestPage(query: PageQuery, kind: Kind): { page: PageRequest; issues: readonly Issue[] } {
  const { limit: size = '50', cursor = null } = query;
  const limit = typeof size === 'string' && /^\d+$/.test(size) ? Number(size) : 0;
  const issues: Issue[] = [];
  if (limit < 1) issues.push({ path: 'limit', code: 'out_of_range', message: 'must be a whole number from 1 to 100' });
  if (cursor !== null && !isCursor(cursor, kind)) issues.push(notACursor('cursor'));
  return { page: { limit: Math.min(limit, pageSizeMax), cursor: cursor as string | null, direction: 'older' }, issues };
}

export interface ConnectionArguments {
  first?: number | null;
  after?: string | null;
  last?: number | null;
  before?: string | null;
}

/**
 * Relay: `first` 20 by default, 100 at most; `last` with `before` reads towards newer.
 * @param kind of the ids that are the list's cursors, or the form of cursors that are no ids
 */
export function connectionPage(args: ConnectionArguments, kind: Kind | RegExp): PageRequest {
  const { first, after, last, before } = args;
  if (first != null && last != null) throw invalid('last', 'not_allowed', 'cannot be combined with first');
  if (after != null && before != null) throw invalid('before', 'not_allowed', 'cannot be combined with after');
  const backwards = last != null || (before != null && first == null);
  if (backwards && after != null) throw invalid('after', 'not_allowed', 'goes with first');
  if (!backwards && before != null) throw invalid('before', 'not_allowed', 'goes with last');
  const size = (backwards ? last : first) ?? 20;
  if (size < 1) throw invalid(backwards ? 'last' : 'first', 'out_of_range', 'must be a whole number from 1 to 100');
  const cursor = backwards ? before : after;
  return {
    limit: Math.min(size, pageSizeMax),
    cursor: cursor == null ? null : readCursor(cursor, kind, backwards ? 'before' : 'after'),
    direction: backwards ? 'newer' : 'older',
  };
}

function readCursor(cursor: unknown, kind: Kind | RegExp, path: string): string {
  if (isCursor(cursor, kind)) return cursor;
  throw validationFailed([notACursor(path)]);
}

function isCursor(cursor: unknown, kind: Kind | RegExp): cursor is string {
  if (kind instanceof RegExp) return typeof cursor === 'string' && kind.test(cursor);
  return kind === 'event' ? isEventId(cursor) : isId(cursor, kind);
}

const notACursor = (path: string): Issue => ({ path, code: 'bad_format', message: 'is not a cursor of this list' });
