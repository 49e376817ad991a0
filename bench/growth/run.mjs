// node bench/growth/run.mjs [rows,…] [workspaces,…] [rounds] [part,…]: what requests, lists and deliveries take with so
// many rows stored in each table, as a ratio to the smallest number; of one workspace, and of some among many. Leaves
// bench/results/growth-<date>.json, which `npm run bench` shows in its table.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { Client } from 'undici';
import { built, machine, median, pace, round } from '../support/ground.mjs';
import { verdictOf } from '../support/report.mjs';
import { startServer } from '../support/servers.mjs';
import { startGround } from '../support/webhooks.mjs';
import { load } from './load.mjs';
import { operations, samples } from './operations.mjs';

const { idFloor } = await built('src/platform/id.js');

const listOf = (at, usual) => (process.argv[at] ?? usual).split(',');
/** With other arguments it is part of one. */
const isWhole = process.argv.length === 2;
const sizes = listOf(2, '10000,1000000,10000000').map(Number);
const tenancies = listOf(3, '1,10000').map(Number);
const rounds = Number(process.argv[4] ?? 7);
const parts = listOf(5, 'people,deliveries');

/** Of an operation in a row; the median counts. Where it takes long, fewer do. */
const requests = 60;
const turnMsMax = 1_500;
const writes = 400;
const writesMsMax = 4_000;
const measuredTenants = 10;
const warmUps = 2;
const samplesOfEach = 400;
const eventsDelivered = 400;
/** How much longer than with the fewest rows what an index serves may take. */
const ratioMax = 1.1;
/** As docs/operating.md advises for a machine that is PostgreSQL's: a quarter of the memory for its pages. */
const settings = { shared_buffers: `${Math.floor(totalmem() / 4 / 1_048_576)}MB`, max_wal_size: '4GB' };
/** Of what is not answered at all. */
const refusedRatio = 1_000;
const dayMs = 86_400_000;
const spanDays = { people: 360, deliveries: 27 };

const startedAt = new Date();
const day = isWhole ? startedAt.toISOString().slice(0, 10) : 'part';
const file = fileURLToPath(new URL(`../results/growth-${day}.json`, import.meta.url));
const minutes = () => round((Date.now() - startedAt) / 60_000);
const secretsKey = Buffer.alloc(32, 7).toString('base64');
const tell = (text) => console.log(`${new Date().toISOString().slice(11, 19)} ${text}`);
const short = (rows) => (rows >= 1_000_000 ? `${rows / 1_000_000} M` : rows >= 1_000 ? `${rows / 1_000} k` : `${rows}`);

const measured = [];
const stored = [];
for (const workspaces of tenancies) {
  for (const part of parts) {
    await measurePart(part, workspaces);
    // What was measured stays, whatever becomes of the next part.
    await leave();
  }
}
tellAll();

async function measurePart(part, workspaces) {
  const who = workspaces === 1 ? 'one workspace' : `${short(workspaces)} workspaces`;
  // A server's own, so that its disk is free again before the next.
  const ground = await startGround(settings);
  const houses = [];
  try {
    for (const rows of sizes) {
      const from = Date.now();
      houses.push(await open(ground, part, rows, workspaces));
      const { bytesOfRow } = houses.at(-1);
      stored.push({ part, workspaces, rows, bytesOfRow });
      tell(
        `${part}, ${who}: ${short(rows)} rows in each table, loaded in ${Math.round((Date.now() - from) / 1_000)} s`,
      );
    }
    // Each server is a process of its own: none is measured while its code is still being compiled.
    for (let turn = 0; turn < warmUps; turn += 1) {
      for (const house of houses) {
        const served = Object.values(operations[part]).filter(({ isServed }) => isServed);
        for (const operation of served) await ask(house, operation);
      }
    }
    for (const [what, operation] of Object.entries(operations[part])) {
      await compare(
        { part, workspaces, who, what, ...operation },
        houses,
        async (house) => await ask(house, operation),
      );
    }
    if (part === 'deliveries') {
      const deliver = async ({ server }) => await server.ask({ deliver: eventsDelivered });
      await compare({ part, workspaces, who, what: 'a delivery', isServed: true }, houses, deliver);
    }
  } finally {
    for (const { server, client, database } of houses) {
      await client.close();
      await database.end();
      await server.stop();
    }
    await ground.stop();
  }
}

async function open(ground, part, rows, workspaces) {
  const url = await ground.database();
  const measuredCount = workspaces === 1 ? 1 : measuredTenants;
  const server = await startServer(new URL('server.mjs', import.meta.url), {
    args: [String(measuredCount)],
    env: { PORT: '0', DATABASE_URL: url, SECRETS_KEY: secretsKey, WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8' },
  });
  const bytesOfRow = await load(url, part, rows, workspaces, server.tenants);
  const database = new pg.Client(url);
  await database.connect();
  await database.query('set enable_seqscan = off');
  const moments = Array.from({ length: samplesOfEach }, (_, n) =>
    idFloor(new Date(Date.now() - (spanDays[part] * dayMs * (n + 1)) / (samplesOfEach + 1))).slice(1),
  );
  const tenants = [];
  for (const tenant of server.tenants) {
    const found = await database.query(samples[part], [tenant.workspaceId, samplesOfEach, moments]);
    if (found.rows.length === 0) throw new Error(`${part}: a measured workspace has no rows`);
    tenants.push({ ...tenant, samples: found.rows });
  }
  return { rows, server, tenants, bytesOfRow, database, client: new Client(server.url) };
}

/** What the database has spent: bytes of WAL, and where the machine tells it, CPU of all its processes. */
async function spentBy(database) {
  const { rows } = await database.query(
    'select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), $1)::float8 as wal, array(select pid from pg_stat_activity) as pids',
    ['0/0'],
  );
  const [{ wal, pids }] = rows;
  let ticks = 0;
  for (const pid of pids) {
    // A process that has ended meanwhile, or no Linux.
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    const [utime = 0, stime = 0] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13)
      .map(Number);
    ticks += utime + stime;
  }
  return { wal, cpuUs: ticks * 10_000 };
}

