import { createHmac } from 'node:crypto';
import { expect } from 'chai';
import { Receiver } from '../support/receiver.js';
import { WebhookFixture } from './webhook-fixture.js';

describe('a webhook delivery', () => {
  let fixture: WebhookFixture;
  let receiver: Receiver;

  before(async () => {
    fixture = await WebhookFixture.open({ retryDelaysMs: [50, 100, 150, 200, 200, 200, 200, 200, 200] });
    await fixture.startWorker();
  });
  after(async () => await fixture.close());
  beforeEach(async () => {
    receiver = await Receiver.start();
  });
  afterEach(async () => await receiver.stop());

  it('carries the frozen event with every header of the contract', async () => {
    const actor = await fixture.workspace();
    await fixture.endpoint(actor, receiver.url, { customHeaders: { 'X-Tenant': 'blue' } });
    const [eventId] = await fixture.publish(actor);
    const [request] = await receiver.arrived(1);

    const [event] = await fixture.rows<{ body: string }>('select body from events where id = $1', [eventId]);
    expect(request?.body).to.equal(event?.body);
    expect(request?.headers).to.include({
      'content-type': 'application/json',
      'user-agent': 'ioZen-Webhooks/1.0',
      'x-iozen-event-type': 'contact.created',
      'x-iozen-event-id': eventId,
      'x-iozen-attempt': '1',
      'webhook-id': eventId,
      'x-tenant': 'blue',
    });
    expect(request?.headers['x-iozen-delivery-id']).to.match(/^c[a-z0-9]{24}$/);
    expect(Number(request?.headers['x-iozen-timestamp'])).to.be.closeTo(Date.now() / 1_000, 5);
    expect(request?.headers['webhook-timestamp']).to.equal(request?.headers['x-iozen-timestamp']);
  });

  it('is signed as published in X-IoZen-Signature: the raw body, under the secret as it is written', async () => {
    const actor = await fixture.workspace();
    const { secret } = await fixture.endpoint(actor, receiver.url);
    await fixture.publish(actor);
    const [request] = await receiver.arrived(1);
    const { body = '', headers = {} } = request ?? {};
    expect(headers['x-iozen-signature']).to.equal(`sha256=${createHmac('sha256', secret).update(body).digest('hex')}`);
  });

  it('is delivered once more after the receiver answers 500, with the same id and bytes', async () => {
    const actor = await fixture.workspace();
    const { webhookEndpoint } = await fixture.endpoint(actor, receiver.url);
    receiver.answer = (response) =>
      void response.writeHead(receiver.received.length === 1 ? 500 : 204).end('out of order');
    const [eventId] = await fixture.publish(actor);
    const [first, second] = await receiver.arrived(2);

    expect(second?.body).to.equal(first?.body);
    expect(second?.headers['webhook-id']).to.equal(eventId);
    expect(second?.headers['x-iozen-delivery-id']).to.equal(first?.headers['x-iozen-delivery-id']);
    expect(second?.headers['x-iozen-attempt']).to.equal('2');
    expect((second?.at ?? 0) - (first?.at ?? 0)).to.be.at.least(50);

    await fixture.eventually(async () => (await attempts(eventId)).length === 2);
    expect(await attempts(eventId)).to.deep.equal([
      { number: 1, outcome: 'http_error', status: 500, ended: null, body: 'out of order', address: '127.0.0.1' },
      { number: 2, outcome: 'success', status: 204, ended: 'delivered', body: null, address: '127.0.0.1' },
    ]);
    expect(await fixture.rows('select from webhook_open_deliveries where event_id = $1', [eventId])).to.have.length(0);
    const endpoint = await fixture.endpoints.get(actor, webhookEndpoint.id);
    expect(endpoint).to.include({ consecutiveFails: 0, lastDeliveryOk: true, status: 'active' });
  });

  it('is made for the listening endpoints of the workspace alone, and not at all when the change rolls back', async () => {
    const actor = await fixture.workspace();
    const stranger = await fixture.workspace();
    await fixture.endpoint(actor, `${receiver.url}/listens`);
    await fixture.endpoint(actor, `${receiver.url}/other`, { events: ['submission.completed'] });
    await fixture.endpoint(stranger, `${receiver.url}/stranger`);
    let rolledBack: string[] = [];
    await fixture.database
      .transaction(async (tx) => {
        rolledBack = fixture.publishWith(tx, actor);
        throw new Error('after publishing');
      })
      .catch(() => undefined);
    const [eventId] = await fixture.publish(actor);
    await receiver.arrived(1);
    await fixture.eventually(async () => (await attempts(eventId)).length === 1);

    expect(receiver.received.map(({ path }) => path)).to.deep.equal(['/hook/listens']);
    expect(await fixture.rows('select from events where id = any($1)', [rolledBack])).to.have.length(0);
    expect(await fixture.rows('select from event_fan_outs')).to.have.length(0);
  });

  it('is told in metrics: lag, outcomes, the oldest that is due and endpoints by status', async () => {
    const actor = await fixture.workspace();
    await fixture.endpoint(actor, receiver.url);
    await fixture.publish(actor);
    await receiver.arrived(1);
    const text = await fixture.metrics.registry.metrics();
    expect(text).to.match(/^iozen_webhook_delivery_lag_seconds_count [1-9]/m);
    expect(text).to.match(/^iozen_webhook_attempts_total\{outcome="success"\} [1-9]/m);
    expect(text).to.match(/^iozen_webhook_oldest_due_seconds \d/m);
    expect(text).to.match(/^iozen_webhook_endpoints\{status="active"\} [1-9]/m);
  });

  async function attempts(eventId: string | undefined) {
    return await fixture.rows(
      `select number, outcome, response_status as status, ended, convert_from(response_body, 'utf8') as body, address
       from webhook_attempts where event_id = $1 order by number`,
      [eventId],
    );
  }
});
