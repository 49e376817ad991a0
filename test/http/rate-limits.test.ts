import { expect } from 'chai';
import { fork } from 'node:child_process';
import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { pino } from 'pino';
import { dataSourceFor } from '../../ormconfig.js';
import { RateLimiter, type Grant, type RateLimiterOptions } from '../../src/http/rate-limit/rate-limiter.js';
import { Database } from '../../src/platform/postgres/database.js';
import { createLog } from '../../src/platform/log.js';
import { Notifications } from '../../src/platform/postgres/notifications.js';
import type { HammerOrder } from '../support/limiter-process.js';
import { cloneDatabase } from '../support/postgres.js';
import { Wiretap } from '../support/wiretap.js';

const limit = 100;
const log = createLog('silent');
/** A busy machine may take longer than a second for an answer. */
const patient: RateLimiterOptions = { storeTimeoutMs: 20_000 };

/** A limiter as another process would have it: its own pool, its own notifications. */
async function openProcess(url: string, options: RateLimiterOptions = {}, limiterLog = log) {
  const source = await dataSourceFor(url).initialize();
  const database = new Database(source);
  const notifications = new Notifications(database, url, log);
  await notifications.start();
  const limiter = new RateLimiter(database, notifications, limiterLog, options);
  const close = async () => {
    await limiter.stop();
    await notifications.stop();
    await database.close();
  };
  return { limiter, notifications, source, database, close };
}

/** The most that any span of this length holds. */
function most(times: readonly number[], spanMs: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  let [first, best] = [0, 0];
  for (const [last, time] of sorted.entries()) {
    while (time - (sorted[first] ?? 0) >= spanMs) first += 1;
    best = Math.max(best, last - first + 1);
  }
  return best;
}

