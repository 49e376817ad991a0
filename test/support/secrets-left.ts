import type { App } from '../../src/app.js';

/**
 * Where a text stands: `table: rows` for every table of the database, whatever it is, whose rows have it in any column,
 * also as bytes; and `sealed: rows` for the sealed answers that have it once they are opened.
 */
export async function placesOf(app: App, text: string): Promise<Record<string, number>> {
  const { pool } = app.database;
  const { rows: tables } = await pool.query<{ name: string }>(`
    select distinct format('%I.%I', c.table_schema, c.table_name) as name from information_schema.columns c
    join pg_class t on t.relname = c.table_name and t.relnamespace = c.table_schema::regnamespace
    where c.table_schema not in ('pg_catalog', 'information_schema') and t.relkind in ('r', 'p') and not t.relispartition
  `);
  const places: Record<string, number> = {};
  const hex = Buffer.from(text).toString('hex');
  for (const { name } of tables) {
    const { rows } = await pool.query<{ count: number }>(
      `select count(*)::int as count from ${name} t where strpos(lower(t::text), $1) > 0 or strpos(t::text, $2) > 0`,
      [text.toLowerCase(), hex],
    );
    if (rows[0]?.count !== 0) places[name.replace(/^public\./, '')] = rows[0]?.count ?? 0;
  }
  const { rows: answers } = await pool.query<{ id: Buffer; answer: string }>(
    'select id, answer from idempotency_records where answer is not null',
  );
  const opened = answers.map(({ id, answer }) =>
    app.secrets.open(answer, `idempotency_record:${id.toString('base64url')}`),
  );
  const sealed = opened.filter((answer) => answer.toLowerCase().includes(text.toLowerCase())).length;
  return { ...places, ...(sealed > 0 && { sealed }) };
}
