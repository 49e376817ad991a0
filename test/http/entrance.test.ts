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

  it('reads a path in time that is linear in it, whoever sends it', async () => {
    const slashes = '/'.repeat(15_000);
    const before = process.cpuUsage();
    for (let times = 0; times < 30; times += 1) {
      for (const path of [`/api/v1${slashes}x`, `/api/v1/docs${slashes}x`, `/docs${slashes}x/`]) await get(path);
    }
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1_000, 'ms of processor, for 90 requests').to.be.lessThan(1_500);
  });

  it('refuses what cannot be decoded, and a file that is another than the caller wants, as what they are', async () => {
    for (const path of ['/docs/%zz', '/docs/%ff', '/console/%zz.js', '/graphql/explorer/%zz', '/%zz']) {
      expect((await get(path)).status, path).to.equal(404);
    }
    const file = '/graphql/explorer/react.js';
    const conditions = [
      ['If-Match', '"other"'],
      ['If-Unmodified-Since', 'Mon, 01 Jan 1990 00:00:00 GMT'],
    ] as const;
    for (const [name, value] of conditions) {
      const answer = await get(file, { [name]: value });
      expect(answer.status).to.equal(412);
      expect(await answer.json()).to.have.nested.property('error.code', 'precondition_failed');
    }
    for (const range of ['bytes=99999999-', 'bytes=5-1', 'bytes=0-1', 'x']) {
      expect((await get(file, { Range: range })).status, range).to.equal(200);
    }
  });
});
