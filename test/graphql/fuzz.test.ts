import { Agent, request as httpRequest } from 'node:http';
import { expect } from 'chai';
import type { GraphQLSchema } from 'graphql';
import { WebSocket } from 'ws';
import { graphqlSchema } from '../../src/graphql/schema.js';
import { plans } from '../../src/workspaces/plans.js';
import { createTenant, startServer, type TestServer } from '../support/app.js';
import { createBot, createSubmission, operator } from '../support/factories.js';
import { chooserOf, odd, Operations, type Choose } from '../support/operations.js';
import { memberOf } from '../support/people.js';

/** `npm run test:long` asks for more. */
const requests = Number(process.env['FUZZ_REQUESTS'] ?? 600);
const atOnce = 20;
/** The people of a workspace have points for a fifth of so many: the next come from another. */
const stretch = 200;
/** Who is slow may be refused for it, if it was: after this long. */
const slowMs = 9_000;
const slowMax = 10;

interface Sent {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string | Buffer | null;
}
interface Told {
  status: number;
  type: string;
  text: string;
  ms: number;
}

describe('GraphQL under random requests', function () {
  this.timeout(600_000);
  let server: TestServer;
  let schema: GraphQLSchema;
  const limit = plans.BUSINESS.requestsPerMinute;
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });

  before(async () => {
    server = await startServer({ role: 'api' });
    schema = graphqlSchema(server.app);
    plans.BUSINESS.requestsPerMinute = 1_000_000;
  });
  after(async () => {
    plans.BUSINESS.requestsPerMinute = limit;
    agent.destroy();
    await server.stop();
  });

  /** A workspace with one thing of most kinds, a key and its Owner. */
  async function settle(): Promise<Settled> {
    const { app } = server;
    const tenant = await createTenant(app);
    const bot = await createBot(app, tenant.workspaceId, { record_type: 'lead' });
    for (let made = 0; made < 3; made += 1) await createSubmission(app, bot);
    const actor = await operator(app, tenant.workspaceId);
    const input = { url: 'https://93.184.216.34/hook', events: ['contact.created' as const] };
    const { webhookEndpoint } = await app.webhookEndpoints.create(actor, () => input);
    const deliveries = await app.database.pool.query<{ id: string }>(
      `insert into webhook_attempts (delivery_id, endpoint_id, event_id, event_type, at, number, ended, outcome,
         response_status, response_headers, response_body, total_ms)
       select substr(id, 5), $1, id, type, now(), 1, 'exhausted', 'http_error', 500, 'X-Why: no', 'no', 5
       from events where workspace_id = $2 returning delivery_id as id`,
      [webhookEndpoint.id, tenant.workspaceId],
    );
    const kinds = ['contacts', 'records', 'submissions', 'events', 'webhook_endpoints', 'api_keys'];
    const { rows } = await app.database.pool.query<{ id: string }>(
      kinds.map((table) => `select id from ${table} where workspace_id = $1`).join(' union all '),
      [tenant.workspaceId],
    );
    const ids = [
      'nothing',
      '',
      'c'.repeat(25),
      bot.id,
      tenant.workspaceId,
      ...[...rows, ...deliveries.rows].map(({ id }) => id),
    ];
    const key = { authorization: `Bearer ${tenant.key}` };
    const { cookie } = await memberOf(app, tenant, 'OWNER');
    const owner = { cookie: cookie ?? '' };
    const [careful, wild] = [3, 30].map((wildness) => new Operations(schema, ids, wildness, ['signOut'])) as [
      Operations,
      Operations,
    ];
    return { ids, careful, wild, callers: [key, key, key, key, owner] };
  }

  async function send({ method, path, headers, body }: Sent): Promise<Told> {
    return await new Promise((resolve, reject) => {
      const startedAt = performance.now();
      const outgoing = httpRequest(server.url, { method, path, headers, agent }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            type: answer.headers['content-type'] ?? '',
            text: Buffer.concat(chunks).toString(),
            ms: performance.now() - startedAt,
          }),
        );
        answer.on('error', reject);
      });
      outgoing.on('error', reject).end(body ?? undefined);
    });
  }

  it(`answers ${requests} of them in GraphQL's form, with codes that are known, and never with 5xx`, async () => {
    const statuses = new Map<number, number>();
    const slow: string[] = [];
    let withData = 0;
    const check = async (seed: number, settled: Settled) => {
      const sent = requestOf(seed, chooserOf(seed), settled);
      const told = await send(sent);
      statuses.set(told.status, (statuses.get(told.status) ?? 0) + 1);
      const story = `${seed}: ${JSON.stringify(sent).slice(0, 2_000)} was answered ${told.status} after ${told.ms} ms: ${told.text.slice(0, 1_000)}`;
      if (told.status === 503 && told.ms > slowMs) {
        slow.push(story);
        return;
      }
      if (told.status >= 500 || told.text.includes('internal_error')) throw new Error(story);
      if (sent.method === 'HEAD' || told.type.startsWith('text/event-stream')) return;
      // Who asks for a page by GET is led to the explorer.
      if (sent.method === 'GET' && sent.headers['accept'] === 'text/html') return;
      const { data, errors = [] } = JSON.parse(told.text) as {
        data?: object;
        errors?: { extensions?: { code?: string } }[];
      };
      if (data !== undefined && data !== null && errors.length === 0) withData += 1;
      if (errors.some(({ extensions }) => typeof extensions?.code !== 'string')) throw new Error(`no code: ${story}`);
    };
    for (let from = 1; from <= requests; from += stretch) {
      const settled = await settle();
      for (let seed = from; seed < from + stretch; seed += atOnce) {
        await Promise.all(Array.from({ length: atOnce }, async (_, next) => await check(seed + next, settled)));
      }
    }
    expect(slow.length, slow.join('\n')).to.be.at.most(slowMax);
    // A fuzz that never gets through proves little.
    expect(withData, JSON.stringify(Object.fromEntries(statuses))).to.be.greaterThan(requests / 20);
    for (const status of [200, 400]) expect(statuses.get(status), String(status)).to.be.greaterThan(requests / 20);
  });

  it('answers every message of a WebSocket, or ends it for what is none', async () => {
    const codes = new Map<number, number>();
    let answered = 0;
    // Of one address 500 strangers a minute are listened to, and a socket begins as one.
    const conversations = Math.min(requests / 20, 400);
    const { ids, callers } = await settle();
    const operations = new Operations(schema, ids, 10, ['signOut']);
    for (let seed = 1; seed <= conversations; seed += 1) {
      const code = await converse(callers[0] ?? {}, chooserOf(seed), operations, () => void (answered += 1));
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    expect(answered, JSON.stringify(Object.fromEntries(codes))).to.be.greaterThan(conversations);
    // 1000: ended by us; 44xx: what the protocol says to a message that is none of it.
    const unexpected = [...codes.keys()].filter((code) => code !== 1000 && !(code >= 4400 && code < 4500));
    expect(unexpected, JSON.stringify(Object.fromEntries(codes))).to.deep.equal([]);
  });

  /** Sends a few messages, waits for the answer to each, and says with which code it ended. */
  async function converse(
    { authorization }: Record<string, string>,
    choose: Choose,
    operations: Operations,
    answered: () => void,
  ): Promise<number> {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    const waiting = new Set<string>();
    const count = 1 + choose(6);
    const sendAll = () => {
      for (let n = 0; n < count; n += 1) {
        const payload = operations.make(choose, 'query');
        const text = JSON.stringify({ id: `${n}`, type: 'subscribe', payload });
        const breaks = choose(8) === 0;
        // What was broken may have lost its id, and with it the right to an answer.
        if (!breaks) waiting.add(`${n}`);
        socket.send(breaks ? broken(text, choose, n) : text);
      }
      if (waiting.size === 0) socket.close(1000);
    };
    return await new Promise<number>((resolve, reject) => {
      const late = setTimeout(() => {
        socket.terminate();
        reject(new Error(`${[...waiting].join(', ')} were not answered`));
      }, 20_000);
      socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization } })));
      socket.on('message', (message: Buffer) => {
        const text = message.toString();
        if (text.includes('internal_error')) reject(new Error(text));
        const { type, id } = JSON.parse(text) as { type: string; id?: string };
        if (type === 'connection_ack') sendAll();
        if (type === 'error' || type === 'complete') {
          answered();
          waiting.delete(id ?? '');
          if (waiting.size === 0) socket.close(1000);
        }
      });
      socket.on('error', () => undefined);
      socket.on('close', (code) => {
        clearTimeout(late);
        resolve(code);
      });
    });
  }
});

