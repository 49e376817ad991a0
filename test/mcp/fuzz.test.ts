import { expect } from 'chai';
import fc from 'fast-check';
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { plans } from '../../src/workspaces/plans.js';
import { agentOf, revisions, type ListedTool } from '../support/agent-by-hand.js';
import { anyCharacter } from '../support/any-character.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { createBot, createSubmission, operator } from '../support/factories.js';

const bodiesAtOnce = 20;
/** `npm run test:long` sends more. */
const rounds = Math.ceil(Number(process.env['FUZZ_BODIES'] ?? 1_000) / bodiesAtOnce);
/** Who is slow may be refused for it, if it was: after this long. */
const slowMs = 9_000;

interface Attack {
  method: string;
  search: string;
  headers: Record<string, string>;
  body: string;
}

interface Answered {
  status: number;
  type: string;
  text: string;
  ms: number;
}

describe('the door for agents under random bodies', function () {
  this.timeout(900_000);
  let server: TestServer;
  let tenant: Tenant;
  let ids: string[];
  let tools: ListedTool[];
  const limit = plans.BUSINESS.requestsPerMinute;
  const sockets = new HttpAgent({ keepAlive: true, maxSockets: bodiesAtOnce });

  before(async () => {
    server = await startServer({ role: 'api' });
    tenant = await createTenant(server.app);
    const bot = await createBot(server.app, tenant.workspaceId, { record_type: 'lead' });
    const submission = await createSubmission(server.app, bot);
    // Nobody listens there.
    const input = { url: 'http://127.0.0.1:9/hook', events: ['submission.completed' as const] };
    const { webhookEndpoint } = await server.app.webhookEndpoints.create(
      await operator(server.app, tenant.workspaceId),
      () => input,
    );
    ids = [bot.id, submission.id, submission.contactId ?? '', webhookEndpoint.id];
    plans.BUSINESS.requestsPerMinute = 1_000_000;
    tools = await agentOf(server.url, tenant.key).list();
  });
  after(async () => {
    plans.BUSINESS.requestsPerMinute = limit;
    sockets.destroy();
    await server.stop();
  });

  const send = async ({ method, search, headers, body }: Attack) =>
    await new Promise<Answered>((resolve, reject) => {
      const startedAt = performance.now();
      const sent = { Authorization: `Bearer ${tenant.key}`, ...headers };
      const outgoing = httpRequest(`${server.url}/mcp`, { method, headers: sent, agent: sockets }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const ms = performance.now() - startedAt;
          const { statusCode: status = 0 } = response;
          const type = response.headers['content-type'] ?? '';
          resolve({ status, type, text: Buffer.concat(chunks).toString(), ms });
        });
      });
      outgoing.path = `/mcp${search}`;
      // A DELETE has none: Node would send it without a length.
      outgoing.on('error', reject).end(method === 'DELETE' ? undefined : body);
    });

  it(`answers ${bodiesAtOnce * rounds} of them as the protocol says, and never with 5xx`, async () => {
    const seen = new Map<string, number>();
    const slow: string[] = [];
    const attacks = fc.array(attack(tools, ids), { minLength: bodiesAtOnce, maxLength: bodiesAtOnce });
    const round = fc.asyncProperty(attacks, async (sent) => {
      const answers = await Promise.all(sent.map(async (one) => ({ one, answer: await send(one) })));
      for (const { one, answer } of answers) {
        if (answer.status === 503 && answer.ms > slowMs) {
          slow.push(`${JSON.stringify(one).slice(0, 300)} after ${answer.ms} ms`);
          continue;
        }
        const found = objection(one, answer);
        if (found !== null) {
          throw new Error(
            `${JSON.stringify(one).slice(0, 4_000)} was answered ${answer.status} ${answer.text.slice(0, 1_000)}: ${found}`,
          );
        }
        const kind = kindOf(answer);
        seen.set(kind, (seen.get(kind) ?? 0) + 1);
      }
    });
    await fc.assert(round, { numRuns: rounds, endOnFailure: true });
    expect(slow.length, slow.join('\n')).to.be.at.most(10);
    // A fuzz that never gets through proves little.
    for (const kind of [
      '200 result',
      '200 isError',
      '200 -32602',
      '400 -32602',
      '400 -32020',
      '404 -32601',
      '400 -32700',
    ]) {
      expect(seen.get(kind), `${kind} of ${JSON.stringify([...seen])}`).to.be.greaterThan(0);
    }
  });
});

