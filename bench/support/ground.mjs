// What the benchmarks stand on: what was built, a PostgreSQL of their own with its usual durability, and statistics.
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import 'reflect-metadata';

/** What `npm run build` made of a source file. */
export const built = async (path) => await import(new URL(`../../dist/${path}`, import.meta.url).href);

/** A directory that goes with `remove`. */
export async function temporaryDirectory() {
  const path = await mkdtemp(join(tmpdir(), 'iozen-bench-'));
  return { path, remove: async () => await rm(path, { recursive: true, force: true, maxRetries: 20 }) };
}

/** @param settings of PostgreSQL, beside those that an embedded one has */
export async function startPostgres(settings = {}) {
  const { startEmbeddedPostgres } = await built('src/platform/embedded-postgres/server.js');
  const directory = await temporaryDirectory();
  const postgres = await startEmbeddedPostgres({ dataDir: directory.path, settings });
  // It would outlive a bench that fails, and the next would be measured beside it.
  const end = () => {
    const [pid] = readFileSync(join(directory.path, 'postgres', 'postmaster.pid'), 'utf8').split('\n');
    process.kill(Number(pid), 'SIGQUIT');
    rmSync(directory.path, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  };
  process.once('exit', end);
  return {
    url: postgres.url,
    async stop() {
      process.off('exit', end);
      await postgres.stop();
      await directory.remove();
    },
  };
}

export const now = () => performance.timeOrigin + performance.now();

export function quantile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

export const round = (value, digits = 1) => Number(value.toFixed(digits));

export const median = (values) => quantile(values, 0.5);

/** Milliseconds of the same work each time: what the machine itself does, whoever else is on it. */
export function pace() {
  const startedAt = now();
  const seen = new Map();
  for (let turn = 0; turn < 400_000; turn += 1) seen.set(`k${turn & 4_095}`, turn);
  return round(now() - startedAt, 0);
}

export function machine() {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  return { commit, node: process.version, cpus: cpus().length, model: cpus()[0]?.model };
}
