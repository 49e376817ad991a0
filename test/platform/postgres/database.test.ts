import { expect } from 'chai';
import { dataSourceFor } from '../../../ormconfig.js';
import { Database, TryAgain } from '../../../src/platform/postgres/database.js';
import { prepared } from '../../../src/platform/postgres/statement.js';
import { isConnectionLoss, isEndedStatement } from '../../../src/platform/errors.js';
import { cloneDatabase } from '../../support/postgres.js';

describe('a statement that no request asked for', () => {
  it('ends at the time that its pool has for one, unless its transaction was allowed more', async () => {
    const { url, drop } = await cloneDatabase();
    const source = dataSourceFor(url);
    Object.assign(source.options.extra, { statementMsMax: 200 });
    const database = new Database(await source.initialize());
    const sleep = prepared('select pg_sleep(0.5)');
    const ended = await database.query(sleep).catch(isEndedStatement);
    await database.transaction(async (tx) => {
      await tx.allow(10_000);
      await tx.query(sleep);
    });
    const again = await database.query(sleep).catch(isEndedStatement);
    expect([ended, again]).to.deep.equal([true, true]);
    await database.close();
    await drop();
  });
});

describe('a transaction', () => {
  let database: Database;
  let drop: () => Promise<void>;

  before(async () => {
    const cloned = await cloneDatabase();
    ({ drop } = cloned);
    database = new Database(await dataSourceFor(cloned.url).initialize());
    await database.pool.query('create table things (id int primary key, size int check (size < 10))');
  });
  beforeEach(async () => {
    await database.pool.query('truncate things');
  });
  after(async () => {
    await database.close();
    await drop();
  });

  const insert = prepared('insert into things values ($1, $2)');
  const count = prepared<{ count: number }>('select count(*)::int as count from things');
  const kept = async () => (await database.query(count))[0]?.count;

  it('keeps every write once it is committed, and only then tells', async () => {
    const told: (number | undefined)[] = [];
    await database.transaction(async (tx) => {
      tx.write(insert, [1, 1]);
      tx.write(insert, [2, 2]);
      tx.afterCommit(() => told.push(2));
      expect(told).to.deep.equal([]);
    });
    expect({ told, kept: await kept() }).to.deep.equal({ told: [2], kept: 2 });
  });

  it('keeps nothing when a write that nobody waited for fails, and throws what it was explained as', async () => {
    const told: number[] = [];
    const failed = database.transaction(async (tx) => {
      tx.write(insert, [1, 1]);
      tx.write(insert, [2, 99], () => new Error('too large'));
      tx.write(insert, [3, 3]);
      tx.afterCommit(() => told.push(3));
    });
    expect(await failed.catch((error: Error) => error.message)).to.equal('too large');
    expect({ told, kept: await kept() }).to.deep.equal({ told: [], kept: 0 });
  });

  it('throws the first failure, not what a later statement met because of it', async () => {
    const failed = database.transaction(async (tx) => {
      tx.write(insert, [2, 99], () => new Error('the cause'));
      await tx.query(count);
    });
    expect(await failed.catch((error: Error) => error.message)).to.equal('the cause');
  });

  it('runs once more from the start when it met a concurrent one', async () => {
    let runs = 0;
    await database.transaction(async (tx) => {
      runs += 1;
      tx.write(insert, [runs, 1]);
      if (runs === 1) throw new TryAgain();
    });
    expect({ runs, kept: await kept() }).to.deep.equal({ runs: 2, kept: 1 });
  });

  it('gives its connection back whatever happens', async () => {
    const failing = async () =>
      await database.transaction(async (tx) => tx.write(insert, [1, 99])).catch(() => 'failed');
    const ends = await Promise.all(Array.from({ length: 60 }, failing));
    expect(new Set(ends)).to.deep.equal(new Set(['failed']));
    expect(database.pool.idleCount).to.equal(database.pool.totalCount);
  });

  it("TypeORM's manager works in it, and is rolled back with it", async () => {
    const seen: unknown[] = [];
    const failed = database.transaction(async (tx) => {
      tx.write(insert, [1, 1]);
      await tx.manager.query('insert into things values (2, 2)');
      seen.push(await tx.query(count), await tx.manager.query('select id from things order by id'));
      throw new Error('after all not');
    });
    expect(await failed.catch((error: Error) => error.message)).to.equal('after all not');
    expect(seen).to.deep.equal([[{ count: 2 }], [{ id: 1 }, { id: 2 }]]);
    expect(await kept()).to.equal(0);
  });

  it('tells of its end where there was nothing to write', async () => {
    const told: string[] = [];
    await database.transaction(async (tx) => tx.afterCommit(() => told.push('ended')));
    expect(told).to.deep.equal(['ended']);
  });

  it('fails when its connection breaks, which nobody gets again', async () => {
    const pids: (number | undefined)[] = [];
    const pid = prepared<{ pid: number }>('select pg_backend_pid() as pid');
    const broken = database.transaction(async (tx) => {
      pids.push((await tx.query(pid))[0]?.pid);
      tx.write(insert, [1, 1]);
      await database.query(prepared('select pg_terminate_backend($1)'), [pids[0]]);
      await tx.query(count);
    });
    // Whatever met it first, pg or the statement under way: callers are told to try again.
    expect(await broken.then(() => 'committed', isConnectionLoss)).to.equal(true);
    const others = Array.from({ length: 20 }, async () => await database.query(pid));
    expect((await Promise.all(others)).flat().map((one) => one.pid)).to.not.include(pids[0]);
    expect(await kept()).to.equal(0);
  });

  it('what fails says where it was asked for', async () => {
    const error = await database.query(prepared('select 1 / $1::int'), [0]).catch((thrown: Error) => thrown);
    expect(error).to.have.property('stack').that.includes('database.test');
  });
});
