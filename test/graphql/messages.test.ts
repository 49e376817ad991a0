import { expect } from 'chai';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { startSmallProcess, type SmallProcess } from '../support/small-process.js';

const stranger = 'a stranger';
/** Less than the bytes that a message may have. */
const large = 1_000_000;

describe('what a WebSocket brings has the room, the turn and the end of a body', function () {
  this.timeout(60_000);
  let server: TestServer;
  let small: SmallProcess;
  let tenant: Tenant;

  before(async () => {
    server = await startServer({ role: 'api' });
    tenant = await createTenant(server.app);
    small = await startSmallProcess(server);
  });
  after(async () => {
    await small.stop();
    await server.stop();
  });
  beforeEach(async () => void (await small.slowestHealthMs()));
  const opened: WebSocket[] = [];
  afterEach(async () => {
    const ended = opened.filter(({ readyState }) => readyState !== WebSocket.CLOSED).map(codeOf);
    for (const socket of opened.splice(0)) socket.terminate();
    await Promise.all(ended);
    // The process hears of it a moment later.
    await wait(100);
  });

  const open = async (key: string, localAddress = '127.0.0.1'): Promise<WebSocket> => {
    const url = `${small.url.replace('http', 'ws')}/graphql`;
    const socket = new WebSocket(url, 'graphql-transport-ws', { localAddress });
    socket.on('error', () => undefined);
    opened.push(socket);
    await once(socket, 'open');
    if (key === stranger) return socket;
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${key}` } }));
    await once(socket, 'message');
    return socket;
  };
  const openMany = async (count: number, key: string, addresses = 1) =>
    await Promise.all(
      Array.from({ length: count }, async (_, nth) => await open(key, `127.0.0.${1 + (nth % addresses)}`)),
    );
  const rssMegabytes = async () => {
    const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${small.pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes) / 1_024;
  };
  const codeOf = async (socket: WebSocket) => ((await once(socket, 'close')) as [number])[0];
  const subscribe = (id: string, payload: object) => JSON.stringify({ id, type: 'subscribe', payload });
  const junk = (of: string) => Array.from({ length: 55_000 }, (_, nth) => `${of} value ${nth}`);

  it('reads no more of messages half sent than there is room for, and nothing large of strangers', async () => {
    const before = await rssMegabytes();
    const strangers = await openMany(200, stranger, 6);
    const theirs = Promise.all(strangers.map(codeOf));
    for (const socket of strangers) socket.send('x'.repeat(large), { fin: false });
    const known = await openMany(20, tenant.key);
    for (const socket of known) socket.send('x'.repeat(large), { fin: false });
    await wait(1_500);
    const grown = (await rssMegabytes()) - before;
    expect(grown).to.be.below(120);
    expect(await small.slowestHealthMs()).to.be.below(1_000);
    // Of a machine that is busy: those that were open for three seconds before they were heard.
    for (const code of await theirs) expect(code).to.be.oneOf([4400, 4408]);
    const codes = await Promise.race([Promise.all(known.slice(4).map(codeOf)), wait(20_000)]);
    expect(new Set(codes as number[]), 'those that found no room').to.deep.equal(new Set([1013]));
  });

  it('ends a socket that sends a message in a thousand parts', async () => {
    const sockets = [...(await openMany(40, stranger)), ...(await openMany(5, tenant.key))];
    const codes = Promise.all(sockets.map(codeOf));
    for (const socket of sockets) {
      for (let part = 0; part < 1_000; part += 1) socket.send('x', { fin: false });
    }
    expect(new Set(await codes)).to.deep.equal(new Set([1008]));
    expect(await small.slowestHealthMs()).to.be.below(1_000);
  });

  it('reads large messages in turn with others, and answers what follows them in its order', async () => {
    const sockets = await openMany(20, tenant.key);
    const answers: string[][] = sockets.map(() => []);
    sockets.forEach((socket, nth) => socket.on('message', (data: Buffer) => answers[nth]?.push(data.toString())));
    const payload = { query: '{ __typename }', variables: { a: junk('a') } };
    for (const socket of sockets) {
      for (let message = 0; message < 3; message += 1) socket.send(subscribe(`large ${message}`, payload));
      socket.send(subscribe('small', { query: '{ viewer { role } }' }));
    }
    await wait(3_000);
    expect(await small.slowestHealthMs()).to.be.below(1_000);
    while (!answers.some((told) => told.some((text) => text.includes('"id":"small","type":"complete"'))))
      await wait(50);
    const told = answers.find((one) => one.some((text) => text.includes('"id":"small"'))) ?? [];
    const order = told.filter((text) => text.includes('"type":"next"')).map((text) => /"id":"([^"]+)"/.exec(text)?.[1]);
    expect(order).to.deep.equal(['large 0', 'large 1', 'large 2', 'small']);
  });

  it('keeps of what a stream was asked for with no more than its operation uses', async () => {
    const query = 'subscription { eventOccurred { id } }';
    const begin = async (count: number) => {
      const socket = await open(tenant.key);
      for (let stream = 0; stream < count; stream += 1) {
        socket.send(subscribe(`s${stream}`, { query, variables: { a: junk(`${stream}`) } }));
      }
      // It is answered once all before it was read.
      socket.send(subscribe('last', { query: '{ __typename }' }));
      await once(socket, 'message');
    };
    await begin(5);
    const before = await rssMegabytes();
    for (let more = 0; more < 18; more += 1) await begin(5);
    expect((await rssMegabytes()) - before).to.be.below(120);
    expect(await small.slowestHealthMs()).to.be.below(1_000);
  });

  it('gives back the room of what asked for a stream of server-sent events', async () => {
    const body = JSON.stringify({ query: 'subscription { eventOccurred { id } }', variables: { a: junk('a') } });
    const headers = {
      Authorization: `Bearer ${tenant.key}`,
      'Content-Type': 'application/json',
      Accept: 'text/event-stream',
    };
    const leaving = new AbortController();
    const startedAt = performance.now();
    for (let stream = 0; stream < 6; stream += 1) {
      const { status } = await fetch(`${small.url}/graphql`, {
        method: 'POST',
        signal: leaving.signal,
        headers,
        body,
      });
      expect(status, String(stream)).to.equal(200);
    }
    leaving.abort();
    // Who finds no room waits for ten seconds.
    expect(performance.now() - startedAt).to.be.below(9_000);
  });
});
