import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { createClient, type Client as StreamClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { newId, nextMoment } from '../../src/platform/id.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf } from '../support/client.js';
import { createBot, createSubmission, operator } from '../support/factories.js';

const subscription = `subscription ($types: [EventType!], $after: ID) {
  eventOccurred(types: $types, after: $after) { id type payload }
}`;

interface Told {
  data?: { eventOccurred: { id: string; type: string; payload: object | null } };
  errors?: { message: string; extensions: Record<string, unknown> }[];
  extensions?: object;
}

describe('graphql subscriptions', () => {
  let server: TestServer;
  let tenant: Tenant;
  const clients: StreamClient[] = [];

  before(async () => {
    server = await startServer();
    tenant = await createTenant(server.app);
  });

  after(async () => {
    for (const client of clients) await client.dispose();
    await server.stop();
  });

  function connect(key: string | null): StreamClient {
    const client = createClient({
      url: `${server.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      // The library wants a `query`; other clients leave it out beside the id of a document.
      jsonMessageReplacer: (key, value) => (key === 'query' && value === '' ? undefined : value),
      connectionParams: key === null ? {} : { authorization: `Bearer ${key}` },
    });
    clients.push(client);
    return client;
  }

  /** Calls `told` until it says that it has enough. */
  async function follow(client: StreamClient, variables: object, told: (answer: Told) => boolean): Promise<void> {
    const answers = client.iterate({ query: subscription, variables: { ...variables } });
    for await (const answer of answers) if (told(answer as Told)) return;
  }

  /** One transaction with so many events; the ids are made before the commit waits. */
  async function publish(
    workspaceId: string,
    count: number,
    hold: () => Promise<void> = async () => {},
  ): Promise<void> {
    await server.app.database.transaction(async (tx) => {
      const events = Array.from({ length: count }, () => ({
        workspaceId,
        type: 'submission.updated' as const,
        moment: nextMoment(),
        subjectId: newId('submission'),
        people: [],
        data: { submission: {}, changes: [] },
      }));
      server.app.events.publish(tx, ...events);
      await hold();
    });
  }

  it('misses nothing and repeats nothing over dropped connections, while 1,000 events are published', async () => {
    const total = 1_000;
    const other = await createTenant(server.app);
    await publish(other.workspaceId, 1);
    const start = await latest(other);
    const seen: string[] = [];
    // Some transactions commit long after others that made their ids later.
    const publishing = (async () => {
      let late: Promise<void>[] = [];
      for (let batch = 0; batch < 100; batch += 1) {
        const committed = publish(other.workspaceId, 10, async () => {
          if (batch % 7 === 0) await publish(tenant.workspaceId, 1);
        });
        late.push(committed);
        if (late.length === 8) late = (await Promise.all(late), []);
      }
      await Promise.all(late);
    })();
    let connections = 0;
    for (let after = start; seen.length < total; after = seen.at(-1) ?? after) {
      const client = connect(other.key);
      connections += 1;
      const dropAt = seen.length + 150;
      await follow(client, { after }, ({ data }) => {
        if (data !== undefined) seen.push(data.eventOccurred.id);
        return seen.length >= Math.min(dropAt, total);
      }).finally(() => client.terminate());
    }
    await publishing;
    expect(connections).to.be.greaterThan(5);
    expect(new Set(seen).size).to.equal(total);
    expect(seen).to.deep.equal((await listed(other)).slice(1));
  });

  async function latest({ key }: Tenant): Promise<string> {
    for (;;) {
      const { body } = await clientOf(server.url, key).graphql('{ events(first: 1) { nodes { id } } }');
      if (body.data.events.nodes.length === 1) return body.data.events.nodes[0].id;
    }
  }

  /** All events as the list has them, the oldest first. */
  async function listed({ key }: Tenant): Promise<string[]> {
    const ids: string[] = [];
    const query =
      'query ($after: String) { events(first: 100, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }';
    for (let after: string | null = null, more = true; more;) {
      const { body } = await clientOf(server.url, key).graphql(query, { after });
      ids.push(...body.data.events.nodes.map(({ id }: { id: string }) => id));
      ({ endCursor: after, hasNextPage: more } = body.data.events.pageInfo);
    }
    return ids.toReversed();
  }

  it('skips no event that commits after others that began later', async () => {
    const own = await createTenant(server.app);
    let commit = () => {};
    const gate = new Promise<void>((resolve) => (commit = resolve));
    let made = () => {};
    const held = new Promise<void>((resolve) => (made = resolve));
    const early = publish(own.workspaceId, 1, async () => {
      made();
      await gate;
    });
    await held;
    await publish(own.workspaceId, 1);
    const first = await latest(own);
    const seen: string[] = [];
    const following = follow(connect(own.key), { after: first }, ({ data }) => {
      if (data !== undefined) seen.push(data.eventOccurred.id);
      return true;
    });
    commit();
    await early;
    await following;
    expect(seen).to.have.length(1);
    expect(seen[0]! < first, 'its id was made before').to.equal(true);
    expect(await listed(own)).to.deep.equal([first, seen[0]]);
  });

  it('tells of the types asked for only, with the cost first', async () => {
    const own = await createTenant(server.app);
    const answers: Told[] = [];
    const following = follow(connect(own.key), { types: ['submission.completed'], after: null }, (answer) => {
      answers.push(answer);
      return true;
    });
    const bot = await createBot(server.app, own.workspaceId);
    const publishing = setInterval(() => void createSubmission(server.app, bot), 50);
    await following.finally(() => clearInterval(publishing));
    expect(answers[0]?.data?.eventOccurred.type).to.equal('submission.completed');
    expect(answers[0]?.data?.eventOccurred.payload).to.have.nested.property('data.submission.data.email');
    expect(answers[0]?.extensions).to.deep.equal({ cost: { requested: 3, limit: 5_000, points: 1 } });
  });

  async function refusedWith(client: StreamClient, query: string, variables: Record<string, unknown> = {}) {
    try {
      for await (const answer of client.iterate({ query, variables })) return (answer as Told).errors?.[0]?.extensions;
    } catch (errors) {
      return (errors as Told['errors'])?.[0]?.extensions;
    }
    return undefined;
  }

  it('holds streams to the limits, the scopes and the catalogue of errors', async () => {
    const narrow = await createTenant(server.app, 'BUSINESS', ['read:submissions']);
    const client = connect(tenant.key);
    expect(await refusedWith(connect(narrow.key), subscription)).to.deep.equal({
      code: 'insufficient_scopes',
      details: { required: ['manage:webhooks'], granted: ['read:submissions'] },
    });
    expect(await refusedWith(client, subscription, { after: 'nothing' })).to.deep.include({
      code: 'resource_not_found',
    });
    expect(await refusedWith(client, 'subscription { nothing }')).to.deep.include({
      code: 'GRAPHQL_VALIDATION_FAILED',
    });
    const deep = `{ submissions(first: 100) { nodes { intakeBot { submissions(first: 100) { nodes { id } } } } } }`;
    expect(await refusedWith(client, deep)).to.deep.include({
      code: 'query_too_costly',
      details: { rule: 'cost', limit: 5_000, requested: 10_200 },
    });
  });

  it('runs a trusted document by its id, and tells of issues relative to the input', async () => {
    const query = 'query ($filter: ContactFilter) { contacts(filter: $filter) { totalCount } }';
    await server.app.trustedDocuments.trust(await operator(server.app, tenant.workspaceId), [query]);
    const documentId = `sha256:${createHash('sha256').update(query).digest('hex')}`;
    const client = connect(tenant.key);
    const asked = { query: '', documentId };
    const { value } = await client.iterate(asked).next();
    expect((value as { data: object }).data).to.have.nested.property('contacts.totalCount');
    expect(await refusedWith(client, query, { filter: { email: 'a\0b' } })).to.have.nested.property(
      'details.issues[0].path',
      'email',
    );
    const other = { query: '', documentId: `sha256:${'0'.repeat(64)}` };
    const errors = await client
      .iterate(other)
      .next()
      .catch((refused: unknown) => refused);
    expect(errors).to.have.nested.property('[0].extensions.code', 'document_not_trusted');
  });

  it('refuses a subscription that asks for one answer only', async () => {
    const { body } = await clientOf(server.url, tenant.key).graphql(subscription);
    expect(body).to.not.have.property('data');
    expect(body.errors[0].extensions.code).to.equal('GRAPHQL_VALIDATION_FAILED');
  });

  it('lets in nobody without a name', async () => {
    const closed = await new Promise<{ code: number; reason: string }>((resolve, reject) => {
      const client = connect(null);
      client.on('closed', (event) => resolve(event as { code: number; reason: string }));
      follow(client, {}, () => true).then(
        () => reject(new Error('it was let in')),
        () => undefined,
      );
    });
    expect(closed.code).to.equal(4403);
    expect(closed.reason).to.equal('Forbidden: send {"authorization": "Bearer <a valid API key>"} in connection_init');
  });

  it('closes the streams of a revoked key', async () => {
    const own = await createTenant(server.app);
    const client = connect(own.key);
    const closed = new Promise<{ code: number; reason: string }>((resolve) =>
      client.on('closed', (event) => resolve(event as { code: number; reason: string })),
    );
    const opened = new Promise<void>((resolve) => client.on('connected', () => resolve()));
    const following = follow(client, {}, () => false).catch(() => undefined);
    await opened;
    const { rows } = await server.app.database.pool.query<{ id: string }>(
      'select id from api_keys where workspace_id = $1',
      [own.workspaceId],
    );
    await server.app.apiKeys.revoke(await operator(server.app, own.workspaceId), rows[0]?.id ?? '');
    expect(await closed).to.include({ code: 4403, reason: 'Forbidden: the API key or the session has ended' });
    await following;
  });

  /** All that a stream says until it ends by itself, or has said `count` times what it says. */
  async function streamed(key: string, body: object, headers: Record<string, string> = {}, count = Infinity) {
    const abort = new AbortController();
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      signal: abort.signal,
      headers: {
        Authorization: `Bearer ${key}`,
        'Content-Type': 'application/json',
        Accept: 'text/event-stream',
        ...headers,
      },
      body: JSON.stringify(body),
    });
    let text = '';
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += Buffer.from(chunk).toString();
      if ((text.match(/^event: next$/gm) ?? []).length >= count) break;
    }
    abort.abort();
    const told = [...text.matchAll(/^data: (.+)$/gm)].map(([, data = '']) => JSON.parse(data) as Told);
    const ids = [...text.matchAll(/^id: (.+)$/gm)].map(([, id = '']) => id);
    return { status: response.status, type: response.headers.get('content-type'), told, ids };
  }

  it('resumes server-sent events behind the last that was seen', async () => {
    const own = await createTenant(server.app);
    await publish(own.workspaceId, 1);
    const first = await latest(own);
    await publish(own.workspaceId, 2);
    const behind = async (lastEventId: string, count: number) =>
      await streamed(own.key, { query: subscription }, { 'Last-Event-ID': lastEventId }, count);
    const { type, ids } = await behind(first, 2);
    expect(type).to.match(/^text\/event-stream/);
    const [second = ''] = ids;
    const rest = await behind(second, 1);
    expect([first, second, ...rest.ids]).to.deep.equal(await listed(own));
  });

  it('resumes behind the last event that a browser says it saw, whatever the document says of it', async () => {
    const own = await createTenant(server.app);
    await publish(own.workspaceId, 3);
    await latest(own);
    const ids = await listed(own);
    const [first = '', second = '', third] = ids;
    for (const after of ['', `(after: "${first}")`]) {
      const query = `subscription { eventOccurred${after} { id } }`;
      const { told } = await streamed(own.key, { query }, { 'Last-Event-ID': second }, 1);
      expect(told.map(({ data }) => data?.eventOccurred.id)).to.deep.equal([third]);
    }
  });

  it('tells of a document that is not valid where it stands, over either way', async () => {
    const query = 'subscription { nothing }';
    const { status, told } = await streamed(tenant.key, { query });
    expect(status).to.equal(200);
    expect(told).to.deep.equal([
      {
        errors: [
          {
            message: 'Cannot query field "nothing" on type "Subscription".',
            locations: [{ line: 1, column: 16 }],
            extensions: { code: 'GRAPHQL_VALIDATION_FAILED', details: {} },
          },
        ],
        extensions: { cost: { requested: 0, limit: 5_000, points: 1 } },
      },
    ]);
    expect((await streamed(tenant.key, { query: '{' })).told[0]?.errors?.[0]?.extensions['code']).to.equal(
      'GRAPHQL_PARSE_FAILED',
    );
    const errors = await connect(tenant.key)
      .iterate({ query })
      .next()
      .catch((refused: unknown) => refused);
    expect((errors as { locations: object }[])[0]?.locations).to.deep.equal([{ line: 1, column: 16 }]);
  });

  it('changes nothing over server-sent events, where no idempotency key is heard, and only counts if asked to', async () => {
    const bot = await createBot(server.app, tenant.workspaceId);
    const mutation = `mutation { createSubmission(input: { intakeBotId: "${bot.id}", data: {
      full_name: "Streamed", email: "streamed@example.com" } }) { submission { id } } }`;
    const get = await fetch(`${server.url}/graphql?query=${encodeURIComponent(mutation)}`, {
      headers: { Authorization: `Bearer ${tenant.key}`, Accept: 'text/event-stream' },
    });
    for (const text of [JSON.stringify((await streamed(tenant.key, { query: mutation })).told), await get.text()]) {
      expect(text).to.include('Mutations go over plain HTTP').and.include('"cost":');
    }
    const query = '{ contacts(filter: { email: "streamed@example.com" }) { totalCount nodes { id } } }';
    const cost = { cost: { requested: 30, limit: 5_000, points: 1 } };
    expect((await streamed(tenant.key, { query }, { 'X-Cost-Only': 'true' })).told).to.deep.equal([
      { data: null, extensions: cost },
    ]);
    expect((await streamed(tenant.key, { query })).told).to.deep.equal([
      { data: { contacts: { totalCount: 0, nodes: [] } }, extensions: cost },
    ]);
  });
});
