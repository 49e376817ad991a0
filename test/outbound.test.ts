import { expect } from 'chai';
import { promises as dns } from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import type { RefusalRule } from '../src/platform/address-guard.js';
import { Outbound, type OutboundOptions } from '../src/platform/outbound.js';
import type { Outcome } from '../src/platform/outbound-attempt.js';
import { type Answer, type RawReceiver, bodyOf, startReceiver, status, zoo } from './support/bad-receivers.js';
import { type Certificate, makeAuthority, makeCertificate, makeSelfSignedCertificate } from './support/certificates.js';

/** For answers that come: a loaded machine may take its time. */
const timeoutMs = 10_000;
/** For those that never do. */
const soonMs = 400;
/** What a loaded machine may add to a deadline. */
const slackMs = 5_000;
const headers = { 'Content-Type': 'application/json', 'User-Agent': 'ioZen-Webhooks/1.0' };
const body = '{"id":"evt_1"}';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What is really held, in JavaScript and outside of it. */
function liveBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe('outbound', () => {
  const opened: { close(): Promise<void> }[] = [];

  const outboundOf = (options: Partial<OutboundOptions> = {}) => {
    const outbound = new Outbound({ allowedCidrs: ['127.0.0.0/8'], timeoutMs, ...options });
    opened.push(outbound);
    return outbound;
  };
  const receiverOf = async (answer: Answer, certificate?: Certificate): Promise<RawReceiver> => {
    const receiver = await startReceiver(answer, certificate);
    opened.push(receiver);
    return receiver;
  };
  const postTo = async (answer: Answer, options: Partial<OutboundOptions> = {}): Promise<Outcome> =>
    outboundOf(options).post((await receiverOf(answer)).url, headers, body);

  afterEach(async () => {
    for (const thing of opened.splice(0)) await thing.close();
  });

  describe('one post', () => {
    it('sends exactly the headers and bytes given, asks for no encoding and keeps the name as Host', async () => {
      const receiver = await receiverOf(zoo.fine);
      const outbound = outboundOf({ resolve: async () => ['127.0.0.1'] });
      const outcome = await outbound.post(`http://Hook.example.com.:${receiver.port}/a?b=c#d`, headers, '{"é":1}');
      expect(outcome).to.include({
        outcome: 'success',
        status: 200,
        retryAfter: null,
        error: null,
        address: '127.0.0.1',
      });
      expect(outcome.body.toString()).to.equal('ok');
      expect(receiver.requests).to.deep.equal([
        [
          'POST /a?b=c HTTP/1.1',
          `host: hook.example.com:${receiver.port}`,
          'connection: keep-alive',
          'Content-Type: application/json',
          'User-Agent: ioZen-Webhooks/1.0',
          'content-length: 8',
          '',
          Buffer.from('{"é":1}').toString('latin1'),
        ].join('\r\n'),
      ]);
    });

    it('measures each phase in milliseconds, and leaves out those a kept connection saved', async () => {
      const receiver = await receiverOf((socket) => setTimeout(() => zoo.fine(socket), 60));
      const outbound = outboundOf({
        resolve: () => new Promise((resolve) => setTimeout(resolve, 40, ['127.0.0.1'])),
      });
      const url = `http://hook.example.com:${receiver.port}/`;
      const first = await outbound.post(url, headers, body);
      expect(first.timings.dnsMs).to.be.within(35, 40 + slackMs);
      expect(first.timings.connectMs).to.be.within(0, slackMs);
      expect(first.timings.tlsMs).to.equal(null);
      expect(first.timings.firstByteMs).to.be.within(55, 60 + slackMs);
      expect(first.timings.totalMs).to.be.within(95, 100 + slackMs);
      const second = await outbound.post(url, headers, body);
      expect(second.timings).to.include({ dnsMs: null, connectMs: null, tlsMs: null });
      expect(second.timings.totalMs).to.be.within(55, 60 + slackMs);
      expect(receiver.connections).to.equal(1);
    });

    it('hands back the status and Retry-After of a failure', async () => {
      const outcome = await postTo(status(410, 'Retry-After: 120\r\n'));
      expect(outcome).to.include({ outcome: 'http_error', status: 410, retryAfter: '120', error: 'answered 410' });
      expect(outcome.body.toString()).to.equal('sorry');
      expect(await postTo(status(503, 'Retry-After: Fri, 31 Dec 2027 23:59:59 GMT\r\n'))).to.include({
        status: 503,
        retryAfter: 'Fri, 31 Dec 2027 23:59:59 GMT',
      });
    });

    it('never follows a redirect', async () => {
      const other = await receiverOf(zoo.fine);
      for (const code of [301, 302, 303, 307, 308]) {
        expect(await postTo(status(code, `Location: ${other.url}\r\n`))).to.include({
          outcome: 'http_error',
          status: code,
        });
      }
      expect(other.connections).to.equal(0);
    });

    it('ignores proxies of the environment', async () => {
      const proxy = await receiverOf(zoo.fine);
      const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'NODE_USE_ENV_PROXY'];
      const before = names.map((name) => process.env[name]);
      for (const name of names) process.env[name] = name === 'NODE_USE_ENV_PROXY' ? '1' : proxy.url;
      try {
        expect(await postTo(zoo.fine)).to.include({ outcome: 'success' });
      } finally {
        names.forEach((name, index) => {
          if (before[index] === undefined) delete process.env[name];
          else process.env[name] = before[index];
        });
      }
      expect(proxy.connections).to.equal(0);
    });

    it('speaks TCP alone: a path of a Unix socket is no URL, wherever it is written', async () => {
      const directory = await mkdtemp(join(os.tmpdir(), 'iozen-socket-'));
      const path = join(directory, 'hook.sock');
      let connections = 0;
      const server = net.createServer(() => (connections += 1)).listen(path);
      opened.push({ close: () => new Promise((resolve) => server.close(() => resolve())) });
      const outbound = outboundOf({ resolve: async () => ['127.0.0.1'] });
      for (const url of [`unix://${path}`, `http+unix://${encodeURIComponent(path)}/`, `http://unix:${path}:/`, path]) {
        expect(await outbound.check(url), url).to.have.property('ok', false);
        expect(await outbound.post(url, headers, body), url).to.include({ outcome: 'refused' });
      }
      expect(connections).to.equal(0);
      await rm(directory, { recursive: true });
    });

    it('refuses, before any byte is sent, headers that would break the request', async () => {
      const receiver = await receiverOf(zoo.fine);
      const outbound = outboundOf();
      for (const [name, value] of [
        ['x-a', 'b\r\nx-c: d'],
        ['x a', 'b'],
        ['transfer-encoding', 'chunked'],
      ] as const) {
        expect(await outbound.post(receiver.url, { [name]: value }, body)).to.include({ outcome: 'refused' });
      }
      expect(receiver.requests).to.deep.equal([]);
    });
  });

  describe('what a bad receiver does ends within the deadline', () => {
    const ends: Record<keyof typeof zoo, { outcome: string; status: number | null; error: string | null }> = {
      fine: { outcome: 'success', status: 200, error: null },
      http10: { outcome: 'success', status: 200, error: null },
      silence: { outcome: 'timeout', status: null, error: 'timed out while waiting for the answer' },
      oneByteAtATime: { outcome: 'timeout', status: null, error: 'timed out while waiting for the answer' },
      silenceInBody: { outcome: 'timeout', status: 200, error: 'timed out while reading the answer' },
      silenceInBodyOf410: { outcome: 'http_error', status: 410, error: 'answered 410' },
      resetAtOnce: { outcome: 'connection', status: null, error: 'the connection was reset' },
      resetInBody: { outcome: 'connection', status: 200, error: 'the connection was reset' },
      endInBody: { outcome: 'connection', status: 200, error: 'the connection broke off' },
      garbage: { outcome: 'connection', status: null, error: 'the answer is not HTTP' },
      upgrade: { outcome: 'connection', status: null, error: 'the connection broke off' },
      endlessBody: { outcome: 'success', status: 200, error: null },
      endlessBodyOf500: { outcome: 'http_error', status: 500, error: 'answered 500' },
      gzipBomb: { outcome: 'success', status: 200, error: null },
      redirectLoop: { outcome: 'http_error', status: 308, error: 'answered 308' },
      oneByteOfBodyAtATime: { outcome: 'timeout', status: 200, error: 'timed out while reading the answer' },
      endlessReason: { outcome: 'connection', status: null, error: 'the answer never began' },
      endlessHeaders: { outcome: 'connection', status: null, error: 'the headers of the answer are too large' },
      endlessHeader: { outcome: 'connection', status: null, error: 'the headers of the answer are too large' },
      endlessInformation: { outcome: 'connection', status: null, error: 'the answer never began' },
      endlessChunkExtension: { outcome: 'success', status: 200, error: null },
      endlessTrailer: { outcome: 'connection', status: 200, error: 'the headers of the answer are too large' },
    };

    for (const name of Object.keys(zoo) as (keyof typeof zoo)[]) {
      it(`${name}: ${ends[name].outcome}, and memory stays flat`, async () => {
        const receiver = await receiverOf(zoo[name]);
        const deadlineMs = /^(silence|oneByte)/.test(name) ? soonMs : timeoutMs;
        const outbound = outboundOf({ timeoutMs: deadlineMs });
        const before = liveBytes();
        let most = 0;
        const sampling = setInterval(() => (most = Math.max(most, liveBytes())), 50);
        const startedAt = performance.now();
        const outcomes = await Promise.all(Array.from({ length: 4 }, () => outbound.post(receiver.url, headers, body)));
        clearInterval(sampling);
        expect(performance.now() - startedAt).to.be.below(deadlineMs + slackMs);
        expect(receiver.requests, 'sent once each').to.have.length(4);
        for (const outcome of outcomes) {
          expect(outcome).to.include(ends[name]);
          expect(outcome.body.length).to.be.at.most(16 * 1_024);
        }
        expect((Math.max(most, liveBytes()) - before) / 1_048_576).to.be.below(8);
        await outbound.close();
        await receiver.allClosed();
      });
    }

    it('a port nobody listens on: connection, at once', async () => {
      const receiver = await receiverOf(zoo.fine);
      await receiver.close();
      const outcome = await outboundOf().post(receiver.url, headers, body);
      expect(outcome).to.include({ outcome: 'connection', status: null, error: 'the connection was refused' });
    });

    it('a gzip bomb is kept as the bytes it is', async () => {
      const bomb = gzipSync(Buffer.alloc(4_000_000));
      const outcome = await postTo(bodyOf(bomb, 'Content-Encoding: gzip\r\n'));
      expect(outcome.outcome).to.equal('success');
      expect(outcome.body.equals(bomb.subarray(0, 16 * 1_024))).to.equal(true);
    });

    it('keeps 16 KiB of an answer, reads on to 64 KiB and reuses the connection', async () => {
      const whole = Buffer.alloc(64 * 1_024, 'abcdefg');
      const receiver = await receiverOf(bodyOf(whole));
      const outbound = outboundOf();
      for (let i = 0; i < 3; i += 1) {
        const outcome = await outbound.post(receiver.url, headers, body);
        expect(outcome.outcome).to.equal('success');
        expect(outcome.body.equals(whole.subarray(0, 16 * 1_024))).to.equal(true);
      }
      expect(receiver.connections).to.equal(1);
    });

    it('closes the connection after a larger answer', async () => {
      const receiver = await receiverOf(bodyOf(Buffer.alloc(64 * 1_024 + 1)));
      const outbound = outboundOf();
      for (let i = 1; i <= 3; i += 1) {
        expect((await outbound.post(receiver.url, headers, body)).outcome).to.equal('success');
        await receiver.allClosed();
        expect(receiver.connections).to.equal(i);
      }
    });
  });

  describe('deadlines while connecting', () => {
    it('a look-up that never answers', async () => {
      const outbound = outboundOf({ resolve: () => new Promise(() => {}), connectTimeoutMs: 100 });
      const outcome = await outbound.post('https://hook.example.com/', headers, body);
      expect(outcome).to.include({ outcome: 'timeout', error: 'timed out while looking up the name', address: null });
      expect(outcome.timings.totalMs).to.be.within(95, 100 + slackMs);
    });

    it('a host that never accepts', async () => {
      const { connect } = net;
      const silent = new net.Socket();
      net.connect = () => silent;
      try {
        const outcome = await outboundOf({ connectTimeoutMs: 100 }).post('http://127.0.0.1:9/', headers, body);
        expect(outcome).to.include({ outcome: 'timeout', error: 'timed out while connecting', address: '127.0.0.1' });
        expect(silent.destroyed).to.equal(true);
      } finally {
        net.connect = connect;
      }
    });

    it('a host that accepts and never speaks TLS', async () => {
      const receiver = await receiverOf(zoo.silence);
      const outbound = outboundOf({ connectTimeoutMs: 100 });
      const outcome = await outbound.post(`https://127.0.0.1:${receiver.port}/`, headers, body);
      expect(outcome).to.include({
        outcome: 'timeout',
        error: 'timed out while agreeing on TLS',
        address: '127.0.0.1',
      });
      expect(outcome.timings.totalMs).to.be.within(95, 100 + slackMs);
      await receiver.allClosed();
    });

    it('the whole deadline, when it is the shorter one', async () => {
      const outbound = outboundOf({ resolve: () => new Promise(() => {}), timeoutMs: 100, connectTimeoutMs: 5_000 });
      const outcome = await outbound.post('https://hook.example.com/', headers, body);
      expect(outcome.outcome).to.equal('timeout');
      expect(outcome.timings.totalMs).to.be.within(95, 100 + slackMs);
    });

    it('a name without an answer is a failed look-up', async () => {
      for (const resolve of [async () => [], () => Promise.reject(new Error('ENOTFOUND 10.0.0.53'))]) {
        const outcome = await outboundOf({ resolve }).post('https://hook.example.com/', headers, body);
        expect(outcome).to.include({ outcome: 'dns', error: 'the name does not resolve', address: null, status: null });
      }
    });
  });

  describe('the address guard', () => {
    it('refuses at save and at dial, whatever the notation, and nothing is connected', async () => {
      const receiver = await receiverOf(zoo.fine);
      const rules: RefusalRule[] = [];
      const outbound = outboundOf({ allowedCidrs: [], onRefused: (rule) => rules.push(rule) });
      const hosts = [
        '127.0.0.1',
        '2130706433',
        '0177.0.0.1',
        '0x7f.1',
        '127.1',
        '１２７.0.0.1',
        '[::1]',
        '[::ffff:127.0.0.1]',
        '[::7f00:1]',
        '0.0.0.0',
        'localhost',
        'localhost.',
        '[64:ff9b::7f00:1]',
      ];
      for (const host of hosts) {
        const url = `https://${host}:${receiver.port}/`;
        expect(await outbound.check(url), url).to.have.property('code', 'not_allowed');
        const outcome = await outbound.post(url, headers, body);
        expect(outcome, url).to.include({ outcome: 'refused', address: null, status: null });
        expect(outcome.error, url).to.match(
          /^the URL (leads to an address that is not allowed|must name a public host)$/,
        );
      }
      expect(rules).to.have.length(hosts.length * 2);
      expect(receiver.connections).to.equal(0);
    });

    it("refuses the addresses of the machine's own interfaces", async () => {
      const { networkInterfaces } = os;
      os.networkInterfaces = () => ({ eth0: [{ address: '93.184.216.34' } as os.NetworkInterfaceInfo] });
      syncBuiltinESMExports();
      try {
        const outbound = outboundOf({ resolve: async () => ['93.184.216.34'] });
        expect(await outbound.check('https://hook.example.com/')).to.include({ rule: 'own' });
        expect(await outbound.check('https://93.184.216.34/')).to.include({ rule: 'own' });
      } finally {
        os.networkInterfaces = networkInterfaces;
        syncBuiltinESMExports();
      }
    });

    it('refuses a name that was public at save and is private at dial', async () => {
      const receiver = await receiverOf(zoo.fine);
      const answers = [['93.184.216.34'], ['127.0.0.1']];
      const outbound = outboundOf({ allowedCidrs: [], resolve: async () => answers.shift() ?? [] });
      const url = `https://hook.example.com:${receiver.port}/`;
      expect(await outbound.check(url)).to.equal(null);
      expect(await outbound.post(url, headers, body)).to.include({
        outcome: 'refused',
        address: null,
        error: 'the URL leads to an address that is not allowed',
      });
      expect(receiver.connections).to.equal(0);
    });

    it('dials the address it vetted, though the name has moved since', async () => {
      const receiver = await receiverOf(zoo.fine);
      const answers = [['127.0.0.1'], ['10.0.0.1']];
      const outbound = outboundOf({ resolve: async () => answers.shift() ?? [], lookupAgeMsMax: 0 });
      const url = `http://hook.example.com:${receiver.port}/`;
      expect(await outbound.post(url, headers, body)).to.include({ outcome: 'success', address: '127.0.0.1' });
      expect(await outbound.post(url, headers, body)).to.include({ outcome: 'refused', address: null });
      expect(receiver.connections).to.equal(1);
    });

    it('refuses a name with one forbidden answer among good ones', async () => {
      const receiver = await receiverOf(zoo.fine);
      for (const answer of [
        ['127.0.0.1', '10.0.0.1'],
        ['::1', '127.0.0.1'],
        ['127.0.0.1', 'nonsense'],
      ]) {
        const outbound = outboundOf({ resolve: async () => answer });
        const url = `https://hook.example.com:${receiver.port}/`;
        expect(await outbound.check(url), String(answer)).to.have.property('code', 'not_allowed');
        expect(await outbound.post(url, headers, body), String(answer)).to.include({ outcome: 'refused' });
      }
      expect(receiver.connections).to.equal(0);
    });

    it('drops a socket whose peer is not what was vetted, before a byte is sent', async () => {
      const receiver = await receiverOf(zoo.fine);
      const rules: RefusalRule[] = [];
      const outbound = outboundOf({ allowedCidrs: ['198.51.100.0/24'], onRefused: (rule) => rules.push(rule) });
      const { connect } = net;
      net.connect = () => connect(receiver.port, '127.0.0.1');
      try {
        const outcome = await outbound.post('http://198.51.100.1/', headers, body);
        expect(outcome).to.include({ outcome: 'refused', address: null });
      } finally {
        net.connect = connect;
      }
      expect(rules).to.deep.equal(['loopback']);
      expect(receiver.requests).to.deep.equal([]);
    });

    it('allows http only to names that lie wholly in the named ranges', async () => {
      const receiver = await receiverOf(zoo.fine);
      const url = `http://hook.example.com:${receiver.port}/`;
      const outside = outboundOf({ resolve: async () => ['127.0.0.1', '93.184.216.34'] });
      expect(await outside.check(url)).to.include({ rule: 'scheme', message: 'must use https' });
      expect(await outside.post(url, headers, body)).to.include({
        outcome: 'refused',
        error: 'the URL must use https',
      });
      expect(receiver.connections).to.equal(0);
      const inside = outboundOf({ resolve: async () => ['127.0.0.1', '127.0.0.2'] });
      expect(await inside.check(url)).to.equal(null);
      expect(await inside.post(url, headers, body)).to.include({ outcome: 'success' });
    });

    it('accepts at save a name that does not resolve, unless only a named range would allow it', async () => {
      for (const resolve of [async () => [], () => Promise.reject(new Error('ENOTFOUND'))]) {
        const outbound = outboundOf({ resolve });
        expect(await outbound.check('https://hook.example.com/')).to.equal(null);
        expect(await outbound.check('http://hook.example.com/')).to.include({ rule: 'scheme' });
      }
    });

    it('accepts at save a name whose look-up takes longer than 2 s', async () => {
      const startedAt = performance.now();
      expect(await outboundOf({ resolve: () => new Promise(() => {}) }).check('https://hook.example.com/')).to.equal(
        null,
      );
      expect(performance.now() - startedAt).to.be.within(1_950, 2_000 + slackMs);
    }).timeout(30_000);

    describe('without a resolver given', () => {
      const { resolve4, resolve6 } = dns.Resolver.prototype;
      const { lookup } = dns;
      afterEach(() => {
        Object.assign(dns.Resolver.prototype, { resolve4, resolve6 });
        dns.lookup = lookup;
      });

      const answering = (ipv4: string[] | string, ipv6: string[] | string, system: string[]) => {
        const asked: string[] = [];
        const answer = (name: string, what: string[] | string) => async () => {
          asked.push(name);
          if (typeof what === 'string') throw Object.assign(new Error(what), { code: what });
          return what;
        };
        Object.assign(dns.Resolver.prototype, { resolve4: answer('A', ipv4), resolve6: answer('AAAA', ipv6) });
        Object.assign(dns, { lookup: answer('system', system.map((address) => ({ address })) as never) });
        return asked;
      };
      const check = () => outboundOf().check('https://hook.example.com/');

      it('asks DNS for both families and judges both', async () => {
        const asked = answering(['93.184.216.34'], ['fd00::1'], []);
        expect(await check()).to.include({ rule: 'private' });
        expect(asked).to.have.members(['A', 'AAAA']);
        answering(['93.184.216.34'], 'ENODATA', []);
        expect(await check()).to.equal(null);
      });

      it('asks the system, and so the hosts file, for a name that DNS denies', async () => {
        answering('ENOTFOUND', 'ENOTFOUND', ['10.0.0.1']);
        expect(await check()).to.include({ rule: 'private' });
      });

      it("leaves the system's few look-up threads alone when a name server stalls", async () => {
        const asked = answering('ETIMEOUT', 'ETIMEOUT', ['10.0.0.1']);
        expect(await check()).to.equal(null);
        expect(asked).to.have.members(['A', 'AAAA']);
      });
    });
  });

  describe('connections', () => {
    it('are kept and reused, one at a time each', async () => {
      const receiver = await receiverOf(zoo.fine);
      const outbound = outboundOf();
      await Promise.all(Array.from({ length: 5 }, () => outbound.post(receiver.url, headers, body)));
      expect(receiver.connections).to.equal(5);
      for (let i = 0; i < 20; i += 1) {
        expect((await outbound.post(receiver.url, headers, body)).outcome).to.equal('success');
      }
      await Promise.all(Array.from({ length: 5 }, () => outbound.post(receiver.url, headers, body)));
      expect(receiver.connections).to.equal(5);
      expect(receiver.requests).to.have.length(30);
    });

    it('are kept after a failed status too', async () => {
      const receiver = await receiverOf(status(500));
      const outbound = outboundOf();
      for (let i = 0; i < 3; i += 1) await outbound.post(receiver.url, headers, body);
      expect(receiver.connections).to.equal(1);
    });

    it('new ones share a look-up, also one still under way', async () => {
      const receiver = await receiverOf(zoo.fine);
      let lookups = 0;
      const outbound = outboundOf({
        resolve: async () => {
          lookups += 1;
          return ['127.0.0.1'];
        },
      });
      const url = `http://hook.example.com:${receiver.port}/`;
      await Promise.all(Array.from({ length: 5 }, () => outbound.post(url, headers, body)));
      await Promise.all(Array.from({ length: 8 }, () => outbound.post(url, headers, body)));
      expect(receiver.connections).to.equal(8);
      expect(lookups).to.equal(1);
    });

    it('older than a look-up may be are not reused, and the name is vetted again', async () => {
      const receiver = await receiverOf(zoo.fine);
      let lookups = 0;
      const outbound = outboundOf({
        lookupAgeMsMax: 200,
        resolve: async () => {
          lookups += 1;
          return ['127.0.0.1'];
        },
      });
      const url = `http://hook.example.com:${receiver.port}/`;
      await outbound.post(url, headers, body);
      await outbound.post(url, headers, body);
      expect([receiver.connections, lookups]).to.deep.equal([1, 1]);
      await new Promise((resolve) => setTimeout(resolve, 220));
      await outbound.post(url, headers, body);
      expect([receiver.connections, lookups]).to.deep.equal([2, 2]);
    });

    it('found dead by the next post cost it nothing: it goes on, once, over a fresh one', async () => {
      const receiver = await receiverOf((socket, index) => (index === 0 ? zoo.fine(socket) : zoo.resetAtOnce(socket)));
      const outbound = outboundOf();
      for (let i = 1; i <= 3; i += 1) {
        expect(await outbound.post(receiver.url, headers, body)).to.include({ outcome: 'success' });
        expect(receiver.connections).to.equal(i);
      }
      expect(receiver.requests).to.have.length(5);
    });

    it('closed by the receiver meanwhile are not used again', async () => {
      const receiver = await receiverOf((socket) => {
        zoo.fine(socket);
        socket.end();
      });
      const outbound = outboundOf();
      await outbound.post(receiver.url, headers, body);
      await receiver.allClosed();
      expect(await outbound.post(receiver.url, headers, body)).to.include({ outcome: 'success' });
      expect([receiver.connections, receiver.requests.length]).to.deep.equal([2, 2]);
    });

    it('that die after the answer began are not retried', async () => {
      const receiver = await receiverOf((socket, index) => (index === 0 ? zoo.fine(socket) : zoo.endInBody(socket)));
      const outbound = outboundOf();
      await outbound.post(receiver.url, headers, body);
      expect(await outbound.post(receiver.url, headers, body)).to.include({ outcome: 'connection' });
      expect(receiver.requests).to.have.length(2);
    });

    it('that die twice are a failure, not a loop', async () => {
      let answered = 0;
      const receiver = await receiverOf((socket) => {
        answered += 1;
        if (answered === 1) zoo.fine(socket);
        else zoo.resetAtOnce(socket);
      });
      const outbound = outboundOf();
      await outbound.post(receiver.url, headers, body);
      expect(await outbound.post(receiver.url, headers, body)).to.include({ outcome: 'connection' });
      expect(receiver.requests).to.have.length(3);
    });

    it('that nobody uses are at most 512, however many origins there are', async () => {
      const receiver = await receiverOf(zoo.fine);
      const outbound = outboundOf({ resolve: async () => ['127.0.0.1'], timeoutMs: 5_000 });
      for (let i = 0; i < 530; i += 1) await outbound.post(`http://h${i}.example.com:${receiver.port}/`, headers, body);
      // Time for the receiver to see the last ones close.
      for (let i = 0; i < 20; i += 1) await outbound.post(`http://h529.example.com:${receiver.port}/`, headers, body);
      expect(receiver.connections).to.equal(530);
      expect(receiver.open).to.equal(512);
    }).timeout(10_000);

    it('are all closed by close(), which waits for what is under way and takes no more', async () => {
      const receiver = await receiverOf((socket) => setTimeout(() => zoo.fine(socket), 100));
      const outbound = outboundOf();
      await outbound.post(receiver.url, headers, body);
      const underWay = [outbound.post(receiver.url, headers, body), outbound.post(receiver.url, headers, body)];
      let ended = 0;
      for (const post of underWay) void post.then(() => (ended += 1));
      await outbound.close();
      expect(ended).to.equal(2);
      const late = await outbound.post(receiver.url, headers, body).catch((error: Error) => error.message);
      expect(late).to.equal('Outbound is closed.');
      for (const outcome of await Promise.all(underWay)) expect(outcome.outcome).to.equal('success');
      await receiver.allClosed();
    });
  });

  describe('TLS', () => {
    const authority = makeAuthority();
    const trusted = tls.getCACertificates('default');
    const resolve = async () => ['127.0.0.1'];

    before(() => tls.setDefaultCACertificates([...trusted, authority.cert]));
    after(() => tls.setDefaultCACertificates(trusted));

    const postOver = async (certificate: Certificate, host = 'hook.example.com') => {
      const receiver = await receiverOf(zoo.fine, certificate);
      const outcome = await outboundOf({ resolve }).post(`https://${host}:${receiver.port}/`, headers, body);
      return { receiver, outcome };
    };

    it('speaks to a name with its certificate: HTTP/1.1 alone, the name as SNI, connections reused', async () => {
      const receiver = await receiverOf(zoo.fine, makeCertificate(authority, ['hook.example.com']));
      const outbound = outboundOf({ resolve });
      for (let i = 0; i < 3; i += 1) {
        const outcome = await outbound.post(`https://hook.example.com:${receiver.port}/`, headers, body);
        expect(outcome).to.include({ outcome: 'success', status: 200, address: '127.0.0.1' });
        expect(outcome.timings.tlsMs !== null).to.equal(i === 0);
      }
      expect(receiver.handshakes).to.deep.equal([{ servername: 'hook.example.com', protocol: 'http/1.1' }]);
    });

    it('speaks to an address whose certificate names it, without SNI', async () => {
      const { receiver, outcome } = await postOver(makeCertificate(authority, ['127.0.0.1']), '127.0.0.1');
      expect(outcome).to.include({ outcome: 'success' });
      expect(receiver.handshakes).to.deep.equal([{ servername: false, protocol: 'http/1.1' }]);
    });

    const bad: [string, Certificate, string][] = [
      ['another name', makeCertificate(authority, ['other.example.com']), 'the certificate is for another name'],
      ['the dialled address only', makeCertificate(authority, ['127.0.0.1']), 'the certificate is for another name'],
      ['the past', makeCertificate(authority, ['hook.example.com'], { expired: true }), 'the certificate has expired'],
      ['itself', makeSelfSignedCertificate('hook.example.com'), 'the certificate is self-signed'],
      [
        'an unknown authority',
        makeCertificate(makeAuthority(), ['hook.example.com']),
        'the certificate is not signed by a known authority',
      ],
    ];
    for (const [whose, certificate, error] of bad) {
      it(`refuses a certificate of ${whose}, and sends nothing`, async () => {
        const { receiver, outcome } = await postOver(certificate);
        expect(outcome).to.include({ outcome: 'tls', status: null, error, address: '127.0.0.1' });
        expect(receiver.requests).to.deep.equal([]);
      });
    }

    it('ends as tls where the other side does not speak it', async () => {
      const plain = net.createServer((socket) => socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n'));
      await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
      opened.push({ close: () => new Promise((resolve) => plain.close(() => resolve())) });
      const { port } = plain.address() as net.AddressInfo;
      const outcome = await outboundOf({ resolve }).post(`https://hook.example.com:${port}/`, headers, body);
      expect(outcome).to.include({ outcome: 'tls', error: 'the TLS handshake failed' });
    });
  });
});
