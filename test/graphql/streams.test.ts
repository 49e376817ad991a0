import { hash } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { getIntrospectionQuery } from 'graphql';
import { createClient, type Client as StreamClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { EventPace } from '../../src/graphql/event-pace.js';
import { scopes } from '../../src/platform/actor.js';
import { newId, nextMoment } from '../../src/platform/id.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf } from '../support/client.js';
import { createBot, createSubmission, operator } from '../support/factories.js';
import { memberOf } from '../support/people.js';
import { freePort } from '../support/process.js';
import { Relay } from '../support/relay.js';

const events = 'subscription ($after: ID) { eventOccurred(after: $after) { id payload } }';

interface Told {
  data?: { eventOccurred: { id: string } };
  errors?: { message: string; extensions: { code: string } }[];
}

/** One operation over server-sent events; what it told, and how it ended. */
class Stream {
  readonly told: Told[] = [];
  readonly ids: string[] = [];
  completed = false;
  private text = '';
  private readonly over: Promise<void>;

  private constructor(private readonly response: IncomingMessage) {
    response.on('data', (chunk: Buffer) => this.read(chunk.toString()));
    response.on('error', () => undefined);
    this.over = new Promise((resolve) => void response.once('close', resolve));
  }

  static async open(url: string, headers: Record<string, string>, query: string, variables = {}): Promise<Stream> {
    const sent = httpRequest(`${url}/graphql`, {
      method: 'POST',
      agent: false,
      headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream', ...headers },
    });
    sent.end(JSON.stringify({ query, variables }));
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    expect(response.statusCode).to.equal(200);
    return new Stream(response);
  }

  async until(count: number): Promise<void> {
    while (this.told.length < count) await wait(5);
  }

  async ended(): Promise<this> {
    await this.over;
    return this;
  }

  close(): void {
    this.response.destroy();
  }

  private read(more: string): void {
    this.text += more;
    for (let end = this.text.indexOf('\n\n'); end !== -1; end = this.text.indexOf('\n\n')) {
      const event = this.text.slice(0, end);
      this.text = this.text.slice(end + 2);
      if (/^event: complete$/m.test(event)) this.completed = true;
      const data = /^data: (.+)$/m.exec(event)?.[1];
      if (data !== undefined) this.told.push(JSON.parse(data) as Told);
      const id = /^id: (.+)$/m.exec(event)?.[1];
      if (id !== undefined) this.ids.push(id);
    }
  }
}

const bearer = (key: string) => ({ Authorization: `Bearer ${key}` });

function socketClient(url: string, key: string, options: object = {}): StreamClient {
  return createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    connectionParams: { authorization: `Bearer ${key}` },
    ...options,
  });
}

async function publish({ app }: TestServer, workspaceId: string, count = 1): Promise<void> {
  await app.database.transaction(async (tx) => {
    const events = Array.from({ length: count }, () => ({
      workspaceId,
      type: 'submission.updated' as const,
      moment: nextMoment(),
      subjectId: newId('submission'),
      people: [],
      data: { submission: {}, changes: [] },
    }));
    app.events.publish(tx, ...events);
  });
}

/** The last event, once it is in the list. */
async function latest(server: TestServer, key: string): Promise<string> {
  for (;;) {
    const { body } = await clientOf(server.url, key).graphql('{ events(first: 1) { nodes { id } } }');
    if (body.data.events.nodes.length === 1) return body.data.events.nodes[0].id;
  }
}

