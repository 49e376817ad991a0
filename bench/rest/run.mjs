// node bench/rest/run.mjs [seconds] [rounds]: the server as a ratio to the floor.
import { randomBytes } from 'node:crypto';
import { startPostgres } from '../support/ground.mjs';
import { compare, startServer } from '../support/servers.mjs';

const seconds = Number(process.argv[2] ?? 4);
const rounds = Number(process.argv[3] ?? 5);

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
const create = (tenant) => {
  made += 1;
  const data = { full_name: 'Ada Lovelace', email: `ada${made % 1_000}@example.com`, topic: 'Sales' };
  const headers = { ...headersOf(tenant), 'idempotency-key': `bench-${made}` };
  return { method: 'POST', path: pathOf(tenant), headers, body: JSON.stringify({ data }) };
};
const operations = {
  'list 50': () => list,
  'read one': () => one,
  create: () => () => create(ours.tenants[made % ours.tenants.length]),
  'create, all in one workspace': () => () => create(first),
};

const textOf = async ({ url }, { path, headers }) => await (await fetch(url + path, { headers })).text();

try {
  for (const request of [list(), one()]) {
    const [theirs, own] = [await textOf(servers.floor, request), await textOf(ours, request)];
    if (own !== theirs)
      throw new Error(`${request.path}: the floor sends other bytes\n${own.slice(0, 600)}\n${theirs.slice(0, 600)}`);
  }
  await compare(servers, operations, { seconds, rounds });
} finally {
  for (const server of Object.values(servers)) await server.stop();
  await postgres.stop();
}
