import { createHmac } from 'node:crypto';
import { expect } from 'chai';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { newSecret } from '../../src/webhooks/wire/signature.js';
import { verifyWebhook } from '../../packages/webhooks/src/index.js';
import { Receiver, type Received } from '../support/receiver.js';
import { canRun, sampleReceivers, startSampleReceiver, type RunningReceiver } from '../support/samples.js';
import { WebhookFixture } from './webhook-fixture.js';

type Accepts = (request: Received, secret: string) => boolean | Promise<boolean>;

const named = ({ headers }: Received) => headers as Record<string, string>;

const verifiers: Record<string, Accepts> = {
  verifyWebhook: (request, secret) => passes(() => verifyWebhook(request.body, request.headers, secret)),
  'the package standardwebhooks': (request, secret) =>
    passes(() => new StandardWebhook(secret).verify(request.body, named(request))),
  'the package svix': (request, secret) => passes(() => new SvixWebhook(secret).verify(request.body, named(request))),
};

function passes(verify: () => unknown): boolean {
  try {
    verify();
    return true;
  } catch {
    return false;
  }
}

/** The answer of a documented receiver: 204 where it takes a request, 400 where it refuses it. */
async function answerOf(receiver: RunningReceiver, request: Pick<Received, 'headers' | 'body'>): Promise<number> {
  const headers = Object.fromEntries(
    Object.entries(request.headers as Record<string, string>).filter(
      ([name]) => !/^(host|connection|content-length)$/.test(name),
    ),
  );
  return (await fetch(receiver.url, { method: 'POST', headers, body: request.body })).status;
}

describe('verifying a delivery', () => {
  let fixture: WebhookFixture;
  let receiver: Receiver;
  let oldSecret: string;
  let secret: string;
  let fresh: Received;
  let late: Received;

  before(async () => {
    fixture = await WebhookFixture.open();
    receiver = await Receiver.start();
    await fixture.startWorker();
    const actor = await fixture.workspace();
    const endpoint = await fixture.endpoint(actor, receiver.url);
    const { id } = endpoint.webhookEndpoint;
    oldSecret = endpoint.secret;
    ({ secret } = await fixture.endpoints.rotateSecret(actor, id, () => ({ overlapSeconds: 3_600 })));
    await fixture.publish(actor);
    [fresh] = (await receiver.arrived(1)) as [Received];
    fixture.clockOffsetMs = -302_000;
    await fixture.publish(actor);
    [, late] = (await receiver.arrived(2)) as [Received, Received];
  });
  after(async () => {
    await receiver.stop();
    await fixture.close();
  });

  const tampered = (): Received => {
    const body = fresh.body.replace('jane@', 'june@');
    expect(body).not.to.equal(fresh.body);
    return { ...fresh, body };
  };

  for (const [name, accepts] of Object.entries(verifiers)) {
    it(`with ${name} accepts what we sent, and refuses it tampered with, late or with a wrong secret`, async () => {
      expect({
        real: await accepts(fresh, secret),
        duringARotation: await accepts(fresh, oldSecret),
        tampered: await accepts(tampered(), secret),
        late: await accepts(late, secret),
        wrongSecret: await accepts(fresh, newSecret()),
      }).to.deep.equal({ real: true, duringARotation: true, tampered: false, late: false, wrongSecret: false });
    });
  }

  for (const sample of sampleReceivers) {
    it(`with the receiver in ${sample.language} of the docs accepts and refuses the same`, async () => {
      if (!canRun(sample)) return;
      const start = async (its: string) => await startSampleReceiver(sample, its);
      const receivers = await Promise.all([secret, oldSecret, newSecret()].map(start));
      const [current, old, foreign] = receivers as [RunningReceiver, RunningReceiver, RunningReceiver];
      try {
        const foreignSignature = { ...fresh, headers: { ...fresh.headers, 'webhook-signature': 'v1,Zoë' } };
        expect({
          real: await answerOf(current, fresh),
          duringARotation: await answerOf(old, fresh),
          tampered: await answerOf(current, tampered()),
          late: await answerOf(current, late),
          garbled: await answerOf(current, foreignSignature),
          wrongSecret: await answerOf(foreign, fresh),
          realOnceMore: await answerOf(current, fresh),
        }).to.deep.equal({
          real: 204,
          duringARotation: 204,
          tampered: 400,
          late: 400,
          garbled: 400,
          wrongSecret: 400,
          realOnceMore: 204,
        });
      } finally {
        for (const receiver of receivers) await receiver.stop();
      }
    });

    it(`with the receiver in ${sample.language} of the docs takes nothing when it was given no secret`, async () => {
      if (!canRun(sample)) return;
      const started = await startSampleReceiver(sample, '').catch((error: unknown) => String(error));
      if (typeof started === 'string') {
        expect(started).to.include('ended with');
        return;
      }
      try {
        const timestamp = String(Math.floor(Date.now() / 1_000));
        const signature = createHmac('sha256', '').update(`evt_1.${timestamp}.{}`).digest('base64');
        const headers = {
          'webhook-id': 'evt_1',
          'webhook-timestamp': timestamp,
          'webhook-signature': `v1,${signature}`,
        };
        expect(await answerOf(started, { headers, body: '{}' })).to.equal(500);
      } finally {
        await started.stop();
      }
    });
  }

  it('finds nothing wrong with the late one but its time', async () => {
    const [signed] = await fixture.rows<{ body: string }>('select body from events where id = $1', [
      late.headers['webhook-id'],
    ]);
    expect(late.body).to.equal(signed?.body);
    const { 'webhook-id': id = '', 'webhook-timestamp': timestamp = '' } = named(late);
    const signature = new StandardWebhook(secret).sign(id, new Date(Number(timestamp) * 1_000), late.body);
    expect(named(late)['webhook-signature']?.split(' ')).to.include(signature);
  });
});
