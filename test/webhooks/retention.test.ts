import { expect } from 'chai';
import { idFloor } from '../../src/platform/id.js';
import { Receiver } from '../support/receiver.js';
import { insertDelivery, WebhookFixture } from './webhook-fixture.js';

const dayMs = 86_400_000;

describe('retention of webhooks', () => {
  let fixture: WebhookFixture;
  let receiver: Receiver;

  before(async () => {
    fixture = await WebhookFixture.open();
    receiver = await Receiver.start();
  });
  after(async () => {
    await fixture.close();
    await receiver.stop();
  });

  const partitionOf = (table: string, at: Date) => `${table}_${at.toISOString().slice(0, 10).replaceAll('-', '')}`;
  const exists = async (name: string) =>
    (await fixture.rows<{ is: boolean }>('select to_regclass($1) is not null as is', [name]))[0]?.is;

  it('drops attempts, finished deliveries and statistics after 30 days by partition, and leaves what is held where it lies', async () => {
    const worker = await fixture.startWorker();
    const actor = await fixture.workspace();
    const { id } = (await fixture.endpoint(actor, receiver.url)).webhookEndpoint;
    const [eventId = ''] = await fixture.publish(actor);
    await receiver.arrived(1);
    const page = { limit: 10, cursor: null, direction: 'older' } as const;
    const statuses = async () => (await fixture.deliveries.list(actor, {}, page)).rows.map(({ status }) => status);
    await fixture.eventually(async () => (await statuses())[0] === 'delivered');
    const [{ at } = { at: new Date() }] = await fixture.rows<{ at: Date }>('select at from webhook_attempts');
    const attempts = partitionOf('webhook_attempts', at);
    const events = partitionOf('events', at);
    const later = (days: number) => new Date(at.getTime() + days * dayMs);
    expect(await exists(partitionOf('webhook_attempts', later(7)))).to.equal(true);

    await fixture.endpoints.pause(actor, id);
    await fixture.rows('update webhook_endpoints set paused_at = $2 where id = $1', [id, later(15)]);
    await fixture.eventually(async () => worker.isQuiet());
    await fixture.rows(insertDelivery, [`${idFloor(later(15))}d${'0'.repeat(15)}`, id, eventId]);
    const rows = async () => (await fixture.rows('select from webhook_attempts')).length;
    const stats = partitionOf('webhook_endpoint_stats', at);
    const counted = async () => (await fixture.rows('select from webhook_endpoint_stats')).length;
    fixture.clockOffsetMs = 29.9 * dayMs;
    await worker.maintain();
    expect([await exists(stats), await counted()]).to.deep.equal([true, 1]);
    expect([await exists(attempts), await rows(), await statuses()]).to.deep.equal([true, 1, ['held', 'delivered']]);
    fixture.clockOffsetMs = 31.1 * dayMs;
    await worker.maintain();
    expect([await exists(attempts), await rows(), await statuses()]).to.deep.equal([false, 0, ['held']]);
    expect([await exists(stats), await counted()]).to.deep.equal([false, 0]);

    // As long as what was held may be looked at.
    expect(await exists(events)).to.equal(true);
    fixture.clockOffsetMs = 64 * dayMs;
    await worker.maintain();
    expect(await exists(events)).to.equal(false);
    expect(await fixture.rows('select from event_positions')).to.have.length(0);
    expect(await statuses()).to.deep.equal(['skipped']);
    fixture.clockOffsetMs = 0;
  });

  it('keeps an event as long as a delivery of it is open, and nothing else of its day', async () => {
    const worker = await fixture.startWorker();
    const actor = await fixture.workspace();
    const { id } = (await fixture.endpoint(actor, `${receiver.url}/old`)).webhookEndpoint;
    const [eventId = '', other = ''] = await fixture.publish(actor, 2);
    const sent = () => receiver.received.filter(({ path }) => path.endsWith('/old')).length;
    await fixture.eventually(async () => sent() === 2);
    const at = new Date(parseInt(eventId.slice(5, 13), 36));
    const later = (days: number) => new Date(at.getTime() + days * dayMs);
    const left = async (table: string, key = 'event_id') => {
      const text = `select ${key} as id from ${table} where ${key} in ($1, $2)`;
      return (await fixture.rows<{ id: string }>(text, [eventId, other])).map((row) => row.id);
    };

    // As a redelivery on its 61st day to an endpoint that is paused since the day before.
    await fixture.endpoints.pause(actor, id);
    await fixture.rows('update webhook_endpoints set paused_at = $2 where id = $1', [id, later(60)]);
    const delivery = `${idFloor(later(61))}d${'0'.repeat(15)}`;
    await fixture.rows(insertDelivery, [delivery, id, eventId]);
    for (const days of [64, 80]) {
      fixture.clockOffsetMs = days * dayMs;
      await worker.maintain();
      expect(await left('events', 'id')).to.deep.equal([eventId]);
      expect(await left('event_positions')).to.deep.equal([eventId]);
    }
    expect(await fixture.eventLog.getMany(actor, [eventId])).to.have.length(1);
    await fixture.endpoints.resume(actor, id, () => ({ skipHeld: false }));
    await fixture.eventually(async () => sent() === 3);
    await fixture.eventually(async () => (await fixture.deliveries.get(actor, delivery)).status === 'delivered');

    // Whom it spoke of, as long as the answer is kept.
    await fixture.rows('update webhook_attempts set at = $2 where delivery_id = $1', [delivery, later(80)]);
    fixture.clockOffsetMs = 95 * dayMs;
    await worker.maintain();
    expect(await exists(partitionOf('events', at))).to.equal(false);
    expect(await left('event_subjects')).to.deep.equal([eventId]);
    fixture.clockOffsetMs = 112 * dayMs;
    await worker.maintain();
    expect(await exists(partitionOf('event_subjects', at))).to.equal(false);
    fixture.clockOffsetMs = 0;
  });

  it('goes on with the rest though one part cannot be done, and says that it is to be done again', async () => {
    const worker = await fixture.startWorker();
    const actor = await fixture.workspace();
    const { id } = (await fixture.endpoint(actor, receiver.url)).webhookEndpoint;
    await fixture.endpoints.pause(actor, id);
    await fixture.publish(actor);
    const open = async () => await fixture.rows('select from webhook_open_deliveries where endpoint_id = $1', [id]);
    await fixture.eventually(async () => (await open()).length === 1);
    fixture.clockOffsetMs = 45 * dayMs;
    const reader = await fixture.database.pool.connect();
    await reader.query('begin');
    await reader.query('lock table webhook_attempts in access share mode');
    const failed = await worker.maintain().then(
      () => null,
      (error: unknown) => error,
    );
    await reader.query('rollback');
    reader.release();
    expect(failed).to.be.an('error');
    expect(await open()).to.have.length(0);
    await worker.maintain();
  });
});
