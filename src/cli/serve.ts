import { App, type ServerRole } from '../app.js';
import { describeDemo, seedDemo } from '../demo.js';
import { collectSeldom } from '../platform/collect-seldom.js';
import { readConfig } from '../platform/config.js';
import { createLog, story } from '../platform/log.js';

/** A signal this soon after the first is the same one, passed on twice (npm does). */
const sameSignalMs = 2_000;

/** Runs until SIGTERM or SIGINT. */
export async function serve(role: ServerRole): Promise<number> {
  collectSeldom();
  const config = readConfig();
  const log = createLog(config.logLevel);
  const stopped = stopSignal();
  const app = await App.open(config, log, role);
  try {
    await app.serve(role);
    if (config.databaseUrl === null && (await app.workspaces.isEmpty())) {
      process.stdout.write(describeDemo(await seedDemo(app), app.publicUrl));
    }
    log.info({ url: app.publicUrl, role }, 'ready');
    const signal = await stopped;
    log.info({ signal }, 'stopping');
  } catch (error) {
    log.fatal({ error: story(error) }, 'the server could not start');
    throw error;
  } finally {
    await app.stop();
  }
  log.info('stopped');
  return 0;
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
