// Fills a database with as many rows as wanted, by COPY, as years of use would have left them: ids by time, the rows of
// all workspaces mixed, events and attempts in partitions of a day.
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import copy from 'pg-copy-streams';
import { built } from '../support/ground.mjs';

const { idFloor } = await built('src/platform/id.js');

/** Times are told in so many steps. */
const blocks = 50_000;
const dayMs = 86_400_000;
/** People come over a year; events and attempts are kept for less. */
const peopleDays = 365;
const eventDays = 28;
/** What a measured workspace has where there are many: the same at every size. */
const measuredRows = 500;

/** The tables of a part, in the order in which they are filled: what is copied of each row number `i`. */
const parts = {
  people: {
    days: peopleDays,
    tables: {
      contacts: `select 'c' || ms || 'p' || n as id, workspace_id, 'p' || i || '@example.com' as email, null as phone,
        'Ada' as first_name, 'Lovelace' as last_name, '{customer}' as tags, '{}' as custom_fields, at as created_at,
        at as updated_at from numbered`,
      submissions: `select 'c' || ms || 's' || n as id, workspace_id, bot_id as intake_bot_id,
        'c' || ms || 'p' || n as contact_id,
        '{"full_name":"Ada Lovelace","email":"p' || i || '@example.com","topic":"Sales"}' as data,
        'COMPLETED' as status, false as is_test, 0 as file_count, 1 as schema_version, at as created_at,
        at as updated_at from numbered`,
      records: `select 'c' || ms || 'r' || n as id, workspace_id, 'Lead' as record_type,
        '{"full_name":"Ada Lovelace","email":"p' || i || '@example.com","topic":"Sales"}' as data,
        'c' || ms || 's' || n as submission_id, at as created_at, at as updated_at from numbered`,
      record_contacts: `select 'c' || ms || 'r' || n as record_id, 'c' || ms || 'p' || n as contact_id,
        'submitter' as role from numbered`,
    },
  },
  deliveries: {
    days: eventDays,
    tables: {
      events: `select 'evt_c' || ms || 'e' || n as id, workspace_id, 'contact.created' as type,
        'c' || ms || 'p' || n as subject_id,
        '{"id":"evt_c' || ms || 'e' || n || '","type":"contact.created","data":{"contact":{"id":"c' || ms || 'p' || n
          || '","email":"p' || i || '@example.com","first_name":"Ada","last_name":"Lovelace","phone":null,"tags":["customer"],"custom_fields":{}}}}' as body,
        at as created_at from numbered`,
      event_positions: `select 'evt_c' || ms || 'e' || n as event_id, workspace_id, 'contact.created' as type,
        i as position from numbered`,
      event_subjects: `select 'evt_c' || ms || 'e' || n as event_id, 'c' || ms || 'p' || n as subject_id from numbered`,
      webhook_attempts: `select 'c' || ms || 'd' || n as delivery_id, endpoint_ids[1 + i % 3] as endpoint_id,
        'evt_c' || ms || 'e' || n as event_id, at, 1 as number, 'delivered' as ended, 'success' as outcome,
        200 as response_status, 12 as total_ms, '\\x6f6b' as response_body, 'contact.created' as event_type
        from numbered`,
    },
  },
};
const partitioned = {
  events: (at) => `'evt_${idFloor(at)}'`,
  event_subjects: (at) => `'evt_${idFloor(at)}'`,
  webhook_attempts: (at) => `'${at.toISOString()}'`,
};

/** Loads `rows` rows of each table of a part for `workspaces` workspaces, of which `tenants` are there. */
export async function load(url, part, rows, workspaces, tenants) {
  const client = new pg.Client(url);
  const reader = new pg.Client(url);
  await Promise.all([client.connect(), reader.connect()]);
  const { days, tables } = parts[part];
  try {
    for (const one of [client, reader]) {
      // Of our own rows the keys are known to be there; the indexes are made at the end.
      await one.query(`set session_replication_role = replica; set synchronous_commit = off;
        set maintenance_work_mem = '1GB'; set jit = off; set timezone = 'UTC'`);
    }
    await makeWorkspaces(client, workspaces, tenants);
    await makeBlocks(client, days);
    if (part === 'deliveries') await makePartitions(client, days);
    const indexes = await withoutIndexes(client, Object.keys(tables));
    for (const [table, select] of Object.entries(tables))
      await fill(client, reader, table, select, rows, tenants.length);
    for (const definition of indexes) await client.query(definition);
    if (part === 'deliveries') await client.query(`select setval('event_positions_position', ${rows})`);
    await client.query('drop schema growth cascade');
    await client.query(`vacuum analyze ${Object.keys(tables).join(', ')}, workspaces, intake_bots`);
    await client.query('checkpoint');
    return await sizesOf(client, Object.keys(tables), rows);
  } finally {
    await Promise.all([client.end(), reader.end()]);
  }
}

