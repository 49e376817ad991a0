// node bench/webhooks/contender.mjs <name> <database>: one of those compared, in a process of its own with a receiver of
// its own, so that nobody works among another's garbage. Does what `run.mjs` asks, and answers.
import { startReceiver } from '../support/webhooks.mjs';
import { startBullmq } from './bullmq.mjs';
import { startGraphileWorker } from './graphile-worker.mjs';
import { startOurs } from './ours.mjs';
import { startRaw, startRawSignedAsOurs } from './raw.mjs';

const [name, url] = process.argv.slice(2);
const starts = {
  raw: startRaw,
  rawSignedAsOurs: startRawSignedAsOurs,
  ours: startOurs,
  graphileWorker: startGraphileWorker,
  bullmq: startBullmq,
};
const receiver = await startReceiver();
const contender = await starts[name](url, receiver);

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
