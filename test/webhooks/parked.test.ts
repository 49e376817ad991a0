import { expect } from 'chai';
import { newId } from '../../src/platform/id.js';
import type { Statement } from '../../src/platform/database.js';
import { readDue, readFresh, takeOrphans } from '../../src/webhooks/claims.js';
import { Receiver } from '../support/receiver.js';
import { WebhookHouse } from './webhook-house.js';

const parkedRows = 100_000;

describe('100,000 deliveries parked for one endpoint', function () {
  this.timeout(60_000);

  let house: WebhookHouse;
  let receiver: Receiver;
  let parked: string;
  let busy: string;

  before(async () => {
    house = await WebhookHouse.open();
    receiver = await Receiver.start();
    const actor = await house.tenant();
    busy = (await house.endpoint(actor, receiver.url)).webhookEndpoint.id;
    parked = (await house.endpoint(actor, receiver.url)).webhookEndpoint.id;
    const event = `evt_${newId('event')}`;
    // Half wait for a later attempt, half for the endpoint to be resumed.
    await house.rows(
      `insert into webhook_deliveries (id, endpoint_id, event_id, attempts, due_at)
       select left($1, 10) || lpad(n::text, 15, '0'), $2, $3, n % 2, case when n % 2 = 1 then now() + interval '1 day' end
       from generate_series(1, $4) n`,
      [newId('webhookDelivery'), parked, event, parkedRows],
    );
    await house.rows(
      "update webhook_endpoints set status = 'paused', pause_reason = 'manual', paused_at = now() where id = $1",
      [parked],
    );
    await house.rows(
      'insert into webhook_deliveries (id, endpoint_id, event_id, attempts, due_at) values ($1, $3, $4, 0, null), ($2, $3, $4, 1, now())',
      [newId('webhookDelivery'), newId('webhookDelivery'), busy, event],
    );
    await house.rows('vacuum analyze webhook_deliveries');
  });
  after(async () => {
    await house.close();
    await receiver.stop();
  });

  it('are not scanned by any claim: each reads a handful of pages', async () => {
    expect(await pagesOf(readFresh, [[busy], [''], [256]])).to.be.below(20);
    expect(await pagesOf(readDue, [[busy], [256]])).to.be.below(20);
    expect(await pagesOf(takeOrphans, [1, new Date(), []])).to.be.below(60);
  });

  it('change nothing for the others: an event is at its receiver as fast as ever', async () => {
    await house.rows('delete from webhook_deliveries where endpoint_id = $1', [busy]);
    await house.startWorker();
    const [{ workspace } = { workspace: '' }] = await house.rows<{ workspace: string }>(
      'select workspace_id as workspace from webhook_endpoints limit 1',
    );
    const tookMs: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      const startedAt = performance.now();
      await house.happenIn(workspace);
      await receiver.arrived(round + 1);
      tookMs.push(performance.now() - startedAt);
    }
    expect(tookMs.sort((a, b) => a - b)[10]).to.be.below(100);
  });

  async function pagesOf(statement: Statement<object>, values: unknown[]): Promise<number> {
    const client = await house.database.pool.connect();
    try {
      await client.query('begin');
      const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Record<string, number> }] }>(
        `explain (analyze, buffers, format json) ${statement.text}`,
        values,
      );
      const plan = rows[0]?.['QUERY PLAN'][0].Plan;
      return (plan?.['Shared Hit Blocks'] ?? Infinity) + (plan?.['Shared Read Blocks'] ?? 0);
    } finally {
      await client.query('rollback');
      client.release();
    }
  }
});
