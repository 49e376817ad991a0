import { expect } from 'chai';
import { agentOf, type Agent, type Told } from '../support/agent-by-hand.js';
import { argumentsIn, createWorld, keyOf, type World } from '../support/agent-world.js';
import { startServer, type TestServer } from '../support/app.js';
import { clientOf, type Client } from '../support/client.js';
import { createBot, createSubmission, operator } from '../support/factories.js';
import { Receiver } from '../support/receiver.js';

// oxlint-disable-next-line typescript/no-explicit-any -- answers of three doors are compared, whatever their shape.
type Loose = any;

const snake = (key: string) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const plain = (found: object): Loose =>
  Object.fromEntries(Object.entries(found).map(([key, value]) => [snake(key), value as unknown]));
const present = (object: object): Loose =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null && value !== undefined));

/** A row as the other doors word it: what strangers typed is among the rest there. */
const open = ({ untrusted, ...row }: Loose): Loose => ({ ...row, ...untrusted });

/** The same operation over another door. */
interface Twin {
  /** Of the rows that an agent gets those that are compared. */
  rows: (data: Loose) => Loose[];
  over: (client: Client, world: World) => Promise<Loose[]>;
  /** Keys of a row that only agents are told of. */
  own?: string[];
  /** Keys of a row that agents are not told of. */
  kept?: string[];
  args?: (world: World) => object;
}

const rest =
  (path: (world: World) => string, name: string): Twin['over'] =>
  async (client, world) => {
    const { body } = await client.rest('GET', path(world));
    if (body.error !== undefined) throw new Error(JSON.stringify(body.error));
    const found = body.data[name];
    return Array.isArray(found) ? found : [found];
  };

const graphql =
  (document: string, pick: (data: Loose) => Loose[], variables: (world: World) => object = () => ({})): Twin['over'] =>
  async (client, world) => {
    const { body } = await client.graphql(document, variables(world));
    if (body.errors !== undefined) throw new Error(JSON.stringify(body.errors));
    return pick(body.data);
  };

const delivery =
  'id status attemptCount attemptsLeft nextAttemptAt skipReason createdAt endedAt endpoint { id } event { id type }';
const deliveryAsTold = ({ endpoint, event, ...found }: Loose) => ({
  ...plain(found),
  endpoint_id: endpoint.id,
  event_id: event.id,
  event_type: event.type,
});

const twins: Record<string, Twin[]> = {
  get_workspace: [
    {
      rows: ({ workspace, key }) => [workspace, key],
      over: async (client) => {
        const { me } = (await client.rest('GET', '/me')).body.data;
        return [me.workspace, me.key];
      },
    },
    {
      rows: ({ usage }) => [usage],
      over: graphql('{ workspace { usage { submissionsThisMonth storedBytes } } }', ({ workspace }) => [
        plain(workspace.usage),
      ]),
    },
  ],
  get_intake_bots: [
    {
      args: () => ({}),
      rows: ({ intake_bots: rows }) => rows,
      over: rest(() => '/intake-bots?limit=20', 'intake_bots'),
    },
    { rows: ({ intake_bots: rows }) => rows, over: rest(({ botId }) => `/intake-bots/${botId}`, 'intake_bot') },
  ],
  search_submissions: [
    {
      rows: ({ submissions: rows }) => rows,
      over: rest(({ botId }) => `/intake-bots/${botId}/submissions?limit=20`, 'submissions'),
      own: ['intake_bot_id', 'contact_id'],
      kept: ['file_count', 'schema_version', 'message_count'],
    },
    {
      args: () => ({ status: ['IN_PROGRESS'] }),
      rows: ({ submissions: rows }) => rows,
      over: graphql(
        '{ submissions(first: 20, filter: { status: [IN_PROGRESS] }) { nodes { id intakeBotId status isTest createdAt updatedAt data aiSummary } } }',
        ({ submissions }) => submissions.nodes.map(plain),
      ),
    },
  ],
  get_submission: [
    {
      rows: ({ submission }) => [submission],
      over: rest(({ botId, submissionId }) => `/intake-bots/${botId}/submissions/${submissionId}`, 'submission'),
      own: ['contact_id'],
    },
  ],
  search_contacts: [
    { args: () => ({}), rows: ({ contacts }) => contacts, over: rest(() => '/contacts?limit=20', 'contacts') },
    { rows: ({ contacts }) => contacts, over: rest(({ contactId }) => `/contacts/${contactId}`, 'contact') },
  ],
  search_records: [
    { args: () => ({}), rows: ({ records }) => records, over: rest(() => '/records?limit=20', 'records') },
    {
      args: ({ recordId }) => ({ record_id: recordId }),
      rows: ({ records }) => records,
      over: rest(({ recordId }) => `/records/${recordId}`, 'record'),
    },
  ],
  get_webhook_endpoints: [
    {
      args: () => ({}),
      rows: ({ endpoints }) => endpoints,
      over: rest(() => '/webhooks?limit=20', 'webhooks'),
      own: ['held', 'counts', 'pause_reason', 'paused_at'],
    },
  ],
  search_deliveries: [
    {
      rows: ({ deliveries }) => deliveries,
      over: graphql(
        `query ($id: ID!) { webhookDeliveries(first: 20, filter: { endpointId: $id }) { nodes { ${delivery} } } }`,
        ({ webhookDeliveries }) => webhookDeliveries.nodes.map(deliveryAsTold),
        ({ endpointId }) => ({ id: endpointId }),
      ),
      own: ['last_attempt'],
    },
  ],
  get_delivery: [
    {
      rows: (data) => [data.delivery, ...data.attempts],
      over: graphql(
        `query ($id: ID!) { webhookDelivery(id: $id) { ${delivery} attempts {
          number at outcome responseStatus responseBody error timings { dnsMs connectMs tlsMs firstByteMs totalMs }
        } } }`,
        ({ webhookDelivery: { attempts, ...found } }) => [
          deliveryAsTold(found),
          ...attempts.map((one: Loose) => ({ ...plain(one), timings: present(plain(one.timings)) })),
        ],
        ({ deliveryId }) => ({ id: deliveryId }),
      ),
    },
  ],
  get_replay: [
    {
      rows: (data) => [data],
      over: graphql(
        'query ($id: ID!) { replay(id: $id) { id status only since until total counted done ratePerSecond createdAt endpoint { id } } }',
        ({ replay: { id, endpoint, ...found } }) => [{ ...plain(found), replay_id: id, endpoint_id: endpoint.id }],
        ({ replayId }) => ({ id: replayId }),
      ),
    },
  ],
};

