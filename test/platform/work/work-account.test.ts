import { expect } from 'chai';
import { request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { pino } from 'pino';
import { inAccountOf } from '../../../src/platform/work/work-account.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../../support/app.js';
import { clientOf, type Answer } from '../../support/client.js';
import { createBot, operator } from '../../support/factories.js';
import { personAt, signIn } from '../../support/people.js';
import { cloneDatabase } from '../../support/postgres.js';
import { Receiver } from '../../support/receiver.js';
import { Relay } from '../../support/relay.js';

/** Of statements of a request, as the contract has it. */
const statementMsMax = 10_000;
const ofEachMax = 6;
const heavyOfEachMax = 2;

type Loose = Answer<Record<string, { code?: string; message?: string; details?: object }>>;

interface Ended {
  status: number;
  code: string | null;
  message: string | null;
  retryAfter: string | null;
  ms: number;
}

/** How a request ended, and after how long. */
async function endOf(asked: Promise<Loose>): Promise<Ended> {
  const askedAt = performance.now();
  const { status, body, headers } = await asked;
  const errors = body['errors'] as unknown as { message: string; extensions: { code: string } }[] | undefined;
  const code = body['error']?.code ?? errors?.[0]?.extensions.code ?? null;
  const message = body['error']?.message ?? errors?.[0]?.message ?? null;
  return { status, code, message, retryAfter: headers.get('retry-after'), ms: performance.now() - askedAt };
}

describe('what one request has the database do', () => {
  let server: TestServer;
  let noisy: Tenant;
  let quiet: Tenant;
  let holder: pg.Client;
  let onlooker: pg.Client;
  /** Lines of the server's log. */
  const errors: string[] = [];

  before(async () => {
    const log = pino({ level: 'error' }, { write: (line) => void errors.push(line) });
    server = await startServer({ env: { TRUSTED_PROXIES: '127.0.0.1/32' }, log });
    [noisy, quiet] = [await createTenant(server.app), await createTenant(server.app)];
    [holder, onlooker] = [1, 2].map(() => new pg.Client({ connectionString: server.databaseUrl })) as [
      pg.Client,
      pg.Client,
    ];
    await Promise.all([holder.connect(), onlooker.connect()]);
  });
  after(async () => {
    await Promise.all([holder.end(), onlooker.end()]);
    await server.stop();
  });

  /** What reads records waits, until it is released. */
  const hold = async () => await holder.query('begin; lock table records in access exclusive mode');
  const release = async () => await holder.query('rollback');
  /** Statements that the server has under way, on whichever connections. */
  const underWay = async (text = 'from records'): Promise<number> => {
    const found = await onlooker.query(
      "select from pg_stat_activity where datname = current_database() and state = 'active' and query ilike $1",
      [`%${text}%`],
    );
    return found.rowCount ?? 0;
  };
  const waitingForLocks = async (): Promise<number> => {
    const found = await onlooker.query(
      "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    );
    return found.rowCount ?? 0;
  };
  /** Neither a brief read nor a heavy one. */
  const anyRecords = async ({ key }: Tenant) =>
    await clientOf(server.url, key).graphql('{ records(first: 100) { nodes { id } } }');
  /** A list by a filter, which is heavy. */
  const ofType = async (tenant: Tenant, type: string) =>
    await clientOf(server.url, tenant.key).graphql(
      'query ($type: String) { records(filter: { recordType: $type }) { nodes { id } } }',
      { type },
    );

  // They take their time beside each other.
  let silence: ReturnType<typeof readInSilence>;
  before(() => void (silence = readInSilence()));

  describe('while many of several workspaces take long', () => {
    let ends: Promise<Ended[]>;
    let overRest: Promise<Ended>;
    let others: Promise<Ended[]>[];

    before(async () => {
      await hold();
      ends = Promise.all(Array.from({ length: 10 }, async () => await endOf(anyRecords(noisy))));
      const [one, two] = [await createTenant(server.app), await createTenant(server.app)];
      overRest = endOf(clientOf(server.url, one.key).rest('GET', '/records?limit=100'));
      while ((await underWay()) < ofEachMax + 1) await wait(10);
      others = [one, two].map(
        async (tenant) => await Promise.all([1, 2, 3, 4, 5, 6].map(async () => await endOf(anyRecords(tenant)))),
      );
      while ((await underWay()) < ofEachMax + 2) await wait(10);
    });
    after(async () => {
      await release();
    });

    it('has no more than its share under way, and leaves room for others', async () => {
      expect(await waitingForLocks()).to.be.within(ofEachMax + 2, 11);
    });

    it('holds up no sign-in, no readiness, no other workspace, no job and no delivery', async () => {
      const receiver = await Receiver.start();
      const { rest } = clientOf(server.url, quiet.key);
      const askedAt = performance.now();
      const person = personAt(server.url);
      const { email, password } = quiet.owner;
      const signedIn = await signIn(person, email, password);
      expect(signedIn.body.data.signIn.viewer.role).to.equal('OWNER');
      expect((await fetch(`${server.url}/readyz`)).status).to.equal(200);
      const bot = await createBot(server.app, quiet.workspaceId, {
        schema: [{ name: 'note', label: 'N', type: 'text' }],
      });
      await rest('POST', '/webhooks', { url: receiver.url, events: ['submission.completed'] });
      const path = `/intake-bots/${bot.id}/submissions`;
      expect((await rest('POST', path, { data: { note: 'quiet' } })).status).to.equal(200);
      expect((await rest('GET', `${path}?limit=100`)).body.data.submissions).to.have.length(1);
      await receiver.arrived(1);
      expect(performance.now() - askedAt).to.be.below(statementMsMax / 2);
      await receiver.stop();
    });

    it('is refused with 429 what is beyond its share, and with 503 what took longer than 10 s', async function () {
      this.timeout(30_000);
      const all = await ends;
      const refused = all.filter(({ code }) => code === 'rate_limit_exceeded');
      const ended = all.filter(({ code }) => code === 'service_unavailable');
      expect([refused.length, ended.length]).to.deep.equal([all.length - ofEachMax, ofEachMax]);
      for (const { ms } of refused) expect(ms).to.be.below(statementMsMax / 2);
      for (const { ms } of ended) expect(ms).to.be.within(statementMsMax - 1_000, 2 * statementMsMax);
      // Who only tried again would wait for the same, in vain.
      for (const { message } of [...ended, await overRest]) expect(message).to.contain('Ask for less');
      for (const { code } of (await Promise.all(others)).flat()) {
        expect(code).to.be.oneOf(['rate_limit_exceeded', 'service_unavailable']);
      }
      const { status, code, retryAfter } = await overRest;
      expect({ status, code }).to.deep.equal({ status: 503, code: 'service_unavailable' });
      expect(Number(retryAfter)).to.be.at.least(1);
      while ((await underWay()) > 0) await wait(10);
    });
  });

  it('ends with the caller who left, whose place another gets, and is no error in the log', async () => {
    errors.length = 0;
    await hold();
    const body = JSON.stringify({ query: '{ records(first: 100) { nodes { id } } }' });
    const headers = { Authorization: `Bearer ${noisy.key}`, 'Content-Type': 'application/json' };
    const calls = Array.from({ length: 8 }, (_, n) => {
      const [path, method, sent] =
        n % 2 === 0 ? ['/graphql', 'POST', body] : ['/api/v1/records?limit=100', 'GET', null];
      const call = request(`${server.url}${path}`, { method, headers, agent: false });
      call.on('error', () => {}).end(sent);
      return call;
    });
    while ((await underWay()) < ofEachMax) await wait(10);
    for (const call of calls) call.destroy();
    const askedAt = performance.now();
    while ((await underWay()) > 0) await wait(10);
    expect(performance.now() - askedAt).to.be.below(statementMsMax / 5);
    await release();
    expect((await anyRecords(noisy)).body.data.records.nodes).to.deep.equal([]);
    expect(errors).to.deep.equal([]);
  });

  it('has no more heavy ones under way than its share, whose excess is 429, and holds up nothing else by them', async () => {
    await hold();
    const ends: (string | null)[] = [];
    const asked = Array.from({ length: 6 }, async (_, index) => {
      ends.push((await endOf(ofType(noisy, `heavy ${index}`))).code);
    });
    while ((await underWay()) < heavyOfEachMax) await wait(10);
    const others = [endOf(anyRecords(noisy)), endOf(ofType(quiet, 'x'))];
    while (ends.length < asked.length - heavyOfEachMax) await wait(10);
    expect(new Set(ends)).to.deep.equal(new Set(['rate_limit_exceeded']));
    expect(await underWay()).to.equal(heavyOfEachMax + others.length);
    await release();
    await Promise.all(asked);
    expect(ends.slice(-heavyOfEachMax)).to.deep.equal([null, null]);
    expect((await Promise.all(others)).map(({ code }) => code)).to.deep.equal([null, null]);
  });

  it('counts to the end of a list as such', async () => {
    await hold();
    const { app } = server;
    const actor = await operator(app, noisy.workspaceId);
    const asked = Array.from({ length: 6 }, async () =>
      inAccountOf(actor, null, async () => app.records.count(actor, {})),
    );
    const counts = 'count(*)%from records';
    while ((await underWay(counts)) < heavyOfEachMax) await wait(10);
    await wait(300);
    expect(await underWay(counts)).to.equal(heavyOfEachMax);
    await release();
    expect(await Promise.all(asked)).to.deep.equal([0, 0, 0, 0, 0, 0]);
  });

  it('holds up no sign-in by another, whose workspace nobody has locked', async () => {
    await holder.query('begin');
    await holder.query('select from audit_chains where workspace_id = $1 for update', [noisy.workspaceId]);
    const comes = async (address: string, { owner }: Tenant) =>
      await endOf(signIn(personAt(server.url, address), owner.email, owner.password));
    let isOver = 0;
    const stuck = ['203.0.113.1', '203.0.113.1', '203.0.113.1', '203.0.113.2'].map(async (from) => {
      await comes(from, noisy);
      isOver += 1;
    });
    while ((await waitingForLocks()) < 2) await wait(10);
    const { code } = await comes('198.51.100.7', quiet);
    expect([code, isOver]).to.deep.equal([null, 0]);
    await holder.query('rollback');
    await Promise.all(stuck);
  });

  it('is given up soon after its time when the database falls silent on an open connection', async () => {
    const { ended, next } = await silence;
    expect(ended.code).to.equal('service_unavailable');
    expect(ended.ms).to.be.below(1.5 * statementMsMax);
    expect(next).to.equal(200);
  });
});

/** How a read ends on a connection that was open when the database fell silent, and what comes of the next one. */
async function readInSilence(): Promise<{ ended: Ended; next: number }> {
  const { url: direct, drop } = await cloneDatabase();
  const relay = await Relay.start();
  relay.target = Number(new URL(direct).port);
  const server = await startServer({
    role: 'api',
    databaseUrl: direct.replace(`:${relay.target}/`, `:${relay.port}/`),
  });
  const tenant = await createTenant(server.app);
  const { graphql } = clientOf(server.url, tenant.key);
  const query = '{ contacts(filter: { tag: "x" }) { nodes { id } } }';
  await graphql(query);
  relay.hold();
  const ended = await endOf(graphql(query));
  relay.release();
  const { status: next } = await graphql(query);
  await server.stop();
  await relay.stop();
  await drop();
  return { ended, next };
}
