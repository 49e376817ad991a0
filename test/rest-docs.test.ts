import { expect } from 'chai';
import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { statusOf } from '../src/platform/errors.js';
import { scopes } from '../src/platform/actor.js';
import { restRoutes } from '../src/rest/routes.js';
import { newSecret, signaturesOf, signingSecret } from '../src/webhooks/signature.js';
import { createTenant, startServer, type Tenant, type TestServer } from './support/app.js';
import { createBot, createSubmission } from './support/factories.js';

const run = promisify(execFile);
const docs = resolve('docs');

interface Sample {
  page: string;
  language: string;
  /** What stands behind the language: `webhook-receiver` is started and posted to. */
  kind: string;
  code: string;
}

async function samples(): Promise<Sample[]> {
  const pages = (await readdir(docs)).filter((name) => name.endsWith('.md'));
  const found = pages.map(async (page) => {
    const text = await readFile(join(docs, page), 'utf8');
    return [...text.matchAll(/^```(\w+)(?: ([\w-]+))?\n(.*?)^```$/gms)].map(
      ([, language = '', kind = '', code = '']): Sample => ({ page, language, kind, code }),
    );
  });
  return (await Promise.all(found)).flat();
}

/** Samples speak to people who have these; a machine that runs the tests may have neither. */
/** A newcomer's machine may lack one; where changes are decided on, a sample that did not run is a failure. */
function has(command: 'curl' | 'python3'): boolean {
  const found = spawnSync(command, ['--version']).status === 0;
  if (!found && process.env['CI'] !== undefined) throw new Error(`the documented samples need ${command}`);
  return found;
}

