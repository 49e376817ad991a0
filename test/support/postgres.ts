import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { dataSourceFor } from '../../ormconfig.js';
import { queues } from '../../src/app.js';
import { Database } from '../../src/platform/postgres/database.js';
import { EventService } from '../../src/events/event.service.js';
import { now } from '../../src/platform/clock.js';
import { startEmbeddedPostgres } from '../../src/platform/embedded-postgres/server.js';
import { Jobs } from '../../src/platform/postgres/jobs.js';
import { createLog } from '../../src/platform/log.js';
import { migrate } from '../../src/platform/postgres/migrate.js';
import { Notifications } from '../../src/platform/postgres/notifications.js';
import { otherBin, OwnPostgres } from './own-postgres.js';
import { chores } from '../../src/webhooks/engine/maintenance.js';

/**
 * One PostgreSQL for the whole run and one migrated template, from which every test file clones its own database.
 * It forgets on power loss, which tests do not mind.
 */
const settings = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '300',
};
// With the strategy below a third of the time: the file system copies, and nothing is logged. PostgreSQL 18 knows it.
const copying = { file_copy_method: 'clone' };
const template = 'iozen_template';

let stop = async () => {};

export async function mochaGlobalSetup(): Promise<void> {
  process.env['TEST_POSTGRES_URL'] = await (otherBin === undefined ? startEmbedded() : startOther());
  // There are a hundred processes in a run, which would each compile the same 2,000 files.
  process.env['NODE_COMPILE_CACHE'] ??= resolve(import.meta.dirname, '../../.compile-cache');
  await administer(`create database ${template}`);
  const source = await dataSourceFor(databaseUrl(template)).initialize();
  await migrate(source);
  const database = new Database(source);
  const log = createLog('silent');
  const jobs = new Jobs(database, log, { works: false });
  await jobs.start(queues);
  await jobs.stop(1_000);
  // Partitions of these days, which every worker's start would make anew: a third of it.
  const notifications = new Notifications(database, databaseUrl(template), log);
  for (const chore of chores({ database, eventLog: new EventService(database), notifications, log }, now()))
    await chore();
  await database.close();
}

async function startEmbedded(): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'iozen-test-'));
  const server = await startEmbeddedPostgres({ dataDir, settings: { ...settings, ...copying } });
  stop = async () => {
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  return server.url;
}

/** Another PostgreSQL, see `OwnPostgres`. */
async function startOther(): Promise<string> {
  const server = await OwnPostgres.start(settings);
  stop = async () => await server.stop();
  return server.url();
}

export async function mochaGlobalTeardown(): Promise<void> {
  await stop();
  setTimeout(nameWhatGoesOn, goesOnMsMax).unref();
}

// Deadlines that nobody waits for any more end within it.
const goesOnMsMax = 20_000;

/** A server that no `after` stops, perhaps because a `before` failed, would keep the run from ending without a word. */
function nameWhatGoesOn(): void {
  const resources = process.getActiveResourcesInfo().filter((name) => !['PipeWrap', 'TTYWrap'].includes(name));
  console.error(
    `The tests are over, but something they started goes on: ${resources.join(', ')}. An after() must stop it.`,
  );
  // Mocha has set the code that it ends with; this is said after it.
  process.on('exit', () => (process.exitCode = 1));
  process.exit();
}

let made = 0;

/** A database of the file's own, migrated and empty, or as another template has it. */
export async function cloneDatabase(from = template): Promise<{ url: string; drop: () => Promise<void> }> {
  const name = `t_${process.pid}_${++made}`;
  await administer(`create database ${name} template ${from} strategy file_copy`);
  return { url: databaseUrl(name), drop: async () => await administer(`drop database if exists ${name} with (force)`) };
}

export function databaseUrl(name: string): string {
  const url = new URL(process.env['TEST_POSTGRES_URL'] ?? '');
  url.pathname = `/${name}`;
  return url.href;
}

async function administer(text: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl('postgres') });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}
