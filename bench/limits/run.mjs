// What a call of the rate limiter costs, beside rate-limiter-flexible's, and what knowing the caller adds to a request.
// node bench/limits/run.mjs [rounds]; rounds are interleaved, medians are told.
import { Agent, request } from 'node:http';
import { RateLimiterMemory, RateLimiterPostgres } from 'rate-limiter-flexible';
import { built, machine, median, round, startPostgres } from '../support/ground.mjs';
import { report } from '../support/report.mjs';
import { startServer } from '../support/servers.mjs';

const { dataSourceFor } = await built('ormconfig.js');
const { migrate } = await built('src/platform/postgres/migrate.js');
const { Database } = await built('src/platform/postgres/database.js');
const { Notifications } = await built('src/platform/postgres/notifications.js');
const { createLog } = await built('src/platform/log.js');
const { RateLimiter } = await built('src/http/rate-limit/rate-limiter.js');

const rounds = Number(process.argv[2] ?? 5);

const postgres = await startPostgres();
const source = await dataSourceFor(postgres.url).initialize();
await migrate(source);
const database = new Database(source);
const log = createLog('silent');
const notifications = new Notifications(database, postgres.url, log);
await notifications.start();

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
    const limiter = new RateLimiter(database, notifications, log);
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
  const server = await startServer(new URL('floor.mjs', import.meta.url), { args: [mode, postgres.url] });
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const get = () =>
    new Promise((resolve, reject) => {
      request(server.url, { agent, headers: { Authorization: `Bearer ${server.key}` } }, (response) => {
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
    const { user, system } = await server.ask('cpu');
    return user + system;
  };
  await burst(4_000);
  const before = await cpuUs();
  await burst(calls);
  const spent = (await cpuUs()) - before;
  agent.destroy();
  await server.stop();
  return spent / calls;
}

const requests = { floor: [], known: [] };
for (let count = 0; count < rounds; count += 1) {
  // Each is first in turn: the machine's own moods must not fall on one of them.
  const modes = count % 2 === 0 ? ['floor', 'known'] : ['known', 'floor'];
  for (const mode of modes) requests[mode].push(await cpuOfRequests(mode, 16_000));
}
const [floorUs, knownUs] = [median(requests.floor), median(requests.known)];

await notifications.stop();
await source.destroy();
await postgres.stop();

const findings = {
  machine: machine(),
  rounds,
  perCall: results,
  perRequest: {
    floorCpuUs: round(floorUs, 2),
    withKeyAndLimitCpuUs: round(knownUs, 2),
    addedPercent: round((knownUs / floorUs - 1) * 100, 1),
    runs: { floor: requests.floor.map((us) => round(us, 2)), known: requests.known.map((us) => round(us, 2)) },
  },
};
process.stdout.write(`${JSON.stringify(findings, null, 2)}\n`);
const [manyKeys] = Object.entries(results).flatMap(([name, by]) => (name.startsWith('1,000 keys') ? [by] : []));
await report([
  {
    what: "the limiter's call over RateLimiterPostgres', 1,000 keys",
    ratio: manyKeys.ours.us / manyKeys.RateLimiterPostgres.us,
    detail: `${manyKeys.ours.us} over ${manyKeys.RateLimiterPostgres.us} µs`,
  },
  {
    what: 'CPU of a bare request with key and limit over without',
    ratio: knownUs / floorUs,
    range: requests.known.map((us, turn) => us / requests.floor[turn]),
    detail: `${round(knownUs, 0)} over ${round(floorUs, 0)} µs`,
  },
]);
