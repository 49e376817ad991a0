import { expect } from 'chai';
import type { PoolClient } from 'pg';
import { newId } from '../../src/platform/id.js';
import type { Statement } from '../../src/platform/postgres/statement.js';
import { DeliveryQuery, type WebhookDeliveryFilter } from '../../src/webhooks/deliveries/delivery-query.js';
import { readDue, readFresh, takeOrphans } from '../../src/webhooks/engine/due-deliveries.js';
import { fanOutWaiting } from '../../src/webhooks/engine/fan-out.js';
import { skipSome } from '../../src/webhooks/store/skip-deliveries.js';
import { readEvents } from '../../src/webhooks/replays/replay.service.js';
import { insertRuns, runMax } from '../../src/webhooks/store/packed-deliveries.js';
import { markSlow, storeAny, storeFirstAndLast } from '../../src/webhooks/store/attempt-statements.js';
import { findErased, madeAt, skipErasedSince } from '../../src/webhooks/deliveries/delivery.service.js';
import { Receiver } from '../support/receiver.js';
import { insertDelivery, WebhookFixture } from './webhook-fixture.js';

const parkedRows = 100_000;

describe('100,000 deliveries parked for one endpoint', function () {
  this.timeout(60_000);

  let fixture: WebhookFixture;
  let receiver: Receiver;
  let workspace: string;
  let parked: string;
  let busy: string;
  const event = `evt_${newId('event')}`;
  const parkedPrefix = newId('webhookDelivery').slice(0, 10);
  const parkedId = (number: number) => parkedPrefix + String(number).padStart(15, '0');
  const fresh = newId('webhookDelivery');
  const retried = newId('webhookDelivery');
  /** Another workspace's, the first of its events with an open delivery. */
  let elsewhere: { workspace: string; endpoint: string };
  const events = Array.from({ length: 30 }, () => `evt_${newId('event')}`);

  /** A connection that planned everything while nothing was there. */
  let early: PoolClient;

  before(async () => {
    fixture = await WebhookFixture.open();
    receiver = await Receiver.start();
    const actor = await fixture.workspace();
    workspace = actor.workspaceId;
    busy = (await fixture.endpoint(actor, receiver.url)).webhookEndpoint.id;
    parked = (await fixture.endpoint(actor, receiver.url)).webhookEndpoint.id;
    // Nor will PostgreSQL look again before this is over.
    for (const table of ['webhook_runs', 'webhook_retries']) {
      await fixture.rows(`alter table ${table} set (autovacuum_enabled = off)`);
    }
    await fixture.rows('vacuum analyze');
    early = await planned();
    // Half wait for a later attempt, half for the endpoint to be resumed: first one by one, then made many at once.
    await fixture.rows(
      `insert into webhook_retries (id, endpoint_id, event_id, attempts, due_at)
       select $1 || lpad(n::text, 15, '0'), $2, $3, 1, now() + interval '1 day' from generate_series(1, $4, 2) n`,
      [parkedPrefix, parked, event, parkedRows],
    );
    for (const [first, last, place] of [
      [2, parkedRows / 2, `n * ${runMax}`],
      [parkedRows / 2 + 2, parkedRows, `(n - ${parkedRows / 2 + 2}) / 2`],
    ] as const) {
      await fixture.rows(
        `with made as (
           select $1 || lpad(n::text, 15, '0') as id, $2 as endpoint_id, $3 as event_id, ${place} as place
           from generate_series(${first}, ${last}, 2) n
         ) ${insertRuns('made')}`,
        [parkedPrefix, parked, event],
      );
    }
    await fixture.rows(
      "update webhook_endpoints set status = 'paused', pause_reason = 'manual', paused_at = now() where id = $1",
      [parked],
    );
    await fixture.rows(insertDelivery, [fresh, busy, event]);
    await fixture.rows(
      'insert into webhook_retries (id, endpoint_id, event_id, attempts, due_at) values ($1, $2, $3, 1, now())',
      [retried, busy, event],
    );
    await fixture.rows('update webhook_endpoint_states set owner = 1');
    const other = await fixture.workspace();
    elsewhere = {
      workspace: other.workspaceId,
      endpoint: (await fixture.endpoint(other, receiver.url)).webhookEndpoint.id,
    };
    await fixture.rows(
      `insert into events (id, workspace_id, type, subject_id, body, created_at)
       select unnest($1::text[]), $2, 'contact.created', 'c', '{}', e.created_at from webhook_endpoints e where e.id = $3`,
      [events, elsewhere.workspace, elsewhere.endpoint],
    );
    await fixture.rows(insertDelivery, [newId('webhookDelivery'), elsewhere.endpoint, events[0]]);
  });

  /** A connection that has planned every statement by what the tables hold now. */
  async function planned(): Promise<PoolClient> {
    const client = await fixture.database.pool.connect();
    await client.query('set plan_cache_mode = force_generic_plan');
    for (const [name, { text, values }] of Object.entries(statements())) {
      await client.query(`prepare "${name}" as ${text}`);
      await client.query(`explain execute "${name}" (${values.map(literal).join(', ')})`);
    }
    return client;
  }
  after(async () => {
    early.release();
    await fixture.close();
    await receiver.stop();
  });

  it('are not scanned by any claim, nor when results are stored, though all was planned before they came', async () => {
    await expectFewPages(early);
  });

  it('are not looked through when somebody else replays events or erases a person', async () => {
    const replay = [elsewhere.endpoint, '', '~', null, events.length];
    expect(await pagesOf(readEvents.MISSED, replay)).to.be.below(400);
    expect(await pagesOf(readEvents.FAILED, replay)).to.be.below(400);
    expect(await pagesOf(findErased, [elsewhere.workspace, events])).to.be.below(60);
    // Of the workspace whose rows they are, too: only what came since it had a look.
    const since = [new Date(), workspace, [event], newId('webhookDelivery')];
    expect(await pagesOf(skipErasedSince, since)).to.be.below(60);
    const missed = await fixture.database.query(readEvents.MISSED, replay);
    expect(missed.map(({ id }) => id)).to.deep.equal(events.slice(1));
    const [erased] = await fixture.database.query(findErased, [elsewhere.workspace, events]);
    expect(erased?.endpointIds).to.deep.equal([elsewhere.endpoint]);
    expect(erased?.ids).to.have.length(1);
  });

  it('are taken apart no further than a page of deliveries asks for, from either end and in the middle', async () => {
    const { rows } = await pageOf('older', '~');
    expect(rows.map(({ id }) => id)).to.deep.equal(range(parkedRows, -1));
    for (const [direction, cursor, ids] of [
      ['older', parkedId(60_001), range(60_000, -1)],
      ['newer', parkedId(60_001), range(60_002, 1)],
      ['newer', parkedId(20_001), range(20_002, 1)],
    ] as const) {
      expect((await pageOf(direction, cursor)).rows.map(({ id }) => id)).to.deep.equal(ids);
    }
  });

  const range = (from: number, step: number) => Array.from({ length: 20 }, (_, n) => parkedId(from + n * step));

  it('are not taken apart for a page of before or after they came', async () => {
    const at = madeAt(parkedPrefix).getTime();
    expect((await pageOf('older', '~', { createdAt: { gte: new Date(at + 60_000) } })).rows).to.have.length(0);
    expect((await pageOf('older', '~', { createdAt: { lt: new Date(at - 60_000) } })).rows).to.have.length(0);
    expect((await pageOf('newer', '', { createdAt: { lt: new Date(at - 60_000) } })).rows).to.have.length(0);
  });

  /** A page of 20 of those parked, and what it takes to read it. */
  async function pageOf(direction: 'older' | 'newer', cursor: string, filter: WebhookDeliveryFilter = {}) {
    const query = new DeliveryQuery('endpoint', filter);
    const values = [workspace, [parked], cursor, 20, ...query.values];
    const pages = await pagesOf({ text: query.page(direction) } as Statement<object>, values);
    expect(pages, `${direction} ${cursor}`).to.be.below(120);
    return { rows: await fixture.rows<{ id: string }>(query.page(direction), values) };
  }

  it('are not scanned either once PostgreSQL has looked at them', async () => {
    await fixture.rows('vacuum analyze webhook_runs, webhook_retries');
    const late = await planned();
    await expectFewPages(late);
    late.release();
  });

  async function expectFewPages(client: PoolClient): Promise<void> {
    for (const [name, { values, pages, left }] of Object.entries(statements())) {
      await client.query('begin');
      const { rows } = await client.query<Explained>(
        `explain (analyze, buffers, format json) execute "${name}" (${values.map(literal).join(', ')})`,
      );
      const open = await client.query<{ attempts: number; isMarked: boolean }>(
        `select attempts, attempting as "isMarked" from webhook_deliveries
         where endpoint_id = $1 order by id`,
        [busy],
      );
      await client.query('rollback');
      expect(pagesRead(rows[0]), name).to.be.below(pages);
      expect(
        open.rows.map(({ attempts, isMarked }) => `${attempts}${isMarked ? ' slow' : ''}`),
        name,
      ).to.deep.equal(left);
    }
  }

  async function pagesOf({ text }: Statement<object>, values: unknown[]): Promise<number> {
    const [row] = await fixture.rows<Explained>(`explain (analyze, buffers, format json) ${text}`, values);
    return pagesRead(row);
  }

  it('change nothing for the others: an event is at its receiver as fast as ever', async () => {
    for (const table of ['webhook_runs', 'webhook_retries']) {
      await fixture.rows(`delete from ${table} where endpoint_id = $1`, [busy]);
    }
    await fixture.startWorker();
    const tookMs: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      const startedAt = performance.now();
      await fixture.publish({ workspaceId: workspace });
      await receiver.arrived(round + 1);
      tookMs.push(performance.now() - startedAt);
    }
    expect(tookMs.sort((a, b) => a - b)[10]).to.be.below(100);
  });

  /** With what each may read, and what it leaves open of the busy one: the attempts that each delivery has had. */
  function statements(): Record<string, Statement<object> & { values: unknown[]; pages: number; left: string[] }> {
    const at = new Date().toISOString();
    const attempts = (endpointId: string, ids: string[], number: number, ended: string | null, bits: number[]) => {
      const endpoint = [endpointId, 0, 0, false, null, null, at, true];
      const runs = [bits.map(() => endpointId), bits.length === 0 ? [] : ids, bits];
      const attempt = [endpointId, event, 'contact.created', at, number, 'success', 200, 3, 3, ...nulls(6), ended, at];
      const places = bits.length === 0 ? [ids.map(() => null), ids.map(() => null)] : [ids, bits];
      const columns = [ids, ...attempt.map((value) => ids.map(() => value)), ...places];
      return [1, ...endpoint.map((value) => [value]), ...runs, ...columns];
    };
    const endsOfParked = [2, parkedRows].map((number) => parkedId(number));
    const bitsOfEnds = [1, 1 << ((parkedRows / 4 - 1) % runMax)];
    return {
      readFresh: { ...readFresh, values: [[busy], [''], [256]], pages: 20, left: ['0', '1'] },
      readDue: { ...readDue, values: [[busy], [256]], pages: 20, left: ['0', '1'] },
      takeOrphans: { ...takeOrphans, values: [1, at, []], pages: 60, left: ['0', '1'] },
      storeFirstAndLast: {
        ...storeFirstAndLast,
        values: attempts(busy, [fresh], 1, 'delivered', [1]),
        pages: 60,
        left: ['1'],
      },
      storeFarApart: {
        ...storeFirstAndLast,
        values: attempts(parked, endsOfParked, 1, 'delivered', bitsOfEnds),
        pages: 60,
        left: ['0', '1'],
      },
      storeFresh: { ...storeAny, values: attempts(busy, [fresh], 1, null, [1]), pages: 80, left: ['1', '1'] },
      storeRetried: { ...storeAny, values: attempts(busy, [retried], 2, 'exhausted', []), pages: 80, left: ['0'] },
      markSlow: {
        ...markSlow,
        values: [1, [busy], [retried], [busy], [fresh], [1]],
        pages: 60,
        left: ['0 slow', '1 slow'],
      },
      skipSome: { ...skipSome, values: [at, [busy, busy], [fresh, retried]], pages: 60, left: [] },
      fanOut: { ...fanOutWaiting, values: [Date.now(), 'c0d', 'x', 50], pages: 60, left: ['0', '1'] },
    };
  }
});

interface Explained {
  'QUERY PLAN': [{ Plan: Record<'Shared Hit Blocks' | 'Shared Read Blocks', number> }];
}

function pagesRead(explained: Explained | undefined): number {
  const plan = explained?.['QUERY PLAN'][0].Plan;
  return (plan?.['Shared Hit Blocks'] ?? Infinity) + (plan?.['Shared Read Blocks'] ?? 0);
}

function literal(value: unknown): string {
  return typeof value === 'number' ? String(value) : `'${Array.isArray(value) ? arrayText(value) : String(value)}'`;
}

const nulls = (count: number) => Array.from({ length: count }, () => null);
const arrayText = (values: unknown[]) => `{${values.map((value) => String(value)).join(',')}}`;