describe('the end of a graphql stream', () => {
  it('is a cut when the server stops, and clients come back behind what they saw', async function () {
    this.timeout(60_000);
    const port = String(await freePort());
    const base = await startServer();
    try {
      const { key, workspaceId } = await createTenant(base.app);
      await publish(base, workspaceId);
      const first = await latest(base, key);
      let server = await startServer({ beside: base, env: { PORT: port } });
      const stream = await Stream.open(server.url, bearer(key), events, { after: first });
      const client = socketClient(server.url, key, {
        retryAttempts: Infinity,
        // Nobody listens for a moment.
        shouldRetry: () => true,
        retryWait: async () => await wait(100),
      });
      const seen: string[] = [];
      let over: unknown = null;
      const variables = { after: first };
      client.subscribe<Told['data']>(
        { query: events, variables },
        {
          next: ({ data }) => void seen.push(data?.eventOccurred.id ?? ''),
          error: (error) => (over = error),
          complete: () => (over = 'complete'),
        },
      );
      await publish(base, workspaceId);
      await stream.until(1);
      while (seen.length < 1) await wait(5);
      await server.stop();
      expect(await stream.ended()).to.include({ completed: false });
      expect(over, 'what the client of the WebSocket was told').to.equal(null);
      await publish(base, workspaceId);
      server = await startServer({ beside: base, env: { PORT: port } });
      const again = await Stream.open(server.url, { ...bearer(key), 'Last-Event-ID': stream.ids.at(-1) ?? '' }, events);
      await again.until(1);
      expect([...stream.ids, ...again.ids]).to.have.length(2);
      // The client asked from the same event on.
      while (new Set(seen).size < 2) await wait(5);
      expect(over).to.equal(null);
      expect(new Set(seen)).to.deep.equal(new Set([...stream.ids, ...again.ids]));
      again.close();
      await client.dispose();
      await server.stop();
    } finally {
      await base.stop();
    }
  });

  it('is a cut when the database is lost', async function () {
    this.timeout(60_000);
    const base = await startServer();
    const relay = await Relay.start();
    const there = Number(new URL(base.databaseUrl).port);
    relay.target = there;
    const url = new URL(base.databaseUrl);
    url.host = `127.0.0.1:${relay.port}`;
    const server = await startServer({ beside: base, env: { DATABASE_URL: url.href } });
    try {
      const { key, workspaceId } = await createTenant(base.app);
      const unknown = await createTenant(base.app);
      await publish(base, workspaceId);
      const variables = { after: await latest(base, key) };
      const stream = await Stream.open(server.url, bearer(key), events, variables);
      const socket = socketClient(server.url, key);
      const closed = new Promise<{ code: number }>((resolve) =>
        socket.on('closed', (event) => resolve(event as { code: number })),
      );
      const told: Told[] = [];
      const failed = (async () => {
        for await (const answer of socket.iterate({ query: events, variables })) told.push(answer as Told);
      })().then(
        () => 'complete',
        (error: unknown) => error,
      );
      await publish(base, workspaceId);
      await stream.until(1);
      while (told.length < 1) await wait(5);
      relay.target = 1;
      relay.breakOff();
      expect(await stream.ended()).to.include({ completed: false });
      expect((await closed).code, 'a code after which clients try again').to.equal(1013);
      expect(await failed).to.have.property('code', 1013);
      expect([...stream.told, ...told].every(({ errors }) => errors === undefined)).to.equal(true);
      // Whoever comes meanwhile has a key that nobody can look up: to say that it has ended would keep them away for good.
      const turnedAway = await socketClient(server.url, unknown.key)
        .iterate({ query: events })
        .next()
        .catch((error: unknown) => error);
      expect(turnedAway).to.have.property('code', 1013);
    } finally {
      relay.target = there;
      await server.stop();
      await relay.stop();
      await base.stop();
    }
  });
});

