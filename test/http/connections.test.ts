import { expect } from 'chai';
import { once } from 'node:events';
import { get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { BodyRoom } from '../../src/http/body-room.js';
import { connectionLimits } from '../../src/http/connections.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf } from '../support/client.js';
import { createBot, createSubmission } from '../support/factories.js';

/** Fifteen seconds and half a minute are too long for a test. */
const limits = {
  strangersRequestMs: 300,
  requestMs: 700,
  answerMs: 300,
  answerBytesPerSecond: 1e9,
  lingerMs: 100,
  checkEveryMs: 50,
  pipelinedMax: 8,
};
const ceilings = { checkEveryMs: 50, connectionsMax: 80, connectionsOfNetworkMax: 10, connectionsOfCallerMax: 20 };

describe('connections', () => {
  let server: TestServer;
  let crowded: TestServer;
  let tenant: Tenant;
  const opened = new Set<Socket>();

  before(async () => {
    server = await startServer({ role: 'api', limits });
    crowded = await startServer({ role: 'api', beside: server, limits: ceilings });
    tenant = await createTenant(server.app);
  });
  after(async () => {
    await crowded.stop();
    await server.stop();
  });
  afterEach(() => {
    for (const socket of opened) socket.destroy();
    opened.clear();
  });

  /** A connection, what was heard on it, and how long it took to end. */
  function open(text = '', { url, localAddress = '127.0.0.1' } = { url: server.url }) {
    const { port } = new URL(url);
    const socket = connect({ port: Number(port), host: '127.0.0.1', localAddress });
    opened.add(socket);
    const startMs = performance.now();
    const connection = { socket, heard: '', isOpen: true, ended: Promise.resolve(0) };
    socket.on('data', (chunk: Buffer) => (connection.heard += chunk.toString()));
    socket.on('error', () => undefined);
    if (text !== '') socket.write(text);
    connection.ended = new Promise((resolve) => {
      socket.once('close', () => {
        connection.isOpen = false;
        resolve(performance.now() - startMs);
      });
    });
    return connection;
  }
  const statusesIn = (heard: string) => [...heard.matchAll(/HTTP\/1.1 (\d+) /g)].map(([, status]) => status);
  const head = (line: string, ...more: string[]) => [line, 'Host: x', ...more, '', ''].join('\r\n');
  const posted = (path: string, length: number, ...more: string[]) =>
    head(`POST ${path} HTTP/1.1`, 'Content-Type: application/json', `Content-Length: ${length}`, ...more);
  const bearer = () => `Authorization: Bearer ${tenant.key}`;

  describe('that send too slowly', () => {
    it('end when they say nothing', async () => {
      const silent = open();
      expect(await silent.ended).to.be.below(2_000);
      expect(silent.heard).to.equal('');
    });

    it('end when a head does not arrive, and are told', async () => {
      const half = open('GET /healthz HTTP/1.1\r\nHost: x\r\nX-More');
      await half.ended;
      expect(half.heard)
        .to.match(/^HTTP\/1.1 408 /)
        .and.match(/"code":"request_timeout"/);
    });

    it("end when a stranger's body does not arrive, in the form of the door, however it trickles", async () => {
      const trickling = open(posted('/graphql', 10_000));
      const trickle = setInterval(() => trickling.socket.write(' '), 20);
      const lastedMs = await trickling.ended;
      clearInterval(trickle);
      expect(lastedMs).to.be.within(limits.strangersRequestMs, limits.requestMs);
      expect(trickling.heard)
        .to.match(/^HTTP\/1.1 408 /)
        .and.match(/{"errors":\[{"message":.*"code":"request_timeout"/);
    });

    it('have longer when it is known who they are, and end as well', async () => {
      const known = open(posted('/graphql', 1_000_000, bearer()) + ' '.repeat(100));
      expect(await known.ended).to.be.within(limits.requestMs, 4_000);
      expect(known.heard).to.match(/^HTTP\/1.1 408 /);
    });

    it('end soon when what they go on to send was refused', async () => {
      const refused = open(posted('/api/v1/intake-bots', 1_000_000));
      const trickle = setInterval(() => refused.socket.write(' '), 20);
      expect(await refused.ended).to.be.below(limits.strangersRequestMs + 200);
      clearInterval(trickle);
      expect(refused.heard).to.match(/^HTTP\/1.1 401 /);
    });
  });

  describe('that read too slowly', () => {
    /** Reads the first of an answer, however late that comes, and the rest too late. */
    const stall = async (socket: Socket) => {
      await once(socket, 'data');
      socket.pause();
      await wait(limits.answerMs + 700);
      socket.resume();
    };

    it('end in the middle of an answer', async () => {
      const names = Array.from({ length: 100 }, (_, index) => `field_${index}`);
      const schema = names.map((name) => ({ name, label: name, type: 'text' }));
      const bot = await createBot(server.app, tenant.workspaceId, { schema });
      const data = Object.fromEntries(names.map((name) => [name, 'x'.repeat(9_900)]));
      for (let count = 0; count < 6; count += 1) await createSubmission(server.app, bot, { data });
      // More than the buffers between us hold.
      const slow = open(head(`GET /api/v1/intake-bots/${bot.id}/submissions HTTP/1.1`, bearer()).repeat(3));
      await stall(slow.socket);
      await slow.ended;
      expect(slow.heard).to.match(/^HTTP\/1.1 200 /);
      expect(slow.heard.length).to.be.below(17_000_000);
      // One who reads gets it all.
      const { body } = await clientOf(server.url, tenant.key).rest('GET', `/intake-bots/${bot.id}/submissions`);
      expect(body.data.submissions).to.have.length(6);
    });

    it('end when what a stranger asked for piles up', async () => {
      const asked = head('GET /graphql/explorer/graphiql.js HTTP/1.1');
      const slow = open(asked.repeat(8));
      await stall(slow.socket);
      await slow.ended;
      expect(slow.heard.match(/HTTP\/1.1 200 /g)?.length ?? 0).to.be.below(8);
    });

    it('last while they are streams', async () => {
      const query = encodeURIComponent('subscription { eventOccurred { id } }');
      const stream = open(head(`GET /graphql?query=${query} HTTP/1.1`, bearer(), 'Accept: text/event-stream'));
      await wait(limits.requestMs + limits.answerMs + 300);
      expect(stream.isOpen).to.equal(true);
      expect(stream.heard).to.match(/^HTTP\/1.1 200 /);
    });
  });

  describe('that are too many', () => {
    const come = (text: string, localAddress = '127.0.0.1') => open(text, { url: crowded.url, localAddress });
    const countOpen = (connections: { isOpen: boolean }[]) => connections.filter(({ isOpen }) => isOpen).length;
    const untilOpen = async (count: number, connections: { isOpen: boolean }[]) => {
      for (const untilMs = Date.now() + 10_000; countOpen(connections) > count && Date.now() < untilMs;) await wait(10);
      await wait(3 * ceilings.checkEveryMs);
      return countOpen(connections);
    };
    /** From where an attacker is, too, and over a connection of its own. */
    const health = async (localAddress: string) =>
      await new Promise<number | undefined>((resolve, reject) => {
        get(`${crowded.url}/healthz`, { agent: false, localAddress }, (response) => {
          response.resume().once('end', () => resolve(response.statusCode));
        }).once('error', reject);
      });
    const halfBody = posted('/graphql', 1_000);

    it('are ended down to what a network may hold, and a health check from there is answered', async () => {
      const held = Array.from({ length: 60 }, () => come(halfBody));
      expect(await health('127.0.0.1')).to.equal(200);
      expect(await untilOpen(10, held)).to.be.within(9, 10);
      expect(await health('127.0.0.1')).to.equal(200);
    });

    it('are ended where most are, when there are too many in all, and a health check is answered', async () => {
      const addresses = Array.from({ length: 20 }, (_, index) => `127.0.0.${index + 10}`);
      const held = addresses.flatMap((address) => Array.from({ length: 6 }, () => come(halfBody, address)));
      const few = Array.from({ length: 2 }, () => come(halfBody, '127.0.0.90'));
      expect(await untilOpen(80, held)).to.be.within(60, 80);
      expect(countOpen(few), 'who holds few keeps them').to.equal(2);
      for (const localAddress of ['127.0.0.1', '127.0.0.10', '127.0.0.99']) {
        expect(await health(localAddress), localAddress).to.equal(200);
      }
    });

    it('may be as many as a caller who is known needs, up to a bound of theirs', async () => {
      const asked = head('GET /api/v1/intake-bots?limit=1 HTTP/1.1', bearer());
      /** At once no more than strangers may hold: until it is known who calls, they are. */
      const comeKnown = async (count: number) => {
        const all: ReturnType<typeof come>[] = [];
        while (all.length < count) {
          const some = Array.from({ length: Math.min(10, count - all.length) }, () => come(asked));
          await Promise.all(some.map(async ({ socket }) => await once(socket, 'data')));
          all.push(...some);
        }
        return all;
      };
      const held = await comeKnown(20);
      expect(await untilOpen(20, held), 'more than of a stranger').to.equal(20);
      const more = await comeKnown(15);
      expect(await untilOpen(20, [...held, ...more])).to.equal(20);
    });

    it('may carry any number of requests, one after the other', async () => {
      const one = open();
      for (let count = 1; count <= 30; count += 1) {
        one.socket.write(`${posted('/api/v1/intake-bots', 2)}{}`);
        for (const untilMs = Date.now() + 2_000; statusesIn(one.heard).length < count && Date.now() < untilMs;)
          await wait(1);
      }
      expect(statusesIn(one.heard)).to.deep.equal(Array(30).fill('401'));
    });

    it('do not pile up requests: those sent ahead are answered up to a bound, then refused, in order', async () => {
      const ahead = open(head('GET /healthz HTTP/1.1').repeat(30));
      await ahead.ended;
      expect(statusesIn(ahead.heard)).to.deep.equal([...Array<string>(8).fill('200'), '503']);
      expect(ahead.heard).to.match(/"code":"service_unavailable"/);
    });
  });

  describe('with large bodies', () => {
    it('wait for their own, unread, and hold up neither small ones nor those of others', async () => {
      const other = await createTenant(server.app);
      const halves = Array.from({ length: 6 }, () =>
        open(posted('/graphql', 1_000_000, bearer()) + ' '.repeat(900_000)),
      );
      const heldMs = performance.now();
      await wait(100);
      const body = JSON.stringify({ query: '{ __typename }', variables: { text: 'x'.repeat(900_000) } });
      const post = async (key: string, text: string) => {
        const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
        return (await fetch(`${server.url}/graphql`, { method: 'POST', headers, body: text })).status;
      };
      const startMs = performance.now();
      expect(await post(tenant.key, '{"query":"{ __typename }"}')).to.equal(200);
      expect(await post(other.key, body)).to.equal(200);
      expect(performance.now() - startMs, 'while the others are held').to.be.below(1_000);
      // So late that most of its own time is left when theirs is over.
      await wait(Math.max(0, limits.requestMs - 200 - (performance.now() - heldMs)));
      expect(await post(tenant.key, body), 'once they have ended').to.equal(200);
      await Promise.all(halves.map(async ({ ended }) => await ended));
    });

    it('in pieces of a byte are refused before they are many', async () => {
      const pieces = open(
        head('POST /graphql HTTP/1.1', 'Content-Type: application/json', 'Transfer-Encoding: chunked', bearer()) +
          '1\r\n \r\n'.repeat(30_000),
      );
      await once(pieces.socket, 'data');
      expect(pieces.heard).to.match(/^HTTP\/1.1 413 /);
    });
  });
});

it('a stranger has 15 s to send, and 30 s to read', () => {
  expect(connectionLimits).to.include({ strangersRequestMs: 15_000, answerMs: 30_000 });
});

describe('room for bodies', () => {
  const room = () => new BodyRoom({ bytesMax: 100, strangersBytesMax: 50, callersBytesMax: 40, waitMsMax: 100 });
  const here = new AbortController().signal;
  const known = (name: string) => ({ name, isKnown: true });
  const stranger = (name: string) => ({ name, isKnown: false });
  /** Whether it was let in, so far. */
  const asked = (taking: Promise<() => void>) => {
    const state = { isIn: false, giveBack: () => undefined as void, refusal: null as unknown };
    taking.then(
      (giveBack) => Object.assign(state, { isIn: true, giveBack }),
      (error: unknown) => Object.assign(state, { refusal: error }),
    );
    return state;
  };
  const soon = async () => await wait(1);

  it('is had by each up to a bound, and who waits for their own holds up nobody', async () => {
    const bodies = room();
    const first = asked(bodies.take(known('a'), 40, here));
    const second = asked(bodies.take(known('a'), 1, here));
    const third = asked(bodies.take(known('b'), 40, here));
    await soon();
    expect([first, second, third].map(({ isIn }) => isIn)).to.deep.equal([true, false, true]);
    first.giveBack();
    first.giveBack();
    await soon();
    expect(second.isIn).to.equal(true);
  });

  it('is had by strangers up to a bound of theirs, and by all up to one', async () => {
    const bodies = room();
    const states = [
      asked(bodies.take(stranger('x'), 30, here)),
      asked(bodies.take(stranger('y'), 30, here)),
      asked(bodies.take(known('a'), 40, here)),
      asked(bodies.take(known('b'), 40, here)),
    ];
    await soon();
    expect(states.map(({ isIn }) => isIn)).to.deep.equal([true, false, true, false]);
    states[0]?.giveBack();
    await soon();
    expect(states.map(({ isIn }) => isIn)).to.deep.equal([true, true, true, false]);
  });

  it('is waited for no longer than is useful', async () => {
    const bodies = room();
    await bodies.take(known('a'), 40, here);
    const late = asked(bodies.take(known('a'), 40, here));
    const leaving = new AbortController();
    const left = asked(bodies.take(known('a'), 40, leaving.signal));
    leaving.abort();
    await soon();
    expect(left.refusal).to.include({ code: 'service_unavailable' });
    await wait(150);
    expect(late.refusal).to.include({ code: 'service_unavailable' });
  });
});
