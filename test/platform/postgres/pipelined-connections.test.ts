import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect } from 'chai';
import type { ClientConfig } from 'pg';
import { dataSourceFor } from '../../../ormconfig.js';
import { Database } from '../../../src/platform/postgres/database.js';
import { pipelined } from '../../../src/platform/postgres/statement.js';
import { isConnectionLoss } from '../../../src/platform/errors.js';
import { LastingConnection, PipelinedConnections } from '../../../src/platform/postgres/pipelined-connections.js';
import { cloneDatabase } from '../../support/postgres.js';
import { Relay } from '../../support/relay.js';

const half = pipelined<{ half: number; pid: number }>('select 100 / $1::int as half, pg_backend_pid() as pid');
const slow = pipelined('select pg_sleep(60)');

describe("a connection of one's own", () => {
  let cloned: Awaited<ReturnType<typeof cloneDatabase>>;
  let database: Database;
  let own: LastingConnection;

  before(async () => {
    cloned = await cloneDatabase();
    database = new Database(await dataSourceFor(cloned.url).initialize());
    own = database.connection();
    await database.pool.query('create table done (id int unique deferrable initially deferred)');
  });
  after(async () => {
    await own.close();
    await database.close();
    await cloned.drop();
  });

  it('that a network swallows is given up, and opened anew by the next who asks', async () => {
    const relay = await Relay.start();
    const url = new URL(cloned.url);
    relay.target = Number(url.port);
    url.port = String(relay.port);
    const swallowed = new LastingConnection(() => ({ connectionString: url.href, statementMsMax: 100 }));
    try {
      const [row] = (await swallowed.query(askHalf)).rows;
      expect(row).to.deep.equal({ half: 50 });
      relay.swallow();
      const error = await swallowed.query(askHalf).catch((thrown: unknown) => thrown);
      expect(isConnectionLoss(error)).to.equal(true);
      expect((await swallowed.query(askHalf)).rows).to.deep.equal([row]);
      relay.swallow();
    } finally {
      await swallowed.close();
      await relay.stop();
    }
  });

  const askHalf = { name: 'half', text: 'select 100 / $1::int as half', values: [2] };
  const add = async (id: unknown) =>
    await own.query({ name: 'add', text: 'insert into done values ($1) returning id', values: [id] }).then(
      ({ rows }) => rows,
      ({ code }) => code as string,
    );

  it('goes on after a statement that failed', async () => {
    expect(await add(1)).to.deep.equal([{ id: 1 }]);
    expect(await add('one')).to.equal('22P02');
    expect(await add(1)).to.equal('23505');
    expect(await add(2)).to.deep.equal([{ id: 2 }]);
    expect((await database.pool.query('select from done')).rowCount).to.equal(2);
  });

  it('has committed what it was asked, though its process stopped before the answer came', async () => {
    await add(3);
    const asked = add(4);
    // It is sent within this turn of the event loop, and this process then hears of nothing until the child ends.
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    const look = `
      import pg from 'pg';
      const client = new pg.Client(process.env.URL);
      await client.connect();
      const isDone = async () => (await client.query('select from done where id = 4')).rowCount === 1;
      for (const endsAt = Date.now() + 5_000; !(await isDone()) && Date.now() < endsAt; );
      console.log(await isDone());
      await client.end();
    `;
    const seen = execFileSync(process.execPath, ['--input-type=module', '--eval', look], { env: { URL: cloned.url } });
    expect(seen.toString().trim()).to.equal('true');
    expect(await asked).to.deep.equal([{ id: 4 }]);
  });
});

