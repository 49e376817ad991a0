import { resolve } from 'node:path';
import { App, serverRoles } from '../app.js';
import { showDemoOnce } from '../demo.js';
import { collectSeldom } from '../platform/gc-settings.js';
import { readConfig } from '../platform/config.js';
import { explainedStart } from '../platform/embedded-postgres/server.js';
import { createLog, errorFields } from '../platform/log.js';
import { oneOf } from './options.js';

/** A signal this soon after the first is the same one, passed on twice (npm does). */
const sameSignalMs = 2_000;

/** Runs until SIGTERM or SIGINT. @throws UsageError when the role is none */
export async function serve(given: string): Promise<number> {
  const role = oneOf('role', given, serverRoles);
  collectSeldom();
  const config = readConfig();
  const log = createLog(config.logLevel);
  const stopped = stopSignal();
  const app = await App.open(config, log, role);
  try {
    await app.serve(role, {}, async () => {
      if (config.databaseUrl === null) await showDemoOnce(app, config.dataDir, print);
    });
    log.info({ url: app.publicUrl, role }, 'ready');
    const signal = await stopped;
    log.info({ signal }, 'stopping');
  } catch (thrown) {
    const error = config.databaseUrl === null ? explainedStart(thrown, resolve(config.dataDir)) : thrown;
    log.fatal({ error: errorFields(error) }, 'the server could not start');
    throw error;
  } finally {
    await app.stop();
  }
  log.info('stopped');
  return 0;
}

/** Prints a text and waits until the reader of stdout has taken it. */
async function print(text: string): Promise<void> {
  await new Promise<void>((done, failed) => {
    process.stdout.write(text, (error) => {
      if (error == null) done();
      else failed(new Error("The demo's sign-in cannot be shown: stdout is closed.", { cause: error }));
    });
  });
}

/** The first signal stops gracefully; a further one at least 2 s later ends the process at once. */
async function stopSignal(): Promise<NodeJS.Signals> {
  return await new Promise((resolve) => {
    let firstAt: number | null = null;
    const receive = (signal: NodeJS.Signals) => {
      firstAt ??= performance.now();
      if (performance.now() - firstAt >= sameSignalMs) process.exit(1);
      resolve(signal);
    };
    process.on('SIGTERM', receive).on('SIGINT', receive);
  });
}
