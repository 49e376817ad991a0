// Builds `dist` from one source: as CommonJS under names that Node.js takes for that, and as an ES module of the same types.
import { spawnSync } from 'node:child_process';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = import.meta.dirname;
const built = (name) => join(folder, 'dist', name);

rmSync(built(''), { recursive: true, force: true });
compile('--module', 'commonjs', '--moduleResolution', 'bundler', '--declaration');
renameSync(built('index.js'), built('index.cjs'));
renameSync(built('index.d.ts'), built('index.d.cts'));
compile('--module', 'nodenext');
writeFileSync(built('index.d.ts'), "export * from './index.cjs';\n");

function compile(...options) {
  const tsc = join(folder, '../../node_modules/.bin/tsc');
  const { status } = spawnSync(tsc, ['-p', folder, '--outDir', built(''), ...options], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
