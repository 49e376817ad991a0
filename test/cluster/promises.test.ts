import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { Receiver } from '../support/receiver.js';
import { codeOf, viewer } from '../support/people.js';
import {
  createBot,
  createEndpoint,
  createKey,
  latestEvent,
  theCluster,
  type Cluster,
  type Tenant,
} from './support/cluster.js';
import { Follower } from './support/follower.js';
import { nameAt } from './support/subscriber.js';

/** What a caller sees of two API and two worker processes behind nginx, on a PostgreSQL of Debian's behind HAProxy. */
describe('two API and two worker processes behind nginx', () => {
  let cluster: Cluster;
  let tenant: Tenant;
  let botId: string;
  let path: string;

  before(async () => {
    cluster = theCluster();
    tenant = await cluster.createTenant();
    botId = await createBot(cluster.client(tenant.key));
    path = `/intake-bots/${botId}/submissions`;
  });

  /** Through nginx, and through each API process alone. */
  const throughNginx = () => cluster.client(tenant.key);
  const through = (each: 0 | 1) => cluster.client(tenant.key, cluster.apis[each]);
  const answers = (step = 0) => ({ data: { full_name: nameAt(step), email: `${randomUUID()}@example.com` } });

  it('answer over both doors under the public address, and know of the caller by nginx', async () => {
    const { rest, graphql } = throughNginx();
    expect((await rest('GET', '/me')).body.data.me.workspace.id).to.equal(tenant.workspaceId);
    expect((await graphql('{ intakeBots { nodes { id } } }')).body.data.intakeBots.nodes).to.deep.equal([
      { id: botId },
    ]);
    const document = await fetch(`${cluster.url}/api/v1/openapi.json`);
    expect(await document.text()).to.include(`${cluster.url}/api/v1`);
    // Behind TLS a session's cookie is for TLS alone.
    const signIn = 'mutation ($input: SignInInput!) { signIn(input: $input) { viewer { role } } }';
    const signedIn = await cluster.client().graphql(signIn, { input: tenant.owner });
    expect(signedIn.headers.getSetCookie()[0]).to.match(/; Secure/);
  });

  it('believe nobody who claims another address', async () => {
    const owner = await cluster.signedIn(tenant);
    const input = { name: 'From elsewhere', scopes: ['read:intake-bots'], allowedCidrs: ['203.0.113.0/24'] };
    const { secret } = await createKey(owner, input);
    const claim = { 'X-Forwarded-For': '203.0.113.7' };
    expect((await cluster.client(secret).rest('GET', '/me', undefined, claim)).status).to.equal(401);
    // What nginx says is believed.
    expect((await cluster.client(secret, cluster.apis[0]).rest('GET', '/me', undefined, claim)).status).to.equal(200);
  });

  it('refuse in their own words, through nginx too', async () => {
    const { rest, graphql } = throughNginx();
    const large = { data: { full_name: 'x'.repeat(2_000_000) } };
    expect((await rest('POST', path, large)).body.error.code).to.equal('payload_too_large');
    expect((await rest('GET', '/nowhere')).body.error.code).to.equal('resource_not_found');
    const long = { 'X-Long': 'x'.repeat(15_000) };
    expect((await rest('GET', '/me', undefined, long)).status).to.equal(200);
    expect(codeOf(await graphql('{ nothing }'))).to.equal('GRAPHQL_VALIDATION_FAILED');
    expect((await fetch(`${cluster.url}/metrics`)).status).to.equal(404);
  });

  it('each read at once what the other has written', async () => {
    for (let round = 0; round < 20; round += 1) {
      const [writes, reads] = round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const);
      const { body } = await through(writes).rest('POST', path, answers());
      const found = await through(reads).rest('GET', `${path}/${body.data.submission.id}`);
      expect(found.status).to.equal(200);
    }
  });

  it('do once what is sent to both under one idempotency key', async () => {
    const body = answers();
    const headers = { 'Idempotency-Key': randomUUID() };
    const send = async (each: number) => await through(each % 2 === 0 ? 0 : 1).rest('POST', path, body, headers);
    const sent = await Promise.all(Array.from({ length: 20 }, async (_, each) => send(each)));
    const made = sent.filter(({ status }) => status === 200).map(({ body }) => body.data.submission.id as string);
    expect(new Set(made).size).to.equal(1);
    for (const { status, body } of sent.filter(({ status }) => status !== 200))
      expect(`${status} ${body.error.code}`).to.equal('409 idempotency_conflict');
    for (const each of [0, 1]) {
      const again = await send(each);
      expect(again.headers.get('idempotency-replayed')).to.equal('true');
      expect(again.body.data.submission.id).to.equal(made[0]);
    }
    const other = await through(1).rest('POST', path, answers(), headers);
    expect(`${other.status} ${other.body.error.code}`).to.equal('409 idempotency_conflict');
  });

  it('know the versions of each other: a 304 through nginx, and no change over one that came between', async () => {
    const { body } = await through(0).rest('POST', path, answers());
    const one = `${path}/${body.data.submission.id}`;
    const tag = (await throughNginx().rest('GET', one)).headers.get('etag') ?? '';
    expect(tag).to.match(/^(W\/)?".+"$/);
    // Node's fetch adds no-cache, unless it is told what to say.
    const conditions = { 'If-None-Match': tag, 'Cache-Control': 'max-age=60' };
    expect((await throughNginx().rest('GET', one, undefined, conditions)).status).to.equal(304);
    expect((await through(1).rest('GET', one)).headers.get('etag')).to.equal(tag);
    await through(1).rest('PATCH', one, { data: { full_name: 'Between' } });
    const late = await through(0).rest('PATCH', one, { data: { full_name: 'Late' } }, { 'If-Match': tag });
    expect(late.status).to.equal(412);
    expect((await throughNginx().rest('GET', one, undefined, conditions)).status).to.equal(200);
  });

  it('let a key pass as often as its plan says, together', async () => {
    const pro = await cluster.createTenant('pro');
    const client = [cluster.client(pro.key, cluster.apis[0]), cluster.client(pro.key, cluster.apis[1])];
    const sent = await Promise.all(
      Array.from({ length: 130 }, async (_, each) => await client[each % 2]?.rest('GET', '/me')),
    );
    expect(sent.filter((answer) => answer?.status === 200)).to.have.length(100);
    const refused = await cluster.client(pro.key).rest('GET', '/me');
    expect(refused.body.error.code).to.equal('rate_limit_exceeded');
    expect(Number(refused.headers.get('retry-after'))).to.be.within(1, 61);
  });

  it('both refuse a key within a second after it was revoked, and end what follows by it', async () => {
    const owner = await cluster.signedIn(tenant, cluster.apis[0]);
    const key = await createKey(owner, {
      name: 'Short',
      scopes: ['read:submissions', 'read:contacts', 'manage:webhooks'],
    });
    const clients = cluster.apis.map((api) => cluster.client(key.secret, api));
    for (const client of clients) expect((await client.rest('GET', '/me')).status).to.equal(200);
    const after = await latestEvent(throughNginx());
    const followers = (['WebSocket', 'server-sent events'] as const).map(
      (over) => new Follower(cluster.url, key.secret, after, over),
    );
    const tell = async () => await throughNginx().rest('POST', path, answers());
    await tell();
    for (const follower of followers) await until(() => follower.told.length === 1);

    await owner.graphql('mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { apiKey { id } } }', {
      input: { id: key.id },
    });
    await wait(1_000);
    for (const client of clients) expect((await client.rest('GET', '/me')).status).to.equal(401);
    for (const follower of followers) expect(follower.connections).to.be.greaterThan(1);
    await tell();
    await wait(500);
    for (const follower of followers) expect(follower.told).to.have.length(1);
    await Promise.all(followers.map(async (follower) => await follower.stop()));
  });

  it('know each other’s sessions, and end them together', async () => {
    const [first, second] = [
      await cluster.signedIn(tenant, cluster.apis[0]),
      await cluster.signedIn(tenant, cluster.apis[1]),
    ];
    const { cookie } = first;
    second.cookie = cookie;
    expect(codeOf(await second.graphql(viewer))).to.equal(null);
    await first.graphql('mutation { signOut { signedOut } }');
    second.cookie = cookie;
    await until(async () => codeOf(await second.graphql(viewer)) === 'authentication_required');
  });

  it('tell followers of an event as it happens, over WebSockets and server-sent events', async () => {
    const after = await latestEvent(throughNginx());
    const followers = (['WebSocket', 'server-sent events'] as const).map(
      (over) => new Follower(cluster.url, tenant.key, after, over),
    );
    for (let count = 1; count <= 5; count += 1) {
      await through(count % 2 === 0 ? 0 : 1).rest('POST', path, answers());
      // nginx would hold an answer back until it had gathered some kilobytes of it.
      for (const follower of followers) await until(() => follower.told.length === count);
    }
    for (const { connections } of followers) expect(connections).to.equal(1);
    await Promise.all(followers.map(async (follower) => await follower.stop()));
  });

  it('deliver each event once, one at a time and in order where the endpoint wants it', async () => {
    const receiver = await Receiver.start();
    const open = new Map<string, number>();
    const most = new Map<string, number>();
    receiver.answer = (response, { path }) => {
      open.set(path, (open.get(path) ?? 0) + 1);
      most.set(path, Math.max(most.get(path) ?? 0, open.get(path) ?? 0));
      setTimeout(() => {
        open.set(path, (open.get(path) ?? 0) - 1);
        response.end();
      }, 10);
    };
    const other = await cluster.createTenant();
    const client = cluster.client(other.key);
    const bot = `/intake-bots/${await createBot(client)}/submissions`;
    const events = ['submission.completed', 'submission.updated'];
    const paths = ['/one', '/two', '/three', '/four'];
    for (const path of paths)
      await createEndpoint(client, { url: new URL(path, receiver.url).href, events, maxConcurrency: 1 });
    await createEndpoint(client, { url: new URL('/wide', receiver.url).href, events });
    const made = await Promise.all(
      Array.from({ length: 6 }, async (_, each) => {
        const own = cluster.client(other.key, cluster.apis[each % 2 === 0 ? 0 : 1]);
        const { body } = await own.rest('POST', bot, answers());
        const { id } = body.data.submission as { id: string };
        for (let step = 1; step <= 9; step += 1)
          await client.rest('PATCH', `${bot}/${id}`, { data: { full_name: nameAt(step) } });
        return id;
      }),
    );
    await receiver.arrived(5 * 60);
    await wait(500);
    expect(receiver.received).to.have.length(5 * 60);
    for (const path of [...paths, '/wide']) {
      const own = receiver.received.filter((one) => one.path === path);
      expect(new Set(own.map(({ headers }) => headers['webhook-id'])).size, path).to.equal(60);
      if (path === '/wide') continue;
      expect(most.get(path), path).to.equal(1);
      const told = own.map(({ body }) => JSON.parse(body).data.submission);
      for (const id of made) {
        const names = told.filter((submission) => submission.id === id).map(({ data }) => data.full_name);
        expect(names, path).to.deep.equal(Array.from({ length: 10 }, (_, step) => nameAt(step)));
      }
    }
    // A process has 8 in flight to one endpoint, and so have both together.
    expect(most.get('/wide')).to.be.within(2, 8);
    await receiver.stop();
  });

  async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
    for (const deadlineMs = performance.now() + 10_000; performance.now() < deadlineMs; await wait(20))
      if (await isSo()) return;
    throw new Error('It did not come about within 10 s.');
  }
});
