// node bench/mcp/run.mjs [seconds] [rounds]: CPU time of a call of a tool as a ratio to the same over REST, in turns.
import { randomBytes } from 'node:crypto';
import { machine, median, pace, round, startPostgres } from '../support/ground.mjs';
import { report } from '../support/report.mjs';
import { load, startServer } from '../support/servers.mjs';

const seconds = Number(process.argv[2] ?? 3);
const rounds = Number(process.argv[3] ?? 7);
/** The bound on each. */
const ratioMax = 1.15;
const revision = '2026-07-28';
const rows = 20;

const postgres = await startPostgres();
const server = await startServer(new URL('../rest/server.mjs', import.meta.url), {
  env: { PORT: '0', DATABASE_URL: postgres.url, SECRETS_KEY: randomBytes(32).toString('base64'), LOG_LEVEL: 'silent' },
});
const { tenants } = server;
const [first] = tenants;

let made = 0;
const inTurn = () => tenants[(made += 1) % tenants.length];
const person = () => ({ full_name: 'Ada Lovelace', email: `ada${made % 1_000}@example.com`, topic: 'Sales' });
const json = { 'content-type': 'application/json' };
const rest = ({ key, botId }, path, more = {}, body) => ({
  method: body === undefined ? 'GET' : 'POST',
  path: `/api/v1/intake-bots/${botId}/submissions${path}`,
  headers: { authorization: `Bearer ${key}`, ...(body && json), ...more },
  ...(body && { body: JSON.stringify(body) }),
});
const call = ({ key }, name, given) => ({
  method: 'POST',
  path: '/mcp',
  headers: {
    authorization: `Bearer ${key}`,
    ...json,
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': revision,
    'mcp-method': 'tools/call',
    'mcp-name': name,
  },
  body: JSON.stringify({
    jsonrpc: '2.0',
    id: (made += 1),
    method: 'tools/call',
    params: {
      name,
      arguments: given,
      _meta: {
        'io.modelcontextprotocol/protocolVersion': revision,
        'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1' },
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    },
  }),
});
const operations = {
  [`search ${rows}`]: {
    rest: () => rest(first, `?limit=${rows}`),
    mcp: () => call(first, 'search_submissions', { intake_bot_id: first.botId, limit: rows }),
  },
  'read one': {
    rest: () => rest(first, `/${first.submissionId}`),
    mcp: () => call(first, 'get_submission', { submission_id: first.submissionId }),
  },
  create: {
    rest: () => {
      const tenant = inTurn();
      return rest(tenant, '', { 'idempotency-key': `rest-${made}` }, { data: person() });
    },
    mcp: () => {
      const tenant = inTurn();
      const given = { intake_bot_id: tenant.botId, data: person(), idempotency_key: `mcp-${made}` };
      return call(tenant, 'create_submission', given);
    },
  },
};
const refuses = (body) => /"isError":true|"error"/.test(body);

try {
  const { commit, node, cpus, model } = machine();
  console.log(`${commit}, ${cpus} CPUs, ${model}, node ${node}, ${rounds} rounds of ${seconds} s`);
  const told = [];
  for (const [name, doors] of Object.entries(operations)) {
    const measure = async (door) => (await load(server, doors[door], { seconds, refuses })).cpuUs;
    // Compiled and planned before it counts.
    for (const door of ['rest', 'mcp']) await measure(door);
    const ratios = [];
    const spent = { rest: [], mcp: [] };
    for (let turn = 0; turn < rounds; turn += 1) {
      for (const door of turn % 2 === 0 ? ['rest', 'mcp'] : ['mcp', 'rest']) spent[door].push(await measure(door));
      ratios.push(spent.mcp.at(-1) / spent.rest.at(-1));
    }
    const range = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
    const [over, through] = [median(spent.rest), median(spent.mcp)].map((us) => round(us, 0));
    console.log(
      `${name.padEnd(10)} ${median(ratios).toFixed(2)} (${range})  REST ${over}, tool ${through} µs CPU, pace ${pace()} ms`,
    );
    if (median(ratios) > ratioMax) process.exitCode = 1;
    const figures = { ratio: median(ratios), range: ratios, atMost: ratioMax, detail: `${through} over ${over} µs` };
    told.push({ what: `CPU of a tool over the same over REST, ${name}`, ...figures });
  }
  await report(told);
} finally {
  await server.stop();
  await postgres.stop();
}
