// node bench/workers/run.mjs [seconds] [rounds]: deliveries a second of two worker processes as a ratio to those of one,
// where what holds them up is that receivers take their time.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { built, machine, median, now, pace, round } from '../support/ground.mjs';
import { report } from '../support/report.mjs';
import { startGround, startReceiver } from '../support/webhooks.mjs';

const seconds = Number(process.argv[2] ?? 6);
const rounds = Number(process.argv[3] ?? 3);
const receiverMs = 200;
const workspaces = 4;
const endpoints = 64;
/** How many are to be waiting when the counting begins, for each second of it and of what comes before it. */
const perSecondMost = 1_500;
const sharedMsMax = 20_000;

const { WebhookFixture } = await built('test/webhooks/webhook-fixture.js');
const main = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));

const ground = await startGround();
const receiver = await startReceiver({ delayMs: receiverMs, addresses: endpoints });

function startWorker(url) {
  const child = spawn(process.execPath, [main, 'serve', '--role', 'worker'], {
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      PORT: '0',
      DATABASE_URL: url,
      // The fixture's, which made the endpoints' secrets.
      SECRETS_KEY: Buffer.alloc(32, 7).toString('base64'),
      WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8',
      LOG_LEVEL: 'error',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exit = once(child, 'exit');
  process.once('exit', () => child.kill('SIGKILL'));
  // What is still waiting is of no interest.
  return async () => {
    child.kill('SIGKILL');
    await exit;
  };
}

/** Deliveries a second once the workers have shared the endpoints, and how long that took them. */
async function run(processes) {
  const url = await ground.database();
  const fixture = await WebhookFixture.on(url);
  for (let workspace = 0; workspace < workspaces; workspace += 1) {
    const actor = await fixture.workspace();
    const each = endpoints / workspaces;
    for (let n = 0; n < each; n += 1) await fixture.endpoint(actor, `${receiver.urls[workspace * each + n]}/hook`);
    const events = Math.ceil(((seconds + sharedMsMax / 2_000) * perSecondMost) / endpoints);
    for (let made = 0; made < events; made += 100) await fixture.publish(actor, Math.min(100, events - made));
  }
  await fixture.close();
  await receiver.arrivals();
  const stops = Array.from({ length: processes }, () => startWorker(url));
  try {
    await receiver.until(1);
    const startedAt = now();
    while (!(await isShared(url, processes))) {
      if (now() > startedAt + sharedMsMax) throw new Error(`${processes} workers do not share ${endpoints} endpoints`);
      await delay(100);
    }
    const sharedMs = now() - startedAt;
    await delay(1_500);
    const [before, from] = [await receiver.count(), now()];
    await delay(seconds * 1_000);
    const [after, to] = [await receiver.count(), now()];
    const [{ waiting }] = await ground.ask(url, 'select count(*)::int as waiting from webhook_open_deliveries');
    if (waiting === 0) throw new Error('nothing was left to deliver while it was counted');
    return { perSecond: (after - before) / ((to - from) / 1_000), sharedMs, paceMs: pace() };
  } finally {
    for (const stop of stops) await stop();
  }
}

/** Whether each worker has nearly its part of the endpoints. */
async function isShared(url, processes) {
  const rows = await ground.ask(
    url,
    'select count(*)::int as count from webhook_endpoint_states where owner is not null group by owner',
  );
  return rows.length === processes && rows.every(({ count }) => count > (0.8 * endpoints) / processes);
}

const kinds = { one: 1, two: 2 };
const results = { one: [], two: [] };
try {
  for (let turn = 0; turn < rounds; turn += 1) {
    // Neither always comes after the other.
    const order = turn % 2 === 0 ? ['one', 'two'] : ['two', 'one'];
    for (const kind of order) results[kind].push(await run(kinds[kind]));
  }
} finally {
  receiver.stop();
  await ground.stop();
}
const ratios = results.two.map(({ perSecond }, turn) => perSecond / results.one[turn].perSecond);
const [one, two] = ['one', 'two'].map((kind) => round(median(results[kind].map(({ perSecond }) => perSecond)), 0));
const sharedMs = round(median(results.two.map((result) => result.sharedMs)), 0);
console.log(JSON.stringify({ machine: machine(), receiverMs, endpoints, one, two, sharedMs, results }, null, 2));
await report([
  {
    what: `two worker processes over one, receivers that take ${receiverMs} ms`,
    ratio: median(ratios),
    range: ratios,
    atLeast: 1.8,
    detail: `${two}/s over ${one}/s`,
  },
]);
