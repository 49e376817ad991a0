import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { dataSourceFor } from '../../ormconfig.js';
import { RateLimiter } from '../../src/http/rate-limit/rate-limiter.js';
import { Database } from '../../src/platform/postgres/database.js';
import { createLog } from '../../src/platform/log.js';
import { Notifications } from '../../src/platform/postgres/notifications.js';

/** What a test tells a process of its own, which says when it is ready, and begins when it is told to. */
export interface HammerOrder {
  url: string;
  subject: string;
  limit: number;
  windowMs: number;
  durationMs: number;
}

/** Calls as fast as answers come; answers with the times of the calls that passed, in Unix milliseconds. */
async function hammer({ url, subject, limit, windowMs, durationMs }: HammerOrder): Promise<number[]> {
  const log = createLog('silent');
  const source = await dataSourceFor(url).initialize();
  const notifications = new Notifications(new Database(source), url, log);
  await notifications.start();
  const limiter = new RateLimiter(new Database(source), notifications, log, { windowMs });
  const passed: number[] = [];
  const begin = once(process, 'message');
  process.send?.('ready');
  await begin;
  const endAtMs = Date.now() + durationMs;
  while (Date.now() < endAtMs) {
    // Before the decision: what passes counts from a moment that is not later than it.
    const atMs = Date.now();
    const { allowed } = await limiter.take(subject, limit, 1);
    if (allowed) passed.push(atMs);
    else await wait(1);
  }
  await limiter.stop();
  await notifications.stop();
  await source.destroy();
  return passed;
}

async function obey(order: HammerOrder): Promise<void> {
  process.send?.(await hammer(order));
  process.disconnect();
}

process.once('message', (order: HammerOrder) => void obey(order));
