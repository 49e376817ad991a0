// node bench/graphql/run.mjs [seconds] [rounds]: requests per second as ratios to the floor's, in turns, of our server
// with authentication, limits and cost on, and of peers without any of it.
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

const seconds = Number(process.argv[2] ?? 3);
const rounds = Number(process.argv[3] ?? 3);
const connections = 16;

const dataDir = await mkdtemp(join(tmpdir(), 'iozen-bench-graphql-'));
const postgres = await startEmbeddedPostgres({ dataDir });
const start = async (file, env = {}) => {
  const options = {
    env: { PATH: process.env.PATH, DATABASE_URL: postgres.url, NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  };
  const child = fork(new URL(file, import.meta.url), options);
  const [ready] = await once(child, 'message');
  return { child, ...ready };
};
const ours = await start('../rest/server.mjs', { PORT: '0', SECRETS_KEY: randomBytes(32).toString('base64') });
const [{ key, botId, submissionId }] = ours.tenants;
const servers = {
  floor: await start('floor.mjs'),
  ours,
  yoga: await start('yoga.mjs'),
  mercurius: await start('mercurius.mjs'),
};

const fields = 'id data status isTest fileCount schemaVersion createdAt updatedAt intakeBot { id name }';
const list = `query ($id: ID!) { submissions(intakeBotId: $id, first: 50) { nodes { ${fields} } } }`;
const one = `query ($id: ID!) { submission(id: $id) { ${fields} } }`;
const create = `mutation ($input: CreateSubmissionInput!) { createSubmission(input: $input) { submission { id status createdAt } } }`;
let made = 0;
const operations = {
  'list 50': () => ({ query: list, variables: { id: botId } }),
  'read one': () => ({ query: one, variables: { id: submissionId } }),
  create: () => {
    const tenant = ours.tenants[(made += 1) % ours.tenants.length];
    const data = { full_name: 'Ada Lovelace', email: `ada${made % 1_000}@example.com`, topic: 'Sales' };
    return { tenant, query: create, variables: { input: { intakeBotId: tenant.botId, data } } };
  },
};
const requestOf = ({ tenant = { key }, ...body }) => ({
  method: 'POST',
  path: '/graphql',
  headers: { authorization: `Bearer ${tenant.key}`, 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

/** Closed loop: each connection sends its next request once the last was answered. */
async function load({ child, url }, next) {
  const cpuBefore = await cpuUsOf(child);
  const pool = new Pool(url, { connections, pipelining: 1 });
  const until = performance.now() + seconds * 1_000;
  let count = 0;
  const send = async () => {
    const { statusCode, body } = await pool.request(requestOf(next()));
    const text = await body.text();
    if (statusCode !== 200 || text.includes('"errors"')) throw new Error(`${statusCode} ${text.slice(0, 300)}`);
    count += 1;
  };
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (performance.now() < until) await send();
    }),
  );
  await pool.close();
  return { rps: count / seconds, cpuUs: ((await cpuUsOf(child)) - cpuBefore) / count };
}

async function cpuUsOf(child) {
  child.send('cpu');
  const [{ user, system }] = await once(child, 'message');
  return user + system;
}

const dataOf = async ({ url }, next) => {
  const { method, headers, body } = requestOf(next());
  return JSON.stringify((await (await fetch(`${url}/graphql`, { method, headers, body })).json()).data);
};
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

try {
  for (const name of ['list 50', 'read one']) {
    const answers = await Promise.all(Object.values(servers).map((server) => dataOf(server, operations[name])));
    if (new Set(answers).size !== 1)
      throw new Error(`${name}: not all say the same\n${answers.map((text) => text.slice(0, 300)).join('\n')}`);
  }
  console.log(`${cpus().length} CPUs, ${cpus()[0]?.model}, node ${process.version}, ${rounds} rounds of ${seconds} s`);
  for (const [name, next] of Object.entries(operations)) {
    const results = Object.fromEntries(Object.keys(servers).map((server) => [server, []]));
    for (const server of Object.values(servers)) await load(server, next);
    for (let round = 0; round < rounds; round += 1) {
      for (const [server, running] of Object.entries(servers)) results[server].push(await load(running, next));
    }
    const shown = Object.entries(results).map(([server, measured]) => {
      const ratios = measured.map(({ rps }, round) => rps / results.floor[round].rps);
      const [rps, cpuUs] = ['rps', 'cpuUs'].map((of) => Math.round(median(measured.map((result) => result[of]))));
      return `${server} ${median(ratios).toFixed(2)} (${rps}/s, ${cpuUs} µs CPU)`;
    });
    console.log(`${name.padEnd(9)} ${shown.join(' | ')}`);
  }
} finally {
  ours.child.send('stop');
  await once(ours.child, 'exit');
  for (const { child } of Object.values(servers)) child.kill();
  await postgres.stop();
  await rm(dataDir, { recursive: true, force: true, maxRetries: 20 });
}