interface Settled {
  ids: string[];
  careful: Operations;
  wild: Operations;
  callers: readonly Record<string, string>[];
}

function requestOf(seed: number, choose: Choose, { careful, wild, callers }: Settled): Sent {
  const { query, variables } = (choose(3) === 0 ? wild : careful).make(choose, choose(4) === 0 ? 'mutation' : 'query');
  const caller = callers[choose(callers.length)] ?? {};
  const accept = [undefined, '*/*', 'application/json', 'application/graphql-response+json', 'text/html', 'x;q=0'][
    choose(6)
  ];
  const headers: Record<string, string> = {
    ...caller,
    'apollo-require-preflight': 'true',
    ...(accept !== undefined && { accept }),
    ...(choose(10) === 0 && { 'idempotency-key': `k${choose(20)}` }),
    ...(choose(20) === 0 && { 'x-cost-only': '1' }),
  };
  const json = { ...headers, 'content-type': 'application/json' };
  const form = choose(12);
  if (form === 0) {
    const search = new URLSearchParams({ query, variables: JSON.stringify(variables) });
    if (search.toString().length < 8_000) {
      return {
        method: ['GET', 'HEAD'][choose(2)] ?? 'GET',
        path: `/graphql?${search.toString()}`,
        headers,
        body: null,
      };
    }
  }
  const body = JSON.stringify({ query, variables });
  return { method: 'POST', path: '/graphql', headers: json, body: form === 1 ? broken(body, choose, seed) : body };
}

