// node bench/webhooks/run.mjs [deliveries] [rounds]: drain rate, latency, WAL and statements of webhook delivery, beside
// raw posts and other queues doing the same work.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { machine, median, pace, round } from '../support/ground.mjs';
import { startGround } from '../support/webhooks.mjs';
import { endpoints } from './work.mjs';

const events = Math.ceil(Number(process.argv[2] ?? 100_000) / endpoints);
const rounds = Number(process.argv[3] ?? 3);
const warmUp = 40_000 / endpoints;
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
    runs[name].at200.push(await ask('latency', 200));
    runs[name].at1000.push(await ask('latency', 1_000));
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
const report = {
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
if (started.bullmq === null) report.bullmq = 'no redis-server on this machine: not run';
console.log(JSON.stringify(report, null, 2));
for (const { stop } of everybody) await stop();
await ground.stop();