describe('parity of tools with REST and GraphQL', () => {
  let server: TestServer;
  let receiver: Receiver;
  let world: World;
  let agent: Agent;
  let client: Client;

  before(async () => {
    server = await startServer();
    receiver = await Receiver.start();
    world = await createWorld(server, receiver);
    const { app } = server;
    const other = await createBot(app, world.tenant.workspaceId, { name: 'Another', status: 'PAUSED' });
    void other;
    const bot = await app.intakeBots.get(await operator(app, world.tenant.workspaceId), world.botId);
    await createSubmission(app, bot, { status: 'IN_PROGRESS', data: { topic: 'Sales' } });
    await createSubmission(app, bot, { is_test: true });
    agent = agentOf(server.url, world.tenant.key);
    client = clientOf(server.url, world.tenant.key);
  });
  after(async () => {
    await server?.stop();
    await receiver?.stop();
  });

  const errorIn = ({ isError, text }: Told): Loose => (isError ? JSON.parse(text).error : undefined);

  it('has a twin for each tool that reads', async () => {
    const reading = (await agent.list())
      .filter(({ annotations }) => annotations['readOnlyHint'])
      .map(({ name }) => name);
    expect(Object.keys(twins)).to.have.members(reading);
  });

  it('tells the same rows, and of each the same', async () => {
    for (const [tool, alike] of Object.entries(twins)) {
      for (const { rows, over, own = [], kept = [], args } of alike) {
        const told = await agent.call(tool, args?.(world) ?? argumentsIn(world)[tool]);
        expect(told.isError, told.text).to.equal(false);
        const [found, others] = [rows(told.data).map(open), await over(client, world)];
        expect(found.length, tool).to.equal(others.length);
        expect(found.length, tool).to.be.greaterThan(0);
        for (const [index, row] of found.entries()) {
          const other = present(others[index]);
          const named = Object.keys(row).filter((key) => !own.includes(key));
          expect(named.length, tool).to.be.greaterThan(1);
          const untold = Object.keys(other).filter((key) => !(key in row) && !kept.includes(key));
          expect(untold, `${tool} does not tell`).to.deep.equal([]);
          for (const key of named)
            expect(shown(row[key], key), `${tool}: ${key}`).to.deep.equal(shown(other[key], key));
        }
      }
    }
  });

  /** Below the first level, too, what is null is left out and what strangers typed opened; GraphQL spells options in capitals. */
  function shown(value: unknown, key = ''): unknown {
    if (Array.isArray(value)) return value.map((one) => shown(one));
    if (typeof value === 'string' && /^(status|outcome|skip_reason)$/.test(key)) return value.toUpperCase();
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(present(open(value))).map(([name, one]) => [name, shown(one, name)]));
  }

  it('refuses a submission for the same issues, with the same code', async () => {
    for (const body of [
      { data: {} },
      { data: { full_name: 5, email: 'no', topic: 'Other', nothing: 1, guests: 99 } },
      { data: { full_name: 'x'.repeat(10_001), email: 'a@example.com' } },
      { data: { full_name: 'a\0b', email: 'a@example.com' } },
      { data: { full_name: 'A', email: 'a@example.com' }, status: 'DONE', is_test: 'yes' },
      { data: 'text' },
    ]) {
      const over = await client.rest('POST', `/intake-bots/${world.botId}/submissions`, body);
      expect(over.status, JSON.stringify(body).slice(0, 100)).to.equal(400);
      const error = errorIn(await agent.call('create_submission', { intake_bot_id: world.botId, ...body }));
      expect(error?.code).to.equal(over.body.error.code);
      expect(error.issues).to.have.deep.members(over.body.error.details.issues);
      const query =
        'mutation ($input: CreateSubmissionInput!) { createSubmission(input: $input) { submission { id } } }';
      if (typeof body.data !== 'string' && !('status' in body)) {
        const { data } = body;
        const third = await client.graphql(query, { input: { intakeBotId: world.botId, data } });
        if (!('attribution' in body))
          expect(third.body.errors[0].extensions.details.issues).to.deep.equal(error.issues);
      }
    }
  });

  it('makes the same of the same submission', async () => {
    const body = { data: { full_name: 'Alike', email: 'alike@example.com', guests: 3 }, is_test: true };
    const over = (await client.rest('POST', `/intake-bots/${world.botId}/submissions`, body)).body.data.submission;
    const told = await agent.call('create_submission', { intake_bot_id: world.botId, ...body });
    expect(told.isError, told.text).to.equal(false);
    const made = told.data.submission;
    expect(Object.keys(made)).to.have.members(Object.keys(over));
    const read = async (id: string) => {
      const { submission } = (await client.rest('GET', `/intake-bots/${world.botId}/submissions/${id}`)).body.data;
      const { id: _, created_at: __, updated_at: ___, ...same } = submission;
      return same as object;
    };
    expect(await read(made.id)).to.deep.equal(await read(over.id));
  });

  it('refuses with the code, the words and the details of REST', async () => {
    const narrow = await keyOf(server, world.tenant.workspaceId, ['read:records']);
    const missing = { id: 'nonsense' };
    for (const [path, tool, args, key] of [
      ['/contacts/nonsense', 'search_contacts', { contact_id: missing.id }, world.tenant.key],
      ['/records/nonsense', 'search_records', { record_id: missing.id }, world.tenant.key],
      ['/intake-bots/nonsense', 'get_intake_bots', { intake_bot_id: missing.id }, world.tenant.key],
      ['/webhooks/nonsense', 'get_webhook_endpoints', { endpoint_id: missing.id }, world.tenant.key],
      [`/contacts`, 'search_contacts', {}, narrow],
      [`/webhooks`, 'get_webhook_endpoints', {}, narrow],
    ] as const) {
      const { error } = (await clientOf(server.url, key).rest('GET', path)).body;
      const { next: _, request_id: __, ...told } = errorIn(await agentOf(server.url, key).call(tool, args));
      expect(told, tool).to.deep.equal({ code: error.code, message: error.message, ...error.details });
    }
  });

  it('keeps idempotency keys apart from those of the other doors, and answers its own again', async () => {
    const body = { data: { full_name: 'Key', email: 'key@example.com' } };
    const path = `/intake-bots/${world.botId}/submissions`;
    const over = await client.rest('POST', path, body, { 'Idempotency-Key': 'over-both' });
    expect(over.status).to.equal(200);
    const told = await agent.call('create_submission', {
      intake_bot_id: world.botId,
      ...body,
      idempotency_key: 'over-both',
    });
    expect(errorIn(told)?.code).to.equal('idempotency_conflict');
  });

  it('spends one point a request of the one budget that all doors share', async () => {
    const left = ({ headers }: { headers: Headers }) => Number(headers.get('x-ratelimit-remaining'));
    const first = left(await client.rest('GET', '/me'));
    expect(left(await agent.ask('tools/list'))).to.equal(first - 1);
    expect(left(await agent.call('get_workspace'))).to.equal(first - 2);
    expect(left(await agent.call('search_submissions', { limit: 'x' }))).to.equal(first - 3);
    expect(left(await agentOf(server.url, world.tenant.key, { era: 'legacy' }).call('get_workspace'))).to.equal(
      first - 4,
    );
    expect(left(await client.rest('GET', '/contacts'))).to.equal(first - 5);
    const { points } = (await agent.call('get_workspace')).data;
    expect(points).to.include({ limit: 500, remaining: first - 6 });
    expect(left(await client.graphql('{ viewer { workspace { id } } }'))).to.equal(first - 7);
  });
});
