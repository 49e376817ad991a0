import { expect } from 'chai';
import { hash } from 'node:crypto';
import { startServer, type TestServer } from '../support/app.js';

describe('/attribution.js', () => {
  let server: TestServer;
  const ask = async (init: RequestInit = {}) => await fetch(`${server.url}/attribution.js`, init);

  before(async () => {
    server = await startServer({ role: 'api' });
  });
  after(async () => await server.stop());

  it('is less than 2 kB, and may be loaded by a page of any origin and kept for an hour', async () => {
    for (const method of ['GET', 'HEAD']) {
      const { status, headers } = await ask({ method, headers: { Origin: 'https://www.example.com' } });
      expect(status, method).to.equal(200);
      expect(Object.fromEntries(headers), method).to.deep.include({
        'content-type': 'text/javascript; charset=utf-8',
        'access-control-allow-origin': '*',
        'cross-origin-resource-policy': 'cross-origin',
        'cache-control': 'public, max-age=3600',
        'x-content-type-options': 'nosniff',
      });
    }
    expect(Buffer.byteLength(await (await ask()).text())).to.be.below(2_000);
    const preflight = await ask({ method: 'OPTIONS' });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).to.deep.equal([204, '*']);
    expect((await ask({ method: 'POST' })).status).to.equal(405);
  });

  it('is sent once to who has it already', async () => {
    const etag = (await ask()).headers.get('etag') ?? '';
    expect((await ask({ headers: { 'If-None-Match': etag } })).status).to.equal(304);
  });

  it('has the hash that the docs tell', async () => {
    const integrity = `sha384-${hash('sha384', await (await ask()).text(), 'base64')}`;
    const page = await (await fetch(`${server.url}/docs/integrations/attribution`)).text();
    expect(page).to.include(`integrity=&quot;${integrity}&quot;`).and.not.to.include('sha384-HASH');
  });
});
