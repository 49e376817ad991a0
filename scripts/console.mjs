// Builds the console into dist/console when its sources are not those it was built from: `npm start` and `npm ci` run this
// each time. The console's packages are installed when its lock file has changed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = 'console';
/** Programs that the console shows as they are. */
const receivers = '../docs/receivers';
const stamp = 'dist/console.sources';
const installed = join(folder, 'node_modules/.lock-digest');

const notSources = /^(node_modules|README\.md$|tsconfig\.json$)/;
const sources = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
  .filter((name) => !notSources.test(name))
  .concat(readdirSync(join(folder, receivers)).map((name) => join(receivers, name)))
  .toSorted();

const digest = digestOf(sources);
if (read(stamp) !== digest || !existsSync('dist/console/index.html')) {
  rmSync(stamp, { force: true });
  const lock = digestOf(['package-lock.json']);
  if (read(installed) !== lock) {
    run('ci', '--no-audit', '--no-fund', '--loglevel=error');
    writeFileSync(installed, lock);
  }
  // Vite drops types without a look at them.
  call('node_modules/.bin/tsc', ['-p', folder]);
  run('run', '-s', 'build', '--', '--logLevel=warn');
  mkdirSync('dist', { recursive: true });
  writeFileSync(stamp, digest);
}

function digestOf(names) {
  const hash = createHash('sha256');
  for (const name of names)
    hash
      .update(`${name}\0`)
      .update(readFileSync(join(folder, name)))
      .update('\0');
  return hash.digest('hex');
}

function read(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

function run(...args) {
  call('npm', args, folder);
}

function call(command, args, cwd = '.') {
  const { status } = spawnSync(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status === 0) return;
  console.error('The console was not built.');
  process.exit(status ?? 1);
}
