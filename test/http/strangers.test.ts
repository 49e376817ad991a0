import { expect } from 'chai';
import { once } from 'node:events';
import { connect } from 'node:net';
import { WebSocket } from 'ws';
import { Strangers } from '../../src/http/rate-limit/strangers.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf } from '../support/client.js';
import { codeOf } from '../support/people.js';

describe('strangers', () => {
  describe('are counted in memory', () => {
    let nowMs = 0;
    let strangers: Strangers;
    beforeEach(() => {
      nowMs = 1_000_000;
      strangers = new Strangers({ now: () => nowMs });
    });
    const allowed = (address: string | null, points = 1) => strangers.take(address, points).allowed;

    it('500 points in any minute for an address, each free again a minute after it was taken', () => {
      for (let count = 0; count < 250; count += 1) expect(allowed('203.0.113.1')).to.equal(true);
      nowMs += 30_000;
      for (let count = 0; count < 10; count += 1) expect(allowed('203.0.113.1', 25)).to.equal(true);
      expect(strangers.take('203.0.113.1', 1)).to.include({ allowed: false, remaining: 0, retryAfterSeconds: 30 });
      expect(allowed('203.0.113.2')).to.equal(true);
      nowMs += 29_900;
      expect(allowed('203.0.113.1')).to.equal(false);
      nowMs += 200;
      expect(strangers.take('203.0.113.1', 250)).to.include({ allowed: true, remaining: 0 });
      expect(allowed('203.0.113.1')).to.equal(false);
    });

    it('takes all points of a call or none', () => {
      expect(strangers.take('203.0.113.1', 490)).to.include({ allowed: true, remaining: 10 });
      expect(strangers.take('203.0.113.1', 25)).to.include({ allowed: false, remaining: 10, retryAfterSeconds: 60 });
      expect(strangers.take('203.0.113.1', 10)).to.include({ allowed: true, remaining: 0 });
      expect(strangers.take('203.0.113.1', 501)).to.include({ allowed: false, retryAfterSeconds: 60 });
    });

    it('an IPv6 address by its /64, and a /48 with ten times as much', () => {
      for (let count = 0; count < 500; count += 1)
        expect(allowed(`2001:db8:1:2::${count.toString(16)}`)).to.equal(true);
      expect(allowed('2001:db8:1:2:ffff::1')).to.equal(false);
      for (let subnet = 0; subnet < 9; subnet += 1) {
        expect(allowed(`2001:db8:1:${(subnet + 16).toString(16)}::1`, 490)).to.equal(true);
      }
      nowMs += 30_000;
      expect(allowed('2001:db8:1:ff::1', 90)).to.equal(true);
      expect(allowed('2001:db8:1:ff::1', 1)).to.equal(false);
      nowMs += 30_100;
      expect(allowed('2001:db8:1:ff::1', 1)).to.equal(true);
    });

    it('what is no address under its own text, and nobody as one', () => {
      expect(allowed('unknown', 500)).to.equal(true);
      expect(allowed('unknown')).to.equal(false);
      expect(allowed('_hidden')).to.equal(true);
      expect(allowed(null, 500)).to.equal(true);
      expect(allowed(null)).to.equal(false);
    });

    it('5,000 a minute over all of them, and no flood of addresses resets a count', () => {
      expect(allowed('203.0.113.1', 500)).to.equal(true);
      for (let count = 0; count < 200_000; count += 1)
        allowed(`10.${count >> 16}.${(count >> 8) & 255}.${count & 255}`);
      expect(allowed('203.0.113.1')).to.equal(false);
      expect(allowed('198.51.100.1')).to.equal(false);
      // Of what was refused nothing is kept.
      const { networks } = strangers as unknown as { networks: { spent: Map<string, unknown> } };
      expect(networks.spent.size).to.equal(4_501);
      nowMs += 60_200;
      expect(allowed('203.0.113.1')).to.equal(true);
      expect(networks.spent.size).to.equal(1);
    });
  });

  describe('at the doors', () => {
    let server: TestServer;
    let tenant: Tenant;
    let addresses = 0;
    let from: Record<string, string>;

    before(async () => {
      server = await startServer({ role: 'api', env: { TRUSTED_PROXIES: '127.0.0.0/8' } });
      tenant = await createTenant(server.app);
    });
    after(async () => await server.stop());
    beforeEach(() => {
      from = { 'X-Forwarded-For': `198.51.100.${(addresses += 1)}` };
    });

    /** The statuses of so many calls, and how often each. */
    async function statuses(count: number, call: (index: number) => Promise<number>): Promise<Record<number, number>> {
      const seen: Record<number, number> = {};
      for (let index = 0; index < count; index += 20) {
        const batch = Array.from({ length: Math.min(20, count - index) }, async (_, more) => call(index + more));
        for (const status of await Promise.all(batch)) seen[status] = (seen[status] ?? 0) + 1;
      }
      return seen;
    }
    const post = async (body: string, headers: Record<string, string>) => {
      const sent = { ...headers, 'Content-Type': 'application/json' };
      const answer = await fetch(`${server.url}/graphql`, { method: 'POST', headers: sent, body });
      await answer.text();
      return answer.status;
    };

    it('are refused after 500 a minute, whatever they send and to whichever door, and nobody else is', async () => {
      const calls = [
        async () => await post('{', from),
        async () => await post('{"query":"{ __typename }"}', from),
        async () => await post('{"query":"{ viewer { role } }"}', from),
        async () => await post('{}', { ...from, Cookie: 'iozen_session=nothing' }),
        async () => await post('{}', { ...from, Authorization: 'Basic x' }),
        async () => (await fetch(`${server.url}/graphql`, { method: 'PUT', headers: from })).status,
        async () => (await clientOf(server.url).rest('GET', '/intake-bots', undefined, from)).status,
        async () => (await clientOf(server.url).rest('POST', '/nothing', '{', from)).status,
      ];
      const { 429: refused, ...others } = await statuses(
        600,
        async (index) => (await calls[index % calls.length]?.()) ?? 0,
      );
      expect(refused).to.equal(100);
      expect(Object.keys(others)).to.have.members(['200', '400', '401', '405']);
      const rest = await clientOf(server.url).rest('GET', '/intake-bots', undefined, from);
      expect(rest.status, 'before the 401').to.equal(429);
      expect(Number(rest.headers.get('retry-after')))
        .to.equal(rest.body.error.details.retry_after)
        .and.be.within(1, 60);
      const graphql = await clientOf(server.url).graphql('{ __typename }', {}, from);
      expect(codeOf(graphql)).to.equal('rate_limit_exceeded');
      expect(graphql.body.extensions.cost.points).to.equal(0);
      expect(Number(graphql.headers.get('retry-after'))).to.be.within(1, 60);

      const known = clientOf(server.url, tenant.key);
      expect((await known.rest('GET', '/intake-bots', undefined, from)).status).to.equal(200);
      expect((await known.graphql('{ __typename }', {}, from)).status).to.equal(200);
      for (const path of [
        '/healthz',
        '/readyz',
        '/docs',
        '/api/v1/openapi.json',
        '/graphql/explorer',
        '/schema.graphql',
      ]) {
        const answer = await fetch(`${server.url}${path}`, { headers: from });
        expect(answer.status, path).to.equal(200);
        await answer.text();
      }
      expect(
        (await clientOf(server.url).graphql('{ __typename }', {}, { 'X-Forwarded-For': '198.51.100.250' })).status,
      ).to.equal(200);
    });

    it('are one over all addresses of their network', async () => {
      const seen = await statuses(520, async (index) => {
        return await post('{"query":"{ __typename }"}', { 'X-Forwarded-For': `2001:db8:5:6::${index.toString(16)}` });
      });
      expect(seen).to.deep.equal({ 200: 500, 429: 20 });
    });

    it('are refused before anything of the body has come', async () => {
      server.app.strangers.take(from['X-Forwarded-For'] ?? '', 500);
      for (const path of ['/graphql', '/api/v1/intake-bots']) {
        const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
        socket.write(
          `POST ${path} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${from['X-Forwarded-For']}\r\n` +
            'Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n',
        );
        const [answer] = (await once(socket, 'data')) as [Buffer];
        expect(answer.toString()).to.match(/^HTTP\/1.1 429 /);
        socket.destroy();
      }
    });

    it('pay what an operation costs: 25 points for a sign-in', async () => {
      const signIn = 'mutation { signIn(input: {email: "nobody@example.com", password: "x"}) { viewer { role } } }';
      server.app.strangers.take(from['X-Forwarded-For'] ?? '', 470);
      const first = await clientOf(server.url).graphql(signIn, {}, from);
      expect(codeOf(first)).to.equal('invalid_credentials');
      expect(first.body.extensions.cost.points).to.equal(25);
      const second = await clientOf(server.url).graphql(signIn, {}, from);
      expect(codeOf(second)).to.equal('rate_limit_exceeded');
      expect(second.body.extensions.cost.points, 'what the door took').to.equal(1);
      const seen = await statuses(5, async () => await post('{', from));
      expect(seen).to.deep.equal({ 400: 4, 429: 1 });
    });

    it('leave no row and take no lock', async () => {
      await post('{"query":"{ __typename }"}', from);
      const { rows } = await server.app.database.pool.query(
        "select subject from rate_limit_shares where subject ~ '[.:]'",
      );
      expect(rows).to.deep.equal([]);
    });

    it('are counted when they open a WebSocket, and when they say a wrong name there', async () => {
      const address = from['X-Forwarded-For'] ?? '';
      const opened = async (authorization?: string) => {
        const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
          headers: from,
        });
        socket.on('error', () => undefined);
        socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization } })));
        socket.on('message', () => socket.close(1000));
        const ended = once(socket, 'close').then(([code]) => code as number);
        const answered = once(socket, 'unexpected-response').then(([, { statusCode }]) => statusCode as number);
        return await Promise.race([ended, answered]);
      };
      expect(await opened('Bearer wrong')).to.equal(4403);
      expect(server.app.strangers.take(address, 0).remaining).to.equal(498);
      expect(await opened(`Bearer ${tenant.key}`), 'who is known once it says so').to.equal(1000);
      expect(server.app.strangers.take(address, 0).remaining).to.equal(497);
      server.app.strangers.take(address, 497);
      expect(await opened(`Bearer ${tenant.key}`)).to.equal(429);
      const headers = { ...from, Authorization: `Bearer ${tenant.key}` };
      const known = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers });
      await once(known, 'open');
      known.terminate();
    });
  });
});

