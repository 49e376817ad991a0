// The real server in a process of its own, which tells of its memory and of its event loop.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { built } from '../support/ground.mjs';

const { App } = await built('src/app.js');
const { readConfig } = await built('src/platform/config.js');
const { createLog } = await built('src/platform/log.js');
const { plans } = await built('src/workspaces/plans.js');
const { createTenant } = await built('test/support/app.js');
const { createBot, createSubmission } = await built('test/support/factories.js');

plans.BUSINESS.requestsPerMinute = 100_000_000;
const config = readConfig();
const app = await App.open(config, createLog('silent'), 'api');
await app.serve('api');
const { key, workspaceId } = await createTenant(app);
const bot = await createBot(app, workspaceId);
for (let made = 0; made < 100; made += 1) await createSubmission(app, bot);
const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
process.send({ url: app.publicUrl, key });
process.once('SIGTERM', () => void app.stop().then(() => process.exit()));
process.on('message', () => {
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  process.send({
    heapMb: heapUsed / 1e6,
    rssMb: rss / 1e6,
    delayMs: delay.percentile(99) / 1e6,
    delayMsMax: delay.max / 1e6,
  });
  delay.reset();
});
