// node fill.mjs CHECKOUT DATABASE_URL: fills an empty database through that checkout, which is built, with deliveries in
// every state, and ends as a crash ends it. How `de76ce5.sql.gz` was made of it stands at the head of that file.
import { createServer } from 'node:http';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [checkout, url] = process.argv.slice(2);
const load = async (path) => await import(pathToFileURL(resolve(checkout, path)).href);
await load('node_modules/reflect-metadata/Reflect.js');
const { WebhookHouse } = await load('dist/test/webhooks/webhook-house.js');

/** What each endpoint answers, by its path. */
const answers = { failing: 500, gone: 410, pending: 200, retrying: 503, ordered: 503, paused: 200, replayed: 200 };
/** After so many answers `pending` hangs. */
let pendingAnswers = Infinity;
const server = createServer((request, response) => {
  request.resume().on('end', () => {
    const name = request.url.slice(1);
    if (name === 'pending' && (pendingAnswers -= 1) < 0) return;
    response.writeHead(answers[name]).end();
  });
});
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const { port } = server.address();

const ids = {};
async function subscribe(house, actor, names) {
  for (const name of names) {
    const more = name === 'ordered' ? { maxConcurrency: 1, customHeaders: { 'X-Kept': 'sealed' } } : {};
    ids[name] = (await house.endpoint(actor, `http://127.0.0.1:${port}/${name}`, more)).webhookEndpoint.id;
  }
}
const first = async (house, text, values) => (await house.rows(text, values))[0];

// Those that pause themselves: what comes after is held, and so is what failed last.
const hasty = await WebhookHouse.on(url, { retryDelaysMs: Array(9).fill(1) });
const actor = await hasty.tenant();
await subscribe(hasty, actor, ['failing', 'gone']);
await hasty.startWorker();
await hasty.happen(actor, 3);
const paused = "select from webhook_endpoints where status = 'paused'";
await hasty.eventually(async () => (await hasty.rows(paused)).length === 2);
await hasty.close();

// Those that wait for another attempt, an hour from now, and what waits behind them.
const house = await WebhookHouse.on(url, { retryDelaysMs: Array(9).fill(3_600_000), timeoutMs: 60_000 });
await subscribe(house, actor, ['pending', 'retrying', 'ordered', 'paused', 'replayed']);
const attempted = async (name, count) => {
  const text = 'select count(*)::int from webhook_attempts where endpoint_id = $1';
  await house.eventually(async () => (await first(house, text, [ids[name]])).count >= count);
};
await house.startWorker();
await house.endpoints.pause(actor, ids.paused);
await house.happen(actor, 1);
await attempted('retrying', 1);
await house.happen(actor, 5);
await attempted('retrying', 6);
await attempted('pending', 6);
await attempted('replayed', 6);

// Of a burst, more than a row of that time holds, ten are answered and eight under way; one more is asked for once more.
pendingAnswers = 10;
await house.happen(actor, 60);
await attempted('pending', 16);
await attempted('replayed', 66);
const delivered =
  "select delivery_id as id from webhook_attempts where endpoint_id = $1 and ended = 'delivered' limit 1";
await house.deliveries.redeliver(actor, (await first(house, delivered, [ids.pending])).id);
const marked = 'select from webhook_deliveries where attempting';
await house.eventually(async () => (await house.rows(marked)).length > 0);

// A replay that has made some of its deliveries, which are done or not.
const since = new Date(Date.now() - 3_600_000);
await house.replays.start(actor, ids.replayed, () => ({ since, only: 'ALL', ratePerSecond: 20, dryRun: false }));
await attempted('replayed', 86);

// Events that nobody fans out any more.
const keeper = await house.database.pool.connect();
await keeper.query('begin');
await keeper.query('select from webhook_fan_out for update');
await house.happen(actor, 3);
await house.happen(actor, 2);

for (const [name, id] of Object.entries(ids)) {
  const text = `select count(*) filter (where attempts = 0)::int as pending, count(*) filter (where attempts > 0)::int as retried,
    count(*) filter (where attempting)::int as attempting from webhook_deliveries where endpoint_id = $1`;
  console.log(name, JSON.stringify(await first(house, text, [id])));
}
console.log('replay', JSON.stringify(await first(house, 'select status, total, done from webhook_replays')));
console.log('port', port);
process.kill(process.pid, 'SIGKILL');
