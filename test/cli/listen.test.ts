import { expect } from 'chai';
import type { ChildProcess } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { EventType } from '../../src/events/event-type.js';
import { newId, nextMoment } from '../../src/platform/id.js';
import { newSecret } from '../../src/webhooks/wire/signature.js';
import { verifyWebhook } from '../../packages/webhooks/src/index.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf } from '../support/client.js';
import { createBot, createSubmission, operator } from '../support/factories.js';
import { ended, freePort, iozen, launch, type Ended } from '../support/process.js';
import { Receiver } from '../support/receiver.js';
import { samples } from '../support/samples.js';

describe('iozen listen', () => {
  let server: TestServer;
  let tenant: Tenant;
  let receiver: Receiver;
  const running = new Set<Listener>();

  before(async () => {
    server = await startServer();
  });
  beforeEach(async () => {
    tenant = await createTenant(server.app);
    receiver = await Receiver.start();
  });
  afterEach(async () => {
    for (const listener of running) await listener.stop();
    await receiver.stop();
  });
  after(async () => await server.stop());

  interface Listener {
    child: ChildProcess;
    secret: string;
    notes: () => string;
    end: Promise<Ended>;
    stop: (signal?: NodeJS.Signals) => Promise<Ended>;
  }

  /** Once it says that what happens from now on will be forwarded. */
  async function listen(words: string[] = [], env: Record<string, string> = {}): Promise<Listener> {
    const settings = { IOZEN_URL: server.url, IOZEN_API_KEY: tenant.key, ...env };
    const child = launch(['listen', '--forward-to', `${receiver.url}/forwarded`, ...words], settings);
    const end = ended(child);
    let notes = '';
    const secret = await new Promise<string>((found, failed) => {
      child.stderr?.on('data', (chunk: Buffer) => {
        notes += chunk.toString();
        const [, signedWith] = /^Signed with (\S+)/m.exec(notes) ?? [];
        if (signedWith !== undefined) found(signedWith);
      });
      void end.then(({ code, stderr }) => failed(new Error(`ended with ${code}:\n${stderr}`)));
    });
    const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
      running.delete(listener);
      child.kill(signal);
      return await end;
    };
    const listener = { child, secret, notes: () => notes, end, stop };
    running.add(listener);
    return listener;
  }

  /** In one transaction. */
  async function publish(type: EventType, ...data: object[]): Promise<void> {
    await server.app.database.transaction(async (tx) => {
      const events = data.map((data) => ({
        workspaceId: tenant.workspaceId,
        type,
        moment: nextMoment(),
        subjectId: newId('submission'),
        people: [],
        data,
      }));
      server.app.events.publish(tx, ...events);
    });
  }

  const under = (path: string) => receiver.received.filter((request) => request.path === `/hook/${path}`);
  const forwarded = () => under('forwarded');

  /** All events as the list has them, the oldest first. */
  async function listed(): Promise<string[]> {
    const ids: string[] = [];
    const query = 'query ($before: String) { events(last: 100, before: $before) { nodes { id } } }';
    for (;;) {
      const { body } = await clientOf(server.url, tenant.key).graphql(query, { before: ids.at(-1) ?? null });
      if (body.data.events.nodes.length === 0) return ids;
      ids.push(...body.data.events.nodes.map(({ id }: { id: string }) => id).toReversed());
    }
  }

  it('forwards what an endpoint is sent, byte for byte, signed anew', async () => {
    const listener = await listen();
    const registered = { url: `${receiver.url}/registered`, events: ['submission.completed', 'contact.created'] };
    await clientOf(server.url, tenant.key).rest('POST', '/webhooks', registered);
    const full_name = 'Zoë \u2028 "Łukasz" \\ 😀 \u007f';
    await createSubmission(server.app, await createBot(server.app, tenant.workspaceId), {
      data: { full_name, email: 'zoe@example.com', guests: 3 },
    });
    const awkward = {
      b: 1e21,
      a: [-0.1, 5e-324, null, {}, []],
      10: 'ten',
      9: '\ud800',
      __proto__: 'own',
      '': '\u2029',
    };
    await publish('submission.completed', { submission: JSON.parse(JSON.stringify(awkward)) });
    await receiver.arrived(6);

    expect(forwarded().map(({ headers }) => headers['webhook-id'])).to.deep.equal(await listed());
    for (const { headers, body } of forwarded()) {
      const delivered = under('registered').find((one) => one.headers['webhook-id'] === headers['webhook-id']);
      expect(body).to.equal(delivered?.body);
      const event = verifyWebhook(body, headers, listener.secret);
      expect(headers).to.include({
        'content-type': 'application/json',
        'user-agent': 'ioZen-Webhooks/1.0',
        'x-iozen-event-type': event.type,
        'x-iozen-event-id': event.id,
        'x-iozen-timestamp': headers['webhook-timestamp'],
        'x-iozen-signature': `sha256=${createHmac('sha256', listener.secret).update(body).digest('hex')}`,
        'x-iozen-attempt': '1',
      });
      const names = Object.keys(delivered?.headers ?? {}).filter((name) => /^(x-iozen|webhook)-/.test(name));
      expect(headers).to.include.keys(names);
      expect(names).to.have.length(9);
    }
    const { code, stdout } = await listener.stop('SIGINT');
    expect(code).to.equal(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).to.have.length(3);
    expect(lines[0]).to.match(/^\d\d:\d\d:\d\d {2}contact\.created {12}evt_c\w{24} {2}→ 200 \(\d+ ms\)$/);
  });

  it('with --events and --json forwards those types alone, and prints nothing but one JSON object for each', async () => {
    const secret = newSecret();
    const listener = await listen(['--events', 'contact.created, contact.updated', '--json'], {
      IOZEN_WEBHOOK_SECRET: secret,
    });
    // Interim answers say nothing of how it went.
    receiver.answer = (response) => {
      response.writeContinue();
      response.end();
    };
    await publish('submission.updated', { submission: {} });
    const bot = await createBot(server.app, tenant.workspaceId);
    for (let made = 0; made < 3; made += 1) await createSubmission(server.app, bot);
    await receiver.arrived(3);
    const { code, stdout, stderr } = await listener.stop();
    expect(code).to.equal(0);
    expect(stderr, 'a secret that is known already is not shown').not.to.include('whsec_');
    const told = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(told).to.have.length(3);
    for (const [index, { headers, body }] of forwarded().entries()) {
      const { id } = verifyWebhook(body, headers, secret);
      expect(told[index]).to.have.keys('at', 'type', 'id', 'status', 'ms', 'error');
      expect(told[index]).to.include({ type: 'contact.created', id, status: 200, error: null });
    }
  });

  it('says what became of an event that the receiver did not take, and goes on', async () => {
    const listener = await listen(['--json']);
    receiver.answer = (response, { headers }) => {
      const type = headers['x-iozen-event-type'];
      if (type === 'contact.updated') response.writeHead(500).end('no');
      else if (type === 'contact.created') response.socket?.destroy();
      else response.writeHead(302, { Location: '/elsewhere' }).end();
    };
    await publish('contact.updated', { contact: {} });
    await publish('contact.created', { contact: {} });
    await publish('submission.updated', { submission: {} });
    await receiver.arrived(3);
    const { stdout } = await listener.stop();
    const told = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(told.map(({ status, error }) => [status, error])).to.deep.equal([
      [500, null],
      [null, 'the connection broke off'],
      [302, null],
    ]);
  });

  it('loses nothing and repeats nothing over cut connections and restarts, from the first event on', async () => {
    const door = await Door.open(await startServer({ beside: server, role: 'api' }));
    try {
      const listener = await listen([], { IOZEN_URL: door.url });
      // What happens while it is away, before it saw anything.
      await door.server.stop();
      await publish('submission.completed', { submission: { number: 0 } });
      await publish('submission.completed', { submission: { number: 1 } });
      door.server = await startServer({ beside: server, role: 'api' });
      await receiver.arrived(2, 20_000);

      const padding = 'x'.repeat(500);
      for (let batch = 0; batch < 20; batch += 1) {
        await publish('submission.updated', ...Array.from({ length: 10 }, () => ({ submission: { padding } })));
      }
      await receiver.arrived(100, 30_000);
      await door.server.stop();
      for (let batch = 0; batch < 5; batch += 1) {
        await publish('submission.updated', ...Array.from({ length: 10 }, () => ({ submission: { padding } })));
      }
      door.server = await startServer({ beside: server, role: 'api' });
      await receiver.arrived(252, 30_000);
      const { code, stdout } = await listener.stop();
      expect(code).to.equal(0);
      expect(door.cuts).to.be.at.least(10);
      expect(forwarded().map(({ headers }) => headers['webhook-id'])).to.deep.equal(await listed());
      expect(stdout.trimEnd().split('\n')).to.have.length(252);
      expect(listener.notes()).to.include('Trying until it is back.').and.include('Connected again.');
    } finally {
      await door.close();
    }
  });

  it('ends with 0 at once on a signal, though the receiver has not answered, and when nobody reads its lines', async () => {
    const patient = await listen();
    receiver.answer = () => undefined;
    await publish('contact.created', { contact: {} });
    await receiver.arrived(1);
    const startedAt = performance.now();
    const { code, stdout } = await patient.stop();
    expect(performance.now() - startedAt).to.be.below(5_000);
    expect(code).to.equal(0);
    expect(stdout).to.include('→ stopped before the answer');

    receiver.answer = (response) => void response.end();
    const unread = await listen();
    unread.child.stdout?.destroy();
    await publish('contact.created', { contact: {} });
    expect((await unread.end).code).to.equal(0);
  });

  it('ends with 1 when its key is revoked', async () => {
    await publish('contact.created', { contact: {} });
    const listener = await listen();
    const query = 'select id from api_keys where workspace_id = $1';
    const { rows } = await server.app.database.pool.query<{ id: string }>(query, [tenant.workspaceId]);
    await server.app.apiKeys.revoke(await operator(server.app, tenant.workspaceId), rows[0]?.id ?? '');
    const { code, stdout, stderr } = await listener.end;
    expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
    expect(stderr).to.match(/IOZEN_API_KEY must be a live key of http.*\n$/);
  });

  it('ends with 1 and what to do about it, or with 2 for what it does not understand', async () => {
    const { key: narrow } = await createTenant(server.app, 'BUSINESS', ['manage:webhooks', 'read:submissions']);
    const env = { IOZEN_URL: server.url, IOZEN_API_KEY: tenant.key };
    const to = ['--forward-to', receiver.url];
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    const cases: [code: number, says: string, words: string[], env: Record<string, string>][] = [
      [1, 'IOZEN_API_KEY is required', to, { ...env, IOZEN_API_KEY: '' }],
      [1, 'IOZEN_API_KEY must be a live key', to, { ...env, IOZEN_API_KEY: 'iozen_live_wrong' }],
      [1, 'lacks read:contacts, read:intake-bots.', to, { ...env, IOZEN_API_KEY: narrow }],
      [1, `${nowhere} (IOZEN_URL) cannot be reached: the connection was refused.`, to, { ...env, IOZEN_URL: nowhere }],
      [1, 'does not answer as an ioZen server does', to, { ...env, IOZEN_URL: receiver.url }],
      [1, 'IOZEN_URL must be', to, { ...env, IOZEN_URL: 'localhost' }],
      [1, 'IOZEN_WEBHOOK_SECRET must be', to, { ...env, IOZEN_WEBHOOK_SECRET: 'secret' }],
      [2, '--events must be one of: submission.completed', [...to, '--events', 'contact.created,dance'], env],
      [2, '--forward-to must be an http or https URL', ['--forward-to', 'localhost:3000'], env],
      [2, 'Missing: --forward-to', [], env],
    ];
    const check = async ([code, says, words, env]: (typeof cases)[number]) => {
      const end = await iozen(['listen', ...words], env);
      expect(end, end.stderr).to.include({ code, stdout: '' });
      expect(end.stderr).to.include(says);
    };
    await Promise.all(cases.map(check));
  });

  it('works as documented, with no more scopes than its types take', async () => {
    const code = (await samples()).find(({ kind }) => kind === 'listen')?.code ?? '';
    const [npx, locally, name, command, option, , ...words] = code.trim().split(' ');
    expect([npx, locally, name]).to.deep.equal(['npx', '--no-install', 'iozen']);
    expect([command, option]).to.deep.equal(['listen', '--forward-to']);
    const granted = ['manage:webhooks', 'read:submissions', 'read:contacts'] as const;
    tenant = await createTenant(server.app, 'BUSINESS', granted);
    await listen(words);
    await createSubmission(server.app, await createBot(server.app, tenant.workspaceId));
    await receiver.arrived(2);
  });
});

/** Stands before a server that may be replaced, and cuts each connection after so many bytes of answers. */
class Door {
  cuts = 0;
  private readonly sockets = new Set<Socket>();
  private readonly listener = createServer((socket) => this.pass(socket));

  private constructor(public server: TestServer) {}

  static async open(server: TestServer): Promise<Door> {
    const door = new Door(server);
    door.listener.listen(0, '127.0.0.1');
    await once(door.listener, 'listening');
    return door;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.listener.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((done) => this.listener.close(done));
    await this.server.stop();
  }

  private pass(socket: Socket): void {
    const behind = connect(Number(new URL(this.server.url).port), '127.0.0.1');
    let left = 12_345;
    behind.on('data', (chunk: Buffer) => {
      socket.write(chunk.subarray(0, left));
      left -= chunk.length;
      if (left > 0) return;
      this.cuts += 1;
      behind.destroy();
      socket.destroySoon();
    });
    socket.on('data', (chunk: Buffer) => behind.write(chunk));
    for (const [one, other] of [
      [socket, behind],
      [behind, socket],
    ] as const) {
      this.sockets.add(one);
      one.on('error', () => undefined).on('close', () => (this.sockets.delete(one), other.destroySoon()));
    }
  }
}
