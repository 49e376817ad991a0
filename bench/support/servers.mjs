// Servers in processes of their own, and the load that compares them.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Pool } from 'undici';
import { machine, median, quantile } from './ground.mjs';

const connections = 16;

/** Starts a server that tells its parent at least its `url` once it listens, and answers what it is asked. */
export async function startServer(file, { args = [], env = {}, execArgv = [] } = {}) {
  const child = fork(file, args, {
    execArgv,
    env: { PATH: process.env.PATH, NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exit = once(child, 'exit');
  process.once('exit', () => child.kill());
  const ended = exit.then(([code, signal]) => {
    throw new Error(`${file} ended with ${code ?? signal}`);
  });
  ended.catch(() => {});
  const answer = async () => (await Promise.race([once(child, 'message'), ended]))[0];
  return {
    ...(await answer()),
    async ask(question) {
      child.send(question);
      return await answer();
    },
    async stop() {
      child.kill();
      await exit;
    },
  };
}

/** Closed loop: each connection sends its next request once the last was answered. */
export async function load(server, next, { seconds, refuses }) {
  const cpuBefore = await cpuUsOf(server);
  const pool = new Pool(server.url, { connections, pipelining: 1 });
  const latenciesMs = [];
  const until = performance.now() + seconds * 1_000;
  const one = () =>
    new Promise((resolve, reject) => {
      const startedAt = performance.now();
      const chunks = [];
      let status;
      pool.dispatch(next(), {
        onRequestStart() {},
        onResponseStart: (_controller, code) => void (status = code),
        onResponseData: (_controller, chunk) => void chunks.push(chunk),
        onResponseEnd() {
          latenciesMs.push(performance.now() - startedAt);
          const body = Buffer.concat(chunks);
          if (status === 200 && !refuses(body)) resolve();
          else reject(new Error(`answered ${status} ${body.toString().slice(0, 300)}`));
        },
        onResponseError: (_controller, error) => reject(error),
      });
    });
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (performance.now() < until) await one();
    }),
  );
  await pool.close();
  return {
    rps: latenciesMs.length / seconds,
    p99Ms: quantile(latenciesMs, 0.99),
    cpuUs: ((await cpuUsOf(server)) - cpuBefore) / latenciesMs.length,
  };
}

async function cpuUsOf(server) {
  const { user, system } = await server.ask('cpu');
  return user + system;
}

/**
 * Measures every server at every operation, in turns, and prints its requests per second as a ratio to the floor's of
 * the same round. An operation makes the next request for the server of that name; null: it takes no part. Returns a row
 * for each, with its `operation` and `name`.
 */
export async function compare(servers, operations, { seconds, rounds, refuses = () => false }) {
  const { commit, node, cpus, model } = machine();
  console.log(`${commit}, ${cpus} CPUs, ${model}, node ${node}, ${rounds} rounds of ${seconds} s`);
  const rows = [];
  for (const [operation, nextFor] of Object.entries(operations)) {
    const measure = async ([name, server]) => await load(server, nextFor(name), { seconds, refuses });
    const contenders = Object.entries(servers).filter(([name]) => nextFor(name) !== null);
    // Compiled and planned before it counts.
    for (const server of contenders) await measure(server);
    const results = Object.fromEntries(contenders.map(([name]) => [name, []]));
    for (let round = 0; round < rounds; round += 1) {
      const order = [...contenders];
      // None always comes after the same other.
      if (round % 2 === 1) order.reverse();
      for (const server of order) results[server[0]].push(await measure(server));
    }
    const floorRps = median(results.floor.map(({ rps }) => rps));
    for (const [name, measured] of Object.entries(results)) {
      const ratios = measured.map(({ rps }, round) => rps / results.floor[round].rps);
      const [rps, p99Ms, cpuUs] = ['rps', 'p99Ms', 'cpuUs'].map((of) => median(measured.map((result) => result[of])));
      const range = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
      console.log(
        `${operation.padEnd(20)} ${name.padEnd(16)} ${median(ratios).toFixed(2)} (${range})  ${Math.round(rps)}/s, p99 ${p99Ms.toFixed(1)} ms, ${Math.round(cpuUs)} µs CPU`,
      );
      const detail = `${Math.round(rps)}/s over ${Math.round(floorRps)}/s`;
      rows.push({ operation, name, ratio: median(ratios), range: ratios, detail });
    }
  }
  return rows;
}
