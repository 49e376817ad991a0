// Drain rate, latency, WAL and statements of webhook delivery, beside raw posts and other queues doing the same work.
// node bench/webhooks.mjs [deliveries], after `npm run build` and `npm ci --prefix bench`.
import { execFileSync } from 'node:child_process';
import { createHmac, createSecretKey } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { Pool } from 'undici';
import { built, machine, now, openHouse, quantile, round, startGround, startReceiver } from './ground.mjs';

const { Outbound } = await import(new URL('src/platform/outbound.js', built).href);
const { signaturesOf, signingSecret, newSecret } = await import(new URL('src/webhooks/signature.js', built).href);
const { newId } = await import(new URL('src/platform/id.js', built).href);

const endpoints = 10;
const deliveries = Number(process.argv[2] ?? 40_000);
const events = Math.ceil(deliveries / endpoints);
const bodyBytes = 1_024;
const warmUp = 10_000;
const latencySeconds = 10;
const finishedRows = 1_000_000;

const ground = await startGround();
const receiver = await startReceiver();

let statements = 0;
/** Counts what is sent to PostgreSQL, whichever copy of the driver sends it. */
async function countStatements(house) {
  const client = await house.database.pool.connect();
  const prototype = Object.getPrototypeOf(client);
  client.release();
  const { query } = prototype;
  prototype.query = function (...args) {
    statements += 1;
    return query.apply(this, args);
  };
}

/** Posts that are only signed and sent, 64 at a time. */
async function raw(deliveries) {
  const pool = new Pool(receiver.url, { connections: 64 });
  const key = createSecretKey(Buffer.alloc(32, 1));
  const body = Buffer.alloc(bodyBytes, 'x');
  const startedAt = now();
  let sent = 0;
  let ended = 0;
  await new Promise((resolve, reject) => {
    const next = () => {
      if ((sent += 1) > deliveries) return;
      const timestamp = String(Math.floor(Date.now() / 1_000));
      const standard = createHmac('sha256', key).update(`evt_x.${timestamp}.`).update(body).digest('base64');
      const own = createHmac('sha256', key).update(body).digest('hex');
      const headers = {
        'content-type': 'application/json',
        'webhook-id': 'evt_x',
        'webhook-timestamp': timestamp,
        'webhook-signature': `v1,${standard}`,
        'x-iozen-signature': `sha256=${own}`,
      };
      pool.dispatch(
        { path: '/raw', method: 'POST', headers, body },
        {
          onRequestStart() {},
          onResponseStart() {},
          onResponseData() {},
          onResponseEnd() {
            if ((ended += 1) === deliveries) resolve();
            else next();
          },
          onResponseError: (_controller, error) => reject(error),
        },
      );
    };
    for (let lane = 0; lane < 64; lane += 1) next();
  });
  const seconds = (now() - startedAt) / 1_000;
  await pool.close();
  await receiver.arrivals();
  return { perSecond: Math.round(deliveries / seconds) };
}

async function readLsn(house) {
  return (await house.rows('select pg_current_wal_lsn() as lsn'))[0].lsn;
}

async function subscribed(house) {
  const actor = await house.tenant();
  for (let index = 0; index < endpoints; index += 1) await house.endpoint(actor, `${receiver.url}/${index}`);
  return actor;
}

/** Everything from the waiting events to the stored outcomes. */
async function drainOurs(house, actor, events) {
  for (let made = 0; made < events; made += 100) await house.happen(actor, Math.min(100, events - made));
  const [before, lsn] = [await stored(house), await readLsn(house)];
  statements = 0;
  const startedAt = now();
  const worker = await house.startWorker();
  while ((await receiver.count()) < events * endpoints) await delay(10);
  while ((await stored(house)) - before < events * endpoints) await delay(2);
  const seconds = (now() - startedAt) / 1_000;
  const [wal] = await house.rows('select pg_wal_lsn_diff(pg_current_wal_lsn(), $1)::float8 as bytes', [lsn]);
  const result = {
    perSecond: Math.round((events * endpoints) / seconds),
    walBytesPerDelivery: Math.round(wal.bytes / events / endpoints),
    statementsPerDelivery: round(statements / events / endpoints, 3),
    duplicates: (await receiver.arrivals()).length - events * endpoints,
  };
  await worker.stop();
  return result;
}

