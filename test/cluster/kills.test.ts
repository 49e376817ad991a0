import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { expectKept, storyOf } from './support/expect-kept.js';
import { seconds, theCluster } from './support/cluster.js';
import { Load } from './support/load.js';

const refusedMsMax = 5_000;
/** Each process so often, at moments that no two runs share. */
const rounds = Number(process.env['CLUSTER_KILLS'] ?? '1');

describe('two API and two worker processes under load, each killed at any moment', function () {
  this.timeout(60_000 + rounds * 60_000);

  it('lose nothing, and refuse no request for longer than 5 s', async () => {
    const cluster = theCluster();
    const load = await Load.start(cluster);
    await wait(1_000);
    for (let round = 0; round < rounds; round += 1)
      for (const process of cluster.processes) {
        await wait(500 + Math.random() * 1_000);
        await process.kill();
        await process.start();
      }
    const account = await load.end();
    console.log(`      ${storyOf(account, load)}; no change took longer than ${seconds(load.slowestMs)}`);
    expectKept(account, load);
    expect(load.slowestMs).to.be.below(refusedMsMax);
  });

  it('while both API processes are away, nginx refuses as they would, and never for long', async () => {
    const cluster = theCluster();
    const client = cluster.client((await cluster.createTenant()).key);
    expect((await client.rest('GET', '/me')).status).to.equal(200);
    await Promise.all(cluster.apis.map(async (api) => await api.kill()));
    // The client holds REST to the OpenAPI document: nginx's own page would be an error of it.
    const refused = [await client.rest('GET', '/me'), await client.graphql('{ intakeBots { nodes { id } } }')];
    for (const { status, headers } of refused) {
      expect(status).to.equal(503);
      expect(headers.get('retry-after')).to.equal('1');
    }
    expect(refused.map(({ body }) => body.error?.code ?? body.errors[0].extensions.code)).to.deep.equal([
      'service_unavailable',
      'service_unavailable',
    ]);
    await Promise.all(cluster.apis.map(async (api) => await api.start()));
    const backMs = performance.now();
    while ((await client.rest('GET', '/me')).status !== 200) await wait(50);
    expect(performance.now() - backMs).to.be.below(refusedMsMax);
  });
});
