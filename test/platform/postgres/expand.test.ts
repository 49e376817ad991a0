import { readFile, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import pg from 'pg';
import { cloneDatabase } from '../../support/postgres.js';
import type { ReleaseBefore } from '../../support/upgrade/release-before.js';

const file = 'test/support/upgrade/release-before.json';

describe('the tables, for a process of the release before', () => {
  let columns: ReleaseBefore['columns'];
  let lastMigration: string;

  before(async () => {
    const { url, drop } = await cloneDatabase();
    const client = new pg.Client(url);
    await client.connect();
    columns = await columnsOf(client);
    const { rows } = await client.query<{ name: string }>('select name from migrations order by id desc limit 1');
    lastMigration = rows[0]?.name ?? '';
    await client.end();
    await drop();
  });

  it('have every column that it has, with its type, and want of it no value that it does not know', async () => {
    // After a release: RELEASE_BEFORE=<its commit> npm run test:one -- test/platform/postgres/expand.test.ts
    const { RELEASE_BEFORE: commit } = process.env;
    if (commit !== undefined) {
      await writeFile(file, `${JSON.stringify({ commit, migration: lastMigration, columns }, null, 2)}\n`);
    }
    const before = JSON.parse(await readFile(file, 'utf8')) as ReleaseBefore;
    expect(objections(before.columns, columns)).to.deep.equal([]);
  });

  it('would be told from tables that it cannot work with', () => {
    const before = { contacts: { id: 'text, required', email: 'text' } };
    const now = { contacts: { id: 'uuid, required', name: 'text, required', tags: 'text', at: 'date, default' } };
    expect(objections(before, now)).to.deep.equal([
      'contacts.id is uuid, required, and was text, required',
      'contacts.email is gone',
      'contacts.name is new, and an older process gives it no value',
    ]);
    expect(objections(before, {})).to.deep.equal(['contacts is gone']);
    expect(objections({ contacts: { email: 'text' } }, { contacts: { email: 'text, required' } })).to.have.length(1);
    expect(objections({ contacts: { id: 'text, required' } }, { contacts: { id: 'text' } })).to.deep.equal([]);
  });
});

function objections(before: ReleaseBefore['columns'], now: ReleaseBefore['columns']): string[] {
  return Object.entries(before).flatMap(([table, known]) => {
    const there = now[table];
    if (there === undefined) return [`${table} is gone`];
    const changed = Object.entries(known).flatMap(([column, was]) => {
      const is = there[column];
      if (is === undefined) return [`${table}.${column} is gone`];
      const isLooser = is.replace(/, \w+$/, '') === was.replace(/, \w+$/, '') && !is.endsWith(', required');
      return is === was || isLooser ? [] : [`${table}.${column} is ${is}, and was ${was}`];
    });
    const demanded = Object.entries(there)
      .filter(([column, is]) => known[column] === undefined && is.endsWith(', required'))
      .map(([column]) => `${table}.${column} is new, and an older process gives it no value`);
    return [...changed, ...demanded];
  });
}

/** Each column's type; `required` where a row must give a value, `default` where a value comes by itself. */
async function columnsOf(client: pg.Client): Promise<ReleaseBefore['columns']> {
  const { rows } = await client.query<{ table: string; column: string; is: string }>(`
    select c.relname as "table", a.attname as "column", format_type(a.atttypid, a.atttypmod) || case
        when a.atthasdef or a.attidentity <> '' then ', default' when a.attnotnull then ', required' else ''
      end as "is"
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and a.attnum > 0 and not a.attisdropped
    order by c.relname collate "C", a.attnum
  `);
  const byTable = Map.groupBy(rows, ({ table }) => table);
  return Object.fromEntries(
    [...byTable].map(([table, found]) => [table, Object.fromEntries(found.map(({ column, is }) => [column, is]))]),
  );
}
