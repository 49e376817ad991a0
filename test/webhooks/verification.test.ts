import { expect } from 'chai';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { newSecret } from '../../src/webhooks/wire/signature.js';
import { verifyWebhook } from '../../src/webhooks/wire/verify-webhook.js';
import { Receiver, type Received } from '../support/receiver.js';
import { has, startSampleReceiver } from '../support/samples.js';
import { WebhookFixture } from './webhook-fixture.js';

type Accepts = (request: Received, secret: string) => boolean | Promise<boolean>;

const named = ({ headers }: Received) => headers as Record<string, string>;

const verifiers: Record<string, Accepts> = {
  verifyWebhook: (request, secret) => passes(() => verifyWebhook(request.body, request.headers, secret)),
  'the package standardwebhooks': (request, secret) =>
    passes(() => new StandardWebhook(secret).verify(request.body, named(request))),
  'the package svix': (request, secret) => passes(() => new SvixWebhook(secret).verify(request.body, named(request))),
  'the Node.js sample of the docs': async (request, secret) => await sampleAccepts('js', request, secret),
  'the Python sample of the docs': async (request, secret) => await sampleAccepts('python', request, secret),
};

function passes(verify: () => unknown): boolean {
  try {
    verify();
    return true;
  } catch {
    return false;
  }
}

async function sampleAccepts(language: 'js' | 'python', request: Received, secret: string): Promise<boolean> {
  const receiver = await startSampleReceiver(language, secret);
  try {
    const headers = Object.fromEntries(
      Object.entries(named(request)).filter(([name]) => !/^(host|connection|content-length)$/.test(name)),
    );
    const { status } = await fetch(receiver.url, { method: 'POST', headers, body: request.body });
    expect(status).to.be.oneOf([204, 400]);
    return status === 204;
  } finally {
    await receiver.stop();
  }
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

  for (const [name, accepts] of Object.entries(verifiers)) {
    it(`with ${name} accepts what we sent, and refuses it tampered with, late or with a wrong secret`, async () => {
      if (name.includes('Python') && !has('python3')) return;
      const tampered = { ...fresh, body: fresh.body.replace('jane@', 'june@') };
      expect(tampered.body).not.to.equal(fresh.body);
      expect({
        real: await accepts(fresh, secret),
        duringARotation: await accepts(fresh, oldSecret),
        tampered: await accepts(tampered, secret),
        late: await accepts(late, secret),
        wrongSecret: await accepts(fresh, newSecret()),
      }).to.deep.equal({ real: true, duringARotation: true, tampered: false, late: false, wrongSecret: false });
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
