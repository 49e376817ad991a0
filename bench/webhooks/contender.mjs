// node bench/webhooks/contender.mjs <name> <database>: one of those compared, in a process of its own with a receiver of
// its own, so that nobody works among another's garbage. Does what `run.mjs` asks, and answers.
import { startReceiver } from '../support/webhooks.mjs';

const [name, url] = process.argv.slice(2);
// Each loads its own code and no other's.
const starts = {
  raw: async () => (await import('./raw.mjs')).startRaw,
  rawSignedAsOurs: async () => (await import('./raw.mjs')).startRawSignedAsOurs,
  ours: async () => (await import('./ours.mjs')).startOurs,
  graphileWorker: async () => (await import('./graphile-worker.mjs')).startGraphileWorker,
  bullmq: async () => (await import('./bullmq.mjs')).startBullmq,
};
const receiver = await startReceiver();
const start = await starts[name]();
const contender = await start(url, receiver);

async function answer([method, ...values]) {
  process.send((await contender[method](...values)) ?? null);
}

async function leave() {
  await contender?.stop();
  receiver.stop();
  process.exit();
}

process.on('message', (question) => void answer(question)).on('disconnect', () => void leave());
process.send(contender !== null);