/** One request after the other. */
async function ask({ server, client, database, tenants }, { request, isWrite = false }) {
  const before = await server.ask('cpu');
  const databaseBefore = isWrite ? await spentBy(database) : null;
  const [countMax, msMax] = isWrite ? [writes, writesMsMax] : [requests, turnMsMax];
  const took = [];
  const startedAt = performance.now();
  while (took.length < countMax && performance.now() - startedAt < msMax) {
    const from = performance.now();
    const answer = await client.request(request(tenants[took.length % tenants.length]));
    const text = await answer.body.text();
    took.push(performance.now() - from);
    if (answer.statusCode !== 200 || text.includes('"errors"')) {
      // What ends at a bound of ours is no failure of this bench: it is told as such.
      throw new Error(`${answer.statusCode} ${text.slice(0, 200)}`);
    }
  }
  const after = await server.ask('cpu');
  const cpuUs = (after.user + after.system - before.user - before.system) / took.length;
  if (databaseBefore === null) return { ms: median(took), cpuUs };
  const databaseAfter = await spentBy(database);
  return {
    ms: median(took),
    cpuUs,
    databaseCpuUs: (databaseAfter.cpuUs - databaseBefore.cpuUs) / took.length,
    walBytes: (databaseAfter.wal - databaseBefore.wal) / took.length,
  };
}

async function compare({ part, workspaces, who, what, isServed }, houses, measure) {
  const results = houses.map(() => []);
  const refused = new Map();
  const measureOne = async (house, index, counts) => {
    if (refused.has(index)) return;
    try {
      const result = await measure(house);
      if (counts) results[index].push(result);
    } catch (error) {
      refused.set(index, String(error.message ?? error));
    }
  };
  // Compiled, planned and read once before it counts.
  for (const [index, house] of houses.entries()) await measureOne(house, index, false);
  for (let turn = 0; turn < rounds; turn += 1) {
    const order = [...houses.entries()];
    if (turn % 2 === 1) order.reverse();
    for (const [index, house] of order) await measureOne(house, index, true);
  }
  const [fewest] = results;
  const costs = results.map((each, index) =>
    refused.has(index)
      ? { rows: sizes[index], refused: refused.get(index) }
      : {
          rows: sizes[index],
          ...Object.fromEntries(
            Object.keys(each[0]).map((key) => [key, round(median(each.map((result) => result[key])), 3)]),
          ),
          ratios: each.map(({ ms }, turn) => round(ms / fewest[turn].ms, 3)),
        },
  );
  measured.push({ part, workspaces, what, isServed, costs });
  const said = costs.map((cost) =>
    cost.refused === undefined
      ? `${short(cost.rows)} ${cost.ms} ms (${round(median(cost.ratios), 2)})`
      : `${short(cost.rows)} REFUSED ${cost.refused}`,
  );
  const last = costs.at(-1);
  const ratio = last.refused === undefined ? median(last.ratios) : refusedRatio;
  const verdict = isServed ? verdictOf({ ratio, atMost: ratioMax }).verdict : 'no index serves it';
  tell(`${who}, ${what}: ${said.join(', ')}: ${verdict}`);
}

/** For the table of `npm run bench`: of what an index serves the middle and the worst. */
function rowsOf(workspaces) {
  const who = workspaces === 1 ? 'one workspace' : `${short(workspaces)} workspaces`;
  const over = `${short(sizes.at(-1))} rows over ${short(sizes[0])}`;
  const served = measured.filter((one) => one.workspaces === workspaces && one.isServed);
  const each = served
    .map(({ what, costs }) => ({
      what,
      ratio: costs.at(-1).refused === undefined ? median(costs.at(-1).ratios) : refusedRatio,
    }))
    .toSorted((a, b) => a.ratio - b.ratio);
  if (each.length === 0) return [];
  const ratios = each.map(({ ratio }) => ratio);
  const within = ratios.filter((ratio) => ratio <= ratioMax).length;
  const range = { least: ratios[0], most: ratios.at(-1) };
  return [
    {
      what: `${who}: ${over}, the middle of ${each.length} operations`,
      ratio: median(ratios),
      ...range,
      atMost: ratioMax,
      detail: `${within} of ${each.length} within a tenth`,
    },
    { what: `${who}: ${over}, the worst`, ratio: ratios.at(-1), ...range, atMost: ratioMax, detail: each.at(-1).what },
  ];
}

async function leave() {
  const report = {
    startedAt,
    minutes: minutes(),
    machine: machine(),
    settings,
    paceMs: pace(),
    sizes,
    rounds,
    rows: tenancies.flatMap(rowsOf),
    measured,
    stored,
  };
  await mkdir(new URL('.', `file://${file}`), { recursive: true });
  await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
}

function tellAll() {
  for (const { what, ratio, detail } of tenancies.flatMap(rowsOf))
    console.log(`${what}: ${ratio.toFixed(2)}, ${detail}`);
  console.log(`${minutes()} min. ${file}`);
}
