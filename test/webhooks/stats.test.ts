import { expect } from 'chai';
import { setTimeout as wait } from 'node:timers/promises';
import { nowMs } from '../../src/platform/clock.js';
import { percentileMs, stepOf } from '../../src/webhooks/policy/duration-scale.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf, type Client } from '../support/client.js';
import { createBot, createSubmission } from '../support/factories.js';
import { Receiver } from '../support/receiver.js';
import { startTappedServer } from '../support/wiretap.js';

const quarterMs = 900_000;
const dayMs = 86_400_000;

interface Stats {
  at: string;
  delivered: number;
  failed: number;
  p50Ms: number | null;
  p95Ms: number | null;
}

describe('the scale of durations', () => {
  const told = (ms: number) => {
    const counts = Array<number>(stepOf(ms) + 1).fill(0);
    counts[stepOf(ms)] = 1;
    return percentileMs(counts, 0.5) ?? -1;
  };

  it('tells every duration up to the longest deadline within a tenth, and what is longer as the longest', () => {
    for (let ms = 0; ms <= 120_000; ms += 1) {
      if (Math.abs(told(ms) - ms) > ms / 10) expect.fail(`${ms} ms are told as ${told(ms)}`);
    }
    expect(told(1e9)).to.equal(told(120_000));
  });

  it('is the one that kept histograms were counted by', () => {
    expect([0, 1, 10, 100, 1_000, 15_000, 120_000].map(stepOf)).to.deep.equal([0, 1, 9, 20, 32, 45, 56]);
  });

  it('gives the nearest rank', () => {
    const counts = [0, 50, 45, 4, 1];
    expect([0.01, 0.5, 0.51, 0.95, 0.96, 1].map((part) => percentileMs(counts, part))).to.deep.equal([
      1, 1, 2, 2, 3, 4,
    ]);
    expect(percentileMs([], 0.5)).to.equal(null);
    expect(percentileMs([0, 0], 0.5)).to.equal(null);
  });
});

