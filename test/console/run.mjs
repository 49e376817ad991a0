// `npm run test:console -- api-keys --grep=rotates`: walks through the built console in Chromium, in all files or in those
// whose names begin so. What begins with a dash goes to mocha.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import './install.mjs';

const folder = import.meta.dirname;

const chromium =
  process.env.CHROMIUM ??
  (process.env.PATH ?? '')
    .split(delimiter)
    .flatMap((path) => [join(path, 'chromium'), join(path, 'chromium-browser'), join(path, 'google-chrome')])
    .find((file) => existsSync(file));
if (chromium === undefined) {
  console.error(
    'The console is tested in Chromium, which is not here: apt-get install chromium, or name one in CHROMIUM.',
  );
  process.exit(1);
}

const named = process.argv.slice(2).filter((arg) => !arg.startsWith('-'));
const options = process.argv.slice(2).filter((arg) => arg.startsWith('-'));
const files = readdirSync(folder)
  .filter((name) => name.endsWith('.test.ts'))
  .filter((name) => named.length === 0 || named.some((part) => name.startsWith(part)));
// The types in console/src/gql are those of the documents and of the schema as they are now.
if (named.length === 0) run('npm', ['run', '-s', 'types', '--', '--check', '--silent'], folder);
const always = ['--no-config', '--require=reflect-metadata', '--require=./dist/test/support/postgres.js', '--exit'];
const limits = ['--timeout=60000', '--slow=10000', '--forbid-only', '--fail-zero'];
// Each file has a server and a browser of its own.
if (files.length > 1) always.push('--parallel', '--jobs=2');
run('mocha', [...always, ...limits, ...options, ...files.map((name) => `test/console/${name}`)], join(folder, '../..'));

function run(command, args, cwd) {
  const { status } = spawnSync(command, args, { cwd, stdio: 'inherit', env: { ...process.env, CHROMIUM: chromium } });
  if (status !== 0) process.exit(status ?? 1);
}
