// What one endpoint of ten that hangs costs the others, commit to arrival: runs with and without it, interleaved.
// node bench/fairness/run.mjs [runs] [seconds]
import { setTimeout as delay } from 'node:timers/promises';
import { built, machine, median, now, quantile, round } from '../support/ground.mjs';
import { report } from '../support/report.mjs';
import { startGround, startReceiver } from '../support/webhooks.mjs';

const { collectSeldom } = await built('src/platform/gc-settings.js');
const { insertOpen } = await built('src/webhooks/store/open-deliveries.js');
const { WebhookFixture } = await built('test/webhooks/webhook-fixture.js');

const endpoints = 10;
const perSecond = 200;
const runs = Number(process.argv[2] ?? 5);
const seconds = Number(process.argv[3] ?? 20);
const parkedRows = 100_000;

// As `iozen serve` does.
collectSeldom();
const ground = await startGround();
const receiver = await startReceiver();

async function run({ hangs, parked }) {
  const fixture = await WebhookFixture.on(await ground.database());
  const actor = await fixture.workspace();
  for (let index = 0; index < endpoints - 1; index += 1) await fixture.endpoint(actor, `${receiver.url}/${index}`);
  const { webhookEndpoint } = await fixture.endpoint(actor, `${receiver.url}/${hangs ? 'slow' : 'last'}`);
  if (parked) {
    const [event] = await fixture.publish(await fixture.workspace());
    await fixture.rows(
      `with made as (
         select $1 as endpoint_id, 'c00000000d' || lpad(n::text, 15, '0') as id, $2 as event_id
         from generate_series(1, ${parkedRows}) n
       ) ${insertOpen('made')}`,
      [webhookEndpoint.id, event],
    );
  }
  // What PostgreSQL and the disk would do of themselves amid what is measured.
  await fixture.rows('vacuum analyze');
  await fixture.rows('checkpoint');
  await fixture.startWorker();
  await fixture.publish(actor, 20);
  await delay(1_000);
  await receiver.arrivals();
  const committedAt = new Map();
  const startedAt = now();
  for (let event = 0; event < (perSecond * seconds) / endpoints; event += 1) {
    const wait = startedAt + (event * 1_000 * endpoints) / perSecond - now();
    if (wait > 1) await delay(wait);
    const [id] = await fixture.publish(actor);
    committedAt.set(id, now());
  }
  await receiver.until(((perSecond * seconds) / endpoints) * (endpoints - 1));
  await delay(200);
  const took = (await receiver.arrivals())
    .filter(([id]) => committedAt.has(id))
    .map(([id, at]) => Math.max(0, at - committedAt.get(id)));
  // What hangs is cut off with the process's own connections.
  await Promise.race([fixture.close(), delay(3_000)]);
  return { p50Ms: round(quantile(took, 0.5)), p99Ms: round(quantile(took, 0.99)) };
}

const kinds = { without: { hangs: false }, hanging: { hangs: true }, hangingAndParked: { hangs: true, parked: true } };
const results = { without: [], hanging: [], hangingAndParked: [] };
for (let round = 0; round < runs; round += 1) {
  // No kind always comes after the same other.
  const order = Object.entries(kinds);
  if (round % 2 === 1) order.reverse();
  for (const [name, kind] of order) results[name].push(await run(kind));
}
const p99 = (name) => median(results[name].map(({ p99Ms }) => p99Ms));
const pairsOf = (name) => results[name].map(({ p99Ms }, run) => p99Ms / results.without[run].p99Ms);
const inPairs = (name) => round(median(pairsOf(name)) - 1, 2);
const findings = {
  machine: machine(),
  runs: results,
  medianP99Ms: { without: p99('without'), hanging: p99('hanging'), hangingAndParked: p99('hangingAndParked') },
  growth: round(p99('hanging') / p99('without') - 1, 2),
  growthWithParked: round(p99('hangingAndParked') / p99('without') - 1, 2),
  // Each run against its neighbour: what else the machine does moves both.
  growthInPairs: {
    hanging: inPairs('hanging'),
    hangingAndParked: inPairs('hangingAndParked'),
  },
};
console.log(JSON.stringify(findings, null, 2));
const rowOf = (what, name) => ({
  what,
  ratio: median(pairsOf(name)),
  range: pairsOf(name),
  atMost: 1.25,
  detail: `p99 ${p99(name)} over ${p99('without')} ms`,
});
await report([
  rowOf('deliveries while one endpoint of ten hangs over all well', 'hanging'),
  rowOf('… and 100,000 are parked for it', 'hangingAndParked'),
]);
receiver.stop();
await ground.stop();
process.exit(0);
