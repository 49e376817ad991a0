import { expect } from 'chai';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { createTenant, startServer } from '../support/app.js';

interface Sent {
  resourceSpans: {
    scopeSpans: { spans: { name: string; attributes: { key: string; value: { stringValue?: string } }[] }[] }[];
  }[];
}

describe('traces', () => {
  it('go to OTEL_EXPORTER_OTLP_ENDPOINT, one span a request, in the caller’s trace', async () => {
    const bodies: string[] = [];
    const collector = createServer((request, response) => void receive(request, response)).listen(0, '127.0.0.1');
    const receive = async (request: IncomingMessage, response: ServerResponse) => {
      const body = Buffer.concat(await request.toArray());
      bodies.push(
        `${request.url} ${(request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString()}`,
      );
      response.setHeader('Content-Type', 'application/json').end('{}');
    };
    await once(collector, 'listening');
    const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
    const server = await startServer({ role: 'api', env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } });
    const id = 'cx123456789012345678901234';
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    try {
      const { key } = await createTenant(server.app);
      const headers = { Authorization: `Bearer ${key}`, traceparent: `00-${traceId}-00f067aa0ba902b7-01` };
      expect((await fetch(`${server.url}/api/v1/intake-bots?secret=query`, { headers })).status).to.equal(200);
      expect((await fetch(`${server.url}/api/v1/intake-bots/${id}`, { headers })).status).to.equal(404);
      const body = JSON.stringify({ query: 'query Whoami { viewer { role } }' });
      const asked = { method: 'POST', headers: { ...headers, 'Content-Type': 'application/json' }, body };
      expect((await fetch(`${server.url}/graphql`, asked)).status).to.equal(200);
    } finally {
      await server.stop();
      collector.close();
    }
    const [sent = ''] = bodies;
    expect(sent)
      .to.match(/^\/v1\/traces /)
      .and.include(traceId)
      .and.include('/api/v1/intake-bots');
    expect(sent).not.to.include('secret');
    // By convention a span is named after its route, and a GraphQL operation has its name beside it.
    const { resourceSpans } = JSON.parse(sent.slice(sent.indexOf('{'))) as Sent;
    const spans = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans: of }) => of));
    expect(spans.map(({ name }) => name)).to.have.members([
      'GET /api/v1/intake-bots',
      'GET /api/v1/intake-bots/{id}',
      'POST /graphql',
    ]);
    const attributes = spans.flatMap((span) =>
      span.attributes.map(({ key, value }) => `${key}=${value.stringValue ?? ''}`),
    );
    expect(attributes).to.include.members([
      'http.route=/api/v1/intake-bots/{id}',
      'graphql.operation.name=Whoami',
      'graphql.operation.type=query',
    ]);
  });
});
