import { setTimeout as wait } from 'node:timers/promises';
import fc from 'fast-check';
import { expect } from 'chai';
import type { Actor } from '../../src/platform/actor.js';
import { Outbound } from '../../src/platform/outbound/outbound.js';
import type { WebhookWorker } from '../../src/webhooks/engine/worker.js';
import { Receiver } from '../support/receiver.js';
import { secondsSchedule, WebhookFixture } from './webhook-fixture.js';

const answers = ['200', '404', '500', 'timeout', '410', 'retry-after 45', 'retry-after 5000'] as const;
type Answer = (typeof answers)[number];

/** What the contract says of one endpoint that gets one delivery at a time, in as few words as possible. */
class Reference {
  now = 0;
  answer: Answer = '200';
  status: 'active' | 'paused' = 'active';
  reason: string | null = null;
  fails = 0;
  probing = false;
  opensAt = -Infinity;
  gateUntil = -Infinity;
  /** In order of their making. */
  deliveries: { event: number; attempts: number; dueAt: number; state: string }[] = [];
  /** Event and number of every attempt. */
  attempts: string[] = [];

  /** Everything that may happen at this moment. */
  run(): void {
    for (let next = this.next(); next !== undefined; next = this.next()) this.attempt(next);
  }

  /** The worker dies while its next attempt is under way: nothing is known of it afterwards. Returns whether it is. */
  crash(): boolean {
    const next = this.next();
    if (next !== undefined) this.attempts.push(`${next.event}#${next.attempts + 1}`);
    return next !== undefined;
  }

  private next() {
    const halfOpen = this.probing || this.fails >= 3;
    if (this.status === 'paused' || this.gateUntil > this.now || (halfOpen && this.opensAt > this.now))
      return undefined;
    return this.deliveries.find(({ state, dueAt }) => state === 'open' && dueAt <= this.now);
  }

  resume(skipHeld: boolean): void {
    if (this.status === 'active') return;
    Object.assign(this, {
      status: 'active',
      reason: null,
      fails: 0,
      probing: true,
      opensAt: -Infinity,
      gateUntil: -Infinity,
    });
    for (const delivery of this.deliveries) {
      if (delivery.state !== 'open') continue;
      if (skipHeld) delivery.state = 'skipped';
      delivery.dueAt = -Infinity;
    }
  }

  private attempt(delivery: Reference['deliveries'][number]): void {
    delivery.attempts += 1;
    this.attempts.push(`${delivery.event}#${delivery.attempts}`);
    if (this.answer === '200') {
      delivery.state = 'delivered';
      Object.assign(this, { fails: 0, probing: false, opensAt: -Infinity });
      return;
    }
    this.fails += 1;
    const delayAfter = (failures: number) => secondsSchedule[failures - 1];
    const retryAfter = this.answer.startsWith('retry-after') ? Number(this.answer.split(' ')[1]) * 1_000 : 0;
    if (retryAfter > 0) this.gateUntil = Math.max(this.gateUntil, this.now + retryAfter);
    if (this.answer === '410' || this.fails >= 10) {
      this.status = 'paused';
      this.reason = this.answer === '410' ? 'gone' : 'failures';
    } else if (this.fails >= 3 || this.probing) {
      this.opensAt = this.now + (delayAfter(this.fails) ?? 0);
    }
    const delay = delayAfter(delivery.attempts);
    if (delay === undefined && this.status === 'active') delivery.state = 'exhausted';
    delivery.dueAt = this.now + Math.max(delay ?? 0, retryAfter);
  }
}

