import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';

/** Wants `npm run build` at the top first. */
const root = new URL('../../', import.meta.url);
const node = new URL('node_modules/.bin/node', root).pathname;
const generated = new URL('dist/', import.meta.url).pathname;
const tool = (name) => new URL(`node_modules/.bin/${name}`, import.meta.url).pathname;

const run = async (command, words, env = {}) => {
  const options = { cwd: new URL('.', import.meta.url).pathname, env: { ...process.env, ...env } };
  await promisify(execFile)(command, words, options).catch(({ stdout, stderr }) => {
    throw new Error(`${command} ${words.join(' ')}\n${stdout}\n${stderr}`);
  });
};

void describe('the OpenAPI document of a fresh start', () => {
  let server;
  let dataDir;
  let env;
  const file = join(generated, 'openapi.json');

  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'iozen-tools-'));
    const main = new URL('dist/src/main.js', root).pathname;
    server = spawn(node, [main, 'serve'], {
      env: { PATH: process.env.PATH, DATA_DIR: dataDir, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    env = await new Promise((resolve, reject) => {
      server.once('exit', (code) => reject(new Error(`the server ended with ${code}:\n${output}`)));
      server.stdout.on('data', (chunk) => {
        output += chunk;
        const [, IOZEN_URL] = /"url":"([^"]+)".*"msg":"ready"/.exec(output) ?? [];
        const [IOZEN_API_KEY] = /iozen_live_\w{32}/.exec(output) ?? [];
        if (IOZEN_URL !== undefined && IOZEN_API_KEY !== undefined) resolve({ IOZEN_URL, IOZEN_API_KEY });
      });
    });
    await mkdir(generated, { recursive: true });
    await writeFile(file, await (await fetch(`${env.IOZEN_URL}/api/v1/openapi.json`)).text());
  });
  after(async () => {
    server.removeAllListeners('exit').kill('SIGTERM');
    await new Promise((resolve) => server.once('exit', resolve));
    await rm(dataDir, { recursive: true, force: true });
  });

  void it('passes the strictest rules of a linter', async () => {
    // No operation answers 405: it is for methods that are none.
    const strictly = ['--extends=recommended-strict', '--skip-rule=no-unused-components'];
    await run(tool('redocly'), ['lint', file, ...strictly], {
      REDOCLY_TELEMETRY: 'off',
      REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true',
    });
  });

  void it('makes a typed client that runs the getting-started guide', async () => {
    await run(tool('openapi-typescript'), [file, '--output', join(generated, 'openapi.d.ts')]);
    await run(tool('tsc'), ['--project', '.']);
    await run(node, [join(generated, 'getting-started.js')], env);
  });
});
