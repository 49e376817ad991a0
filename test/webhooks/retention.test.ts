import { expect } from 'chai';
import { idFloor } from '../../src/platform/id.js';
import { Receiver } from '../support/receiver.js';
import { insertDelivery, WebhookHouse } from './webhook-house.js';

const dayMs = 86_400_000;

describe('retention of webhooks', () => {
  let house: WebhookHouse;
  let receiver: Receiver;

  before(async () => {
    house = await WebhookHouse.open();
    receiver = await Receiver.start();
  });
  after(async () => {
    await house.close();
    await receiver.stop();
  });

  const partitionOf = (table: string, at: Date) => `${table}_${at.toISOString().slice(0, 10).replaceAll('-', '')}`;
  const exists = async (name: string) =>
    (await house.rows<{ is: boolean }>('select to_regclass($1) is not null as is', [name]))[0]?.is;

  it('forgets notices but the last 1,000 of a workspace', async () => {
    const worker = await house.startWorker();
    const [many, few] = [await house.tenant(), await house.tenant()];
    const tell = async (workspaceId: string, count: number) =>
      await house.rows(
        `insert into notices select 'n' || $1 || lpad(n::text, 5, '0'), $1, 'webhook_paused', 'T', '{}', now(), null
        from generate_series(1, $2) n`,
        [workspaceId, count],
      );
    await tell(many.workspaceId, 1_003);
    await tell(few.workspaceId, 2);
    await worker.maintain();
    const left = await house.rows<{ workspaceId: string; count: number; first: string }>(
      'select workspace_id as "workspaceId", count(*)::int as count, min(id) as first from notices group by 1',
    );
    const leftOf = ({ workspaceId }: { workspaceId: string }) => left.find((row) => row.workspaceId === workspaceId);
    expect(leftOf(many)).to.include({ count: 1_000, first: `n${many.workspaceId}00004` });
    expect(leftOf(few)).to.include({ count: 2 });
  });

  it('drops attempts and finished deliveries after 30 days by partition, and leaves what is held where it lies', async () => {
    const worker = await house.startWorker();
    const actor = await house.tenant();
    const { id } = (await house.endpoint(actor, receiver.url)).webhookEndpoint;
    const [eventId = ''] = await house.happen(actor);
    await receiver.arrived(1);
    const page = { limit: 10, cursor: null, direction: 'older' } as const;
    const statuses = async () => (await house.deliveries.list(actor, {}, page)).rows.map(({ status }) => status);
    await house.eventually(async () => (await statuses())[0] === 'delivered');
    const [{ at } = { at: new Date() }] = await house.rows<{ at: Date }>('select at from webhook_attempts');
    const attempts = partitionOf('webhook_attempts', at);
    const events = partitionOf('events', at);
    const later = (days: number) => new Date(at.getTime() + days * dayMs);
    expect(await exists(partitionOf('webhook_attempts', later(7)))).to.equal(true);

    await house.endpoints.pause(actor, id);
    await house.rows('update webhook_endpoints set paused_at = $2 where id = $1', [id, later(15)]);
    await house.eventually(async () => worker.isQuiet());
    await house.rows(insertDelivery, [`${idFloor(later(15))}d${'0'.repeat(15)}`, id, eventId]);
    const rows = async () => (await house.rows('select from webhook_attempts')).length;
    house.clockOffsetMs = 29.9 * dayMs;
    await worker.maintain();
    expect([await exists(attempts), await rows(), await statuses()]).to.deep.equal([true, 1, ['held', 'delivered']]);
    house.clockOffsetMs = 31.1 * dayMs;
    await worker.maintain();
    expect([await exists(attempts), await rows(), await statuses()]).to.deep.equal([false, 0, ['held']]);

    // As long as what was held may be looked at.
    expect(await exists(events)).to.equal(true);
    house.clockOffsetMs = 64 * dayMs;
    await worker.maintain();
    expect(await exists(events)).to.equal(false);
    expect(await house.rows('select from event_positions')).to.have.length(0);
    expect(await statuses()).to.deep.equal(['skipped']);
    house.clockOffsetMs = 0;
  });

  it('goes on with the rest though one part cannot be done, and says that it is to be done again', async () => {
    const worker = await house.startWorker();
    const actor = await house.tenant();
    const { id } = (await house.endpoint(actor, receiver.url)).webhookEndpoint;
    await house.endpoints.pause(actor, id);
    await house.happen(actor);
    const open = async () => await house.rows('select from webhook_deliveries where endpoint_id = $1', [id]);
    await house.eventually(async () => (await open()).length === 1);
    house.clockOffsetMs = 45 * dayMs;
    const reader = await house.database.pool.connect();
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
