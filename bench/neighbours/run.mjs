// node bench/neighbours/run.mjs [seconds] [pairs] [each]: what the worst neighbours cost a quiet workspace. With `each`,
// every way of theirs by itself first.
import pg from 'pg';
import { built, machine, median, pace, round, startPostgres } from '../support/ground.mjs';
import { report } from '../support/report.mjs';

const [seconds, pairs] = [Number(process.argv[2] ?? 60), Number(process.argv[3] ?? 3)];
const only = process.argv[4]?.split(',');
const size = { deliveries: 100_000, large: 60, contacts: 20_000, credentials: 30 };
/** What a neighbour may cost: so many times what it takes alone, or this at least. */
const [timesMax, freeMs] = [3, 100];

const { Neighbourhood } = await built('test/support/neighbours/neighbourhood.js');
const { quantile, quietOperations } = await built('test/support/neighbours/quiet.js');

const p99Of = (latencies) =>
  Object.fromEntries(quietOperations.map((operation) => [operation, round(quantile(latencies[operation], 0.99), 0)]));
const row = (name, p99) =>
  `${name.padEnd(52)} ${quietOperations.map((operation) => String(p99[operation]).padStart(9)).join('')}`;
const toldOf = ({ statuses, broken }) =>
  `${JSON.stringify(statuses)}${Object.keys(broken).length > 0 ? ` BROKEN ${JSON.stringify(broken)}` : ''}`;

const { commit, node, cpus, model } = machine();
console.log(`${commit}, ${cpus} CPUs, ${model}, node ${node}: ${pairs} pairs of ${seconds} s; p99 in ms`);
const postgres = await startPostgres();
const url = Object.assign(new URL(postgres.url), { pathname: '/neighbours' }).href;
const client = new pg.Client(postgres.url);
await client.connect();
await client.query('create database neighbours');
await client.end();
const neighbourhood = await Neighbourhood.start(url, size);
try {
  console.log(row('', Object.fromEntries(quietOperations.map((operation) => [operation, operation]))));
  await neighbourhood.alone(5);
  if (only !== undefined) {
    for (const { as, way } of neighbourhood.ways()) {
      if (!only.some((part) => part === 'each' || part === as || way.includes(part))) continue;
      try {
        const { latencies, reports } = await neighbourhood.beside(10, { as, way });
        console.log(row(`${as}: ${way}`, p99Of(latencies)), toldOf(reports[as]));
      } catch (error) {
        console.log(`${as}: ${way} FAILED ${String(error).slice(0, 600)}`);
        process.exitCode = 1;
      }
    }
  }
  const measured = [];
  for (let pair = 0; pair < pairs; pair += 1) {
    const alone = p99Of(await neighbourhood.alone(seconds));
    console.log(row('alone', alone));
    const { latencies, reports } = await neighbourhood.beside(seconds);
    const beside = p99Of(latencies);
    console.log(row('beside a key, a Member and a stranger', beside), `pace ${pace()} ms`);
    for (const [as, report] of Object.entries(reports)) console.log(`  the ${as} was answered ${toldOf(report)}`);
    measured.push({ alone, beside });
  }
  const rows = [];
  for (const operation of quietOperations) {
    if (measured.length === 0) break;
    const [alone, beside] = ['alone', 'beside'].map((of) => median(measured.map((one) => one[of][operation])));
    const most = Math.max(timesMax * alone, freeMs);
    const verdict = beside <= most ? 'held' : 'NOT HELD';
    console.log(`${operation}: ${beside} ms beside them, ${alone} alone, at most ${round(most, 0)}: ${verdict}`);
    if (beside > most) process.exitCode = 1;
    rows.push({
      what: `a quiet workspace's ${operation} beside the worst neighbours over alone`,
      ratio: beside / alone,
      range: measured.map((one) => one.beside[operation] / one.alone[operation]),
      atMost: round(most / alone, 2),
      detail: `p99 ${beside} over ${alone} ms`,
    });
  }
  await report(rows);
} finally {
  await neighbourhood.stop();
  await postgres.stop();
}
