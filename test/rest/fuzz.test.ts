import { expect } from 'chai';
import fc from 'fast-check';
import { Agent, request as httpRequest } from 'node:http';
import { restRoutes } from '../../src/rest/routes.js';
import { fieldTypes } from '../../src/intake-bots/bot-schema.js';
import { plans } from '../../src/workspaces/plans.js';
import { anyCharacter } from '../support/any-character.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { Description } from '../support/described.js';
import { createBot, createSubmission, operator } from '../support/factories.js';

const requestsAtOnce = 20;
/** `npm run test:long` asks for more. */
const rounds = Math.ceil(Number(process.env['FUZZ_REQUESTS'] ?? 1_000) / requestsAtOnce);
/** Who is slow may be refused for it, if it was: after this long. */
const slowMs = 9_000;
const slowMax = 10;

/** What there is to aim at. */
interface World {
  routes: { method: string; path: string }[];
  /** By the segment of a path that they stand behind. */
  ids: Record<string, string[]>;
}

interface Attack {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string | null;
}

describe('REST under random requests', function () {
  this.timeout(600_000);
  let server: TestServer;
  let tenant: Tenant;
  let description: Description;
  let world: World;
  const limit = plans.BUSINESS.requestsPerMinute;
  const agent = new Agent({ keepAlive: true, maxSockets: requestsAtOnce });

  before(async () => {
    server = await startServer({ role: 'api' });
    tenant = await createTenant(server.app);
    description = await Description.of(server.url);
    const ids: World['ids'] = {
      'intake-bots': [],
      submissions: [],
      contacts: [],
      records: [],
      webhooks: [],
    };
    for (let bots = 0; bots < 3; bots += 1) {
      const bot = await createBot(server.app, tenant.workspaceId, { record_type: 'lead' });
      const submission = await createSubmission(server.app, bot);
      ids['intake-bots']?.push(bot.id);
      ids['submissions']?.push(submission.id);
      ids['contacts']?.push(submission.contactId ?? '');
    }
    const { rows } = await server.app.database.pool.query<{ id: string }>('select id from records');
    ids['records']?.push(...rows.map(({ id }) => id));
    const actor = await operator(server.app, tenant.workspaceId);
    for (const path of ['one', 'two', 'three', 'four']) {
      const input = { url: `https://93.184.216.34/${path}`, events: ['contact.created' as const] };
      const { webhookEndpoint } = await server.app.webhookEndpoints.create(actor, () => input);
      ids['webhooks']?.push(webhookEndpoint.id);
    }
    world = { ids, routes: restRoutes(server.app).map(({ method, path }) => ({ method, path })) };
    plans.BUSINESS.requestsPerMinute = 1_000_000;
  });
  after(async () => {
    plans.BUSINESS.requestsPerMinute = limit;
    agent.destroy();
    await server.stop();
  });

  const send = async ({ method, path, headers, body }: Attack) =>
    await new Promise<{ status: number; headers: Headers; body: unknown; ms: number }>((resolve, reject) => {
      const startedAt = performance.now();
      const sent = { Authorization: `Bearer ${tenant.key}`, ...headers };
      const outgoing = httpRequest(`${server.url}/api/v1`, { method, headers: sent, agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const received = new Headers();
          for (const [name, value] of Object.entries(response.headers)) received.set(name, String(value));
          const told = text === '' ? '' : (JSON.parse(text) as unknown);
          const ms = performance.now() - startedAt;
          resolve({ status: response.statusCode ?? 0, headers: received, body: told, ms });
        });
      });
      // Set as it is: `URL` would tidy it up.
      outgoing.path = `/api/v1${path}`;
      outgoing.on('error', reject).end(body ?? undefined);
    });

  it(`answers ${requestsAtOnce * rounds} of them in the envelope, as documented, and never with 5xx`, async () => {
    const seen = new Map<number, number>();
    const slow: string[] = [];
    const round = fc.asyncProperty(
      fc.array(attack(world), { minLength: requestsAtOnce, maxLength: requestsAtOnce }),
      async (attacks) => {
        const answers = await Promise.all(attacks.map(async (one) => ({ one, answer: await send(one) })));
        for (const { one, answer } of answers) {
          seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
          if (answer.status === 503 && answer.ms > slowMs) {
            slow.push(`${JSON.stringify(one)} after ${answer.ms} ms`);
            continue;
          }
          const objection = description.objection(one.method, one.path, answer);
          if (answer.status >= 500 || objection !== null) {
            throw new Error(`${JSON.stringify(one)} was answered ${answer.status}: ${objection}`);
          }
        }
      },
    );
    await fc.assert(round, { numRuns: rounds, endOnFailure: true });
    expect(slow.length, slow.join('\n')).to.be.at.most(slowMax);
    // A fuzz that never gets through proves little.
    for (const status of [200, 204, 304, 400, 404, 405, 415])
      expect(seen.get(status), String(status)).to.be.greaterThan(5);
  });
});

