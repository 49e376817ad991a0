// What the webhook benchmarks stand on besides: a database for each contender, and the receiver.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { startPostgres } from './ground.mjs';

export async function startGround(settings = {}) {
  const postgres = await startPostgres(settings);
  const names = [];
  const urlOf = (name) => Object.assign(new URL(postgres.url), { pathname: `/${name}` }).href;
  const run = async (url, ...texts) => {
    const client = new pg.Client(url);
    await client.connect();
    for (const text of texts) await client.query(text);
    await client.end();
  };
  return {
    async database() {
      const name = `bench_${names.length + 1}`;
      await run(postgres.url, `create database ${name}`);
      names.push(name);
      return urlOf(name);
    },
    /** Does now what PostgreSQL would do of itself in the middle of what is measured next. */
    async settle() {
      for (const name of names) await run(urlOf(name), 'vacuum analyze', 'checkpoint');
    },
    /** The rows of a query in the database at this URL. */
    async ask(url, text, values) {
      const client = new pg.Client(url);
      await client.connect();
      try {
        return (await client.query(text, values)).rows;
      } finally {
        await client.end();
      }
    },
    stop: postgres.stop,
  };
}

/** Answers after `delayMs`, on so many addresses of this machine: no more than so much is sent to one (decision 032). */
export async function startReceiver({ delayMs = 0, addresses = 1 } = {}) {
  const child = fork(fileURLToPath(new URL('receiver.mjs', import.meta.url)), [delayMs, addresses].map(String));
  const [{ port }] = await once(child, 'message');
  const ask = async (question) => {
    const answer = once(child, 'message');
    child.send(question);
    return (await answer)[0];
  };
  const count = async () => (await ask('count')).count;
  return {
    url: `http://127.0.0.1:${port}`,
    urls: Array.from({ length: addresses }, (_, n) => `http://127.0.0.${n + 1}:${port}`),
    count,
    /** [event id, Unix milliseconds] of everything since the last time it was asked. */
    async arrivals() {
      const { arrivals } = await ask('arrivals');
      return Array.from({ length: arrivals.length / 2 }, (_, n) => arrivals.slice(2 * n, 2 * n + 2));
    },
    async until(wanted) {
      while ((await count()) < wanted) await delay(10);
    },
    stop: () => child.kill(),
  };
}
