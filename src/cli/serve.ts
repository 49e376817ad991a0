import { resolve } from 'node:path';
import { App, serverRoles } from '../app.js';
import { showDemoOnce } from '../demo.js';
import { collectSeldom } from '../platform/gc-settings.js';
import { readConfig, type Config } from '../platform/config.js';
import { explainedStart } from '../platform/embedded-postgres/server.js';
import { errorCode } from '../platform/errors.js';
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
  let app: App | undefined;
  try {
    const opened = (app = await App.open(config, log, role));
    await opened.serve(role, {}, async () => {
      if (config.databaseUrl === null) await showDemoOnce(opened, config.dataDir, print);
    });
    log.info({ url: opened.publicUrl, role }, 'ready');
    const signal = await stopped;
    log.info({ signal }, 'stopping');
  } catch (thrown) {
    const told = config.databaseUrl === null ? explainedStart(thrown, resolve(config.dataDir)) : thrown;
    const error = deafProblem(told, config) ?? told;
    log.fatal({ error: errorFields(error) }, 'the server could not start');
    throw error;
  } finally {
    await app?.stop();
  }
  log.info('stopped');
  return 0;
}

const deafness: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Something else listens there: end it, or set another PORT.',
  EACCES: 'This user may not listen there: set a PORT from 1024.',
  EADDRNOTAVAIL: 'HOST has to be an address of this machine: 127.0.0.1, or 0.0.0.0 for all of its addresses.',
  ENOTFOUND: 'HOST has to be an address or a name of this machine.',
};

/** Why nobody can be listened to, with what to set; null where the start failed otherwise. */
function deafProblem(thrown: unknown, { host, port }: Config): Error | null {
  const { syscall = '', hostname = host } = thrown as NodeJS.ErrnoException & { hostname?: string };
  const advice = deafness[errorCode(thrown)];
  const isOurs = syscall === 'listen' || (syscall === 'getaddrinfo' && hostname === host);
  if (!isOurs || advice === undefined) return null;
  return new Error(`The server cannot listen on ${host}:${port}. ${advice}`, { cause: thrown });
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
