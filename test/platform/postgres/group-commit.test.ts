import { expect } from 'chai';
import { setImmediate as nextTurn } from 'node:timers/promises';
import pg from 'pg';
import { dataSourceFor } from '../../../ormconfig.js';
import { Database, TryAgain, type Tx } from '../../../src/platform/postgres/database.js';
import { prepared } from '../../../src/platform/postgres/statement.js';
import { isConnectionLoss } from '../../../src/platform/errors.js';
import { inAccount, WorkAccount } from '../../../src/platform/work/work-account.js';
import { cloneDatabase } from '../../support/postgres.js';

describe('transactions that only write', () => {
  let database: Database;
  let elsewhere: Database;
  let drop: () => Promise<void>;

  before(async () => {
    const cloned = await cloneDatabase();
    ({ drop } = cloned);
    database = new Database(await dataSourceFor(cloned.url).initialize());
    elsewhere = new Database(await dataSourceFor(cloned.url).initialize());
    await database.pool.query(`
      create table things (id int primary key, size int check (size < 10));
      create table counts (name text primary key, number int not null check (number <= 1000));
    `);
  });
  beforeEach(async () => {
    await database.pool.query("truncate things, counts; insert into counts values ('a', 0), ('b', 0)");
  });
  after(async () => {
    await database.close();
    await elsewhere.close();
    await drop();
  });

  const insert = prepared('insert into things values ($1, $2)');
  const add = prepared('update counts set number = number + $2 where name = $1');
  const rows = {
    writesOf: async (ids: readonly number[]) => [
      { statement: prepared('insert into things select id, 1 from unnest($1::int[]) id'), values: [ids] },
    ],
  };
  const one = async (id: number, size = 1) => await database.transaction(async (tx) => tx.write(insert, [id, size]));
  const things = async () =>
    (await database.pool.query<{ id: number; xmin: string }>('select id, xmin::text from things order by id')).rows;
  const commits = async () => new Set((await things()).map(({ xmin }) => xmin)).size;
  const numbers = async () =>
    Object.fromEntries(
      (await database.pool.query<{ name: string; number: number }>('select * from counts')).rows.map(
        ({ name, number }) => [name, number],
      ),
    );
  const sequence = (length: number) => Array.from({ length }, (_, index) => index);

  it('share a commit where they come at once, and each tells of its own end', async () => {
    const told: number[] = [];
    const each = sequence(10).map(async (id) => {
      await database.transaction(async (tx) => {
        tx.write(insert, [id, 1]);
        tx.afterCommit(() => told.push(id));
      });
      return (await things()).some((thing) => thing.id === id);
    });
    expect(await Promise.all(each)).to.deep.equal(sequence(10).map(() => true));
    expect(told).to.deep.equal(sequence(10));
    expect(await commits()).to.equal(1);
  });

  it('share one with those that come while others are committed', async () => {
    const all: Promise<void>[] = [];
    for (const id of sequence(200)) {
      all.push(one(id));
      await nextTurn();
    }
    await Promise.all(all);
    expect(await things()).to.have.length(200);
    expect(await commits()).to.be.below(150);
  });

  it('insert what they append by one statement, and add to a counter once for all', async () => {
    const append = async (tx: Tx, id: number) => {
      tx.append(rows, [id]);
      tx.increment(add, ['a'], 1);
    };
    await Promise.all(sequence(20).map(async (id) => await database.transaction(async (tx) => await append(tx, id))));
    expect([await commits(), (await things()).length, await numbers()]).to.deep.equal([1, 20, { a: 20, b: 0 }]);
    // On a connection of its own too, in its place: nothing of it is there before the end.
    const seen = await database.transaction(async (tx) => {
      await append(tx, 99);
      return await tx.query(prepared<{ id: number }>('select id from things where id = 99'));
    });
    expect([seen, (await things()).length, await numbers()]).to.deep.equal([[], 21, { a: 21, b: 0 }]);
  });

  it('fail alone: the others of their commit are kept, and each hears what was its own fault', async () => {
    const ends = await Promise.all(
      sequence(12).map(async (id) => {
        const work = async (tx: Tx) => {
          tx.write(insert, [id, id % 4 === 0 ? 99 : 1], () => new Error(`${id} is too large`));
          tx.increment(add, ['a'], 1);
        };
        return await database.transaction(work).then(
          () => 'kept',
          (error: Error) => error.message,
        );
      }),
    );
    expect(ends).to.deep.equal(sequence(12).map((id) => (id % 4 === 0 ? `${id} is too large` : 'kept')));
    expect([(await things()).length, await numbers()]).to.deep.equal([9, { a: 9, b: 0 }]);
  });

  it('reach a bound exactly, however many come at once', async () => {
    await database.pool.query("update counts set number = 990 where name = 'a'");
    const work = async (tx: Tx) => tx.increment(add, ['a'], 1, () => new Error('full'));
    const ends = await Promise.allSettled(sequence(30).map(async () => await database.transaction(work)));
    expect(ends.filter(({ status }) => status === 'fulfilled')).to.have.length(10);
    expect((await numbers()).a).to.equal(1_000);
  });

  it('run once more from the start when one of them met a concurrent one', async () => {
    const taken = (error: unknown) => new TryAgain('taken', { cause: error });
    const next = async () => {
      let id = 0;
      await database.transaction(async (tx) => tx.write(insert, [(id += 1), 1], taken));
      return id;
    };
    expect((await Promise.all([next(), next(), next()])).toSorted((a, b) => a - b)).to.deep.equal([1, 2, 3]);
  });

  it('wait for no lock that another of their commit waits for', async () => {
    const holder = new pg.Client(database.pool.options.connectionString);
    await holder.connect();
    await holder.query("begin; update counts set number = number where name = 'a'");
    let isOver = false;
    const held = database.transaction(async (tx) => tx.increment(add, ['a'], 1)).then(() => (isOver = true));
    await Promise.all([one(1), one(2)]);
    await one(3);
    expect([isOver, (await things()).length]).to.deep.equal([false, 3]);
    await holder.query('commit');
    await held;
    await holder.end();
    expect(await numbers()).to.deep.equal({ a: 1, b: 0 });
  });

  it('of one workspace hold up no others that come with them time and again', async () => {
    const holder = new pg.Client(database.pool.options.connectionString);
    await holder.connect();
    await holder.query("begin; update counts set number = number where name = 'a'");
    const of = async (workspaceId: string, work: (tx: Tx) => Promise<void>) =>
      await inAccount(new WorkAccount(workspaceId), async () => await database.transaction(work));
    const stuck: Promise<void>[] = [];
    /** The median of what the quiet one waits for a commit, begun in the same breath as the other's. */
    const waited = async (other: () => void): Promise<number> => {
      const tookMs: number[] = [];
      for (let count = 0; count < 11; count += 1) {
        other();
        const begunAt = performance.now();
        await of('quiet', async (tx) => tx.increment(add, ['b'], 1));
        tookMs.push(performance.now() - begunAt);
      }
      return tookMs.toSorted((one, another) => one - another)[5] ?? 0;
    };
    const alone = await waited(() => {});
    const beside = await waited(() => stuck.push(of('noisy', async (tx) => tx.increment(add, ['a'], 1))));
    // Whoever waits with them for the lock waits 50 ms.
    expect(beside).to.be.below(alone + 25);
    await holder.query('commit');
    await Promise.all(stuck);
    await holder.end();
    expect(await numbers()).to.deep.equal({ a: 11, b: 22 });
  });

  it('wait for counters in no circle, over several processes', async () => {
    const work = sequence(400).map(async (turn) => {
      const names = turn % 2 === 0 ? ['a', 'b'] : ['b', 'a'];
      const addToBoth = async (tx: Tx) => {
        // Half of them are on connections of their own.
        if (turn % 4 < 2) await tx.query(prepared('select'));
        for (const name of names) tx.increment(add, [name], 1);
      };
      await [database, elsewhere][turn % 2]?.transaction(addToBoth);
    });
    await Promise.all(work);
    expect(await numbers()).to.deep.equal({ a: 400, b: 400 });
    const deadlocks = 'select deadlocks::int from pg_stat_database where datname = current_database()';
    expect((await database.pool.query(deadlocks)).rows).to.deep.equal([{ deadlocks: 0 }]);
  });

  it('hear of a lost connection, and are not sent again: they may have been committed', async () => {
    await database.pool.query(`
      create function kill() returns trigger language plpgsql as $$
      begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$;
      create trigger kill after insert on things for each row when (new.id = 3) execute function kill();
    `);
    const ends = await Promise.allSettled([one(1), one(2), one(3)]);
    const losses = ends.map((end) => end.status === 'rejected' && isConnectionLoss(end.reason));
    expect(losses).to.deep.equal([true, true, true]);
    expect(await things()).to.deep.equal([]);
    await database.pool.query('drop trigger kill on things');
    await one(4);
    expect((await things()).map(({ id }) => id)).to.deep.equal([4]);
  });
});
