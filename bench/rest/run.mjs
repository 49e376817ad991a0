// node bench/rest/run.mjs [seconds] [rounds]: requests per second and p99 of the server as ratios to the floor's, in turns.
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'undici';

const { startEmbeddedPostgres } = await import(
  new URL('../../dist/src/platform/embedded-postgres.js', import.meta.url).href
);

const seconds = Number(process.argv[2] ?? 4);
const rounds = Number(process.argv[3] ?? 5);
const connections = 16;

const dataDir = await mkdtemp(join(tmpdir(), 'iozen-bench-rest-'));
const postgres = await startEmbeddedPostgres({ dataDir });
const start = async (file, env) => {
  const options = {
    env: { PATH: process.env.PATH, DATABASE_URL: postgres.url, ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  };
  const child = fork(new URL(file, import.meta.url), options);
  const [ready] = await once(child, 'message');
  return { child, ...ready };
};
const server = await start('server.mjs', { PORT: '0', SECRETS_KEY: randomBytes(32).toString('base64') });
const floor = await start('floor.mjs', {});

const [first] = server.tenants;
const pathOf = ({ botId }) => `/api/v1/intake-bots/${botId}/submissions`;
const headersOf = ({ key }) => ({ authorization: `Bearer ${key}`, 'content-type': 'application/json' });
let made = 0;
const create = (tenant) => {
  made += 1;
  const data = { full_name: 'Ada Lovelace', email: `ada${made % 1_000}@example.com`, topic: 'Sales' };
  const headers = { ...headersOf(tenant), 'idempotency-key': `bench-${made}` };
  return { method: 'POST', path: pathOf(tenant), headers, body: JSON.stringify({ data }) };
};
const operations = {
  'list 50': () => ({ method: 'GET', path: `${pathOf(first)}?limit=50`, headers: headersOf(first) }),
  'read one': () => ({ method: 'GET', path: `${pathOf(first)}/${first.submissionId}`, headers: headersOf(first) }),
  create: () => create(server.tenants[made % server.tenants.length]),
  'create, all in one workspace': () => create(first),
};

/** Closed loop: each connection sends its next request once the last was answered. */
async function load({ child, url }, next) {
  const cpuBefore = await cpuUsOf(child);
  const pool = new Pool(url, { connections, pipelining: 1 });
  const latenciesMs = [];
  const until = performance.now() + seconds * 1_000;
  const one = () =>
    new Promise((resolve, reject) => {
      const startedAt = performance.now();
      pool.dispatch(next(), {
        onRequestStart() {},
        onResponseStart(_controller, status) {
          if (status !== 200) reject(new Error(`answered ${status}`));
        },
        onResponseData() {},
        onResponseEnd() {
          latenciesMs.push(performance.now() - startedAt);
          resolve();
        },
        onResponseError: (_controller, error) => reject(error),
      });
    });
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (performance.now() < until) await one();
    }),
  );
  await pool.close();
  latenciesMs.sort((a, b) => a - b);
  return {
    rps: latenciesMs.length / seconds,
    p99: latenciesMs[Math.floor(latenciesMs.length * 0.99)],
    cpuUs: ((await cpuUsOf(child)) - cpuBefore) / latenciesMs.length,
  };
}

async function cpuUsOf(child) {
  child.send('cpu');
  const [{ user, system }] = await once(child, 'message');
  return user + system;
}

const textOf = async (url, { path, headers }) => await (await fetch(url + path, { headers })).text();
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

try {
  for (const name of ['list 50', 'read one']) {
    const [ours, theirs] = [await textOf(server.url, operations[name]()), await textOf(floor.url, operations[name]())];
    if (ours !== theirs)
      throw new Error(`${name}: the floor sends other bytes\n${ours.slice(0, 600)}\n${theirs.slice(0, 600)}`);
  }
  console.log(`${cpus().length} CPUs, ${cpus()[0]?.model}, node ${process.version}, ${rounds} rounds of ${seconds} s`);
  for (const [name, next] of Object.entries(operations)) {
    // Compiled and planned before it counts.
    await load(floor, next);
    await load(server, next);
    const ours = [];
    const theirs = [];
    for (let round = 0; round < rounds; round += 1) {
      theirs.push(await load(floor, next));
      ours.push(await load(server, next));
    }
    const ratios = ours.map(({ rps }, round) => rps / theirs[round].rps);
    const middle = (results, of) => median(results.map((result) => result[of]));
    const show = (results) =>
      `${Math.round(middle(results, 'rps'))}/s, p99 ${middle(results, 'p99').toFixed(1)} ms, ${Math.round(middle(results, 'cpuUs'))} µs CPU`;
    const range = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
    console.log(
      `${name.padEnd(29)} ours ${show(ours)} | floor ${show(theirs)} | ratio ${median(ratios).toFixed(2)} (${range})`,
    );
  }
} finally {
  server.child.send('stop');
  await once(server.child, 'exit');
  floor.child.kill();
  await postgres.stop();
  await rm(dataDir, { recursive: true, force: true, maxRetries: 20 });
}
