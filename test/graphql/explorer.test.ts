import { expect } from 'chai';
import { startServer, type TestServer } from '../support/app.js';

describe('graphql explorer', () => {
  let server: TestServer;

  before(async () => (server = await startServer({ role: 'api' })));
  after(async () => await server.stop());

  it('comes whole from this server, and may reach no other', async () => {
    const page = await fetch(`${server.url}/graphql/explorer`);
    expect(page.status).to.equal(200);
    const text = await page.text();
    const policy = page.headers.get('content-security-policy');
    expect(policy).to.include("default-src 'none'").and.include("connect-src 'self'");
    const links = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link = '']) => link);
    // Without one, a browser asks for a picture that is not there.
    expect(links.shift()).to.equal('data:,');
    expect(links).to.have.length(6);
    for (const link of links) {
      expect(link).to.match(/^\/graphql\/explorer\//);
      const part = await fetch(server.url + link);
      expect(part.status, link).to.equal(200);
      expect(part.headers.get('content-type')).to.match(link.endsWith('.css') ? /^text\/css/ : /javascript/);
      const content = await part.text();
      expect(content.length).to.be.greaterThan(20);
      if (link.endsWith('.css')) expect(content).to.not.match(/url\(["']?(https?:)?\/\//);
    }
  });

  it('is where a browser that opens /graphql is led, with the operation of the address', async () => {
    const open = async (accept: string) =>
      await fetch(`${server.url}/graphql?query=%7B__typename%7D`, { headers: { Accept: accept }, redirect: 'manual' });
    const browser = await open('text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8');
    expect(browser.status).to.equal(302);
    expect(browser.headers.get('location')).to.equal('/graphql/explorer?query=%7B__typename%7D');
    expect(browser.headers.get('vary')).to.include('Accept');
    for (const accept of [
      '*/*',
      'application/json',
      'application/graphql-response+json',
      'application/json, text/html',
    ]) {
      expect((await open(accept)).headers.get('content-type'), accept).to.match(/json/);
    }
  });

  it('asks who calls, and sends nothing of its own that a browser cannot put into a header', async () => {
    const text = await (await fetch(`${server.url}/graphql/explorer`)).text();
    for (const name of ['key', 'email', 'password']) expect(text).to.include(`name="${name}"`);
    // oxlint-disable-next-line no-control-regex -- the characters of ISO 8859-1, all of them.
    expect(await (await fetch(`${server.url}/graphql/explorer/page.js`)).text()).to.match(/^[\0-\xff]+$/);
  });
});