describe('connections that pipelined reads share', () => {
  let cloned: Awaited<ReturnType<typeof cloneDatabase>>;
  let database: Database;
  let onlooker: Database;

  before(async () => {
    cloned = await cloneDatabase();
    onlooker = new Database(await dataSourceFor(cloned.url).initialize());
  });
  beforeEach(async () => {
    database = new Database(await dataSourceFor(cloned.url).initialize());
  });
  afterEach(async () => {
    if (database.source.isInitialized) await database.close();
  });
  after(async () => {
    await onlooker.close();
    await cloned.drop();
  });

  const ask = async (divisor: number) => await database.query(half, [divisor]);

  async function pids(): Promise<number[]> {
    const answers = await Promise.all(Array.from({ length: 4 }, () => ask(1)));
    return [...new Set(answers.flat().map(({ pid }) => pid))];
  }

  /** Every connection to this database but the asking one's pool. */
  async function connections(): Promise<number[]> {
    const others = 'select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()';
    return (await onlooker.pool.query<{ pid: number }>(others)).rows.map(({ pid }) => pid);
  }

  /** They are gone, and whoever was connected to them hears of it before this comes back. */
  async function end(backends: number[]): Promise<void> {
    const terminated = 'select pg_terminate_backend(pid, 10000) as is_gone from unnest($1::int[]) as pid';
    const { rows } = await onlooker.pool.query<{ is_gone: boolean }>(terminated, [backends]);
    expect(rows.every(({ is_gone: isGone }) => isGone)).to.equal(true);
  }

  async function until(isSo: () => Promise<boolean>): Promise<void> {
    while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  const endOf = async (reading: Promise<unknown>) =>
    await reading.then(
      () => 'an answer',
      (error: Error & { code?: string }) => (isConnectionLoss(error) ? 'lost' : (error.code ?? error.message)),
    );

  it('give each of many reads its own answer, over two connections', async () => {
    const divisors = Array.from({ length: 500 }, (_one, index) => index + 1);
    const answers = await Promise.all(divisors.map(ask));
    expect(answers.map(([row]) => row?.half)).to.deep.equal(divisors.map((divisor) => Math.trunc(100 / divisor)));
    expect(new Set(answers.flat().map(({ pid }) => pid)).size).to.equal(2);
    expect(database.pool.totalCount).to.be.below(2);
  });

  it('let a failing read fail alone, the first of its statement as well as a later one', async () => {
    for (let round = 0; round < 2; round += 1) {
      const ends = await Promise.all(Array.from({ length: 40 }, async (_one, index) => await endOf(ask(index % 10))));
      const expected = ends.map((_end, index) => (index % 10 === 0 ? '22012' : 'an answer'));
      expect(ends).to.deep.equal(expected);
    }
    const unknown = pipelined('select from nowhere');
    const ends = [ask(1), database.query(unknown), ask(2), database.query(unknown), ask(3)].map(endOf);
    const [one, nowhere, two, again, three] = await Promise.all(ends);
    expect([one, two, three]).to.deep.equal(['an answer', 'an answer', 'an answer']);
    // The second was sent on the word that the first would prepare it, and is asked again.
    expect([nowhere, again]).to.deep.equal(['42P01', '42P01']);
    expect(await pids()).to.have.length(2);
  });

  it('fail what is under way when they are lost, and are there again for the next read, also at once', async () => {
    const lost = await pids();
    const reading = Array.from({ length: 6 }, async () => {
      const ended = await endOf(database.query(slow));
      return [ended, await endOf(ask(1))];
    });
    await until(async () => {
      const active = "select from pg_stat_activity where query like 'select pg_sleep%' and state = 'active'";
      return (await onlooker.pool.query(active)).rowCount === 2;
    });
    await end(lost);
    expect(await Promise.all(reading)).to.deep.equal(reading.map(() => ['lost', 'an answer']));
    expect(await pids()).not.to.include.members(lost);
  });

  it('are there again after they were lost while nobody read', async () => {
    const lost = await pids();
    await end(lost);
    expect(await endOf(ask(1))).to.equal('an answer');
    expect(await pids()).not.to.include.members(lost);
  });

  it('count as lost when they cannot be opened in time, and are tried anew', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const { options: usual } = database.pool;
    const silently = { connectionString: `postgres://iozen:x@127.0.0.1:${port}/iozen`, connectionTimeoutMillis: 50 };
    let options: ClientConfig = { ...usual, ...silently };
    const shared = new PipelinedConnections(() => options);
    const read = async () => await endOf(shared.query({ text: 'select 1' }));
    expect(await Promise.all([read(), read(), read()])).to.deep.equal(['lost', 'lost', 'lost']);
    options = { ...usual, connectionString: cloned.url };
    expect(await read()).to.equal('an answer');
    await shared.close();
    silent.close();
  });

  it('end with the database, whatever comes late, and leave none behind', async () => {
    const [opened, unopened] = [database, new Database(await dataSourceFor(cloned.url).initialize())];
    const shared = await pids();
    // A transaction that takes a moment longer.
    const held = await opened.pool.connect();
    const closed = opened.close();
    await until(async () => !(await connections()).some((pid) => shared.includes(pid)));
    expect(await endOf(opened.query(half, [1]))).not.to.equal('an answer');
    held.release();
    await closed;
    await unopened.close();
    await until(async () => (await connections()).length === 0);
  });

  it('go by an index in a table that was empty when its plan was made', async () => {
    await onlooker.pool.query('create table growing (id int primary key)');
    await onlooker.pool.query('vacuum analyze growing');
    const scans = async () => {
      const asked = "select seq_scan::int as scans from pg_stat_user_tables where relname = 'growing'";
      return (await onlooker.pool.query<{ scans: number }>(asked)).rows[0]?.scans;
    };
    // What was done to make it is counted by now.
    await onlooker.pool.query('select pg_stat_force_next_flush()');
    const before = await scans();
    const read = pipelined<{ id: number }>('select id from growing where id = $1');
    // From the sixth time on PostgreSQL keeps the plan.
    for (let time = 0; time < 20; time += 1) await database.query(read, [1]);
    await onlooker.pool.query('insert into growing select generate_series(1, 5000)');
    expect(await database.query(read, [4_321])).to.deep.equal([{ id: 4_321 }]);
    // A backend tells what it counted when it ends.
    const backends = await pids();
    await database.close();
    await until(async () => !(await connections()).some((pid) => backends.includes(pid)));
    expect(await scans()).to.equal(before);
  });
});
