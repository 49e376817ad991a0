import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Actor } from '../../src/platform/actor.js';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/platform/embedded-postgres/server.js';
import { Receiver } from '../support/receiver.js';
import { Relay } from '../support/relay.js';
import { WebhookFixture } from './webhook-fixture.js';

const settings = { fsync: 'off', full_page_writes: 'off' };
const endpoints = 4;
/** With which of the ten kills of a worker PostgreSQL is killed too. */
const restartsAt = [3, 8];
const workerProcess = fileURLToPath(new URL('worker-process.js', import.meta.url));

describe('webhooks through crashes', function () {
  this.timeout(240_000);

  let dataDir: string;
  let postgres: EmbeddedPostgres;
  let relay: Relay;
  let url: string;
  let fixture: WebhookFixture;
  let receiver: Receiver;
  let actor: Actor;
  const workers: ChildProcess[] = [];
  let waiting: ChildProcess | null = null;

  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'iozen-crash-'));
    relay = await Relay.start();
    await startPostgres();
    fixture = await WebhookFixture.on(url);
    receiver = await Receiver.start();
    actor = await fixture.workspace();
    for (let index = 0; index < endpoints; index += 1) await fixture.endpoint(actor, `${receiver.url}/${index}`);
  });
  after(async () => {
    for (const worker of workers) worker.kill('SIGKILL');
    await fixture.close();
    await receiver.stop();
    await relay.stop();
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true, maxRetries: 20 });
  });

  it('kill -9 of the worker ten times under load, and of PostgreSQL twice: nothing lost, duplicates bear their id, work goes on within 15 seconds', async () => {
    let publishing = true;
    const publisher = (async () => {
      for (;;) {
        if (!publishing) return;
        // An answer may be lost with the server; what was committed is looked up in the end.
        await fixture.publish(actor, 2).catch(async () => await delay(50));
        await delay(20);
      }
    })();
    const goesOn = async (deliveries = 50) => await receiver.arrived(receiver.received.length + deliveries, 15_000);
    // Some eight seconds in all, on a machine that does nothing else.
    for (let kill = 1; kill <= 10; kill += 1) {
      const [worker] = await Promise.all([startWorker(), goesOn()]);
      if (restartsAt.includes(kill)) {
        await restartPostgres();
        await goesOn();
      }
      worker.kill('SIGKILL');
      await once(worker, 'exit');
    }
    await startWorker();
    await goesOn(200);
    publishing = false;
    await publisher;
    // However much there is by now, it gets less.
    for (let before = await left(); before > 0; before = await left()) {
      await fixture.eventually(async () => (await left()) < before, 15_000);
    }

    const events = await fixture.rows<{ id: string }>('select id from events');
    const ended = await fixture.rows<{ eventId: string; id: string; ended: string; times: number }>(`
      select event_id as "eventId", delivery_id as id, max(ended) as ended, count(*)::int as times
      from webhook_attempts where ended is not null group by 1, 2
    `);
    expect(events.length).to.be.above(200);
    expect(ended).to.have.length(events.length * endpoints);
    expect(ended.every(({ ended, times }) => ended === 'delivered' && times === 1)).to.equal(true);
    // Each attempt that is on record, and no other, is counted: once.
    const counted = await fixture.rows<{ delivered: number; failed: number }>(
      'select sum(delivered)::int as delivered, sum(failed)::int as failed from webhook_endpoint_stats',
    );
    const kept = await fixture.rows(`select count(*) filter (where outcome = 'success')::int as delivered,
      count(*) filter (where outcome <> 'success')::int as failed from webhook_attempts`);
    expect(counted).to.deep.equal(kept);

    const eventOf = new Map(ended.map(({ id, eventId }) => [id, eventId]));
    const published = new Set(events.map(({ id }) => id));
    for (const { headers, body } of receiver.received) {
      const eventId = String(headers['webhook-id']);
      expect(published.has(eventId)).to.equal(true);
      expect(JSON.parse(body)).to.include({ id: eventId });
      // What is sent was committed: no post names a delivery that is not on record.
      expect(eventOf.get(String(headers['x-iozen-delivery-id']))).to.equal(eventId);
    }
    const sent = new Set(receiver.received.map(({ headers }) => headers['x-iozen-delivery-id']));
    expect(sent).to.have.length(ended.length);
  });

  it('a worker that is killed has its endpoints taken by another that lives, at once', async () => {
    const owner = await startWorker();
    killAllBut(owner);
    const before = receiver.received.length;
    await fixture.publish(actor, 1);
    await receiver.arrived(before + 4, 15_000);
    await startWorker();
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    const killedAt = Date.now();
    const seen = receiver.received.length;
    await fixture.publish(actor, 1);
    await receiver.until(
      () => receiver.received.length >= seen + 4,
      15_000,
      () => 'nobody took over',
    );
    expect(Date.now() - killedAt).to.be.below(5_000);
  });

  it('a worker that hangs loses its endpoints to another within 15 seconds, and takes nothing back when it wakes', async () => {
    const hanging = await startWorker();
    killAllBut(hanging);
    const before = receiver.received.length;
    await fixture.publish(actor, 1);
    await receiver.arrived(before + 4, 15_000);
    hanging.kill('SIGSTOP');
    await startWorker();
    const seen = receiver.received.length;
    const [eventId] = await fixture.publish(actor, 1);
    const arrived = () => receiver.received.slice(seen).filter(({ headers }) => headers['webhook-id'] === eventId);
    await receiver.until(
      () => arrived().length === 4,
      15_000,
      () => `${arrived().length} of 4 came`,
    );
    hanging.kill('SIGCONT');
    for (let round = 1; round <= 20; round += 1) {
      const sofar = receiver.received.length;
      await fixture.publish(actor, 1);
      await receiver.arrived(sofar + 4, 15_000);
    }
    await delay(500);
    const deliveries = receiver.received.slice(seen).map(({ headers }) => headers['x-iozen-delivery-id']);
    expect(new Set(deliveries)).to.have.length(deliveries.length);
  });

  /** An event that is fanned out becomes a delivery for each endpoint, which is less. */
  async function left(): Promise<number> {
    const [row] = await fixture.rows<{ count: number }>(`
      select (select count(*) from webhook_open_deliveries)::int
        + ${endpoints + 1} * (select count(*) from event_fan_outs)::int as count
    `);
    return row?.count ?? 0;
  }

  function killAllBut(one: ChildProcess): void {
    for (const worker of workers) if (worker !== one && worker !== waiting) worker.kill('SIGKILL');
  }

  /** The next one waits in a process of its own already, so that what is measured is not how long Node.js takes to load. */
  async function startWorker(): Promise<ChildProcess> {
    const worker = waiting ?? forkWorker();
    waiting = forkWorker();
    worker.send('start');
    await once(worker, 'message');
    return worker;
  }

  function forkWorker(): ChildProcess {
    const worker = fork(workerProcess, [url], { stdio: 'inherit' });
    workers.push(worker);
    return worker;
  }

  async function startPostgres(): Promise<void> {
    postgres = await startEmbeddedPostgres({ dataDir, settings });
    const direct = new URL(postgres.url);
    relay.target = Number(direct.port);
    direct.port = String(relay.port);
    url = direct.href;
  }

  async function restartPostgres(): Promise<void> {
    const [row] = await fixture.rows<{ dir: string }>("select current_setting('data_directory') as dir");
    const [pid] = (await readFile(join(row?.dir ?? '', 'postmaster.pid'), 'utf8')).split('\n');
    process.kill(Number(pid), 'SIGKILL');
    await startPostgres();
  }
});
