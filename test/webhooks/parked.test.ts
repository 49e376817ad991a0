import { expect } from 'chai';
import type { PoolClient } from 'pg';
import { newId } from '../../src/platform/id.js';
import { DeliveryQuery, type WebhookDeliveryFilter } from '../../src/webhooks/store/delivery-query.js';
import { findOpenOf, skipDeliveries, skipOpenSince } from '../../src/webhooks/store/open-deliveries.js';
import { readOpen, takeOrphanedEndpoints } from '../../src/webhooks/store/read-open.js';
import { markAttempting, storeAttempts } from '../../src/webhooks/store/store-attempts.js';
import { FanOut } from '../../src/webhooks/engine/fan-out.js';
import { goodHealth } from '../../src/webhooks/policy/endpoint-health.js';
import type { Next } from '../../src/webhooks/policy/retry.js';
import { readEvents } from '../../src/webhooks/replays/replay.service.js';
import { madeAt } from '../../src/webhooks/deliveries/delivery.service.js';
import { sentBy, type Sent } from '../support/sent-statements.js';
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
  const events = Array.from({ length: 20 }, () => `evt_${newId('event')}`);

  /** A connection that planned everything while nothing was there. */
  let early: PoolClient;
  let statements: Record<string, Sent & { pages: number; left: string[] }>;

  before(async () => {
    fixture = await WebhookFixture.open();
    receiver = await Receiver.start();
    const actor = await fixture.workspace();
    workspace = actor.workspaceId;
    busy = (await fixture.endpoint(actor, receiver.url)).webhookEndpoint.id;
    parked = (await fixture.endpoint(actor, receiver.url)).webhookEndpoint.id;
    // Nor will PostgreSQL look again before this is over.
    await fixture.rows('alter table webhook_open_deliveries set (autovacuum_enabled = off)');
    await fixture.rows('vacuum analyze');
    statements = await allStatements();
    early = await planned();
    // Half wait for a later attempt, half for the endpoint to be resumed.
    await fixture.rows(
      `insert into webhook_open_deliveries (id, endpoint_id, event_id, attempts, due_at)
       select $1 || lpad(n::text, 15, '0'), $2, $3, n % 2, case when n % 2 = 1 then now() + interval '1 day' end
       from generate_series(1, $4) n`,
      [parkedPrefix, parked, event, parkedRows],
    );
    await fixture.rows(
      "update webhook_endpoints set status = 'paused', pause_reason = 'manual', paused_at = now() where id = $1",
      [parked],
    );
    await fixture.rows(insertDelivery, [fresh, busy, event]);
    await fixture.rows(
      'insert into webhook_open_deliveries (id, endpoint_id, event_id, attempts, due_at) values ($1, $2, $3, 1, now())',
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
    for (const [name, { text, values }] of Object.entries(statements)) {
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
    expect(await pagesOf({ ...readEvents.MISSED, values: replay })).to.be.below(400);
    expect(await pagesOf({ ...readEvents.FAILED, values: replay })).to.be.below(400);
    const [find] = await sentBy(async (_, tx) => void (await findOpenOf(tx, elsewhere.workspace, events, null)));
    expect(await pagesOf(find)).to.be.below(60);
    // Of the workspace whose rows they are, too: only what came since it had a look.
    const [since] = await sentBy(
      async (_, tx) =>
        await skipOpenSince(tx, workspace, [event], newId('webhookDelivery'), {
          at: new Date(),
          reason: 'person_erased',
        }),
    );
    expect(await pagesOf(since)).to.be.below(60);
    const missed = await fixture.database.query(readEvents.MISSED, replay);
    expect(missed[0]?.ids).to.deep.equal(events.slice(1));
    const { deliveries } = await fixture.database.transaction(
      async (tx) => await findOpenOf(tx, elsewhere.workspace, events, null),
    );
    expect(deliveries).to.have.length(1);
  });

  it('are read no further than a page of deliveries asks for, from either end and in the middle', async () => {
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

  it('are not read for a page of before or after they came', async () => {
    const at = madeAt(parkedPrefix).getTime();
    expect((await pageOf('older', '~', { createdAt: { gte: new Date(at + 60_000) } })).rows).to.have.length(0);
    expect((await pageOf('older', '~', { createdAt: { lt: new Date(at - 60_000) } })).rows).to.have.length(0);
    expect((await pageOf('newer', '', { createdAt: { lt: new Date(at - 60_000) } })).rows).to.have.length(0);
  });

  /** A page of 20 of those parked, and what it takes to read it. */
  async function pageOf(direction: 'older' | 'newer', cursor: string, filter: WebhookDeliveryFilter = {}) {
    const query = new DeliveryQuery('endpoint', filter);
    const values = [workspace, [parked], cursor, 20, ...query.values];
    const pages = await pagesOf({ text: query.page(direction), values });
    expect(pages, `${direction} ${cursor}`).to.be.below(120);
    return { rows: await fixture.rows<{ id: string }>(query.page(direction), values) };
  }

  it('are not scanned either once PostgreSQL has looked at them', async () => {
    await fixture.rows('vacuum analyze webhook_open_deliveries');
    const late = await planned();
    await expectFewPages(late);
    late.release();
  });

  async function expectFewPages(client: PoolClient): Promise<void> {
    for (const [name, { values, pages, left }] of Object.entries(statements)) {
      await client.query('begin');
      const { rows } = await client.query<Explained>(
        `explain (analyze, buffers, format json) execute "${name}" (${values.map(literal).join(', ')})`,
      );
      const open = await client.query<{ attempts: number; isMarked: boolean }>(
        `select attempts, attempting as "isMarked" from webhook_open_deliveries
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

  async function pagesOf({ text, values }: Sent | undefined = { text: '', values: [] }): Promise<number> {
    const [row] = await fixture.rows<Explained>(`explain (analyze, buffers, format json) ${text}`, values);
    return pagesRead(row);
  }

  it('change nothing for the others: an event is at its receiver as fast as ever', async () => {
    await fixture.rows('delete from webhook_open_deliveries where endpoint_id = $1', [busy]);
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
  async function allStatements(): Promise<typeof statements> {
    const last = async (work: Parameters<typeof sentBy>[0]) => (await sentBy(work)).at(-1) ?? { text: '', values: [] };
    const read = async (kind: 'pending' | 'failed' | 'all') =>
      await last(async (database) => await readOpen(database, kind, [{ endpointId: busy, afterId: '', count: 256 }]));
    const now = Date.now();
    const timings = { dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: 3, totalMs: 3 };
    const outcome = {
      outcome: 'success',
      status: 200,
      retryAfter: null,
      head: '',
      body: Buffer.from('\0'),
      error: null,
    } as const;
    const store = async (endpointId: string, ids: string[], attempts: number, next: Next) => {
      const endpoint = { endpointId, revision: 0, health: goodHealth, lastEndedAt: now, lastSucceeded: true };
      const results = ids.map((id) => ({
        endpointId,
        delivery: { id, event: { id: event, type: 'contact.created' }, attempts },
        startedAt: now,
        endedAt: now,
        requestVersion: 0,
        outcome: { ...outcome, address: '127.0.0.1', timings },
        next,
      }));
      return await last(async (_, tx) => await storeAttempts(tx, 1, [endpoint], results));
    };
    const delivered = { ended: 'delivered', dueAt: null } as const;
    const keys = [fresh, retried].map((id) => ({ endpointId: busy, id }));
    const fanOut = await last(async (database) => {
      await new FanOut(database, fixture.notifications, fixture.log, () => {}).finish();
    });
    return {
      readPending: { ...(await read('pending')), pages: 20, left: ['0', '1'] },
      readFailed: { ...(await read('failed')), pages: 20, left: ['0', '1'] },
      readAll: { ...(await read('all')), pages: 20, left: ['0', '1'] },
      takeOrphans: {
        ...(await last(async (database) => await takeOrphanedEndpoints(database, 1, now, []))),
        pages: 60,
        left: ['0', '1'],
      },
      storePending: { ...(await store(busy, [fresh], 0, delivered)), pages: 60, left: ['1'] },
      storeFarApart: {
        ...(await store(parked, [parkedId(2), parkedId(parkedRows)], 0, delivered)),
        pages: 60,
        left: ['0', '1'],
      },
      storeFailed: { ...(await store(busy, [fresh], 0, { ended: null, dueAt: now })), pages: 80, left: ['1', '1'] },
      storeFailedAgain: {
        ...(await store(busy, [retried], 1, { ended: 'exhausted', dueAt: null })),
        pages: 80,
        left: ['0'],
      },
      markAttempting: {
        ...(await last(async (database) => await markAttempting(database, 1, keys))),
        pages: 60,
        left: ['0 slow', '1 slow'],
      },
      skipSome: {
        ...(await last(
          async (database) => await skipDeliveries(database, keys, { at: new Date(), reason: 'event_gone' }),
        )),
        pages: 60,
        left: [],
      },
      fanOut: { ...fanOut, pages: 60, left: ['0', '1'] },
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

/** As a parameter of `execute`. */
function literal(value: unknown): string {
  if (value === null) return 'null';
  return typeof value === 'number' ? String(value) : `'${Array.isArray(value) ? arrayText(value) : textOf(value)}'`;
}

const arrayText = (values: unknown[]) =>
  `{${values.map((value) => (value === null ? 'NULL' : `"${textOf(value).replaceAll('\\', '\\\\')}"`)).join(',')}}`;

function textOf(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  return Buffer.isBuffer(value) ? `\\x${value.toString('hex')}` : String(value);
}
