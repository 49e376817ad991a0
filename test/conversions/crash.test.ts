import { expect } from 'chai';
import { externalId, janeDoe, platformNames } from '../platforms/golden.js';
import { clientOf } from '../support/client.js';
import { launch, serving } from '../support/process.js';
import { addressesOf, attributionOf, doublesOf, ip, useConversions, userAgent } from './site.js';

type Process = Awaited<ReturnType<typeof serving>>;

describe('a lead that was taken before a process died', () => {
  // The doors alone: conversions are sent by processes that a test can kill.
  const site = useConversions({ role: 'api' });
  const started: Process[] = [];

  afterEach(async () => {
    for (const { child, ended } of started.splice(0)) {
      if (child.exitCode === null && child.signalCode === null) process.kill(-(child.pid ?? 0), 'SIGKILL');
      await ended;
    }
  });

  async function start(role: 'api' | 'worker'): Promise<Process> {
    const env = {
      ...addressesOf(site),
      DATABASE_URL: site.server.databaseUrl,
      SECRETS_KEY: site.server.secretsKey,
      PORT: '0',
      WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8',
    };
    const process = await serving(launch(['serve', '--role', role], env));
    started.push(process);
    return process;
  }
  async function kill({ child, ended }: Process): Promise<void> {
    process.kill(-(child.pid ?? 0), 'SIGKILL');
    await ended;
  }
  const everywhere = { meta: 'DELIVERED', google: 'ACCEPTED', linkedin: 'DELIVERED', tiktok: 'DELIVERED' };

  it('is told of, when its door was killed before anybody worked the job', async () => {
    for (const platform of platformNames) await site.connect(platform);
    const door = await start('api');
    const path = `/intake-bots/${site.bot.id}/submissions`;
    const sent = { data: { ...janeDoe.typed, customer_id: externalId.typed }, attribution: attributionOf() };
    const { body } = await clientOf(door.url, site.tenant.key).rest('POST', path, sent);
    await kill(door);
    expect(doublesOf(site).flatMap(({ requests }) => requests)).to.be.empty;
    await start('worker');
    await site.becomesAll(body.data.submission.id, everywhere);
    for (const { conversions, repeats } of doublesOf(site)) expect([conversions.length, repeats]).to.deep.equal([1, 0]);
  });

  it('is told of once more by the same id, time and digests, when it was in flight, and counted once', async () => {
    for (const platform of platformNames) await site.connect(platform);
    for (const double of doublesOf(site)) double.next('answer late');
    const first = await start('worker');
    const id = await site.submit();
    for (const double of doublesOf(site)) await double.arrived(1);
    await kill(first);
    for (const { conversions } of doublesOf(site)) expect(conversions).to.have.length(1);
    // As if the time were over after which others take what the dead process had.
    await site.server.app.database.pool.query(
      "update conversions set next_attempt_at = now() where status = 'SENDING'",
    );
    const second = await start('worker');
    await site.becomesAll(id, everywhere);
    for (const double of doublesOf(site)) {
      const [before, after] = double.bodies();
      expect(after).to.deep.equal(before);
      expect([double.requests.length, double.conversions.length, double.repeats]).to.deep.equal([2, 1, 1]);
    }
    // What a process says of all this names nobody, and opens no door.
    const output = () => [first, second].map((one) => one.output()).join('');
    // A process gathers its lines for a moment before it writes them.
    for (const until = Date.now() + 5_000; !output().includes('"msg":"conversion"') && Date.now() < until;) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const said = output();
    const digest = [janeDoe.digests.meta['em']].flat()[0] ?? '';
    const { accessToken } = site.meta;
    const secrets = [
      ip,
      userAgent,
      digest,
      digest.slice(0, 16),
      accessToken,
      site.google.refresh.refreshToken,
      'ya29.',
    ];
    for (const secret of [...secrets, site.linkedin.accessToken, site.tiktok.accessToken, '555-0132', '@Gmail']) {
      expect(said).not.to.include(secret);
    }
    expect(said).to.include('"msg":"conversion"');
  });

  it('is told of by the next process, when the one that had it was asked to stop', async () => {
    await site.connect('meta');
    site.meta.next('answer late');
    const first = await start('worker');
    const id = await site.submit();
    await site.meta.arrived(1);
    process.kill(first.child.pid ?? 0, 'SIGTERM');
    site.meta.release();
    expect((await first.ended).code).to.equal(0);
    const [conversion] = await site.conversions(id);
    if (conversion?.status !== 'DELIVERED') {
      await start('worker');
      await site.becomes(id, 'DELIVERED');
    }
    expect(site.meta.conversions).to.have.length(1);
  });
});
