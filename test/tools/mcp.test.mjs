import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Router } from 'express';
import { Authenticator } from '../../dist/src/http/authenticate.js';
import { connectionLimits, HttpConnections } from '../../dist/src/http/connections.js';
import { RequestMetrics } from '../../dist/src/http/request-metrics.js';
import { httpApp, HttpServer } from '../../dist/src/http/server.js';
import { McpTransport } from '../../dist/src/mcp/transport.js';
import { blockListOf } from '../../dist/src/platform/addresses.js';
import { Metrics } from '../../dist/src/platform/metrics.js';
import { plans } from '../../dist/src/workspaces/plans.js';
import { startServer } from '../../dist/test/support/app.js';
import { createDemoWorkspace } from '../../dist/test/support/demo-workspace.js';
import { freePort } from '../../dist/test/support/process.js';
import { fixturePrompts, fixtureResources, fixtureTools } from './fixture-tools.mjs';

const folder = import.meta.dirname;
const program = (path) => join(folder, 'node_modules/@modelcontextprotocol', path);
const conformance = program('conformance/dist/index.js');
const inspector = program('inspector/clients/launcher/build/index.js');
/** The revisions that the door speaks; what each wants of a server is frozen in the suite. */
const revisions = ['2026-07-28', '2025-11-25'];

describe('the door for agents, in the hands of tools', function () {
  this.timeout(120_000);
  let home;
  let server;
  let key;
  const limit = plans.BUSINESS.requestsPerMinute;

  /** A program's exit code with all that it wrote. */
  const run = async (file, words) =>
    await new Promise((resolve) => {
      const options = { cwd: home, env: { ...process.env, HOME: home }, maxBuffer: 64 * 1_024 * 1_024 };
      execFile(process.execPath, [file, ...words], options, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : error.code, stdout, stderr });
      });
    });

  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'iozen-tools-'));
    plans.BUSINESS.requestsPerMinute = 1_000_000;
    const port = await freePort();
    server = await startServer({ role: 'api', env: { PORT: String(port), PUBLIC_URL: `http://localhost:${port}` } });
    key = await createDemoWorkspace(server.app);
  });
  after(async () => {
    plans.BUSINESS.requestsPerMinute = limit;
    await server?.stop();
    await rm(home, { recursive: true, force: true });
  });

  describe('the suite of the protocol', () => {
    const stops = [];
    after(async () => {
      for (const stop of stops) await stop();
    });

    const doors = {
      'our own list': async () => await startProxy(server.url, key),
      'a list of fixtures on the same transport': async () => {
        const port = await freePort();
        const proxy = await startProxy(`http://127.0.0.1:${port}`, key);
        stops.push(await serveFixtures(server.app, port, server.url));
        return proxy;
      },
    };
    for (const [name, open] of Object.entries(doors)) {
      const failures = name.startsWith('our') ? 'ours' : 'fixtures';
      for (const revision of revisions) {
        it(`finds in ${name} nothing against ${revision} but what is expected`, async () => {
          const { origin, stop } = await open();
          stops.push(stop);
          const expected = join(folder, `mcp-expected-failures/${failures}-${revision}.yaml`);
          const words = ['--url', `${origin}/mcp`, '--requirements', revision, '--expected-failures', expected];
          const { code, stdout, stderr } = await run(conformance, ['server', ...words, '--timeout', '5000']);
          // It ends with 1 for a failure that is not expected, and for one that is expected and does not happen.
          expect(code, `${stdout.slice(-8_000)}\n${stderr.slice(-2_000)}`).to.equal(0);
        });
      }
    }

    /** The suite sends no key: this adds it, and changes nothing else. */
    async function startProxy(target, withKey) {
      const proxy = createServer((incoming, answer) => {
        const headers = { ...incoming.headers, authorization: `Bearer ${withKey}` };
        // To the server it is the address where the suite finds it.
        if (headers.origin === origin) headers.origin = server.url;
        const outgoing = request(target + incoming.url, { method: incoming.method, headers }, (response) => {
          answer.writeHead(response.statusCode, response.headers);
          response.pipe(answer);
        });
        outgoing.on('error', () => answer.destroy());
        answer.on('close', () => outgoing.destroy());
        incoming.pipe(outgoing);
      });
      proxy.listen(0, 'localhost');
      await once(proxy, 'listening');
      const origin = `http://localhost:${proxy.address().port}`;
      const stop = async () => {
        proxy.closeAllConnections();
        proxy.close();
      };
      return { origin, stop };
    }
  });

  describe("the inspector's command line", () => {
    const inspect = async (...words) =>
      await run(inspector, [
        '--cli',
        `${server.url}/mcp`,
        '--transport',
        'http',
        '--format',
        'json',
        '--quiet',
        ...words,
      ]);
    const withKey = (given = key) => ['--header', `Authorization: Bearer ${given}`];
    const call = async (tool, given, ...words) =>
      await inspect(
        ...withKey(),
        '--method',
        'tools/call',
        '--tool-name',
        tool,
        '--tool-args-json',
        JSON.stringify(given),
        ...words,
      );

    for (const era of ['legacy', 'modern', 'auto']) {
      it(`lists tools whose schemas every client can read, and calls one, in the era ${era}`, async () => {
        const listed = await inspect(...withKey(), '--method', 'tools/list', '--strict', '--protocol-era', era);
        expect(listed.code, listed.stderr).to.equal(0);
        const names = JSON.parse(listed.stdout).result.tools.map(({ name }) => name);
        expect(names).to.include.members(['get_workspace', 'search_submissions', 'replay_webhooks']);
        const called = await call('get_workspace', {}, '--protocol-era', era);
        expect(called.code, called.stderr).to.equal(0);
        expect(JSON.parse(called.stdout).result.structuredContent).to.be.an('object');
      });
    }

    it('ends with 5 for a call that a tool refuses, and says why', async () => {
      const { code, stdout } = await call('get_submission', { submission_id: 'nonsense' });
      expect({ code, why: /resource_not_found/.exec(stdout)?.[0] }).to.deep.equal({
        code: 5,
        why: 'resource_not_found',
      });
    });

    it('ends with 3 for a wrong key, and opens no sign-in', async () => {
      const { code, stderr } = await inspect(...withKey('iozen_live_wrong'), '--method', 'tools/list');
      expect(code, stderr).to.equal(3);
    });
  });
});