describe('the documentation', () => {
  let server: TestServer;
  let tenant: Tenant;
  let directory: string;
  let environment: Record<string, string>;
  const receivers: ChildProcess[] = [];

  before(async () => {
    server = await startServer();
    tenant = await createTenant(server.app);
    const schema = [
      { name: 'full_name', type: 'text', required: true },
      { name: 'email', type: 'email', required: true },
      { name: 'topic', type: 'select', required: true, options: ['Sales', 'Support', 'Other'] },
    ];
    const bot = await createBot(server.app, tenant.workspaceId, { schema });
    for (let made = 0; made < 3; made += 1) {
      await createSubmission(server.app, bot, {
        data: { full_name: 'Ada', email: `a${made}@example.com`, topic: 'Sales' },
      });
    }
    directory = await mkdtemp(join(tmpdir(), 'iozen-docs-'));
    environment = { PATH: process.env['PATH'] ?? '', IOZEN_URL: server.url, IOZEN_API_KEY: tenant.key };
  });
  after(async () => {
    for (const receiver of receivers) receiver.kill();
    await rm(directory, { recursive: true, force: true });
    await server.stop();
  });

  it('has samples that do what they say', async () => {
    const plain = (await samples()).filter(({ kind, language }) => kind === '' && /^(js|sh)$/.test(language));
    expect(plain.length).to.be.at.least(9);
    for (const { page, language, code } of plain) {
      if (language === 'sh' && !has('curl')) continue;
      const file = join(directory, language === 'js' ? 'sample.mjs' : 'sample.sh');
      await writeFile(file, code);
      const [command, ...options] = language === 'js' ? [process.execPath] : ['sh', '-eu'];
      await run(command ?? '', [...options, file], { env: environment }).catch((error: unknown) => {
        const { stdout, stderr } = error as { stdout: string; stderr: string };
        throw new Error(`a ${language} sample of ${page} failed:\n${stdout}\n${stderr}`);
      });
    }
  });

  it('uses no language whose samples nobody runs', async () => {
    const languages = new Set((await samples()).map(({ language }) => language));
    expect([...languages].sort()).to.deep.equal(['js', 'json', 'python', 'sh', 'text']);
  });

  for (const [language, command, file] of [
    ['js', process.execPath, 'receiver.mjs'],
    ['python', 'python3', 'receiver.py'],
  ] as const) {
    it(`has a webhook receiver in ${language} that takes what we send and nothing else`, async () => {
      if (language === 'python' && !has('python3')) return;
      const sample = (await samples()).find((one) => one.kind === 'webhook-receiver' && one.language === language);
      const port = await freePort();
      const register = { url: `http://127.0.0.1:${port}/`, events: ['submission.completed'] };
      const { status, data } = await rest('POST', '/webhooks', register);
      expect(status).to.equal(200);
      await writeFile(join(directory, file), sample?.code ?? '');
      const env = { ...environment, PORT: String(port), IOZEN_WEBHOOK_SECRET: data['webhook']?.['secret'] ?? '' };
      const receiver = spawn(command, [join(directory, file)], { env, stdio: ['ignore', 'pipe', 'ignore'] });
      receivers.push(receiver);
      await listening(port, receiver);
      const sent = async (secret: string, ageSeconds: number, body = '{"type":"made","id":"evt_1"}') => {
        const timestampSeconds = Math.floor(Date.now() / 1_000) - ageSeconds;
        const signed = { eventId: 'evt_1', timestampSeconds, body: Buffer.from('{"type":"made","id":"evt_1"}') };
        const headers = {
          'webhook-id': 'evt_1',
          'webhook-timestamp': String(timestampSeconds),
          ...signaturesOf(signed, [signingSecret(secret, null)], Date.now()),
        };
        return (await fetch(register.url, { method: 'POST', body, headers })).status;
      };
      const secret = env.IOZEN_WEBHOOK_SECRET;
      const lines = createInterface(receiver.stdout);
      const accepted = once(lines, 'line');
      expect(await sent(secret, 0)).to.equal(204);
      expect(await accepted).to.deep.equal(['made evt_1']);
      expect(await sent(secret, 0, '{"type":"other","id":"evt_1"}'), 'tampered with').to.equal(400);
      expect(await sent(secret, 310), 'late').to.equal(400);
      expect(await sent(newSecret(), 0), 'another secret').to.equal(400);

      const bots = await rest('GET', '/intake-bots');
      const bot = (bots.data['intake_bots'] as unknown as { id: string }[])[0];
      const printed = once(lines, 'line') as Promise<[string]>;
      const answers = { full_name: 'Mary', email: 'mary@example.com', topic: 'Other' };
      await rest('POST', `/intake-bots/${bot?.id ?? ''}/submissions`, { data: answers });
      expect((await printed)[0]).to.match(/^submission\.completed evt_c[a-z0-9]{24}$/);
      await rest('DELETE', `/webhooks/${data['webhook']?.['id'] ?? ''}`);
    });
  }

  it('tells of every error, scope and route', async () => {
    const errors = await readFile(join(docs, 'errors.md'), 'utf8');
    const graphqlOnly =
      /^(GRAPHQL_.*|query_too_costly|invalid_credentials|insufficient_role|csrf_required|document_not_trusted)$/;
    for (const [code, status] of Object.entries(statusOf)) {
      if (!graphqlOnly.test(code)) expect(errors).to.match(new RegExp(`^\\| \`${code}\` +\\| ${status} `, 'm'));
    }
    const authentication = await readFile(join(docs, 'authentication.md'), 'utf8');
    for (const scope of scopes) expect(authentication).to.include(`| \`${scope}\``);
    const reference = await (await fetch(`${server.url}/api/v1/docs`)).text();
    for (const { method, path } of restRoutes(server.app)) {
      expect(reference).to.include(`<code>${method} ${path.replace(/:(\w+)/g, '{$1}')}</code>`);
    }
  });

  it('is served without a key, has no dead links, and loads nothing from elsewhere', async () => {
    const seen = new Set<string>();
    const waiting = [`${server.url}/api/v1/docs`];
    for (let url = waiting.pop(); url !== undefined; url = waiting.pop()) {
      if (seen.has(url)) continue;
      seen.add(url);
      const response = await fetch(url);
      expect(response.status, url).to.equal(200);
      const page = await response.text();
      if (!/html/.test(response.headers.get('content-type') ?? '')) continue;
      expect(response.headers.get('content-security-policy')).to.include("default-src 'none'");
      expect(page).not.to.match(/<script|<img|src="http|@import/);
      const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
      for (const [, href = ''] of page.matchAll(/(?:href)="([^"]+)"/g)) {
        if (href.startsWith('#')) expect(ids, `${url} ${href}`).to.include(href.slice(1));
        else if (!href.startsWith('http')) waiting.push(new URL(href, url).href.split('#', 1)[0] ?? '');
      }
    }
    expect(seen.size).to.be.at.least(11);
  });

  it('leads from a slash at the end to the page', async () => {
    for (const page of ['docs', 'docs/errors', 'openapi.json']) {
      const response = await fetch(`${server.url}/api/v1/${page}/`);
      expect(response.status).to.equal(200);
      expect(response.url).to.equal(`${server.url}/api/v1/${page}`);
      await response.text();
    }
  });

  it('takes no other method, and knows no other page', async () => {
    const post = await fetch(`${server.url}/api/v1/docs`, { method: 'POST' });
    expect(post.status).to.equal(405);
    expect(post.headers.get('allow')).to.equal('GET, HEAD, OPTIONS');
    expect((await fetch(`${server.url}/api/v1/docs/../../package.json`)).status).to.equal(404);
    expect((await fetch(`${server.url}/api/v1/docs/%2e%2e%2fpackage.json`)).status).to.equal(401);
  });

  async function rest(method: string, path: string, body?: object) {
    const response = await fetch(`${server.url}/api/v1${path}`, {
      method,
      headers: { Authorization: `Bearer ${tenant.key}`, 'Content-Type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as { data: Record<string, Record<string, string>> };
    return { status: response.status, data: answer.data };
  }
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Until something answers at the port; rejects when the process that should has ended. */
async function listening(port: number, process: ChildProcess): Promise<void> {
  for (;;) {
    if (process.exitCode !== null) throw new Error(`the receiver ended with ${process.exitCode}`);
    const answered = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: '' }).then(
      () => true,
      () => false,
    );
    if (answered) return;
    await new Promise((done) => setTimeout(done, 20));
  }
}