const text = fc.oneof(
  fc.string({ unit: anyCharacter, maxLength: 40 }),
  fc.constantFrom(
    '',
    'ada@example.com',
    '+14155552671',
    'Sales',
    '\0',
    '\ud800',
    '__proto__',
    'constructor',
    '2026-02-30',
  ),
);
const scalar = fc.oneof(text, fc.double(), fc.integer(), fc.boolean(), fc.constant(null));
const value = fc.oneof(scalar, fc.array(scalar, { maxLength: 4 }), fc.jsonValue({ maxDepth: 3 }));
const name = fc.oneof(fc.constantFrom('full_name', 'email', 'phone', 'topic', 'guests'), text);

const answers = fc.oneof(
  fc.dictionary(name, value, { maxKeys: 6 }),
  fc.record({ full_name: fc.string({ minLength: 1 }), email: fc.constantFrom('a@example.com', 'b@example.com') }),
);
const schemaItem = fc.record(
  {
    name,
    type: fc.oneof(fc.constantFrom(...fieldTypes), text),
    label: value,
    required: value,
    options: fc.oneof(fc.array(text, { maxLength: 3 }), value),
    min: value,
    max_length: value,
    pattern: fc.oneof(fc.constantFrom('(a+)+$', '[', '^\\d+$'), text),
    kind: fc.constantFrom('field', 'content', 'other'),
  },
  { requiredKeys: ['name', 'type'] },
);
const body = fc.oneof(
  fc.record(
    {
      data: fc.oneof({ weight: 4, arbitrary: answers }, { weight: 1, arbitrary: value }),
      status: fc.oneof(fc.constantFrom('COMPLETED', 'IN_PROGRESS', 'ACTIVE', 'PAUSED', 'active', 'paused'), value),
      is_test: fc.oneof(fc.boolean(), value),
      name: value,
      description: value,
      schema: fc.oneof(fc.array(schemaItem, { maxLength: 3 }), value),
      url: fc.oneof(
        fc.constantFrom('https://93.184.216.34/hook', 'http://127.0.0.1', 'https://[::1]/', 'ftp://x'),
        value,
      ),
      events: fc.oneof(fc.array(fc.constantFrom('submission.completed', 'contact.updated', 'x')), value),
    },
    { requiredKeys: [] },
  ),
  fc.record({ data: answers }),
  fc.jsonValue(),
);

/** The shapes that have hurt: numbers that are none, long and deep; much of everything; what PostgreSQL cannot keep. */
const hostileText = fc
  .tuple(fc.nat(20_000), fc.nat(12))
  .map(
    ([size, shape]) =>
      [
        () => `{"data":{"guests":9007199254740993.${'0'.repeat(size)}1}}`,
        () => `{"data":{"guests":1${'0'.repeat(size)}1e-${size}}}`,
        () => `{"data":{"guests":[${'1e-400,'.repeat(size / 10)}1]}}`,
        () => `{"data":${'{"a":'.repeat(size / 10)}1${'}'.repeat(size / 10)}}`,
        () => `{"data":${'['.repeat(size)}`,
        () => `{"data":{${Array.from({ length: size / 20 }, (_, n) => `"k${n}":"v"`).join(',')}}}`,
        () => `{"data":{"full_name":"${'\u00e4'.repeat(size)}","email":"a@example.com"}}`,
        () => `{"data":{"topic":["Sales"${',"Sales"'.repeat(size / 20)}]}}`,
        () => `{"data":{"full_name":"\u0000","email":"\ud800@example.com"}}`,
        () => `﻿{"data":{"full_name":"Ada","email":"a@example.com"}}`,
        () =>
          `{"schema":[${Array.from({ length: size / 100 }, (_, n) => `{"name":"f${n}","type":"text","label":"F","pattern":"(?:[\\pL ]{0,9}){0,99}"}`).join(',')}]}`,
        () => `{"data":{"email":"${'a.'.repeat(size)}@example.com","phone":"+${'1'.repeat(size)}"}}`,
        () => `{"name":"${' '.repeat(size)}x","description":null,"events":null,"is_test":null,"status":null}`,
      ][shape]?.() ?? '{}',
  );

