import { expect } from 'chai';
import type { ClientBase, PoolClient } from 'pg';
import { dataSourceFor } from '../../../ormconfig.js';
import { poolOf } from '../../../src/platform/postgres/database-client.js';
import {
  InternalClient,
  InternalQuery,
  runnerOn,
  sendQuery,
  socketOf,
} from '../../../src/platform/postgres/driver-internals.js';
import { Workspace } from '../../../src/workspaces/workspace.entity.js';
import { cloneDatabase } from '../../support/postgres.js';

/** What `driver-internals.ts` relies on, of the versions that are installed. */
describe('what pg and TypeORM do without documenting it', () => {
  let url: string;
  let drop: () => Promise<void>;
  let client: InternalClient;

  before(async () => {
    ({ url, drop } = await cloneDatabase());
    client = new InternalClient({ connectionString: url });
    await client.connect();
  });
  after(async () => {
    await client.end();
    expect(client._ending).to.equal(true);
    await drop();
  });

  const sent = async (target: ClientBase, query: InternalQuery) =>
    await new Promise<object[]>((resolve, reject) => {
      sendQuery(target, query, (error, result) => (error ? reject(error) : resolve(result.rows)));
    });

  it('pg sends a query object as it is, under its name, and hands it each row as it comes', async () => {
    const sizes: number[] = [];
    const rowsBefore: number[] = [];
    class Counted extends InternalQuery {
      override handleDataRow(message: { length: number }): void {
        sizes.push(message.length);
        rowsBefore.push(this._result.rows.length);
        super.handleDataRow(message);
      }
    }
    const query = Object.assign(new Counted('select repeat($1, n) as x from generate_series(1, 2) n', ['x']), {
      name: 'counted',
    });
    expect(await sent(client, query)).to.deep.equal([{ x: 'x' }, { x: 'xx' }]);
    expect(sizes).to.have.length(2);
    expect(sizes[1]).to.equal((sizes[0] ?? 0) + 1);
    expect(rowsBefore).to.deep.equal([0, 1]);
    const kept = await client.query<{ name: string }>('select name from pg_prepared_statements');
    expect(kept.rows).to.deep.equal([{ name: 'counted' }]);
  });

  it('pg asks nobody but the callback of a query, which may be another by the end', async () => {
    const query = new InternalQuery('select 1 as one', undefined);
    const answer = await new Promise<unknown>((resolve) => {
      sendQuery(client, query, () => resolve('the first'));
      query.callback = (_error, { rows }) => resolve(rows);
    });
    expect(answer).to.deep.equal([{ one: 1 }]);
  });

  it('pg says what a connection says at its start, which backend it has, and what it waits for', async () => {
    expect(client.getStartupConf()).to.include({ user: new URL(url).username });
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    expect(client.processID).to.equal(rows[0]?.pid);
    expect(client._getActiveQuery()).to.equal(null);
    const slow = client.query('select pg_sleep(0.1)');
    expect(client._getActiveQuery()).to.be.an('object');
    expect(client._sentQueryQueue).to.deep.equal([]);
    expect(client._ending).to.equal(false);
    await slow;
  });

  it('pg writes to a socket that can be corked, counts what it hears, and ends the connection', async () => {
    const socket = socketOf(client);
    const heard = socket.bytesRead;
    socket.cork();
    const asked = client.query('select 1');
    expect(socket.writableLength).to.be.greaterThan(0);
    socket.uncork();
    await asked;
    expect(socket.bytesRead).to.be.greaterThan(heard);

    const doomed = new InternalClient({ connectionString: url });
    await doomed.connect();
    const ended = new Promise((resolve) => doomed.on('error', resolve));
    socketOf(doomed).destroy(new Error('ours'));
    expect(await ended).to.have.property('message', 'ours');
  });

  it("TypeORM's runner works within the transaction on the connection that it is given, and opens it when it has to", async () => {
    const source = await dataSourceFor(url).initialize();
    const pool = poolOf({ connectionString: url, max: 1 });
    let ours: PoolClient | undefined;
    const open = async () => {
      ours = await pool.connect();
      await ours.query('begin');
      return ours;
    };
    let opening: Promise<PoolClient> | undefined;
    const runner = runnerOn(source, () => (opening ??= open()));
    expect(opening).to.equal(undefined);
    const at = new Date();
    await runner.manager.save(Workspace, {
      id: 'w',
      name: 'W',
      plan: 'PRO',
      storedBytes: 0,
      createdAt: at,
      updatedAt: at,
    });
    const [row] = await runner.manager.query<{ pid: number }[]>('select pg_backend_pid() as pid');
    expect(row?.pid).to.equal((ours as unknown as InternalClient).processID);
    expect(await runner.manager.count(Workspace)).to.equal(1);
    // Had TypeORM begun and committed a transaction of its own around `save`, the row would stay.
    await ours?.query('rollback');
    expect(await runner.manager.count(Workspace)).to.equal(0);
    ours?.release();
    await pool.end();
    await source.destroy();
  });
});
