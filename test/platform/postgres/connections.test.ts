import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { retentionCron, retentionQueue } from '../../../src/submissions/retention.js';
import { forReplica, pipelined, prepared } from '../../../src/platform/postgres/statement.js';
import { inAccount, WorkAccount } from '../../../src/platform/work/work-account.js';
import { startServer, type TestServer } from '../../support/app.js';
import { OwnPostgres } from '../../support/own-postgres.js';

/** As many as everything that a process does wants at the same time. */
describe('the connections of a process', function () {
  this.timeout(60_000);

  let pair: Awaited<ReturnType<typeof OwnPostgres.startPair>>;
  let server: TestServer;

  before(async () => {
    pair = await OwnPostgres.startPair();
    await pair.primary.query('create table things (id int primary key)');
    server = await startServer({
      databaseUrl: pair.primary.url(),
      env: { DATABASE_REPLICA_URL: pair.standby.url() },
    });
  });
  after(async () => {
    await server?.stop();
    await pair?.stop();
  });

  const countOn = async (one: OwnPostgres) =>
    (
      await one.query<{ count: number }>(
        "select count(*)::int as count from pg_stat_activity where application_name like 'iozen%'",
      )
    )[0]?.count ?? 0;

  it('are no more than the budget that operators are told, and as many under load', async () => {
    const { database, jobs } = server.app;
    const [short, long] = [pipelined('select pg_sleep(0.02)'), prepared('select pg_sleep(0.4)')];
    const insert = prepared('insert into things values ($1)');
    const one = prepared('select 1');
    const enough = new AbortController();
    let next = 0;
    const repeat = async (work: () => Promise<unknown>) => {
      // What finds no connection in time is refused, and asks again.
      while (!enough.signal.aborted) await work().catch(() => {});
    };
    const as = (workspaceId: string | null, work: () => Promise<unknown>) => async () =>
      await inAccount(Object.assign(new WorkAccount(workspaceId), { address: 'one' }), work);
    const write = async () => await database.transaction((tx) => Promise.resolve(tx.write(insert, [(next += 1)])));
    const readAndWrite = async () =>
      await database.transaction(async (tx) => {
        await tx.query(one);
        await tx.query(long);
      });
    const kinds: (() => Promise<unknown>)[] = [
      async () => await database.query(long),
      async () => await database.reserved.query(long),
      async () => await jobs.schedule(retentionQueue.name, retentionCron),
      as(null, async () => await database.query(long)),
    ];
    for (const workspace of ['a', 'b', 'c', 'd', 'e']) {
      kinds.push(
        as(workspace, async () => await database.query(short)),
        as(workspace, async () => await database.query(long)),
        as(workspace, async () => await database.query(forReplica(short))),
        as(workspace, async () => await database.query(forReplica(long))),
        as(workspace, readAndWrite),
        as(workspace, write),
      );
    }
    const working = kinds.flatMap((kind) => Array.from({ length: 8 }, async () => await repeat(kind)));
    const [primary, replica] = [[0], [0]];
    for (let looks = 0; looks < 40; looks += 1) {
      primary.push(await countOn(pair.primary));
      replica.push(await countOn(pair.standby));
      await delay(100);
    }
    enough.abort();
    await Promise.all(working);

    const text = await readFile('docs/operating.md', 'utf8');
    const [, ofPrimary, ofReplica] =
      /at most (\d+) connections to the primary, [^.]*at most (\d+) to the\s+replica/.exec(text) ?? [];
    expect(Math.max(...primary)).to.be.within(Number(ofPrimary) - 3, Number(ofPrimary));
    expect(Math.max(...replica)).to.be.within(Number(ofReplica) - 3, Number(ofReplica));
  });
});