function messagesIn({ type, text }: Answered): unknown[] {
  if (text === '') return [];
  if (!type.startsWith('text/event-stream')) return [JSON.parse(text)];
  return [...text.matchAll(/^data: ?(.+)$/gm)].map(([, data]) => JSON.parse(data ?? '') as unknown);
}

/** What is wrong with an answer; null when nothing is. */
function objection({ method, body }: Attack, answer: Answered): string | null {
  if (answer.status >= 500) return 'our fault';
  if (method !== 'POST') return answer.status === 405 || answer.status === 204 ? null : 'is not 405';
  if (answer.status === 202) return answer.text === '' ? null : '202 with a body';
  const messages = messagesIn(answer);
  const last = messages.at(-1) as { jsonrpc?: string; id?: unknown; result?: unknown; error?: { code?: unknown } };
  if (last?.jsonrpc !== '2.0') return 'is no JSON-RPC';
  if ((last.result === undefined) === (last.error === undefined)) return 'is neither a result nor an error';
  if (last.error !== undefined && !Number.isInteger(last.error.code)) return 'is an error without a code';
  if (last.result !== undefined && answer.status !== 200) return 'is a result that is not 200';
  if (/\bat .+\.[jt]s:\d+|node_modules|ECONN|syntax error at/.test(answer.text)) return 'tells of our insides';
  const id = idIn(body);
  if (id !== undefined && last.id !== id && !(last.error !== undefined && (last.id ?? null) === null)) {
    return `is for ${JSON.stringify(last.id)}, not for ${JSON.stringify(id)}`;
  }
  return null;
}

function kindOf(answer: Answered): string {
  const last = messagesIn(answer).at(-1) as { result?: { isError?: boolean }; error?: { code: number } } | undefined;
  const what =
    last?.error?.code ?? (last?.result === undefined ? '' : last.result.isError === true ? 'isError' : 'result');
  return `${answer.status} ${what}`;
}

/** The id of a request that has one which is allowed. */
function idIn(body: string): string | number | undefined {
  try {
    const { id } = JSON.parse(body) as { id?: unknown };
    return typeof id === 'string' || (typeof id === 'number' && Number.isSafeInteger(id)) ? id : undefined;
  } catch {
    return undefined;
  }
}

const text = fc.oneof(
  fc.string({ unit: anyCharacter, maxLength: 40 }),
  fc.constantFrom(
    '',
    'ada@example.com',
    '+14155552671',
    'COMPLETED',
    'FAILED',
    '\0',
    '\ud800',
    '__proto__',
    'constructor',
  ),
  fc.constantFrom('2026-02-30', '2026-01-15T10:30:00Z', 'c'.repeat(25), 'x'.repeat(20_000), '%', '-1', '1e999'),
);
const scalar = fc.oneof(text, fc.double(), fc.integer(), fc.boolean(), fc.constant(null));
const value = fc.oneof(scalar, fc.array(scalar, { maxLength: 4 }), fc.jsonValue({ maxDepth: 3 }));

/** Something that a schema allows, more or less. */
// oxlint-disable-next-line typescript/no-explicit-any -- a schema is read, whatever its shape.
function like(schema: any, ids: string[]): fc.Arbitrary<unknown> {
  const odd = { weight: 1, arbitrary: value as fc.Arbitrary<unknown> };
  const given = (arbitrary: fc.Arbitrary<unknown>) => fc.oneof({ weight: 9, arbitrary }, odd);
  if (Array.isArray(schema.enum)) return given(fc.constantFrom(...(schema.enum as unknown[])));
  if (schema.const !== undefined) return given(fc.constant(schema.const));
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === 'array') return given(fc.array(like(schema.items ?? {}, ids), { maxLength: 3 }));
  if (type === 'object' && schema.properties !== undefined) return argumentsOf(schema, ids);
  if (type === 'object') {
    return given(fc.dictionary(fc.oneof(fc.constantFrom('full_name', 'email', 'topic'), text), value, { maxKeys: 5 }));
  }
  if (type === 'integer' || type === 'number') return given(fc.integer({ min: -2, max: 60 }));
  if (type === 'boolean') return given(fc.boolean());
  const times = fc.constantFrom('2026-01-15T10:30:00Z', new Date().toISOString());
  return given(
    fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...ids) },
      { weight: 1, arbitrary: times },
      { weight: 1, arbitrary: text },
    ),
  );
}

