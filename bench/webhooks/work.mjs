// The work that every contender does, and how it is timed.
import { PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { built, now, quantile, round } from '../support/ground.mjs';

const { Outbound } = await built('src/platform/outbound/outbound.js');
const { requestOf } = await built('src/webhooks/wire/request.js');
const { signingSecret, newSecret } = await built('src/webhooks/wire/signature.js');
const { newId } = await built('src/platform/id.js');

/** Each event goes to all of them. */
export const endpoints = 10;
export const bodyBytes = 1_024;
/** Jobs that a peer may have in hand, sent or being stored; ours has at most 80 in flight beside those being stored. */
export const concurrency = 128;
export const latencySeconds = 12;

/** For how long the garbage collector has stopped this process, which is what its events are late for first of all. */
let stoppedMs = 0;
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) stoppedMs += duration;
}).observe({ entryTypes: ['gc'] });

/** Posts from commit to arrival at a steady rate; `commit` makes one event and returns its id. */
export async function latencies(receiver, perSecond, commit, seconds) {
  const intervalMs = (1_000 * endpoints) / perSecond;
  const committedAt = new Map();
  const stoppedMsBefore = stoppedMs;
  const startedAt = now();
  const total = Math.floor((seconds * perSecond) / endpoints);
  const commits = [];
  for (let event = 0; event < total; event += 1) {
    const wait = startedAt + event * intervalMs - now();
    if (wait > 1) await delay(wait);
    commits.push(commit().then((id) => committedAt.set(id, now())));
  }
  await Promise.all(commits);
  await receiver.until(total * endpoints);
  const took = (await receiver.arrivals()).map(([id, at]) => Math.max(0, at - committedAt.get(id)));
  return {
    p50Ms: round(quantile(took, 0.5)),
    p99Ms: round(quantile(took, 0.99)),
    gcMs: round(stoppedMs - stoppedMsBefore, 0),
  };
}

/** What `Outbound` lets one party have in flight to one host (docs/decisions/032); whoever has more in hand waits. */
const inFlightMax = 48;

function places(count) {
  const waiting = [];
  let free = count;
  return {
    enter: async () => {
      if (free > 0) free -= 1;
      else await new Promise((resolve) => waiting.push(resolve));
    },
    leave: () => {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    },
  };
}

/** The same sender for everyone: the request made by our own code, vetted, 15 s, the answer read. */
function senderTo(receiver) {
  const { enter, leave } = places(inFlightMax);
  const outbound = new Outbound({ allowedCidrs: ['127.0.0.0/8'], timeoutMs: 15_000 });
  const subscriber = { headers: {}, payloadQuery: null, secrets: [signingSecret(newSecret(), null)] };
  const body = Buffer.alloc(bodyBytes, 'x');
  const send = async (deliveryId, eventId, index) => {
    const event = { id: eventId, type: 'contact.created', body };
    const request = requestOf(subscriber, event, { deliveryId, number: 1, now: Date.now() });
    await enter();
    return await outbound.post(`${receiver.url}/${index}`, request.headers, request.body).finally(leave);
  };
  return { send, close: () => outbound.close() };
}

const insertOutcomes = {
  name: 'outcomes',
  text: 'insert into outcomes select * from unnest($1::text[], $2::text[], $3::int[], $4::timestamptz[], $5::text[], $6::int[])',
};

/** Stores outcomes in batches: once there are 64, or 5 ms after the first. */
async function outcomesIn(pool) {
  await pool.query(
    'create table outcomes (id text, event_id text, endpoint int, at timestamptz, outcome text, status int)',
  );
  let waiting = [];
  let timer;
  const outcomes = {
    stored: 0,
    store: async (...row) =>
      await new Promise((resolve, reject) => {
        const length = waiting.push({ row, resolve, reject });
        if (length === 1) timer = setTimeout(() => void flush(), 5);
        else if (length === 64) void flush();
      }),
  };
  const flush = async () => {
    clearTimeout(timer);
    const batch = waiting;
    waiting = [];
    const values = [0, 1, 2, 3, 4, 5].map((index) => batch.map(({ row }) => row[index]));
    try {
      await pool.query({ ...insertOutcomes, values });
      outcomes.stored += batch.length;
      for (const { resolve } of batch) resolve();
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  };
  return outcomes;
}

/**
 * A queue that does our work. `open` gets the pool of the database at `url` and `deliver`, which sends and stores the
 * outcome; it returns how to `commit` an event's jobs, how to `start` a worker that can be stopped, and how to `close`.
 */
export async function startPeer(url, receiver, open) {
  const pool = new pg.Pool({ connectionString: url, max: 40 });
  pool.on('error', () => {}).on('connect', (client) => client.on('error', () => {}));
  const outcomes = await outcomesIn(pool);
  const sender = senderTo(receiver);
  const deliver = async (event, index) => {
    const id = newId('webhookDelivery');
    const { outcome, status } = await sender.send(id, event, index);
    await outcomes.store(id, event, index, new Date().toISOString(), outcome, status);
  };
  const { add, start, close } = await open({ pool, deliver });
  const commit = async () => {
    const id = `evt_${newId('event')}`;
    await add(id);
    return id;
  };
  return {
    async drain(events) {
      for (let made = 0; made < events; made += 50) {
        await Promise.all(Array.from({ length: Math.min(50, events - made) }, commit));
      }
      const storedBefore = outcomes.stored;
      const startedAt = now();
      const stop = await start();
      await receiver.until(events * endpoints);
      while (outcomes.stored - storedBefore < events * endpoints) await delay(2);
      const perSecond = Math.round((events * endpoints) / ((now() - startedAt) / 1_000));
      await receiver.arrivals();
      await stop();
      return { perSecond };
    },
    async latency(perSecond, seconds) {
      const stop = await start();
      await latencies(receiver, 100, commit, 2);
      const result = await latencies(receiver, perSecond, commit, seconds);
      await stop();
      return result;
    },
    async stop() {
      await close();
      await pool.end();
      await sender.close();
    },
  };
}
