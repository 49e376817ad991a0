import { expect } from 'chai';
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isObjectType, parse, validate } from 'graphql';
import { graphqlSchema } from '../../src/graphql/schema.js';
import type { SharedIntakeBot } from '../../src/intake-bots/intake-bot.service.js';
import { restRoutes } from '../../src/rest/routes.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf, type Client } from '../support/client.js';
import { createBot, createSubmission } from '../support/factories.js';
import { memberOf } from '../support/people.js';
import { Receiver } from '../support/receiver.js';
import { docs, has, printing, samples } from '../support/samples.js';

describe('a program of the documentation', function () {
  this.timeout(60_000);

  let server: TestServer;
  let tenant: Tenant;
  let bot: SharedIntakeBot;
  let client: Client;
  let directory: string;
  const running: ChildProcessWithoutNullStreams[] = [];
  const closes: (() => void)[] = [];

  before(async () => {
    server = await startServer();
    tenant = await createTenant(server.app);
    bot = await createBot(server.app, tenant.workspaceId);
    client = clientOf(server.url, tenant.key);
    directory = await mkdtemp(join(tmpdir(), 'iozen-programs-'));
    await symlink(resolve('node_modules'), join(directory, 'node_modules'));
  });
  afterEach(() => {
    for (const child of running.splice(0)) child.kill('SIGKILL');
    for (const close of closes.splice(0)) close();
  });
  after(async () => {
    await rm(directory, { recursive: true, force: true });
    await server.stop();
  });

  const sampleOf = async (kind: string) => {
    const found = (await samples()).filter((sample) => sample.kind === kind);
    expect(found, kind).to.have.length(1);
    return found[0]?.code ?? '';
  };
  /** Starts a sample in JavaScript, or of the shell. */
  const start = async (kind: string, words: string[] = [], env: Record<string, string> = {}) => {
    const code = await sampleOf(kind);
    const isShell = /^(curl|openssl|SINCE=)/.test(code);
    const file = join(directory, `${kind}.${isShell ? 'sh' : 'mjs'}`);
    // A shell gives its place to the command, so that a stream ends when it is told to.
    await writeFile(file, kind === 'stream' ? `exec ${code}` : code);
    const settings = { PATH: process.env['PATH'] ?? '', IOZEN_URL: server.url, IOZEN_API_KEY: tenant.key, ...env };
    const [command, ...given] = isShell ? ['sh', '-eu', file] : [process.execPath, file];
    const child = spawn(command ?? '', [...given, ...words], { cwd: directory, env: settings });
    running.push(child);
    return child;
  };
  const run = async (kind: string, words: string[] = [], env: Record<string, string> = {}) => {
    const child = await start(kind, words, env);
    let printed = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    expect(code, printed).to.equal(0);
    return printed;
  };

  it('says of a body that arrived whether it is what was sent, and where it differs', async () => {
    const receiver = await Receiver.start();
    const sent = { url: receiver.url, events: ['submission.completed'] };
    const { body: made } = await client.rest('POST', '/webhooks', sent);
    await createSubmission(server.app, bot, { data: { full_name: 'Zoë 🎉', email: 'zoe@example.com' } });
    const [{ body, headers } = expect.fail()] = await receiver.arrived(1);
    await receiver.stop();
    const delivery = String(headers['x-iozen-delivery-id']);

    await writeFile(join(directory, 'body.json'), body);
    expect(await run('compare', ['body.json', delivery])).to.include('the same bytes');
    if (has('openssl')) {
      const env = { IOZEN_WEBHOOK_SECRET: (made.data as { webhook: { secret: string } }).webhook.secret };
      expect(await run('hmac', [], env)).to.include(String(headers['x-iozen-signature']).replace('sha256=', ''));
    }
    // As a gateway in Python would write it.
    await writeFile(join(directory, 'body.json'), body.replace('Zoë', String.raw`Zo\u00eb`));
    expect(await run('compare', ['body.json', delivery])).to.match(
      /from byte \d+ on they differ:\nsent .*Zoë.*\narrived .*u00eb/,
    );
  });

  it('tells what comes of a request that is made now, and how many events a webhook missed', async () => {
    if (!has('curl')) return;
    const receiver = await Receiver.start();
    receiver.answer = (response) => void response.writeHead(410).end('gone');
    const sent = { url: receiver.url, events: ['submission.completed'] };
    const { body } = await client.rest('POST', '/webhooks', sent);
    const env = { WEBHOOK_ID: (body.data as { webhook: { id: string } }).webhook.id };
    expect(await run('test', [], env)).to.include(
      '"outcome":"http_error","response_status":410,"response_body":"gone"',
    );

    const endpoint = async (asked: string) =>
      (await client.graphql(asked, { id: env.WEBHOOK_ID })).body.data as { webhookEndpoint: { heldCount: number } };
    await client.rest('PATCH', `/webhooks/${env.WEBHOOK_ID}`, { status: 'paused' });
    await createSubmission(server.app, bot);
    const held = 'query ($id: ID!) { webhookEndpoint(id: $id) { heldCount } }';
    while ((await endpoint(held)).webhookEndpoint.heldCount === 0) await new Promise((done) => setTimeout(done, 20));
    await endpoint(
      'mutation ($id: ID!) { resumeWebhookEndpoint(input: { id: $id, skipHeld: true }) { webhookEndpoint { id } } }',
    );
    expect(await run('missed', [], env)).to.include('"total":1');
    await receiver.stop();
  });

  it('copies all submissions through refusals, lost answers and its own end, and keeps them current', async () => {
    const made = [];
    for (let count = 0; count < 110; count += 1) made.push(await createSubmission(server.app, bot));
    const troubles: ((response: ServerResponse) => void)[] = [
      (response) => response.destroy(),
      (response) => response.writeHead(502).end('<html>'),
      (response) => response.writeHead(429, { 'Retry-After': '1' }).end('{"errors":[]}'),
    ];
    const door = await doorTo(server.url, (asked, response) => {
      const [trouble] = troubles.splice(0, 1);
      trouble?.(response);
      // The second page is never answered to the program that is killed.
      return trouble !== undefined || (asked.includes('"after":"c') && isHeld);
    });
    closes.push(door.close);
    let isHeld = true;
    const env = { IOZEN_URL: door.url };
    const cut = await start('sync', ['copy'], env);
    const stateOf = async () =>
      JSON.parse(await readFile(join(directory, 'copy/state'), 'utf8').catch(() => '{}')) as object;
    while (!('after' in (await stateOf()))) await new Promise((done) => setTimeout(done, 50));
    cut.kill('SIGKILL');
    isHeld = false;

    const last = made.at(-1) ?? expect.fail();
    await client.rest('PATCH', `/intake-bots/${bot.id}/submissions/${last.id}`, { data: { topic: 'Support' } });
    expect(await run('sync', ['copy'], env)).to.include('the copy is current');
    const later = await createSubmission(server.app, bot);
    await run('sync', ['copy'], env);

    const kept = (await readdir(join(directory, 'copy'))).filter((name) => name.endsWith('.json'));
    expect(kept).to.include.members([...made, later].map(({ id }) => `${id}.json`));
    const changed = JSON.parse(await readFile(join(directory, `copy/${last.id}.json`), 'utf8')) as { data: object };
    expect(changed.data).to.include({ topic: 'Support' });
  });

  it('erases a person as somebody who is signed in', async () => {
    const { email, password } = tenant.owner;
    const env = { IOZEN_EMAIL: email, IOZEN_PASSWORD: password };
    await createSubmission(server.app, bot, { data: { full_name: 'Ada', email: 'ada.erased@example.com' } });
    expect(await run('erase', ['Ada.Erased@example.com'], env)).to.match(/^erasure c\w{24} DONE\n$/);
    expect(await run('erase', ['ada.erased@example.com'], env)).to.equal('nobody has this address\n');
    const owner = await memberOf(server.app, tenant, 'OWNER');
    const { body } = await owner.graphql('{ viewer { sessions { current } } }');
    expect(body.data.viewer.sessions, 'it signs out').to.deep.equal([{ current: true }]);
  });

  it('follows events over WebSocket, and goes on behind the last one when the connection was cut', async () => {
    const sockets = new Set<Socket>();
    const { hostname, port } = new URL(server.url);
    const wire = createTcpServer((socket) => {
      const onward = connect(Number(port), hostname);
      sockets.add(socket);
      for (const one of [socket, onward]) one.on('error', () => {});
      socket.pipe(onward).pipe(socket);
      socket.on('close', () => onward.destroy());
    });
    closes.push(() => wire.close());
    await once(wire.listen(0, '127.0.0.1'), 'listening');
    const child = await start('graphql-ws', [], {
      IOZEN_URL: `http://127.0.0.1:${(wire.address() as AddressInfo).port}`,
    });
    const prints = printing(child);

    // Until it has subscribed, what happens is before its beginning.
    const submitting = setInterval(() => void createSubmission(server.app, bot), 100);
    await prints('submission.completed').finally(() => clearInterval(submitting));
    for (const socket of sockets) socket.destroy();
    const { id } = await createSubmission(server.app, bot);
    const asked = 'query ($id: ID!) { submission(id: $id) { events(first: 1) { nodes { id } } } }';
    let event: string | undefined;
    // An event is listed once it is fanned out.
    while (event === undefined) {
      const { body } = await client.graphql(asked, { id });
      [event] = (body.data as { submission: { events: { nodes: { id: string }[] } } }).submission.events.nodes.map(
        (node) => node.id,
      );
    }
    expect(await prints(event)).to.equal(`submission.completed ${event}`);
  });

  it('follows events with curl alone', async () => {
    if (!has('curl')) return;
    const prints = printing(await start('stream'));
    const submitting = setInterval(() => void createSubmission(server.app, bot), 100);
    expect(await prints('data: ').finally(() => clearInterval(submitting))).to.match(/"eventOccurred":\{"id":"evt_/);
  });

  it('verifies a delivery with the library of Standard Webhooks', async () => {
    const receiver = await Receiver.start();
    const { body: made } = await client.rest('POST', '/webhooks', {
      url: receiver.url,
      events: ['submission.completed'],
    });
    await createSubmission(server.app, bot);
    const [{ body, headers } = expect.fail()] = await receiver.arrived(1);
    await receiver.stop();
    const file = join(directory, 'standardwebhooks.mjs');
    await writeFile(file, (await sampleOf('standardwebhooks')).replace(/^ *console\.log.*\n/m, ''));
    const { default: receive } = (await import(pathToFileURL(file).href)) as {
      default: (request: Request) => Promise<Response>;
    };
    process.env['IOZEN_WEBHOOK_SECRET'] = (made.data as { webhook: { secret: string } }).webhook.secret;
    try {
      const sent = (text: string) =>
        new Request('http://localhost/hook', {
          method: 'POST',
          body: text,
          headers: headers as Record<string, string>,
        });
      expect((await receive(sent(body))).status).to.equal(204);
      expect((await receive(sent(`${body} `))).status).to.equal(400);
    } finally {
      delete process.env['IOZEN_WEBHOOK_SECRET'];
    }
  });

  it('takes each event once, by the statements that are shown', async () => {
    const [create = '', insert = '', forget = ''] = (await sampleOf('once'))
      .replaceAll(/^--.*$/gm, '')
      .split(';')
      .map((statement) => statement.trim());
    const connection = await server.app.database.pool.connect();
    try {
      await connection.query(create.replace('create table', 'create temporary table'));
      expect((await connection.query(insert, ['evt_1'])).rowCount).to.equal(1);
      expect((await connection.query(insert, ['evt_1'])).rowCount).to.equal(0);
      expect((await connection.query(forget)).rowCount).to.equal(0);
    } finally {
      // Its table ends with it.
      connection.release(true);
    }
  });

  it('asks in GraphQL for what the schema has', async () => {
    const schema = graphqlSchema(null);
    const shown = (await samples()).filter(({ language }) => language === 'graphql');
    expect(shown).not.to.be.empty;
    for (const { page, code } of shown) expect(validate(schema, parse(code)), page).to.deep.equal([]);
  });

  it('finds for each call of REST one of GraphQL that is there', async () => {
    const page = await readFile(join(docs, 'moving-to-graphql.md'), 'utf8');
    const rows = new Map(
      [...page.matchAll(/^\| `([A-Z]+ \/[^`]*)` +\| (.*?) +\|$/gm)].map(([, call = '', answer = '']) => [call, answer]),
    );
    const calls = restRoutes(server.app).map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`);
    expect([...rows.keys()].sort()).to.deep.equal(calls.sort());
    const schema = graphqlSchema(null);
    const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
    const fields = new Set(roots.filter(isObjectType).flatMap((type) => Object.keys(type.getFields())));
    for (const [call, answer] of rows) {
      const named = [...answer.matchAll(/`(\w+)[^`]*`/g)].map(([, name = '']) => name);
      // What stands beside an operation are arguments and fields of its answer.
      const known = named.filter((name) => !['status', 'secret'].includes(name));
      expect(known, call).not.to.be.empty;
      for (const name of known) expect(fields, call).to.include(name);
    }
  });
});

/** A server before another, that may answer a request itself, or never: its body is given. */
async function doorTo(
  url: string,
  answers: (asked: string, response: ServerResponse) => boolean,
): Promise<{ url: string; close: () => void }> {
  const door = createServer((request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      if (answers(body.toString(), response)) return;
      const onward = httpRequest(url + (request.url ?? ''), { method: request.method ?? '', headers: request.headers });
      onward.on('response', (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      });
      onward.end(body);
    });
  });
  await once(door.listen(0, '127.0.0.1'), 'listening');
  const close = () => {
    door.close();
    door.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${(door.address() as AddressInfo).port}`, close };
}
