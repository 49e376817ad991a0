// node bench/webhooks/run.mjs [deliveries] [rounds] [seconds of each latency]: drain rate, latency, WAL and statements of webhook delivery, beside
// raw posts and other queues doing the same work.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { machine, median, pace, round } from '../support/ground.mjs';
import { report } from '../support/report.mjs';
import { startGround } from '../support/webhooks.mjs';
import { endpoints, latencySeconds } from './work.mjs';

const events = Math.ceil(Number(process.argv[2] ?? 100_000) / endpoints);
const rounds = Number(process.argv[3] ?? 3);
const seconds = Number(process.argv[4] ?? latencySeconds);
const warmUp = Math.min(40_000 / endpoints, events);
const warmUps = 2;

const ground = await startGround();

/** Null where this machine has not what it takes. */
async function startContender(name) {
  const child = fork(fileURLToPath(new URL('contender.mjs', import.meta.url)), [name, await ground.database()]);
  child.once('exit', (code) => {
    if (code !== 0) throw new Error(`${name} ended with ${code}`);
  });
  const ask = async (...question) => {
    const answer = once(child, 'message');
    child.send(question);
    return (await answer)[0];
  };
  const stop = async () => {
    child.disconnect();
    await once(child, 'exit');
  };
  const [isHere] = await once(child, 'message');
  if (isHere) return { ask, stop };
  await stop();
  return null;
}

const raw = await startContender('raw');
const rawSignedAsOurs = await startContender('rawSignedAsOurs');
const started = {
  ours: await startContender('ours'),
  graphileWorker: await startContender('graphileWorker'),
  bullmq: await startContender('bullmq'),
};
const contenders = Object.entries(started).filter(([, contender]) => contender !== null);
const everybody = [raw, rawSignedAsOurs, ...contenders.map(([, contender]) => contender)];

// In turns, and none is measured while its code is still being compiled, or amid what PostgreSQL has yet to clean up.
const runs = { raw: [], rawSignedAsOurs: [] };
for (const [name] of contenders) runs[name] = { drains: [], at200: [], at1000: [] };
for (let round = 0; round < warmUps; round += 1) {
  for (const { ask } of everybody) await ask('drain', warmUp);
}
async function drain({ ask }) {
  await ground.settle();
  return { paceMs: pace(), ...(await ask('drain', events)) };
}
for (let round = 0; round < rounds; round += 1) {
  runs.raw.push(await drain(raw));
  runs.rawSignedAsOurs.push(await drain(rawSignedAsOurs));
  for (const [name, contender] of contenders) runs[name].drains.push(await drain(contender));
}
await ground.settle();
for (let round = 0; round < rounds; round += 1) {
  for (const [name, { ask }] of contenders) {
    runs[name].at200.push(await ask('latency', 200, seconds));
    runs[name].at1000.push(await ask('latency', 1_000, seconds));
  }
}
await started.ours.ask('addFinished');
const withAMillionFinished = [];
for (let round = 0; round < rounds; round += 1) withAMillionFinished.push(await drain(started.ours));

const drains = [runs.raw, runs.rawSignedAsOurs, ...contenders.map(([name]) => runs[name].drains), withAMillionFinished];
const paces = drains.flat().map(({ paceMs }) => paceMs);
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
const rawSignedAsOursPerSecond = medianOf(runs.rawSignedAsOurs, 'perSecond');
const oursPerSecond = medianOf(runs.ours.drains, 'perSecond');
const findings = {
  machine: machine(),
  deliveries: events * endpoints,
  rounds,
  paceMs: { least: Math.min(...paces), most: Math.max(...paces) },
  rawPerSecond,
  rawSignedAsOursPerSecond,
  ...Object.fromEntries(summary),
  ratioToRaw: round(oursPerSecond / rawPerSecond, 2),
  ratioToRawSignedAsOurs: round(oursPerSecond / rawSignedAsOursPerSecond, 2),
  withAMillionFinished: medianOf(withAMillionFinished, 'perSecond'),
  walBytesPerDelivery: medianOf(runs.ours.drains, 'walBytesPerDelivery'),
  statementsPerDelivery: medianOf(runs.ours.drains, 'statementsPerDelivery'),
  runs: { ...runs, withAMillionFinished },
};
if (started.bullmq === null) findings.bullmq = 'no redis-server on this machine: not run';
console.log(JSON.stringify(findings, null, 2));
const rowOf = (what, others, more = {}, own = runs.ours.drains) => {
  const ratios = own.map(({ perSecond }, turn) => perSecond / others[turn].perSecond);
  const detail = `${medianOf(own, 'perSecond')}/s over ${medianOf(others, 'perSecond')}/s`;
  return { what, ratio: median(ratios), range: ratios, detail, ...more };
};
await report([
  rowOf('deliveries a second over bare posts', runs.raw, { atLeast: 0.5 }),
  ...contenders
    .filter(([name]) => name !== 'ours')
    .map(([name]) => rowOf(`deliveries a second over ${name}`, runs[name].drains, { atLeast: 1 })),
  rowOf('… with a million finished over with none', runs.ours.drains, { atLeast: 0.9 }, withAMillionFinished),
  {
    what: 'p99 from commit to arrival at 200/s over the 25 ms promised',
    ratio: findings.ours.at200.p99Ms / 25,
    range: runs.ours.at200.map(({ p99Ms }) => p99Ms / 25),
    atMost: 1,
    detail: `${findings.ours.at200.p99Ms} ms`,
  },
]);
for (const { stop } of everybody) await stop();
await ground.stop();
