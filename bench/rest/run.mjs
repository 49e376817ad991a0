// node bench/rest/run.mjs [seconds] [rounds] [conversions]: the server as a ratio to the floor; or creates for a bot with
// a conversion destination as a ratio to those for a bot without.
import { randomBytes } from 'node:crypto';
import { startPostgres } from '../support/ground.mjs';
import { report } from '../support/report.mjs';
import { compare, startServer } from '../support/servers.mjs';

const seconds = Number(process.argv[2] ?? 4);
const rounds = Number(process.argv[3] ?? 5);
const ofConversions = process.argv[4] === 'conversions';

const postgres = await startPostgres();
const start = async (file, env) =>
  await startServer(new URL(file, import.meta.url), { env: { DATABASE_URL: postgres.url, ...env } });
const ours = await start('server.mjs', { PORT: '0', SECRETS_KEY: randomBytes(32).toString('base64') });
const servers = { floor: await start('floor.mjs'), ours };

const [first] = ours.tenants;
const pathOf = ({ botId }) => `/api/v1/intake-bots/${botId}/submissions`;
const headersOf = ({ key }) => ({ authorization: `Bearer ${key}`, 'content-type': 'application/json' });
const list = () => ({ method: 'GET', path: `${pathOf(first)}?limit=50`, headers: headersOf(first) });
const one = () => ({ method: 'GET', path: `${pathOf(first)}/${first.submissionId}`, headers: headersOf(first) });
let made = 0;
const create = (tenant, more = {}) => {
  made += 1;
  const data = { full_name: 'Ada Lovelace', email: `ada${made % 1_000}@example.com`, topic: 'Sales' };
  const headers = { ...headersOf(tenant), 'idempotency-key': `bench-${made}` };
  return { method: 'POST', path: pathOf(tenant), headers, body: JSON.stringify({ data, ...more }) };
};
/** As a page sends it that has the snippet and a banner. */
const attribution = {
  fbclid: 'IwAR2x7VbQ0-qWm_4kRt9',
  fbp: 'fb.1.1789370000000.1098115397',
  utm_source: 'facebook',
  utm_campaign: 'autumn',
  landing_page: 'https://example.com/landing?utm_source=facebook',
  ip: '203.0.113.7',
  user_agent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  consent: { ad_user_data: 'granted', ad_personalization: 'granted' },
};
const createWith = (contender) => () => {
  const tenant = ours.tenants[made % ours.tenants.length];
  return create(contender === 'floor' ? tenant : { ...tenant, botId: tenant.toldBotId }, { attribution });
};
const operations = {
  'list 50': () => list,
  'read one': () => one,
  create: () => () => create(ours.tenants[made % ours.tenants.length]),
  'create, all in one workspace': () => () => create(first),
};

/** Of the floor's requests per second. */
const wanted = { 'list 50': 0.7, 'read one': 0.7, create: 0.45 };

const textOf = async ({ url }, { path, headers }) => await (await fetch(url + path, { headers })).text();

try {
  for (const request of [list(), one()]) {
    const [theirs, own] = [await textOf(servers.floor, request), await textOf(ours, request)];
    if (own !== theirs)
      throw new Error(`${request.path}: the floor sends other bytes\n${own.slice(0, 600)}\n${theirs.slice(0, 600)}`);
  }
  // Here the floor is the same server, and a bot without a destination.
  const rows = ofConversions
    ? await compare({ floor: ours, destination: ours }, { create: createWith }, { seconds, rounds })
    : await compare(servers, operations, { seconds, rounds });
  const own = rows.filter(({ name }) => name !== 'floor');
  await report(
    ofConversions
      ? own.map((row) => ({ ...row, what: 'create with a conversion destination over without', atLeast: 0.87 }))
      : own.map((row) => ({ ...row, what: `${row.operation} over a bare server`, atLeast: wanted[row.operation] })),
  );
} finally {
  for (const server of Object.values(servers)) await server.stop();
  await postgres.stop();
}