// oxlint-disable-next-line typescript/no-explicit-any -- as above.
function argumentsOf(schema: any, ids: string[]): fc.Arbitrary<unknown> {
  const properties = Object.entries((schema.properties ?? {}) as Record<string, unknown>);
  const known = Object.fromEntries(properties.map(([name, of]) => [name, like(of, ids)]));
  const required = ((schema.required ?? []) as string[]).filter((name) => name in known);
  return fc
    .tuple(
      fc.record(known, { requiredKeys: required }),
      fc.oneof(
        { weight: 6, arbitrary: fc.constant({}) },
        { weight: 1, arbitrary: fc.dictionary(text, value, { maxKeys: 2 }) },
      ),
    )
    .map(([some, more]) => ({ ...some, ...more }));
}

const hostileText = fc
  .tuple(fc.nat(20_000), fc.nat(13))
  .map(
    ([size, shape]) =>
      [
        () =>
          `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${'{"a":'.repeat(size / 5)}1${'}'.repeat(size / 5)}}`,
        () => '['.repeat(size),
        () => `{"jsonrpc":"2.0","id":${'9'.repeat(size + 1)},"method":"ping"}`,
        () => `{"jsonrpc":"2.0","id":1.5,"method":"tools/list"}`,
        () => `{"jsonrpc":"2.0","id":"${'x'.repeat(size)}","method":"tools/list"}`,
        () => `{"jsonrpc":"2.0","id":1,"id":2,"method":"tools/list","method":"ping"}`,
        () =>
          `[{"jsonrpc":"2.0","id":1,"method":"tools/list"}${',{"jsonrpc":"2.0","id":1,"method":"ping"}'.repeat(size / 100)}]`,
        () => `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${'a'.repeat(size)}","arguments":{}}}`,
        () => `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"__proto__":{"name":"get_workspace"}}}`,
        () => `﻿{"jsonrpc":"2.0","id":1,"method":"ping"}`,
        () => `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"${'2'.repeat(size)}"}}`,
        () => `{"jsonrpc":"2.0","id":1,"result":{"x":"${'y'.repeat(size)}"}}`,
        () =>
          `{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"iozen://docs/${'../'.repeat(size / 30)}etc/passwd"}}`,
        () => `{"jsonrpc":"2.0","method":"notifications/${'n'.repeat(size)}"}`,
      ][shape]?.() ?? '{}',
  );

const methods = [
  'tools/list',
  'tools/call',
  'server/discover',
  'initialize',
  'ping',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'resources/subscribe',
  'prompts/list',
  'prompts/get',
  'completion/complete',
  'logging/setLevel',
  'subscriptions/unsubscribe',
  'notifications/initialized',
  'notifications/cancelled',
  'tasks/get',
];

const printable = fc.string({ maxLength: 30 }).map((given) => given.replace(/[^\x20-\x7e]/g, '').trim());

