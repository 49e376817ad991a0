import { expect } from 'chai';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import { join } from 'node:path';
import { status, zoo } from '../../support/bad-receivers.js';
import { body, headers, slackMs, useOutbound } from '../../support/outbound.js';

describe('outbound', () => {
  const { opened, outboundOf, receiverOf, postTo } = useOutbound();

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

    it('keeps the lines of the final head, as they came, without what is secret', async () => {
      const lines =
        'Content-Type: text/plain; charset="caf\xe9"\r\nX-Long: a\r\n b\r\nnonsense\r\nSet-Cookie: id=secret\r\n';
      const { head } = await postTo((socket) =>
        socket.end(
          Buffer.from(
            `HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\nHTTP/1.1 500 No\r\n${lines}AUTHORIZATION:x\r\n\r\n`,
            'latin1',
          ),
        ),
      );
      const kept = [
        'Content-Type: text/plain; charset="caf\xe9"',
        'X-Long: a b',
        'nonsense',
        'Set-Cookie:',
        'AUTHORIZATION:',
      ];
      expect(head).to.equal(kept.join('\n'));
    });

    it('keeps of the head what fits into 2 KiB, and says where that was not all', async () => {
      const line = (name: string, length: number) => `${name}: ${'x'.repeat(length - name.length - 2)}`;
      const headOf = async (...lines: string[]) =>
        (await postTo(status(200, lines.map((one) => `${one}\r\n`).join('')))).head.split('\n');
      const [all] = [await headOf(line('a', 1_000), line('b', 1_000))];
      expect(all.slice(0, 2)).to.deep.equal([line('a', 1_000), line('b', 1_000)]);
      expect(all.at(-1)).to.not.equal('');
      const some = await headOf(line('a', 1_500), line('b', 1_500), 'c: 1');
      expect(some.slice(0, 2)).to.deep.equal([line('a', 1_500), 'c: 1']);
      expect(some.at(-1)).to.equal('');
      expect((await headOf(line('a', 60_000))).at(-1)).to.equal('');
      expect(some.join('\n').length).to.be.at.most(2_048);
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
});