async function stored(house) {
  // By the state rows would be cheaper, but would not show that outcomes are stored.
  const [{ open }] = await house.rows('select count(*)::int as open from webhook_deliveries');
  if (open > 0) return -1;
  const [{ count }] = await house.rows(
    "select count(*)::int as count from webhook_attempts where ended = 'delivered' and error is null",
  );
  return count;
}

async function latencies(perSecond, commit) {
  const intervalMs = (1_000 * endpoints) / perSecond;
  const committedAt = new Map();
  const startedAt = now();
  const total = Math.floor((latencySeconds * perSecond) / endpoints);
  const commits = [];
  for (let event = 0; event < total; event += 1) {
    const wait = startedAt + event * intervalMs - now();
    if (wait > 1) await delay(wait);
    commits.push(commit().then((id) => committedAt.set(id, now())));
  }
  await Promise.all(commits);
  await receiver.until(total * endpoints);
  const took = (await receiver.arrivals()).map(([id, at]) => Math.max(0, at - committedAt.get(id)));
  return { p50Ms: round(quantile(took, 0.5)), p99Ms: round(quantile(took, 0.99)) };
}

async function ours() {
  const house = await openHouse(ground);
  await countStatements(house);
  const actor = await subscribed(house);
  // Neither is measured while its code is still being compiled.
  await drainOurs(house, actor, warmUp / endpoints);
  const drain = await drainOurs(house, actor, events);
  const worker = await house.startWorker();
  const commit = async () => (await house.happen(actor, 1))[0];
  await latencies(100, commit);
  const result = { ...drain, at200: await latencies(200, commit), at1000: await latencies(1_000, commit) };
  await worker.stop();
  await house.rows(
    `insert into webhook_attempts (delivery_id, endpoint_id, event_id, at, number, ended, outcome, response_status, total_ms)
     select 'c00000000d' || lpad(n::text, 15, '0'), (select min(id) from webhook_endpoints), 'evt_c00000000e' || lpad((n / 10)::text, 15, '0'),
       now(), 1, 'delivered', 'success', 200, 3 from generate_series(1, ${finishedRows}) n`,
  );
  await house.rows('vacuum analyze webhook_attempts');
  const again = await drainOurs(house, actor, events);
  await house.close();
  return { ...result, withAMillionFinished: again.perSecond };
}

/** The same sender for everyone: vetted, signed both ways, 15 s, the answer read. */
function senderOf() {
  const outbound = new Outbound({ allowedCidrs: ['127.0.0.0/8'], timeoutMs: 15_000 });
  const secrets = [signingSecret(newSecret(), null)];
  const body = Buffer.alloc(bodyBytes, 'x');
  const send = async (eventId, index) => {
    const timestampSeconds = Math.floor(Date.now() / 1_000);
    const signatures = signaturesOf({ eventId, timestampSeconds, body }, secrets, Date.now());
    const headers = { 'webhook-id': eventId, 'webhook-timestamp': String(timestampSeconds), ...signatures };
    return await outbound.post(`${receiver.url}/${index}`, headers, body);
  };
  return { send, close: async () => await outbound.close() };
}

const outcomesTable = `create table outcomes (id text, event_id text, endpoint int, at timestamptz, outcome text, status int)`;
const insertOutcomes = {
  name: 'outcomes',
  text: 'insert into outcomes select * from unnest($1::text[], $2::text[], $3::int[], $4::timestamptz[], $5::text[], $6::int[])',
};

/** Stores outcomes in batches, as ours are: 5 ms after the first, one statement for all. */
function outcomesOf(pool) {
  let waiting = [];
  const flush = async () => {
    const batch = waiting;
    waiting = [];
    const column = (index) => batch.map(({ row }) => row[index]);
    await pool.query({ ...insertOutcomes, values: [0, 1, 2, 3, 4, 5].map(column) });
    for (const { resolve } of batch) resolve();
  };
  return async (...row) =>
    await new Promise((resolve) => {
      if (waiting.push({ row, resolve }) === 1) setTimeout(() => void flush(), 5);
    });
}

