import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import pg from 'pg';
import { DataSource, type MigrationInterface, type QueryRunner } from 'typeorm';
import { dataSourceFor } from '../../../ormconfig.js';
import { migrate } from '../../../src/platform/postgres/migrate.js';
import { cloneDatabase } from '../../support/postgres.js';

class AddColumn1790000009998 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table contacts add column first integer');
  }
  async down(): Promise<void> {}
}

class AddAnother1790000009999 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table submissions add column second integer');
  }
  async down(): Promise<void> {}
}

describe('a change of a table', () => {
  it('never keeps others waiting behind it while it waits for who uses the table, and comes about in the end', async () => {
    const { url, drop } = await cloneDatabase();
    const { options } = dataSourceFor(url);
    const migrations = [AddColumn1790000009998, AddAnother1790000009999];
    const source = await new DataSource({ ...options, migrations }).initialize();
    const [user, other] = [new pg.Client(url), new pg.Client(url)];
    await Promise.all([user.connect(), other.connect()]);
    try {
      // A report that takes long, or a transaction that somebody has left open.
      await user.query('begin');
      await user.query('select from submissions limit 1');
      const told: number[][] = [];
      const applied = migrate(source, (...far) => told.push(far));
      const waiting =
        "select from pg_locks where relation = 'submissions'::regclass and mode = 'AccessExclusiveLock' and not granted";
      while ((await other.query(waiting)).rowCount === 0) await wait(5);
      // Beyond this bound it would fail; without the guarantee it would wait for the report.
      await other.query("set lock_timeout = '5s'");
      for (let asked = 0; asked < 3; asked += 1) await other.query('select from submissions limit 1');
      await user.query('commit');
      expect(await applied).to.deep.equal(['AddColumn1790000009998', 'AddAnother1790000009999']);
      expect(told, 'how far it was').to.deep.equal([
        [0, 2],
        [1, 2],
        [2, 2],
      ]);
      expect(await migrate(source)).to.deep.equal([]);
    } finally {
      await Promise.all([user.end(), other.end()]);
      await source.destroy();
      await drop();
    }
  });
});
