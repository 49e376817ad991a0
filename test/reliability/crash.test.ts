import { expect } from 'chai';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { clientOf } from '../support/client.js';
import { launch, serving, temporaryDirectory } from '../support/process.js';
import { Receiver } from '../support/receiver.js';

/** The promise: a crashed worker's deliveries go on within 15 seconds. */
const goesOnWithinMs = 15_000;

describe('an event that was committed and not yet delivered', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let receiver: Receiver;
  let env: Record<string, string>;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    receiver = await Receiver.start();
    env = { DATA_DIR: directory.path, PORT: '0', WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8' };
  });
  afterEach(async () => {
    await receiver.stop();
    await directory.remove();
  });

  /** Submits, and kills before the receiver has answered; then starts anew and waits for what was promised. */
  async function survives(kill: (pid: number) => Promise<void>): Promise<void> {
    receiver.answer = () => {};
    const first = await serving(launch(['serve'], env));
    const [key = ''] = /iozen_live_\w{32}/.exec(first.output()) ?? [];
    const client = clientOf(first.url, key);
    const { body: bots } = await client.rest('GET', '/intake-bots');
    const events = ['submission.completed', 'contact.created'];
    const { body: made } = await client.rest('POST', '/webhooks', { url: receiver.url, events });
    const data = { full_name: 'Ada', email: 'survivor@example.com', topic: 'Sales' };
    const path = `/intake-bots/${bots.data.intake_bots[0].id}/submissions`;
    const submitted = await client.rest('POST', path, { data });
    expect(submitted.status).to.equal(200);
    await kill(first.child.pid ?? 0);
    await first.ended;
    await receiver.deserted();
    const before = receiver.received.length;

    receiver.answer = (response) => void response.end();
    const second = await serving(launch(['serve'], env));
    try {
      const received = (await receiver.arrived(before + 2, goesOnWithinMs)).slice(before);
      const types = received.map(({ headers }) => headers['x-iozen-event-type']);
      expect(types).to.have.members(['contact.created', 'submission.completed']);
      for (const { body, headers } of received) {
        new Webhook(made.data.webhook.secret).verify(body, headers as Record<string, string>);
      }
      const shown = await clientOf(second.url, key).rest('GET', `${path}/${submitted.body.data.submission.id}`);
      expect(shown.status).to.equal(200);
    } finally {
      process.kill(second.child.pid ?? 0, 'SIGTERM');
      expect((await second.ended).code).to.equal(0);
    }
  }

  it('arrives after kill -9 of the whole process group and a start', async () => {
    await survives(async (pid) => {
      process.kill(-pid, 'SIGKILL');
    });
  });

  it('arrives after kill -9 of the process group and of the postmaster', async () => {
    await survives(async (pid) => {
      const [postmaster] = (await readFile(join(directory.path, 'postgres', 'postmaster.pid'), 'utf8')).split('\n');
      process.kill(-pid, 'SIGKILL');
      process.kill(Number(postmaster), 'SIGKILL');
    });
  });
});