/** The fixtures on our own transport, behind our own hall. */
async function serveFixtures(app, port, publicUrl) {
  const { log, metrics: _ours, tracing, revocations, strangers, bodies, rateLimiter, database } = app;
  const metrics = new Metrics();
  const mcp = new McpTransport({
    surface: {
      name: 'fixtures',
      version: '1',
      instructions: 'Tests call these.',
      tools: fixtureTools,
      resources: fixtureResources,
      prompts: fixturePrompts,
    },
    authenticator: new Authenticator(app.apiKeys, app.sessions, () => publicUrl),
    strangers,
    limiter: rateLimiter,
    bodies,
    revocations,
    metrics,
    log,
    publicUrl: () => publicUrl,
    corsOrigins: [],
  });
  const pass = (_request, _response, next) => next();
  const others = Object.fromEntries(
    ['crossOrigin', 'rest', 'graphql', 'explorer', 'docs', 'readers', 'entrance', 'pages', 'attributionScript'].map(
      (door) => [door, pass],
    ),
  );
  const trustedProxies = blockListOf([]);
  const hall = httpApp({
    log,
    accessLog: app.accessLog,
    trustedProxies,
    tracing,
    requestMetrics: new RequestMetrics(metrics, database),
    isSecure: false,
    operator: Router(),
    doors: { ...others, mcp: mcp.handler, schemaText: '' },
  });
  const server = new HttpServer(hall, null, new HttpConnections(trustedProxies, connectionLimits));
  await server.listen(port, '127.0.0.1');
  return async () => {
    await mcp.stop();
    server.abort();
    await server.stop();
  };
}
