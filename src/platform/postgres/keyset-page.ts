import { isCut, type Database } from './database.js';
import { heavy, pipelined, prepared, unprepared, type Statement } from './statement.js';
import type { PageRequest } from '../page-request.js';
import { idsOf, type TimeRange } from './time-range.js';

export interface Page<T> {
  /** Newest first, whatever the direction of reading. */
  rows: T[];
  /** Whether there is more in the direction of reading. */
  hasMore: boolean;
}

/** The conditions of a list; a condition whose value is absent is left out. */
export class Conditions {
  readonly values: unknown[] = [];
  private readonly texts: string[] = [];
  private filters = false;

  /** Whether the rows of the list lie side by side in an index, so that reading a page takes a moment. */
  get isOneRange(): boolean {
    return !this.filters;
  }

  /** Adds the key that an index has before the id: `s.workspace_id = $?`. */
  within(text: string, key: string | null | undefined): this {
    return this.bind(text, key);
  }

  /** Adds a condition; its value goes where `text` has `$?`: `s.status = any($?)`. */
  and(text: string, value: unknown): this {
    if (value !== undefined && value !== null) this.filters = true;
    return this.bind(text, value);
  }

  /** Adds a condition without a value. */
  always(text: string): this {
    this.texts.push(text);
    return this;
  }

  /** A range of `created_at`, and of ids, which tell the time too: so the list is read from where the range begins. */
  createdIn(alias: string, range: TimeRange | null | undefined): this {
    const [from, to] = idsOf(range);
    return this.and(`${alias}.created_at >= $?`, range?.gte)
      .and(`${alias}.id >= $?`, from)
      .and(`${alias}.created_at < $?`, range?.lt)
      .and(`${alias}.id < $?`, to);
  }

  get text(): string {
    return this.texts.join(' and ') || 'true';
  }

  private bind(text: string, value: unknown): this {
    if (value === undefined || value === null) return this;
    this.values.push(value);
    this.texts.push(text.replace('$?', `$${this.values.length}`));
    return this;
  }
}

/** `from` is what stands between `select` and `where`: columns and tables. */
export interface List {
  from: string;
  /** The column that the list is sorted by: the id, or another key that `bound` makes of a cursor's id. */
  id: string;
  where: Conditions;
  /** Whether a replica may answer it, see `forReplica`. */
  isForReplica?: boolean;
  /** In SQL: the sort key of the cursor `$?`; `~` is a cursor at the newest end, the empty text one at the oldest. */
  bound?: Record<PageRequest['direction'], string>;
}

/** One page by keyset, in one prepared statement; one row more than asked for tells whether there are more. */
export async function readPage<Row extends object>(
  database: Database,
  list: List,
  page: PageRequest,
): Promise<Page<Row>> {
  const { text, values } = keyset(list, page);
  const isPipelined = page.limit <= pipelinedRowsMax;
  return pageOf(await database.query(reading<Row>(list, `select ${list.from} ${text}`, isPipelined), values), page);
}

/** A page of no more rows than this, side by side in an index, is read pipelined. */
const pipelinedRowsMax = 50;

/** What a caller's filter made is planned each time: of few forms each is prepared, and forms of filters are many. */
function reading<Row extends object>(
  { where, isForReplica = false }: List,
  text: string,
  isPipelined: boolean,
): Statement<Row> {
  const statement = where.isOneRange ? pipelined<Row>(text) : heavy(unprepared<Row>(text));
  return { ...statement, isPipelined: statement.isPipelined && isPipelined, isPage: true, isForReplica };
}

/**
 * The same page of the list of each parent, in one prepared statement; `where` relates the rows to `parent.id`.
 * A parent without rows has no page.
 */
export async function readPages<Row extends object>(
  database: Database,
  list: List,
  parentIds: readonly string[],
  page: PageRequest,
): Promise<Map<string, Page<Row>>> {
  const { text, values, order } = keyset(list, page);
  const each = `
    select parent.id as "parentId", child.* from unnest($${values.length + 1}::text[]) as parent (id)
    cross join lateral (
      select row_number() over (order by ${order}) as "place", ${list.from} ${text}
    ) child order by parent.id, child.place
  `;
  const isPipelined = page.limit * parentIds.length <= pipelinedRowsMax;
  const statement = { ...reading<Row & { parentId: string }>(list, each, isPipelined), isPage: false };
  const rows = await database.query(statement, [...values, parentIds]);
  const grouped = Map.groupBy(rows, ({ parentId }) => parentId);
  return new Map([...grouped].map(([parentId, found]) => [parentId, pageOf<Row>(found, page)]));
}

// '~' sorts after every id, '' before: a missing cursor needs no statement of its own.
function keyset({ id, where, bound }: List, { direction, cursor, limit }: PageRequest) {
  const [compare, way, end] = direction === 'older' ? ['<', 'desc', '~'] : ['>', 'asc', ''];
  const order = `${id} ${way}`;
  const placed = (bound?.[direction] ?? '$?').replace('$?', `$${where.values.length + 1}`);
  return {
    text: `where ${where.text} and ${id} ${compare} ${placed} order by ${order} limit $${where.values.length + 2}`,
    values: [...where.values, cursor ?? end, limit + 1],
    order,
  };
}

/** The page of rows in the direction of reading, of which one more than asked for may have been read. */
export function pageOf<Row extends object>(rows: Row[], { limit, direction }: PageRequest): Page<Row> {
  const hasMore = rows.length > limit || isCut(rows);
  if (rows.length > limit) rows.length = limit;
  return { rows: direction === 'newer' ? rows.toReversed() : rows, hasMore };
}

export async function countRows(database: Database, { from, where }: List): Promise<number> {
  const [row] = await database.query(
    counting<{ count: number }>(where, `select count(*)::int as count ${tablesOf(from)} where ${where.text}`),
    where.values,
  );
  return row?.count ?? 0;
}

/** How many rows the list of each parent has, in one prepared statement; `where` relates them to `parent.id`. */
export async function countRowsOfEach(
  database: Database,
  { from, where }: List,
  parentIds: readonly string[],
): Promise<Map<string, number>> {
  const rows = await database.query(
    counting<{ id: string; count: number }>(
      where,
      `select parent.id, (select count(*)::int ${tablesOf(from)} where ${where.text}) as count
      from unnest($${where.values.length + 1}::text[]) as parent (id)`,
    ),
    [...where.values, parentIds],
  );
  return new Map(rows.map(({ id, count }) => [id, count]));
}

const counting = <Row extends object>(where: Conditions, text: string): Statement<Row> =>
  heavy(where.isOneRange ? prepared<Row>(text) : unprepared<Row>(text));

// Columns may hold subqueries of their own: the list's tables come after the last `from` outside of parentheses.
function tablesOf(from: string): string {
  let depth = 0;
  for (let at = from.length - 1; at >= 0; at -= 1) {
    if (from[at] === ')') depth += 1;
    else if (from[at] === '(') depth -= 1;
    else if (depth === 0 && /^from\s/.test(from.slice(at, at + 5))) return from.slice(at);
  }
  throw new Error(`no tables in ${from}`);
}