describe('webhooks against a plain reference', function () {
  this.timeout(120_000);

  let fixture: WebhookFixture;
  let receiver: Receiver;
  let worker: WebhookWorker;
  /** For answers that never come; one that does has all the time a loaded machine needs. */
  let hasty: Outbound;
  let isHasty = false;

  before(async () => {
    fixture = await WebhookFixture.open({ concurrencyPerEndpoint: 1, timeoutMs: 15_000 });
    hasty = new Outbound({ ...fixture.settings, timeoutMs: 60 });
    fixture.frozenAt = Date.now();
    worker = await startWorker();
    receiver = await Receiver.start();
  });
  after(async () => {
    await fixture.close();
    hasty.close();
    await receiver.stop();
  });

  const command = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('events' as const), count: fc.integer({ min: 1, max: 4 }) }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('answer' as const), answer: fc.constantFrom(...answers) }) },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('step' as const),
        seconds: fc.constantFrom(-400, -20, 1, 10, 31, 95, 301, 4_000, 8_000, 30_000, 90_000),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('pause' as const) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('resume' as const), skipHeld: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('rotate' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('redeliver' as const), which: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('replay' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('crash' as const), events: fc.integer({ min: 0, max: 3 }) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('lose the lease' as const) }) },
  );
  type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

  it('whatever happens: every event ends once, no attempt is early, counters are true and order is kept', async () => {
    const commands = fc.array(command, { minLength: 4, maxLength: 24 });
    await fc.assert(
      fc.asyncProperty(commands, async (sequence) => await play(sequence)),
      { numRuns: 25, endOnFailure: true, includeErrorInReport: true },
    );
  });

  async function play(sequence: readonly Command[]): Promise<void> {
    const actor = await fixture.workspace();
    const { webhookEndpoint } = await fixture.endpoint(actor, receiver.url);
    const reference = new Reference();
    const events: string[] = [];
    receiver.received.length = 0;
    answerWith(reference.answer);
    fixture.clockOffsetMs = 0;
    for (const step of sequence) {
      await apply(step, { actor, endpointId: webhookEndpoint.id, reference, events });
      reference.run();
      await quiet();
      await inTime(async () => await agree(actor, webhookEndpoint.id, reference, events));
    }
    await fixture.endpoints.remove(actor, webhookEndpoint.id);
    await quiet();
  }

  interface Play {
    actor: Actor;
    endpointId: string;
    reference: Reference;
    events: string[];
  }

  async function apply(step: Command, { actor, endpointId, reference, events }: Play): Promise<void> {
    const made = (event: number) => reference.deliveries.push({ event, attempts: 0, dueAt: -Infinity, state: 'open' });
    switch (step.do) {
      case 'events':
        for (const id of await fixture.publish(actor, step.count)) made(events.push(id) - 1);
        return;
      case 'answer':
        reference.answer = step.answer;
        answerWith(step.answer);
        return;
      case 'step':
        reference.now += step.seconds * 1_000;
        fixture.clockOffsetMs = reference.now;
        return await worker.look();
      case 'pause':
        await fixture.endpoints.pause(actor, endpointId);
        if (reference.status === 'active') Object.assign(reference, { status: 'paused', reason: 'manual' });
        return;
      case 'resume':
        await fixture.endpoints.resume(actor, endpointId, () => ({ skipHeld: step.skipHeld }));
        return reference.resume(step.skipHeld);
      case 'rotate':
        await fixture.endpoints.rotateSecret(actor, endpointId, () => ({ overlapSeconds: 60 }));
        return;
      case 'redeliver': {
        const delivery = (await deliveries(actor))[step.which % Math.max(1, reference.deliveries.length)];
        if (delivery === undefined) return;
        await fixture.deliveries.redeliver(actor, delivery.id);
        made(events.indexOf(delivery.eventId));
        return;
      }
      case 'replay': {
        const read = () => ({ since: new Date(0), only: 'ALL' as const, ratePerSecond: 100, dryRun: false });
        const { id } = await fixture.replays.start(actor, endpointId, read);
        for (const event of events.keys()) made(event);
        // It advances by the workers' clock, which stands still.
        await fixture.rows("update webhook_replays set advanced_at = 'epoch' where id = $1", [id]);
        await worker.look();
        await fixture.eventually(async () => {
          const { total, done } = await fixture.replays.get(actor, id);
          return total === events.length && done === total;
        });
        await fixture.rows("update webhook_replays set status = 'DONE' where id = $1", [id]);
        return;
      }
      case 'restart':
        await worker.stop();
        worker = await startWorker();
        return;
      case 'crash':
        return await crash(async () => {
          for (const id of await fixture.publish(actor, step.events)) made(events.push(id) - 1);
          return reference.crash();
        }, reference.answer);
      case 'lose the lease':
        await fixture.rows(endLeases);
    }
  }

  /** Ends the worker as `kill -9` does: what is under way is never stored, and nothing is given back. */
  async function crash(begin: () => Promise<boolean>, answer: Answer): Promise<void> {
    const seen = receiver.received.length;
    let end = () => {};
    isHasty = false;
    receiver.answer = (response) => void (end = () => void response.end());
    if (await begin()) await receiver.arrived(seen + 1);
    else await quiet();
    const blocker = await fixture.database.pool.connect();
    try {
      // So that it finds no other lease.
      await blocker.query('begin; lock table webhook_workers in exclusive mode');
      await fixture.rows(endLeases);
      await fixture.eventually(async () => !worker.ready());
      end();
      await worker.stop();
    } finally {
      await blocker.query('rollback');
      blocker.release();
    }
    answerWith(answer);
    worker = await startWorker();
  }

  const endLeases = `
    select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'iozen webhooks' and datname = current_database()
  `;

  const startWorker = async () =>
    await fixture.startWorker({
      post: async (...request) => await (isHasty ? hasty : fixture.outbound).post(...request),
    });

  function answerWith(answer: Answer): void {
    isHasty = answer === 'timeout';
    receiver.answer = (response) => {
      if (answer === 'timeout') return;
      const [status = '', seconds] = answer.startsWith('retry-after') ? ['503', answer.split(' ')[1]] : [answer];
      response.writeHead(Number(status), seconds === undefined ? {} : { 'Retry-After': seconds }).end();
    };
  }

  async function quiet(): Promise<void> {
    await fixture.eventually(async () => {
      if (!worker.isQuiet()) return false;
      const left = await fixture.rows('select from event_fan_outs');
      return left.length === 0 && worker.isQuiet();
    });
  }

  /** What a lost lease left behind is found by looking, within the 15 s that the contract gives. */
  async function inTime(check: () => Promise<void>): Promise<void> {
    for (const until = Date.now() + 15_000; ; await wait(50)) {
      try {
        return await check();
      } catch (error) {
        if (Date.now() > until) throw error;
      }
    }
  }

  async function deliveries(actor: Actor) {
    const page = { limit: 1_000, cursor: null, direction: 'older' } as const;
    return (await fixture.deliveries.list(actor, {}, page)).rows.toReversed();
  }

  async function agree(
    actor: Actor,
    endpointId: string,
    reference: Reference,
    events: readonly string[],
  ): Promise<void> {
    const seen = receiver.received.map(
      ({ headers }) => `${events.indexOf(String(headers['webhook-id']))}#${String(headers['x-iozen-attempt'])}`,
    );
    expect(seen).to.deep.equal(reference.attempts);
    const endpoint = await fixture.endpoints.get(actor, endpointId);
    expect(endpoint).to.include({ status: reference.status, pauseReason: reference.reason });
    expect(endpoint.consecutiveFails).to.equal(reference.fails);
    const told = (await deliveries(actor)).map(({ eventId, status, attemptCount }) => {
      const state = ['delivered', 'exhausted', 'skipped'].includes(status) ? status : 'open';
      return `${events.indexOf(eventId)} ${state} ${attemptCount}`;
    });
    expect(told).to.deep.equal(
      reference.deliveries.map(({ event, state, attempts }) => `${event} ${state} ${attempts}`),
    );
  }
});
