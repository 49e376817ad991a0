import { expect } from 'chai';
import { setTimeout as wait } from 'node:timers/promises';
import { clientOf } from '../support/client.js';
import { launch, serving, temporaryDirectory } from '../support/process.js';
import { Receiver } from '../support/receiver.js';

describe('a stop', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let receiver: Receiver;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    receiver = await Receiver.start();
  });
  afterEach(async () => {
    await receiver.stop();
    await directory.remove();
  });

  /** A server with one delivery under way, to a receiver that does not answer yet. */
  async function delivering() {
    const held: (() => void)[] = [];
    receiver.answer = (response) => void held.push(() => response.end());
    const env = { DATA_DIR: directory.path, PORT: '0', WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8' };
    const server = await serving(launch(['serve'], env));
    const [key = ''] = /iozen_live_\w{32}/.exec(server.output()) ?? [];
    const client = clientOf(server.url, key);
    const { body: bots } = await client.rest('GET', '/intake-bots');
    await client.rest('POST', '/webhooks', { url: receiver.url, events: ['submission.completed'] });
    const data = { full_name: 'Ada', email: 'ada@example.com', topic: 'Sales' };
    await client.rest('POST', `/intake-bots/${bots.data.intake_bots[0].id}/submissions`, { data });
    await receiver.arrived(1);
    return { server, pid: server.child.pid ?? 0, answer: () => held.forEach((end) => end()) };
  }

  it('finishes the delivery under way and exits 0, also when the signal comes twice', async () => {
    const { server, pid, answer } = await delivering();
    process.kill(pid, 'SIGTERM');
    process.kill(pid, 'SIGTERM');
    await wait(300);
    expect(server.child.exitCode, 'it waits').to.equal(null);
    answer();
    expect((await server.ended).code).to.equal(0);
    const again = await serving(launch(['serve'], { DATA_DIR: directory.path, PORT: '0' }));
    process.kill(again.child.pid ?? 0, 'SIGTERM');
    expect((await again.ended).code).to.equal(0);
    expect(receiver.received, 'what was delivered is not sent again').to.have.length(1);
  });

  it('ends at once on a further signal at least 2 s later', async () => {
    const { server, pid } = await delivering();
    process.kill(pid, 'SIGINT');
    await wait(2_100);
    const asked = performance.now();
    process.kill(pid, 'SIGINT');
    expect((await server.ended).code).to.equal(1);
    expect(performance.now() - asked).to.be.below(2_000);
  });
});