describe('graphql streams', () => {
  let server: TestServer;
  let tenant: Tenant;
  const clients: StreamClient[] = [];

  before(async () => {
    server = await startServer();
  });
  beforeEach(async () => {
    tenant = await createTenant(server.app);
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.dispose();
  });
  after(async () => await server.stop());

  function connect(key: string, options: object = {}): StreamClient {
    const client = socketClient(server.url, key, options);
    clients.push(client);
    return client;
  }

  async function revoke({ key, workspaceId }: Tenant): Promise<void> {
    const { id } = await server.app.apiKeys.authenticate(key, { requestId: 'test', address: null });
    await server.app.apiKeys.revoke(await operator(server.app, workspaceId), id);
  }

  it('end with an error when the key ends, and with `complete` after it over server-sent events', async () => {
    const stream = await Stream.open(server.url, bearer(tenant.key), events);
    const client = connect(tenant.key);
    const closed = new Promise<{ code: number }>((resolve) =>
      client.on('closed', (event) => resolve(event as { code: number })),
    );
    const opened = new Promise<void>((resolve) => client.on('connected', () => resolve()));
    const refused = [1, 2].map(async () => {
      try {
        for await (const _ of client.iterate({ query: events })) continue;
        return 'complete';
      } catch (errors) {
        return (errors as Told['errors'])?.[0]?.extensions.code;
      }
    });
    await opened;
    await wait(100);
    await revoke(tenant);
    expect(await stream.ended()).to.include({ completed: true });
    expect(stream.told.map(({ errors }) => errors?.[0]?.extensions.code)).to.deep.equal(['authentication_required']);
    expect(await Promise.all(refused)).to.deep.equal(['authentication_required', 'authentication_required']);
    expect((await closed).code).to.equal(4403);
  });

  it('end with the secret that opened them, though its key goes on with another, and so does its socket', async () => {
    const owner = await memberOf(server.app, tenant, 'OWNER');
    const { id } = await server.app.apiKeys.authenticate(tenant.key, { requestId: 'test', address: null });
    const rotate = async (overlapSeconds: number) => {
      const { body } = await owner.graphql(
        'mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { secret } }',
        { input: { id, overlapSeconds } },
      );
      return String(body.data.rotateApiKey.secret);
    };
    const first = await Stream.open(server.url, bearer(tenant.key), events);
    const second = await Stream.open(server.url, bearer(await rotate(3_600)), events);
    const socket = connect(tenant.key, { lazy: false, onNonLazyError: () => undefined });
    const closed = new Promise<{ code: number }>((resolve) =>
      socket.on('closed', (event) => resolve(event as { code: number })),
    );
    await new Promise<void>((resolve) => socket.on('connected', () => resolve()));
    // The first secret has its overlap still; the second one is over at once.
    const third = await Stream.open(server.url, bearer(await rotate(0)), events);
    expect(await second.ended()).to.include({ completed: true });
    expect(second.told.at(-1)?.errors?.[0]?.extensions.code).to.equal('authentication_required');
    await createSubmission(server.app, await createBot(server.app, tenant.workspaceId));
    await Promise.all([first.until(1), third.until(1)]);
    expect([...first.told, ...third.told].some(({ errors }) => errors)).to.equal(false);
    await server.app.database.pool.query(`update api_key_secrets set until = now() where api_key_id = $1`, [id]);
    await rotate(0);
    expect((await closed).code).to.equal(4403);
    for (const stream of [first, third]) expect(await stream.ended()).to.include({ completed: true });
  });

  it('of a key that may run trusted documents alone end with the trust in theirs', async () => {
    const owner = await memberOf(server.app, tenant, 'OWNER');
    const mutate = async (name: string, input: object, fields: string) => {
      const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input!`;
      const { body } = await owner.graphql(`mutation ($input: ${type}) { ${name}(input: $input) { ${fields} } }`, {
        input,
      });
      return body.data[name];
    };
    const stays = 'subscription Stays { eventOccurred { id } }';
    await mutate('trustDocuments', { documents: [events, stays] }, '__typename');
    const { secret } = await mutate(
      'createApiKey',
      { name: 'Trusted', scopes: ['manage:webhooks', 'read:contacts', 'read:submissions'], documentsOnly: true },
      'secret',
    );
    const open = await Stream.open(server.url, bearer(secret), events);
    const other = await Stream.open(server.url, bearer(secret), stays);
    const socket = connect(secret);
    const opened = new Promise<void>((resolve) => socket.on('connected', () => resolve()));
    const overSocket = (async () => {
      try {
        for await (const _ of socket.iterate({ query: events })) continue;
        return 'complete';
      } catch (errors) {
        return (errors as Told['errors'])?.[0]?.extensions.code;
      }
    })();
    await opened;
    await wait(100);
    await mutate('distrustDocuments', { documentIds: [`sha256:${hash('sha256', events)}`] }, '__typename');
    expect(await open.ended()).to.include({ completed: true });
    expect(open.told.at(-1)?.errors?.[0]?.extensions.code).to.equal('document_not_trusted');
    expect(await overSocket).to.equal('document_not_trusted');
    await createSubmission(server.app, await createBot(server.app, tenant.workspaceId));
    await other.until(1);
    expect(other.told[0]?.errors).to.equal(undefined);
    other.close();
  });

  it('and what else a socket asks for go by the plan of today, not by that of its opening', async () => {
    const socket = connect(tenant.key, { lazy: false, onNonLazyError: () => undefined });
    await new Promise<void>((resolve) => socket.on('connected', () => resolve()));
    const query = 'mutation ($input: CreateWebhookEndpointInput!) { createWebhookEndpoint(input: $input) { secret } }';
    const create = async () => {
      const input = { url: 'https://example.com/', events: ['contact.created'] };
      for await (const { errors } of socket.iterate({ query, variables: { input } })) {
        return errors?.[0]?.extensions?.['code'] ?? 'made';
      }
      return 'nothing';
    };
    expect(await create()).to.equal('made');
    await server.app.workspaces.change(tenant.workspaceId, { plan: 'PRO' });
    expect(await create()).to.equal('feature_not_available');
  });

  it('end with an error when the session ends', async () => {
    const owner = await memberOf(server.app, tenant, 'OWNER');
    const headers = { Cookie: owner.cookie ?? '' };
    const stream = await Stream.open(server.url, headers, events);
    await owner.graphql('mutation { signOut { signedOut } }');
    expect(await stream.ended()).to.include({ completed: true });
    expect(stream.told.at(-1)?.errors?.[0]?.extensions.code).to.equal('authentication_required');
  });

  it('end with `complete` when their source is exhausted', async () => {
    const graphql = clientOf(server.url, tenant.key).graphql;
    const made = await graphql(`
      mutation {
        createWebhookEndpoint(input: { url: "https://93.184.216.34/hook", events: ["contact.created"] }) {
          webhookEndpoint {
            id
          }
        }
      }
    `);
    const endpointId = made.body.data.createWebhookEndpoint.webhookEndpoint.id;
    const { body } = await graphql(
      'mutation ($input: StartReplayInput!) { startReplay(input: $input) { replay { id } } }',
      { input: { endpointId, since: new Date(Date.now() - 60_000).toISOString(), dryRun: true } },
    );
    const query = 'subscription ($id: ID!) { replayProgressed(id: $id) { status } }';
    const variables = { id: body.data.startReplay.replay.id };
    const stream = await (await Stream.open(server.url, bearer(tenant.key), query, variables)).ended();
    expect(stream.completed).to.equal(true);
    const answers: unknown[] = [];
    for await (const answer of connect(tenant.key).iterate({ query, variables })) answers.push(answer);
    expect(answers.at(-1)).to.have.nested.property('data.replayProgressed.status', 'DONE');
  });

  async function openMany(headers: Record<string, string>, count: number): Promise<Stream[]> {
    const open: Stream[] = [];
    while (open.length < count) {
      const one = async () => await Stream.open(server.url, headers, events);
      open.push(...(await Promise.all(Array.from({ length: Math.min(20, count - open.length) }, one))));
    }
    return open;
  }

  it('are at most 100 for a key or a person, however many sessions, and 400 for a workspace', async function () {
    this.timeout(60_000);
    const streams: Stream[] = [];
    const isRefused = async (headers: Record<string, string>) => {
      const stream = await Stream.open(server.url, headers, events);
      streams.push(stream);
      await Promise.race([stream.ended(), wait(300)]);
      return stream.told[0]?.errors?.[0]?.extensions.code === 'rate_limit_exceeded';
    };
    const openSome = async (headers: Record<string, string>, count: number) => {
      streams.push(...(await openMany(headers, count)));
    };
    const owner = await memberOf(server.app, tenant, 'OWNER');
    const again = await memberOf(server.app, tenant, 'OWNER');
    await openSome({ Cookie: owner.cookie ?? '' }, 60);
    await openSome({ Cookie: again.cookie ?? '' }, 40);
    expect(await isRefused({ Cookie: again.cookie ?? '' })).to.equal(true);
    const keys = [tenant.key];
    for (let n = 0; n < 3; n += 1) {
      const input = { name: `K${n}`, scopes: [...scopes], allowedCidrs: [], documentsOnly: false };
      const made = await server.app.database.transaction((tx) =>
        server.app.apiKeys.insert(tx, tenant.workspaceId, input),
      );
      keys.push(made.secret);
    }
    for (const key of keys.slice(0, 3)) await openSome(bearer(key), 100);
    expect(await isRefused(bearer(keys[3] ?? ''))).to.equal(true);
    const other = await createTenant(server.app);
    expect(await isRefused(bearer(other.key))).to.equal(false);
    streams.splice(0, 30).forEach((stream) => stream.close());
    await wait(100);
    expect(await isRefused(bearer(keys[3] ?? ''))).to.equal(false);
    for (const stream of streams) stream.close();
  });

  /** A socket that has said who it is. */
  async function acknowledged(key: string): Promise<WebSocket> {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    socket.on('error', () => undefined);
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${key}` } }));
    await Promise.race([once(socket, 'message'), once(socket, 'close')]);
    return socket;
  }

  it('go over at most 20 sockets of a key, and of 200 of a workspace', async function () {
    this.timeout(60_000);
    const sockets: WebSocket[] = [];
    const open = async (key: string, count: number) =>
      sockets.push(...(await Promise.all(Array.from({ length: count }, async () => await acknowledged(key)))));
    const codeOfNext = async (key: string) => {
      const socket = await acknowledged(key);
      sockets.push(socket);
      if (socket.readyState === WebSocket.OPEN) return null;
      if (socket.readyState === WebSocket.CLOSED) return 1013;
      return ((await once(socket, 'close')) as [number])[0];
    };
    const keys = [tenant.key];
    for (let n = 0; n < 9; n += 1) {
      const input = { name: `K${n}`, scopes: [...scopes], allowedCidrs: [], documentsOnly: false };
      const made = await server.app.database.transaction((tx) =>
        server.app.apiKeys.insert(tx, tenant.workspaceId, input),
      );
      keys.push(made.secret);
    }
    await open(keys[0] ?? '', 20);
    expect(await codeOfNext(keys[0] ?? '')).to.equal(1013);
    sockets[0]?.terminate();
    await wait(100);
    expect(await codeOfNext(keys[0] ?? '')).to.equal(null);
    for (const key of keys.slice(1)) await open(key, 20);
    expect(sockets.filter(({ readyState }) => readyState === WebSocket.OPEN)).to.have.length(200);
    expect(await codeOfNext((await createTenant(server.app)).key)).to.equal(null);
    for (const socket of sockets) socket.terminate();
  });

  it('count operations on one socket as they count requests, and read none once no points are left', async () => {
    const pro = await createTenant(server.app, 'PRO');
    const client = connect(pro.key);
    const query = '{ intakeBots(first: 7) { nodes { id } } }';
    const costs: number[] = [];
    const ask = async () => {
      try {
        for await (const _ of client.iterate({ query })) continue;
        return null;
      } catch (errors) {
        const [refusal] = errors as { extensions: { code: string; cost: { requested: number } } }[];
        costs.push(refusal?.extensions.cost.requested ?? -1);
        return refusal?.extensions.code;
      }
    };
    const answers: (string | null | undefined)[] = [];
    for (let n = 0; n < 130; n += 1) answers.push(await ask());
    expect(answers.filter((code) => code === null)).to.have.length(100);
    expect(new Set(answers)).to.deep.equal(new Set([null, 'rate_limit_exceeded']));
    expect(new Set(costs), 'of what was not read').to.deep.equal(new Set([0]));
  });

  it('hang up on who talks too much', async () => {
    const talks = await acknowledged(tenant.key);
    for (let n = 0; n < 3_000; n += 1) talks.send('{"type":"ping"}');
    expect(((await once(talks, 'close')) as [number])[0]).to.equal(4429);
    const pings = await acknowledged(tenant.key);
    for (let n = 0; n < 3_000; n += 1) pings.ping();
    await once(pings, 'close');
    const large = await acknowledged(tenant.key);
    for (let n = 0; n < 40; n += 1) large.send(JSON.stringify({ type: 'ping', payload: { x: 'x'.repeat(1_000_000) } }));
    expect(((await once(large, 'close')) as [number])[0]).to.be.oneOf([4429, 1006]);
    const modest = await acknowledged(tenant.key);
    const answered = new Promise<void>((resolve) => {
      let pongs = 0;
      modest.on('message', () => (pongs += 1) === 500 && resolve());
    });
    for (let n = 0; n < 500; n += 1) modest.send('{"type":"ping"}');
    await answered;
    modest.close();
  });

  it('hang up on who does not read, before it fills the memory', async function () {
    this.timeout(30_000);
    const others = await Promise.all(Array.from({ length: 19 }, async () => await acknowledged(tenant.key)));
    const socket = await acknowledged(tenant.key);
    (socket as unknown as { _socket: { pause: () => void } })._socket.pause();
    const before = performance.now();
    const payload = { query: getIntrospectionQuery() };
    for (let n = 0; n < 400; n += 1) socket.send(JSON.stringify({ id: String(n), type: 'subscribe', payload }));
    // Once its place is free, it was hung up on.
    let next = await acknowledged(tenant.key);
    while (next.readyState !== WebSocket.OPEN) next = await acknowledged(tenant.key);
    expect(performance.now() - before, 'ms, before any ping was missed').to.be.lessThan(11_000);
    for (const one of [socket, next, ...others]) one.terminate();
  });

  it('run no more in a while than a budget of points buys, and nobody else waits for it', async () => {
    let nowMs = 0;
    const pace = new EventPace(() => nowMs);
    const { signal } = new AbortController();
    const soon = async (work: Promise<void>) => await Promise.race([work.then(() => true), wait(20, false)]);
    // Ten seconds' worth comes at once.
    for (let n = 0; n < 83; n += 1) expect(await soon(pace.take('loud', 500, signal))).to.equal(true);
    const over = new AbortController();
    const late = pace.take('loud', 5_000, over.signal);
    expect(await soon(late.catch(() => undefined))).to.equal(false);
    expect(await soon(pace.take('quiet', 500, signal))).to.equal(true);
    over.abort();
    nowMs += 60_000;
    expect(await soon(pace.take('loud', 500, signal))).to.equal(true);
  });
});