function attack(tools: readonly ListedTool[], ids: string[]): fc.Arbitrary<Attack> {
  const called = fc.constantFrom(...tools).chain(({ name, inputSchema }) =>
    argumentsOf(inputSchema, ids).map((given) => ({
      method: 'tools/call',
      params: { name, arguments: given } as object,
    })),
  );
  const odd = fc
    .tuple(fc.oneof(fc.constantFrom(...methods), text), fc.oneof(fc.constant({}), value))
    .map(([method, params]) => ({
      method,
      params: params as object,
    }));
  const read = fc
    .oneof(fc.constantFrom('iozen://schema.graphql', 'iozen://openapi.json', 'iozen://docs/webhooks'), text)
    .map((uri) => ({ method: 'resources/read', params: { uri } as object }));
  const message = fc.oneof(
    { weight: 6, arbitrary: called },
    { weight: 2, arbitrary: odd },
    { weight: 1, arbitrary: read },
  );
  const id = fc.oneof(
    { weight: 9, arbitrary: fc.oneof(fc.integer(), fc.string({ maxLength: 10 })) as fc.Arbitrary<unknown> },
    { weight: 1, arbitrary: value },
  );
  const meta = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record(
        {
          'io.modelcontextprotocol/protocolVersion': fc.oneof(
            { weight: 12, arbitrary: fc.constant(revisions.modern as unknown) },
            { weight: 1, arbitrary: value },
          ),
          'io.modelcontextprotocol/clientCapabilities': fc.oneof(
            {
              weight: 12,
              arbitrary: fc.constantFrom(
                {},
                { elicitation: {} },
                { elicitation: { form: {} } },
              ) as fc.Arbitrary<unknown>,
            },
            { weight: 1, arbitrary: value },
          ),
          'io.modelcontextprotocol/clientInfo': fc.oneof(fc.constant({ name: 'fuzz', version: '1' }), value),
          progressToken: fc.oneof(fc.constant('token'), value),
        },
        {
          requiredKeys: ['io.modelcontextprotocol/protocolVersion', 'io.modelcontextprotocol/clientCapabilities'],
        },
      ) as fc.Arbitrary<unknown>,
    },
    // Of the era before, which knows none.
    { weight: 4, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: value },
  );
  const more = fc.record(
    {
      inputResponses: fc.oneof(fc.constant({ confirm: { action: 'accept', content: { confirm: true } } }), value),
      requestState: value,
      cursor: value,
    },
    { requiredKeys: [] },
  );
  const request = fc
    .tuple(
      message,
      id,
      meta,
      fc.oneof({ weight: 4, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: more }),
      fc.nat(19),
    )
    .map(([{ method, params }, number, given, extra, lie]) => {
      const isObject = params !== null && typeof params === 'object' && !Array.isArray(params);
      const sent = isObject ? { ...params, ...extra, ...(given !== null && { _meta: given }) } : params;
      const { name } = (isObject ? params : {}) as { name?: unknown };
      const { uri } = (isObject ? params : {}) as { uri?: unknown };
      const target = name ?? uri;
      const version = given === null ? revisions.legacy : revisions.modern;
      const asHeader = (said: unknown) => (typeof said === 'string' && /^[\x21-\x7e]{1,200}$/.test(said) ? said : null);
      const headers: Record<string, string> = {
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        'MCP-Protocol-Version': version,
      };
      const [saidMethod, saidName] = [asHeader(method), asHeader(target)];
      if (given !== null && saidMethod !== null && lie !== 0) headers['Mcp-Method'] = saidMethod;
      if (given !== null && saidName !== null && lie !== 1) headers['Mcp-Name'] = saidName;
      if (lie === 2) headers['MCP-Protocol-Version'] = revisions.legacy;
      if (lie === 3) headers['Mcp-Method'] = 'tools/list';
      return { headers, body: JSON.stringify({ jsonrpc: '2.0', id: number, method, params: sent }) };
    });
  const raw = fc.oneof(
    hostileText,
    fc.jsonValue().map((given) => JSON.stringify(given)),
    text.map((given) => given.toWellFormed()),
  );
  const content = fc.oneof(
    { weight: 8, arbitrary: request },
    {
      weight: 1,
      arbitrary: raw.map((body) => ({
        headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' } as Record<
          string,
          string
        >,
        body,
      })),
    },
  );
  const verb = fc.oneof(
    { weight: 40, arbitrary: fc.constant('POST') },
    { weight: 1, arbitrary: fc.constantFrom('PUT', 'DELETE', 'PATCH') },
  );
  const search = fc.oneof(
    { weight: 8, arbitrary: fc.constant('') },
    {
      weight: 1,
      arbitrary: fc.constantFrom('?read_only=true', '?toolsets=intake', '?toolsets=webhooks,x', '?read_only=%ff'),
    },
    { weight: 1, arbitrary: fc.webQueryParameters().map((given) => `?${given}`) },
  );
  const odder = fc.oneof(
    { weight: 12, arbitrary: fc.constant({}) },
    {
      weight: 1,
      arbitrary: fc.record(
        {
          'X-MCP-Readonly': printable,
          'Mcp-Session-Id': printable,
          'Last-Event-ID': printable,
          'X-Request-Id': printable,
          'Idempotency-Key': printable,
          Accept: printable,
          'Content-Type': printable,
          Origin: printable,
        },
        { requiredKeys: [] },
      ) as fc.Arbitrary<Record<string, string>>,
    },
  );
  return fc.tuple(verb, search, content, odder).map(([method, query, { headers, body }, other]) => ({
    method,
    search: query,
    headers: { ...headers, ...other },
    body,
  }));
}
