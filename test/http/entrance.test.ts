import { expect } from 'chai';
import { startServer, type TestServer } from '../support/app.js';

const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8';

describe('the entrance', () => {
  let server: TestServer;
  const get = async (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    await fetch(server.url + path, { method, redirect: 'manual', headers });

  before(async () => {
    server = await startServer({ role: 'api' });
  });
  after(async () => await server.stop());

  it('leads a browser to the console', async () => {
    for (const accept of [browser, 'text/html', 'text/html, application/json;q=0.5']) {
      const { status, headers } = await get('/', { Accept: accept });
      expect([status, headers.get('location')], accept).to.deep.equal([302, '/console']);
      expect(headers.get('vary')).to.include('Accept');
    }
  });

  it('tells a program the addresses of this server, each of which is one', async () => {
    for (const accept of ['*/*', 'application/json', 'application/json, text/html;q=0.9', 'image/png']) {
      const answer = await get('/', { Accept: accept });
      expect(answer.status, accept).to.equal(200);
      expect(answer.headers.get('content-type')).to.equal('application/json; charset=utf-8');
      const { name, ...addresses } = (await answer.json()) as Record<string, string>;
      expect(name).to.equal('ioZen');
      expect(Object.keys(addresses)).to.have.members(
        'console docs graphql explorer schema rest openapi mcp healthz readyz'.split(' '),
      );
      for (const [what, address] of Object.entries(addresses))
        expect(address, what).to.match(/^http:\/\/127\.0\.0\.1:/);
      if (accept !== '*/*') continue;
      for (const what of ['docs', 'explorer', 'schema', 'openapi', 'healthz', 'readyz']) {
        expect((await fetch(addresses[what] ?? '')).status, what).to.equal(200);
      }
      expect((await fetch(`${addresses['graphql']}?query={__typename}`)).status).to.equal(200);
      expect((await fetch(`${addresses['rest']}/intake-bots`)).status).to.equal(401);
      // 503: its pages are not built.
      expect((await fetch(addresses['console'] ?? '')).status).to.be.oneOf([200, 503]);
    }
    const head = await get('/', { Accept: 'application/json' }, 'HEAD');
    expect(head.status).to.equal(200);
    expect((await get('/', {}, 'POST')).status).to.equal(404);
  });

  it('leads old links of invitations to the console, the token where no server sees it, and to nowhere else', async () => {
    const led = async (query: string) => {
      const { status, headers } = await get(`/accept-invitation${query}`, { Accept: browser });
      expect([status, headers.get('cache-control')], query).to.deep.equal([302, 'no-store']);
      return headers.get('location');
    };
    expect(await led('?token=aZ-_09')).to.equal('/console/invitation#aZ-_09');
    expect(await led('')).to.equal('/console/invitation');
    expect(await led('?token=a&token=b')).to.equal('/console/invitation');
    expect(await led('?token=%0d%0aSet-Cookie:x%23/../')).to.equal(
      '/console/invitation#%0D%0ASet-Cookie%3Ax%23%2F..%2F',
    );
  });
});
