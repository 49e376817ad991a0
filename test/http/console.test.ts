import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { createServer, get, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import express, { type Router } from 'express';
import { consoleRouter } from '../../src/http/console.js';
import { startServer, type TestServer } from '../support/app.js';

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** Reads one answer as it goes over the line: nothing is decompressed, and no redirect is followed. */
async function read(url: string, headers: Record<string, string> = {}): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    get(url, { headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) });
      });
    }).on('error', reject);
  });
}

const linksIn = (page: Buffer) => [...String(page).matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link = '']) => link);

describe('console', () => {
  let server: TestServer;
  const page = async (path: string, headers?: Record<string, string>) => await read(server.url + path, headers);

  before(async () => {
    await promisify(execFile)('npm', ['run', '-s', 'console']);
    server = await startServer({ role: 'api' });
  });
  after(async () => await server.stop());

  it('shows the same page at every address, which no cache keeps', async () => {
    const first = await page('/console');
    expect(first.status).to.equal(200);
    expect(first.headers['content-type']).to.equal('text/html; charset=utf-8');
    expect(first.headers['cache-control']).to.equal('no-store');
    for (const path of ['/console/', '/console/settings/api-keys/new', '/console/sign-in?next=/deliveries']) {
      const { status, body, headers } = await page(path);
      expect(status, path).to.equal(200);
      expect(headers['cache-control'], path).to.equal('no-store');
      expect(body.equals(first.body), path).to.equal(true);
    }
  });

  it('comes whole from this server, its scripts and styles compressed beforehand and kept for ever', async () => {
    const links = linksIn((await page('/console')).body);
    expect(links.filter((link) => link.endsWith('.js'))).to.have.length.of.at.least(2);
    for (const link of links) {
      expect(link).to.match(/^\/console\//);
      const plain = await page(link);
      expect(plain.status, link).to.equal(200);
      expect(plain.headers, link).to.not.have.property('content-encoding');
      expect(plain.headers.vary, link).to.include('Accept-Encoding');
      const isNamedByContent = link.startsWith('/console/assets/');
      expect(plain.headers['cache-control'], link).to.equal(
        isNamedByContent ? 'public, max-age=31536000, immutable' : 'no-cache',
      );
      const brotli = await page(link, { 'accept-encoding': 'gzip, br' });
      expect(brotli.headers['content-encoding'], link).to.equal('br');
      expect(brotli.headers['content-type'], link).to.equal(plain.headers['content-type']);
      expect(brotliDecompressSync(brotli.body).equals(plain.body), link).to.equal(true);
      const zipped = await page(link, { 'accept-encoding': 'gzip' });
      expect(zipped.headers['content-encoding'], link).to.equal('gzip');
      expect(gunzipSync(zipped.body).equals(plain.body), link).to.equal(true);
      const known = await page(link, { 'if-modified-since': plain.headers['last-modified'] ?? '' });
      expect(known.status, link).to.equal(304);
    }
  });

  it('lets only its own scripts, styles and server in, and is framed by nobody', async () => {
    for (const path of ['/console', '/console/theme.js', '/console/no-such-file.js']) {
      const { headers } = await page(path);
      const policy = String(headers['content-security-policy']);
      expect(policy, path).to.match(/^default-src 'none'; script-src 'self'; style-src 'self'; /);
      expect(policy, path).to.not.include('unsafe-');
      expect(policy, path).to.include(`connect-src 'self' ${server.url.replace('http:', 'ws:')};`);
      expect(policy, path).to.include("frame-ancestors 'none'").and.include("base-uri 'none'");
      expect(headers['x-content-type-options'], path).to.equal('nosniff');
      expect(headers['referrer-policy'], path).to.equal('same-origin');
      expect(headers['cross-origin-opener-policy'], path).to.equal('same-origin');
    }
  });

  it('answers 404 to an address that names no file, and leaves its folder never', async () => {
    const wrong = ['/console/assets/index-00000000.js', '/console/x.txt', '/console/index.html', '/console/%ff.js'];
    const outside = ['/console/..%2f..%2fpackage.json', '/console/%2e%2e/src/main.js', '/console/assets/%00.js'];
    for (const path of [...wrong, ...outside]) {
      const { status, body } = await page(path);
      expect(status, path).to.equal(404);
      expect(JSON.parse(String(body)), path).to.have.nested.property('error.code', 'resource_not_found');
    }
  });

  it('leads a browser that came by another name of this machine to the name that sessions belong to', async () => {
    const { port } = new URL(server.url);
    const { status, headers } = await page('/console/deliveries?q=x', { host: `localhost:${port}` });
    expect(status).to.equal(302);
    expect(headers.location).to.equal(`${server.url}/console/deliveries?q=x`);
    // A proxy may send any name of its own: it is not led anywhere.
    expect((await page('/console', { host: 'proxy.internal' })).status).to.equal(200);
  });

  it('is shown to strangers who have asked all that they may', async () => {
    while (server.app.strangers.take('127.0.0.1', 1).allowed);
    expect((await page('/api/v1/intake-bots')).status).to.equal(429);
    for (const path of ['/console', '/console/theme.js']) expect((await page(path)).status, path).to.equal(200);
  });

  it('names the WebSocket by https where PUBLIC_URL does, and tells the page the address', async () => {
    const url = await alone(consoleRouter(() => 'https://iozen.example.com'));
    const { status, headers, body } = await read(`${url}/console`);
    expect(status).to.equal(200);
    expect(headers['content-security-policy']).to.include("connect-src 'self' wss://iozen.example.com;");
    expect(String(body)).to.include('name="public-url" content="https://iozen.example.com"');
  });

  it('that was not built says which command builds it', async () => {
    const url = await alone(consoleRouter(() => 'https://iozen.example.com', join(tmpdir(), 'no-such-folder')));
    const { status, body } = await read(`${url}/console/deliveries`);
    expect(status).to.equal(503);
    expect(String(body)).to.include('npm run console');
  });

  const servers: Server[] = [];
  after(() => servers.forEach((one) => one.close()));

  /** A server of these pages alone. */
  async function alone(pages: Router): Promise<string> {
    const one = createServer(express().use('/console', pages));
    servers.push(one);
    await new Promise<void>((resolve) => {
      one.listen(0, '127.0.0.1', resolve);
    });
    return `http://127.0.0.1:${(one.address() as AddressInfo).port}`;
  }
});