const header = fc.string({ maxLength: 30 }).map((given) => given.replace(/[^\x20-\x7e]/g, '').trim());

const oddSegment = fc.oneof(
  text.map((given) => encodeURIComponent(given.toWellFormed())),
  fc.constantFrom('%', '%00', '%zz', '..', '.', '', '%2f', 'c'.repeat(25), 'x'.repeat(3_000)),
);

function attack({ routes, ids }: World): fc.Arbitrary<Attack> {
  const everyId = Object.values(ids).flat();
  const segment = (kind: string) =>
    fc.oneof(
      { weight: 12, arbitrary: fc.constantFrom(...(ids[kind] ?? everyId)) },
      { weight: 1, arbitrary: fc.constantFrom(...everyId) },
      { weight: 1, arbitrary: oddSegment },
    );
  const known = fc.constantFrom(...routes).chain(({ method, path }) => {
    const parts = path.split('/').slice(1);
    const filled = parts.map((part, index) =>
      part.startsWith(':') ? segment(parts[index - 1]?.replace(/^:.*/, 'submissions') ?? '') : fc.constant(part),
    );
    const verb = fc.oneof(
      { weight: 19, arbitrary: fc.constant(method) },
      { weight: 1, arbitrary: fc.constant('OPTIONS') },
    );
    return fc.tuple(verb, ...filled).map(([made, ...given]) => ({ verb: made, path: `/${given.join('/')}` }));
  });
  const unknown = fc
    .tuple(
      fc.constantFrom('GET', 'POST', 'PATCH', 'DELETE', 'HEAD', 'PUT', 'OPTIONS'),
      fc.oneof(fc.constantFrom(...routes.map(({ path }) => path)), fc.constantFrom('', '/', '//', '/x')),
      fc.array(oddSegment, { maxLength: 4 }),
    )
    .map(([verb, start, more]) => ({ verb, path: [start.replace(/:\w+/g, everyId[0] ?? ''), ...more].join('/') }));
  const target = fc
    .oneof({ weight: 5, arbitrary: known }, { weight: 1, arbitrary: unknown })
    // The pages are another matter: they are no JSON.
    .filter(({ path }) => !/^\/(docs|openapi)/.test(path));
  const query = fc.oneof(
    { weight: 3, arbitrary: fc.constant('') },
    { weight: 1, arbitrary: fc.integer({ min: -5, max: 150 }).map((limit) => `?limit=${limit}`) },
    { weight: 1, arbitrary: segment('submissions').map((cursor) => `?cursor=${cursor}`) },
    { weight: 1, arbitrary: fc.webQueryParameters().map((given) => `?${given}`) },
  );
  const headers = fc.record(
    {
      'Accept-Encoding': fc.oneof(fc.constantFrom('identity', '*;q=0', 'identity;q=1, *;q=0'), fc.constant('x;q=;')),
      'If-None-Match': fc.oneof(fc.constant('*'), header),
      'Idempotency-Key': fc.oneof(fc.constantFrom('one', 'two', '"three"'), header),
      'X-Request-Id': header,
      Accept: header,
      Origin: header,
      'X-Forwarded-For': header,
      Prefer: header,
    },
    { requiredKeys: [] },
  );
  const content = fc.oneof(
    {
      weight: 8,
      arbitrary: body.map((given) => ({ type: 'application/json', text: JSON.stringify(given) as string | undefined })),
    },
    {
      weight: 1,
      arbitrary: text.map((given) => ({ type: 'application/json; charset=utf-8', text: given.toWellFormed() })),
    },
    { weight: 1, arbitrary: hostileText.map((given) => ({ type: 'application/json', text: given })) },
    { weight: 1, arbitrary: header.map((type) => ({ type, text: '{}' })) },
  );
  return fc.tuple(target, query, headers, content).map(([{ verb, path }, search, given, { type, text: sent }]) => {
    const takesBody = verb.startsWith('P');
    const contentType: Record<string, string> = takesBody ? { 'Content-Type': type } : {};
    return {
      method: verb,
      path: path + search,
      headers: { ...given, ...contentType },
      body: takesBody ? (sent ?? null) : null,
    };
  });
}