/** The parts of a request and of a message, each with a value that is none of theirs. */
const parts: readonly ((value: unknown) => object)[] = [
  ...['query', 'documentId', 'operationName', 'variables', 'extensions', 'id', 'type', 'payload'].map(
    (name) => (value: unknown) => ({ [name]: value }),
  ),
  (persistedQuery) => ({ extensions: { persistedQuery } }),
  (sha256Hash) => ({ extensions: { persistedQuery: { version: 1, sha256Hash } } }),
  (authorization) => ({ type: 'connection_init', payload: { authorization } }),
];

/** The shapes that have hurt: broken, deep, long, and numbers that are none. */
function broken(body: string, choose: Choose, seed: number): string | Buffer {
  const at = choose(body.length);
  const shapes: (() => string | Buffer)[] = [
    () => body.slice(0, at),
    () => body.slice(0, at) + String.fromCharCode(choose(128)) + body.slice(at + 1),
    () => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(body)]),
    () => Buffer.concat([Buffer.from(body.slice(0, at)), Buffer.from([0xff, 0xfe])]),
    () => `{"query":"{__typename}","variables":{"a":${'9'.repeat(1 + choose(5_000))}.${'0'.repeat(choose(50_000))}1}}`,
    () => `{"query":"{__typename}","variables":{"a":[${'1e-400,'.repeat(choose(3_000))}1]}}`,
    () => `{"query":"{__typename}","variables":${'{"a":'.repeat(choose(2_000))}1`,
    () => `{"query":"{ ${`a${seed} `.repeat(1 + choose(2_500))} }"}`,
    () => `{"query":"{ ${'x: viewer { role } '.repeat(1 + choose(600))} }"}`,
    () => `{"query":"# ${'x'.repeat(choose(200_000))}\\n{ __typename }"}`,
    () => `[${body}, ${body}]`,
    () => `{"query": ${JSON.stringify(body)}, "operationName": "", "extensions": {"persistedQuery": {"version": 1}}}`,
    () => body.replaceAll('"', "'"),
    () =>
      JSON.stringify({ ...(JSON.parse(body) as object), ...parts[choose(parts.length)]?.(odd[choose(odd.length)]) }),
    () => JSON.stringify(parts[choose(parts.length)]?.(odd[choose(odd.length)])),
    () => '',
    () => 'null',
  ];
  return shapes[choose(shapes.length)]?.() ?? body;
}
