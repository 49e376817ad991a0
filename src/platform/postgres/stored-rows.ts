import { setTimeout as wait } from 'node:timers/promises';
import { errorCode } from '../errors.js';
import type { Database } from './database.js';
import { unprepared, prepared } from './statement.js';

/** Which rows of a table count towards what their owner stores, as the room that owns the table declares. */
export interface StoredRows {
  table: string;
  /** In SQL, the bytes of one row `t` on disk; it must read no wide value to tell. */
  bytes: string;
  /** The column with the owner's id. */
  owner: string;
  /** Where `owner` is the id of a row in another table: that table, and its column with the owner's id. */
  through?: { table: string; owner: string };
}

/** Pages that one statement reads: 16 MiB, some 50,000 rows, in a moment. */
const pagesAtOnce = 2_000;
const pauseMsMax = 1_000;

// The partitions of the table, or the table itself where it has none.
const leavesOf = prepared<{ name: string; pages: number }>(`
  select c.oid::regclass::text as name, (pg_relation_size(c.oid) / current_setting('block_size')::int)::int as pages
  from pg_class c
  where c.relkind = 'r' and (c.oid = $1::regclass or c.oid in (select relid from pg_partition_tree($1::regclass)))
`);

/**
 * Computes how many bytes each owner's rows take. A table is read by ranges of its pages, so that a statement is over in
 * a moment, however many rows and owners there are; between two statements it rests for as long, for everybody else.
 */
export async function bytesOfOwners(
  database: Database,
  stored: readonly StoredRows[],
  signal: AbortSignal,
  step = pagesAtOnce,
): Promise<Map<string, number>> {
  const total = new Map<string, number>();
  for (const rows of stored) {
    for (const { name, pages } of await database.query(leavesOf, [rows.table])) {
      const sum = unprepared<{ owner: string; bytes: number }>(summing(name, rows));
      for (let page = 0; page < pages; page += step) {
        signal.throwIfAborted();
        const startMs = performance.now();
        const sums = await database.query(sum, [`(${page},0)`, `(${page + step},0)`]).catch(unlessDropped);
        for (const { owner, bytes } of sums) total.set(owner, (total.get(owner) ?? 0) + bytes);
        await wait(Math.min(pauseMsMax, performance.now() - startMs));
      }
    }
  }
  return total;
}

/** @param leaf a table's name from PostgreSQL's catalogue, quoted where it must be */
function summing(leaf: string, { bytes, owner, through }: StoredRows): string {
  const sums = `
    select t.${owner} as owner, sum(${bytes})::float8 as bytes from ${leaf} t
    where t.ctid >= $1::tid and t.ctid < $2::tid group by 1
  `;
  if (through === undefined) return sums;
  return `
    select o.${through.owner} as owner, sum(s.bytes) as bytes
    from (${sums}) s join ${through.table} o on o.id = s.owner group by 1
  `;
}

/** A partition that was dropped meanwhile has no rows any more. */
function unlessDropped(error: unknown): never[] {
  if (errorCode(error) === '42P01') return [];
  throw error;
}