describe('statistics of webhook endpoints', () => {
  let server: TestServer;
  let receiver: Receiver;
  let tenant: Tenant;
  let graphql: Client['graphql'];

  before(async () => {
    server = await startServer({ env: { WEBHOOK_RETRY_DELAYS: '1h' } });
    receiver = await Receiver.start();
  });
  beforeEach(async () => {
    tenant = await createTenant(server.app);
    ({ graphql } = clientOf(server.url, tenant.key));
    receiver.answer = (response) => void response.end();
  });
  after(async () => {
    await server.stop();
    await receiver.stop();
  });

  async function endpoint(): Promise<string> {
    const { body } = await graphql(
      'mutation ($input: CreateWebhookEndpointInput!) { createWebhookEndpoint(input: $input) { webhookEndpoint { id } } }',
      { input: { url: receiver.url, events: ['submission.completed'] } },
    );
    return body.data.createWebhookEndpoint.webhookEndpoint.id;
  }

  async function submit(count: number): Promise<void> {
    const bot = await createBot(server.app, tenant.workspaceId);
    for (let made = 0; made < count; made += 1) await createSubmission(server.app, bot);
  }

  const query = `query ($id: ID!, $since: DateTime!, $buckets: Int! = 24) { webhookEndpoint(id: $id) {
    stats(since: $since, buckets: $buckets) { at delivered failed p50Ms p95Ms } } }`;
  const ago = (ms: number) => new Date(nowMs() - ms).toISOString();
  async function statsOf(id: string, since = ago(0), buckets?: number): Promise<Stats[]> {
    const { body } = await graphql(query, { id, since, buckets });
    expect(body).to.not.have.property('errors');
    return body.data.webhookEndpoint.stats;
  }

  /** Once so many attempts were counted. */
  async function counted(id: string, attempts: number): Promise<Stats[]> {
    for (;;) {
      const stats = await statsOf(id, ago(quarterMs));
      if (stats.reduce((sum, { delivered, failed }) => sum + delivered + failed, 0) >= attempts) return stats;
      await wait(20);
    }
  }

  it('counts attempts as they end, failed ones too, and tells how long they took within a tenth', async () => {
    const id = await endpoint();
    let requests = 0;
    receiver.answer = (response) => {
      requests += 1;
      if (requests === 5 || requests === 11) response.statusCode = 500;
      setTimeout(() => response.end(), 12 * (requests % 7));
    };
    await submit(20);
    const told = (await counted(id, 20)).filter(({ delivered, failed }) => delivered + failed > 0);
    // One, but where a quarter-hour ended meanwhile.
    expect(told).to.have.length.within(1, 2);
    const sum = (name: 'delivered' | 'failed') => told.reduce((all, stats) => all + stats[name], 0);
    expect([sum('delivered'), sum('failed')]).to.deep.equal([18, 2]);

    const { body } = await graphql(`{ webhookEndpoint(id: "${id}") {
      deliveries(first: 50) { nodes { attempts { timings { totalMs } } } } } }`);
    const took = (
      body.data.webhookEndpoint.deliveries.nodes as { attempts: { timings: { totalMs: number } }[] }[]
    ).flatMap(({ attempts }) => attempts.map(({ timings }) => timings.totalMs));
    took.sort((one, other) => one - other);
    expect(took).to.have.length(20);
    if (told.length > 1) return;
    for (const [part, ms] of [
      [0.5, told[0]?.p50Ms],
      [0.95, told[0]?.p95Ms],
    ] as const) {
      const exact = took[Math.ceil(took.length * part) - 1] ?? 0;
      expect(ms).to.be.within(exact * 0.9, exact * 1.1);
    }
  });

  it('does not count test events', async () => {
    const id = await endpoint();
    const { body } = await graphql(
      'mutation ($input: SendTestEventInput!) { sendTestEvent(input: $input) { attempt { outcome } } }',
      { input: { endpointId: id, type: 'submission.completed' } },
    );
    expect(body.data.sendTestEvent.attempt.outcome).to.equal('SUCCESS');
    await submit(1);
    expect((await counted(id, 1)).reduce((sum, { delivered }) => sum + delivered, 0)).to.equal(1);
  });

  it('gives as many equal stretches of whole quarter-hours as were asked for, from the one of `since` until now', async () => {
    const id = await endpoint();
    await submit(2);
    await counted(id, 2);
    // The same in each quarter-hour of three days, all as long ago as they are told to be.
    const { pool } = server.app.database;
    const nowQuarter = Math.floor(nowMs() / quarterMs) * quarterMs;
    await pool.query(`update webhook_endpoint_stats set at = $2 where endpoint_id = $1`, [id, new Date(nowQuarter)]);
    await pool.query(
      `insert into webhook_endpoint_stats (endpoint_id, at, delivered, failed, durations)
       select endpoint_id, at - n * interval '15 minutes', delivered, 1, durations || 1
       from webhook_endpoint_stats, generate_series(1, 287) n where endpoint_id = $1`,
      [id],
    );
    for (const [agoMs, buckets, widthQuarters] of [
      [0, 1, 1],
      [0, 96, 1],
      [quarterMs, 1, 2],
      [6 * quarterMs, 7, 1],
      [6 * quarterMs, 6, 2],
      [95 * quarterMs, 96, 1],
      [95 * quarterMs, 24, 4],
      [96 * quarterMs, 24, 5],
      [2.9 * dayMs, 12, 24],
    ] as const) {
      const sinceMs = nowQuarter - agoMs;
      const stats = await statsOf(id, new Date(sinceMs + 61_000).toISOString(), buckets);
      // Else a quarter-hour has begun since, and what follows is of the one before.
      if (Math.floor(nowMs() / quarterMs) * quarterMs !== nowQuarter) return;
      const widthMs = widthQuarters * quarterMs;
      const expected = Array.from({ length: buckets }, (_, index) => {
        const from = sinceMs - (sinceMs % quarterMs) + index * widthMs;
        const quarters = Math.max(0, Math.min(widthQuarters, (nowQuarter - from) / quarterMs + 1));
        const hasNow = from <= nowQuarter && nowQuarter < from + widthMs;
        return { at: new Date(from).toISOString(), delivered: 2 * quarters, failed: quarters - (hasNow ? 1 : 0) };
      });
      expect(stats.map(({ at, delivered, failed }) => ({ at, delivered, failed }))).to.deep.equal(expected);
      for (const { delivered, p50Ms, p95Ms } of stats) {
        if (delivered === 0) expect([p50Ms, p95Ms]).to.deep.equal([null, null]);
        else expect(p95Ms).to.be.at.least(p50Ms ?? NaN);
      }
    }
  });

  it('begins 30 days ago at the earliest, and now at the latest', async () => {
    const id = await endpoint();
    const [first] = await statsOf(id, '1970-01-01T00:00:00Z');
    expect(Date.parse(first?.at ?? '')).to.be.within(nowMs() - 30 * dayMs - quarterMs, nowMs() - 30 * dayMs);
    const ahead = await statsOf(id, '2999-01-01T00:00:00Z', 2);
    expect(ahead).to.have.length(2);
    expect(Date.parse(ahead[0]?.at ?? '')).to.be.within(nowMs() - quarterMs, nowMs());
  });

  it('refuses numbers of stretches that it does not give', async () => {
    const id = await endpoint();
    for (const buckets of [0, -1, 97]) {
      const { body } = await graphql(query, { id, since: ago(0), buckets });
      expect(body.errors[0].extensions.code).to.equal('validation_failed');
      expect(body.errors[0].extensions.details.issues[0]).to.include({ path: 'buckets', code: 'out_of_range' });
    }
  });

  it('reads all endpoints of a list in one statement, which counts no attempts', async () => {
    const ids = [await endpoint(), await endpoint(), await endpoint()];
    await submit(3);
    for (const id of ids) await counted(id, 3);
    // A worker would ask the database now and then.
    const beside = await startTappedServer({ role: 'api', beside: server });
    const all = `query ($since: DateTime!) { webhookEndpoints(first: 50) { nodes {
      id stats(since: $since) { at delivered failed p50Ms p95Ms } } } }`;
    let body: { data: { webhookEndpoints: { nodes: { id: string; stats: Stats[] }[] } } } | undefined;
    const texts = await beside.tap.statementsOf(async () => {
      ({ body } = await clientOf(beside.url, tenant.key).graphql(all, { since: ago(quarterMs) }));
    });
    await beside.stop();
    const nodes = body?.data.webhookEndpoints.nodes ?? [];
    expect(nodes.map(({ id }) => id)).to.have.members(ids);
    for (const { stats } of nodes) {
      expect(stats).to.have.length(24);
      expect(stats.reduce((sum, { delivered }) => sum + delivered, 0)).to.equal(3);
    }
    const asked = texts.filter((text) => !/from api_keys|rate/.test(text));
    expect(asked.filter((text) => text.includes('webhook_endpoint_stats '))).to.have.length(1);
    expect(asked.filter((text) => text.includes('webhook_attempts'))).to.have.length(0);
    expect(asked).to.have.length(2);
  });

  it("tells nothing of another workspace's endpoints, nor without the scope", async () => {
    const id = await endpoint();
    const other = await createTenant(server.app);
    const { body } = await clientOf(server.url, other.key).graphql(query, { id, since: ago(0) });
    expect(body.errors[0].extensions.code).to.equal('resource_not_found');
    const without = await createTenant(server.app, 'BUSINESS', ['read:contacts']);
    const refused = await clientOf(server.url, without.key).graphql(query, { id, since: ago(0) });
    expect(refused.body.errors[0].extensions.code).to.equal('insufficient_scopes');
  });
});
