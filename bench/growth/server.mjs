// The real server and, for as long as it is asked to deliver, a worker, on a database that grows. Its parent asks.
import { built } from '../support/ground.mjs';
import { startReceiver } from '../support/webhooks.mjs';

const { App } = await built('src/app.js');
const { readConfig } = await built('src/platform/config.js');
const { collectSeldom } = await built('src/platform/gc-settings.js');
const { createLog } = await built('src/platform/log.js');
const { plans } = await built('src/workspaces/plans.js');
const { createTenant } = await built('test/support/app.js');
const { createBot, operator } = await built('test/support/factories.js');
const { WebhookFixture } = await built('test/webhooks/webhook-fixture.js');

const [tenantCount = 1, endpointCount = 3] = process.argv.slice(2).map(Number);

collectSeldom();
plans.BUSINESS.requestsPerMinute = 100_000_000;
plans.BUSINESS.submissionsPerMonth = 100_000_000;
const config = readConfig();
const app = await App.open(config, createLog('silent'), 'api');
await app.serve('api');
const receiver = await startReceiver();
const fixture = await WebhookFixture.on(config.databaseUrl);

const tenants = [];
for (let made = 0; made < tenantCount; made += 1) {
  const { key, workspaceId } = await createTenant(app);
  const actor = await operator(app, workspaceId);
  const endpointIds = [];
  for (let n = 0; n < endpointCount; n += 1) {
    endpointIds.push((await fixture.endpoint(actor, `${receiver.url}/${n}`)).webhookEndpoint.id);
  }
  tenants.push({ key, workspaceId, botId: (await createBot(app, workspaceId)).id, endpointIds });
}

const ask = async (text) => (await fixture.rows(text))[0];

/** What a delivery costs, from the events' commits to the stored attempts, with its part of them. */
async function deliver(events) {
  const worker = await fixture.startWorker();
  const { lsn } = await ask('select pg_current_wal_lsn() as lsn');
  const before = process.cpuUsage();
  const startedAt = performance.now();
  for (let made = 0; made < events; made += 20) await fixture.publish(tenants[(made / 20) % tenants.length], 20);
  await receiver.until(events * endpointCount);
  while ((await ask('select exists (select from webhook_open_deliveries) as waits')).waits) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const ms = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(before);
  const { bytes } = await ask(`select pg_wal_lsn_diff(pg_current_wal_lsn(), '${lsn}')::float8 as bytes`);
  await receiver.arrivals();
  await fixture.stopWorker(worker);
  const count = events * endpointCount;
  return { ms: ms / count, cpuUs: (user + system) / count, walBytes: bytes / count };
}

process.send({ url: app.publicUrl, tenants });
process.on('message', (question) => {
  if (question === 'cpu') process.send(process.cpuUsage());
  else void deliver(question.deliver).then((result) => process.send(result));
});
process.once('SIGTERM', () => void stop());

async function stop() {
  receiver.stop();
  await fixture.close();
  await app.stop();
  process.exit();
}
