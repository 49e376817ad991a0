import { expect } from 'chai';
import type { Actor } from '../../src/platform/actor.js';
import { idFloor, newId } from '../../src/platform/id.js';
import { countRefusals } from '../../src/webhooks/engine/metrics.js';
import { Receiver } from '../support/receiver.js';
import { WebhookFixture } from './webhook-fixture.js';

const dayMs = 86_400_000;

describe('webhook metrics', () => {
  let fixture: WebhookFixture;
  let receiver: Receiver;
  let actor: Actor;
  let endpointId: string;

  beforeEach(async () => {
    fixture = await WebhookFixture.open();
    receiver = await Receiver.start();
    actor = await fixture.workspace();
    endpointId = (await fixture.endpoint(actor, receiver.url)).webhookEndpoint.id;
  });
  afterEach(async () => {
    await fixture.close();
    await receiver.stop();
  });

  const read = async (name: string) => {
    const text = await fixture.metrics.registry.metrics();
    const line = text.split('\n').find((each) => each.startsWith(`${name} `));
    return line === undefined ? null : Number(line.slice(name.length + 1));
  };
  const endpoint = async () => await fixture.endpoints.get(actor, endpointId);

  /** An event of two days ago that was delivered then. */
  async function deliveredBefore(): Promise<string> {
    const at = new Date(Date.now() - 2 * dayMs);
    const eventId = `evt_${idFloor(at)}e${'0'.repeat(15)}`;
    const deliveryId = newId('webhookDelivery');
    await fixture.rows(
      `insert into events (id, workspace_id, type, subject_id, body, created_at)
       values ($1, $2, 'contact.created', 'c', '{}', $3)`,
      [eventId, actor.workspaceId, at],
    );
    await fixture.rows(
      `insert into webhook_attempts (delivery_id, endpoint_id, event_id, at, number, outcome, ended, total_ms)
       values ($1, $2, $3, $4, 1, 'success', 'delivered', 5)`,
      [deliveryId, endpointId, eventId, at],
    );
    return deliveryId;
  }

  it('count endpoints of either status, also where there are none', async () => {
    await fixture.startWorker();
    expect(await read('iozen_webhook_endpoints{status="active"}')).to.equal(1);
    expect(await read('iozen_webhook_endpoints{status="paused"}')).to.equal(0);
    await fixture.endpoints.pause(actor, endpointId);
    expect(await read('iozen_webhook_endpoints{status="active"}')).to.equal(0);
    expect(await read('iozen_webhook_endpoints{status="paused"}')).to.equal(1);
  });

  it('take a redelivery or a replay of an old event for what it is: wanted since somebody asked', async () => {
    const deliveryId = await deliveredBefore();
    receiver.answer = () => {};
    await fixture.startWorker();
    await fixture.deliveries.redeliver(actor, deliveryId);
    await receiver.arrived(1);
    expect(await read('iozen_webhook_oldest_due_seconds')).to.be.within(0, 60);
    await fixture.replays.start(actor, endpointId, () => ({
      since: new Date(0),
      only: 'ALL' as const,
      ratePerSecond: 100,
      dryRun: false,
    }));
    await receiver.arrived(2);
    expect(await read('iozen_webhook_oldest_due_seconds')).to.be.within(0, 60);
    expect(await read('iozen_webhook_delivery_lag_seconds_count')).to.equal(2);
    expect(await read('iozen_webhook_delivery_lag_seconds_sum')).to.be.below(60);
  });

  it('call nothing due that its endpoint holds back, and nothing overdue that was held until a resume', async () => {
    receiver.answer = (response) => void response.writeHead(503, { 'Retry-After': '3600' }).end();
    const worker = await fixture.startWorker();
    await fixture.publish(actor);
    await fixture.eventually(async () => (await endpoint()).consecutiveFails === 1 && worker.isQuiet());
    await fixture.publish(actor);
    await fixture.eventually(async () => (await fixture.rows('select from webhook_open_deliveries')).length === 2);
    await fixture.rows("update events set created_at = created_at - interval '1 day'");
    expect(await read('iozen_webhook_oldest_due_seconds')).to.equal(0);

    receiver.answer = () => {};
    await fixture.endpoints.pause(actor, endpointId);
    await fixture.endpoints.resume(actor, endpointId, () => ({ skipHeld: false }));
    await receiver.arrived(2);
    expect(await read('iozen_webhook_oldest_due_seconds')).to.be.within(0.001, 60);
  });

  it('call nothing due that waits for its turn behind a failing delivery', async () => {
    await fixture.endpoints.update(actor, endpointId, () => ({ maxConcurrency: 1 }));
    receiver.answer = (response) => void response.writeHead(500).end();
    const worker = await fixture.startWorker();
    await fixture.publish(actor, 2);
    await fixture.eventually(async () => (await endpoint()).consecutiveFails === 1 && worker.isQuiet());
    expect(await read('iozen_webhook_oldest_due_seconds')).to.equal(0);
  });

  it('show how long an event has been waiting to be fanned out', async () => {
    const worker = await fixture.startWorker();
    await worker.stop();
    await fixture.publish(actor);
    await fixture.rows("update events set created_at = created_at - interval '100 seconds'");
    expect(await read('iozen_webhook_oldest_due_seconds')).to.be.within(100, 200);
  });

  it('count refused URLs by rule', async () => {
    const refused = countRefusals(fixture.metrics);
    refused('loopback');
    refused('loopback');
    refused('scheme');
    expect(await read('iozen_webhook_refused_total{rule="loopback"}')).to.equal(2);
    expect(await read('iozen_webhook_refused_total{rule="scheme"}')).to.equal(1);
  });
});
