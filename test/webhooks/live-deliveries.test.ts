import { expect } from 'chai';
import { setTimeout as wait } from 'node:timers/promises';
import { createClient, type Client as StreamClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { newId } from '../../src/platform/id.js';
import { DeliveryFollower } from '../../src/webhooks/deliveries/delivery-follower.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf, type Client } from '../support/client.js';
import { createBot, createSubmission } from '../support/factories.js';
import { liveBytes } from '../support/live-bytes.js';
import { memberOf } from '../support/people.js';
import { Receiver } from '../support/receiver.js';
import { startTappedServer, type TappedServer } from '../support/wiretap.js';
import { WebhookFixture } from './webhook-fixture.js';

interface Told {
  id: string;
  status: string;
  atMs: number;
}

/** The deliveries of a workspace, as its stream tells them. */
class Stream {
  readonly told: Told[] = [];
  /** What ended it; null while it lasts. */
  over: unknown = null;
  private readonly client: StreamClient;

  constructor(url: string, key: string, endpointId: string | null = null) {
    this.client = createClient({
      url: `${url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      connectionParams: { authorization: `Bearer ${key}` },
    });
    const query = 'subscription ($id: ID) { deliveryUpdated(endpointId: $id) { id status } }';
    this.client.subscribe<{ deliveryUpdated: Omit<Told, 'atMs'> }>(
      { query, variables: { id: endpointId } },
      {
        next: ({ data, errors }) => {
          if (data) this.told.push({ ...data.deliveryUpdated, atMs: performance.now() });
          else this.over = errors;
        },
        error: (error) => (this.over = error),
        complete: () => (this.over ??= 'complete'),
      },
    );
  }

  /** What was told of a delivery, in order. */
  of(id: string): string[] {
    return this.told.filter((one) => one.id === id).map(({ status }) => status);
  }

  /** What was last told of each delivery. */
  last(): Map<string, string> {
    return new Map(this.told.map(({ id, status }) => [id, status]));
  }

  async until(isSo: () => boolean, timeoutMs = 20_000): Promise<void> {
    for (const endsAt = performance.now() + timeoutMs; !isSo(); await wait(10)) {
      if (performance.now() > endsAt) throw new Error(`${isSo.toString()}: not after ${JSON.stringify(this.told)}`);
      if (this.over !== null) throw new Error(`it ended: ${JSON.stringify(this.over)}`);
    }
  }

  async close(): Promise<void> {
    await this.client.dispose();
  }
}

describe('a stream of all deliveries of a workspace', function () {
  this.timeout(60_000);

  let tapped: TappedServer;
  let server: TestServer;
  let receiver: Receiver;
  let tenant: Tenant;
  let graphql: Client['graphql'];
  let submit: (count?: number) => Promise<void>;
  let streams: Stream[] = [];

  before(async () => {
    tapped = await startTappedServer({ env: { WEBHOOK_RETRY_DELAYS: '1h' } });
    server = tapped;
    receiver = await Receiver.start();
  });
  after(async () => {
    await server.stop();
    await receiver.stop();
  });
  beforeEach(async () => {
    receiver.answer = (response) => void response.end();
    tenant = await createTenant(server.app);
    ({ graphql } = clientOf(server.url, tenant.key));
    const bot = await createBot(server.app, tenant.workspaceId);
    submit = async (count = 1) => {
      for (let made = 0; made < count; made += 1) await createSubmission(server.app, bot);
    };
  });
  afterEach(async () => {
    for (const stream of streams) await stream.close();
    streams = [];
  });

  async function mutate(name: string, input: object, selected: string) {
    const query = `mutation ($input: ${name[0]?.toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { ${selected} } }`;
    const { body } = await graphql(query, { input });
    expect(body).to.not.have.property('errors');
    return body.data[name];
  }

  async function endpoint(): Promise<string> {
    const input = { url: receiver.url, events: ['submission.completed'] };
    return (await mutate('createWebhookEndpoint', input, 'webhookEndpoint { id }')).webhookEndpoint.id;
  }

  /** A stream that is known to be told; what it was told until then is forgotten. */
  async function follow(endpointId: string | null = null): Promise<Stream> {
    const stream = new Stream(server.url, tenant.key, endpointId);
    streams.push(stream);
    // It may come before the subscription is known: another follows.
    while (stream.told.length === 0) {
      await submit();
      await wait(100);
    }
    await quiet();
    await stream.until(() => [...stream.last().values()].every((status) => status === 'DELIVERED'));
    stream.told.length = 0;
    return stream;
  }

  const deliveries = async () => {
    const { body } = await graphql('{ webhookDeliveries(first: 100) { nodes { id status } } }');
    return body.data.webhookDeliveries.nodes as { id: string; status: string }[];
  };
  const quiet = async () => {
    while ((await deliveries()).some(({ status }) => ['PENDING', 'DELIVERING'].includes(status))) await wait(20);
  };

  it('tells that a delivery was made, is being attempted for long, and ended', async () => {
    await endpoint();
    const stream = await follow();
    let answer = () => {};
    receiver.answer = (response) => (answer = () => void response.end());
    await submit();
    await stream.until(() => stream.told.at(-1)?.status === 'DELIVERING');
    answer();
    await stream.until(() => stream.told.at(-1)?.status === 'DELIVERED');
    expect(stream.of(stream.told[0]?.id ?? '')).to.deep.equal(['PENDING', 'DELIVERING', 'DELIVERED']);
    expect(stream.told).to.have.length(3);
  });

  it('tells of every endpoint, also of one that is new, and of no other workspace', async () => {
    await endpoint();
    const stream = await follow();
    const other = await createTenant(server.app);
    const otherStream = new Stream(server.url, other.key);
    streams.push(otherStream);
    await endpoint();
    await submit();
    await stream.until(() => [...stream.last().values()].filter((status) => status === 'DELIVERED').length === 2);
    expect(otherStream).to.deep.include({ told: [], over: null });
  });

  it('tells that deliveries are retried, held, made while held, no longer held, and skipped', async () => {
    const id = await endpoint();
    const stream = await follow();
    receiver.answer = (response) => void response.writeHead(500).end();
    await submit();
    await stream.until(() => stream.told.at(-1)?.status === 'RETRYING');
    const first = stream.told.at(-1)?.id ?? '';
    await mutate('pauseWebhookEndpoint', { id }, 'webhookEndpoint { status }');
    await stream.until(() => stream.last().get(first) === 'HELD');
    await submit();
    await stream.until(() => stream.last().size === 2 && stream.told.at(-1)?.status === 'HELD');
    await mutate('resumeWebhookEndpoint', { id, skipHeld: true }, 'webhookEndpoint { status }');
    await stream.until(() => [...stream.last().values()].every((status) => status === 'SKIPPED'));
    await submit();
    await stream.until(() => stream.last().size === 3 && stream.told.at(-1)?.status === 'RETRYING');
    await mutate('deleteWebhookEndpoint', { id }, 'id');
    await stream.until(() => [...stream.last().values()].every((status) => status === 'SKIPPED'));
  });

  it('tells of one endpoint alone what is held from its making, and of a new one nothing before its first attempt', async () => {
    const [id, other] = [await endpoint(), await endpoint()];
    const stream = await follow(id);
    await submit();
    await stream.until(() => stream.told.at(-1)?.status === 'DELIVERED');
    expect(stream.told.map(({ status }) => status)).to.not.include('PENDING');
    for (const paused of [id, other])
      await mutate('pauseWebhookEndpoint', { id: paused }, 'webhookEndpoint { status }');
    // What was open when they were paused is gone through, and the other's is not told.
    await wait(1_000);
    stream.told.length = 0;
    await submit();
    await stream.until(() => stream.told.at(-1)?.status === 'HELD');
    await wait(300);
    expect(stream.told).to.have.length(1);
  });

  it('tells at once of what is sent once more, by hand and by a replay', async () => {
    const id = await endpoint();
    const stream = await follow();
    await mutate('pauseWebhookEndpoint', { id }, 'webhookEndpoint { status }');
    const [{ id: deliveryId } = { id: '' }] = await deliveries();
    await mutate('redeliver', { deliveryId }, 'webhookDelivery { id }');
    // A follower would look by itself after ten.
    await stream.until(() => stream.told.at(-1)?.status === 'HELD', 5_000);
    const input = { endpointId: id, since: new Date(Date.now() - 60_000).toISOString(), only: 'ALL' };
    await mutate('startReplay', input, 'replay { id }');
    await stream.until(() => stream.last().size > 1, 5_000);
  });

  it('tells that the deliveries of a person who is erased were skipped', async () => {
    const id = await endpoint();
    const stream = await follow();
    await mutate('pauseWebhookEndpoint', { id }, 'webhookEndpoint { status }');
    await submit();
    await stream.until(() => stream.told.at(-1)?.status === 'HELD');
    const { body } = await graphql('{ contacts(first: 1) { nodes { id } } }');
    const owner = await memberOf(server.app, tenant, 'OWNER');
    const erased = await owner.graphql(
      'mutation ($input: DeleteContactInput!) { deleteContact(input: $input) { erasure { status } } }',
      { input: { id: body.data.contacts.nodes[0].id } },
    );
    expect(erased.body).to.not.have.property('errors');
    await stream.until(() => stream.told.at(-1)?.status === 'SKIPPED');
  });

  it('is told at most 20 deliveries in a second, and of each, however late, how it ended', async () => {
    await endpoint();
    const stream = await follow();
    const before = new Set((await deliveries()).map(({ id }) => id));
    const texts = await tapped.tap.statementsOf(async () => {
      await submit(50);
      await stream.until(() => stream.last().size >= 50);
      await stream.until(() => [...stream.last().values()].every((status) => status === 'DELIVERED'));
    });
    const ids = (await deliveries()).map(({ id }) => id).filter((id) => !before.has(id));
    expect([...stream.last().keys()].toSorted()).to.deep.equal(ids.toSorted());
    for (let index = 20; index < stream.told.length; index += 1) {
      const tookMs = (stream.told[index]?.atMs ?? 0) - (stream.told[index - 20]?.atMs ?? 0);
      // Both ends may have been late, but not by so much.
      expect(tookMs, `21 deliveries from ${index - 20} on`).to.be.above(900);
    }
    // Five are read at once, of those that were made and of those that changed.
    const reads = texts.filter((text) => /from webhook_endpoints e|as wanted/.test(text) && text.includes('"eventId"'));
    expect(reads.length).to.be.below(stream.told.length);
  });

  it('hears of changes from another process, and from a worker that begins while it lasts', async () => {
    const asking = await startServer({ role: 'api' });
    const first = await startServer({ role: 'worker', beside: asking });
    const shared = server;
    server = asking;
    tenant = await createTenant(asking.app);
    ({ graphql } = clientOf(asking.url, tenant.key));
    const bot = await createBot(asking.app, tenant.workspaceId);
    submit = async () => void (await createSubmission(asking.app, bot));
    let second: TestServer | null = null;
    try {
      await endpoint();
      const stream = await follow();
      await first.stop();
      receiver.answer = (response) => void response.writeHead(500).end();
      // Attempted before followers would repeat by themselves that they follow.
      second = await startServer({ role: 'worker', beside: asking });
      await submit();
      await stream.until(() => stream.told.at(-1)?.status === 'RETRYING', 8_000);
    } finally {
      server = shared;
      await second?.stop();
      for (const stream of streams) await stream.close();
      await asking.stop();
    }
  });

  it('is cut where it may not have heard of something, so that whoever follows reads anew', async () => {
    await endpoint();
    const stream = await follow();
    await server.app.database.pool.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'iozen notifications' and datname = current_database()",
    );
    await stream.until(() => stream.over !== null).catch(() => undefined);
    expect(stream.over).to.have.property('code', 1013);
  });
});

describe('a follower of deliveries', function () {
  this.timeout(60_000);

  let fixture: WebhookFixture;

  before(async () => (fixture = await WebhookFixture.open()));
  after(async () => await fixture.close());

  it('tells of each of many deliveries that changed, though it knows few by name, and of many that are held', async () => {
    const actor = await fixture.workspace();
    const { id: endpointId } = (await fixture.endpoint(actor, 'https://example.com')).webhookEndpoint;
    await fixture.endpoints.pause(actor, endpointId);
    const [eventId = ''] = await fixture.publish(actor);
    await fixture.rows(
      `insert into webhook_open_deliveries (endpoint_id, id, event_id)
       select $1, 'c00000000d' || lpad(n::text, 15, '0'), $2 from generate_series(1, 2500) n`,
      [endpointId, eventId],
    );
    // That ended a moment ago, and long ago.
    await fixture.rows(
      `insert into webhook_attempts (endpoint_id, delivery_id, event_id, at, number, outcome, total_ms, ended)
       select $1, 'c00000000d' || lpad((5000 + n)::text, 15, '0'), $2, now() - n % 2 * interval '1 hour', 1, 'success', 1, 'delivered'
       from generate_series(1, 1000) n`,
      [endpointId, eventId],
    );
    const open = await fixture.rows<{ id: string }>('select id from webhook_open_deliveries order by id');
    const ended = await fixture.rows<{ id: string }>(
      "select delivery_id as id from webhook_attempts where at > now() - interval '1 minute' order by 1",
    );
    const follower = new DeliveryFollower(fixture.deliveries, actor, null, () => {});
    await follower.begin();
    const all = async () => {
      const told: string[] = [];
      while (follower.isDue) {
        const some = await follower.next(100);
        expect(some.length).to.be.at.most(100);
        told.push(...some.map(({ id }) => id));
      }
      return told;
    };
    const both = [...open, ...ended].map(({ id }) => id);
    for (const id of both.toReversed()) follower.changed({ endpointId, id });
    expect(new Set(await all())).to.deep.equal(new Set(both));

    follower.manyChanged(endpointId, Date.now() - 60_000);
    expect(await all()).to.deep.equal(both);
    follower.manyChanged(endpointId, Date.now() + 60_000);
    expect(await all()).to.deep.equal(open.map(({ id }) => id));
  });

  it('tells how a delivery ended that changed while it was read', async () => {
    const actor = await fixture.workspace();
    const { id: endpointId } = (await fixture.endpoint(actor, 'https://example.com')).webhookEndpoint;
    const follower = new DeliveryFollower(fixture.deliveries, actor, null, () => {});
    await follower.begin();
    const [eventId = ''] = await fixture.publish(actor);
    const id = newId('webhookDelivery');
    await fixture.rows('insert into webhook_open_deliveries (endpoint_id, id, event_id) values ($1, $2, $3)', [
      endpointId,
      id,
      eventId,
    ]);
    follower.lookForMade();
    const slow = fixture.database.answerLate((text) => text.includes('d.at >= $4'));
    const first = follower.next(5);
    await slow.read;
    await fixture.rows('delete from webhook_open_deliveries where id = $1', [id]);
    await fixture.rows(
      `insert into webhook_attempts (endpoint_id, delivery_id, event_id, at, number, outcome, total_ms, ended)
       values ($1, $2, $3, now(), 1, 'success', 1, 'delivered')`,
      [endpointId, id, eventId],
    );
    follower.changed({ endpointId, id });
    slow.answer();
    const told = [...(await first), ...(await follower.next(5))];
    expect(told.map(({ status }) => status)).to.deep.equal(['pending', 'delivered']);
  });

  it('keeps little in memory, however many deliveries of however many endpoints changed', async () => {
    const actor = await fixture.workspace();
    const follower = new DeliveryFollower(fixture.deliveries, actor, null, () => {});
    await follower.begin();
    const old = (n: number, kind: string) => `c0000000${kind}${String(n).padStart(16, '0')}`;
    const before = liveBytes();
    for (let n = 0; n < 100_000; n += 1) follower.changed({ endpointId: old(n % 50_000, '0h'), id: old(n, '0d') });
    expect(liveBytes() - before).to.be.below(2_000_000);
    while (follower.isDue) expect(await follower.next(100)).to.deep.equal([]);
  });
});
