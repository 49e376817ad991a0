// node bench/hostile/run.mjs [seconds] [rounds]: memory, event-loop delay and an honest caller's latency while hostile
// documents come in, each time with other texts, beside the same without them.
import { randomBytes } from 'node:crypto';
import { Pool } from 'undici';
import { quantile, startPostgres } from '../support/ground.mjs';
import { report } from '../support/report.mjs';
import { startServer } from '../support/servers.mjs';

const seconds = Number(process.argv[2] ?? 5);
const rounds = Number(process.argv[3] ?? 5);
const attackers = 4;

const wide = (count, what) => Array.from({ length: count }, (_, n) => what.replaceAll('#', n)).join(' ');
const documents = (n) => [
  `{ x${n}: ${'submissions { nodes { contact { '.repeat(300)} id ${'} } }'.repeat(300)} }`,
  `{ x${n}: ${wide(1_900, '__typename')} }`,
  `{ ${wide(400, `a#_${n}: intakeBots { totalCount }`)} }`,
  `{ x${n}: submissions(first: 100) { nodes { contact { submissions(first: 100) { nodes { id } } } } } }`,
  `{ ...A${n} } fragment A${n} on Query { ...B } fragment B on Query { ...A${n} }`,
  `{ ...F0 } ${wide(200, `fragment F# on Query { x${n}: __typename ...F# }`)}`,
  `{ y${n}: intakeBots { nodes { ${wide(1_500, 'name')} } } }`,
  `{ y${n}: __typename ${wide(450, 'x: intakeBot(id: "#") { id }')} }`,
  `{ z${n}: __schema { types { ${'fields { type { '.repeat(20)} name ${'} }'.repeat(20)} } } }`,
  `{ a(b: "${n}${'x'.repeat(900_000)}") }`,
  `# ${n} ${'x'.repeat(900_000)}\n{ __typename }`,
  `{ a${n}(b: ${'['.repeat(1_800)}) }`,
  `{ x${n}: __typename ${wide(1_800, 'nothing#')} }`,
];
const bodies = (n) => [
  ...documents(n).map((query) => JSON.stringify({ query })),
  JSON.stringify(Array.from({ length: 1_000 }, () => ({ query: '{ __typename }' }))),
  `{"query": "{ __typename }", "variables": {"x": "${'x'.repeat(10_000_000)}"}}`,
  `{"query": "{ __typename }", "variables": ${'{"a":'.repeat(100_000)}${n}${'}'.repeat(100_000)}}`,
  `{"query": "{ x${n}: __typename }", "__proto__": {"a": 1}, "variables": {"__proto__": {"a": 1}}}`,
];

const postgres = await startPostgres();
const server = await startServer(new URL('server.mjs', import.meta.url), {
  execArgv: ['--expose-gc'],
  env: { PORT: '0', DATABASE_URL: postgres.url, SECRETS_KEY: randomBytes(32).toString('base64') },
});
const { url, key } = server;
const pool = new Pool(url, { connections: attackers + 1, pipelining: 1 });
const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
const statuses = new Map();

async function post(body) {
  const answer = await pool.request({ method: 'POST', path: '/graphql', headers, body });
  await answer.body.dump();
  return answer.statusCode;
}

let round = 0;
async function attack(until) {
  while (performance.now() < until) {
    round += 1;
    for (const body of bodies(round)) {
      const status = await post(body);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (performance.now() >= until) return;
    }
  }
}

async function live(until) {
  const query = 'query ($n: Int) { submissions(first: $n) { nodes { id data contact { email } } } }';
  const latenciesMs = [];
  while (performance.now() < until) {
    const startedAt = performance.now();
    await post(JSON.stringify({ query, variables: { n: 20 } }));
    latenciesMs.push(performance.now() - startedAt);
  }
  return quantile(latenciesMs, 0.99);
}

try {
  await live(performance.now() + 1_000);
  await server.ask('health');
  const p99s = [];
  const heaps = [];
  for (let at = 0; at <= rounds; at += 1) {
    const until = performance.now() + seconds * 1_000;
    const attacking = at === 0 ? [] : Array.from({ length: attackers }, async () => attack(until));
    const [p99] = await Promise.all([live(until), ...attacking]);
    const { heapMb, rssMb, delayMs, delayMsMax } = await server.ask('health');
    p99s.push(p99);
    heaps.push(heapMb);
    console.log(
      `${at === 0 ? 'alone   ' : `attacked`} honest p99 ${p99.toFixed(1)} ms | event loop p99 ${delayMs.toFixed(1)} ms, worst ${delayMsMax.toFixed(0)} ms | heap ${heapMb.toFixed(0)} MB, rss ${rssMb.toFixed(0)} MB`,
    );
  }
  console.log('answers to the attackers', Object.fromEntries(statuses));
  if ([...statuses.keys()].some((status) => status >= 500)) process.exitCode = 1;
  const [alone, ...attacked] = p99s;
  await report([
    {
      what: 'an honest caller beside four hostile ones over alone',
      ratio: quantile(attacked, 0.5) / alone,
      range: attacked.map((p99) => p99 / alone),
      detail: `p99 ${quantile(attacked, 0.5).toFixed(1)} over ${alone.toFixed(1)} ms`,
    },
    {
      what: 'the heap after the last hostile round over after the first',
      ratio: heaps.at(-1) / heaps[1],
      atMost: 1.1,
      detail: `${heaps.at(-1).toFixed(0)} over ${heaps[1].toFixed(0)} MB`,
    },
  ]);
} finally {
  await pool.close();
  await server.stop();
  await postgres.stop();
}