describe('rate limits', () => {
  let database: Awaited<ReturnType<typeof cloneDatabase>>;
  const opened: (() => Promise<void>)[] = [];
  const open = async (options: RateLimiterOptions = {}, limiterLog = log) => {
    const process = await openProcess(database.url, options, limiterLog);
    opened.push(process.close);
    return process;
  };

  before(async () => {
    database = await cloneDatabase();
  });

  afterEach(async () => {
    await Promise.all(opened.splice(0).map(async (close) => close()));
  });

  after(async () => {
    await database.drop();
  });

  it('lets exactly 100 of 130 simultaneous calls pass', async () => {
    const { limiter } = await open();
    const grants = await Promise.all(Array.from({ length: 130 }, () => limiter.take('burst', limit, 1)));
    expect(grants.filter(({ allowed }) => allowed)).to.have.length(100);
    const remaining = grants.filter(({ allowed }) => allowed).map((grant) => grant.remaining);
    expect(remaining).to.deep.equal(Array.from({ length: 100 }, (_, index) => 99 - index));
    for (const refused of grants.filter(({ allowed }) => !allowed)) {
      expect(refused.remaining).to.equal(0);
      expect(refused.retryAfterSeconds).to.be.within(59, 61);
      expect(refused.resetAtMs - Date.now()).to.be.within(59_000, 60_200);
    }
  });

  it('lets exactly 100 of 260 simultaneous calls pass over two processes, for each of 40 keys', async () => {
    const [a, b] = [await open(patient), await open(patient)];
    const passed = await Promise.all(
      Array.from({ length: 40 }, async (_, key) => {
        const takes = Array.from({ length: 130 }, () =>
          [a, b].map(async ({ limiter }) => limiter.take(`both ${key}`, limit, 1)),
        );
        return (await Promise.all(takes.flat())).filter(({ allowed }) => allowed).length;
      }),
    );
    expect(passed).to.deep.equal(Array<number>(40).fill(limit));
  });

  /** Calls one after another, as fast as answers come, for a while. */
  async function hammer(limiter: RateLimiter, subject: string, untilMs: number): Promise<number[]> {
    const passed: number[] = [];
    while (performance.now() < untilMs) {
      const { allowed } = await limiter.take(subject, limit, 1);
      if (allowed) passed.push(performance.now());
      else await wait(1);
    }
    return passed;
  }

  /** Another process that is ready to hammer the limit; told to begin, it answers with the times of what passed. */
  async function hammeringProcess(order: HammerOrder): Promise<() => Promise<number[]>> {
    const child = fork(resolve(import.meta.dirname, '../support/limiter-process.js'), {
      execArgv: ['--import', import.meta.resolve('reflect-metadata')],
    });
    const answer = async () =>
      await new Promise<unknown>((done, failed) => {
        child.once('message', done);
        child.once('exit', (code) => failed(new Error(`ended with ${code}`)));
      });
    child.send(order);
    expect(await answer()).to.equal('ready');
    return async () => {
      child.send('begin');
      return (await answer()) as number[];
    };
  }

  it('holds no more than the limit in any span, and uses 95 % of it, with two processes over three windows', async () => {
    const windowMs = 2_000;
    const order = { url: database.url, subject: 'edge', limit, windowMs, durationMs: 3 * windowMs };
    const processes = await Promise.all([hammeringProcess(order), hammeringProcess(order)]);
    const [a = [], b = []] = await Promise.all(processes.map(async (begin) => await begin()));
    const passed = [...a, ...b];
    // A clock of whole milliseconds, read before a decision that may take some.
    expect(most(passed, windowMs - 20)).to.be.at.most(limit);
    expect(passed.length).to.be.at.least(3 * limit * 0.95);
    expect(Math.min(a.length, b.length)).to.be.greaterThan(0);
  });

  it('gives one process all of the limit, window after window', async () => {
    const windowMs = 1_000;
    const { limiter } = await open({ windowMs });
    const passed = await hammer(limiter, 'alone', performance.now() + 3 * windowMs);
    expect(most(passed, windowMs - 10)).to.be.at.most(limit);
    expect(passed.length).to.be.at.least(3 * limit);
  });

  it('slides: what was spent evenly comes back evenly', async () => {
    const windowMs = 4_000;
    const { limiter } = await open({ windowMs });
    const startMs = performance.now();
    const askedMs: number[] = [];
    const spentMs: number[] = [];
    for (let index = 0; index < 10; index += 1) {
      askedMs.push(performance.now() - startMs);
      await limiter.take('even', 10, 1);
      spentMs.push(performance.now() - startMs);
      await wait(150);
    }
    const refused = await limiter.take('even', 10, 1);
    expect(refused.allowed).to.equal(false);
    const freeInMs = refused.resetAtMs - Date.now();
    const [asked = 0, spent = 0] = [askedMs[0], spentMs[0]];
    expect(performance.now() - startMs + freeInMs).to.be.within(asked + windowMs - 15, spent + windowMs + 15);
    await wait(freeInMs + 2);
    const cameBack = (times: readonly number[], sinceMs: number) =>
      times.filter((ms) => ms + windowMs <= performance.now() - startMs - sinceMs).length;
    // One, unless the machine took longer than it was told to wait.
    const least = Math.max(1, cameBack(spentMs, 15));
    let back = 0;
    while ((await limiter.take('even', 10, 1)).allowed) back += 1;
    expect(back).to.be.within(least, cameBack(askedMs, 0));
  });

  it('asks nobody far from the limit, and nobody at it', async () => {
    const tap = await Wiretap.start(database.url);
    const { limiter, close } = await openProcess(tap.url);
    opened.push(async () => {
      await close();
      await tap.stop();
    });
    const asked = async (takes: number) => {
      const texts = await tap.statementsOf(async () => {
        for (let index = 0; index < takes; index += 1) await limiter.take('calm', 500, 1);
      });
      return texts.filter((text) => text.includes('rate_limit')).length;
    };
    expect(await asked(40)).to.equal(1);
    await asked(460);
    expect(await asked(1_000)).to.equal(0);
  });

  it('hands over at once what another process has set aside and does not use', async () => {
    const [a, b] = [await open(), await open()];
    await a.limiter.take('handed', limit, 1);
    let passed = 0;
    // By itself it would come back with the minute.
    const endMs = performance.now() + 5_000;
    while (passed < limit - 1 && performance.now() < endMs) {
      if ((await b.limiter.take('handed', limit, 1)).allowed) passed += 1;
      else await wait(20);
    }
    expect(passed).to.equal(limit - 1);
  });

  it('counts what a process that died had set aside, and no longer than it may', async () => {
    const windowMs = 4_000;
    const [dead, alive] = [await open({ windowMs }), await open({ windowMs })];
    await dead.limiter.take('orphaned', limit, 1);
    const stopped = dead.limiter as unknown as { timer: NodeJS.Timeout };
    clearInterval(stopped.timer);
    await dead.notifications.stop();
    const take = async () => (await alive.limiter.take('orphaned', limit, 1)).allowed;
    let passed = 0;
    while (await take()) passed += 1;
    expect(passed).to.equal(limit - 12);
    // Its time to spend them is over, but it may have.
    await wait(windowMs * 0.5);
    expect(await take()).to.equal(false);
    await wait(windowMs * 0.8);
    passed = 0;
    while (await take()) passed += 1;
    expect(passed).to.equal(limit);
  });

  it('gives nothing back that is just being set aside', async () => {
    const [a, b] = [await open(), await open()];
    const first = a.limiter.take('raced', limit, 1);
    await Promise.resolve();
    const { release } = a.limiter as unknown as { release: (subjects: string[]) => Promise<void> };
    await release.call(a.limiter, ['raced']);
    let passed = (await first).allowed ? 1 : 0;
    for (const { limiter } of [b, a]) while ((await limiter.take('raced', limit, 1)).allowed) passed += 1;
    expect(passed).to.be.at.most(limit);
  });

  it('follows a change of the limit at once', async () => {
    const { limiter } = await open();
    for (let index = 0; index < 200; index += 1) await limiter.take('changed', 500, 1);
    expect((await limiter.take('changed', 100, 1)).allowed).to.equal(false);
    expect(await limiter.take('changed', 500, 1)).to.include({ allowed: true, limit: 500, remaining: 299 });
  });

  it('takes all points of a costly call or none', async () => {
    const { limiter } = await open();
    expect(await limiter.take('costly', 10, 7)).to.include({ allowed: true, remaining: 3 });
    expect(await limiter.take('costly', 10, 4)).to.include({ allowed: false, remaining: 3 });
    expect(await limiter.take('costly', 10, 3)).to.include({ allowed: true, remaining: 0 });
    expect(await limiter.take('never', 10, 11)).to.include({ allowed: false, remaining: 10 });
  });

  it('goes on by its own count while the store is away, says so once, and shares again after', async () => {
    const lines: string[] = [];
    const write = (line: string) => lines.push((JSON.parse(line) as { msg: string }).msg);
    const { limiter, database: own } = await open({}, pino({ level: 'info' }, { write }));
    await own.pool.query('alter table rate_limit_shares rename to put_away');
    const grants: Grant[] = [];
    for (let index = 0; index < 130; index += 1) grants.push(await limiter.take('away', limit, 1));
    expect(grants.filter(({ allowed }) => allowed)).to.have.length(100);
    expect(lines).to.deep.equal(['the rate limits go on by the count of this process alone']);
    await own.pool.query('alter table put_away rename to rate_limit_shares');
    const endMs = performance.now() + 15_000;
    while (lines.length < 2 && performance.now() < endMs) {
      await limiter.take('other', limit, 1);
      await wait(20);
    }
    expect(lines.slice(1)).to.deep.equal(['the rate limits are shared with the other processes again']);
    const beside = await open(patient);
    await limiter.stop();
    expect((await beside.limiter.take('away', limit, 1)).allowed).to.equal(false);
  });
});
