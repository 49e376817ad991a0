// `npm run test:one -- test/api-keys/api-keys.test.ts`: these files alone, once `pretest:one` has built them. With `.mocharc.json`
// mocha would add all others. What is no file goes to mocha: `--grep 'once more'`, `--inspect-brk`, `--parallel`.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { relative } from 'node:path';

const always = ['--no-config', '--require=reflect-metadata', '--require=./dist/test/support/postgres.js'];
const limits = ['--timeout=60000', '--forbid-only', '--fail-zero'];

const given = process.argv.slice(2).map((arg) => (isTest(arg) ? relative('.', arg) : arg));
const files = given.filter(isTest);
const missing = files.filter((file) => !existsSync(file));
if (files.length === 0 || missing.length > 0) {
  for (const file of missing) console.error(`There is no ${file}.`);
  console.error('Name test files: npm run test:one -- test/api-keys/api-keys.test.ts test/webhooks/delivery.test.ts');
  process.exit(1);
}

const args = [...always, ...limits, ...given.map((arg) => (isTest(arg) ? builtFrom(arg) : arg))];
const run = spawn('mocha', args, { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => run.kill(signal));
run.on('exit', (code) => (process.exitCode = code ?? 1));

function isTest(arg) {
  return /\.test\.[jt]s$/.test(arg);
}

function builtFrom(file) {
  return file.endsWith('.ts') ? `dist/${file.replace(/\.ts$/, '.js')}` : file;
}
