// The real server in a process of its own. Everything is on; only the plan's number is out of the way.
import { built } from '../support/ground.mjs';

const { App } = await built('src/app.js');
const { readConfig } = await built('src/platform/config.js');
const { createLog } = await built('src/platform/log.js');
const { plans } = await built('src/workspaces/plans.js');
const { createTenant } = await built('test/support/app.js');
const { createDestination } = await built('test/support/conversions.js');
const { createBot, createSubmission } = await built('test/support/factories.js');

plans.BUSINESS.requestsPerMinute = 100_000_000;
plans.BUSINESS.submissionsPerMonth = 100_000_000;
const config = readConfig();
const app = await App.open(config, createLog(config.logLevel), 'api');
await app.serve('api');
const tenants = [];
for (let workspace = 0; workspace < 16; workspace += 1) {
  const { key, workspaceId } = await createTenant(app);
  const bot = await createBot(app, workspaceId);
  let submission;
  for (let made = 0; made < 100; made += 1) submission = await createSubmission(app, bot);
  // Nobody sends here: what a destination costs a create is its row and its job.
  const toldBot = await createBot(app, workspaceId);
  await createDestination(app, toldBot, { meta: { datasetId: '1234567890123456', accessToken: 'EAAB' } });
  tenants.push({ key, workspaceId, botId: bot.id, submissionId: submission.id, toldBotId: toldBot.id });
}
await app.database.pool.query('vacuum analyze');
process.send({ url: app.publicUrl, tenants });
process.on('message', () => process.send(process.cpuUsage()));
process.once('SIGTERM', () => void app.stop().then(() => process.exit()));
