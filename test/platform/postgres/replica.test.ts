import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { dataSourceFor } from '../../../ormconfig.js';
import { Database } from '../../../src/platform/postgres/database.js';
import { forReplica, prepared } from '../../../src/platform/postgres/statement.js';
import { inAccount, WorkAccount } from '../../../src/platform/work/work-account.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../../support/app.js';
import { clientOf } from '../../support/client.js';
import { contactForm, createBot } from '../../support/factories.js';
import { OwnPostgres } from '../../support/own-postgres.js';

/** Two processes, a primary and a replica that streams from it. */
describe('lists of a server that has a replica', function () {
  this.timeout(60_000);

  let pair: Awaited<ReturnType<typeof OwnPostgres.startPair>>;
  let first: TestServer;
  let second: TestServer;
  let tenant: Tenant;
  let other: string;
  let botId: string;

  before(async () => {
    const counted = { shared_preload_libraries: 'pg_stat_statements' };
    // So late that whoever does not wait for it sees what was there before.
    pair = await OwnPostgres.startPair(counted, { recovery_min_apply_delay: '8ms', max_standby_streaming_delay: '0' });
    await pair.primary.query('create extension pg_stat_statements');
    const env = { DATABASE_REPLICA_URL: pair.standby.url() };
    first = await startServer({ databaseUrl: pair.primary.url(), env, role: 'api' });
    second = await startServer({ beside: first, env, role: 'api' });
    tenant = await createTenant(first.app);
    botId = (await createBot(first.app, tenant.workspaceId, { schema: contactForm })).id;
    const scopes = ['read:submissions'] as const;
    const input = { name: 'Other', scopes: [...scopes], allowedCidrs: [], documentsOnly: false };
    other = await first.app.database.transaction(
      async (tx) => (await first.app.apiKeys.insert(tx, tenant.workspaceId, input)).secret,
    );
  });
  after(async () => {
    await second?.stop();
    await first?.stop();
    await pair?.stop();
  });

  const path = () => `/intake-bots/${botId}/submissions`;
  const create = async (n: number) => {
    const data = { full_name: 'Ada', email: `p${n}@example.com` };
    const { status, body } = await clientOf(first.url, tenant.key).rest('POST', path(), { data });
    expect(status, JSON.stringify(body)).to.equal(200);
    return body.data.submission.id as string;
  };
  const newest = async ({ url }: TestServer, key: string) => {
    const { status, body } = await clientOf(url, key).rest('GET', `${path()}?limit=1`);
    expect(status, JSON.stringify(body)).to.equal(200);
    return body.data.submissions[0]?.id as string | undefined;
  };
  const reads = ({ app }: TestServer) => ({ ...app.database.replicaReads! });
  const lists =
    "select sum(calls)::int as calls from pg_stat_statements where query like '%from submissions s where%limit%'";
  const callsOn = async (server: OwnPostgres) => (await server.query<{ calls: number | null }>(lists))[0]?.calls ?? 0;
  /** Until a list comes from the replica again. */
  const served = async () => {
    const { served: before } = reads(second);
    for (const endsAt = performance.now() + 30_000; reads(second).served === before;) {
      expect(performance.now()).to.be.below(endsAt);
      await newest(second, other);
      await delay(100);
    }
  };

  it('come from the replica', async () => {
    await create(1);
    await served();
    for (const server of [pair.primary, pair.standby]) await server.query('select pg_stat_statements_reset()');
    for (let n = 0; n < 10; n += 1) await newest(second, tenant.key);
    expect(await callsOn(pair.standby)).to.be.at.least(10);
    expect(await callsOn(pair.primary)).to.equal(0);
    const { body } = await clientOf(second.url, tenant.key).graphql('{ submissions { totalCount } }');
    expect(body.data.submissions.totalCount).to.equal(1);
    const metrics = await (await fetch(`${second.url}/metrics`)).text();
    expect(metrics).to.match(/iozen_db_replica_reads_total\{outcome="served"\} [1-9]/);
  });

  it('show at once what was written, to each key and in each process, and still come from the replica', async () => {
    await served();
    const before = reads(second).served + reads(first).served;
    for (let n = 100; n < 140; n += 1) {
      const id = await create(n);
      const seen = await Promise.all([newest(second, tenant.key), newest(second, other), newest(first, other)]);
      expect(seen).to.deep.equal([id, id, id]);
    }
    // A busy machine may be late now and then.
    expect(reads(second).served + reads(first).served - before).to.be.at.least(40);
  });

  it('are right while the replica replays nothing, and come from the replica again afterwards', async () => {
    await served();
    await pair.standby.query('select pg_wal_replay_pause()');
    const { late } = reads(second);
    for (let n = 200; n < 210; n += 1) {
      const id = await create(n);
      expect(await newest(second, other)).to.equal(id);
    }
    expect(reads(second).late).to.be.above(late);
    await pair.standby.query('select pg_wal_replay_resume()');
    await served();
  });

  it('go on while the replica is stopped, and come from it again once it is back', async () => {
    await served();
    await pair.standby.end();
    const id = await create(300);
    for (let n = 0; n < 5; n += 1) expect(await newest(second, tenant.key)).to.equal(id);
    expect(reads(second).lost).to.be.above(0);
    expect((await fetch(`${second.url}/readyz`)).status).to.equal(200);
    await pair.standby.launch();
    await served();
  });

  it('go on while the replica hangs', async () => {
    await served();
    const pids = await pair.standby.query<{ pid: number }>(
      "select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()",
    );
    for (const { pid } of pids) process.kill(pid, 'SIGSTOP');
    try {
      const id = await create(400);
      const startedAt = performance.now();
      expect(await newest(second, tenant.key)).to.equal(id);
      expect(performance.now() - startedAt).to.be.below(3_000);
    } finally {
      for (const { pid } of pids) process.kill(pid, 'SIGCONT');
    }
    await served();
  });

  it('come from the primary where what they read has to be removed by the replay', async () => {
    await pair.primary.query('create table things (id int)');
    await pair.primary.query('insert into things select generate_series(1, 100)');
    const database = new Database(await dataSourceFor(pair.primary.url()).initialize(), pair.standby.url());
    const slow = forReplica(
      prepared<{ count: number }>(
        'select count(*)::int as count from things t cross join lateral (select pg_sleep(0.01 + t.id * 0)) s',
      ),
    );
    const read = async () =>
      (await inAccount(new WorkAccount('one'), async () => await database.query(slow)))[0]?.count;
    try {
      while (database.replicaReads?.served === 0) expect(await read()).to.equal(100);
      const reading = read();
      await delay(300);
      await pair.primary.query('delete from things where id > 50');
      await pair.primary.query('vacuum things');
      expect(await reading).to.equal(50);
      expect(database.replicaReads).to.include({ conflict: 1 });
    } finally {
      await database.close();
    }
  });
});
