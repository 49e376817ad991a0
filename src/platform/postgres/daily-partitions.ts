import { errorCode } from '../errors.js';
import { dayMs } from '../clock.js';
import type { Database } from './database.js';
import { idFloor } from '../id.js';
import { errorFields, type Log } from '../log.js';

/** A table in partitions of one UTC day each, and a default one, so that an insert never fails for want of a partition. */
export interface DailyTable {
  name: string;
  /** The smallest value of the partition key that a row of the moment can have, as an SQL literal. */
  floor: (at: Date) => string;
  /** The column of the partition key, by which old rows are deleted from the default partition. */
  key: string;
  keepDays: number;
  /** In SQL, a list of keys: rows that have them, of which there are few, stay as long as they are in it. */
  wanted?: string;
}

export const byTime = (at: Date) => `'${at.toISOString()}'`;
export const byEventId = (at: Date) => `'evt_${idFloor(at)}'`;

const daysAhead = 7;
const lockTimeoutMs = 2_000;
/** Enough for a default partition with many rows. */
const statementMsMax = 600_000;
// The default partition already has rows of that day, or another process was first.
const alreadyThere = /^(23505|23514|42P07|42P17)$/;

/**
 * Makes the partitions of the days to come and drops those whose last row is older than `keepDays`. A day of which rows
 * are still wanted loses its others one by one.
 */
export async function keepPartitions(database: Database, table: DailyTable, now: Date, log: Log): Promise<void> {
  const today = Math.floor(now.getTime() / dayMs) * dayMs;
  for (let day = today; day <= today + daysAhead * dayMs; day += dayMs)
    await create(database, table, new Date(day), log);

  const oldest = new Date(now.getTime() - table.keepDays * dayMs);
  const { rows } = await database.pool.query<{ name: string }>(
    'select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = $1::regclass',
    [table.name],
  );
  for (const { name } of rows) {
    const day = dayOf(table, name);
    if (day === null || day + dayMs > oldest.getTime()) continue;
    if (await isWanted(database, table, new Date(day))) {
      await forget(database, table, name, oldest);
      continue;
    }
    await locked(database, `drop table if exists ${name}`);
    log.info({ partition: name }, 'an old partition was dropped');
  }
  await forget(database, table, `${table.name}_default`, oldest);
}

async function isWanted(database: Database, { wanted, floor }: DailyTable, day: Date): Promise<boolean> {
  if (wanted === undefined) return false;
  const [from, to] = [floor(day), floor(new Date(day.getTime() + dayMs))];
  return await database.transaction(async (tx) => {
    await tx.allow(statementMsMax);
    const text = `select from (${wanted}) w (key) where w.key >= ${from} and w.key < ${to} limit 1`;
    return (await tx.manager.query<object[]>(text)).length > 0;
  });
}

async function forget(database: Database, table: DailyTable, partition: string, oldest: Date): Promise<void> {
  const { key, wanted } = table;
  const floor = table.floor(oldest);
  const others =
    wanted && `and not exists (select from (${wanted}) w (key) where w.key = t.${key} and w.key < ${floor})`;
  await database.transaction(async (tx) => {
    await tx.allow(statementMsMax);
    await tx.manager.query(`delete from ${partition} t where t.${key} < ${floor} ${others ?? ''}`);
  });
}

async function create(database: Database, table: DailyTable, day: Date, log: Log): Promise<void> {
  const name = `${table.name}_${day.toISOString().slice(0, 10).replaceAll('-', '')}`;
  const { rows } = await database.pool.query<{ known: boolean }>('select to_regclass($1) is not null as known', [name]);
  if (rows[0]?.known === true) return;
  const [from, to] = [table.floor(day), table.floor(new Date(day.getTime() + dayMs))];
  try {
    await locked(database, `create table ${name} partition of ${table.name} for values from (${from}) to (${to})`);
  } catch (error) {
    if (!alreadyThere.test(errorCode(error))) throw error;
    log.debug({ partition: name, error: errorFields(error) }, 'a partition was not made');
  }
}

/** Runs a statement that gives up soon where it does not get its lock: every query would wait behind it. */
async function locked(database: Database, text: string): Promise<void> {
  await database.transaction(async (tx) => {
    await tx.allow(statementMsMax);
    await tx.manager.query(`set local lock_timeout = ${lockTimeoutMs}`);
    await tx.manager.query(text);
  });
}

function dayOf(table: DailyTable, partition: string): number | null {
  const match = new RegExp(`^${table.name}_(\\d{4})(\\d\\d)(\\d\\d)$`).exec(partition);
  return match === null ? null : Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3]));
}
