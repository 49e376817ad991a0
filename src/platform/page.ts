import { invalid } from './errors.js';
import { isEventId, isId, type Kind } from './id.js';

/** One page of a list that is sorted newest first by id. */
export interface PageRequest {
  limit: number;
  /** The id beyond which the page starts; null at the end the direction starts from. */
  cursor: string | null;
  direction: 'older' | 'newer';
}

export interface Page<T> {
  /** Newest first, whatever the direction of reading. */
  rows: T[];
  /** Whether there is more in the direction of reading. */
  hasMore: boolean;
}

export const pageSizeMax = 100;

/** REST: `limit` defaults to 50 and is clamped to 100; `cursor` is an id of the list's kind, its row may be gone. */
export function restPage(query: { limit?: unknown; cursor?: unknown }, kind: Kind): PageRequest {
  const limit = query.limit === undefined ? 50 : wholeNumber(query.limit);
  if (limit === null || limit < 1) throw invalid('limit', 'out_of_range', 'must be a whole number from 1 to 100');
  return {
    limit: Math.min(limit, pageSizeMax),
    cursor: query.cursor === undefined ? null : readCursor(query.cursor, kind, 'cursor'),
    direction: 'older',
  };
}

export interface ConnectionArguments {
  first?: number | null;
  after?: string | null;
  last?: number | null;
  before?: string | null;
}

/** Relay: `first` 20 by default, 100 at most; `last` with `before` reads towards newer. */
export function connectionPage(args: ConnectionArguments, kind: Kind): PageRequest {
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

/** Values for `id < $cursor order by id desc limit $n` (older) or `id > $cursor order by id limit $n` (newer). */
export function keyset(page: PageRequest): { bound: string; count: number } {
  // '~' sorts after every id, '' before: a missing cursor needs no statement of its own.
  return { bound: page.cursor ?? (page.direction === 'older' ? '~' : ''), count: page.limit + 1 };
}

/** Cuts the one row too many that `keyset` asked for. */
export function pageOf<T>(page: PageRequest, rows: T[]): Page<T> {
  const hasMore = rows.length > page.limit;
  if (hasMore) rows.length = page.limit;
  return { rows: page.direction === 'newer' ? rows.toReversed() : rows, hasMore };
}

function readCursor(cursor: unknown, kind: Kind, path: string): string {
  if (kind === 'event' ? isEventId(cursor) : isId(cursor, kind)) return cursor as string;
  throw invalid(path, 'bad_format', 'is not a cursor of this list');
}

function wholeNumber(value: unknown): number | null {
  return typeof value === 'string' && /^-?\d{1,9}$/.test(value) ? Number(value) : null;
}