async function graphileWorker() {
  const { run, runMigrations } = await import('graphile-worker');
  const url = await ground.database();
  const pool = new pg.Pool({ connectionString: url, max: 20 });
  await pool.query(outcomesTable);
  await runMigrations({ pgPool: pool });
  const sender = senderOf();
  const store = outcomesOf(pool);
  const addJobs = `select graphile_worker.add_job('deliver', json_build_object('event', $1::text, 'index', n), queue_name => null)
    from generate_series(0, ${endpoints - 1}) n`;
  const commit = async () => {
    const id = `evt_${newId('event')}`;
    await pool.query({ name: 'add', text: addJobs, values: [id] });
    return id;
  };
  const start = async () =>
    await run({
      pgPool: pool,
      concurrency: 80,
      noHandleSignals: true,
      preset: { worker: { completeJobBatchDelay: 5, failJobBatchDelay: 5, localQueue: { size: 500 } } },
      logger: new (await import('graphile-worker')).Logger(() => () => {}),
      taskList: {
        async deliver({ event, index }) {
          const outcome = await sender.send(event, index);
          await store(
            newId('webhookDelivery'),
            event,
            index,
            new Date().toISOString(),
            outcome.outcome,
            outcome.status,
          );
        },
      },
    });
  for (let made = 0; made < events; made += 50)
    await Promise.all(Array.from({ length: Math.min(50, events - made) }, commit));
  const startedAt = now();
  const runner = await start();
  await receiver.until(events * endpoints);
  for (;;) {
    const { rows } = await pool.query('select count(*)::int as count from outcomes');
    if (rows[0].count >= events * endpoints) break;
    await delay(2);
  }
  const perSecond = Math.round((events * endpoints) / ((now() - startedAt) / 1_000));
  await receiver.arrivals();
  const result = { perSecond, at200: await latencies(200, commit), at1000: await latencies(1_000, commit) };
  await runner.stop();
  await pool.end();
  await sender.close();
  return result;
}

async function bullmq() {
  try {
    execFileSync('redis-server', ['--version']);
  } catch {
    return 'no redis-server on this machine: not run';
  }
  const { spawn } = await import('node:child_process');
  const { Queue, Worker } = await import('bullmq');
  const port = 16_379;
  const redis = spawn('redis-server', ['--port', String(port), '--appendonly', 'yes', '--dir', '/tmp'], {
    stdio: 'ignore',
  });
  await delay(1_000);
  const connection = { host: '127.0.0.1', port };
  const queue = new Queue('deliver', { connection });
  const url = await ground.database();
  const pool = new pg.Pool({ connectionString: url, max: 20 });
  await pool.query(outcomesTable);
  const sender = senderOf();
  const store = outcomesOf(pool);
  const commit = async () => {
    const id = `evt_${newId('event')}`;
    const jobs = Array.from({ length: endpoints }, (_, index) => ({ name: 'deliver', data: { event: id, index } }));
    await queue.addBulk(jobs);
    return id;
  };
  for (let made = 0; made < events; made += 50)
    await Promise.all(Array.from({ length: Math.min(50, events - made) }, commit));
  const startedAt = now();
  const worker = new Worker(
    'deliver',
    async ({ data: { event, index } }) => {
      const outcome = await sender.send(event, index);
      await store(newId('webhookDelivery'), event, index, new Date().toISOString(), outcome.outcome, outcome.status);
    },
    { connection, concurrency: 80, removeOnComplete: { count: 0 } },
  );
  await receiver.until(events * endpoints);
  const perSecond = Math.round((events * endpoints) / ((now() - startedAt) / 1_000));
  await receiver.arrivals();
  const result = { perSecond, at200: await latencies(200, commit), at1000: await latencies(1_000, commit) };
  await worker.close();
  await queue.close();
  await pool.end();
  await sender.close();
  redis.kill();
  return result;
}

await raw(warmUp);
const report = { machine: machine(), deliveries: events * endpoints, raw: await raw(deliveries) };
report.ours = await ours();
report.ratioToRaw = round(report.ours.perSecond / report.raw.perSecond, 2);
report.graphileWorker = await graphileWorker().catch((error) => `not run: ${error.message}`);
report.bullmq = await bullmq().catch((error) => `not run: ${error.message}`);
console.log(JSON.stringify(report, null, 2));
receiver.stop();
await ground.stop();
process.exit(0);
