import { expect } from 'chai';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { conflictReasons, resources, statusOf } from '../../src/platform/errors.js';
import { scopes } from '../../src/platform/actor.js';
import { googleLaterVerdicts, googleVerdicts } from '../../src/conversions/platforms/google.js';
import { linkedinVerdicts } from '../../src/conversions/platforms/linkedin.js';
import { metaVerdicts } from '../../src/conversions/platforms/meta.js';
import { tiktokVerdicts } from '../../src/conversions/platforms/tiktok.js';
import { plans, type PlanLimits } from '../../src/workspaces/plans.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { createBot, createSubmission } from '../support/factories.js';
import { freePort } from '../support/process.js';
import {
  answering,
  canRun,
  docs,
  has,
  printing,
  sampleReceivers,
  samples,
  startSampleReceiver,
  type RunningReceiver,
  type Sample,
} from '../support/samples.js';

const run = promisify(execFile);
describe('the documentation', () => {
  let server: TestServer;
  let tenant: Tenant;
  let directory: string;
  let environment: Record<string, string>;
  const receivers: RunningReceiver[] = [];

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
    for (const receiver of receivers) await receiver.stop();
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
    // `ini` and `sql` are what PgBouncer and a role are set to, in test/debian/pgbouncer.test.ts.
    const run = ['go', 'graphql', 'ini', 'js', 'json', 'php', 'python', 'ruby', 'sh', 'sql', 'text', 'toml', 'ts'];
    expect([...languages].sort()).to.deep.equal(run);
  });

  it('has npx run only what is installed, or of a scope of ours: npm would fetch what strangers publish', async () => {
    const pages = (await readdir(docs)).filter((name) => name.endsWith('.md')).map((name) => join(docs, name));
    const sources = (await readdir('console/src', { recursive: true })).filter((name) => name.endsWith('.tsx'));
    const files = [...pages, 'README.md', 'CONTRIBUTING.md', ...sources.map((name) => join('console/src', name))];
    const told = await Promise.all(
      files.map(async (file) => {
        const text = await readFile(file, 'utf8');
        return [...text.matchAll(/\bnpx .*/g)].map(([command]) => `${file}: ${command}`);
      }),
    );
    expect(told.flat()).to.have.length.of.at.least(6);
    expect(told.flat().filter((line) => !/: npx (--no-install|@iozen\/)/.test(line))).to.deep.equal([]);
  });

  it('shows the receivers as they are tested', async () => {
    const shown = (await samples()).filter(({ kind }) => /\.\w+$/.test(kind));
    expect(shown.map(({ kind }) => kind).sort()).to.deep.equal((await readdir(join(docs, 'receivers'))).sort());
    for (const { kind, code } of shown) {
      expect(code, kind).to.equal(await readFile(join(docs, 'receivers', kind), 'utf8'));
    }
  });

  for (const sample of sampleReceivers) {
    it(`has a webhook receiver in ${sample.language} that takes what we send and nothing else`, async () => {
      if (!canRun(sample)) return;
      const port = await freePort();
      const register = { url: `http://127.0.0.1:${port}/`, events: ['submission.completed'] };
      const { status, data } = await rest('POST', '/webhooks', register);
      expect(status).to.equal(200);
      const receiver = await startSampleReceiver(sample, data['webhook']?.['secret'] ?? '', port);
      receivers.push(receiver);
      const forged = await fetch(register.url, {
        method: 'POST',
        body: '{}',
        headers: {
          'webhook-id': 'evt_1',
          'webhook-timestamp': String(Math.floor(Date.now() / 1_000)),
          'webhook-signature': `v1,${Buffer.alloc(32).toString('base64')}`,
        },
      });
      expect(forged.status).to.equal(400);

      const bots = await rest('GET', '/intake-bots');
      const bot = (bots.data['intake_bots'] as unknown as { id: string }[])[0];
      const printed = receiver.prints('submission.completed');
      const answers = { full_name: 'Mary', email: 'mary@example.com', topic: 'Other' };
      await rest('POST', `/intake-bots/${bot?.id ?? ''}/submissions`, { data: answers });
      expect(await printed).to.match(/submission\.completed evt_c[a-z0-9]{24}$/);
      await rest('DELETE', `/webhooks/${data['webhook']?.['id'] ?? ''}`);
    });
  }

  for (const [language, command] of [
    ['Node.js', 'node receiver.mjs'],
    ['Python', 'python3 receiver.py'],
  ] as const) {
    it(`leads to a verified webhook in ${language} by what is pasted from it alone`, async () => {
      const sample = sampleReceivers.find((one) => one.language === language);
      if (sample === undefined || !canRun(sample)) return;
      const port = String(await freePort());
      const found = await samples();
      const { code: program } = found.find(({ kind }) => kind === sample.file) as Sample;
      const { code: steps } = found.find(({ kind }) => kind === 'run') as Sample;
      await writeFile(join(directory, sample.file), program);
      const pasted = steps.replace('3000', port).replace('node receiver.mjs', command);
      const terminal = spawn('bash', ['-euc', pasted], { cwd: directory, env: environment, detached: true });
      try {
        const prints = printing(terminal);
        await answering(`http://127.0.0.1:${port}/`, terminal);
        const [bot] = (await rest('GET', '/intake-bots')).data['intake_bots'] as unknown as { id: string }[];
        const answers = { full_name: 'Mary', email: 'mary@example.com', topic: 'Other' };
        await rest('POST', `/intake-bots/${bot?.id ?? ''}/submissions`, { data: answers });
        expect(await prints('submission.completed')).to.match(/submission\.completed evt_c[a-z0-9]{24}$/);
      } finally {
        process.kill(-(terminal.pid ?? 0));
      }
    });
  }

  it('tells of every error, of what it names, and of every scope', async () => {
    const errors = await readFile(join(docs, 'errors.md'), 'utf8');
    for (const [code, status] of Object.entries(statusOf)) {
      expect(errors).to.match(new RegExp(`^\\| \`${code}\` +\\| ${status} `, 'm'));
    }
    for (const reason of conflictReasons) expect(errors).to.match(new RegExp(`^\\| \`${reason}\` +\\| \\w`, 'm'));
    const named = /`resource` says what\s+was looked for: ([^.]+)\./.exec(errors)?.[1] ?? '';
    expect(named.match(/(?<=`)\w+(?=`)/g)).to.deep.equal(resources);
    const authentication = await readFile(join(docs, 'authentication.md'), 'utf8');
    for (const scope of scopes) expect(authentication).to.include(`| \`${scope}\``);
  });

  it('tells what each plan allows', async () => {
    const [, limits = ''] = (await readFile(join(docs, 'limits.md'), 'utf8')).split('## What a plan allows\n');
    const told = (row: string) => {
      const line = limits.split('\n').find((line) => line.startsWith(`| ${row}`)) ?? '';
      const cells = line.split('|').slice(2, -1);
      return cells.map((cell) => cell.trim());
    };
    const allowed = (cell: (plan: PlanLimits) => string) => [plans.FREE, plans.PRO, plans.BUSINESS].map(cell);
    const count = (number: number) => number.toLocaleString('en-US');
    const yes = (includes: boolean) => (includes ? 'yes' : 'no');
    const rows: [row: string, cell: (plan: PlanLimits) => string][] = [
      ['API requests a minute', ({ api, requestsPerMinute }) => (api ? count(requestsPerMinute) : 'no API')],
      ['live API keys', ({ apiKeys }) => count(apiKeys)],
      ['webhooks', ({ webhooks }) => yes(webhooks)],
      ['conversions', ({ conversions }) => yes(conversions)],
      ['submissions of a calendar month', ({ submissionsPerMonth }) => count(submissionsPerMonth)],
      ['days that a submission', ({ submissionRetentionDays: days }) => (days === null ? 'without end' : count(days))],
      ['what is stored', ({ storageBytes }) => `${storageBytes / 2 ** 30} GiB`],
    ];
    expect(rows).to.have.length(Object.keys(plans.FREE).length - 1);
    for (const [row, cell] of rows) expect(told(row), row).to.deep.equal(allowed(cell));
  });

  it('has a guide for each ad platform, with what is sent and what each refusal means', async () => {
    for (const platform of ['meta', 'google', 'linkedin', 'tiktok']) {
      const page = await (await fetch(`${server.url}/docs/integrations/${platform}`)).text();
      for (const part of [
        'What you need',
        'A first test',
        'Consent',
        'What is sent',
        'What cannot be known from here',
      ]) {
        expect(page, platform).to.include(`>${part} <a class="anchor"`);
      }
      expect(page, platform).to.match(/>What its (refusals|answers) mean <a class="anchor"/);
      expect(page, platform).to.include('href="/docs/integrations/attribution"');
    }
  });

  it('says of every code of an ad platform that somebody has to mend what to do', async () => {
    const tables = {
      meta: metaVerdicts,
      google: new Map([...googleVerdicts, ...googleLaterVerdicts]),
      linkedin: linkedinVerdicts,
      tiktok: tiktokVerdicts,
    };
    for (const [platform, verdicts] of Object.entries(tables)) {
      const guide = await readFile(join(docs, `integrations/${platform}.md`), 'utf8');
      const [, refusals = ''] = /## What its (?:refusals|answers) mean\n(.*?)\n## /s.exec(guide) ?? [];
      for (const [code, { kind }] of verdicts) {
        if (kind === 'AUTH_BROKEN' || kind === 'CONFIG_BROKEN') {
          const rows = refusals.split('\n').filter((row) => row.includes(code) && row.includes('| paused; '));
          expect(rows, `${platform} ${code}`).not.to.be.empty;
        }
      }
    }
  });

  it('costs little, however often it is asked for: each of its forms is made once', async () => {
    const ask = async (encoding: string) => {
      const answer = await fetch(`${server.url}/api/v1/openapi.json`, { headers: { 'Accept-Encoding': encoding } });
      return { etag: answer.headers.get('etag'), text: await answer.text() };
    };
    // Not by `fetch`, which would decompress it in this process, too.
    const take = async (encoding: string) => {
      const asked = get(`${server.url}/api/v1/openapi.json`, { headers: { 'Accept-Encoding': encoding } });
      const [answer] = (await once(asked, 'response')) as [IncomingMessage];
      answer.resume();
      await once(answer, 'end');
    };
    const cpuMsOf = async (encoding: string) => {
      const before = process.cpuUsage();
      for (let asked = 0; asked < 50; asked += 1) await take(encoding);
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1_000;
    };
    const [plain, brotli, gzip] = [await ask('identity'), await ask('br'), await ask('gzip')];
    expect(new Set([plain.etag, brotli.etag, gzip.etag])).to.have.length(3);
    expect(brotli.text).to.equal(plain.text).and.equal(gzip.text);
    // What is asked for the first times takes longer, whatever it is.
    await cpuMsOf('br');
    // To compress it takes several times as long as to send it.
    expect(await cpuMsOf('br')).to.be.below(3 * (await cpuMsOf('identity')));
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
