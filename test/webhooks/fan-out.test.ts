import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import type { Actor } from '../../src/platform/actor.js';
import { idFloor, nextMoment } from '../../src/platform/id.js';
import { lockDeliveryOrder } from '../../src/webhooks/store/delivery-order-lock.js';
import { queuedMax } from '../../src/webhooks/engine/endpoint-queue.js';
import { Receiver } from '../support/receiver.js';
import { WebhookFixture } from './webhook-fixture.js';

const gate = 7_411;

describe('fan-out', () => {
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

  /**
   * Lets the fan-out of an event begin, and see the world as it is; what `meanwhile` does is committed before it takes
   * the lock. The endpoint has a queue, so that whatever is made is sent at once.
   */
  async function withFanOutUnderWay(meanwhile: (eventId: string) => Promise<unknown>): Promise<void> {
    await fixture.startWorker();
    await fixture.publish(actor);
    await receiver.arrived(1);
    await fixture.rows(`
      alter table webhook_fan_out rename to webhook_fan_out_row;
      create function waits_at_gate() returns boolean language plpgsql as $$ begin
        if current_query() like '%skip locked%' then perform pg_advisory_xact_lock_shared(${gate}); end if;
        return true;
      end $$;
      create view webhook_fan_out as select * from webhook_fan_out_row where waits_at_gate();
    `);
    await withGateShut(async () => {
      const [eventId = ''] = await fixture.publish(actor);
      await fixture.eventually(async () => (await fixture.rows(waitingAtGate)).length > 0);
      await meanwhile(eventId);
    });
    await fixture.eventually(async () => (await fixture.rows('select from event_fan_outs')).length === 0);
  }

  async function withGateShut(work: () => Promise<unknown>): Promise<void> {
    const keeper = await fixture.database.pool.connect();
    await keeper.query('select pg_advisory_lock($1)', [gate]);
    await work();
    await keeper.query('select pg_advisory_unlock($1)', [gate]);
    keeper.release();
  }

  /** `statements` run for each delivery, in the commit that makes it. The endpoint has a queue. */
  async function atCommit(statements: string): Promise<void> {
    await fixture.startWorker();
    await fixture.publish(actor);
    await receiver.arrived(1);
    await fixture.rows(`
      create function at_commit() returns trigger language plpgsql as $$ begin ${statements}; return null; end $$;
      create constraint trigger at_commit after insert on webhook_open_deliveries deferrable initially deferred
      for each row execute function at_commit();
    `);
  }

  it('sends nothing that may still be lost: a delivery is posted once its commit is certain', async () => {
    await atCommit(`perform pg_advisory_xact_lock_shared(${gate})`);
    await withGateShut(async () => {
      await fixture.publish(actor);
      await fixture.eventually(async () => (await fixture.rows(waitingAtGate)).length === 1);
      await delay(100);
      expect(receiver.received).to.have.length(1);
    });
    await receiver.arrived(2);
    await fixture.eventually(async () => (await deliveredIds()).length === 2);
    expect(await fixture.rows('select from webhook_open_deliveries')).to.have.length(0);
  });

  it('makes again what is lost with its commit, and sends it once, however many commits fail', async () => {
    await fixture.rows('create sequence commits');
    await atCommit("if nextval('commits') <= 2 then raise 'lost'; end if");
    const [eventId] = await fixture.publish(actor);
    const [, made] = await receiver.arrived(2);
    expect(made?.headers['webhook-id']).to.equal(eventId);
    await fixture.eventually(async () => (await deliveredIds()).length === 2);
    expect(receiver.received).to.have.length(2);
    expect(await deliveredIds()).to.include(made?.headers['x-iozen-delivery-id']);
    expect(await fixture.rows('select from webhook_open_deliveries')).to.have.length(0);
  });

  it('sends all of what does not fit into memory, each once', async () => {
    await fixture.startWorker();
    await fixture.publish(actor);
    await receiver.arrived(1);
    receiver.answer = (response) => void setTimeout(() => response.end(), 5);
    const events = await fixture.publish(actor, 3 * queuedMax, 'contact.created', 'x'.repeat(16_384));
    await receiver.arrived(1 + events.length, 30_000);
    await fixture.eventually(async () => (await deliveredIds()).length === 1 + events.length);
    expect(receiver.received.slice(1).map(({ headers }) => headers['webhook-id'])).to.have.members(events);
  });

  it('reads of the events that wait only those that it takes, though PostgreSQL has never counted them', async () => {
    const events = 4_000;
    await fixture.rows('alter table event_fan_outs set (autovacuum_enabled = off)');
    for (let made = 0; made < events; made += 100) await fixture.publish(actor, 100);
    const before = await waitingRead();
    const worker = await fixture.startWorker();
    await receiver.arrived(events, 30_000);
    await worker.stop();
    // Told once the connection is closed.
    await fixture.eventually(async () => (await waitingRead()) >= before + events);
    expect((await waitingRead()) - before).to.be.below(4 * events);
  });

  it('makes nothing for an endpoint that was deleted after it had begun', async () => {
    await withFanOutUnderWay(async () => await fixture.endpoints.remove(actor, endpointId));
    expect(await fixture.rows('select from webhook_open_deliveries')).to.have.length(0);
    expect(receiver.received).to.have.length(1);
  });

  it('sends nothing of an event that was erased after it had begun', async () => {
    await withFanOutUnderWay(async (eventId) => {
      const [event] = await fixture.rows<{ subjectId: string }>(
        'select subject_id as "subjectId" from events where id = $1',
        [eventId],
      );
      await fixture.erase(actor, event?.subjectId ?? '');
    });
    const [, blank] = await receiver.arrived(2);
    expect(JSON.parse(blank?.body ?? '')).to.deep.include({ data: {} });
  });

  it('makes ids that are younger than all before, although another machine is ahead', async () => {
    const ahead = nextMoment().at.getTime() + 300;
    await fixture.rows('update webhook_fan_out set last_delivery_ms = $1', [ahead]);
    await fixture.startWorker();
    await fixture.publish(actor, 3);
    await receiver.arrived(3);
    const ids = receiver.received.map(({ headers }) => String(headers['x-iozen-delivery-id']));
    expect(ids.filter((id) => id < idFloor(new Date(ahead + 1)))).to.deep.equal([]);
    // What is made next by hand is younger still.
    const [next = ''] = await fixture.database.transaction(async (tx) => (await lockDeliveryOrder(tx)).ids(1));
    expect(ids.filter((id) => id >= next)).to.deep.equal([]);
  });

  it('gives each delivery the id that its row has', async () => {
    for (let index = 0; index < 11; index += 1) await fixture.endpoint(actor, `${receiver.url}/${index}`);
    await fixture.publish(actor, 12);
    await fixture.startWorker();
    await receiver.arrived(12 * 12);
    await fixture.eventually(async () => (await fixture.rows('select from webhook_open_deliveries')).length === 0);
    const stored = await fixture.rows<{ id: string; eventId: string }>(
      'select delivery_id as id, event_id as "eventId" from webhook_attempts order by 1',
    );
    const sent = receiver.received.map(({ headers }) => ({
      id: headers['x-iozen-delivery-id'],
      eventId: headers['webhook-id'],
    }));
    const byId = (a: { id?: unknown }, b: { id?: unknown }) => (String(a.id) < String(b.id) ? -1 : 1);
    expect(sent.toSorted(byId)).to.deep.equal(stored);
    expect(new Set(stored.map(({ id }) => id)).size).to.equal(144);
    expect(stored.map(({ eventId }) => eventId)).to.deep.equal(stored.map(({ eventId }) => eventId).toSorted());
  });

  const waitingRead = async () => {
    const counted = "select idx_tup_fetch::int as rows from pg_stat_all_tables where relname = 'event_fan_outs'";
    return (await fixture.rows<{ rows: number }>(counted))[0]?.rows ?? 0;
  };
  const waitingAtGate = `select from pg_locks where locktype = 'advisory' and objid = ${gate} and not granted`;
  const deliveredIds = async () =>
    (
      await fixture.rows<{ id: string }>("select delivery_id as id from webhook_attempts where ended = 'delivered'")
    ).map(({ id }) => id);
});
