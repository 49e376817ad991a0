import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { dataSourceFor } from '../../../ormconfig.js';
import { asFailure, isConnectionLoss } from '../../../src/platform/errors.js';
import { DatabaseClient, poolOf } from '../../../src/platform/postgres/database-client.js';
import { Database } from '../../../src/platform/postgres/database.js';
import { prepared } from '../../../src/platform/postgres/statement.js';
import { inAccount, WorkAccount } from '../../../src/platform/work/work-account.js';
import { OwnPostgres } from '../../support/own-postgres.js';
import { cloneDatabase } from '../../support/postgres.js';
import { Relay } from '../../support/relay.js';

describe('a primary whose commits wait for a standby', function () {
  this.timeout(60_000);

  let pair: Awaited<ReturnType<typeof OwnPostgres.startPair>>;
  let database: Database;
  let receiverPid: number;

  before(async () => {
    pair = await OwnPostgres.startPair({ synchronous_standby_names: 'standby' });
    await pair.primary.query('create table things (id int primary key)');
    const [row] = await pair.standby.query<{ pid: number }>('select pid from pg_stat_wal_receiver');
    receiverPid = row?.pid ?? 0;
    database = new Database(await dataSourceFor(pair.primary.url()).initialize());
  });
  after(async () => {
    process.kill(receiverPid, 'SIGCONT');
    await database.close();
    await pair.stop();
  });
  beforeEach(() => process.kill(receiverPid, 'SIGSTOP'));
  afterEach(() => process.kill(receiverPid, 'SIGCONT'));

  const insert = prepared('insert into things values ($1)');
  const readOne = prepared<{ id: number }>('select id from things where id = $1');
  const asRequest = async <T>(work: () => Promise<T>) => await inAccount(new WorkAccount('one'), work);
  const waiting = async () => await pair.primary.query("select pid from pg_stat_activity where wait_event = 'SyncRep'");
  const until = async (isSo: () => Promise<boolean>) => {
    while (!(await isSo())) await delay(20);
  };
  const alone = async (id: number) =>
    await database.transaction(async (tx) => {
      await tx.query(readOne, [id]);
      tx.write(insert, [id]);
    });
  const together = async (id: number) => await database.transaction((tx) => Promise.resolve(tx.write(insert, [id])));

  it('answers 503 with Retry-After when it waits too long, and neither cancels the commit nor opens another connection', async () => {
    const startedAt = performance.now();
    const failures = await Promise.all(
      [alone, together].map(async (write, n) => await asRequest(async () => await write(n)).catch(asFailure)),
    );
    expect(performance.now() - startedAt).to.be.within(9_000, 14_000);
    for (const failure of failures) {
      expect(failure).to.include({ code: 'service_unavailable' });
      expect(failure).to.have.nested.property('headers.Retry-After');
    }
    // Beyond the time after which a silent connection counts as lost.
    await delay(5_000);
    expect(await waiting()).to.have.length(2);
    const busy = () => database.poolStates().reduce((sum, { total, idle }) => sum + total - idle, 0);
    expect(busy()).to.equal(2);
    process.kill(receiverPid, 'SIGCONT');
    await until(async () => (await waiting()).length === 0);
    const rows = await pair.primary.query('select id from things order by id');
    expect(rows).to.deep.equal([{ id: 0 }, { id: 1 }]);
    await until(() => Promise.resolve(busy() === 0));
    await asRequest(async () => await together(2));
  });

  it('takes a commit whose wait somebody cancels for one of which nobody knows whether it lasts', async () => {
    for (const [n, write] of [alone, together].entries()) {
      const ended = asRequest(async () => await write(10 + n)).catch((error: unknown) => error);
      await until(async () => (await waiting()).length === 1);
      await pair.primary.query("select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'");
      const error = await ended;
      expect(isConnectionLoss(error), String(error)).to.equal(true);
      expect(asFailure(error).code).to.equal('service_unavailable');
    }
  });

  it('leaves a commit alone whose caller is gone', async () => {
    const account = new WorkAccount('one');
    const ended = inAccount(account, async () => await alone(20)).catch((error: unknown) => error);
    await until(async () => (await waiting()).length === 1);
    account.close(false);
    await delay(300);
    expect(await waiting()).to.have.length(1);
    process.kill(receiverPid, 'SIGCONT');
    expect(await ended).to.equal(undefined);
  });
});

describe('a server that is no primary any more', () => {
  let url: string;
  let drop: () => Promise<void>;

  before(async () => {
    ({ url, drop } = await cloneDatabase());
  });
  after(async () => await drop());

  it('is left by a connection whose write it refuses because it only reads', async () => {
    const pool = poolOf({ connectionString: url, max: 1 });
    const pidOf = async () => (await pool.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid;
    const before = await pidOf();
    const client = await pool.connect();
    client.on('error', () => {});
    await client.query('set session characteristics as transaction read only');
    const refused = await client.query('create table things (id int)').catch((error: unknown) => error);
    // Whoever had it knows of nothing wrong with it.
    client.release();
    expect(refused).to.include({ code: '25006' });
    expect(asFailure(refused)).to.include({ code: 'service_unavailable' });
    expect(await pidOf()).to.not.equal(before);
    await pool.end();
  });

  it('is known by itself for a standby, and nothing is read of it unless a standby will do', async () => {
    const { standby, stop } = await OwnPostgres.startPair();
    try {
      const client = new DatabaseClient({ connectionString: standby.url() });
      client.on('error', () => {});
      expect(await client.connect().catch(asFailure)).to.include({ code: 'service_unavailable' });
      const reader = new DatabaseClient({ connectionString: standby.url(), mayBeStandby: true });
      await reader.connect();
      expect((await reader.query('select 1 as one')).rows).to.deep.equal([{ one: 1 }]);
      await reader.end();
    } finally {
      await stop();
    }
  });
});

describe('a server that lets nobody in', () => {
  it('is asked a few times a second, however many ask, and is found soon when it is back', async () => {
    const { url, drop } = await cloneDatabase();
    const relay = await Relay.start();
    const through = new URL(url);
    relay.target = Number(through.port);
    through.port = String(relay.port);
    relay.refuses = true;
    const pool = poolOf({ connectionString: through.href, max: 10 });
    const read = async () => await pool.query('select 1').then(() => true, isConnectionLoss);
    let asks = 0;
    const ask = async (endsAt: number) => {
      for (; performance.now() < endsAt; asks += 1) {
        expect(await read()).to.equal(true);
        await delay(2);
      }
    };
    const endsAt = performance.now() + 2_000;
    await Promise.all(Array.from({ length: 10 }, async () => await ask(endsAt)));
    expect(asks).to.be.above(500);
    // A first handful together, and then after 0, 50, 100, 200, 400, 800 ms and up to a half more.
    expect(relay.came).to.be.within(3, 100);
    relay.refuses = false;
    const client = () => pool.query('select 1');
    const backAt = performance.now();
    while (
      !(await client().then(
        () => true,
        () => false,
      ))
    )
      await delay(20);
    expect(performance.now() - backAt).to.be.below(3_000);
    await pool.end();
    await relay.stop();
    await drop();
  });
});
