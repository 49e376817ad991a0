// One checkout's server or worker, in a process of its own: everything is on, only the plan's numbers are out of the way.
// node server.mjs CHECKOUT api|worker
import { pathToFileURL } from 'node:url';

const [checkout, role] = process.argv.slice(2);
const load = async (path) => await import(pathToFileURL(`${checkout}/dist/${path}`).href);

await import(pathToFileURL(`${checkout}/node_modules/reflect-metadata/Reflect.js`).href);
const { App } = await load('src/app.js');
const { readConfig } = await load('src/platform/config.js');
const { createLog } = await load('src/platform/log.js');
// Its name before.
const formerly = async () => await load('src/platform/collect-seldom.js');
const { collectSeldom } = await load('src/platform/gc-settings.js').catch(formerly);
const { plans } = await load('src/workspaces/plans.js');
const { createTenant } = await load('test/support/app.js');
const { createBot, createSubmission, operator } = await load('test/support/factories.js');

const workspaces = 8;
const endpoints = 10;

// As `iozen serve` does.
collectSeldom();
plans.BUSINESS.requestsPerMinute = 100_000_000;
plans.BUSINESS.submissionsPerMonth = 100_000_000;
const config = readConfig();
const app = await App.open(config, createLog(config.logLevel), role);
await app.serve(role);

async function seed(receiverUrl) {
  const tenants = [];
  for (let workspace = 0; workspace < workspaces; workspace += 1) {
    const { key, workspaceId } = await createTenant(app);
    const bot = await createBot(app, workspaceId);
    let submission;
    for (let made = 0; made < 100; made += 1) submission = await createSubmission(app, bot);
    tenants.push({ key, botId: bot.id, submissionId: submission.id });
  }
  // Its events go to subscribers; those of the workspaces above to nobody.
  const { key, workspaceId } = await createTenant(app);
  const bot = await createBot(app, workspaceId);
  for (let index = 0; index < endpoints; index += 1) {
    const endpoint = { url: `${receiverUrl}/${index}`, events: ['submission.completed'] };
    await app.webhookEndpoints.create(await operator(app, workspaceId), () => endpoint);
  }
  await app.database.pool.query('vacuum analyze');
  return { tenants, subscribed: { key, botId: bot.id } };
}

process.send({ url: app.publicUrl });
process.on('message', (question) => {
  if (question === 'cpu') process.send(process.cpuUsage());
  else void seed(question.seed).then((seeded) => process.send(seeded));
});
process.once('SIGTERM', () => void app.stop().then(() => process.exit()));
