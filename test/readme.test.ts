import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { readFile, rm, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { platforms } from '../src/conversions/platforms/platforms.js';
import { createTenant, startServer, type TestServer } from './support/app.js';
import { createBot, createSubmission } from './support/factories.js';
import { freePort } from './support/process.js';

const run = promisify(execFile);

interface Metric {
  name: string;
  type: string;
  labelNames: string[];
}

describe('the README', () => {
  let server: TestServer;
  let steps: string[];
  let env: Record<string, string>;

  before(async () => {
    server = await startServer();
    const tenant = await createTenant(server.app);
    await createSubmission(server.app, await createBot(server.app, tenant.workspaceId));
    const text = await readFile('README.md', 'utf8');
    const receiverPort = String(await freePort());
    steps = [...text.matchAll(/```sh\n(.*?)```/gs)].map(([, step = '']) => step.replaceAll('4001', receiverPort));
    env = { PATH: process.env['PATH'] ?? '', IOZEN_URL: server.url, IOZEN_API_KEY: tenant.key };
  });
  after(async () => {
    await rm('receiver.mjs', { force: true });
    await server.stop();
  });

  it('has the first query, the first REST call and the first verified webhook, which work as pasted', async () => {
    const isStep = (step: string) => step.includes('$IOZEN_URL');
    // A newcomer pastes one after the other into the same shell.
    const { stdout } = await run('bash', ['-euc', steps.filter(isStep).join('\n')], { env });
    expect(stdout).to.include('"submissionCount":1').and.include('Ada Lovelace');
    expect(stdout).to.match(/"success":true,"data":\{"submission":\{"id":"c\w{24}","status":"COMPLETED"/);
    expect(stdout)
      .to.match(/verified contact\.created evt_/)
      .and.match(/verified submission\.completed evt_/);
  });

  it('shows on its first screen a picture of the console that is there, and quick to load', async () => {
    const [firstScreen = ''] = (await readFile('README.md', 'utf8')).split('## First steps');
    const [, picture = ''] = /!\[[^\]]+\]\(([^)]+\.png)\)/.exec(firstScreen) ?? [];
    expect((await stat(picture)).size).to.be.below(150_000);
  });

  it('has one version with the changelogs, the document of the REST API and the package for subscribers', async () => {
    const versionIn = async (file: string) => (JSON.parse(await readFile(file, 'utf8')) as { version: string }).version;
    const latestIn = async (file: string) => /^## (\S+)$/m.exec(await readFile(file, 'utf8'))?.[1];
    const { info } = (await (await fetch(`${server.url}/api/v1/openapi.json`)).json()) as { info: { version: string } };
    const versions = {
      installed: await versionIn('package.json'),
      locked: await versionIn('package-lock.json'),
      package: await versionIn('packages/webhooks/package.json'),
      changelog: await latestIn('docs/changelog.md'),
      forOperators: await latestIn('CHANGELOG.md'),
      document: info.version,
    };
    expect(new Set(Object.values(versions)), JSON.stringify(versions)).to.have.length(1);
  });

  it('names every metric that the server has, with its kind and labels, and no other', async () => {
    // Of a replica that is not there, there is a metric, too.
    const env = { DATABASE_REPLICA_URL: 'postgres://127.0.0.1:9/none' };
    const withReplica = await startServer({ beside: server, env });
    const metrics = withReplica.app.metrics.registry.getMetricsAsArray() as unknown as Metric[];
    await withReplica.stop();
    const readme = await readFile('README.md', 'utf8');
    const rows = [...readme.matchAll(/^\| `(iozen_\w+)` +\| (\w+) +\| (.*?) *\|/gm)];
    const told = rows.map(([, name, type, labels = '']) => ({
      name,
      type,
      labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label).sort(),
    }));
    const had = metrics
      .filter(({ name }) => !/^(process|nodejs)_/.test(name))
      .map(({ name, type, labelNames }) => ({ name, type, labels: labelNames.toSorted() }));
    expect(told).to.have.deep.members(had);
  });

  it('names every setting that the server reads, and no other', async () => {
    const config = await readFile('src/platform/config.ts', 'utf8');
    const read = [...config.matchAll(/'([A-Z]+(?:_[A-Z]+)*)'/g)].map(([, name = '']) => name);
    // These are read by their form, so that a platform is one line of a list.
    const ofPlatforms = platforms.map(({ name }) => `CONVERSIONS_${name.toUpperCase()}_URL`);
    read.push(...ofPlatforms, 'CONVERSIONS_META_VERSION', 'CONVERSIONS_LINKEDIN_VERSION');
    const [, table = ''] = /## Settings\n(.*?)\n## /s.exec(await readFile('README.md', 'utf8')) ?? [];
    const named = [...table.matchAll(/^\|(.*?)\|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`([A-Z_]+)`/g)].map(([, name = '']) => name),
    );
    expect([...new Set(named)].sort()).to.deep.equal([...new Set(read)].sort());
  });
});
