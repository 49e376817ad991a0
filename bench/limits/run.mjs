// What a call of the rate limiter costs, beside rate-limiter-flexible's, and what knowing the caller adds to a request.
// node bench/limits/run.mjs [rounds], after `npm run build`. Rounds are interleaved; medians are told.
import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import 'reflect-metadata';
import { RateLimiterMemory, RateLimiterPostgres } from 'rate-limiter-flexible';

const built = new URL('../../dist/', import.meta.url);
const load = async (path) => await import(new URL(path, built).href);
const { startEmbeddedPostgres } = await load('src/platform/embedded-postgres.js');
const { dataSourceFor } = await load('ormconfig.js');
const { migrate } = await load('src/platform/migrate.js');
const { Database } = await load('src/platform/database.js');
const { Signals } = await load('src/platform/signals.js');
const { createLog } = await load('src/platform/log.js');
const { RateLimiter } = await load('src/http/rate-limit.js');

const rounds = Number(process.argv[2] ?? 5);
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const round = (value, digits = 2) => Number(value.toFixed(digits));

const dataDir = await mkdtemp(join(tmpdir(), 'iozen-bench-'));
const postgres = await startEmbeddedPostgres({ dataDir });
const source = await dataSourceFor(postgres.url).initialize();
await migrate(source);
const database = new Database(source);
const log = createLog('silent');
const signals = new Signals(database, postgres.url, log);
await signals.start();

let queries = 0;
const { pool } = database;
const query = pool.query.bind(pool);
pool.query = (...args) => {
  queries += 1;
  return query(...args);
};

/** Every limiter behind the same call. */
const limiters = {
  ours: (points) => {
    const limiter = new RateLimiter(database, signals, log);
    return { take: (key) => limiter.take(key, points, 1), stop: () => limiter.stop() };
  },
  RateLimiterMemory: (points) => {
    const limiter = new RateLimiterMemory({ points, duration: 60 });
    return { take: (key) => limiter.consume(key).catch(() => undefined), stop: async () => undefined };
  },
  RateLimiterPostgres: (points) => {
    const limiter = new RateLimiterPostgres({
      storeClient: pool,
      storeType: 'pool',
      tableName: 'sign_in_tries',
      tableCreated: true,
      clearExpiredByTimeout: false,
      points,
      duration: 60,
    });
    return { take: (key) => limiter.consume(key).catch(() => undefined), stop: async () => undefined };
  },
};

const cases = {
  'hot key at its limit of 100': { points: 100, keys: 1, calls: 20_000 },
  'hot key far from its limit': { points: 10_000_000, keys: 1, calls: 20_000 },
  '1,000 keys, 20 calls each, limit 500': { points: 500, keys: 1_000, calls: 20_000 },
};

let turn = 0;
async function measure(build, { points, keys, calls }) {
  const limiter = build(points);
  turn += 1;
  const names = Array.from({ length: keys }, (_, index) => `bench ${turn} ${index}`);
  queries = 0;
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  for (let call = 0; call < calls; call += 1) await limiter.take(names[call % keys]);
  const tookMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(cpu);
  const result = { us: (tookMs * 1_000) / calls, cpuUs: (user + system) / calls, queries: queries / calls };
  await limiter.stop();
  return result;
}

const results = {};
for (let count = 0; count < rounds; count += 1) {
  for (const [name, load] of Object.entries(cases)) {
    for (const [limiter, build] of Object.entries(limiters)) {
      results[name] ??= {};
      // A query a call takes long enough to be measured on fewer.
      const calls = limiter === 'RateLimiterPostgres' ? load.calls / 10 : load.calls;
      (results[name][limiter] ??= []).push(await measure(build, { ...load, calls }));
    }
  }
}
for (const byLimiter of Object.values(results)) {
  for (const [limiter, runs] of Object.entries(byLimiter)) {
    const middle = (field) => round(median(runs.map((run) => run[field])), field === 'queries' ? 4 : 2);
    byLimiter[limiter] = { us: middle('us'), cpuUs: middle('cpuUs'), queries: middle('queries') };
  }
}

/** CPU of a server process per request, its load coming from this one. */
async function cpuOfRequests(mode, calls) {
  const child = fork(fileURLToPath(new URL('floor.mjs', import.meta.url)), [mode, postgres.url]);
  const [{ port, key }] = await once(child, 'message');
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const get = () =>
    new Promise((resolve, reject) => {
      const options = { port, host: '127.0.0.1', agent, headers: { Authorization: `Bearer ${key}` } };
      request(options, (response) => {
        if (response.statusCode !== 200) reject(new Error(`answered ${response.statusCode}`));
        response.resume().once('end', resolve);
      })
        .once('error', reject)
        .end();
    });
  const lane = async (count) => {
    for (let call = 0; call < count; call += 1) await get();
  };
  const burst = async (count) => await Promise.all(Array.from({ length: 16 }, async () => lane(count / 16)));
  const cpuUs = async () => {
    child.send('cpu');
    return (await once(child, 'message'))[0].cpuUs;
  };
  await burst(4_000);
  const before = await cpuUs();
  await burst(calls);
  const spent = (await cpuUs()) - before;
  agent.destroy();
  child.disconnect();
  await once(child, 'exit');
  return spent / calls;
}

const requests = { floor: [], known: [] };
for (let count = 0; count < rounds; count += 1) {
  // Each is first in turn: the machine's own moods must not fall on one of them.
  const modes = count % 2 === 0 ? ['floor', 'known'] : ['known', 'floor'];
  for (const mode of modes) requests[mode].push(await cpuOfRequests(mode, 16_000));
}
const [floorUs, knownUs] = [median(requests.floor), median(requests.known)];

await signals.stop();
await source.destroy();
await postgres.stop();
await rm(dataDir, { recursive: true, force: true, maxRetries: 20 });

const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
const report = {
  machine: { commit, node: process.version, cpus: cpus().length, model: cpus()[0]?.model },
  rounds,
  perCall: results,
  perRequest: {
    floorCpuUs: round(floorUs),
    withKeyAndLimitCpuUs: round(knownUs),
    addedPercent: round((knownUs / floorUs - 1) * 100, 1),
    runs: { floor: requests.floor.map((us) => round(us)), known: requests.known.map((us) => round(us)) },
  },
};
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
