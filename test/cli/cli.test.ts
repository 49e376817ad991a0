import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { iozen, launch, serving, temporaryDirectory } from '../support/process.js';
import { clientOf } from '../support/client.js';
import { contactForm } from '../support/factories.js';

describe('the iozen command', function () {
  // Each word is a process of its own.
  this.timeout(180_000);

  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let env: Record<string, string>;

  before(async () => {
    directory = await temporaryDirectory();
    env = { DATA_DIR: directory.path, PORT: '0' };
  });
  after(async () => await directory.remove());

  const json = async (...words: string[]) => {
    const { code, stdout, stderr } = await iozen([...words, '--json'], env);
    expect(code, stderr).to.equal(0);
    expect(stdout.trim().split('\n'), 'one JSON object and nothing else').to.have.length(1);
    return JSON.parse(stdout);
  };

  it('ends with 2 for an unknown command, and a missing or unknown option', async () => {
    const wrong = [['dance'], [], ['key', 'create'], ['migrate', '--loud'], ['serve', '--role', 'dancer'], ['bot']];
    const all = await Promise.all(wrong.map(async (words) => await iozen(words, env)));
    expect(all.map(({ code }) => code)).to.deep.equal(wrong.map(() => 2));
    expect(all[2]?.stderr).to.include('--workspace');
  });

  it('ends with 1 and every wrong setting in one message', async () => {
    const { code, stdout, stderr } = await iozen(['serve'], { ...env, PORT: 'x', LOG_LEVEL: 'loud' });
    expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
    expect(stderr).to.include('PORT must be').and.include('LOG_LEVEL must be');
    expect(stderr).not.to.match(/\bat .*\.js/);
  });

  it('migrates, and works without a running server', async () => {
    expect((await json('migrate')).applied).to.not.equal(undefined);
    expect(await json('migrate')).to.deep.equal({ applied: [] });
  });

  it('ends with 1 and the reason for what is refused', async () => {
    const missing = await iozen(['key', 'create', '--workspace', 'nope', '--name', 'x', '--scopes', 'a'], env);
    expect(missing).to.include({ code: 1, stdout: '' });
    expect(missing.stderr).to.equal('No such workspace.\n');
  });

  it('says of what is refused at which option, and of a file which', async () => {
    const key = ['key', 'create', '--name', 'K', '--scopes', 'read:records, read:contacts'];
    const made = await json('workspace', 'create', '--name', 'Told', '--plan', 'pro', '--owner-email', 'o@told.test');
    const workspace = ['--workspace', made.workspace_id];
    const notJson = join(directory.path, 'not.json');
    await writeFile(notJson, '{');
    const cases: [words: string[], says: string][] = [
      [
        ['workspace', 'create', '--name', 'A', '--plan', 'pro', '--owner-email', 'x'],
        '--owner-email must be an e-mail',
      ],
      [[...key, ...workspace, '--expires-at', 'soon'], '--expires-at must be a time like 2026-01-15T10:30:00Z'],
      [[...key, ...workspace, '--expires-at', '2020-01-01T00:00:00Z'], '--expires-at must be in the future'],
      [['bot', 'create', ...workspace, '--name', 'B', '--schema', notJson], `${notJson} is not valid JSON.`],
      [
        ['bot', 'create', ...workspace, '--name', 'B', '--schema', '/nowhere'],
        '/nowhere cannot be read or written: there',
      ],
      [['erasures', 'export', '/nowhere/list'], '/nowhere/list cannot be read or written: there is no such file'],
    ];
    const ends = await Promise.all(cases.map(async ([words]) => await iozen(words, env)));
    for (const [at, { code, stdout, stderr }] of ends.entries()) {
      const says = cases[at]?.[1] ?? '';
      expect({ code, stdout }, stderr).to.deep.equal({ code: 1, stdout: '' });
      expect(stderr.replace(/^.*still working.*\n/gm, '').startsWith(says), stderr).to.equal(true);
    }
    expect(await json(...key, ...workspace)).to.have.keys('id', 'key');
  });

  it('says what to set where the database cannot be used, or nobody can be listened to, and ends', async () => {
    const server = new URL(process.env['TEST_POSTGRES_URL'] ?? '');
    const secrets = { SECRETS_KEY: randomBytes(32).toString('base64') };
    const where = (change: (url: URL) => void) => {
      const url = new URL(server);
      change(url);
      return { ...env, ...secrets, DATABASE_URL: url.href };
    };
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const port = String((taken.address() as AddressInfo).port);
    const name = 'The database that DATABASE_URL names cannot be used: ';
    const cases: [settings: Record<string, string>, says: string][] = [
      [where((url) => (url.port = '1')), `${name}connect ECONNREFUSED 127.0.0.1:1. Nothing listens there`],
      [where((url) => (url.password = 'wrong')), 'Put right the user or the password in it.'],
      [where((url) => (url.password = '')), 'The server asks for a password, which the URL does not have.'],
      [where((url) => (url.pathname = '/none')), '`create database NAME'],
      [{ ...env, PORT: port }, `The server cannot listen on 127.0.0.1:${port}. Something else listens there`],
      [{ ...env, HOST: 'nowhere.invalid' }, 'HOST has to be an address or a name of this machine.'],
    ];
    try {
      const ends = await Promise.all(cases.map(async ([settings]) => await iozen(['serve'], settings)));
      for (const [at, { code, stdout, stderr }] of ends.entries()) {
        const says = cases[at]?.[1] ?? '';
        expect(code, stderr).to.equal(1);
        expect(stderr).to.include(says);
        const fatal = stdout.split('\n').find((line) => line.includes('"level":"fatal"'));
        expect(fatal, 'the log').to.include(JSON.stringify(says).slice(1, -1));
      }
    } finally {
      taken.close();
    }
  });

  it('makes a workspace, a bot and keys beside a running server, which knows them at once', async () => {
    const server = await serving(launch(['serve'], env));
    try {
      const made = await json(
        'workspace',
        'create',
        '--name',
        'Acme',
        '--plan',
        'pro',
        '--owner-email',
        'Owner@acme.test',
      );
      expect(made.owner).to.include({ email: 'owner@acme.test' });
      const file = join(directory.path, 'schema.json');
      const workspace = ['--workspace', made.workspace_id];
      await writeFile(file, '[{"name":"n","label":"N","type":"number","max":9007199254740993}]');
      const inexact = await iozen(['bot', 'create', ...workspace, '--name', 'Form', '--schema', file], env);
      expect(inexact).to.deep.include({ code: 1, stdout: '' });
      expect(inexact.stderr).to.include('schema.0.max must be a whole number that a double holds exactly');
      // As editors on Windows write it.
      await writeFile(file, `\uFEFF${JSON.stringify(contactForm)}`);
      const bot = await json('bot', 'create', ...workspace, '--name', 'Form', '--schema', file, '--status', 'ACTIVE');
      expect(bot.status).to.equal('ACTIVE');
      const key = await json('key', 'create', ...workspace, '--name', 'Reader', '--scopes', 'read:intake-bots');
      const client = clientOf(server.url, key.key);
      expect((await client.rest('GET', `/intake-bots/${bot.id}`)).body.data.intake_bot.name).to.equal('Form');
      expect(await json('key', 'revoke', '--id', key.id)).to.have.keys('id', 'revoked_at');
      let { status } = await client.rest('GET', '/intake-bots');
      for (const until = Date.now() + 1_000; status === 200 && Date.now() < until;) {
        ({ status } = await client.rest('GET', '/intake-bots'));
      }
      expect(status).to.equal(401);
      const all = clientOf(server.url, made.api_key);
      expect((await all.rest('GET', '/intake-bots')).status).to.equal(200);
      await json('workspace', 'set-plan', ...workspace, '--plan', 'free');
      await json('workspace', 'archive', ...workspace);
      expect(await json('user', 'reset-password', '--email', 'owner@acme.test')).to.have.keys('email', 'password');
    } finally {
      process.kill(server.child.pid ?? 0, 'SIGTERM');
    }
    expect((await server.ended).code).to.equal(0);
  });

  it('makes a free workspace without a key', async () => {
    const made = await json(
      'workspace',
      'create',
      '--name',
      'Small',
      '--plan',
      'free',
      '--owner-email',
      'o@small.test',
    );
    expect(made.api_key).to.equal(null);
  });

  it('refuses a second account for an e-mail', async () => {
    const words = ['workspace', 'create', '--name', 'B', '--plan', 'free', '--owner-email', 'o@small.test'];
    const { code, stderr } = await iozen(words, env);
    expect(code).to.equal(1);
    expect(stderr).to.include('has an account already');
  });
});

describe('the first start', () => {
  it('prints where to go, the sign-in and a key once, and stops cleanly on SIGTERM', async () => {
    const { path, remove } = await temporaryDirectory();
    try {
      const env = { DATA_DIR: path, PORT: '0' };
      const first = await serving(launch(['serve'], env));
      const [key] = /iozen_live_\w{32}/.exec(first.output()) ?? [''];
      expect(first.output()).to.include('owner@example.com').and.include(`${first.url}/graphql`);
      const bots = await clientOf(first.url, key).rest('GET', '/intake-bots');
      expect(bots.body.data.intake_bots[0]).to.include({ name: 'Contact us', submission_count: 3 });
      process.kill(first.child.pid ?? 0, 'SIGTERM');
      expect((await first.ended).code).to.equal(0);

      const second = await serving(launch(['serve'], env));
      expect(second.output()).not.to.include('iozen_live_');
      expect((await clientOf(second.url, key).rest('GET', '/intake-bots')).status).to.equal(200);
      process.kill(second.child.pid ?? 0, 'SIGINT');
      expect((await second.ended).code).to.equal(0);
    } finally {
      await remove();
    }
  });
});
