import { expect } from 'chai';
import { getIntrospectionQuery } from 'graphql';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { startSmallProcess, type SmallProcess } from '../support/small-process.js';

describe('a process with 768 MB answers its health check within a second', () => {
  let server: TestServer;
  let small: SmallProcess;
  let tenant: Tenant;
  let startedAt: number;

  before(async () => {
    server = await startServer({ role: 'api' });
    tenant = await createTenant(server.app);
    small = await startSmallProcess(server);
    startedAt = performance.now();
  });
  after(async () => {
    await small.stop();
    await server.stop();
  });
  beforeEach(async () => void (await small.slowestHealthMs()));

  const post = async (path: string, body: string, headers: Record<string, string> = {}) => {
    const sent = { method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body };
    const answer = await fetch(`${small.url}${path}`, sent);
    return { status: answer.status, bytes: (await answer.arrayBuffer()).byteLength };
  };
  /** Twenty at a time. */
  const many = async (count: number, call: () => Promise<{ status: number }>) => {
    const seen = new Set<number>();
    for (let made = 0; made < count; made += 20) {
      for (const { status } of await Promise.all(Array.from({ length: 20 }, call))) seen.add(status);
    }
    return [...seen].toSorted((one, other) => one - other);
  };
  const rssMegabytes = async () => {
    const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${small.pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes) / 1_024;
  };

  it('while a number with a megabyte of zeros is read, from a stranger and from a key', async () => {
    const number = `9007199254740993.${'0'.repeat(1_000_000)}1`;
    const bearer = { Authorization: `Bearer ${tenant.key}` };
    const graphql = `{"query":"{__typename}","variables":{"a":${number}}}`;
    expect((await post('/graphql', graphql)).status).to.equal(400);
    expect((await post('/graphql', graphql, bearer)).status).to.equal(400);
    expect((await post('/api/v1/webhooks', `{"url":${number}}`, bearer)).status).to.equal(400);
    expect(await small.slowestHealthMs()).to.be.below(1_000);
  });

  it('while a caller asks for the schema in ever new words, many times at once', async () => {
    const query = getIntrospectionQuery();
    await small.slowestHealthMs();
    const answers = await Promise.all(
      Array.from({ length: 60 }, async (_, nth) => {
        const body = JSON.stringify({ query: query.replace('IntrospectionQuery', `Words${nth}`) });
        return await post('/graphql', body, { Authorization: `Bearer ${tenant.key}` });
      }),
    );
    expect(new Set(answers.map(({ status }) => status))).to.deep.equal(new Set([200]));
    // Without turns 1,140: what is read, printed and sent of each is left.
    expect(await small.slowestHealthMs()).to.be.below(800);
  });

  it('while a stranger sends all that can be wrong, and answers it in a few bytes', async () => {
    const wrong = `{"query":"{__typename}","variables":{"a":[1e-400${',1e-400'.repeat(140_000)}]}}`;
    expect((await post('/graphql', wrong)).bytes).to.be.below(300_000);
    expect(await many(80, async () => await post('/graphql', wrong))).to.deep.equal([400]);
    expect(await many(600, async () => await post('/graphql', '{'))).to.deep.equal([400, 429]);
    expect(await many(100, async () => await post('/graphql', wrong))).to.deep.equal([429]);
    expect(await small.slowestHealthMs()).to.be.below(1_000);
  });

  it('while strangers hold hundreds of bodies half sent, and reads no more of them than it has room for', async () => {
    const before = await rssMegabytes();
    const { port } = new URL(small.url);
    const half = `POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1048576\r\n\r\n${' '.repeat(1_040_000)}`;
    const sockets: Socket[] = [];
    for (let address = 2; address < 8; address += 1) {
      for (let count = 0; count < 50; count += 1) {
        const socket = connect({ port: Number(port), host: '127.0.0.1', localAddress: `127.0.0.${address}` });
        socket.on('error', () => undefined).write(half);
        sockets.push(socket);
      }
    }
    await Promise.all(sockets.map(async (socket) => await once(socket, 'connect')));
    await wait(1_000);
    const grown = (await rssMegabytes()) - before;
    for (const socket of sockets) socket.destroy();
    expect(grown).to.be.below(120);
    expect(await small.slowestHealthMs()).to.be.below(1_000);
  });

  it("and writes no line for each request of a stranger's flood, and none that is long", async () => {
    const socket = connect({ port: Number(new URL(small.url).port), host: '127.0.0.1', localAddress: '127.0.0.9' });
    socket.write(`GET /${'x'.repeat(5_000)} HTTP/1.1\r\nHost: x\r\nX-Request-Id: long\r\n\r\n`);
    await once(socket, 'data');
    socket.destroy();
    const untilMs = performance.now() - startedAt;
    // Then all that it had to say is written.
    await small.stop();
    const lines = small.output().split('\n');
    const long = lines.find((line) => line.includes('"request_id":"long"')) ?? '';
    expect(long).to.include('"path":"/xxx').and.include('…"');
    expect(long.length).to.be.below(600);
    // Of the 780 that were refused above: 120 in any minute, of which they may have taken several.
    const linesMax = 120 * Math.ceil(untilMs / 60_000);
    expect(lines.filter((line) => /"status":4(00|29),.*"caller":null/.test(line)).length).to.be.within(50, linesMax);
    let [requests, refusals] = [0, 0];
    for (const [, count, statuses = '{}'] of small.output().matchAll(/"requests":(\d+),"statuses":({[^}]*})/g)) {
      requests += Number(count);
      refusals += (JSON.parse(statuses) as Record<string, number>)['429'] ?? 0;
    }
    expect(requests).to.be.within(780 - linesMax, 1_500);
    expect(refusals).to.be.above(100);
  });
});
