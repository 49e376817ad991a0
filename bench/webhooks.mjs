// Drain rate, latency, WAL and statements of webhook delivery, beside raw posts and other queues doing the same work.
// node bench/webhooks.mjs [deliveries] [rounds], after `npm run build` and `npm ci --prefix bench`.
import { execFileSync } from 'node:child_process';
import { createHmac, createSecretKey } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { Pool } from 'undici';
import { built, machine, median, now, openHouse, quantile, round, startGround, startReceiver } from './ground.mjs';

const { Outbound } = await import(new URL('src/platform/outbound.js', built).href);
const { signaturesOf, signingSecret, newSecret } = await import(new URL('src/webhooks/signature.js', built).href);
const { newId } = await import(new URL('src/platform/id.js', built).href);

const endpoints = 10;
const deliveries = Number(process.argv[2] ?? 40_000);
const events = Math.ceil(deliveries / endpoints);
const bodyBytes = 1_024;
const warmUp = 10_000;
const rounds = Number(process.argv[3] ?? 3);
const latencySeconds = 6;
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

async function latencies(perSecond, commit, seconds = latencySeconds) {
  const intervalMs = (1_000 * endpoints) / perSecond;
  const committedAt = new Map();
  const startedAt = now();
  const total = Math.floor((seconds * perSecond) / endpoints);
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

async function startOurs() {
  const house = await openHouse(ground);
  await countStatements(house);
  const actor = await subscribed(house);
  const commit = async () => (await house.happen(actor, 1))[0];
  return {
    drain: async (events) => await drainOurs(house, actor, events),
    async latency(perSecond) {
      const worker = await house.startWorker();
      await latencies(100, commit, 2);
      const result = await latencies(perSecond, commit);
      await worker.stop();
      return result;
    },
    async addFinished() {
      await house.rows(
        `insert into webhook_attempts (delivery_id, endpoint_id, event_id, at, number, ended, outcome, response_status, total_ms)
         select 'c00000000d' || lpad(n::text, 15, '0'), (select min(id) from webhook_endpoints),
           'evt_c00000000e' || lpad((n / 10)::text, 15, '0'), now(), 1, 'delivered', 'success', 200, 3
         from generate_series(1, ${finishedRows}) n`,
      );
      await house.rows('vacuum analyze webhook_attempts');
    },
    stop: async () => await house.close(),
  };
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

async function startGraphileWorker() {
  const { run, runMigrations } = await import('graphile-worker');
  const url = await ground.database();
  const pool = new pg.Pool({ connectionString: url, max: 20 }).on('error', () => {});
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
  return {
    async drain(events) {
      await enqueue(commit, events);
      await pool.query('truncate outcomes');
      const startedAt = now();
      const runner = await start();
      await receiver.until(events * endpoints);
      for (let stored = 0; stored < events * endpoints; await delay(2)) {
        stored = (await pool.query('select count(*)::int as count from outcomes')).rows[0].count;
      }
      const perSecond = Math.round((events * endpoints) / ((now() - startedAt) / 1_000));
      await receiver.arrivals();
      await runner.stop();
      return { perSecond };
    },
    async latency(perSecond) {
      const runner = await start();
      await latencies(100, commit, 2);
      const result = await latencies(perSecond, commit);
      await runner.stop();
      return result;
    },
    async stop() {
      await pool.end();
      await sender.close();
    },
  };
}

async function enqueue(commit, events) {
  for (let made = 0; made < events; made += 50) {
    await Promise.all(Array.from({ length: Math.min(50, events - made) }, commit));
  }
}

async function startBullmq() {
  try {
    execFileSync('redis-server', ['--version']);
  } catch {
    return null;
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
  const pool = new pg.Pool({ connectionString: url, max: 20 }).on('error', () => {});
  await pool.query(outcomesTable);
  const sender = senderOf();
  const store = outcomesOf(pool);
  const commit = async () => {
    const id = `evt_${newId('event')}`;
    const jobs = Array.from({ length: endpoints }, (_, index) => ({ name: 'deliver', data: { event: id, index } }));
    await queue.addBulk(jobs);
    return id;
  };
  const start = () =>
    new Worker(
      'deliver',
      async ({ data: { event, index } }) => {
        const outcome = await sender.send(event, index);
        const at = new Date().toISOString();
        await store(newId('webhookDelivery'), event, index, at, outcome.outcome, outcome.status);
      },
      { connection, concurrency: 80, removeOnComplete: { count: 0 } },
    );
  return {
    async drain(events) {
      await enqueue(commit, events);
      const startedAt = now();
      const worker = start();
      await receiver.until(events * endpoints);
      const perSecond = Math.round((events * endpoints) / ((now() - startedAt) / 1_000));
      await receiver.arrivals();
      await worker.close();
      return { perSecond };
    },
    async latency(perSecond) {
      const worker = start();
      await latencies(100, commit, 2);
      const result = await latencies(perSecond, commit);
      await worker.close();
      return result;
    },
    async stop() {
      await queue.close();
      await pool.end();
      await sender.close();
      redis.kill();
    },
  };
}

const started = {
  ours: await startOurs(),
  graphileWorker: await startGraphileWorker(),
  bullmq: await startBullmq(),
};
const contenders = Object.entries(started).filter(([, contender]) => contender !== null);

// Interleaved, and none is measured while its code is still being compiled.
const runs = { raw: [] };
for (const [name] of contenders) runs[name] = { drains: [], at200: [], at1000: [] };
await raw(warmUp);
for (const [, contender] of contenders) await contender.drain(warmUp / endpoints);
for (let round = 0; round < rounds; round += 1) {
  runs.raw.push(await raw(deliveries));
  for (const [name, contender] of contenders) runs[name].drains.push(await contender.drain(events));
}
for (let round = 0; round < rounds; round += 1) {
  for (const [name, contender] of contenders) {
    runs[name].at200.push(await contender.latency(200));
    runs[name].at1000.push(await contender.latency(1_000));
  }
}
await started.ours.addFinished();
const withAMillionFinished = [];
for (let round = 0; round < rounds; round += 1) withAMillionFinished.push(await started.ours.drain(events));

const medianOf = (results, key) => median(results.map((result) => result[key]));
const summary = contenders.map(([name]) => [
  name,
  {
    drainPerSecond: medianOf(runs[name].drains, 'perSecond'),
    at200: { p50Ms: medianOf(runs[name].at200, 'p50Ms'), p99Ms: medianOf(runs[name].at200, 'p99Ms') },
    at1000: { p50Ms: medianOf(runs[name].at1000, 'p50Ms'), p99Ms: medianOf(runs[name].at1000, 'p99Ms') },
  },
]);
const rawPerSecond = medianOf(runs.raw, 'perSecond');
const [{ walBytesPerDelivery, statementsPerDelivery }] = runs.ours.drains;
const report = {
  machine: machine(),
  deliveries: events * endpoints,
  rounds,
  rawPerSecond,
  ...Object.fromEntries(summary),
  ratioToRaw: round(medianOf(runs.ours.drains, 'perSecond') / rawPerSecond, 2),
  withAMillionFinished: medianOf(withAMillionFinished, 'perSecond'),
  walBytesPerDelivery,
  statementsPerDelivery,
  runs,
};
if (started.bullmq === null) report.bullmq = 'no redis-server on this machine: not run';
console.log(JSON.stringify(report, null, 2));
for (const [, contender] of contenders) await contender.stop();
receiver.stop();
await ground.stop();
process.exit(0);
