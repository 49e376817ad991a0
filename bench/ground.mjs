// What the benchmarks stand on: a PostgreSQL of their own with its usual durability, a receiver, and our own parts.
import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const built = new URL('../dist/', import.meta.url);
const { startEmbeddedPostgres } = await import(new URL('src/platform/embedded-postgres.js', built).href);
const { WebhookHouse } = await import(new URL('test/webhooks/webhook-house.js', built).href);

export async function startGround() {
  const dataDir = await mkdtemp(join(tmpdir(), 'iozen-bench-'));
  const postgres = await startEmbeddedPostgres({ dataDir });
  const { default: pg } = await import('pg');
  let databases = 0;
  return {
    async database() {
      const name = `bench_${(databases += 1)}`;
      const client = new pg.Client(postgres.url);
      await client.connect();
      await client.query(`create database ${name}`);
      await client.end();
      const url = new URL(postgres.url);
      url.pathname = `/${name}`;
      return url.href;
    },
    async stop() {
      await postgres.stop();
      await rm(dataDir, { recursive: true, force: true, maxRetries: 20 });
    },
  };
}

export async function startReceiver() {
  const child = fork(fileURLToPath(new URL('receiver.mjs', import.meta.url)));
  const [{ port }] = await once(child, 'message');
  const ask = async (question) => {
    const answer = once(child, 'message');
    child.send(question);
    return (await answer)[0];
  };
  return {
    url: `http://127.0.0.1:${port}`,
    count: async () => (await ask('count')).count,
    /** [event id, Unix milliseconds] of everything since the last time it was asked. */
    arrivals: async () => (await ask('arrivals')).arrivals,
    async until(count) {
      while ((await this.count()) < count) await new Promise((resolve) => setTimeout(resolve, 10));
    },
    stop: () => child.kill(),
  };
}

export async function openHouse(ground, settings = {}) {
  return await WebhookHouse.on(await ground.database(), settings);
}

export const now = () => performance.timeOrigin + performance.now();

export function quantile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

export const round = (value, digits = 1) => Number(value.toFixed(digits));

export const median = (values) => quantile(values, 0.5);

export function machine() {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  return { commit, node: process.version, cpus: cpus().length, model: cpus()[0]?.model };
}
