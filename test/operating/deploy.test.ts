import { execFile, spawn, type SpawnOptions } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { freePort, iozen, serving } from '../support/process.js';
import { accountOf } from './debian-postgres.js';

const run = promisify(execFile);
const deploy = resolve('deploy');

/** What a program says of a file, and whether it is content. */
async function said(
  command: string,
  args: string[],
  options: SpawnOptions = {},
): Promise<{ ok: boolean; text: string }> {
  return await run(command, args, options as object).then(
    ({ stdout, stderr }) => ({ ok: true, text: stdout + stderr }),
    (error: { code?: string; stdout?: string; stderr?: string }) => {
      if (error.code === 'ENOENT') throw new Error(`this test needs ${command}: see .ci/run for its package`);
      return { ok: false, text: `${error.stdout}${error.stderr}` };
    },
  );
}

describe('what an operator is given in deploy/', function () {
  this.timeout(120_000);

  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'iozen-deploy-'));
    await chmod(directory, 0o755);
  });
  after(async () => await rm(directory, { recursive: true, force: true }));

  it('has alert rules that Prometheus takes, and that fire when they are meant to', async () => {
    const at = join(deploy, 'prometheus');
    for (const words of [
      ['check', 'config', join(at, 'prometheus.yml')],
      ['check', 'rules', join(at, 'alerts.yml')],
      ['test', 'rules', join(at, 'alerts.test.yml')],
    ]) {
      const { ok, text } = await said('promtool', words);
      expect(ok, text).to.equal(true);
    }
    const tested = await readFile(join(at, 'alerts.test.yml'), 'utf8');
    const alerts = await readFile(join(at, 'alerts.yml'), 'utf8');
    for (const [, name] of alerts.matchAll(/- alert: (\w+)/g)) {
      expect(tested, `a test that ${name} fires`).to.match(new RegExp(`alertname: ${name}\\n\\s+exp_alerts:\\n`));
    }
  });

  it('has a compose file that is one, and that starts nothing without its secrets', async () => {
    const check = async (env: Record<string, string>) =>
      await said('docker-compose', ['--file', join(deploy, 'compose.yaml'), 'config'], {
        env: { PATH: process.env['PATH'], HOME: directory, ...env },
      });
    const { ok, text } = await check({ POSTGRES_PASSWORD: 'a', SECRETS_KEY: 'b' });
    expect(ok, text).to.equal(true);
    expect(text).to.include('DATABASE_URL: postgres://iozen:a@postgres:5432/iozen?sslmode=disable');
    expect((await check({ POSTGRES_PASSWORD: 'a' })).ok).to.equal(false);
    expect((await check({ SECRETS_KEY: 'b' })).ok).to.equal(false);
  });

  it('has units that systemd takes and calls safe, whose commands are ours', async () => {
    const folder = join(deploy, 'systemd');
    const units = (await readdir(folder)).filter((name) => /\.(service|timer)$/.test(name));
    expect(units.length).to.be.greaterThan(3);
    // As if it were in /opt/iozen.
    for (const name of units) {
      const text = (await readFile(join(folder, name), 'utf8')).replaceAll('/opt/iozen', resolve('.'));
      await writeFile(join(directory, name), text);
    }
    for (const name of units) {
      const file = join(directory, name);
      const { ok, text } = await said('systemd-analyze', ['verify', '--man=no', file]);
      expect({ ok, text }, name).to.deep.equal({ ok: true, text: '' });
      if (name.endsWith('.timer')) continue;
      const unit = await readFile(file, 'utf8');
      if (unit.includes('Restart=always'))
        expect(unit, 'starts again however long').to.include('StartLimitIntervalSec=0');
      const rated = await said('systemd-analyze', ['security', '--offline=true', '--threshold=20', file]);
      expect(rated.ok, rated.text).to.equal(true);
      const [, words = ''] = /^ExecStart=\S+\/node (?:--\S+ )?dist\/src\/main\.js (.+)$/m.exec(unit) ?? [];
      expect(await iozen([...words.split(' '), '--help']), name).to.include({ code: 0, stderr: '' });
    }
  });

  it('has an image that starts, unprivileged, is found healthy, and stops when it is told to', async () => {
    const stages = (await readFile(join(deploy, 'Dockerfile'), 'utf8'))
      .replace(/^#.*\n/gm, '')
      .replace(/\\\n/g, ' ')
      .trim()
      .split(/^(?=FROM )/m);
    const last = stages.at(-1) ?? '';
    const linesOf = (word: string) =>
      [...last.matchAll(new RegExp(`^${word} +(.+)$`, 'gm'))].map(([, rest = '']) => rest.trim());
    expect(stages.length, 'stages').to.equal(2);
    for (const stage of stages) expect(stage, 'an image by its version').to.match(/^FROM \S+:\S+/);
    expect(linesOf('USER')).to.deep.equal(['iozen']);

    // What the last stage copies, without what `npm prune --omit=dev` takes away.
    const image = join(directory, 'image');
    await mkdir(image);
    for (const line of linesOf('COPY')) {
      const words = line.replace('--from=build ', '').split(' ');
      expect(line, 'everything comes from the build').to.include('--from=build ');
      const to = words.pop() ?? '';
      for (const from of words) {
        const name = from.replace('/iozen/', '');
        await run('cp', ['-al', resolve(name), join(image, to === './' ? basename(name) : to)]);
      }
    }
    const lock = JSON.parse(await readFile('package-lock.json', 'utf8')) as {
      packages: Record<string, { dev?: boolean }>;
    };
    for (const [path, { dev }] of Object.entries(lock.packages)) {
      if (dev === true) await rm(join(image, path), { recursive: true, force: true });
    }
    await rm(join(image, 'dist/test'), { recursive: true, force: true });
    await rm(join(image, 'dist/docs'), { recursive: true, force: true });

    const env = Object.fromEntries(
      linesOf('ENV').flatMap((line) => line.split(' ').map((pair) => pair.split(/=(.*)/s).slice(0, 2))),
    ) as Record<string, string>;
    expect(env).to.include({ HOST: '0.0.0.0', PORT: '4000' });
    const data = join(directory, 'data');
    await mkdir(data);
    const as = process.getuid?.() === 0 ? accountOf('nobody') : null;
    if (as !== null) await chown(data, as.uid, as.gid);
    const path = (env['PATH'] ?? '').replaceAll('/iozen/', `${image}/`);
    expect(path).to.include(join(image, 'node_modules/.bin'));
    const options = {
      ...as,
      cwd: image,
      env: { PATH: path, PORT: String(await freePort()), HOST: '127.0.0.1', DATA_DIR: data },
    };
    const wordsOf = (line = '') => JSON.parse(/\[.*\]/s.exec(line)?.[0] ?? '[]') as string[];
    const [health = '', ...healthWords] = wordsOf(linesOf('HEALTHCHECK')[0]);
    expect((await said(health, healthWords, options)).ok, 'healthy before it runs').to.equal(false);

    const [command = '', ...more] = [...wordsOf(linesOf('ENTRYPOINT')[0]), ...wordsOf(linesOf('CMD')[0])];
    const server = await serving(spawn(command, more, { ...options, detached: true, stdio: 'pipe' }));
    try {
      const { ok, text } = await said(health, healthWords, options);
      expect(ok, text).to.equal(true);
      for (const page of ['/docs/operating', '/console', '/schema.graphql']) {
        expect((await fetch(server.url + page)).status, page).to.equal(200);
      }
      server.child.kill('SIGTERM');
      expect((await server.ended).code).to.equal(0);
    } finally {
      server.child.kill('SIGKILL');
    }
  });
});
