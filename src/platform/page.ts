import { prepared, type Database } from './database.js';
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

/** What a list is narrowed to; an absent value narrows nothing. */
export class Conditions {
  readonly values: unknown[] = [];
  private readonly texts: string[] = [];

  /** `text` holds `$?` where the value goes: `s.status = any($?)`. */
  and(text: string, value: unknown): this {
    if (value === undefined || value === null) return this;
    this.values.push(value);
    this.texts.push(text.replace('$?', `$${this.values.length}`));
    return this;
  }

  between(column: string, range: { gte?: Date | null; lt?: Date | null } | null | undefined): this {
    return this.and(`${column} >= $?`, range?.gte).and(`${column} < $?`, range?.lt);
  }

  get text(): string {
    return this.texts.join(' and ') || 'true';
  }
}

/** `from` is what stands between `select` and `where`: columns and tables. */
export interface List {
  from: string;
  id: string;
  where: Conditions;
}

/** One page by keyset, in one prepared statement; one row more than asked for tells whether there are more. */
export async function readPage<Row extends object>(
  database: Database,
  { from, id, where }: List,
  page: PageRequest,
): Promise<Page<Row>> {
  const [compare, order] = page.direction === 'older' ? ['<', 'desc'] : ['>', 'asc'];
  const cursor = `$${where.values.length + 1}`;
  const text = `select ${from} where ${where.text} and ${id} ${compare} ${cursor} order by ${id} ${order} limit $${where.values.length + 2}`;
  // '~' sorts after every id, '' before: a missing cursor needs no statement of its own.
  const bound = page.cursor ?? (page.direction === 'older' ? '~' : '');
  const rows = await database.query(prepared<Row>(text), [...where.values, bound, page.limit + 1]);
  const hasMore = rows.length > page.limit;
  if (hasMore) rows.length = page.limit;
  return { rows: page.direction === 'newer' ? rows.toReversed() : rows, hasMore };
}

export async function countRows(database: Database, { from, where }: List): Promise<number> {
  const tables = from.slice(from.search(/\bfrom\b/));
  const [row] = await database.query(
    prepared<{ count: number }>(`select count(*)::int as count ${tables} where ${where.text}`),
    where.values,
  );
  return row?.count ?? 0;
}

function readCursor(cursor: unknown, kind: Kind, path: string): string {
  if (kind === 'event' ? isEventId(cursor) : isId(cursor, kind)) return cursor as string;
  throw invalid(path, 'bad_format', 'is not a cursor of this list');
}

function wholeNumber(value: unknown): number | null {
  return typeof value === 'string' && /^-?\d{1,9}$/.test(value) ? Number(value) : null;
}
