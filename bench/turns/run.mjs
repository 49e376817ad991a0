// node bench/turns/run.mjs OTHER_CHECKOUT [seconds] [rounds]: CPU time per request, and per delivery, of this checkout as
// a ratio to another's, in turns.
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { machine, median, pace, round } from '../support/ground.mjs';
import { report } from '../support/report.mjs';
import { load, startServer } from '../support/servers.mjs';
import { startGround, startReceiver } from '../support/webhooks.mjs';

const [other, secondsGiven = 3, roundsGiven = 5] = process.argv.slice(2);
if (other === undefined) {
  console.error('Which other checkout? It must be installed and built: run.mjs OTHER_CHECKOUT [seconds] [rounds]');
  process.exit(2);
}
const [seconds, roundsWanted] = [Number(secondsGiven), Number(roundsGiven)];
/** The bound on each. */
const ratioMax = 1.15;
/** For each measurement of deliveries: a fan-out to ten endpoints each. */
const eventsAtOnce = 1_000;
const endpoints = 10;

const checkouts = { before: resolve(other), now: fileURLToPath(new URL('../..', import.meta.url)) };
/** The same twice: then it tells what the machine alone makes of a ratio, and there is nothing to hold. */
const isControl = checkouts.before === resolve(checkouts.now);
const ground = await startGround();
const receiver = await startReceiver();

async function start(checkout) {
  const env = {
    PORT: '0',
    DATABASE_URL: await ground.database(),
    SECRETS_KEY: randomBytes(32).toString('base64'),
    WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8',
    LOG_LEVEL: 'silent',
  };
  const file = fileURLToPath(new URL('server.mjs', import.meta.url));
  const api = await startServer(file, { args: [checkout, 'api'], env });
  const seeded = await api.ask({ seed: receiver.url });
  const worker = await startServer(file, { args: [checkout, 'worker'], env });
  return { api, worker, ...seeded };
}

let made = 0;
const person = () => ({ full_name: 'Ada Lovelace', email: `ada${(made += 1) % 1_000}@example.com`, topic: 'Sales' });
const headersOf = ({ key }) => ({ authorization: `Bearer ${key}`, 'content-type': 'application/json' });
const pathOf = ({ botId }) => `/api/v1/intake-bots/${botId}/submissions`;
const fields = 'data status isTest fileCount schemaVersion createdAt updatedAt intakeBot { id name }';
const documents = {
  list: `query ($id: ID!) { submissions(intakeBotId: $id, first: 50) { nodes { id ${fields} } } }`,
  one: `query ($id: ID!) { submission(id: $id) { id ${fields} } }`,
  create: `mutation ($input: CreateSubmissionInput!) { createSubmission(input: $input) { submission { id status } } }`,
};
const rest = (tenant, path, body) => ({
  method: body === undefined ? 'GET' : 'POST',
  path: pathOf(tenant) + path,
  headers: headersOf(tenant),
  ...(body && { body: JSON.stringify(body) }),
});
const graphql = (tenant, query, variables) => ({
  method: 'POST',
  path: '/graphql',
  headers: headersOf(tenant),
  body: JSON.stringify({ query, variables }),
});
const inTurn = (tenants) => tenants[(made += 1) % tenants.length];
const operations = {
  'REST list 50': ([first]) => rest(first, '?limit=50'),
  'REST read one': ([first]) => rest(first, `/${first.submissionId}`),
  'REST create': (tenants) => rest(inTurn(tenants), '', { data: person() }),
  'GraphQL list 50': ([first]) => graphql(first, documents.list, { id: first.botId }),
  'GraphQL read one': ([first]) => graphql(first, documents.one, { id: first.submissionId }),
  'GraphQL create': (tenants) => {
    const tenant = inTurn(tenants);
    return graphql(tenant, documents.create, { input: { intakeBotId: tenant.botId, data: person() } });
  },
};
const refuses = (body) => body.includes('"errors"');

async function cpuUsOf({ api }, requestFor, tenants) {
  const { cpuUs } = await load(api, () => requestFor(tenants), { seconds: seconds / 2, refuses });
  return cpuUs;
}

/** What the worker spends while it delivers what the API took, over a second that is its own as well. */
async function deliveryCpuUsOf({ api, worker, subscribed }) {
  await receiver.arrivals();
  const before = await worker.ask('cpu');
  const headers = headersOf(subscribed);
  const post = async () => {
    const body = JSON.stringify({ data: person() });
    const answer = await fetch(api.url + pathOf(subscribed), { method: 'POST', headers, body });
    if (answer.status !== 200) throw new Error(`answered ${answer.status} ${await answer.text()}`);
    await answer.arrayBuffer();
  };
  for (let sent = 0; sent < eventsAtOnce; sent += 50) await Promise.all(Array.from({ length: 50 }, post));
  await receiver.until(eventsAtOnce * endpoints);
  const after = await worker.ask('cpu');
  return (after.user + after.system - before.user - before.system) / (eventsAtOnce * endpoints);
}

const measures = {
  ...Object.fromEntries(
    Object.entries(operations).map(([name, requestFor]) => [
      name,
      async (house) => await cpuUsOf(house, requestFor, house.tenants),
    ]),
  ),
  'a delivery': deliveryCpuUsOf,
};

/** What each of two sides spends: one first and last, the other twice in between, so that a drift moves both alike. */
async function measureInTurns(measure, [outer, inner]) {
  // Whatever the turns before left to do for PostgreSQL and the disk is not done amid these.
  await ground.settle();
  const spent = { [outer]: 0, [inner]: 0 };
  for (const side of [outer, inner, inner, outer]) spent[side] += (await measure(houses[side])) / 2;
  return spent;
}

const { commit, node, cpus, model } = machine();
console.log(
  `${commit} against ${checkouts.before}, ${cpus} CPUs, ${model}, node ${node}, ${roundsWanted} rounds of ${seconds} s`,
);
const houses = {};
const rows = [];
try {
  for (const [name, checkout] of Object.entries(checkouts)) houses[name] = await start(checkout);
  for (const [name, measure] of Object.entries(measures)) {
    // Compiled and planned before it counts.
    await measureInTurns(measure, ['before', 'now']);
    const rounds = [];
    for (let turn = 0; turn < roundsWanted; turn += 1) {
      rounds.push(await measureInTurns(measure, turn % 2 === 0 ? ['before', 'now'] : ['now', 'before']));
    }
    const ratios = rounds.map(({ before, now }) => now / before);
    const ratio = median(ratios);
    const range = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
    const [then, today] = ['before', 'now'].map((side) => round(median(rounds.map((spent) => spent[side])), 0));
    console.log(`${name.padEnd(18)} ${ratio.toFixed(2)} (${range})  ${then} → ${today} µs CPU, pace ${pace()} ms`);
    rows.push({ what: `CPU of ${name} over the other checkout's`, ratio, range: ratios, atMost: ratioMax });
    if (ratio > ratioMax && !isControl) process.exitCode = 1;
  }
  const each = rows.map((row) => row.ratio);
  const control = { what: 'control: the CPU of this checkout over its own', ratio: median(each), range: each };
  await report(isControl ? [control] : rows);
} finally {
  for (const { api, worker } of Object.values(houses)) await Promise.all([api.stop(), worker.stop()]);
  receiver.stop();
  await ground.stop();
}
