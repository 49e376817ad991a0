import { expect } from 'chai';
import { createTenant, startServer, type TestServer } from '../support/app.js';
import { freePort } from '../support/process.js';
import { cloneDatabase } from '../support/postgres.js';
import { Relay } from '../support/relay.js';

const token = 'a-token-for-metrics';

describe("what an operator's tools ask", () => {
  const servers: Pick<TestServer, 'stop'>[] = [];
  const start = async (...options: Parameters<typeof startServer>) => {
    const server = await startServer(...options);
    servers.push(server);
    return server;
  };
  const get = async (url: string, headers: Record<string, string> = {}) => {
    const response = await fetch(url, { headers });
    return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
  };

  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop();
  });

  it('is answered: alive, ready, and metrics by their names, to loopback without a token', async () => {
    for (const HOST of ['127.0.0.1', '::']) {
      const { url } = await start({ env: { HOST } });
      const local = `http://127.0.0.1:${new URL(url).port}`;
      expect(await get(`${local}/healthz`)).to.include({ status: 200, text: '{"status":"ok"}' });
      expect(await get(`${local}/readyz`)).to.include({ status: 200, text: '{"status":"ready"}' });
      const { status, type, text } = await get(`${local}/metrics`);
      expect({ status, type }).to.deep.equal({ status: 200, type: 'text/plain; version=0.0.4; charset=utf-8' });
      for (const name of [
        'iozen_webhook_delivery_lag_seconds',
        'iozen_webhook_attempts_total',
        'iozen_webhook_oldest_due_seconds',
        'iozen_webhook_endpoints',
        'iozen_webhook_refused_total',
        'iozen_http_request_duration_seconds',
        'iozen_graphql_operation_duration_seconds',
        'iozen_rate_limited_total',
        'iozen_db_pool_connections',
        'iozen_db_pool_waiting',
        'process_resident_memory_bytes',
      ]) {
        expect(text).to.match(new RegExp(`^# TYPE ${name} `, 'm'));
      }
    }
  });

  it('has metrics of webhooks under the names that dashboards of 1.0 have, too, and no later one', async () => {
    const { url, app } = await start({ role: 'all' });
    app.metrics.counter({ name: 'iozen_webhook_endpoints_made_tomorrow_total', help: 'x' }).inc();
    const { text } = await get(`${url}/metrics`);
    expect(text).to.match(/^iozen_webhook_endpoints_made_tomorrow_total 1$/m);
    const samples = [...text.matchAll(/^webhook_\w+/gm)].map(([name]) => name.replace(/_(bucket|sum|count)$/, ''));
    const described = [...text.matchAll(/^# TYPE (webhook_\w+)/gm)].map(([, name = '']) => name);
    const former = [
      'webhook_attempts_total',
      'webhook_delivery_lag_seconds',
      'webhook_endpoints',
      'webhook_oldest_due_seconds',
      'webhook_refused_total',
    ];
    expect(described).to.have.members(former);
    expect(former).to.include.members(samples);
    expect(samples).to.include.members(['webhook_delivery_lag_seconds', 'webhook_endpoints']);
  });

  it('is told how requests of each door went, in series that no caller can add to', async () => {
    const server = await start({ role: 'api' });
    const { key } = await createTenant(server.app);
    const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
    const ask = async (path: string, init: RequestInit = {}) =>
      await (await fetch(`${server.url}${path}`, { headers, ...init })).text();
    await ask('/api/v1/intake-bots/cx123456789012345678901234');
    await ask('/api/v1/intake-bots');
    await ask('/api/v1/made-up-by-a-caller');
    await ask('/graphql', { method: 'POST', body: '{"query": "query MadeUp { viewer { role } }"}' });
    await ask('/graphql', { method: 'POST', body: '{"query": "{ intakeBot(id: \\"x\\") { id } nothing }"}' });
    await ask('/graphql', { method: 'POST', body: '{"query": "mutation { signOut { signedOut } }"}' });
    await ask('/nothing', { method: 'MADEUP' }).catch(() => undefined);
    const { text } = await get(`${server.url}/metrics`);
    for (const series of [
      'door="rest",route="/api/v1/intake-bots/{id}",method="GET",status="404"',
      'door="rest",route="/api/v1/intake-bots",method="GET",status="200"',
      'door="rest",route="none",method="GET",status="404"',
      'door="graphql",route="/graphql",method="POST",status="200"',
    ]) {
      expect(text).to.include(`iozen_http_request_duration_seconds_count{${series}} 1`.replace(/"200"} 1$/, '"200"}'));
    }
    expect(text).to.match(/iozen_graphql_operation_duration_seconds_count\{type="query",outcome="data"\} 1/);
    expect(text).to.match(/iozen_graphql_operation_duration_seconds_count\{type="mutation",outcome="errors"\} 1/);
    expect(text).to.match(/iozen_db_pool_connections\{pool="requests",state="idle"\} \d/);
    expect(text).to.not.include('adeUp').and.not.include('made-up').and.not.include('MADEUP');
  });

  it('is told to others only with the token: no metrics, and no reason for being unready', async () => {
    const { url, app } = await start({ env: { METRICS_TOKEN: token } });
    for (const headers of [{}, { Authorization: 'Bearer wrong' }, { Authorization: token }] as Record<string, string>[])
      expect((await get(`${url}/metrics`, headers)).status).to.equal(401);
    expect((await get(`${url}/metrics`, { Authorization: `Bearer ${token}` })).status).to.equal(200);

    await app.webhookWorker.stop();
    expect(await get(`${url}/readyz`)).to.include({ status: 503, text: '{"status":"unready"}' });
    const { status, text } = await get(`${url}/readyz`, { Authorization: `Bearer ${token}` });
    expect(status).to.equal(503);
    expect(JSON.parse(text)).to.deep.equal({ status: 'unready', reason: 'the webhook worker has no lease' });
  });

  it('is told within seconds that the database does not answer, and that it does again', async () => {
    const { url: direct, drop } = await cloneDatabase();
    const relay = await Relay.start();
    relay.target = Number(new URL(direct).port);
    const databaseUrl = direct.replace(`:${relay.target}/`, `:${relay.port}/`);
    const { url, stop } = await startServer({ role: 'api', databaseUrl });
    servers.push({
      stop: async () => {
        await stop();
        await relay.stop();
        await drop();
      },
    });
    relay.hold();
    const asked = performance.now();
    const { status, text } = await get(`${url}/readyz`);
    relay.release();
    expect(status).to.equal(503);
    expect(JSON.parse(text)).to.deep.equal({ status: 'unready', reason: 'the database does not answer' });
    expect(performance.now() - asked).to.be.below(8_000);
    expect((await get(`${url}/readyz`)).status).to.equal(200);
  });

  it('is told to the machine itself alone, whatever a proxy says of where it was asked', async () => {
    for (const env of [{ TRUSTED_PROXIES: '127.0.0.0/8' }, {}] as Record<string, string>[]) {
      const { url } = await start({ role: 'api', env });
      for (const told of ['203.0.113.9', '127.0.0.1', '::1', '"[::1]:80"', '']) {
        expect((await get(`${url}/metrics`, { 'X-Forwarded-For': told })).status, told).to.equal(401);
      }
      expect((await get(`${url}/metrics`, { Forwarded: 'for=127.0.0.1' })).status).to.equal(401);
      expect((await get(`${url}/metrics`)).status).to.equal(200);
    }
  });

  it('and everything else says nosniff, and to come by https alone where that is the public address', async () => {
    const PORT = String(await freePort());
    await start({ role: 'api', env: { PORT, PUBLIC_URL: 'https://api.example.com' } });
    const plain = await start({ role: 'api' });
    const paths = ['/schema.graphql', '/healthz', '/nothing', '/graphql', '/graphql/explorer', '/docs', '/api/v1/x'];
    for (const path of paths) {
      const { headers } = await fetch(`http://127.0.0.1:${PORT}${path}`);
      expect(headers.get('strict-transport-security'), path).to.equal('max-age=31536000');
      expect(headers.get('x-content-type-options'), path).to.equal('nosniff');
      const open = await fetch(`${plain.url}${path}`);
      expect(open.headers.get('strict-transport-security'), path).to.equal(null);
      expect(open.headers.get('x-content-type-options'), path).to.equal('nosniff');
    }
  });
});
