// node bench/webhooks/run.mjs [deliveries] [rounds]: drain rate, latency, WAL and statements of webhook delivery, beside
// raw posts and other queues doing the same work.
import { machine, median, round } from '../support/ground.mjs';
import { startGround, startReceiver } from '../support/webhooks.mjs';
import { startBullmq } from './bullmq.mjs';
import { startGraphileWorker } from './graphile-worker.mjs';
import { startOurs } from './ours.mjs';
import { raw } from './raw.mjs';
import { endpoints } from './work.mjs';

const events = Math.ceil(Number(process.argv[2] ?? 40_000) / endpoints);
const rounds = Number(process.argv[3] ?? 3);
const warmUp = 40_000;

const ground = await startGround();
const receiver = await startReceiver();
const started = {
  ours: await startOurs(ground, receiver),
  graphileWorker: await startGraphileWorker(ground, receiver),
  bullmq: await startBullmq(ground, receiver),
};
const contenders = Object.entries(started).filter(([, contender]) => contender !== null);

// Interleaved, and none is measured while its code is still being compiled.
const runs = { raw: [] };
for (const [name] of contenders) runs[name] = { drains: [], at200: [], at1000: [] };
await raw(receiver, warmUp);
for (const [, contender] of contenders) await contender.drain(warmUp / endpoints);
for (let round = 0; round < rounds; round += 1) {
  runs.raw.push(await raw(receiver, events * endpoints));
  for (const [name, contender] of contenders) {
    await ground.settle();
    runs[name].drains.push(await contender.drain(events));
  }
}
await ground.settle();
for (let round = 0; round < rounds; round += 1) {
  for (const [name, contender] of contenders) {
    runs[name].at200.push(await contender.latency(200));
    runs[name].at1000.push(await contender.latency(1_000));
  }
}
await started.ours.addFinished();
const withAMillionFinished = [];
for (let round = 0; round < rounds; round += 1) {
  await ground.settle();
  withAMillionFinished.push(await started.ours.drain(events));
}

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
const report = {
  machine: machine(),
  deliveries: events * endpoints,
  rounds,
  rawPerSecond,
  ...Object.fromEntries(summary),
  ratioToRaw: round(medianOf(runs.ours.drains, 'perSecond') / rawPerSecond, 2),
  withAMillionFinished: medianOf(withAMillionFinished, 'perSecond'),
  walBytesPerDelivery: medianOf(runs.ours.drains, 'walBytesPerDelivery'),
  statementsPerDelivery: medianOf(runs.ours.drains, 'statementsPerDelivery'),
  runs,
};
if (started.bullmq === null) report.bullmq = 'no redis-server on this machine: not run';
console.log(JSON.stringify(report, null, 2));
for (const [, contender] of contenders) await contender.stop();
receiver.stop();
await ground.stop();
process.exit(0);