describe('a caller whose points are spent', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer({ role: 'api' });
  });
  after(async () => await server.stop());

  const unread = async (key: string) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.write(
      `POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\n` +
        'Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n',
    );
    const [answer] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    return answer.toString();
  };

  it('is refused before anything of the body is read, and told the limit', async () => {
    const { key } = await createTenant(server.app, 'PRO');
    const client = clientOf(server.url, key);
    for (let call = 0; call < 100; call += 1) expect((await client.graphql('{ __typename }')).status).to.equal(200);
    const answer = await unread(key);
    expect(answer).to.match(/^HTTP\/1.1 429 /);
    expect(answer)
      .to.match(/X-RateLimit-Remaining: 0\r\n/)
      .and.match(/Retry-After: \d+\r\n/);
  });

  it('may send what it has no points for so often, and then is read no more for a while', async () => {
    const { key } = await createTenant(server.app, 'PRO');
    const client = clientOf(server.url, key);
    const dear = '{ intakeBots(first: 40) { nodes { submissions(first: 100) { nodes { id } } } } }';
    for (let call = 0; call < 95; call += 1) await client.graphql('{ __typename }');
    for (let call = 0; call < 60; call += 1) expect((await client.graphql(dear)).status).to.equal(429);
    expect(await unread(key))
      .to.match(/^HTTP\/1.1 429 /)
      .and.match(/X-RateLimit-Remaining: 5\r\n/);
    expect((await client.rest('GET', '/intake-bots')).status).to.equal(200);
  });
});
