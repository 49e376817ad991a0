// How long lists and searches of deliveries take, as the console asks for them, and how long their later pages.
// `node bench/deliveries/run.mjs [deliveries] [rounds]`, after `npm run build`.
import { randomBytes } from 'node:crypto';
import { built, machine, median, now, pace, round, startPostgres } from '../support/ground.mjs';
import { report } from '../support/report.mjs';

const deliveries = Number(process.argv[2] ?? 100_000);
const rounds = Number(process.argv[3] ?? 5);
const days = 20;
const blocks = 100;

const { App } = await built('src/app.js');
const { readConfig } = await built('src/platform/config.js');
const { createLog } = await built('src/platform/log.js');
const { createTenant } = await built('test/support/app.js');

/** `$1` how a delivery's id begins, `$2` an event's, `$3` workspace, `$4` endpoint, `$5` when, `$6` how many. */
const insert = `
  with numbers as (
    select lpad(n::text, 15, '0') as n, md5(n::text || $1) as salt from generate_series(1, $6::int) n
  ), told as (
    insert into events (id, workspace_id, type, subject_id, body, created_at)
    select $2 || n, $3, 'contact.created', 'c', jsonb_build_object('id', $2 || n, 'notes', repeat(salt, 23))::text, $5
    from numbers
  ), placed as (
    insert into event_positions (event_id, workspace_id, type) select $2 || n, $3, 'contact.created' from numbers
  )
  insert into webhook_attempts (delivery_id, endpoint_id, event_id, at, number, ended, outcome, response_status, total_ms,
    response_body, event_type)
  select $1 || n, $4, $2 || n, $5, 1, 'delivered', 'success', 200, 12, '{"ok":true}', 'contact.created' from numbers
`;
const page = `query Deliveries($filter: WebhookDeliveryFilter, $after: String) {
  webhookDeliveries(filter: $filter, first: 50, after: $after) {
    nodes {
      id status attemptCount createdAt nextAttemptAt endedAt skipReason
      lastAttempt { outcome responseStatus timings { totalMs } } event { id type } endpoint { id url }
    }
    searchedTo
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;

const postgres = await startPostgres();
const config = readConfig({
  PORT: '0',
  DATABASE_URL: postgres.url,
  SECRETS_KEY: randomBytes(32).toString('base64'),
  WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8',
});
const app = await App.open(config, createLog('silent'), 'api');
try {
  await app.serve('api');
  const tenant = await createTenant(app);
  const headers = { Authorization: `Bearer ${tenant.key}`, 'Content-Type': 'application/json' };
  const endpointIds = [];
  for (const name of ['a', 'b', 'c']) endpointIds.push(await endpointAt(`http://127.0.0.1:9/${name}`));
  for (let block = 0; block < blocks; block += 1) {
    const atMs = Math.floor(Date.now() - ((blocks - block) * days * 86_400_000) / blocks);
    const ms = atMs.toString(36).padStart(8, '0');
    const values = [`c${ms}d`, `evt_c${ms}e`, tenant.workspaceId, endpointIds[block % 3], new Date(atMs)];
    await app.database.pool.query(insert, [...values, Math.ceil(deliveries / blocks)]);
  }
  await app.database.pool.query('analyze');

  const since = new Date(Date.now() - 86_400_000).toISOString();
  const questions = {
    'everything, page 1': [null, 1],
    'everything, page 50': [null, 50],
    'a text that all have, page 1': [{ search: 'notes' }, 1],
    'a text that all have, page 50': [{ search: 'notes' }, 50],
    'a text that none has': [{ search: 'nothing has this' }, 1],
    'a text with quotes and é that none has': [{ search: '"né/x"' }, 1],
    'of a type that all have': [{ eventType: ['contact.created'] }, 1],
    'of a type that none has': [{ eventType: ['contact.updated'] }, 1],
    failed: [{ status: ['EXHAUSTED', 'RETRYING'] }, 1],
    'answered 5xx': [{ responseStatus: { gte: 500, lt: 600 } }, 1],
    'of one endpoint': [{ endpointId: endpointIds[0] }, 1],
    'since yesterday': [{ createdAt: { gte: since } }, 1],
  };
  const cursors = new Map();
  const took = new Map(Object.keys(questions).map((name) => [name, []]));
  for (let turn = 0; turn <= rounds; turn += 1) {
    for (const [name, [filter, number]] of Object.entries(questions)) {
      const ms = await lastOf(name, filter, number);
      // The first turn fills caches and compiles.
      if (turn > 0) took.get(name).push(ms);
    }
  }
  console.log(JSON.stringify({ ...machine(), paceMs: pace(), deliveries, rounds }));
  for (const [name, each] of took) {
    console.log(`${name.padEnd(40)} median ${round(median(each), 0)} ms, most ${round(Math.max(...each), 0)} ms`);
  }

  const over = (name, other) => took.get(name).map((ms, turn) => ms / took.get(other)[turn]);
  const deep = over('everything, page 50', 'everything, page 1');
  const none = took.get('a text that none has').map((ms) => ms / 1_000);
  const msOf = (name) => `${round(median(took.get(name)), 0)} ms`;
  await report([
    {
      what: 'page 50 of deliveries over page 1',
      ratio: median(deep),
      range: deep,
      atMost: 1.25,
      detail: `${msOf('everything, page 50')} over ${msOf('everything, page 1')}`,
    },
    {
      what: 'a search of deliveries that finds nothing over a second',
      ratio: median(none),
      range: none,
      atMost: 1,
      detail: `${msOf('a text that none has')}, ${deliveries} deliveries`,
    },
  ]);

  /** The time of the last of so many pages; the pages before it are read once, for its cursor. */
  async function lastOf(name, filter, pages) {
    let after = cursors.get(name) ?? null;
    for (let number = 1; number < (cursors.has(name) ? 1 : pages); number += 1) {
      after = (await graphql(page, { filter, after })).webhookDeliveries.pageInfo.endCursor;
    }
    cursors.set(name, after);
    const startedAt = now();
    await graphql(page, { filter, after });
    return now() - startedAt;
  }

  async function endpointAt(url) {
    const mutation = `mutation ($input: CreateWebhookEndpointInput!) {
      createWebhookEndpoint(input: $input) { webhookEndpoint { id } }
    }`;
    const made = await graphql(mutation, { input: { url, events: ['contact.created'] } });
    return made.createWebhookEndpoint.webhookEndpoint.id;
  }

  async function graphql(query, variables) {
    for (;;) {
      const body = JSON.stringify({ query, variables });
      const answer = await fetch(`${app.publicUrl}/graphql`, { method: 'POST', headers, body });
      // A key has so many points a minute.
      if (answer.status === 429) {
        await new Promise((resolve) => setTimeout(resolve, 1_000 * Number(answer.headers.get('retry-after') ?? 1)));
        continue;
      }
      const { data, errors } = await answer.json();
      if (errors) throw new Error(JSON.stringify(errors));
      return data;
    }
  }
} finally {
  await app.stop();
  await postgres.stop();
}
