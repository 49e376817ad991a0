import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { built, now, round } from '../support/ground.mjs';
import { bodyBytes, endpoints, latencies } from './work.mjs';

const { collectSeldom } = await built('src/platform/gc-settings.js');
const { newId, nextMoment } = await built('src/platform/id.js');
const { WebhookFixture } = await built('test/webhooks/webhook-fixture.js');

const finishedRows = 1_000_000;
const type = 'contact.created';

/** A change whose event is as long as the peers' body. */
function newEvent(workspaceId) {
  const moment = nextMoment();
  const subjectId = newId('contact');
  const contact = { id: subjectId, email: 'jane@example.com', phone: null, first_name: 'Jane', notes: '' };
  const rest = JSON.stringify({ id: moment.eventId, type, created_at: moment.at, data: { contact } }).length;
  contact.notes = 'x'.repeat(bodyBytes - rest);
  return { workspaceId, type, moment, subjectId, people: [], data: { contact } };
}

export async function startOurs(url, receiver) {
  // As `iozen serve` does.
  collectSeldom();
  const fixture = await WebhookFixture.on(url);
  // Watches from outside, so that its questions are not counted.
  const watch = new pg.Client(fixture.url);
  await watch.connect();
  const ask = async (text, values) => (await watch.query(text, values)).rows[0];
  const counter = await countStatements(fixture);
  const { workspaceId } = await subscribe(fixture, receiver);

  const publish = async (count) => {
    const events = Array.from({ length: count }, () => newEvent(workspaceId));
    await fixture.database.transaction(async (tx) => fixture.events.publish(tx, ...events));
    return events.map(({ moment }) => moment.eventId);
  };
  const commit = async () => (await publish(1))[0];
  const delivered = async () => {
    const text = "select count(*)::int from webhook_attempts where ended = 'delivered' and error is null";
    return (await ask(text)).count;
  };

  return {
    /** Everything from the waiting events to the stored outcomes. */
    async drain(events) {
      const total = events * endpoints;
      for (let made = 0; made < events; made += 100) await publish(Math.min(100, events - made));
      const before = await delivered();
      const { lsn } = await ask('select pg_current_wal_lsn() as lsn');
      counter.statements = 0;
      const startedAt = now();
      const worker = await fixture.startWorker();
      await receiver.until(total);
      // The statement that stores an outcome is the one that deletes the open delivery.
      while ((await ask('select exists (select from webhook_open_deliveries)')).exists) await delay(2);
      const seconds = (now() - startedAt) / 1_000;
      const { statements } = counter;
      const { bytes } = await ask('select pg_wal_lsn_diff(pg_current_wal_lsn(), $1)::float8 as bytes', [lsn]);
      const stored = (await delivered()) - before;
      if (stored !== total) throw new Error(`${stored} outcomes stored of ${total}`);
      const result = {
        perSecond: Math.round(total / seconds),
        walBytesPerDelivery: Math.round(bytes / total),
        statementsPerDelivery: round(statements / total, 3),
        duplicates: (await receiver.arrivals()).length - total,
      };
      await fixture.stopWorker(worker);
      return result;
    },
    async latency(perSecond, seconds) {
      const worker = await fixture.startWorker();
      await latencies(receiver, 100, commit, 2);
      const result = await latencies(receiver, perSecond, commit, seconds);
      await fixture.stopWorker(worker);
      return result;
    },
    async addFinished() {
      await watch.query(
        `insert into webhook_attempts (delivery_id, endpoint_id, event_id, at, number, ended, outcome, response_status, total_ms)
         select 'c00000000d' || lpad(n::text, 15, '0'), (select min(id) from webhook_endpoints),
           'evt_c00000000e' || lpad((n / 10)::text, 15, '0'), now(), 1, 'delivered', 'success', 200, 3
         from generate_series(1, ${finishedRows}) n`,
      );
      await watch.query('vacuum analyze webhook_attempts');
    },
    async stop() {
      await watch.end();
      await fixture.close();
    },
  };
}

async function subscribe(fixture, receiver) {
  const actor = await fixture.workspace();
  for (let index = 0; index < endpoints; index += 1) await fixture.endpoint(actor, `${receiver.url}/${index}`);
  return actor;
}

/** Counts what the fixture sends to PostgreSQL. */
async function countStatements(fixture) {
  const counter = { statements: 0 };
  const client = await fixture.database.pool.connect();
  const prototype = Object.getPrototypeOf(client);
  client.release();
  const { query } = prototype;
  prototype.query = function (...args) {
    counter.statements += 1;
    return query.apply(this, args);
  };
  return counter;
}
