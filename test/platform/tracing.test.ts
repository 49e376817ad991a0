import { expect } from 'chai';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { createTenant, startServer } from '../support/app.js';
import { clientOf } from '../support/client.js';
import { createBot } from '../support/factories.js';
import { Receiver } from '../support/receiver.js';

interface SentSpan {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  links?: { traceId: string; spanId: string }[];
  attributes: { key: string; value: { stringValue?: string } }[];
}
interface Sent {
  resourceSpans: {
    resource: { attributes: SentSpan['attributes'] };
    scopeSpans: { spans: SentSpan[] }[];
  }[];
}

describe('traces', () => {
  /** A collector of OTLP over HTTP, and what it was sent. */
  let collector: Server;
  let endpoint: string;
  let paths: string[];
  let bodies: string[];
  const spans = () =>
    bodies.flatMap((body) =>
      (JSON.parse(body) as Sent).resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans: of }) => of)),
    );
  const textsOf = ({ attributes }: Pick<SentSpan, 'attributes'>) =>
    attributes.map(({ key, value }) => `${key}=${value.stringValue ?? ''}`);

  beforeEach(async () => {
    [paths, bodies] = [[], []];
    const receive = async (request: IncomingMessage, response: ServerResponse) => {
      const body = Buffer.concat(await request.toArray());
      paths.push(request.url ?? '');
      bodies.push((request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString());
      response.setHeader('Content-Type', 'application/json').end('{}');
    };
    collector = createServer((request, response) => void receive(request, response)).listen(0, '127.0.0.1');
    await once(collector, 'listening');
    endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  });
  afterEach(() => collector.close());

  it('go to OTEL_EXPORTER_OTLP_ENDPOINT, one span a request, named by its route, in the caller’s trace', async () => {
    const server = await startServer({ role: 'api', env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } });
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    try {
      const { key } = await createTenant(server.app);
      const headers = { Authorization: `Bearer ${key}`, traceparent: `00-${traceId}-00f067aa0ba902b7-01` };
      const id = 'cx123456789012345678901234';
      expect((await fetch(`${server.url}/api/v1/intake-bots?secret=query`, { headers })).status).to.equal(200);
      expect((await fetch(`${server.url}/api/v1/intake-bots/${id}`, { headers })).status).to.equal(404);
      const body = JSON.stringify({ query: 'query Whoami { viewer { role } }' });
      const asked = { method: 'POST', headers: { ...headers, 'Content-Type': 'application/json' }, body };
      expect((await fetch(`${server.url}/graphql`, asked)).status).to.equal(200);
    } finally {
      await server.stop();
    }
    expect(new Set(paths)).to.deep.equal(new Set(['/v1/traces']));
    expect(bodies.join('')).not.to.include('secret');
    const names = ['GET /api/v1/intake-bots', 'GET /api/v1/intake-bots/{id}', 'POST /graphql'];
    expect(spans().map(({ name }) => name)).to.have.members(names);
    for (const span of spans()) {
      expect(span).to.include({ traceId, parentSpanId: '00f067aa0ba902b7' });
    }
    expect(spans().flatMap(textsOf)).to.include.members([
      'http.route=/api/v1/intake-bots/{id}',
      'graphql.operation.name=Whoami',
      'graphql.operation.type=query',
    ]);
  });

  it('lead from an attempt to its event, and on to the request that caused it; the receiver joins in', async () => {
    const env = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${endpoint}/collect`, WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8' };
    const server = await startServer({ env });
    const receiver = await Receiver.start();
    let shown: { name: string; value: string }[];
    try {
      const tenant = await createTenant(server.app);
      const client = clientOf(server.url, tenant.key);
      await client.rest('POST', '/webhooks', { url: receiver.url, events: ['submission.completed'] });
      const bot = await createBot(server.app, tenant.workspaceId);
      const data = { full_name: 'Ada', email: 'ada@example.com' };
      await client.rest('POST', `/intake-bots/${bot.id}/submissions`, { data });
      await receiver.arrived(1);
      const query = '{ webhookDeliveries { nodes { attempts { requestHeaders { headers { name value } } } } } }';
      shown = [];
      for (const until = Date.now() + 10_000; shown.length === 0 && Date.now() < until;) {
        const { body } = await client.graphql(query);
        shown = body.data.webhookDeliveries.nodes[0]?.attempts[0]?.requestHeaders?.headers ?? [];
      }
    } finally {
      await server.stop();
      await receiver.stop();
    }
    expect(paths).to.include('/collect');
    const named = (name: string) => spans().filter((span) => span.name === name);
    const [request] = named('POST /api/v1/intake-bots/{id}/submissions');
    const [published] = named('publish submission.completed');
    const [attempt] = named('webhook attempt');
    expect(published?.links?.[0]).to.include({ traceId: request?.traceId, spanId: request?.spanId });
    expect(attempt).to.include({ traceId: published?.traceId, parentSpanId: published?.spanId });
    const traceparent = `00-${attempt?.traceId}-${attempt?.spanId}-01`;
    expect(receiver.received[0]?.headers['traceparent']).to.equal(traceparent);
    expect(shown).to.deep.include({ name: 'traceparent', value: traceparent });
  });
});
