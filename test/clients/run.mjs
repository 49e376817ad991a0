// `npm run test:clients`: each file of tests against one server that has just been started for the first time.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = new URL('../../', import.meta.url);
const node = new URL('node_modules/.bin/node', root).pathname;
const main = new URL('dist/src/main.js', root).pathname;
const folder = new URL('.', import.meta.url).pathname;
const named = process.argv.slice(2);

const dataDir = await mkdtemp(join(tmpdir(), 'iozen-clients-'));
const settings = { PATH: process.env.PATH, DATA_DIR: dataDir, PORT: '0' };
const server = spawn(node, [main, 'serve'], { env: settings, stdio: ['ignore', 'pipe', 'inherit'] });
const ended = new Promise((resolve) => server.once('exit', resolve));
try {
  let output = '';
  const [url, key] = await new Promise((resolve, reject) => {
    void ended.then((code) => reject(new Error(`the server ended with ${code}:\n${output}`)));
    server.stdout.on('data', (chunk) => {
      output += chunk;
      const [, at] = /"url":"([^"]+)".*"msg":"ready"/.exec(output) ?? [];
      if (at !== undefined) resolve([at, /iozen_live_\w{32}/.exec(output)?.[0]]);
    });
  });
  const env = {
    ...process.env,
    IOZEN_URL: url,
    IOZEN_API_KEY: key,
    IOZEN_MAIN: main,
    IOZEN_NODE: node,
    DATA_DIR: dataDir,
  };
  const files = named.length > 0 ? named.map((name) => `${name}.test.mjs`) : [];
  const tests = spawn(process.execPath, ['--test', '--test-timeout=60000', ...files], {
    cwd: folder,
    env,
    stdio: 'inherit',
  });
  process.exitCode = await new Promise((resolve) => tests.once('exit', (code) => resolve(code ?? 1)));
} finally {
  server.kill('SIGTERM');
  await ended;
  await rm(dataDir, { recursive: true, force: true });
}
