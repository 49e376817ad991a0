import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { chmod, chown, mkdir, readdir, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { Client } from 'pg';
import { setTimeout as delay } from 'node:timers/promises';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/platform/embedded-postgres/server.js';
import {
  type Elsewhere,
  script,
  systemDirectory,
  temporaryDirectory,
  whileHolding,
  clusterOf,
  isHalfMade,
  postmasterOf,
  isAlive,
  killed,
  until,
  query,
  running,
  codeOf,
  copyLauncher,
  haste,
  launcher,
} from '../support/embedded-postgres.js';

const asRoot = process.getuid?.() === 0;

describe('the embedded PostgreSQL', function () {
  this.timeout(30_000);

  let parent: string;
  let dataDir: string;
  let started: EmbeddedPostgres[];
  let children: ChildProcess[];
  // A finished cluster for every test that needs not see one being made.
  let shared: string;

  before(async () => {
    shared = await temporaryDirectory();
    await (await startEmbeddedPostgres({ dataDir: shared, settings: haste })).stop();
  });

  after(() => rm(shared, { recursive: true }));

  const useShared = () => {
    dataDir = shared;
  };

  beforeEach(async () => {
    parent = await temporaryDirectory();
    dataDir = join(parent, 'data');
    started = [];
    children = [];
  });

  afterEach(async () => {
    await Promise.all(children.map(killed));
    await Promise.all(started.map((it) => it.stop()));
    const server = postmasterOf(dataDir);
    if (server !== undefined && isAlive(server.pid)) process.kill(server.pid, 'SIGKILL');
    await until(() => server === undefined || !isAlive(server.pid));
    if (dataDir !== shared && existsSync(clusterOf(dataDir))) {
      await rm(realpathSync(clusterOf(dataDir)), { recursive: true, maxRetries: 20 });
    }
    await rm(parent, { recursive: true, maxRetries: 20 });
  });

  async function start(settings: Record<string, string> = haste, keepsRunning = false): Promise<EmbeddedPostgres> {
    const server = await startEmbeddedPostgres({ dataDir, settings, keepsRunning });
    started.push(server);
    return server;
  }

  /** Another process that starts it, says what it got, and stops it when told to. */
  async function startElsewhere(options: { module?: string; uid?: number; gid?: number } = {}): Promise<Elsewhere> {
    const { module = launcher, uid, gid } = options;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, module, dataDir, `${uid}`, `${gid}`], {
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    children.push(child);
    for await (const line of createInterface(child.stdout)) {
      const { url, created, error } = JSON.parse(line) as { url: string; created: boolean; error?: string };
      if (error !== undefined) throw new Error(error);
      const stop = async () => {
        child.stdin.end('stop\n');
        const [code] = (await once(child, 'exit')) as [number | null];
        return code;
      };
      return { url, created, stop, child };
    }
    throw new Error('It ended without a word.');
  }

  async function killPostmaster(): Promise<number> {
    const pid = postmasterOf(dataDir)?.pid ?? NaN;
    process.kill(pid, 'SIGKILL');
    await until(() => !isAlive(pid));
    return pid;
  }

  async function refusal(): Promise<string> {
    try {
      await start();
    } catch (thrown) {
      expect(thrown).to.be.an('error');
      return (thrown as Error).message;
    }
    throw new Error('It started.');
  }

  describe('first and later starts', () => {
    it('makes a cluster and serves it within 15 s, as durable as PostgreSQL is by default', async () => {
      const startedAt = performance.now();
      const server = await start({});
      expect(performance.now() - startedAt).to.be.below(15_000);
      expect(server.created).to.equal(true);
      const names = [
        'fsync',
        'synchronous_commit',
        'full_page_writes',
        'data_checksums',
        'TimeZone',
        'server_encoding',
      ];
      const values = names.map((name) => query(server.url, `show ${name}`));
      expect((await Promise.all(values)).map(([row]) => Object.values(row ?? {})[0])).to.deep.equal([
        'on',
        'on',
        'on',
        'on',
        'UTC',
        'UTF8',
      ]);
    });

    it('sorts by code point and folds every letter, whatever the locale of the machine', async () => {
      useShared();
      const { url } = await start();
      const words = await query(url, "select x from unnest(array['b', 'É', 'a', 'B', 'é']) x order by x");
      expect(words.map(({ x }) => x)).to.deep.equal(['B', 'a', 'b', 'É', 'é']);
      expect(await query(url, "select lower('É') as x")).to.deep.equal([{ x: 'é' }]);
    });

    it('takes over the running server in this and in another process', async () => {
      useShared();
      const first = await start();
      const second = await start();
      const third = await startElsewhere();
      expect([second.url, third.url]).to.deep.equal([first.url, first.url]);
      expect([first.created, second.created, third.created]).to.deep.equal([false, false, false]);
      expect(await third.stop()).to.equal(0);
    });

    it('is made exactly once by several processes that start on an empty directory at the same time', async () => {
      const all = await Promise.all([startElsewhere(), startElsewhere(), startElsewhere(), startElsewhere()]);
      expect(all.filter(({ created }) => created)).to.have.length(1);
      expect(new Set(all.map(({ url }) => url)).size).to.equal(1);
      expect((await readdir(dataDir)).sort()).to.deep.equal(['postgres', 'postgres.log', 'postgres.password']);
    });

    it('makes a cluster anew when its maker was killed half-way, and clears what that one left', async () => {
      const ended = startElsewhere().catch(() => undefined);
      await until(() => existsSync(dataDir) && readdirSync(dataDir).some((name) => isHalfMade(join(dataDir, name))));
      expect(existsSync(clusterOf(dataDir))).to.equal(false);
      await Promise.all(children.map(killed));
      await ended;
      const server = await start();
      expect(server.created).to.equal(true);
      expect(await query(server.url, 'select 1 as one')).to.deep.equal([{ one: 1 }]);
      await server.stop();
      await mkdir(join(dataDir, 'postgres.new-of-a-late-loser'));
      await (await start()).stop();
      expect((await readdir(dataDir)).sort()).to.deep.equal(['postgres', 'postgres.log', 'postgres.password']);
    });

    it('can be reached although PGSSLMODE in the environment asks for TLS', async () => {
      useShared();
      process.env['PGSSLMODE'] = 'require';
      try {
        expect(await query((await start()).url, 'select 1 as one')).to.deep.equal([{ one: 1 }]);
      } finally {
        delete process.env['PGSSLMODE'];
      }
    });

    it('keeps its log below a bound', async () => {
      useShared();
      await truncate(join(dataDir, 'postgres.log'), 9 * 1024 * 1024);
      await start();
      expect(statSync(join(dataDir, 'postgres.log')).size).to.be.below(100_000);
    });
  });

  describe('who may come in', () => {
    beforeEach(useShared);

    it('refuses a connection without or with a wrong password', async () => {
      const { url } = await start();
      const [none, wrong, asOther] = [new URL(url), new URL(url), new URL(url)];
      none.password = '';
      wrong.password = 'guess';
      asOther.username = 'postgres';
      expect(await codeOf(query(none.href, 'select 1'))).to.match(/password must be a (non-empty )?string/);
      expect(await codeOf(query(wrong.href, 'select 1'))).to.equal('28P01');
      expect(await codeOf(query(asOther.href, 'select 1'))).to.equal('28P01');
    });

    it('trusts no kind of connection and keeps the password from everybody else', async () => {
      const { url } = await start();
      const rules = await query(url, 'select distinct auth_method from pg_hba_file_rules');
      expect(rules).to.deep.equal([{ auth_method: 'scram-sha-256' }]);
      const { password } = new URL(url);
      expect(password).to.have.length.above(30);
      expect(readFileSync(join(dataDir, 'postgres.password'), 'utf8')).to.equal(password);
      expect(statSync(join(dataDir, 'postgres.password')).mode & 0o777).to.equal(0o600);
      expect(statSync(clusterOf(dataDir)).mode & 0o777).to.equal(0o700);
    });

    it('listens on loopback only and leaves no socket file', async () => {
      const { url } = await start();
      const { port } = new URL(url);
      expect(await query(url, 'show listen_addresses')).to.deep.equal([{ listen_addresses: '127.0.0.1' }]);
      expect(await query(url, 'show unix_socket_directories')).to.deep.equal([{ unix_socket_directories: '' }]);
      const outside = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
      for (const { address, internal, family } of outside) {
        if (internal || family !== 'IPv4') continue;
        const there = new URL(url);
        there.hostname = address;
        expect(await codeOf(query(there.href, 'select 1')), `${address}:${port}`).to.equal('ECONNREFUSED');
      }
    });
  });

  describe('sudden ends', () => {
    beforeEach(useShared);

    it('outlives a kill -9 of the process that started it, and the next one takes it over', async () => {
      const first = await startElsewhere();
      await query(first.url, 'create table if not exists kept as select 42 as answer');
      await killed(first.child);
      const server = postmasterOf(dataDir);
      const next = await start();
      expect(next.url).to.equal(first.url);
      expect(postmasterOf(dataDir)).to.deep.equal(server);
      expect(await query(next.url, 'select answer from kept')).to.deep.equal([{ answer: 42 }]);
    });

    it('comes back after a kill -9 of the server while a backend lives on, with every committed row', async () => {
      const first = await start({});
      await query(first.url, 'create table if not exists kept as select 42 as answer');
      const busy = query(first.url, 'select count(*) from generate_series(1, 12000000)').catch(() => []);
      await until(async () => (await query(first.url, running('generate_series'))).length === 1);
      process.kill(postmasterOf(dataDir)?.pid ?? NaN, 'SIGKILL');
      const next = await start({});
      expect(readFileSync(join(dataDir, 'postgres.log'), 'utf8')).to.include('still in use');
      expect(next.created).to.equal(false);
      expect(await query(next.url, 'select answer from kept')).to.deep.equal([{ answer: 42 }]);
      await busy;
      await first.stop();
      expect(await query(next.url, 'select 1 as one')).to.deep.equal([{ one: 1 }]);
    });

    it('starts although a stranger has got the number in postmaster.pid since', async () => {
      const first = await start({});
      await query(first.url, 'create table if not exists kept as select 42 as answer');
      const pidFile = join(clusterOf(dataDir), 'postmaster.pid');
      const [, ...lines] = readFileSync(pidFile, 'utf8').split('\n');
      const { uid, gid } = statSync(pidFile);
      process.kill(postmasterOf(dataDir)?.pid ?? NaN, 'SIGKILL');
      const stranger = spawn('/bin/sleep', ['60'], { uid, gid, detached: true, stdio: 'ignore' });
      children.push(stranger);
      await writeFile(pidFile, [stranger.pid, ...lines].join('\n'));
      const next = await start();
      expect(await query(next.url, 'select answer from kept')).to.deep.equal([{ answer: 42 }]);
      expect(isAlive(stranger.pid)).to.equal(true);
    });

    it('starts although a crash of the machine has left an empty postmaster.pid', async () => {
      const server = await start();
      await query(server.url, 'create table kept_too as select 43 as answer');
      await server.stop();
      await writeFile(join(clusterOf(dataDir), 'postmaster.pid'), '');
      const again = await start();
      expect(await query(again.url, 'select answer from kept_too')).to.deep.equal([{ answer: 43 }]);
    });

    it('leaves an empty postmaster.pid to a server that is there', async () => {
      const server = await start();
      const file = join(clusterOf(dataDir), 'postmaster.pid');
      const own = readFileSync(file);
      await writeFile(file, '');
      const second = start();
      // Longer than it would take it for a remnant.
      await delay(1_500);
      expect(existsSync(file)).to.equal(true);
      await writeFile(file, own);
      expect((await second).url).to.equal(server.url);
    });

    it('serves a copy of DATA_DIR apart from the original that is running', async () => {
      const original = await start();
      const [first, second] = [dataDir, join(parent, 'copy')];
      await promisify(execFile)('cp', ['-a', first, second]);
      dataDir = second;
      const copy = await start();
      await query(copy.url, 'create table only_here ()');
      expect(await codeOf(query(original.url, 'select from only_here'))).to.equal('42P01');
      await Promise.all([copy.stop(), original.stop()]);
    });
  });

  describe('while it is to be kept running', () => {
    beforeEach(useShared);

    const answers = async (url: string) =>
      await query(url, 'select 1 as one').then(
        () => true,
        () => false,
      );

    it('comes back where it was after each kill -9, for every process that uses it', async () => {
      const [kept, borrowed, elsewhere] = [await start(haste, true), await start(), await startElsewhere()];
      for (let round = 0; round < 3; round += 1) {
        const pid = await killPostmaster();
        await until(async () => await answers(kept.url));
        expect(postmasterOf(dataDir)?.pid).not.to.equal(pid);
      }
      expect([borrowed.url, elsewhere.url]).to.deep.equal([kept.url, kept.url]);
      await Promise.all([borrowed.stop(), kept.stop()]);
      // Stopped or not before the other process had its claim again: it has what it keeps running.
      await until(async () => await answers(elsewhere.url));
      expect(await elsewhere.stop()).to.equal(0);
      expect(postmasterOf(dataDir)).to.equal(undefined);
    });

    it('stays away once it is stopped, however far its return has come', async () => {
      for (let afterMs = 0; afterMs <= 120; afterMs += 15) {
        const server = await start(haste, true);
        await killPostmaster();
        await delay(afterMs);
        await server.stop();
        await delay(30);
        expect(isAlive(postmasterOf(dataDir)?.pid), `${afterMs} ms after the kill`).to.equal(false);
      }
    });

    it('is still ended by its last user after a backend was killed and took every connection with it', async () => {
      const server = await start(haste, true);
      const postmaster = postmasterOf(dataDir);
      const claims = "select pid from pg_stat_activity where application_name = 'iozen claim'";
      const [claim] = await query(server.url, claims);
      process.kill(Number(claim?.['pid']), 'SIGKILL');
      await until(async () =>
        (await query(server.url, claims).catch(() => [])).some(({ pid }) => pid !== claim?.['pid']),
      );
      expect(postmasterOf(dataDir)).to.deep.equal(postmaster);
      await server.stop();
      expect(postmasterOf(dataDir)).to.equal(undefined);
    });

    it('waits for its port while a stranger has it', async () => {
      // Ours, so that it can be reaped while the other sleeps.
      await start();
      const { url, child, stop } = await startElsewhere();
      process.kill(child.pid ?? NaN, 'SIGSTOP');
      await killPostmaster();
      const thief = createServer().listen(Number(new URL(url).port), '127.0.0.1');
      await once(thief, 'listening');
      await truncate(join(dataDir, 'postgres.log'));
      process.kill(child.pid ?? NaN, 'SIGCONT');
      await until(() => readFileSync(join(dataDir, 'postgres.log'), 'utf8').includes('Address already in use'));
      thief.close();
      await until(async () => await answers(url));
      expect(await stop()).to.equal(0);
    });

    it('is found where it was by the next start after a kill -9, or elsewhere when a stranger is there', async () => {
      const first = await start();
      await killPostmaster();
      const next = await start();
      expect(next.url).to.equal(first.url);
      await killPostmaster();
      const thief = createServer().listen(Number(new URL(next.url).port), '127.0.0.1');
      await once(thief, 'listening');
      try {
        const { url } = await start();
        expect(url).not.to.equal(next.url);
        expect(await answers(url)).to.equal(true);
      } finally {
        thief.close();
      }
    });
  });

  describe('stop', () => {
    beforeEach(useShared);

    it('ends the server and its process, once, however often it is called', async () => {
      const server = await start();
      const pid = postmasterOf(dataDir)?.pid;
      await Promise.all([server.stop(), server.stop()]);
      await server.stop();
      expect(isAlive(pid)).to.equal(false);
      expect(postmasterOf(dataDir)).to.equal(undefined);
    });

    it('leaves the server to another process that uses it, which then ends it', async () => {
      const mine = await start();
      const theirs = await startElsewhere();
      const pid = postmasterOf(dataDir)?.pid;
      await mine.stop();
      expect(await query(theirs.url, 'select 1 as one')).to.deep.equal([{ one: 1 }]);
      expect(await theirs.stop()).to.equal(0);
      await until(() => !isAlive(pid));
    });

    it('leaves the server to any other client that is connected', async () => {
      const server = await start();
      const client = new Client(server.url);
      await client.connect();
      await server.stop();
      expect((await client.query('select 1 as one')).rows).to.deep.equal([{ one: 1 }]);
      await client.end();
    });

    it('returns for two processes that stop at the same time, and the server is gone', async () => {
      const both = await Promise.all([startElsewhere(), startElsewhere()]);
      const pid = postmasterOf(dataDir)?.pid;
      expect(await Promise.all(both.map((it) => it.stop()))).to.deep.equal([0, 0]);
      await until(() => !isAlive(pid));
    });

    it('never hands out a server that another one is stopping', async () => {
      let last = await start();
      for (let round = 0; round < 5; round += 1) {
        const stopped = last.stop();
        await delay(round * 4);
        last = await start();
        await stopped;
        expect(await query(last.url, 'select 1 as one')).to.deep.equal([{ one: 1 }]);
      }
    });

    it('is no duty of a process that ends: nothing keeps it alive, and the server is for the next one', async () => {
      const script = 'await (await import(process.argv[1])).startEmbeddedPostgres({ dataDir: process.argv[2] })';
      await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, launcher, dataDir]);
      const pid = postmasterOf(dataDir)?.pid;
      expect(isAlive(pid)).to.equal(true);
      await (await start()).stop();
      await until(() => !isAlive(pid));
    });

    it('returns when the server has already been killed', async () => {
      const server = await start();
      const pid = postmasterOf(dataDir)?.pid ?? NaN;
      process.kill(pid, 'SIGKILL');
      await until(() => !isAlive(pid));
      await server.stop();
    });
  });

  describe('a start that cannot succeed says what to do', () => {
    it('for a cluster of another major version', async () => {
      useShared();
      const message = await whileHolding(join(clusterOf(dataDir), 'PG_VERSION'), '17\n', refusal);
      expect(message).to.match(/made by PostgreSQL 17, and this is PostgreSQL 18.*another DATA_DIR/);
    });

    it('for a platform without binaries', async () => {
      const architecture = Object.getOwnPropertyDescriptor(process, 'arch') ?? {};
      Object.defineProperty(process, 'arch', { ...architecture, value: 'mips' });
      try {
        expect(await refusal()).to.match(/no embedded PostgreSQL for \w+-mips.*Set DATABASE_URL/);
      } finally {
        Object.defineProperty(process, 'arch', architecture);
      }
    });

    it('for a DATA_DIR that cannot be written', async () => {
      await writeFile(join(parent, 'file'), '');
      dataDir = join(parent, 'file', 'data');
      expect(await refusal()).to.match(/cannot use DATA_DIR .*set another DATA_DIR/);
      dataDir = join(parent, 'data');
    });

    it('for a directory that is no cluster, which it leaves alone', async () => {
      await mkdir(clusterOf(dataDir), { recursive: true });
      await writeFile(join(clusterOf(dataDir), 'precious'), '');
      if (asRoot) await chown(clusterOf(dataDir), 65534, 65534);
      expect(await refusal()).to.match(/is no PostgreSQL cluster of this user\. Move it away/);
      expect(await readdir(clusterOf(dataDir))).to.deep.equal(['precious']);
    });

    it('for a password file that belongs to another cluster', async () => {
      useShared();
      const message = await whileHolding(join(dataDir, 'postgres.password'), 'another', refusal);
      expect(message).to.match(/refuses the password .* Restore the file/);
    });

    it('and quotes the log when the server ends, at once and without a stack', async () => {
      useShared();
      const startedAt = performance.now();
      const message = await whileHolding(join(clusterOf(dataDir), 'postgresql.conf'), 'nonsense = 1\n', refusal);
      expect(message).to.include(join(dataDir, 'postgres.log')).and.include('unrecognized configuration parameter');
      expect(message).not.to.match(/^\s+at /m);
      expect(performance.now() - startedAt).to.be.below(5000);
    });
  });

  if (asRoot) {
    describe('as root', () => {
      // Only root may enter it, except where a test opens it.
      let secluded: string;
      let module: string;

      before(async () => {
        secluded = await temporaryDirectory();
        module = await copyLauncher(join(secluded, 'checkout'));
      });

      beforeEach(() => chmod(secluded, 0o700));

      after(() => rm(secluded, { recursive: true }));

      it('runs as an account without rights, and the cluster is for that account only', async () => {
        useShared();
        const { url } = await start();
        const { uid, mode } = statSync(clusterOf(dataDir));
        expect(uid).not.to.equal(0);
        expect(mode & 0o777).to.equal(0o700);
        expect(statSync(`/proc/${postmasterOf(dataDir)?.pid}`).uid).to.equal(uid);
        expect(await query(url, 'show data_directory')).to.deep.equal([{ data_directory: clusterOf(dataDir) }]);
      });

      it('keeps the data in a DATA_DIR that only root could enter, which nobody may list then either', async () => {
        await mkdir(dataDir, { mode: 0o700 });
        await start();
        expect(realpathSync(clusterOf(dataDir))).to.equal(clusterOf(dataDir));
        expect(statSync(dataDir).mode & 0o777).to.equal(0o710);
      });

      it('works from a checkout and a DATA_DIR that only root can reach, and finds the data again', async () => {
        dataDir = join(secluded, 'data');
        const before = existsSync(systemDirectory) ? readdirSync(systemDirectory) : [];
        const first = await startElsewhere({ module });
        await query(first.url, 'create table kept as select 42 as answer');
        expect(await first.stop()).to.equal(0);
        const second = await startElsewhere({ module });
        expect([first.created, second.created]).to.deep.equal([true, false]);
        expect(await query(second.url, 'select answer from kept')).to.deep.equal([{ answer: 42 }]);
        expect(await second.stop()).to.equal(0);

        const place = readlinkSync(clusterOf(dataDir));
        expect(dirname(place)).to.equal(systemDirectory);
        expect(statSync(place).mode & 0o777).to.equal(0o700);
        for (const above of [systemDirectory, dirname(systemDirectory)]) {
          const { uid, mode } = statSync(above);
          expect([uid, mode & 0o022], above).to.deep.equal([0, 0]);
        }

        // A lost cluster is no reason to begin quietly with an empty one.
        await rename(place, join(secluded, 'away'));
        expect(await codeOf(startElsewhere({ module }))).to.match(/which is gone\. Bring it back/);
        await rm(clusterOf(dataDir));
        const made = readdirSync(systemDirectory).filter((name) => !before.includes(name));
        await Promise.all(made.map((name) => rm(join(systemDirectory, name), { recursive: true })));
      });

      it('makes one cluster when several start at the same time on a DATA_DIR that only root can reach', async () => {
        dataDir = join(secluded, 'raced');
        const all = await Promise.all([startElsewhere(), startElsewhere(), startElsewhere()]);
        expect(all.filter(({ created }) => created)).to.have.length(1);
        expect(new Set(all.map(({ url }) => url)).size).to.equal(1);
        const [hash = ''] = basename(readlinkSync(clusterOf(dataDir))).split('-');
        expect(readdirSync(systemDirectory).filter((name) => name.startsWith(hash))).to.have.length(1);
      });

      it('says so when a cluster has been moved to where its account cannot go', async () => {
        dataDir = join(secluded, 'moved');
        await rename(shared, dataDir);
        const message = await refusal();
        await rename(dataDir, shared);
        expect(message).to.match(/cannot be entered by the user .*Move DATA_DIR back/);
      });

      describe('for an ordinary user', () => {
        const nobody = { uid: 65534, gid: 65534 };

        it('makes, keeps and serves the cluster as that user, and for root after that', async () => {
          await chmod(secluded, 0o755);
          await mkdir(dataDir);
          await chown(dataDir, nobody.uid, nobody.gid);
          const first = await startElsewhere({ module, ...nobody });
          await query(first.url, 'create table kept as select 42 as answer');
          expect(await first.stop()).to.equal(0);
          const second = await startElsewhere({ module, ...nobody });
          expect([first.created, second.created]).to.deep.equal([true, false]);
          expect(await query(second.url, 'select answer from kept')).to.deep.equal([{ answer: 42 }]);
          const owners = readdirSync(dataDir).map((name) => statSync(join(dataDir, name)).uid);
          expect(new Set(owners)).to.deep.equal(new Set([nobody.uid]));
          expect(await second.stop()).to.equal(0);
          const byRoot = await start();
          expect(await query(byRoot.url, 'select answer from kept')).to.deep.equal([{ answer: 42 }]);
        });

        it('says that DATA_DIR cannot be written', async () => {
          await mkdir(dataDir);
          const message = await codeOf(startElsewhere(nobody));
          expect(message)
            .to.match(/cannot use DATA_DIR .*Let this user write there/)
            .and.include('EACCES');
        });
      });
    });
  }
});