async function makeWorkspaces(client, workspaces, tenants) {
  await client.query(`create schema growth;
    create table growth.tenants (n int primary key, workspace_id text, bot_id text, endpoint_ids text[])`);
  for (const [n, { workspaceId, botId, endpointIds }] of tenants.entries()) {
    await client.query('insert into growth.tenants values ($1, $2, $3, $4)', [n, workspaceId, botId, endpointIds]);
  }
  const others = workspaces - tenants.length;
  await client.query(
    `insert into growth.tenants select n, 'c00000000w' || lpad(n::text, 15, '0'), 'c00000000b' || lpad(n::text, 15, '0'),
       array(select 'c00000000h' || lpad((n * 3 + e)::text, 15, '0') from generate_series(0, 2) e)
     from generate_series($1::int, $1 + $2 - 1) n`,
    [tenants.length, others],
  );
  const isOther = `t.n >= ${tenants.length}`;
  await client.query(`
    insert into workspaces (id, name, plan, created_at, updated_at)
    select workspace_id, 'Other', 'BUSINESS', now(), now() from growth.tenants t where ${isOther};
    insert into intake_bots (id, workspace_id, name, status, schema, schema_version, created_at, updated_at)
    select bot_id, workspace_id, 'Other', 'ACTIVE', '[]', 1, now(), now() from growth.tenants t where ${isOther};
    insert into webhook_endpoints (id, workspace_id, url, events, status, secrets, created_at, updated_at)
    select e, workspace_id, 'http://127.0.0.1:9/', '{contact.created}', 'active', '[]', now(), now()
    from growth.tenants t, unnest(endpoint_ids) e where ${isOther};
    insert into webhook_endpoint_states (endpoint_id) select unnest(endpoint_ids) from growth.tenants t where ${isOther};
    analyze growth.tenants
  `);
}

async function makeBlocks(client, days) {
  const startMs = Date.now() - days * dayMs;
  const at = Array.from({ length: blocks }, (_, n) => new Date(startMs + (n * days * dayMs) / blocks));
  await client.query(
    `create table growth.blocks as
     select n - 1 as block, at, ms from unnest($1::timestamptz(3)[], $2::text[]) with ordinality b (at, ms, n)`,
    [at, at.map((moment) => idFloor(moment).slice(1))],
  );
}

/** Of the days that are over: those to come are there. */
async function makePartitions(client, days) {
  const today = Math.floor(Date.now() / dayMs) * dayMs;
  for (let day = today - (days + 1) * dayMs; day < today; day += dayMs) {
    const name = new Date(day).toISOString().slice(0, 10).replaceAll('-', '');
    for (const [table, floor] of Object.entries(partitioned)) {
      const [from, to] = [floor(new Date(day)), floor(new Date(day + dayMs))];
      await client.query(
        `create table if not exists ${table}_${name} partition of ${table} for values from (${from}) to (${to})`,
      );
    }
  }
}

/** Drops what is not a constraint, and returns how it is made again. */
async function withoutIndexes(client, tables) {
  const { rows } = await client.query(
    `select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as definition from pg_index i
     where i.indrelid = any ($1::regclass[]) and not exists (select from pg_constraint c where c.conindid = i.indexrelid)`,
    [tables],
  );
  for (const { name } of rows) await client.query(`drop index ${name}`);
  return rows.map(({ definition }) => definition.replace(' ON ONLY ', ' ON '));
}

/** Row `i` is a measured workspace's where it is one of its `measuredRows`, spread over all; else any other's. */
async function fill(client, reader, table, select, rows, measured) {
  const {
    rows: [{ others }],
  } = await reader.query(`select count(*)::int as others from growth.tenants where n >= ${measured}`);
  const step = Math.floor(rows / (measured * measuredRows));
  const tenant =
    others === 0
      ? '0'
      : `case when i % ${step} = 0 and i / ${step} <= ${measured * measuredRows} then (i / ${step}) % ${measured}
           else ${measured} + (i::bigint * 7919 % ${others})::int end`;
  const numbered = `numbered as (
    select i, lpad(i::text, 15, '0') as n, b.at, b.ms, t.workspace_id, t.bot_id, t.endpoint_ids
    from generate_series(1, ${rows}) i
    join growth.blocks b on b.block = ((i::bigint - 1) * ${blocks} / ${rows})
    join growth.tenants t on t.n = ${tenant}
  )`;
  const query = `with ${numbered} ${select}`;
  const { fields } = await reader.query(`${query} limit 0`);
  const columns = fields.map(({ name }) => name).join(', ');
  await pipeline(
    reader.query(copy.to(`copy (${query}) to stdout`)),
    client.query(copy.from(`copy ${table} (${columns}) from stdin`)),
  );
}

/** Bytes of a row in each table, with its part of the indexes. */
async function sizesOf(client, tables, rows) {
  const sizes = {};
  for (const table of tables) {
    const { rows: found } = await client.query(
      `select sum(pg_total_relation_size(relid))::float8 as bytes, sum(pg_indexes_size(relid))::float8 as indexes
       from (select relid from pg_partition_tree($1::regclass) union select $1::regclass) parts`,
      [table],
    );
    sizes[table] = { bytes: Math.round(found[0].bytes / rows), ofIndexes: Math.round(found[0].indexes / rows) };
  }
  return sizes;
}
